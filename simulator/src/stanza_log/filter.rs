//! Which stanzas somebody wants to see.

use std::str::FromStr;

use crate::stanza_log::{Direction, StanzaRecord};

/// What is not given does not matter; what is given must all fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StanzaFilter {
    /// Phone digits of the account.
    pub account: Option<String>,
    /// Which way.
    pub direction: Option<Direction>,
    /// Tag of the stanza.
    pub tag: Option<String>,
}

impl StanzaFilter {
    /// Whether a stanza fits.
    pub fn fits(&self, record: &StanzaRecord) -> bool {
        (self.account.is_none() || self.account == record.account)
            && self.direction.is_none_or(|direction| direction == record.direction)
            && self.tag.as_ref().is_none_or(|tag| *tag == record.tag)
    }
}

/// As on a command line: `account=4915112345678,direction=out,tag=message`; everything fits the empty text.
impl FromStr for StanzaFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut filter = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("account", phone)) => filter.account = Some(phone.to_owned()),
                Some(("direction", "in")) => filter.direction = Some(Direction::In),
                Some(("direction", "out")) => filter.direction = Some(Direction::Out),
                Some(("tag", tag)) => filter.tag = Some(tag.to_owned()),
                Some(_) | None => {
                    return Err(format!(
                        "{part:?} is none of account=DIGITS, direction=in, direction=out, tag=TAG"
                    ));
                }
            }
        }
        Ok(filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_from_text_and_nonsense_is_named() {
        assert_eq!("".parse(), Ok(StanzaFilter::default()));
        let filter = StanzaFilter {
            account: Some("49151".to_owned()),
            direction: Some(Direction::Out),
            tag: Some("message".to_owned()),
        };
        assert_eq!("account=49151,direction=out,tag=message".parse(), Ok(filter));
        for text in ["tag", "direction=up", "colour=red"] {
            let refused = text.parse::<StanzaFilter>().expect_err("nonsense");
            assert!(refused.contains(text), "{refused}");
        }
    }
}
