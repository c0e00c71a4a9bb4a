//! Each check of a patch, by breaking what it checks.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use whatsapp_rust::buffa::{Message as _, MessageField};
use whatsapp_rust::wacore::appstate::hash::generate_patch_mac;
use whatsapp_rust::waproto::whatsapp::{ExternalBlobReference, SyncdPatch, SyncdVersion};

use super::*;
use rand_signal::SeedableRng as _;

const NAME: CollectionName = CollectionName::CriticalBlock;

fn state() -> AppState {
    let mut rng = StdRng::seed_from_u64(1);
    let key = AppStateKey::generate(&mut rng, 1, 1);
    AppState::seeded(&mut rng, key, "Ada")
}

/// A patch on the newest version that changes the push name, made right.
fn patch(state: &AppState, name: &str) -> SyncdPatch {
    let key = state.keyring.newest();
    let change = Change::push_name(name);
    let (mutation, _) = encode_record(
        change.operation,
        &change.index,
        &change.value(2),
        key.expanded(),
        key.id(),
        &[7; 16],
        change.version(),
    );
    let bytes = state.collection(NAME).mint(key, vec![mutation]);
    SyncdPatch::decode_from_slice(&bytes).unwrap()
}

/// Makes the outer MAC right again after what it covers was tampered with.
fn seal(state: &AppState, patch: &mut SyncdPatch) {
    let version = state.collection(NAME).version() + 1;
    let key = &state.keyring.newest().expanded().patch_mac;
    patch.patch_mac = Some(generate_patch_mac(patch, NAME.as_str(), key, version));
}

fn offer(state: &mut AppState, patch: &SyncdPatch) -> Result<(), Refusal> {
    let base = state.collection(NAME).version();
    state.accept(NAME, base, &patch.encode_to_vec())
}

fn flip(bytes: &mut Option<Vec<u8>>) {
    *bytes.as_mut().unwrap().last_mut().unwrap() ^= 1;
}

#[test]
fn a_new_account_has_its_push_name_and_nothing_else() {
    let state = state();
    assert_eq!(state.collection(NAME).version(), 1);
    assert_eq!(state.collection(CollectionName::Regular).version(), 0);
    let entries = state.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].index, ["setting_pushName"]);
}

#[test]
fn a_right_patch_is_taken_once_and_its_base_is_stale_after_that() {
    let mut state = state();
    let right = patch(&state, "Bea");
    assert!(offer(&mut state, &right).is_ok());
    assert_eq!(state.entries().len(), 1, "the record was replaced");
    let stale = state.accept(NAME, 1, &right.encode_to_vec());
    assert!(matches!(stale, Err(Refusal::Conflict)), "{stale:?}");
    assert!(offer(&mut state, &right).is_err(), "its MACs are of another version");
    assert_eq!(state.collection(NAME).since(0, 1).1, More::Yes);
    assert_eq!(state.collection(NAME).since(1, 1).0.len(), 1);
    assert!(state.collection(NAME).since(7, 1).0.is_empty());
}

#[test]
fn every_broken_part_of_a_patch_is_refused_and_changes_nothing() {
    let mut state = state();
    let right = patch(&state, "Bea");

    let mut broken = right.clone();
    flip(&mut broken.patch_mac);
    assert!(matches!(offer(&mut state, &broken), Err(Refusal::PatchMac)));

    let mut broken = right.clone();
    flip(&mut broken.snapshot_mac);
    assert!(
        matches!(offer(&mut state, &broken), Err(Refusal::PatchMac)),
        "it is covered"
    );
    seal(&state, &mut broken);
    assert!(matches!(offer(&mut state, &broken), Err(Refusal::SnapshotMac)));

    let mut broken = right.clone();
    broken.snapshot_mac = None;
    assert!(matches!(offer(&mut state, &broken), Err(Refusal::Malformed)));

    // The value's own MAC: what it covers, then an index that is another one's.
    let mut broken = right.clone();
    let record = broken.mutations[0].record.get_or_insert_default();
    let value = record.value.get_or_insert_default().blob.as_mut().unwrap();
    value[20] ^= 1;
    seal(&state, &mut broken);
    let refused = offer(&mut state, &broken);
    assert!(
        matches!(
            refused,
            Err(Refusal::Record(
                whatsapp_rust::wacore::appstate::AppStateError::MismatchingContentMAC
            ))
        ),
        "{refused:?}"
    );

    let mut broken = right.clone();
    let record = broken.mutations[0].record.get_or_insert_default();
    flip(&mut record.index.get_or_insert_default().blob);
    seal(&state, &mut broken);
    // The index decides what a value replaces, so the sum of the values is wrong first.
    assert!(matches!(
        offer(&mut state, &broken),
        Err(Refusal::SnapshotMac | Refusal::Record(_))
    ));

    let mut broken = right.clone();
    flip(&mut broken.key_id.get_or_insert_default().id);
    assert!(matches!(offer(&mut state, &broken), Err(Refusal::UnknownKey)));

    let mut broken = right.clone();
    broken.version = MessageField::some(SyncdVersion { version: Some(9) });
    assert!(matches!(offer(&mut state, &broken), Err(Refusal::Version)));

    let mut broken = right.clone();
    broken.external_mutations = MessageField::some(ExternalBlobReference::default());
    assert!(matches!(offer(&mut state, &broken), Err(Refusal::External)));

    assert!(matches!(state.accept(NAME, 1, b"\xff"), Err(Refusal::Malformed)));
    assert_eq!(state.collection(NAME).version(), 1);
    assert!(offer(&mut state, &right).is_ok());
}

#[test]
fn a_new_key_is_used_from_then_on_and_old_records_stay_readable() {
    let mut state = state();
    state.rotate([9; 32], 2);
    assert_eq!(state.shared_keys().len(), 2);
    let archive = PhoneAction::Archive {
        chat: "4915112345678".into(),
    };
    state.perform([1; 16], &Change::of(&archive).unwrap(), 3).unwrap();
    let remove = PhoneAction::RemoveContact {
        contact: "1@s.whatsapp.net".into(),
    };
    state.perform([2; 16], &Change::of(&remove).unwrap(), 4).unwrap();
    let entries = state.entries();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1].index, ["archive", "4915112345678@s.whatsapp.net"]);
    assert_eq!(entries[1].value["archive_chat_action"]["archived"], true);
}

#[test]
fn an_action_on_something_that_is_no_address_is_refused() {
    let nowhere = PhoneAction::Pin { chat: "hello".into() };
    assert!(matches!(Change::of(&nowhere), Err(ActionError::BadAddress(_))));
}
