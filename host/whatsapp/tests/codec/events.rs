//! What whatsapp-rust tells beside messages, in the host's words.

use serde_json::{Value, json};
use waspnest_core::clock::UnixMs;
use waspnest_core::effect::Progress;
use waspnest_core::event::EventKind;
use waspnest_whatsapp::decode::event::{self, receipt};
use whatsapp_rust::Jid as WireJid;
use whatsapp_rust::types::call::{CallAction, IncomingCall, MissedCall, MissedReason};
use whatsapp_rust::types::events::*;
use whatsapp_rust::types::message::MessageSource;
use whatsapp_rust::types::presence::{ChatPresence, ChatPresenceMedia, ReceiptType};
use whatsapp_rust::wacore::chrono::{DateTime, Utc};
use whatsapp_rust::wacore::stanza::groups::GroupNotification;
use whatsapp_rust::wacore_binary::builder::NodeBuilder;
use whatsapp_rust::waproto::whatsapp::sync_action_value as action;

use crate::world::{ANNA, ANNAS_LID, BEN, GROUP, ME, at, me};

const NOW: UnixMs = UnixMs(1_790_000_000_500);

fn wire(text: &str) -> WireJid {
    waspnest_whatsapp::jid::to_wire(&at(text))
}

fn then() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a moment")
}

fn read(told: &Event) -> Option<EventKind> {
    event::event(told, Some(&me()), NOW)
}

/// Everything of an event, in the order of its fields.
fn shown(told: &Event) -> Value {
    json!(read(told))
}

fn source(chat: &str, sender: &str, alt: Option<&str>) -> MessageSource {
    MessageSource {
        chat: wire(chat),
        sender: wire(sender),
        sender_alt: alt.map(wire),
        ..Default::default()
    }
}

fn told_receipt(source: MessageSource, r#type: ReceiptType) -> Event {
    Event::Receipt(
        Receipt::builder()
            .source(source)
            .message_ids(vec!["M1".to_owned(), "M2".to_owned()])
            .timestamp(then())
            .r#type(r#type)
            .offline(false)
            .build(),
    )
}

#[test]
fn receipts_of_others_are_told() {
    let direct = |kind| told_receipt(source(ANNAS_LID, ANNAS_LID, Some(ANNA)), kind);
    let told = [
        shown(&direct(ReceiptType::Delivered)),
        shown(&direct(ReceiptType::Inactive)),
        shown(&direct(ReceiptType::Played)),
        shown(&told_receipt(source(GROUP, BEN, None), ReceiptType::Read)),
    ];
    insta::assert_json_snapshot!(told);
}

#[test]
fn bookkeeping_among_receipts_is_not() {
    for kind in [
        ReceiptType::Retry,
        ReceiptType::Sender,
        ReceiptType::Sent,
        ReceiptType::ReadSelf,
        ReceiptType::HistorySync,
        ReceiptType::ServerError,
    ] {
        assert_eq!(read(&told_receipt(source(ANNA, ANNA, None), kind)), None);
    }
    // The account's own devices say nothing about a recipient.
    assert_eq!(read(&told_receipt(source(ME, ME, None), ReceiptType::Read)), None);
}

#[test]
fn the_answer_of_the_server_is_a_receipt() {
    let ack = ServerAck::builder()
        .id("M1".to_owned())
        .class("message".to_owned())
        .from(wire(ANNA))
        .build();
    let failed = Progress::Failed {
        reason: "no".into(),
        code: Some(463),
    };
    let told = [Progress::Sent, failed].map(|progress| receipt::acknowledged(&ack, &progress, NOW));
    insta::assert_json_snapshot!(told);
    let later = Progress::Retry {
        not_before: NOW,
        error: "busy".into(),
    };
    assert_eq!(receipt::acknowledged(&ack, &later, NOW), None);
}

