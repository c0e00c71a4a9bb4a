//! Finding messages by their words and by what they are, newest first.
//!
//! What is looked for is a number that is in several lists at once: those of the words, and that of the chat. Each list answers with its
//! largest number below another, so that lists skip what others do not have. One call looks at a bounded number of messages, and says where to go
//! on when it has not found enough.

use super::Mailbox;
use super::postings;
use super::read::Reading;
use super::record::{Author, ChatNumber, Number, key};
use super::view::Mail;
use super::words;
use crate::address::Jid;
use crate::clock::UnixMs;
use crate::id::SessionId;
use crate::message::Origin;
use crate::schema::{session, trailing_number};
use crate::store::{KeyRange, Order, Space, StoreError};

/// Messages one call looks at.
const LOOKED_AT: usize = 2000;

/// Steps one call takes through lists.
const STEPS: usize = 20_000;

/// Messages of a list that are fetched at a time.
const PAGE: usize = 64;

/// Words of a query that count, and words that one of them with an asterisk stands for.
const MAX_TERMS: usize = 16;
const MAX_STARS: usize = 64;

/// Which messages are looked for; everything that is given must be so.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words, all of which are in the text; `word*` stands for every word that begins so, and words in quotation marks stand side by side.
    pub text: Option<Box<str>>,
    /// In this chat.
    pub chat: Option<Jid>,
    /// Written by them.
    pub sender: Option<Author>,
    /// Not before this moment.
    pub from: Option<UnixMs>,
    /// Before this moment.
    pub to: Option<UnixMs>,
    /// Of one of these kinds ([`crate::message::Content::kind`]); none for all.
    pub kinds: Vec<Box<str>>,
    /// With or without a file.
    pub media: Option<Has>,
    /// Starred, or not.
    pub starred: Option<Has>,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// It is.
    Yes,
    /// It is not.
    No,
}

impl Has {
    const fn fits(self, is: bool) -> bool {
        matches!((self, is), (Self::Yes, true) | (Self::No, false))
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Newest first.
    pub mails: Vec<Mail>,
    /// Where to go on; none when there is nothing more.
    pub next: Option<Number>,
}

/// A part of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Word(String),
    Beginning(String),
    Phrase(Vec<String>),
}

/// Numbers in falling order.
enum List {
    Word { word: String, page: Vec<Number> },
    Words(Vec<(String, Vec<Number>)>),
    Chat { chat: ChatNumber, page: Vec<Number> },
    All { page: Vec<Number> },
}

impl Mailbox {
    /// Up to `limit` messages before one that fit, newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn search(
        &self,
        session: SessionId,
        filter: &Filter,
        before: Number,
        limit: usize,
    ) -> Result<Found, StoreError> {
        let reading = self.reading(session);
        let terms = terms(filter.text.as_deref().unwrap_or_default());
        let nothing = Found {
            mails: Vec::new(),
            next: None,
        };
        if filter.text.is_some() && terms.is_empty() {
            return Ok(nothing);
        }
        let mut lists = Vec::new();
        for term in &terms {
            match term {
                Term::Word(word) => lists.push(List::word(word)),
                Term::Phrase(words) => lists.extend(words.iter().map(|word| List::word(word))),
                Term::Beginning(start) => lists.push(List::beginning(&reading, start).await?),
            }
        }
        if let Some(chat) = &filter.chat {
            let Some((chat, _)) = reading.chat_record(chat).await? else {
                return Ok(nothing);
            };
            lists.push(List::Chat { chat, page: Vec::new() });
        }
        if lists.is_empty() {
            lists.push(List::All { page: Vec::new() });
        }
        let floor = filter.from.map_or(Number(0), Number::at);
        let mut below = filter.to.map_or(before, |to| before.min(Number::at(to)));
        let mut found = Vec::new();
        let (mut looked, mut steps) = (0, 0);
        while let Some(number) = common(&mut lists, &reading, below, floor, &mut steps).await? {
            below = number;
            if steps >= STEPS || looked >= LOOKED_AT {
                return Ok(Found {
                    mails: found,
                    // The one in hand was not looked at.
                    next: Some(Number(number.0 + 1)),
                });
            }
            looked += 1;
            if let Some(mail) = self.get(session, number).await?
                && fits(&reading, filter, &terms, &mail).await?
            {
                found.push(mail);
                if found.len() == limit {
                    return Ok(Found {
                        mails: found,
                        next: Some(number),
                    });
                }
            }
        }
        Ok(Found {
            mails: found,
            next: None,
        })
    }
}

/// The largest number below one that is in every list; also any number once too many steps were taken.
async fn common(
    lists: &mut [List],
    reading: &Reading<'_>,
    below: Number,
    floor: Number,
    steps: &mut usize,
) -> Result<Option<Number>, StoreError> {
    let mut below = below;
    'next: loop {
        let mut candidate = None;
        for list in &mut *lists {
            *steps += 1;
            let Some(number) = list.below(reading, below).await?.filter(|number| *number >= floor) else {
                return Ok(None);
            };
            match candidate {
                None => candidate = Some(number),
                Some(known) if known == number => {}
                Some(known) => {
                    // The smaller of both is the largest that can be in both.
                    below = Number(known.min(number).0 + 1);
                    if *steps >= STEPS {
                        return Ok(Some(known.min(number)));
                    }
                    continue 'next;
                }
            }
        }
        return Ok(candidate);
    }
}

