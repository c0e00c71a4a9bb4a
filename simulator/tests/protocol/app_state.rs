//! App state: what one device of an account does, its other devices see, and a patch that is wrong is refused.

use waspnest_simulator::{Config, MessageAuthor, PhoneAction, Simulator};
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::request::{InfoQuery, InfoQueryType};
use whatsapp_rust::sync_task::MajorSyncTask;
use whatsapp_rust::wacore::appstate::encode::encode_record;
use whatsapp_rust::wacore::appstate::hash::{HashState, generate_patch_mac};
use whatsapp_rust::wacore::appstate::keys::{ExpandedAppStateKeys, expand_app_state_keys};
use whatsapp_rust::wacore::appstate::patch_decode::WAPatchName;
use whatsapp_rust::wacore::store::traits::AppSyncStore as _;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore_binary::{Node, NodeContent};
use whatsapp_rust::waproto::whatsapp::syncd_mutation::SyncdOperation;
use whatsapp_rust::waproto::whatsapp::{KeyId, SyncActionValue, SyncdPatch};
use whatsapp_rust::{Jid, NodeBuilder};

use crate::client::{Companion, PATIENCE, end, settled, strict};

const CHAT: &str = "4915112345678@s.whatsapp.net";

fn chat() -> Jid {
    CHAT.parse().unwrap()
}

/// The records of an account's app state about `name`, as its phone has them.
fn on_phone(simulator: &Simulator, of: &Companion, name: &str) -> Vec<serde_json::Value> {
    let entries = simulator.app_state(&of.account.phone).unwrap();
    entries
        .into_iter()
        .filter(|entry| entry.index[0] == name)
        .map(|entry| entry.value)
        .collect()
}

/// Has a companion fetch what is new. Clients are told, but drop a notice that comes while they are at it.
async fn catch_up(companion: &Companion) {
    for name in [
        WAPatchName::CriticalBlock,
        WAPatchName::CriticalUnblockLow,
        WAPatchName::RegularHigh,
        WAPatchName::Regular,
        WAPatchName::RegularLow,
    ] {
        let task = MajorSyncTask::AppStateSync { name, full_sync: false };
        companion.client().process_sync_task(task).await;
    }
}

/// Waits until the server has told a companion that there is something new in a collection.
async fn told(simulator: &Simulator, companion: &Companion, collection: &str, version: u64) {
    let what = format!("<collection name=\"{collection}\" version=\"{version}\"/>");
    let notice = simulator.wait_stanza(
        0,
        |stanza| stanza.tag == "notification" && stanza.device == Some(companion.device) && stanza.xml.contains(&what),
        PATIENCE,
    );
    notice.await.unwrap();
}

