//! From what an effect asks for to WhatsApp's message.
//!
//! Pure: nothing here keeps state, sends or stores.

use waspnest_core::clock::UnixMs;
use waspnest_core::effect::{QuoteOf, Send};
use waspnest_core::message::{Content, MessageKey, Origin};
use whatsapp_rust::wacore::proto_helpers::{MessageExt, build_quote_context, build_reaction_message};
use whatsapp_rust::waproto::whatsapp as wa;

use crate::jid;

/// A kind of content that cannot be sent yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("messages of kind {kind} cannot be sent")]
pub(crate) struct Unsendable {
    kind: &'static str,
}

/// A message to send.
pub(crate) fn outgoing(send: &Send) -> Result<wa::Message, Unsendable> {
    let mut message = body(&send.content)?;
    let mut context = send.quote.as_ref().map(quote).unwrap_or_default();
    context.mentioned_jid = send.mentions.iter().map(|jid| jid::to_wire(jid).to_string()).collect();
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
    build_quote_context(quote.key.id.as_str(), jid::to_wire(&quote.sender).to_string(), &quoted)
}

/// An emoji on a message; none takes it back.
pub(crate) fn reaction(target: &MessageKey, emoji: Option<&str>, now: UnixMs) -> wa::Message {
    let key = wa::MessageKey {
        remote_jid: Some(jid::to_wire(&target.chat).to_string()),
        from_me: Some(target.from == Origin::Me),
        id: Some(target.id.as_str().into()),
        participant: target
            .participant
            .as_ref()
            .map(|participant| jid::to_wire(participant).to_string()),
    };
    build_reaction_message(key, emoji.unwrap_or_default(), i64::try_from(now.0).unwrap_or(i64::MAX))
}
