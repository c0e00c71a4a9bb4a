//! What real clients send: the stanzas of two people who link, talk, react and read.

use std::time::Duration;

use whatsapp_rust::wacore_binary::Node;
use whatsapp_rust::wacore_binary::marshal::unmarshal_ref;

use crate::human::{Human, Typing};
use crate::{Account, Config, NewAccount, Simulator};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Corpus {
    /// Unpacked stanzas.
    pub(super) bytes: Vec<Vec<u8>>,
    pub(super) nodes: Vec<Node>,
    pub(super) accounts: Vec<Account>,
}

impl Corpus {
    pub(super) async fn record() -> Self {
        let simulator = Simulator::start(Config::default()).await.unwrap();
        let person = |name: &str| NewAccount {
            push_name: name.to_owned(),
            phone: None,
        };
        let anna = Human::join(&simulator, person("Anna")).await.unwrap();
        let ben = Human::join(&simulator, person("Ben")).await.unwrap();
        let to_ben = &ben.account().phone;
        anna.typing(to_ben, Typing::Composing).await.unwrap();
        anna.say(to_ben, "hello").await.unwrap();
        let heard = ben.wait_for(|_| true, PATIENCE).await.unwrap();
        ben.read(&heard).await.unwrap();
        ben.react(&heard, "👍").await.unwrap();
        ben.reply(&heard, "yes?").await.unwrap();
        anna.wait_for(|heard| heard.text.as_deref() == Some("yes?"), PATIENCE)
            .await
            .unwrap();
        let bytes = simulator.received_bytes();
        simulator.shutdown().await;
        let nodes = bytes
            .iter()
            .map(|bytes| unmarshal_ref(bytes).unwrap().to_owned())
            .collect();
        let accounts = vec![anna.account().clone(), ben.account().clone()];
        Self { bytes, nodes, accounts }
    }
}
