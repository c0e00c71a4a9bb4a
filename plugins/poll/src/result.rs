//! What came of a poll, as a text: an answer, and below it a bar, since no column of a chat stays under another.

use crate::ballot::Ballot;

/// Steps of a bar.
const STEPS: usize = 10;

/// Fills a text of the operator's. In one pass: an answer that contains `{voters}` is an answer and no place.
pub(crate) fn filled(template: &str, ballot: &Ballot, voters: &[String; 3]) -> String {
    let places = [
        ("{question}", ballot.question.clone()),
        ("{options}", options(ballot)),
        ("{voters}", people(ballot.voters(), voters)),
    ];
    let mut text = String::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        match places.iter().find(|(place, _)| rest.starts_with(place)) {
            Some((place, value)) => {
                text.push_str(value);
                rest = &rest[place.len()..];
            }
            None => {
                text.push('{');
                rest = &rest[1..];
            }
        }
    }
    text + rest
}

fn people(count: usize, words: &[String; 3]) -> String {
    let [nobody, one, more] = words;
    match count {
        0 => nobody.clone(),
        1 => one.clone(),
        count => more.replace("{count}", &count.to_string()),
    }
}

/// All answers. Those with most votes are bold.
fn options(ballot: &Ballot) -> String {
    let counts = ballot.counts();
    let most = counts.iter().map(|count| count.votes).max().unwrap_or_default();
    let voters = ballot.voters().max(1);
    let lines = counts.iter().map(|count| {
        let full = (count.votes * STEPS).div_ceil(voters);
        let bar = "▰".repeat(full) + &"▱".repeat(STEPS - full);
        let percent = (count.votes * 100 + voters / 2) / voters;
        let answer = match count.votes {
            votes if votes == most && votes > 0 => format!("*{}*", count.answer),
            _ => count.answer.to_owned(),
        };
        format!("{answer}\n{bar} {} ({percent} %)", count.votes)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use waspnest_plugin::types::Address;

    #[test]
    fn bars_are_of_those_who_voted() {
        let person = |nth: usize| Address {
            jid: format!("{nth}@lid"),
            alt: None,
            push_name: None,
        };
        let answers = ["{voters}", "b"].map(String::from);
        let mut ballot = Ballot::new("ID".into(), "Why?".into(), answers.to_vec(), &person(0), 0);
        let words = ["nobody", "one", "{count} people"].map(String::from);
        let told = |ballot: &Ballot| filled("{question} {x} {options} {voters}", ballot, &words);
        let nothing = "▱".repeat(10);
        assert_eq!(
            told(&ballot),
            format!("Why? {{x}} {{voters}}\n{nothing} 0 (0 %)\nb\n{nothing} 0 (0 %) nobody")
        );
        for nth in 0..3 {
            ballot.vote(&person(nth), &answers[usize::from(nth == 0)..][..1]);
        }
        assert_eq!(
            told(&ballot),
            "Why? {x} *{voters}*\n▰▰▰▰▰▰▰▱▱▱ 2 (67 %)\nb\n▰▰▰▰▱▱▱▱▱▱ 1 (33 %) 3 people"
        );
    }
}
