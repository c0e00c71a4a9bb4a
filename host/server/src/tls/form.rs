//! What stands in a certificate besides its key: from when and until when it holds, and for which names (RFC 5280, section 4.1).
//!
//! rustls reads certificates and tells none of it. Nothing is trusted here: who trusts the certificate judges it anew.

use chrono::NaiveDateTime;
use waspnest_core::clock::UnixMs;

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) not_before: UnixMs,
    pub(super) not_after: UnixMs,
    pub(super) names: Vec<String>,
}

/// Tags of DER (X.690, section 8.1.2).
const SEQUENCE: u8 = 0x30;
const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const TIME: u8 = 0x18;
/// `version`, which may be left out.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// A name of the DNS among those a certificate is for.
const DNS_NAME: u8 = 0x82;

/// `subjectAltName`: 2.5.29.17.
const ALTERNATIVE_NAMES: [u8; 3] = [0x55, 0x1d, 0x11];

/// Elements of DER, one after the other.
#[derive(Clone, Copy)]
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    /// The next one: its tag and what is in it. None at the end, and where it is no DER.
    fn next(&mut self) -> Option<Self::Item> {
        let (&[tag, first], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match usize::from(first) {
            short @ 0..=0x7f => (short, rest),
            // So many bytes of length; a certificate has less than four gigabytes.
            long @ 0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
                (
                    bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
                    rest,
                )
            }
            _ => return None,
        };
        let (inside, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, inside))
    }
}

impl<'a> Elements<'a> {
    /// What is in the next element, which has to have a tag.
    fn within(&mut self, tag: u8) -> Option<Elements<'a>> {
        let (found, inside) = self.next()?;
        (found == tag).then_some(Elements(inside))
    }
}

/// Reads a certificate; none where it is none.
pub(super) fn read(der: &[u8]) -> Option<Said> {
    let mut certificate = Elements(der).within(SEQUENCE)?.within(SEQUENCE)?;
    let mut behind = certificate;
    if behind.next()?.0 == VERSION {
        certificate = behind;
    }
    // The serial number, the algorithm and the issuer.
    certificate.nth(2)?;
    let mut validity = certificate.within(SEQUENCE)?;
    let (not_before, not_after) = (moment(validity.next()?)?, moment(validity.next()?)?);
    let extensions = certificate.find(|(tag, _)| *tag == EXTENSIONS);
    let extensions = extensions.and_then(|(_, inside)| Elements(inside).within(SEQUENCE));
    Some(Said {
        not_before,
        not_after,
        names: extensions.and_then(names).unwrap_or_default(),
    })
}

/// The names among the extensions.
fn names(mut extensions: Elements<'_>) -> Option<Vec<String>> {
    let (_, found) = extensions.find(|(_, inside)| Elements(inside).next() == Some((OID, &ALTERNATIVE_NAMES[..])))?;
    let (_, value) = Elements(found).find(|(tag, _)| *tag == OCTETS)?;
    let names = Elements(value).within(SEQUENCE)?.filter(|(tag, _)| *tag == DNS_NAME);
    Some(
        names
            .map(|(_, name)| String::from_utf8_lossy(name).into_owned())
            .collect(),
    )
}

/// A moment, always in UTC and with seconds.
fn moment((tag, inside): (u8, &[u8])) -> Option<UnixMs> {
    let text = std::str::from_utf8(inside).ok()?;
    let whole = match tag {
        // Two digits of the year: from 1950 to 2049.
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        TIME => text.to_owned(),
        _ => return None,
    };
    let read = NaiveDateTime::parse_from_str(&whole, "%Y%m%d%H%M%SZ").ok()?;
    // Before 1970 is as good as 1970.
    Some(UnixMs(
        u64::try_from(read.and_utc().timestamp_millis()).unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;
    use crate::rfc3339::rfc3339;

    fn certificate(names: &[&str], not_after: i32) -> Vec<u8> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = rcgen::date_time_ymd(2025, 2, 3);
        params.not_after = rcgen::date_time_ymd(not_after, 12, 31);
        let key = KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("signed").der().to_vec()
    }

    #[test]
    fn it_is_known_until_when_a_certificate_holds_and_for_whom() {
        let said = read(&certificate(&["host.example", "*.host.example", "192.0.2.1"], 2030)).expect("a certificate");
        assert_eq!(rfc3339(said.not_before), "2025-02-03T00:00:00.000Z");
        assert_eq!(rfc3339(said.not_after), "2030-12-31T00:00:00.000Z");
        assert_eq!(said.names, ["host.example", "*.host.example"]);
        // From 2050 on the year has four digits.
        let said = read(&certificate(&[], 2050)).expect("a certificate");
        assert_eq!(rfc3339(said.not_after), "2050-12-31T00:00:00.000Z");
        assert_eq!(said.names, [""; 0]);
        // Before 1950 too many would be taken for later ones.
        assert_eq!(moment((UTC_TIME, b"491231235959Z")), moment((TIME, b"20491231235959Z")));
        assert_eq!(moment((UTC_TIME, b"700101000001Z")), Some(UnixMs(1000)));
    }

    #[test]
    fn what_is_cut_off_or_changed_is_no_certificate_and_nothing_worse() {
        let whole = certificate(&["host.example"], 2030);
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), None, "{end} bytes");
        }
        for at in 0..whole.len() {
            for byte in [0, 0x80, 0x84, 0xff] {
                let mut changed = whole.clone();
                changed[at] = byte;
                // Whatever it says then, it is read or it is not.
                let _ = read(&changed);
            }
        }
    }
}
