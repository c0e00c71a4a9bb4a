//! History: what a phone tells its companions of the past.

use waspnest_simulator::{HistoryError, HistorySpec, NewAccount, PhoneChat, Simulator};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::group_participant::Rank;
use whatsapp_rust::waproto::whatsapp::history_sync::HistorySyncType;

use crate::client::{Companion, PATIENCE, Past, end, settled, strict};

/// Every chunk of history a client has taken in.
fn chunks(companion: &Companion) -> Vec<wa::HistorySync> {
    companion.events.all(|event| match event {
        Event::HistorySync(history) => history.get().cloned(),
        _ => None,
    })
}

/// Waits for a chunk of a kind.
async fn chunk(companion: &Companion, kind: HistorySyncType) -> wa::HistorySync {
    companion
        .events
        .first(&format!("{kind:?}"), |event| match event {
            Event::HistorySync(history) => history.get().filter(|chunk| chunk.sync_type == kind).cloned(),
            _ => None,
        })
        .await
}

fn ids(chat: &wa::Conversation) -> Vec<String> {
    let messages = chat.messages.iter();
    messages
        .map(|message| message.message.key.id.clone().unwrap())
        .collect()
}

fn remembered(simulator: &Simulator, of: &Companion) -> Vec<PhoneChat> {
    simulator.phone_chats(&of.account.phone).unwrap()
}