impl List {
    fn word(word: &str) -> Self {
        Self::Word {
            word: word.to_owned(),
            page: Vec::new(),
        }
    }

    async fn beginning(reading: &Reading<'_>, start: &str) -> Result<Self, StoreError> {
        let prefix = crate::schema::Key::table(session::MAILBOX_WORD).bytes(start.as_bytes());
        let mut range = KeyRange::prefix(prefix.as_slice());
        let mut words = Vec::new();
        while words.len() < MAX_STARS {
            let row = reading
                .store
                .scan(space(reading), range.clone(), Order::Ascending, 1)
                .await?;
            let Some(word) = row.first().and_then(|(key, _)| word_in(key)) else {
                break;
            };
            range = KeyRange {
                start: KeyRange::prefix(key::word(&word).as_slice()).end.unwrap_or_default(),
                ..range
            };
            words.push((word, Vec::new()));
        }
        Ok(Self::Words(words))
    }

    async fn below(&mut self, reading: &Reading<'_>, below: Number) -> Result<Option<Number>, StoreError> {
        match self {
            Self::Word { word, page } => in_word(reading, word, page, below).await,
            Self::Words(words) => {
                let mut largest = None;
                for (word, page) in words {
                    largest = largest.max(in_word(reading, word, page, below).await?);
                }
                Ok(largest)
            }
            Self::Chat { chat, page } => {
                if let Some(number) = known(page, below) {
                    return Ok(Some(number));
                }
                *page = reading.numbers_in(*chat, below, PAGE).await?;
                page.reverse();
                Ok(page.last().copied())
            }
            Self::All { page } => {
                if let Some(number) = known(page, below) {
                    return Ok(Some(number));
                }
                let range = KeyRange::prefix(&[session::MAILBOX_MESSAGE]).before(&key::message(below));
                let rows = reading
                    .store
                    .scan(space(reading), range, Order::Descending, PAGE)
                    .await?;
                *page = rows
                    .iter()
                    .filter_map(|(key, _)| trailing_number(key))
                    .map(Number)
                    .collect();
                page.reverse();
                Ok(page.last().copied())
            }
        }
    }
}

/// The largest number below one that is on a page, if that cannot be a larger one behind the page.
fn known(page: &mut Vec<Number>, below: Number) -> Option<Number> {
    while page.last().is_some_and(|number| *number >= below) {
        page.pop();
    }
    page.last().copied()
}

async fn in_word(
    reading: &Reading<'_>,
    word: &str,
    page: &mut Vec<Number>,
    below: Number,
) -> Result<Option<Number>, StoreError> {
    if let Some(number) = known(page, below) {
        return Ok(Some(number));
    }
    *page = postings::below(reading.store, space(reading), word, below).await?;
    Ok(page.last().copied())
}

const fn space(reading: &Reading<'_>) -> Space {
    Space::Session(reading.session)
}

fn word_in(key: &[u8]) -> Option<String> {
    let word = key.get(1..)?.split(|byte| *byte == 0).next()?;
    String::from_utf8(word.to_vec()).ok()
}

fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    for (number, part) in text.split('"').enumerate() {
        if number % 2 == 1 {
            terms.extend(phrase(words::words(part)));
            continue;
        }
        for part in part.split_whitespace() {
            let mut found = words::words(part);
            let beginning = part.strip_suffix('*').and_then(|_| found.pop());
            terms.extend(phrase(found));
            terms.extend(beginning.map(Term::Beginning));
        }
    }
    terms.truncate(MAX_TERMS);
    terms
}

fn phrase(mut words: Vec<String>) -> Option<Term> {
    words.truncate(MAX_TERMS);
    match words.len() {
        0 => None,
        1 => words.pop().map(Term::Word),
        _ => Some(Term::Phrase(words)),
    }
}

async fn fits(reading: &Reading<'_>, filter: &Filter, terms: &[Term], mail: &Mail) -> Result<bool, StoreError> {
    let content = &mail.message.content;
    if !filter.kinds.is_empty() && !filter.kinds.iter().any(|kind| **kind == *content.kind()) {
        return Ok(false);
    }
    if filter.media.is_some_and(|has| !has.fits(content.file().is_some())) {
        return Ok(false);
    }
    if filter.starred.is_some_and(|has| !has.fits(mail.starred)) {
        return Ok(false);
    }
    if let Some(sender) = &filter.sender {
        let written = match (mail.message.key.from, sender) {
            (Origin::Me, Author::Me) => true,
            (Origin::Them, Author::Person(jid)) => {
                reading.canonical(jid).await? == reading.canonical(&mail.message.sender.jid).await?
            }
            (Origin::Me | Origin::Them, _) => false,
        };
        if !written {
            return Ok(false);
        }
    }
    let phrases = terms.iter().filter_map(|term| match term {
        Term::Phrase(words) => Some(words),
        Term::Word(_) | Term::Beginning(_) => None,
    });
    let mut said = None;
    for phrase in phrases {
        let said = said.get_or_insert_with(|| words::words(&words::text(content)));
        if !said.windows(phrase.len()).any(|window| window == phrase.as_slice()) {
            return Ok(false);
        }
    }
    Ok(true)
}
