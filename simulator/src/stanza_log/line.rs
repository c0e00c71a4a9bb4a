//! A stanza as one line for people who watch.

use std::fmt;

use crate::stanza_log::{Direction, StanzaRecord};

/// `18:59:39.123 in  4915112345678:1 <iq …/>`: the time in UTC, the way, whose it is, and what happened to it on the way.
impl fmt::Display for StanzaRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.at_ms % 86_400_000;
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}.{:03} ", ms % 1_000)?;
        match self.direction {
            Direction::In => write!(f, "in  ")?,
            Direction::Out => write!(f, "out ")?,
        }
        match (&self.account, self.device) {
            (Some(account), Some(device)) => write!(f, "{account}:{device} ")?,
            // Not linked yet.
            (Some(_) | None, _) => write!(f, "- ")?,
        }
        if let Some(fault) = &self.fault {
            write!(f, "[{fault}] ")?;
        }
        f.write_str(&self.xml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_which_way_whose_and_what() {
        let mut record = StanzaRecord {
            seq: 1,
            at_ms: 1_750_000_000_123,
            account: Some("4915112345678".to_owned()),
            device: Some(2),
            direction: Direction::In,
            tag: "ib".to_owned(),
            id: String::new(),
            xml: "<ib/>".to_owned(),
            fault: None,
        };
        assert_eq!(record.to_string(), "15:06:40.123 in  4915112345678:2 <ib/>");
        record.account = None;
        record.device = None;
        record.direction = Direction::Out;
        record.fault = Some("drop".to_owned());
        assert_eq!(record.to_string(), "15:06:40.123 out - [drop] <ib/>");
    }
}
