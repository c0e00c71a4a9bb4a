//! Reads the text that Prometheus reads, strictly: every sample under a family that was announced, every label quoted, every number one.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

/// A sample: its labels and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// All samples, by the families they belong to.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    /// The type of each family.
    families: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

impl Exposition {
    /// Reads the text format or OpenMetrics.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut all = Self::default();
        let mut ended = false;
        ensure!(text.ends_with('\n'), "the last line has an end");
        for line in text.lines() {
            ensure!(!ended, "{line:?} stands behind the end");
            match line.strip_prefix("# ") {
                Some("EOF") => ended = true,
                Some(comment) => all.announce(comment).with_context(|| format!("in {line:?}"))?,
                None => {
                    let sample = sample(line).with_context(|| format!("in {line:?}"))?;
                    all.take(sample).with_context(|| format!("in {line:?}"))?;
                }
            }
        }
        all.judge_histograms()?;
        Ok(all)
    }

    /// Every family, as its samples are named in queries: without `_bucket`, with `_total`.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.families
            .iter()
            .map(|(name, kind)| match kind.as_str() {
                "counter" if !name.ends_with("_total") => format!("{name}_total"),
                _ => name.clone(),
            })
            .collect()
    }

    /// The value of the sample with exactly these labels.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted: BTreeMap<_, _> = labels
            .iter()
            .map(|(label, value)| ((*label).to_owned(), (*value).to_owned()))
            .collect();
        let mut samples = self.samples.iter();
        samples
            .find(|sample| sample.name == name && sample.labels == wanted)
            .map(|sample| sample.value)
    }

    /// The values that a label has in the samples of a name.
    pub(crate) fn label_values(&self, name: &str, label: &str) -> BTreeSet<String> {
        let samples = self.samples.iter().filter(|sample| sample.name == name);
        samples.filter_map(|sample| sample.labels.get(label).cloned()).collect()
    }

    /// Each family with its type and the labels of its samples.
    pub(crate) fn shape(&self) -> BTreeMap<String, String> {
        let mut shape = BTreeMap::new();
        for (family, kind) in &self.families {
            let of_it = self
                .samples
                .iter()
                .filter(|sample| self.family(&sample.name) == Some(family));
            let labels: BTreeSet<_> = of_it.flat_map(|sample| sample.labels.keys().cloned()).collect();
            let labels: Vec<_> = labels.into_iter().filter(|label| label != "le").collect();
            shape.insert(family.clone(), format!("{kind} {{{}}}", labels.join(", ")));
        }
        shape
    }

    fn announce(&mut self, comment: &str) -> Result<()> {
        let mut words = comment.splitn(3, ' ');
        let (keyword, name) = (words.next().context("a keyword")?, words.next().context("a name")?);
        ensure!(is_name(name), "{name:?} is a name");
        match keyword {
            "TYPE" => {
                let kind = words.next().context("a type")?;
                ensure!(
                    ["counter", "gauge", "histogram", "info", "unknown"].contains(&kind),
                    "{kind:?} is a type"
                );
                let before = self.families.insert(name.to_owned(), kind.to_owned());
                ensure!(before.is_none(), "{name} is announced once");
            }
            "HELP" => ensure!(words.next().is_some_and(|help| !help.is_empty()), "{name} is explained"),
            "UNIT" => {
                let unit = words.next().context("a unit")?;
                ensure!(name.ends_with(&format!("_{unit}")), "{name} ends with its unit");
            }
            other => anyhow::bail!("{other:?} is no keyword"),
        }
        Ok(())
    }

    /// The family that a sample belongs to.
    fn family(&self, sample: &str) -> Option<&String> {
        let endings = ["", "_total", "_bucket", "_count", "_sum", "_info"];
        let mut names = endings.iter().filter_map(|ending| sample.strip_suffix(ending));
        names
            .find_map(|name| self.families.get_key_value(name))
            .map(|(name, _)| name)
    }

    fn take(&mut self, sample: Sample) -> Result<()> {
        ensure!(self.family(&sample.name).is_some(), "its family is announced before it");
        let twice = self
            .samples
            .iter()
            .any(|other| other.name == sample.name && other.labels == sample.labels);
        ensure!(!twice, "it is there once");
        self.samples.push(sample);
        Ok(())
    }

    /// The buckets of a histogram grow, and the last one holds everything.
    fn judge_histograms(&self) -> Result<()> {
        for (family, _) in self.families.iter().filter(|(_, kind)| *kind == "histogram") {
            let mut last: BTreeMap<BTreeMap<String, String>, f64> = BTreeMap::new();
            let bucket = format!("{family}_bucket");
            for sample in self.samples.iter().filter(|sample| sample.name == bucket) {
                let mut labels = sample.labels.clone();
                labels
                    .remove("le")
                    .with_context(|| format!("{family}: a bucket has an end"))?;
                let before = last.insert(labels, sample.value).unwrap_or_default();
                ensure!(before <= sample.value, "{family}: buckets grow");
            }
            for (labels, all) in last {
                let count = self
                    .samples
                    .iter()
                    .find(|sample| sample.name == format!("{family}_count") && sample.labels == labels);
                let count = count.with_context(|| format!("{family} has a count"))?.value;
                ensure!((count - all).abs() < 0.5, "{family}: the last bucket holds everything");
            }
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `name{label="value",…} 1`
fn sample(line: &str) -> Result<Sample> {
    let end = line.find(['{', ' ']).context("a name and a value")?;
    let (name, mut rest) = line.split_at(end);
    ensure!(is_name(name), "{name:?} is a name");
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, value) = rest.split_once("=\"").context("a label and its value")?;
            ensure!(is_name(label), "{label:?} is a label");
            let mut text = String::new();
            let mut characters = value.char_indices();
            let end = loop {
                match characters.next().context("a value ends")? {
                    (end, '"') => break end,
                    (_, '\\') => match characters.next().context("something is escaped")?.1 {
                        'n' => text.push('\n'),
                        escaped @ ('"' | '\\') => text.push(escaped),
                        other => anyhow::bail!("{other:?} is not escaped"),
                    },
                    (_, character) => text.push(character),
                }
            };
            ensure!(labels.insert(label.to_owned(), text).is_none(), "{label} is there once");
            rest = &value[end + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').context("a value")?;
    Ok(Sample {
        name: name.to_owned(),
        labels,
        value: value.parse().with_context(|| format!("{value:?} is a number"))?,
    })
}
