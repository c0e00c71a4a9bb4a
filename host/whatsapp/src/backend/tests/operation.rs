//! One random operation on a storage backend, and its answer in a form that can be compared.

use std::sync::Arc;

use bytes::Bytes;
use rand::Rng;
use whatsapp_rust::wacore::appstate::hash::HashState;
use whatsapp_rust::wacore::appstate::processor::AppStateMutationMAC;
use whatsapp_rust::wacore::store::traits::{
    AppStateSyncKey, Backend, DeviceInfo, DeviceListRecord, LidPnMappingEntry, MsgSecretEntry, TcTokenEntry,
};

/// Few names, so that operations meet.
const NAMES: [&str; 5] = ["49151", "4915", "49151@lid", "49151:2@lid", "1-2@g.us"];

/// See the module documentation. `a`, `b` and `c` are names, `n` and `m` numbers, `value` bytes.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    which: u32,
    a: &'static str,
    b: &'static str,
    c: &'static str,
    n: u32,
    m: u32,
    value: Vec<u8>,
}

impl Operation {
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        let mut name = || NAMES[rng.random_range(0..NAMES.len())];
        let (a, b, c) = (name(), name(), name());
        let length = if rng.random_ratio(1, 40) {
            rng.random_range(60_000..150_000)
        } else {
            rng.random_range(0..40)
        };
        Self {
            which: rng.random_range(0..64),
            a,
            b,
            c,
            n: rng.random_range(0..6),
            m: rng.random_range(0..6),
            value: (0..length).map(|_| rng.random()).collect(),
        }
    }

    /// What it answers, errors included.
    pub(super) async fn run(&self, on: &dyn Backend) -> String {
        let Self {
            a,
            b,
            c,
            n,
            m,
            ref value,
            ..
        } = *self;
        let number = i64::from(n);
        let key32: [u8; 32] = std::array::from_fn(|at| {
            u8::try_from(n + 7 * m)
                .unwrap_or_default()
                .wrapping_add(u8::try_from(at).unwrap_or_default())
        });
        let shared: Arc<str> = Arc::from(a);
        let bytes = Bytes::from(value.clone());
        match self.which {
            0 => show(on.put_identity(a, key32).await),
            1 => show(on.put_identities_batch(&[(shared, key32), (Arc::from(b), key32)]).await),
            2 => show(on.load_identity(a).await),
            3 => show(on.delete_identity(a).await),
            4 => show(on.get_session(a).await),
            5 => show(on.put_session(a, value).await),
            6 => show(
                on.put_sessions_batch(&[(shared, bytes.clone()), (Arc::from(b), bytes)])
                    .await,
            ),
            7 => show(on.delete_session(a).await),
            8 => show(on.has_session(a).await),
            9 => show(on.has_signal_state_for_user(a).await),
            10 => show(on.store_prekey(n, value, m > 2).await),
            11 => show(on.store_prekeys_batch(&[(n, bytes.clone()), (m, bytes)], true).await),
            12 => show(
                on.load_prekey(n)
                    .await
                    .map(|record| record.map(|record| record.to_vec())),
            ),
            13 => show(on.load_prekeys_batch(&[n, m]).await),
            14 => show(on.mark_prekeys_uploaded(&[n, m]).await),
            15 => show(on.remove_prekey(n).await),
            16 => show(on.get_max_prekey_id().await),
            17 => show(on.store_signed_prekey(n, value).await),
            18 => show(on.load_signed_prekey(n).await),
            19 => show(sorted(on.load_all_signed_prekeys().await)),
            20 => show(on.remove_signed_prekey(n).await),
            21 => show(on.put_sender_key(a, value).await),
            22 => show(on.put_sender_keys_batch(&[(shared, bytes)]).await),
            23 => show(on.get_sender_key(a).await),
            24 => show(on.delete_sender_key(a).await),
            25 => show(
                on.set_sync_key(
                    a.as_bytes(),
                    AppStateSyncKey {
                        key_data: value.clone(),
                        fingerprint: vec![1],
                        timestamp: number,
                    },
                )
                .await,
            ),
            26 => show(on.get_sync_key(a.as_bytes()).await),
            27 => show(on.get_latest_sync_key_id().await),
            28 => show(
                on.set_version(
                    a,
                    HashState {
                        version: n.into(),
                        ..HashState::default()
                    },
                )
                .await,
            ),
            29 => show(
                on.get_version(a)
                    .await
                    .map(|state| (state.version, state.hash, state.index_value_map.len())),
            ),
            30 => show(
                on.put_mutation_macs(
                    a,
                    1,
                    &[AppStateMutationMAC {
                        index_mac: key32.to_vec(),
                        value_mac: value.clone(),
                    }],
                )
                .await,
            ),
            31 => show(on.get_mutation_mac(a, &key32).await),
            32 => show(on.get_mutation_macs(a, &[key32]).await),
            33 => show(on.delete_mutation_macs(a, &[key32.to_vec()]).await),
            34 => show(on.clear_mutation_macs(a).await),
            35 => show(sorted(on.get_sender_key_devices(a).await)),
            36 => show(on.set_sender_key_status(a, &[(b, n > 2), (c, m > 2)]).await),
            37 => show(on.clear_sender_key_devices(a).await),
            38 => show(on.delete_sender_key_device_rows(&[b]).await),
            39 => show(if n == 0 {
                on.clear_all_sender_key_devices().await
            } else {
                Ok(())
            }),
            40 => show(on.get_lid_mapping(a).await),
            41 => show(on.get_pn_mapping(a).await),
            42 => show(on.put_lid_mapping(&mapping(a, b, number)).await),
            43 => show(
                on.put_lid_mappings(&[mapping(a, b, number), mapping(a, c, number), mapping(b, c, number)])
                    .await,
            ),
            44 => show(on.get_all_lid_mappings().await.map(|mut all| {
                all.sort_by(|one, two| one.lid.cmp(&two.lid));
                all
            })),
            45 => show(on.save_base_key(a, b, value).await),
            46 => show(on.has_same_base_key(a, b, value).await),
            47 => show(on.delete_base_key(a, b).await),
            48 => show(on.update_device_lists(vec![devices(a, n), devices(b, m)]).await),
            49 => show(on.get_devices(a).await),
            50 => show(on.delete_devices(a).await),
            51 => show(on.put_group_metadata(a, value).await),
            52 => show(on.get_group_metadata(a).await),
            53 => show(on.delete_group_metadata(a).await),
            54 => show(
                on.put_tc_token(
                    a,
                    &TcTokenEntry {
                        token: value.clone(),
                        token_timestamp: number,
                        sender_timestamp: (m > 2).then_some(number),
                    },
                )
                .await,
            ),
            55 => show(on.touch_tc_token_sender_timestamp(a, number).await),
            56 => show(on.store_received_tc_token(a, value, number).await),
            57 => show(on.get_tc_token(a).await),
            58 => self.tokens(on).await,
            59 => self.sent(on).await,
            60 => self.pending(on).await,
            61 => show(
                on.put_msg_secrets(vec![
                    self.secret(key32),
                    MsgSecretEntry {
                        expires_at: i64::from(m),
                        ..self.secret(key32)
                    },
                ])
                .await,
            ),
            62 => show(on.get_msg_secret_with_ts(a, b, c).await),
            _ => show(on.delete_expired_msg_secrets(number).await),
        }
    }

    async fn tokens(&self, on: &dyn Backend) -> String {
        match self.m {
            0 => show(on.delete_tc_token(self.a).await),
            1 => show(on.delete_expired_tc_tokens(self.n.into(), self.n.into()).await),
            _ => show(sorted(on.get_all_tc_token_jids().await)),
        }
    }

    async fn sent(&self, on: &dyn Backend) -> String {
        match self.m {
            0 | 1 => show(on.store_sent_message(self.a, self.b, &self.value).await),
            2 => show(
                on.delete_expired_sent_messages(if self.n == 0 { i64::MAX } else { 0 })
                    .await,
            ),
            _ => show(on.take_sent_message(self.a, self.b).await),
        }
    }

    async fn pending(&self, on: &dyn Backend) -> String {
        match self.m {
            0 | 1 => show(on.store_pending_inbound(self.a, self.b, self.c, &self.value).await),
            2 => show(on.delete_pending_inbound(self.a, self.b, self.c).await),
            3 => show(
                on.delete_expired_pending_inbound(if self.n == 0 { i64::MAX } else { 0 })
                    .await,
            ),
            _ => show(on.get_pending_inbound(self.a, self.b, self.c).await),
        }
    }

    fn secret(&self, secret: [u8; 32]) -> MsgSecretEntry {
        MsgSecretEntry {
            chat: Arc::from(self.a),
            sender: Arc::from(self.b),
            msg_id: Arc::from(self.c),
            secret,
            expires_at: self.n.into(),
            message_ts: self.m.into(),
        }
    }
}

fn show<T: std::fmt::Debug, E: std::fmt::Debug>(answer: Result<T, E>) -> String {
    format!("{answer:?}")
}

fn sorted<T: Ord, E>(answer: Result<Vec<T>, E>) -> Result<Vec<T>, E> {
    answer.map(|mut rows| {
        rows.sort();
        rows
    })
}

fn mapping(lid: &str, phone: &str, at: i64) -> LidPnMappingEntry {
    LidPnMappingEntry {
        lid: lid.into(),
        phone_number: phone.into(),
        created_at: at,
        updated_at: at,
        learning_source: "test".into(),
    }
}

fn devices(user: &str, count: u32) -> DeviceListRecord {
    DeviceListRecord {
        user: user.into(),
        devices: (0..count).map(|id| DeviceInfo::new(id, Some(id))).collect(),
        timestamp: count.into(),
        phash: None,
        raw_id: Some(count),
    }
}
