//! A question as it is typed: `Where do we eat? | At Luigi's | In the park`.

/// What WhatsApp takes.
const ANSWERS: core::ops::RangeInclusive<usize> = 2..=12;
/// Bytes of a question or an answer, as the contract has it.
const LONGEST: usize = 1024;

/// A question with its answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) text: String,
    pub(crate) answers: Vec<String>,
}

impl Question {
    /// Reads one; none where there is no question, or there are not 2 to 12 different answers to it. Answers that are blank are left out:
    /// people end the line with a bar.
    pub(crate) fn read(typed: &str) -> Option<Self> {
        let mut parts = typed.split(['|', '\n']).map(str::trim);
        let text = parts.next().filter(|text| !text.is_empty())?.to_owned();
        let answers: Vec<String> = parts.filter(|answer| !answer.is_empty()).map(str::to_owned).collect();
        let differ = (1..answers.len()).all(|nth| !answers[..nth].contains(&answers[nth]));
        let fit = answers.iter().chain([&text]).all(|part| part.len() <= LONGEST);
        (ANSWERS.contains(&answers.len()) && differ && fit).then_some(Self { text, answers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_and_its_answers_are_separated_by_bars_or_lines() {
        let expected = Question {
            text: "Where to?".into(),
            answers: vec!["Sea".into(), "Hills".into()],
        };
        for typed in [
            "Where to? | Sea | Hills",
            "Where to?|Sea|Hills|",
            "Where to?\nSea\nHills",
        ] {
            assert_eq!(Question::read(typed).as_ref(), Some(&expected), "{typed}");
        }
    }

    #[test]
    fn what_whatsapp_would_refuse_is_no_question() {
        let many = "Why?".to_owned() + &(1..=13).map(|nth| format!("|{nth}")).collect::<String>();
        let long = format!("Why? | a | {}", "x".repeat(LONGEST + 1));
        for typed in ["", "Why?", "Why? | because", "| a | b", "Why? | a | a", &many, &long] {
            assert_eq!(Question::read(typed), None, "{typed}");
        }
    }
}
