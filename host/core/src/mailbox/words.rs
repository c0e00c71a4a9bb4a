//! Which words a text is found by.
//!
//! A word is a run of letters and digits, in small letters. Writing that puts no space between words (Chinese, Japanese, Thai, …) is found by
//! its single characters, which stand side by side in what is looked for and in what is found. Symbols such as emoji are words of their own.

use crate::message::Content;

/// Words of one message that are kept.
pub(super) const MAX_WORDS: usize = 1000;

/// Characters of a word that count.
const MAX_LETTERS: usize = 32;

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = 0;
    for letter in text.chars() {
        let alone = stands_alone(letter);
        if letter.is_alphanumeric() && !alone {
            if letters < MAX_LETTERS {
                word.extend(letter.to_lowercase());
            }
            letters += 1;
            continue;
        }
        // Marks above letters, apostrophes within words and the like do not end a word.
        if letters > 0 && !alone && is_within(letter) {
            continue;
        }
        if letters > 0 {
            words.push(std::mem::take(&mut word));
            letters = 0;
        }
        if alone {
            words.push(letter.to_string());
        }
    }
    if letters > 0 {
        words.push(word);
    }
    words
}

/// What a message is found by.
pub(super) fn text(content: &Content) -> String {
    let mut text = content.plain_text().unwrap_or_default().to_owned();
    let mut add = |more: &str| {
        text.push('\n');
        text.push_str(more);
    };
    match content {
        Content::Document(file) => {
            if let Some(name) = &file.file_name {
                add(name);
            }
        }
        Content::Location(place) => place.name.iter().chain(&place.address).for_each(|more| add(more)),
        Content::Contacts(cards) => cards.iter().for_each(|card| add(&card.display_name)),
        Content::Poll(poll) => poll.options.iter().for_each(|option| add(option)),
        Content::Event(event) => event.description.iter().for_each(|more| add(more)),
        Content::Product(product) => add(&product.title),
        Content::Text(_)
        | Content::Image(_)
        | Content::Video(_)
        | Content::VideoNote(_)
        | Content::Audio(_)
        | Content::Voice(_)
        | Content::Sticker(_)
        | Content::StickerPack(_)
        | Content::Album(_)
        | Content::LiveLocation(_)
        | Content::PollVote(_)
        | Content::PollTally(_)
        | Content::PollOptionAdded(_)
        | Content::Reaction(_)
        | Content::EventResponse(_)
        | Content::Comment(_)
        | Content::GroupInvite(_)
        | Content::NewsletterInvite(_)
        | Content::Order(_)
        | Content::Payment(_)
        | Content::Interactive(_)
        | Content::InteractiveReply(_)
        | Content::CallLog(_)
        | Content::ScheduledCall(_)
        | Content::Question(_)
        | Content::Revoke(_)
        | Content::Pin(_)
        | Content::Keep(_)
        | Content::ChatTimer(_)
        | Content::PhoneShare(_)
        | Content::StatusMention(_)
        | Content::BotOutput(_)
        | Content::Unavailable(_)
        | Content::Other(_) => {}
    }
    text
}

const fn is_within(letter: char) -> bool {
    matches!(letter, '\'' | '’' | '\u{00AD}' | '\u{0300}'..='\u{036F}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}')
}

/// Whether a character is a word: writing without spaces, and symbols that are no punctuation.
const fn stands_alone(letter: char) -> bool {
    matches!(letter,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}'
        | '\u{2190}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_letters_and_digits_in_small() {
        let cases = [
            ("Hello, world!", vec!["hello", "world"]),
            ("Don't stop at 10:30", vec!["dont", "stop", "at", "10", "30"]),
            ("Straße ÜBER", vec!["straße", "über"]),
            ("你好 ok", vec!["你", "好", "ok"]),
            ("party 🎉🎉", vec!["party", "🎉", "🎉"]),
            ("  ", vec![]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
        assert_eq!(words(&"x".repeat(100)), ["x".repeat(32)]);
    }
}
