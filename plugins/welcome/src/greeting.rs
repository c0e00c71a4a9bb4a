//! The greeting: one for everybody who joins at the same time.

use waspnest_plugin::messaging;
use waspnest_plugin::types::{Address, Jid};

/// A text, and whom it mentions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) text: String,
    pub(crate) mentions: Vec<Jid>,
}

impl Greeting {
    /// Fills a template. People are mentioned, so that WhatsApp shows the name by which the reader knows them.
    ///
    /// In one pass: a subject that contains `{name}` is a subject and no template.
    pub(crate) fn of(template: &str, people: &[&Address], group: &str) -> Self {
        let names: Vec<String> = people.iter().map(|who| messaging::mention(&who.jid)).collect();
        let names = match names.as_slice() {
            [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
            names => names.join(", "),
        };
        let mut text = String::new();
        let mut named = false;
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            text.push_str(&rest[..start]);
            rest = &rest[start..];
            rest = if let Some(after) = rest.strip_prefix("{name}") {
                text.push_str(&names);
                named = true;
                after
            } else if let Some(after) = rest.strip_prefix("{group}") {
                text.push_str(group);
                after
            } else {
                text.push('{');
                &rest[1..]
            };
        }
        text.push_str(rest);
        let mentions = match named {
            true => people.iter().map(|who| who.jid.clone()).collect(),
            false => Vec::new(),
        };
        Self { text, mentions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: &str) -> Address {
        Address {
            jid: format!("{number}@s.whatsapp.net"),
            alt: None,
            push_name: None,
        }
    }

    #[test]
    fn a_greeting_names_everybody_and_the_group_once() {
        let (ana, ben, cid) = (person("1"), person("2"), person("3"));
        let greeting = Greeting::of("{name}: {group} {x}", &[&ana, &ben, &cid], "The {name}s");
        assert_eq!(greeting.text, "@1, @2 and @3: The {name}s {x}");
        assert_eq!(greeting.mentions.len(), 3);
        assert_eq!(Greeting::of("{name}", &[&ana], "").text, "@1");
        assert_eq!(Greeting::of("Hello {", &[&ana], "").mentions, [] as [Jid; 0]);
    }
}
