//! Polls: asking, voting and counting. Votes are encrypted for whoever has the poll; the simulated server never reads one.

use std::sync::Arc;

use whatsapp_rust::Jid;
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::wacore::poll::{PollVoteCiphertext, compute_option_hash, encrypt_poll_vote_with_secret};
use whatsapp_rust::wacore::time::now_millis;
use whatsapp_rust::wacore_binary::JidExt;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::{
    PollCreationMessage, PollEncValue, PollUpdateMessage, poll_creation_message,
};

use super::changing::key_of;
use super::{Heard, Human, HumanError, address};

/// Bytes of the secret a poll's votes are encrypted from.
const SECRET: usize = 32;

/// One option of a poll and who chose it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct PollCount {
    /// The option's text.
    pub option: String,
    /// JIDs of those who chose it, without device.
    pub voters: Vec<String>,
}

impl Human {
    /// Asks a question of which at most `choices` options may be chosen (0 for any number). Returns the poll's message id.
    pub async fn ask(&self, to: &str, question: &str, options: &[String], choices: u32) -> Result<String, HumanError> {
        let creation = PollCreationMessage {
            name: Some(question.to_owned()),
            options: options
                .iter()
                .map(|option| poll_creation_message::Option {
                    option_name: Some(option.clone()),
                    ..poll_creation_message::Option::default()
                })
                .collect(),
            selectable_options_count: Some(choices),
            ..PollCreationMessage::default()
        };
        let secret: [u8; SECRET] = rand::random();
        let mut message = wa::Message {
            message_context_info: MessageField::some(wa::MessageContextInfo {
                message_secret: Some(secret.to_vec()),
                ..wa::MessageContextInfo::default()
            }),
            ..wa::Message::default()
        };
        // Clients use another field for polls with one choice.
        if choices == 1 {
            message.poll_creation_message_v3 = MessageField::some(creation);
        } else {
            message.poll_creation_message = MessageField::some(creation);
        }
        self.deliver(&address::parse(to)?, message).await
    }

    /// Chooses `options` of a poll; none of them takes an earlier choice back. Returns the vote's message id.
    pub async fn vote(&self, poll: &Heard, options: &[String]) -> Result<String, HumanError> {
        let secret = secret_of(&poll.message).ok_or_else(|| HumanError::UnknownMessage { id: poll.id.clone() })?;
        let creator = poll.wire.sender.to_non_ad();
        // Both names are of one kind, and it is the poll's.
        let voter = if creator.is_lid() {
            Jid::lid(self.account().lid.as_str())
        } else {
            Jid::pn(self.account().phone.as_str())
        };
        let chosen: Vec<Vec<u8>> = options
            .iter()
            .map(|option| compute_option_hash(option).to_vec())
            .collect();
        let (payload, iv) =
            encrypt_poll_vote_with_secret(&chosen, secret, &poll.id, &creator.to_string(), &voter.to_string())
                .map_err(|source| HumanError::Send { source: source.into() })?;
        let vote = PollUpdateMessage {
            poll_creation_message_key: MessageField::some(key_of(poll)),
            vote: MessageField::some(PollEncValue {
                enc_payload: Some(payload),
                enc_iv: Some(iv.to_vec()),
            }),
            sender_timestamp_ms: Some(now_millis()),
            ..PollUpdateMessage::default()
        };
        let message = wa::Message {
            poll_update_message: MessageField::some(vote),
            ..wa::Message::default()
        };
        self.deliver(&poll.wire.chat, message).await
    }

    /// The votes heard so far for poll `id`, which this human asked lately; the latest of each voter counts.
    pub async fn poll_count(&self, id: &str) -> Result<Vec<PollCount>, HumanError> {
        let unknown = || HumanError::UnknownMessage { id: id.to_owned() };
        let asked = self.inner.said.find(id).ok_or_else(unknown)?;
        let secret = secret_of(&asked.message).ok_or_else(unknown)?;
        let creation = [
            &asked.message.poll_creation_message_v3,
            &asked.message.poll_creation_message,
        ]
        .into_iter()
        .find_map(|field| field.as_option())
        .ok_or_else(unknown)?;
        let options: Vec<String> = creation
            .options
            .iter()
            .filter_map(|option| option.option_name.clone())
            .collect();
        let votes: Vec<(Jid, Arc<wa::Message>)> = self.inner.ears.look(|inbox| {
            let of_poll = inbox
                .rows()
                .filter(|row| vote_in(&row.message).is_some_and(|(poll, _)| poll == id));
            of_poll
                .map(|row| (row.wire.sender.clone(), Arc::clone(&row.message)))
                .collect()
        });
        let sealed: Vec<(&Jid, PollVoteCiphertext<'_>)> = votes
            .iter()
            .filter_map(|(voter, message)| Some((voter, vote_in(message)?.1)))
            .collect();
        let creator = if asked.to.is_group() {
            Jid::lid(self.account().lid.as_str())
        } else {
            Jid::pn(self.account().phone.as_str())
        };
        let client = self.client()?;
        let counted = client
            .polls()
            .aggregate_votes(&options, &sealed, secret, id, &creator)
            .await
            .map_err(|source| HumanError::Unreadable { source: source.into() })?;
        Ok(counted
            .into_iter()
            .map(|result| PollCount {
                option: result.name,
                voters: result.voters,
            })
            .collect())
    }
}

fn secret_of(message: &wa::Message) -> Option<&[u8]> {
    message.message_context_info.as_option()?.message_secret.as_deref()
}

/// The poll a message votes in, and the sealed vote.
fn vote_in(message: &wa::Message) -> Option<(&str, PollVoteCiphertext<'_>)> {
    let update = message.poll_update_message.as_option()?;
    let vote = update.vote.as_option()?;
    let sealed = PollVoteCiphertext {
        enc_payload: vote.enc_payload.as_deref()?,
        enc_iv: vote.enc_iv.as_deref()?,
    };
    Some((update.poll_creation_message_key.as_option()?.id.as_deref()?, sealed))
}