/// The notification of one change of the group, made by Anna, as it comes over the wire.
fn group_changes(action: NodeBuilder) -> Vec<Value> {
    let node = NodeBuilder::new("notification")
        .attr("type", "w:gp2")
        .attr("id", "N1")
        .attr("from", GROUP)
        .attr("participant", ANNAS_LID)
        .attr("participant_pn", ANNA)
        .attr("t", "1790000000")
        .children([action.build()])
        .build();
    let notification = GroupNotification::try_from_node_ref(&node.as_node_ref()).expect("a notification of a group");
    let told = notification.actions.into_iter().map(|action| {
        let update = GroupUpdate::builder()
            .group_jid(notification.group_jid.clone())
            .maybe_participant(notification.participant.clone())
            .maybe_participant_pn(notification.participant_pn.clone())
            .timestamp(then())
            .is_lid_addressing_mode(true)
            .action(action)
            .build();
        shown(&Event::GroupUpdate(update))["Group"].clone()
    });
    told.collect()
}

#[test]
fn changes_of_groups_are_told() {
    let member = |jid: &str| NodeBuilder::new("participant").attr("jid", jid).build();
    let of = |tag: &'static str, jid: &str| NodeBuilder::new(tag).children([member(jid)]);
    let changes = [
        of("add", BEN),
        of("add", BEN).attr("reason", "invite"),
        of("remove", BEN),
        of("remove", ANNAS_LID),
        of("promote", BEN),
        of("demote", BEN),
        NodeBuilder::new("subject").attr("subject", "Trip"),
        NodeBuilder::new("description")
            .attr("id", "D1")
            .children([NodeBuilder::new("body").string_content("By the lake").build()]),
        NodeBuilder::new("announcement"),
        NodeBuilder::new("unlocked"),
        NodeBuilder::new("ephemeral").attr("expiration", "86400"),
        NodeBuilder::new("invite").attr("code", "abc"),
        NodeBuilder::new("delete"),
        NodeBuilder::new("create").children([NodeBuilder::new("group")
            .attr("id", "120363000000000001")
            .attr("subject", "Trip")
            .children([member(ME), member(BEN)])
            .build()]),
        NodeBuilder::new("reports"),
    ];
    let told: Vec<_> = changes.into_iter().flat_map(group_changes).collect();
    insta::assert_json_snapshot!(told);
}

#[test]
fn pictures_are_of_groups_and_of_people() {
    let picture = |whose, removed| {
        let told = PictureUpdate::builder()
            .jid(wire(whose))
            .author(wire(ANNA))
            .timestamp(then())
            .removed(removed)
            .picture_id("P1".to_owned());
        shown(&Event::PictureUpdate(told.build()))
    };
    insta::assert_json_snapshot!([picture(GROUP, false), picture(BEN, false), picture(BEN, true)]);
}

#[test]
fn presence_is_told() {
    let typing = |chat, state, media| {
        let told = ChatPresenceUpdate::builder()
            .source(source(chat, ANNA, None))
            .state(state)
            .media(media);
        shown(&Event::ChatPresence(told.build()))
    };
    let gone = PresenceUpdate::builder()
        .from(wire(ANNA))
        .unavailable(true)
        .last_seen(then());
    insta::assert_json_snapshot!([
        typing(ANNA, ChatPresence::Composing, ChatPresenceMedia::Text),
        typing(GROUP, ChatPresence::Composing, ChatPresenceMedia::Audio),
        typing(ANNA, ChatPresence::Paused, ChatPresenceMedia::Text),
        shown(&Event::Presence(gone.build())),
    ]);
}

#[test]
fn changes_of_people_are_told() {
    let number = ContactNumberChanged::builder()
        .old_jid(wire(BEN))
        .new_jid(wire(ANNA))
        .new_lid(wire(ANNAS_LID))
        .timestamp(then())
        .build();
    let about = UserAboutUpdate::builder()
        .jid(wire(ANNA))
        .status("Busy".to_owned())
        .timestamp(then())
        .build();
    let devices = DeviceListUpdate::builder()
        .user(wire(ANNA))
        .update_type(DeviceListUpdateType::Add)
        .devices(Vec::new())
        .build();
    let identity = IdentityChange::builder().user(wire(ANNA)).implicit(false).build();
    let timer = DisappearingModeChanged::builder()
        .from(wire(ANNA))
        .duration(86_400)
        .setting_timestamp(then())
        .build();
    insta::assert_json_snapshot!([
        shown(&Event::ContactNumberChanged(number)),
        shown(&Event::UserAboutUpdate(about)),
        shown(&Event::DeviceListUpdate(devices)),
        shown(&Event::IdentityChange(identity)),
        shown(&Event::DisappearingModeChanged(timer)),
        shown(&renamed(false)),
    ]);
}

