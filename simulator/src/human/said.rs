//! What a human said lately, so that it can quote and react to its own messages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use whatsapp_rust::Jid;
use whatsapp_rust::waproto::whatsapp as wa;

use super::line::lock;

/// Messages remembered per human.
const REMEMBERED: usize = 500;

/// One message this human sent.
#[derive(Clone)]
pub(crate) struct Utterance {
    id: String,
    pub(crate) to: Jid,
    pub(crate) message: Arc<wa::Message>,
}

/// The latest messages this human sent.
#[derive(Default)]
pub(crate) struct Said {
    latest: Mutex<VecDeque<Utterance>>,
}

impl Said {
    pub(crate) fn remember(&self, id: &str, to: &Jid, message: wa::Message) {
        let mut latest = lock(&self.latest);
        if latest.len() == REMEMBERED {
            latest.pop_front();
        }
        latest.push_back(Utterance {
            id: id.to_owned(),
            to: to.clone(),
            message: Arc::new(message),
        });
    }

    pub(crate) fn find(&self, id: &str) -> Option<Utterance> {
        lock(&self.latest).iter().rev().find(|said| said.id == id).cloned()
    }
}
