//! A message as everybody is shown it.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::{Jid, Party};
use waspnest_core::mailbox::{Author, Mail, State};
use waspnest_core::message::{Content, Geo, Media, Origin, Quoted};
use waspnest_core::session::SessionRecord;

use crate::http::address::{Address, Moment};

/// Hexadecimal digits of a file's name.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The account of a session, as far as it is known.
pub(in crate::http) struct Account(Option<Party>);

impl Account {
    pub(in crate::http) fn of(session: &SessionRecord) -> Self {
        Self(session.jid.clone().map(|jid| Party {
            jid,
            alt: session.lid.clone(),
            push_name: session.push_name.clone(),
        }))
    }

    fn author(&self, author: &Author) -> Somebody {
        match author {
            Author::Me => Somebody {
                from_me: true,
                person: self.0.as_ref().map(Address::from),
            },
            Author::Person(jid) => Somebody {
                from_me: false,
                person: Some(Address::from(jid)),
            },
        }
    }
}

/// A message.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Message")]
pub(in crate::http) struct ShownMessage {
    /// WhatsApp's id of it, unique within its chat and sender.
    id: String,
    /// The chat it is in.
    chat: Address,
    /// Who wrote it; none when that is the account and its number is not known yet.
    sender: Option<Address>,
    /// The name its sender gave themselves.
    sender_name: Option<Box<str>>,
    /// Whether the account wrote it.
    from_me: bool,
    /// When WhatsApp took it; for what the host sends, when it was asked for.
    time: Moment,
    /// What kind it is: `text`, `image`, `poll` and so on; `revoke` for one that was taken back.
    r#type: &'static str,
    /// What it says: its text, the words under a file, the question of a poll.
    text: Option<Box<str>>,
    /// The file it is.
    media: Option<ShownMedia>,
    /// The place it is.
    location: Option<ShownPlace>,
    /// The people it tells of.
    contacts: Vec<ShownCard>,
    /// The poll it is, with the votes.
    poll: Option<ShownPoll>,
    /// The message it answers.
    quote: Option<ShownQuote>,
    /// Who is mentioned.
    mentions: Vec<Address>,
    /// Reactions to it, the earliest first.
    reactions: Vec<ShownReaction>,
    /// When it was edited last.
    edited_at: Option<Moment>,
    /// What it said before, the oldest first.
    edits: Vec<ShownEdit>,
    /// That it was taken back; it says nothing then.
    revoked: Option<ShownRevoke>,
    /// Whether the account starred it.
    starred: bool,
    /// Since when it is at the top of its chat.
    pinned_at: Option<Moment>,
    /// When it disappears.
    expires_at: Option<Moment>,
    /// How often it was forwarded; 0 for an original.
    forwarded: u32,
    /// May be looked at once.
    view_once: bool,
    /// How far it has come, where it is the account's: `pending`, `sent`, `delivered`, `read`, `played` or `failed`.
    state: Option<&'static str>,
    /// Why it failed.
    failure: Option<Box<str>>,
    /// The effect that sent it, where this host did.
    effect: Option<String>,
}

/// Somebody who did something.
#[derive(Serialize, JsonSchema)]
struct Somebody {
    /// Whether it was the account itself.
    from_me: bool,
    /// Who; none when that is the account and its number is not known yet.
    person: Option<Address>,
}

/// A file of a message.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MessageMedia")]
struct ShownMedia {
    /// SHA-256 of its bytes, where its sender told it: the id of the file.
    id: Option<String>,
    /// Its type, as its sender says.
    mime: Box<str>,
    /// Bytes, as its sender says.
    size: u64,
    /// Name of a document.
    file_name: Option<Box<str>>,
    /// Pixels.
    width: Option<u32>,
    /// Pixels.
    height: Option<u32>,
    /// Milliseconds.
    duration_ms: Option<u32>,
    /// Pages of a document.
    pages: Option<u32>,
    /// Whether a sticker moves, or a video loops.
    animated: bool,
}

/// A place.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Place")]
struct ShownPlace {
    /// Degrees north.
    latitude: f64,
    /// Degrees east.
    longitude: f64,
    /// Its name.
    name: Option<Box<str>>,
    /// Its street address.
    address: Option<Box<str>>,
}

/// Somebody's card.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContactCard")]
struct ShownCard {
    /// The name shown.
    name: Box<str>,
    /// The card as vCard 3.0.
    vcard: Box<str>,
    /// Phone numbers in it.
    phones: Vec<Box<str>>,
}

/// A poll with its votes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PollTally")]
struct ShownPoll {
    /// The question.
    name: Box<str>,
    /// How many options may be chosen; 0 for any number.
    max_choices: u32,
    /// The options, in order.
    options: Vec<ShownOption>,
}

/// An option of a poll.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PollOption")]
struct ShownOption {
    /// The option.
    name: Box<str>,
    /// Votes for it.
    votes: u64,
    /// Who voted for it; nobody where only numbers are known.
    voters: Vec<Somebody>,
}

/// A message that another one answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Quote")]
struct ShownQuote {
    /// WhatsApp's id of it.
    id: String,
    /// Who wrote it.
    sender: Address,
    /// Whether the account wrote it.
    from_me: bool,
    /// What kind it is.
    r#type: Box<str>,
    /// What is shown of it.
    text: Option<Box<str>>,
}