async fn sees_archived(companion: &Companion, wanted: bool) {
    catch_up(companion).await;
    companion
        .events
        .first("an archived chat", |event| match event {
            Event::ArchiveUpdate(update) if update.jid == chat() && update.action.archived == Some(wanted) => Some(()),
            _ => None,
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_companion_does_its_sibling_and_its_phone_see() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let first = Companion::join(&simulator, "Ada").await;
    let mut second = Companion::link(&simulator, first.account.clone()).await;
    first.client().chat_actions().archive_chat(&chat(), None).await.unwrap();
    told(&simulator, &second, "regular_low", 1).await;
    sees_archived(&second, true).await;
    assert_eq!(
        on_phone(&simulator, &first, "archive")[0]["archive_chat_action"]["archived"],
        true
    );

    second
        .client()
        .chat_actions()
        .unarchive_chat(&chat(), None)
        .await
        .unwrap();
    sees_archived(&first, false).await;
    let archived = on_phone(&simulator, &first, "archive");
    assert_eq!(archived.len(), 1, "the record was replaced");
    assert_eq!(archived[0]["archive_chat_action"]["archived"], false);

    // What happens while a companion is away it learns when it is back.
    settled(&simulator).await;
    second.stop().await;
    first.client().chat_actions().mute_chat(&chat()).await.unwrap();
    second.start().await;
    second.connected().await;
    catch_up(&second).await;
    second
        .events
        .first("a silenced chat", |event| match event {
            Event::MuteUpdate(update) if update.jid == chat() => (update.action.muted == Some(true)).then_some(()),
            _ => None,
        })
        .await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn companions_that_change_the_same_collection_at_once_both_get_their_way() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let first = Companion::join(&simulator, "Ada").await;
    let second = Companion::link(&simulator, first.account.clone()).await;
    let chats = |from: u64| (from..from + 8).map(|n| Jid::pn(format!("49151{n:07}")));
    let pin = |companion: &Companion, jid: Jid| {
        let client = companion.client();
        async move { client.chat_actions().pin_chat(&jid).await.unwrap() }
    };
    // One of each pair is too late, takes in what the other did and tries again.
    for (one, other) in chats(100).zip(chats(200)) {
        tokio::join!(pin(&first, one), pin(&second, other));
    }
    assert_eq!(on_phone(&simulator, &first, "pin_v1").len(), 16);
    for companion in [&first, &second] {
        catch_up(companion).await;
        let theirs = if companion.device == first.device { 200 } else { 100 };
        companion
            .events
            .until("the other's pins", |events| {
                let pinned = events.all(|event| match event {
                    Event::PinUpdate(update) => Some(update.jid.clone()),
                    _ => None,
                });
                chats(theirs).all(|jid| pinned.contains(&jid)).then_some(())
            })
            .await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_on_the_phone_every_companion_sees() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let companion = Companion::join(&simulator, "Ada").await;
    let act = |action: PhoneAction| simulator.act_on_phone(&companion.account.phone, &action).unwrap();
    let (there, id) = (CHAT.to_owned(), "3EB0AA".to_owned());
    act(PhoneAction::Pin { chat: there.clone() });
    act(PhoneAction::Mute {
        chat: there.clone(),
        until_ms: Some(7),
    });
    act(PhoneAction::MarkUnread { chat: there.clone() });
    let author = MessageAuthor::Them;
    act(PhoneAction::Star {
        chat: there.clone(),
        id: id.clone(),
        author: author.clone(),
    });
    act(PhoneAction::DeleteForMe {
        chat: there.clone(),
        id,
        author,
    });
    act(PhoneAction::ClearChat { chat: there.clone() });
    act(PhoneAction::DeleteChat { chat: there.clone() });
    act(PhoneAction::SaveContact {
        contact: "4915112345678".to_owned(),
        full_name: "Ben Bauer".to_owned(),
        first_name: None,
    });
    act(PhoneAction::EditLabel {
        label: "3".to_owned(),
        name: "Friends".to_owned(),
        color: 2,
    });
    act(PhoneAction::LabelChat {
        label: "3".to_owned(),
        chat: there,
    });
    act(PhoneAction::SetPushName {
        name: "Ada L.".to_owned(),
    });

    let seen = |event: &Event| {
        Some(match event {
            Event::PinUpdate(update) if update.jid == chat() => "pin",
            Event::MuteUpdate(update) if update.action.mute_end_timestamp == Some(7) => "mute",
            Event::MarkChatAsReadUpdate(update) if update.action.read == Some(false) => "unread",
            Event::StarUpdate(update) if update.message_id == "3EB0AA" && !update.from_me => "star",
            Event::DeleteMessageForMeUpdate(update) if update.message_id == "3EB0AA" => "delete for me",
            Event::ClearChatUpdate(update) if update.jid == chat() && update.delete_media => "clear",
            Event::DeleteChatUpdate(update) if update.jid == chat() => "delete",
            Event::ContactUpdate(update) if update.action.full_name.as_deref() == Some("Ben Bauer") => "contact",
            Event::LabelEditUpdate(update) if update.action.name.as_deref() == Some("Friends") => "label",
            Event::LabelAssociationUpdate(update) if update.action.labeled == Some(true) => "labelled chat",
            Event::SelfPushNameUpdated(update) if update.new_name == "Ada L." => "push name",
            _ => return None,
        })
    };
    catch_up(&companion).await;
    companion
        .events
        .until("eleven actions", |events| {
            let mut kinds = events.all(seen);
            kinds.sort_unstable();
            kinds.dedup();
            (kinds.len() == 11).then_some(())
        })
        .await;

    // What is undone is undone: a record that is removed is not there for a companion that comes later.
    act(PhoneAction::RemoveContact {
        contact: "4915112345678".to_owned(),
    });
    assert!(on_phone(&simulator, &companion, "contact").is_empty());
    let late = Companion::link(&simulator, companion.account.clone()).await;
    assert_eq!(late.client().push_name(), "Ada L.");
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_reaches_companions_before_they_need_it() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let first = Companion::join(&simulator, "Ada").await;
    let second = Companion::link(&simulator, first.account.clone()).await;
    first.client().chat_actions().pin_chat(&chat()).await.unwrap();
    let old = first.store().get_latest_sync_key_id().await.unwrap();
    simulator.rotate_app_state_key(&first.account.phone).unwrap();
    for companion in [&first, &second] {
        // Nothing tells when a client has stored what it was sent.
        let stored = async {
            while companion.store().get_latest_sync_key_id().await.unwrap() == old {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, stored).await.unwrap();
    }
    let archive = PhoneAction::Archive { chat: CHAT.to_owned() };
    simulator.act_on_phone(&first.account.phone, &archive).unwrap();
    sees_archived(&first, true).await;
    sees_archived(&second, true).await;
    second
        .client()
        .chat_actions()
        .unarchive_chat(&chat(), None)
        .await
        .unwrap();
    sees_archived(&first, false).await;
    // Older records are still readable for somebody new.
    let third = Companion::link(&simulator, first.account.clone()).await;
    catch_up(&third).await;
    third
        .events
        .first("a pinned chat", |event| {
            matches!(event, Event::PinUpdate(_)).then_some(())
        })
        .await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_past_comes_as_a_snapshot_and_what_was_missed_comes_in_parts() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut first = Companion::join(&simulator, "Ada").await;
    catch_up(&first).await;
    settled(&simulator).await;
    first.stop().await;
    for _ in 0..60 {
        for chat in [CHAT, "4915100000001"] {
            let chat = chat.to_owned();
            simulator
                .act_on_phone(&first.account.phone, &PhoneAction::Pin { chat: chat.clone() })
                .unwrap();
            simulator
                .act_on_phone(&first.account.phone, &PhoneAction::Unpin { chat })
                .unwrap();
        }
    }
    let pins = |companion: &Companion| {
        companion
            .events
            .all(|event| matches!(event, Event::PinUpdate(_)).then_some(()))
            .len()
    };
    // Somebody new learns of two chats that are not pinned, not of 240 times that something was done to them.
    let second = Companion::link(&simulator, first.account.clone()).await;
    catch_up(&second).await;
    let snapshots = simulator.stanzas(0, usize::MAX);
    assert_eq!(
        snapshots
            .iter()
            .filter(|stanza| stanza.xml.contains("<snapshot>"))
            .count(),
        1
    );
    assert_eq!(second.store().get_version(FORGED).await.unwrap().version, 240);
    assert_eq!(pins(&second), 2);
    second
        .client()
        .chat_actions()
        .archive_chat(&chat(), None)
        .await
        .unwrap();

    // Somebody who was away catches up, in more than one answer; snapshots are for those who have nothing.
    first.start().await;
    first.connected().await;
    catch_up(&first).await;
    assert_eq!(first.store().get_version(FORGED).await.unwrap().version, 241);
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_version_and_asks_for_a_snapshot_has_lost_its_way_and_gets_one() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let companion = Companion::join(&simulator, "Ada").await;
    for (asks, gets) in [("true", true), ("false", false)] {
        let collection = NodeBuilder::new("collection")
            .attr("name", "critical_block")
            .attr("version", 1_u8)
            .attr("return_snapshot", asks)
            .build();
        let answer = sync(&companion, collection).await;
        assert_eq!(answer.get_optional_child("snapshot").is_some(), gets);
    }
    let unknown = NodeBuilder::new("collection").attr("name", "irregular").build();
    assert_eq!(code(&sync(&companion, unknown).await).as_deref(), Some("404"));
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_a_snapshot_gets_one_and_builds_on_it() {
    let always = Config {
        snapshot_after: 0,
        ..Config::default()
    };
    let simulator = Simulator::start(always).await.unwrap();
    let companion = Companion::join(&simulator, "Ada").await;
    assert_eq!(companion.client().push_name(), "Ada");
    companion.client().chat_actions().pin_chat(&chat()).await.unwrap();
    let snapshots = || {
        let stanzas = simulator.stanzas(0, usize::MAX);
        stanzas
            .iter()
            .filter(|stanza| stanza.xml.contains("<snapshot>"))
            .count()
    };
    let before = snapshots();
    let task = MajorSyncTask::AppStateSync {
        name: WAPatchName::RegularLow,
        full_sync: true,
    };
    companion.client().process_sync_task(task).await;
    assert_eq!(snapshots(), before + 1);
    companion.client().chat_actions().unpin_chat(&chat()).await.unwrap();
    assert_eq!(
        on_phone(&simulator, &companion, "pin_v1")[0]["pin_action"]["pinned"],
        false
    );
    end(simulator).await;
}

/// What a companion builds patches from.
struct Forger {
    key_id: Vec<u8>,
    keys: ExpandedAppStateKeys,
    base: HashState,
}

const FORGED: &str = "regular_low";

impl Forger {
    async fn new(companion: &Companion) -> Self {
        let store = companion.store();
        let key_id = store.get_latest_sync_key_id().await.unwrap().unwrap();
        let key = store.get_sync_key(&key_id).await.unwrap().unwrap();
        Self {
            keys: expand_app_state_keys(&key.key_data),
            key_id,
            base: store.get_version(FORGED).await.unwrap(),
        }
    }

    /// A patch with one record, spoiled on the way by `value` and `index`, then sealed with right MACs, then spoiled by `sealed`.
    fn patch(
        &self,
        record: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>),
        snapshot: impl FnOnce(&mut Vec<u8>),
        sealed: impl FnOnce(&mut SyncdPatch),
    ) -> Vec<u8> {
        let value = SyncActionValue {
            timestamp: Some(1),
            ..SyncActionValue::default()
        };
        let index = format!(r#"["archive","{CHAT}"]"#);
        let (mut mutation, _) = encode_record(
            SyncdOperation::SET,
            index.as_bytes(),
            &value,
            &self.keys,
            &self.key_id,
            &[3; 16],
            3,
        );
        let inner = mutation.record.get_or_insert_default();
        record(
            inner.value.get_or_insert_default().blob.as_mut().unwrap(),
            inner.index.get_or_insert_default().blob.as_mut().unwrap(),
        );
        let mut hash = self.base.clone();
        hash.version += 1;
        hash.update_hash(std::slice::from_ref(&mutation), |_, _| Ok(None))
            .1
            .unwrap();
        let mut mac = hash.generate_snapshot_mac(FORGED, &self.keys.snapshot_mac);
        snapshot(&mut mac);
        let mut patch = SyncdPatch {
            snapshot_mac: Some(mac),
            key_id: whatsapp_rust::buffa::MessageField::some(KeyId {
                id: Some(self.key_id.clone()),
            }),
            mutations: vec![mutation],
            ..SyncdPatch::default()
        };
        patch.patch_mac = Some(generate_patch_mac(&patch, FORGED, &self.keys.patch_mac, hash.version));
        sealed(&mut patch);
        patch.encode_to_vec()
    }
}

/// Uploads a patch; the collection in the answer.
async fn upload(companion: &Companion, base: u64, patch: Vec<u8>) -> Node {
    let collection = NodeBuilder::new("collection")
        .attr("name", FORGED)
        .attr("version", base)
        .attr("return_snapshot", "false")
        .children([NodeBuilder::new("patch").bytes(patch).build()])
        .build();
    sync(companion, collection).await
}

/// Sends a request about one collection; the collection in the answer.
async fn sync(companion: &Companion, collection: Node) -> Node {
    let query = InfoQuery {
        namespace: "w:sync:app:state",
        query_type: InfoQueryType::Set,
        to: Jid::new("", whatsapp_rust::wacore_binary::Server::Pn),
        target: None,
        id: None,
        content: Some(NodeContent::Nodes(vec![
            NodeBuilder::new("sync").children([collection]).build(),
        ])),
        timeout: None,
    };
    let answer = companion.client().send_iq(query).await.unwrap().get().to_owned();
    answer
        .get_optional_child_by_tag(&["sync", "collection"])
        .unwrap()
        .clone()
}

fn code(collection: &Node) -> Option<String> {
    let error = collection.get_optional_child("error")?;
    Some(error.attrs.get("code")?.as_str().into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_with_a_wrong_mac_is_refused_and_a_stale_one_is_told_what_it_missed() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let companion = Companion::join(&simulator, "Ada").await;
    let forger = Forger::new(&companion).await;
    let base = forger.base.version;
    let flip = |bytes: &mut Vec<u8>| *bytes.last_mut().unwrap() ^= 1;
    let wrong = [
        ("a value", forger.patch(|value, _| value[17] ^= 1, |_| {}, |_| {})),
        ("a value's MAC", forger.patch(|value, _| flip(value), |_| {}, |_| {})),
        ("an index MAC", forger.patch(|_, index| flip(index), |_| {}, |_| {})),
        ("the snapshot MAC", forger.patch(|_, _| {}, flip, |_| {})),
        (
            "the patch MAC",
            forger.patch(|_, _| {}, |_| {}, |patch| flip(patch.patch_mac.as_mut().unwrap())),
        ),
        (
            "the key",
            forger.patch(
                |_, _| {},
                |_| {},
                |patch| flip(patch.key_id.get_or_insert_default().id.as_mut().unwrap()),
            ),
        ),
        ("the encoding", b"\xff".to_vec()),
    ];
    for (part, patch) in wrong {
        let refused = upload(&companion, base, patch).await;
        assert_eq!(code(&refused).as_deref(), Some("400"), "{part}");
    }
    assert!(on_phone(&simulator, &companion, "archive").is_empty());

    let right = forger.patch(|_, _| {}, |_| {}, |_| {});
    let taken = upload(&companion, base, right.clone()).await;
    assert_eq!(code(&taken), None);
    assert_eq!(on_phone(&simulator, &companion, "archive").len(), 1);

    let stale = upload(&companion, base, right).await;
    assert_eq!(code(&stale).as_deref(), Some("409"));
    let missed = stale.get_optional_child("patches").unwrap().children().unwrap();
    assert_eq!(missed.len(), 1);
    end(simulator).await;
}