fn renamed(full: bool) -> Event {
    let action = action::ContactAction {
        full_name: Some("Anna Berg".to_owned()),
        ..Default::default()
    };
    Event::ContactUpdate(
        ContactUpdate::builder()
            .jid(wire(ANNA))
            .timestamp(then())
            .action(Box::new(action))
            .from_full_sync(full)
            .build(),
    )
}

fn archived(full: bool) -> Event {
    let action = action::ArchiveChatAction {
        archived: Some(true),
        ..Default::default()
    };
    Event::ArchiveUpdate(
        ArchiveUpdate::builder()
            .jid(wire(ANNA))
            .timestamp(then())
            .action(Box::new(action))
            .from_full_sync(full)
            .build(),
    )
}

#[test]
fn what_the_account_did_elsewhere_is_told() {
    let muted = MuteUpdate::builder()
        .jid(wire(ANNA))
        .timestamp(then())
        .action(Box::new(action::MuteAction {
            muted: Some(true),
            mute_end_timestamp: Some(-1),
            ..Default::default()
        }))
        .from_full_sync(false);
    let starred = StarUpdate::builder()
        .chat_jid(wire(GROUP))
        .participant_jid(wire(ANNA))
        .message_id("M1".to_owned())
        .from_me(false)
        .timestamp(then())
        .action(Box::new(action::StarAction { starred: Some(true) }))
        .from_full_sync(false);
    let label = LabelEditUpdate::builder()
        .label_id("7".to_owned())
        .timestamp(then())
        .action(Box::new(action::LabelEditAction {
            name: Some("VIP".to_owned()),
            ..Default::default()
        }))
        .from_full_sync(false);
    insta::assert_json_snapshot!([
        shown(&archived(false)),
        shown(&Event::MuteUpdate(muted.build())),
        shown(&Event::StarUpdate(starred.build())),
        shown(&Event::LabelEditUpdate(label.build())),
    ]);
}

#[test]
fn how_things_were_at_linking_is_no_change() {
    for (full, change) in [(archived(true), archived(false)), (renamed(true), renamed(false))] {
        assert_eq!(read(&full), None);
        // It says how things stand, in the same form.
        assert_eq!(event::standing(&full), read(&change));
        assert_eq!(event::standing(&change), None);
    }
}

#[test]
fn calls_are_told_as_far_as_they_are_news() {
    let signal = |action| {
        let call = IncomingCall::builder()
            .from(wire(ANNA))
            .stanza_id("S1".to_owned())
            .timestamp(then())
            .offline(false)
            .action(action);
        shown(&Event::IncomingCall(call.build()))
    };
    let call_id = || "C1".to_owned();
    let end = |reason: Option<&str>| CallAction::Terminate {
        call_id: call_id(),
        call_creator: wire(ANNAS_LID),
        reason: reason.map(str::to_owned),
        duration: None,
        audio_duration: None,
    };
    let offer = CallAction::Offer {
        call_id: call_id(),
        call_creator: wire(ANNAS_LID),
        caller_pn: Some(wire(ANNA)),
        caller_country_code: None,
        device_class: None,
        joinable: false,
        is_video: true,
        audio: Vec::new(),
        group_jid: None,
    };
    let latency = CallAction::RelayLatency {
        call_id: call_id(),
        call_creator: wire(ANNAS_LID),
    };
    let missed = MissedCall::new(wire(ANNA), call_id(), then(), MissedReason::Offline);
    insta::assert_json_snapshot!([
        signal(offer),
        signal(end(None)),
        signal(end(Some("timeout"))),
        signal(end(Some("accepted_elsewhere"))),
        signal(end(Some("rejected_elsewhere"))),
        signal(latency),
        shown(&Event::MissedCall(missed)),
    ]);
}