/// Waits until a phone remembers so many messages of its only chat: nothing tells when it has read its mail.
async fn remembers(simulator: &Simulator, of: &Companion, messages: usize) {
    let reading = async {
        while remembered(simulator, of)
            .first()
            .is_none_or(|chat| chat.messages.len() < messages)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_is_told_the_whole_past_when_it_is_linked() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = NewAccount {
        push_name: "Ada".to_owned(),
        ..NewAccount::default()
    };
    let ada = simulator.create_account(ada).unwrap();
    let spec = HistorySpec {
        chats: 60,
        messages: 30,
        groups: 0,
    };
    simulator.invent_history(&ada.phone, spec).unwrap();
    let companion = Companion::link_with(&simulator, ada, Past::Taken).await;
    let first = chunk(&companion, HistorySyncType::INITIAL_BOOTSTRAP).await;
    let names = chunk(&companion, HistorySyncType::PUSH_NAME).await;
    // A client takes chunks in as they come in, not in order.
    let all = companion
        .events
        .until("five chunks", |_| {
            Some(chunks(&companion)).filter(|chunks| chunks.len() == 5)
        })
        .await;
    let of_kind = |kind| all.iter().filter(move |chunk| chunk.sync_type == kind);
    assert_eq!(of_kind(HistorySyncType::NON_BLOCKING_DATA).count(), 1);
    let mut recent: Vec<_> = of_kind(HistorySyncType::RECENT).collect();
    recent.sort_by_key(|chunk| chunk.chunk_order);
    assert_eq!(
        recent.iter().map(|chunk| chunk.progress).collect::<Vec<_>>(),
        [Some(50), Some(100)]
    );
    assert_eq!(
        (names.pushnames.len(), first.phone_number_to_lid_mappings.len()),
        (60, 60)
    );

    // Put together, every chat is what the phone remembers, the newest message first.
    for chat in remembered(&simulator, &companion) {
        let parts = [&first].into_iter().chain(recent.iter().copied());
        let told: Vec<String> = parts
            .flat_map(|chunk| chunk.conversations.iter().filter(|told| told.id == chat.chat))
            .flat_map(ids)
            .collect();
        let mut kept: Vec<String> = chat.messages.into_iter().map(|message| message.id).collect();
        kept.reverse();
        assert_eq!(told, kept);
    }
    settled(&simulator).await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_really_happened_is_part_of_the_past() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = Companion::join(&simulator, "Ada").await;
    let ben = Companion::join(&simulator, "Ben").await;
    let hello = ada.say(&ben.account, "hello").await;
    ben.events.text("hello").await;
    let hi = ben.say(&ada.account, "hi").await;
    ada.events.text("hi").await;
    settled(&simulator).await;
    remembers(&simulator, &ada, 2).await;
    let late = Companion::link_with(&simulator, ada.account.clone(), Past::Taken).await;
    let told = chunk(&late, HistorySyncType::INITIAL_BOOTSTRAP).await;
    assert_eq!(told.conversations.len(), 1);
    let chat = &told.conversations[0];
    assert_eq!(chat.id, ben.account.jid());
    assert_eq!(ids(chat), [hi, hello]);
    assert_eq!(chat.messages[1].message.key.from_me, Some(true));
    // So little travels in the notification itself.
    let names = chunk(&late, HistorySyncType::PUSH_NAME).await;
    assert_eq!(names.pushnames[0].pushname.as_deref(), Some("Ben"));
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_asks_for_more_of_a_chat() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = simulator.create_account(NewAccount::default()).unwrap();
    let spec = HistorySpec {
        chats: 2,
        messages: 10,
        groups: 0,
    };
    simulator.invent_history(&ada.phone, spec).unwrap();
    let companion = Companion::link_with(&simulator, ada, Past::Taken).await;
    let chat = remembered(&simulator, &companion).remove(0);
    let jid: Jid = chat.chat.parse().unwrap();
    let known = &chat.messages[8];
    let at_ms = i64::try_from(known.at_s).unwrap() * 1000;
    let client = companion.client();
    client
        .fetch_message_history(&jid, &known.id, known.from_me, at_ms, 5)
        .await
        .unwrap();
    let told = chunk(&companion, HistorySyncType::ON_DEMAND).await;
    let expected: Vec<&String> = chat.messages[3..8].iter().rev().map(|message| &message.id).collect();
    assert_eq!(ids(&told.conversations[0]).iter().collect::<Vec<_>>(), expected);
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_asks_for_a_message_it_could_not_read() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = Companion::join(&simulator, "Ada").await;
    let ben = Companion::join(&simulator, "Ben").await;
    let id = ben.say(&ada.account, "hello").await;
    ada.events.text("hello").await;
    remembers(&simulator, &ada, 1).await;
    let info = ada.events.all(|event| match event {
        Event::Messages(batch) => batch.iter().map(|one| one.info.clone()).find(|info| info.id == id),
        _ => None,
    });
    let client = ada.client();
    client.send_pdo_placeholder_resend_request(&info[0]).await.unwrap();
    ada.events
        .until("the message from the phone", |events| {
            let copies = events.texts();
            (copies.iter().filter(|(copy, _)| *copy == id).count() == 2).then_some(())
        })
        .await;
    end(simulator).await;
}

#[tokio::test]
async fn the_same_seed_invents_the_same_past_and_there_is_a_limit() {
    let mut pasts = Vec::new();
    for _ in 0..2 {
        let simulator = Simulator::start(strict()).await.unwrap();
        let ada = simulator.create_account(NewAccount::default()).unwrap();
        simulator
            .invent_history(
                &ada.phone,
                HistorySpec {
                    chats: 3,
                    messages: 4,
                    groups: 0,
                },
            )
            .unwrap();
        let chats = simulator.phone_chats(&ada.phone).unwrap();
        let chats = chats.into_iter().map(|chat| {
            let ids: Vec<_> = chat
                .messages
                .into_iter()
                .map(|message| (message.id, message.text))
                .collect();
            (chat.chat, chat.name, ids)
        });
        pasts.push(chats.collect::<Vec<_>>());
        let much = simulator.invent_history(
            &ada.phone,
            HistorySpec {
                chats: 1001,
                messages: 1,
                groups: 0,
            },
        );
        assert!(matches!(much, Err(HistoryError::TooMuch)));
        end(simulator).await;
    }
    assert_eq!(pasts[0], pasts[1]);
    assert_eq!(pasts[0].len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_has_groups_with_their_members_and_who_said_what() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let account = |name: &str| {
        let spec = NewAccount {
            push_name: name.to_owned(),
            phone: None,
        };
        simulator.create_account(spec).unwrap()
    };
    let (ada, ben, cleo) = (account("Ada"), account("Ben"), account("Cleo"));
    let group = simulator
        .create_group(&ada.phone, "Hikers", &[&ben.phone, &cleo.phone])
        .unwrap();
    let other = simulator.create_group(&ben.phone, "Cooks", &[&cleo.phone]).unwrap();
    let spec = HistorySpec {
        chats: 1,
        messages: 30,
        groups: 5,
    };
    simulator.invent_history(&ada.phone, spec).unwrap();
    let lids = [ada.lid_jid(), ben.lid_jid(), cleo.lid_jid()];
    let companion = Companion::link_with(&simulator, ada, Past::Taken).await;
    let first = chunk(&companion, HistorySyncType::INITIAL_BOOTSTRAP).await;
    assert!(first.conversations.iter().all(|chat| chat.id != other.jid));
    let hikers = first.conversations.iter().find(|chat| chat.id == group.jid);
    let hikers = hikers.expect("the group");
    assert_eq!(hikers.name.as_deref(), Some("Hikers"));
    assert_eq!((&hikers.lid_jid, hikers.read_only), (&None, Some(false)));
    let members: Vec<&str> = hikers
        .participant
        .iter()
        .map(|member| member.user_jid.as_str())
        .collect();
    assert_eq!(members, lids);
    let ranks: Vec<_> = hikers.participant.iter().map(|member| member.rank.unwrap()).collect();
    assert_eq!(ranks, [Rank::SUPERADMIN, Rank::REGULAR, Rank::REGULAR]);
    // Every message names who of them wrote it; those of the account itself name nobody.
    assert_eq!(hikers.messages.len(), 20);
    let mut wrote = [0; 3];
    for message in &hikers.messages {
        let message = &message.message;
        let by = match (&message.key.participant, message.key.from_me) {
            (None, Some(true)) => 0,
            (Some(lid), Some(false)) => lids.iter().position(|member| member == lid).unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(message.key.participant, message.participant);
        wrote[by] += 1;
    }
    assert!(wrote.iter().all(|count| *count > 0), "{wrote:?}");
    let rest = chunk(&companion, HistorySyncType::RECENT).await;
    assert!(rest.conversations.iter().any(|chat| chat.id == group.jid));
    // Only people have names of their own and two addresses.
    let names = chunk(&companion, HistorySyncType::PUSH_NAME).await;
    assert_eq!(
        (names.pushnames.len(), first.phone_number_to_lid_mappings.len()),
        (1, 1)
    );
    end(simulator).await;
}
