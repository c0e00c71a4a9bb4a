//! An open poll and its votes, as they are stored: all in one value, so that a vote costs one read and one write. Changing these fields changes
//! what is stored: add with a default only.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waspnest_plugin::types::{Address, Jid, UnixMs};

/// An open poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ballot {
    /// Of its message.
    pub(crate) id: String,
    pub(crate) question: String,
    pub(crate) answers: Vec<String>,
    /// Every address of who asked.
    pub(crate) asked_by: Vec<Jid>,
    pub(crate) opened_at: UnixMs,
    /// Who chose what: a bit for each answer, as the largest groups have to fit into one value.
    votes: BTreeMap<String, u16>,
}

/// Votes of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Count<'a> {
    pub(crate) answer: &'a str,
    pub(crate) votes: usize,
}

impl Ballot {
    pub(crate) fn new(
        id: String,
        question: String,
        answers: Vec<String>,
        asked_by: &Address,
        opened_at: UnixMs,
    ) -> Self {
        Self {
            id,
            question,
            answers,
            asked_by: addresses(asked_by).cloned().collect(),
            opened_at,
            votes: BTreeMap::new(),
        }
    }

    /// Counts a vote, in place of the one before of the same person; none chosen takes it back. What the poll does not offer is left out.
    pub(crate) fn vote(&mut self, voter: &Address, chosen: &[String]) {
        let of = |answer: &String| self.answers.iter().position(|known| known == answer);
        let bits = chosen.iter().filter_map(of).fold(0, |bits, place| bits | 1 << place);
        let name = name(voter);
        match bits {
            0 => self.votes.remove(&name),
            bits => self.votes.insert(name, bits),
        };
    }

    /// How many have voted.
    pub(crate) fn voters(&self) -> usize {
        self.votes.len()
    }

    /// The votes of each answer, in the order of the poll.
    pub(crate) fn counts(&self) -> Vec<Count<'_>> {
        let count = |place: usize| self.votes.values().filter(|bits| *bits & (1 << place) != 0).count();
        let counts = self.answers.iter().enumerate();
        counts
            .map(|(place, answer)| Count {
                answer,
                votes: count(place),
            })
            .collect()
    }

    /// Whether somebody asked it.
    pub(crate) fn is_of(&self, who: &Address) -> bool {
        addresses(who).any(|jid| self.asked_by.contains(jid))
    }
}

pub(crate) fn addresses(who: &Address) -> impl Iterator<Item = &Jid> {
    core::iter::once(&who.jid).chain(&who.alt)
}

/// One name for one person: their phone number where it is known, since it may come with this vote and not with the next.
fn name(who: &Address) -> String {
    let phone = addresses(who).find_map(|jid| jid.strip_suffix("@s.whatsapp.net"));
    phone.unwrap_or(&who.jid).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(jid: &str, alt: Option<&str>) -> Address {
        Address {
            jid: jid.into(),
            alt: alt.map(Into::into),
            push_name: None,
        }
    }

    fn votes(ballot: &Ballot) -> Vec<usize> {
        ballot.counts().iter().map(|count| count.votes).collect()
    }

    #[test]
    fn the_last_vote_of_a_person_counts_by_whatever_address() {
        let ana = person("1@s.whatsapp.net", None);
        let as_lid = person("9@lid", Some("1@s.whatsapp.net"));
        let ben = person("2@s.whatsapp.net", None);
        let answers = ["a", "b", "c"].map(String::from);
        let mut ballot = Ballot::new("ID".into(), "?".into(), answers.to_vec(), &ana, 0);
        ballot.vote(&ana, &answers[..1]);
        ballot.vote(&ben, &answers[..2]);
        assert_eq!((votes(&ballot), ballot.voters()), (vec![2, 1, 0], 2));
        ballot.vote(&as_lid, &answers[2..]);
        assert_eq!((votes(&ballot), ballot.voters()), (vec![1, 1, 1], 2));
        ballot.vote(&ben, &[]);
        ballot.vote(&ana, &["d".into()]);
        assert_eq!((votes(&ballot), ballot.voters()), (vec![0, 0, 0], 0));
        assert!(ballot.is_of(&as_lid) && !ballot.is_of(&ben));
    }

    #[test]
    fn the_largest_group_fits_into_one_value() {
        let answers: Vec<String> = (0..12).map(|nth| format!("answer {nth}")).collect();
        let mut ballot = Ballot::new(
            "3EB0123456789ABCDEF012".into(),
            "?".into(),
            answers.clone(),
            &person("1@lid", None),
            0,
        );
        for nth in 0..1024_u64 {
            let lid = format!("{}@lid", 100_000_000_000_000 + nth);
            ballot.vote(&person(&lid, None), &answers);
        }
        let stored = serde_json::to_vec(&ballot).expect("it has a form");
        assert!(stored.len() < 60 * 1024, "{}", stored.len());
    }
}
