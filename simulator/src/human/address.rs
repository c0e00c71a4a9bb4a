//! Whom a human writes to and hears from, as one form.
//!
//! A contact is known by phone number or by LID; everything a human shows is keyed by the phone number whenever the
//! stanza told it, so that the same person never appears twice.

use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::message::MessageSource;

use super::HumanError;

/// Reads `4915…`, `+49 15…` or a full JID (`…@s.whatsapp.net`, `…@lid`, `…@g.us`).
pub(crate) fn parse(given: &str) -> Result<Jid, HumanError> {
    let bad = || HumanError::Address {
        given: given.to_owned(),
    };
    if given.contains('@') {
        let jid: Jid = given.parse().map_err(|_malformed| bad())?;
        return if jid.user.is_empty() {
            Err(bad())
        } else {
            Ok(jid.to_non_ad())
        };
    }
    let digits: String = given.chars().filter(|c| !matches!(c, '+' | ' ' | '-')).collect();
    if (5..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        Ok(Jid::pn(digits))
    } else {
        Err(bad())
    }
}

/// The person behind a JID without a device, by phone number when `alternative` is one.
pub(crate) fn person(jid: &Jid, alternative: Option<&Jid>) -> Jid {
    match alternative {
        Some(phone) if jid.is_lid() && phone.is_pn() => phone.to_non_ad(),
        Some(_) | None => jid.to_non_ad(),
    }
}

/// Who sent it.
pub(crate) fn sender_of(source: &MessageSource) -> Jid {
    person(&source.sender, source.sender_alt.as_ref())
}

/// The chat it is shown in: the other side for a direct chat, the group otherwise.
pub(crate) fn chat_of(source: &MessageSource) -> Jid {
    if source.is_group || source.chat.user_base() != source.sender.user_base() {
        person(&source.chat, source.recipient_alt.as_ref())
    } else {
        sender_of(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jid(text: &str) -> Jid {
        text.parse().expect("a well-formed JID")
    }

    #[test]
    fn numbers_and_jids_are_read() {
        assert_eq!(
            parse("491512345678").expect("digits").to_string(),
            "491512345678@s.whatsapp.net"
        );
        assert_eq!(
            parse("+49 151-2345678").expect("typed by hand").to_string(),
            "491512345678@s.whatsapp.net"
        );
        assert_eq!(
            parse("100200300400@lid").expect("a LID").to_string(),
            "100200300400@lid"
        );
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for given in ["", "12", "anna", "@s.whatsapp.net", "12345x", "1@nowhere.example"] {
            let error = parse(given).expect_err("not an address");
            assert!(error.to_string().contains(given), "{error}");
        }
    }

    #[test]
    fn a_lid_with_a_known_phone_is_the_phone() {
        let source = MessageSource {
            chat: jid("100200300400@lid"),
            sender: jid("100200300400:1@lid"),
            sender_alt: Some(jid("491512345678@s.whatsapp.net")),
            ..MessageSource::default()
        };
        assert_eq!(sender_of(&source).to_string(), "491512345678@s.whatsapp.net");
        assert_eq!(chat_of(&source).to_string(), "491512345678@s.whatsapp.net");
    }

    #[test]
    fn the_device_is_not_part_of_the_person() {
        let source = MessageSource {
            chat: jid("491512345678@s.whatsapp.net"),
            sender: jid("491512345678:7@s.whatsapp.net"),
            ..MessageSource::default()
        };
        assert_eq!(sender_of(&source).to_string(), "491512345678@s.whatsapp.net");
    }
}