/// A reaction.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Reaction")]
pub(in crate::http) struct ShownReaction {
    by: Somebody,
    /// The emoji.
    emoji: Box<str>,
    /// When.
    time: Moment,
}

/// What a message said before.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Edit")]
struct ShownEdit {
    /// Until when.
    until: Moment,
    /// What it said.
    text: Option<Box<str>>,
}

/// That a message was taken back.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Revocation")]
struct ShownRevoke {
    by: Somebody,
    /// When.
    time: Moment,
}

pub(in crate::http) fn message(mail: &Mail, account: &Account) -> ShownMessage {
    let message = &mail.message;
    let from_me = message.key.from == Origin::Me;
    let content = &message.content;
    let sender = match from_me {
        true => account.0.as_ref().map(Address::from),
        false => Some(Address::from(&message.sender)),
    };
    ShownMessage {
        id: message.key.id.to_string(),
        chat: Address::from(&Party {
            jid: message.key.chat.clone(),
            alt: mail.chat_other.clone(),
            push_name: None,
        }),
        sender,
        sender_name: message.sender.push_name.clone(),
        from_me,
        time: Moment(message.timestamp),
        r#type: content.kind(),
        text: content.plain_text().map(Into::into),
        media: content.file().map(media),
        location: place(content).map(|place| ShownPlace {
            latitude: place.latitude,
            longitude: place.longitude,
            name: place.name.clone(),
            address: place.address.clone(),
        }),
        contacts: cards(content),
        poll: poll(mail, account),
        quote: message.quoted.as_ref().map(quote),
        mentions: message.mentions.iter().map(Address::from).collect(),
        reactions: reactions(mail, account),
        edited_at: mail.edited_at.map(Moment),
        edits: mail
            .edits
            .iter()
            .map(|edit| ShownEdit {
                until: Moment(edit.until),
                text: edit.content.plain_text().map(Into::into),
            })
            .collect(),
        revoked: mail.revoked.as_ref().map(|revoked| ShownRevoke {
            by: account.author(&revoked.by),
            time: Moment(revoked.at),
        }),
        starred: mail.starred,
        pinned_at: mail.pinned.as_ref().map(|pinned| Moment(pinned.at)),
        expires_at: mail.expires_at.map(Moment),
        forwarded: message.forwarded_score,
        view_once: message.view_once,
        state: mail.state.as_ref().map(state),
        failure: match &mail.state {
            Some(State::Failed { reason }) => Some(reason.clone()),
            Some(State::Pending | State::Sent | State::Delivered | State::Read | State::Played) | None => None,
        },
        effect: mail.effect.map(|effect| effect.to_string()),
    }
}

pub(in crate::http) fn reactions(mail: &Mail, account: &Account) -> Vec<ShownReaction> {
    mail.reactions
        .iter()
        .map(|reaction| ShownReaction {
            by: account.author(&reaction.by),
            emoji: reaction.emoji.clone(),
            time: Moment(reaction.at),
        })
        .collect()
}

const fn state(state: &State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Sent => "sent",
        State::Delivered => "delivered",
        State::Read => "read",
        State::Played => "played",
        State::Failed { .. } => "failed",
    }
}

fn media(media: &Media) -> ShownMedia {
    ShownMedia {
        id: media.sha256.as_deref().filter(|digest| digest.len() == 32).map(hex),
        mime: media.mime.clone(),
        size: media.size,
        file_name: media.file_name.clone(),
        width: media.width,
        height: media.height,
        duration_ms: media.duration_ms,
        pages: media.pages,
        animated: media.animated || media.gif,
    }
}

const fn place(content: &Content) -> Option<&Geo> {
    match content {
        Content::Location(place) => Some(place),
        Content::LiveLocation(live) => Some(&live.point),
        _ => None,
    }
}

fn cards(content: &Content) -> Vec<ShownCard> {
    let Content::Contacts(cards) = content else {
        return Vec::new();
    };
    cards
        .iter()
        .map(|card| ShownCard {
            name: card.display_name.clone(),
            vcard: card.vcard.clone(),
            phones: card.phones.clone(),
        })
        .collect()
}

fn poll(mail: &Mail, account: &Account) -> Option<ShownPoll> {
    let Content::Poll(poll) = &mail.message.content else {
        return None;
    };
    let option = |name: &str| {
        let voters: Vec<_> = mail
            .votes
            .iter()
            .filter(|vote| vote.options.iter().any(|option| **option == *name))
            .map(|vote| account.author(&vote.by))
            .collect();
        let told = mail.tally.iter().find(|(option, _)| **option == *name);
        ShownOption {
            name: name.into(),
            votes: told.map_or(voters.len() as u64, |(_, votes)| *votes),
            voters,
        }
    };
    Some(ShownPoll {
        name: poll.name.clone(),
        max_choices: poll.max_choices,
        options: poll.options.iter().map(|name| option(name)).collect(),
    })
}

fn quote(quoted: &Quoted) -> ShownQuote {
    let sender: &Jid = &quoted.sender;
    ShownQuote {
        id: quoted.key.id.to_string(),
        sender: Address::from(sender),
        from_me: quoted.key.from == Origin::Me,
        r#type: quoted.kind.clone(),
        text: quoted.text.clone(),
    }
}
