//! Between the host's vocabulary and whatsapp-rust's, for what sessions need themselves.
//!
//! Pure: nothing here keeps state, sends or stores.

use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::effect::{QuoteOf, Send};
use waspnest_core::id::MessageId;
use waspnest_core::message::{Content, Message, MessageKey, Origin, Reaction, Text};
use whatsapp_rust::types::message::MessageInfo;
use whatsapp_rust::wacore::proto_helpers::{MessageExt, build_quote_context, build_reaction_message};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{Jid as WireJid, Server};

/// A kind of content that cannot be sent yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("messages of kind {kind} cannot be sent")]
pub(crate) struct Unsendable {
    kind: &'static str,
}

pub(crate) fn to_wire(jid: &Jid) -> WireJid {
    match jid {
        Jid::Phone(user) => WireJid::pn(user.as_ref()),
        Jid::Lid(user) => WireJid::lid(user.as_ref()),
        Jid::Group(user) => WireJid::group(user.as_ref()),
        Jid::Newsletter(user) => WireJid::newsletter(user.as_ref()),
        Jid::Status => WireJid::status_broadcast(),
        Jid::Broadcast(user) => WireJid::new(user.as_ref(), Server::Broadcast),
        Jid::Bot(user) => WireJid::new(user.as_ref(), Server::Bot),
    }
}

pub(crate) fn from_wire(jid: &WireJid) -> Option<Jid> {
    jid.to_non_ad().to_string().parse().ok()
}

/// A person by one or two addresses.
pub(crate) fn party(jid: &WireJid, alt: Option<&WireJid>) -> Option<Party> {
    let jid = from_wire(jid)?;
    let alt = alt.and_then(from_wire).filter(|alt| *alt != jid);
    Some(Party {
        jid,
        alt,
        push_name: None,
    })
}

/// A message to send.
pub(crate) fn outgoing(send: &Send) -> Result<wa::Message, Unsendable> {
    let mut message = body(&send.content)?;
    let mut context = send.quote.as_ref().map(quote).unwrap_or_default();
    context.mentioned_jid = send.mentions.iter().map(|jid| to_wire(jid).to_string()).collect();
    if send.quote.is_some() || !send.mentions.is_empty() {
        message.set_context_info(context);
    }
    Ok(message)
}

fn body(content: &Content) -> Result<wa::Message, Unsendable> {
    match content {
        Content::Text(text) => Ok(wa::Message {
            extended_text_message: whatsapp_rust::buffa::MessageField::some(wa::message::ExtendedTextMessage {
                text: Some(text.body.as_ref().into()),
                ..Default::default()
            }),
            ..Default::default()
        }),
        content => Err(Unsendable { kind: content.kind() }),
    }
}

fn quote(quote: &QuoteOf) -> wa::ContextInfo {
    let quoted = quote
        .content
        .as_deref()
        .and_then(|content| body(content).ok())
        .unwrap_or_default();
    build_quote_context(quote.key.id.as_str(), to_wire(&quote.sender).to_string(), &quoted)
}

/// An emoji on a message; none takes it back.
pub(crate) fn reaction(target: &MessageKey, emoji: Option<&str>, now: UnixMs) -> wa::Message {
    let key = wa::MessageKey {
        remote_jid: Some(to_wire(&target.chat).to_string()),
        from_me: Some(target.from == Origin::Me),
        id: Some(target.id.as_str().into()),
        participant: target
            .participant
            .as_ref()
            .map(|participant| to_wire(participant).to_string()),
    };
    build_reaction_message(key, emoji.unwrap_or_default(), i64::try_from(now.0).unwrap_or(i64::MAX))
}

/// A message that came in; none for the protocol's own bookkeeping.
pub(crate) fn incoming(message: &wa::Message, info: &MessageInfo) -> Option<Message> {
    let base = message.get_base_message();
    let source = &info.source;
    let chat = from_wire(&source.chat)?;
    let content = if let Some(text) = base.text_content() {
        Content::Text(Text {
            body: text.into(),
            preview: None,
        })
    } else if let Some(reaction) = base.reaction_message.as_option() {
        let target = reaction.key.as_option()?;
        let from = if target.from_me.unwrap_or_default() == source.is_from_me {
            Origin::Me
        } else {
            Origin::Them
        };
        let key = MessageKey {
            chat: chat.clone(),
            id: target.id.as_deref()?.parse().ok()?,
            from,
            participant: None,
        };
        Content::Reaction(Reaction {
            target: key,
            emoji: reaction.text.as_deref().filter(|text| !text.is_empty()).map(Into::into),
        })
    } else {
        return None;
    };
    let mut sender = party(&source.sender, source.sender_alt.as_ref())?;
    sender.push_name = Some(info.push_name.as_str())
        .filter(|name| !name.is_empty())
        .map(Into::into);
    let id: MessageId = info.id.as_str().parse().ok()?;
    let from = if source.is_from_me { Origin::Me } else { Origin::Them };
    let participant = (!chat.is_person()).then(|| sender.jid.clone());
    Some(Message {
        chat_kind: chat.chat_kind(),
        key: MessageKey {
            chat,
            id,
            from,
            participant,
        },
        chat_name: None,
        sender,
        timestamp: UnixMs(u64::try_from(info.timestamp.timestamp_millis()).unwrap_or_default()),
        content,
        quoted: None,
        mentions: Vec::new(),
        mentions_me: false,
        mentions_all: false,
        edit_of: None,
        album_of: None,
        thread: None,
        forwarded_score: 0,
        view_once: false,
        ephemeral_s: info.ephemeral_expiration,
        spoiler: false,
        offline: info.is_offline,
        history: false,
        device: Some(source.sender.device),
    })
}
