//! What is wrong with rules, beyond what a schema can say: names each rule, and what to write instead.
//!
//! What would make a rule do nothing or the wrong thing is fatal. A rule that no message reaches is a warning: nothing wrong is
//! answered because of it.

use crate::pattern::{Pattern, Unusable};
use crate::settings::{Chats, Rule, Settings};
use waspnest_plugin::messaging;
use waspnest_plugin::types::Issue;

/// Everything that is wrong.
pub(crate) fn issues(settings: &Settings) -> Vec<Issue> {
    let rules = &settings.rules;
    if rules.is_empty() {
        return vec![Issue::warning("/rules", "there are none, so nothing is answered")];
    }
    let mut issues = Vec::new();
    let mut earlier: Vec<(&Rule, Vec<Pattern>)> = Vec::new();
    for (place, rule) in rules.iter().enumerate() {
        if earlier.iter().any(|(other, _)| other.name == rule.name) {
            issues.push(fatal(
                place,
                rule,
                "name",
                "has the name of an earlier rule; each needs its own",
            ));
        }
        if rule.answer.trim().is_empty() {
            issues.push(fatal(place, rule, "answer", "answers nothing; write a text"));
        } else if !messaging::fits(&rule.answer) {
            let limit = messaging::TEXT_BYTES;
            let problem = format!("answers with more than {limit} bytes, which WhatsApp does not take");
            issues.push(fatal(place, rule, "answer", &problem));
        }
        let mut patterns = Vec::new();
        for (nth, word) in rule.words.iter().enumerate() {
            match Pattern::read(rule.comparison, rule.case, word) {
                Ok(pattern) => patterns.push(pattern),
                Err(problem) => issues.push(fatal(place, rule, &format!("words/{nth}"), &in_words(word, &problem))),
            }
        }
        // A rule with a wrong word is not judged by the others: it will be changed.
        if patterns.len() == rule.words.len() && !patterns.is_empty() {
            if let Some((taker, _)) = earlier.iter().find(|known| takes_all(known, rule, &patterns)) {
                let problem = format!(
                    "never answers: rule {:?} before it fits every message that this one fits; put this one first",
                    taker.name
                );
                issues.push(Issue::warning(pointer(place, ""), about(rule, &problem)));
            }
            earlier.push((rule, patterns));
        }
    }
    issues
}

/// Whether every word is covered by one of an earlier rule that holds in the same chats.
fn takes_all((earlier, theirs): &(&Rule, Vec<Pattern>), rule: &Rule, patterns: &[Pattern]) -> bool {
    let everywhere = earlier.chats == Chats::Any || earlier.chats == rule.chats;
    everywhere
        && patterns
            .iter()
            .all(|pattern| theirs.iter().any(|their| their.covers(pattern)))
}

fn in_words(word: &str, problem: &Unusable) -> String {
    match problem {
        Unusable::Empty => "has a word that is blank".into(),
        Unusable::Regex(why) => format!("has {word:?}, which is no regular expression: {why}"),
    }
}

fn fatal(place: usize, rule: &Rule, field: &str, problem: &str) -> Issue {
    Issue::fatal(pointer(place, field), about(rule, problem))
}

fn pointer(place: usize, field: &str) -> String {
    match field {
        "" => format!("/rules/{place}"),
        field => format!("/rules/{place}/{field}"),
    }
}

fn about(rule: &Rule, problem: &str) -> String {
    format!("rule {:?} {problem}", rule.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rules: &str) -> Vec<(String, bool)> {
        let settings = format!(r#"{{ "cooldown-s": 0, "rules": {rules} }}"#);
        let host = waspnest_plugin::testing::Host::new().with_config(&settings);
        let issues = host.issues::<crate::Faq>();
        issues
            .into_iter()
            .map(|issue| (format!("{} {}", issue.path, issue.message), issue.fatal))
            .collect()
    }

    #[test]
    fn good_rules_pass_and_no_rules_are_worth_a_word() {
        let good = r#"[{ "name": "a", "match": "equals", "words": ["hi"], "answer": "hello" },
            { "name": "b", "match": "contains", "words": ["hi"], "answer": "hi is in it" }]"#;
        assert_eq!(said(good), []);
        assert_eq!(
            said("[]"),
            [("/rules there are none, so nothing is answered".into(), false)]
        );
    }

    #[test]
    fn each_wrong_rule_is_named() {
        let wrong = r#"[{ "name": "a", "match": "regex", "words": ["ok", "(price"], "answer": "x" },
            { "name": "b", "match": "starts", "words": [" "], "answer": " " },
            { "name": "c", "match": "starts", "words": ["c"], "answer": "x" },
            { "name": "c", "match": "starts", "words": ["d"], "answer": "x" }]"#;
        let said = said(wrong);
        assert_eq!(said.len(), 4, "{said:?}");
        assert!(said.iter().all(|(_, fatal)| *fatal));
        let start = r#"/rules/0/words/1 rule "a" has "(price", which is no regular expression: "#;
        assert!(said[0].0.starts_with(start), "{said:?}");
        assert_eq!(said[1].0, r#"/rules/1/answer rule "b" answers nothing; write a text"#);
        assert_eq!(said[2].0, r#"/rules/1/words/0 rule "b" has a word that is blank"#);
        assert_eq!(
            said[3].0,
            r#"/rules/3/name rule "c" has the name of an earlier rule; each needs its own"#
        );
    }

    #[test]
    fn an_answer_that_is_too_long_is_named() {
        let long = "x".repeat(messaging::TEXT_BYTES + 1);
        let said = said(&format!(
            r#"[{{ "name": "a", "match": "equals", "words": ["a"], "answer": "{long}" }}]"#
        ));
        let words = r#"/rules/0/answer rule "a" answers with more than 65536 bytes, which WhatsApp does not take"#;
        assert_eq!(said, [(words.into(), true)]);
    }

    #[test]
    fn a_rule_that_no_message_reaches_is_named() {
        let rules = |first: &str| {
            format!(
                r#"[{{ "name": "all", {first}, "answer": "x" }},
                {{ "name": "price", "match": "contains", "words": ["price", "the cost"], "answer": "x" }}]"#
            )
        };
        let never = r#"/rules/1 rule "price" never answers: rule "all" before it fits every message that this one fits; put this one first"#;
        for takes_all in [
            r#""match": "regex", "words": [".*"]"#,
            r#""match": "contains", "words": ["cost", "rice"]"#,
        ] {
            assert_eq!(said(&rules(takes_all)), [(never.into(), false)]);
        }
        for leaves_some in [
            r#""match": "contains", "words": ["rice"]"#,
            r#""match": "starts", "words": ["price", "the cost"]"#,
            r#""match": "contains", "words": ["cost", "rice"], "case": "exact""#,
            r#""match": "regex", "words": [".*"], "chats": "group""#,
        ] {
            assert_eq!(said(&rules(leaves_some)), [], "{leaves_some}");
        }
    }
}
