//! Webhooks: where tenants want to be told what happens in their sessions.
//!
//! Made over the API and kept here, with their secrets sealed under the master key. Which types of events there are is not known here:
//! their names are kept as they were given.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::address::ChatKind;
use crate::caller::Scopes;
use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::id::{SessionId, TenantId, WebhookId};
use crate::named_records::NamedRecords;
use crate::schema::{Key, system};
use crate::seal::{Sealer, Unopened};
use crate::store::{Space, Store, StoreError};

/// What is kept of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Whose it is: it is told of that tenant's sessions and of no others.
    pub tenant: TenantId,
    /// What people call it.
    pub name: Box<str>,
    /// Where it is.
    pub url: Box<str>,
    /// What it is told of.
    pub wants: Wants,
    /// What its bodies look like.
    pub format: Format,
    /// What only it and the host know.
    pub secrets: WebhookSecrets,
    /// Whether it is told anything.
    pub standing: Standing,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it was changed last.
    pub changed_at: UnixMs,
}

/// What a webhook is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wants {
    /// Names of types of events, or of families of them; everything that may be seen, if none.
    pub events: Option<Vec<Box<str>>>,
    /// The only sessions; all of the tenant's, if none.
    pub sessions: Option<Vec<SessionId>>,
    /// The only kinds of chats. Events of no chat are told all the same; so is everything, if none.
    pub chats: Option<Vec<ChatKind>>,
    /// What the account itself wrote.
    pub own: Own,
    /// What whoever made it may see: it is told no more.
    pub seen: Seen,
}

/// Whether what the account itself wrote is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Own {
    /// It is left out.
    LeftOut,
    /// It is told like what others write.
    Told,
}

/// What may be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// Everything there is: the operator made it.
    Everything,
    /// What these scopes open.
    Within(Scopes),
}

/// What the body of a delivery looks like. The stored form is the number of the variant: new ones come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// The host's own.
    Native,
    /// That of `robiokidenis/whatsapp-multi-session`, as its guide has it.
    MultiSession,
    /// What that program really sends.
    MultiSessionFlat,
    /// That of `gdbrns/go-whatsapp-multi-session-rest-api`.
    MultiSessionRest,
    /// That of `aldinokemal/go-whatsapp-web-multidevice`.
    Gowa,
    /// That of the gateway before it by `LuizFelipeNeves`, of states of sessions.
    GowaStatus,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Native,
        Self::MultiSession,
        Self::MultiSessionFlat,
        Self::MultiSessionRest,
        Self::Gowa,
        Self::GowaStatus,
    ];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::MultiSession => "multi_session",
            Self::MultiSessionFlat => "multi_session_flat",
            Self::MultiSessionRest => "multi_session_rest",
            Self::Gowa => "gowa",
            Self::GowaStatus => "gowa_status",
        }
    }
}

/// Whether a webhook is told anything. What is not told waits in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It is.
    Active,
    /// It is not, since somebody wants it so.
    Paused,
    /// It is not, since it answered that it is gone.
    Gone {
        /// When it did.
        at: UnixMs,
    },
}

/// What only a webhook and the host know.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSecrets {
    /// What deliveries are signed with.
    pub signing: Box<str>,
    /// What they are signed with as well for a while, since it was replaced lately.
    pub previous: Option<PreviousSecret>,
    /// Headers that go with each delivery.
    pub headers: Vec<(Box<str>, Box<str>)>,
}

/// A secret that was replaced.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousSecret {
    /// The secret.
    pub text: Box<str>,
    /// Until when deliveries are signed with it.
    pub until: UnixMs,
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecrets(…)")
    }
}

impl fmt::Debug for PreviousSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreviousSecret(until {:?})", self.until)
    }
}

/// The stored form.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WebhookRecord {
    tenant: TenantId,
    name: Box<str>,
    url: Box<str>,
    wants: Wants,
    format: Format,
    standing: Standing,
    created_at: UnixMs,
    changed_at: UnixMs,
    /// [`WebhookSecrets`], sealed for the record's place.
    sealed: Vec<u8>,
}

impl Record for WebhookRecord {
    const VERSION: u8 = 1;
}

impl Record for WebhookSecrets {
    const VERSION: u8 = 1;
}

/// Why webhooks could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Its secrets do not open.
    #[error("the secrets of webhook {id} cannot be read")]
    Unreadable {
        /// Which.
        id: WebhookId,
        /// Why.
        source: Unopened,
    },
    /// The store failed.
    #[error("the register of webhooks cannot be used")]
    Store(#[from] StoreError),
}

/// All webhooks. Clones are the same. Whoever changes them does so one at a time.
#[derive(Debug, Clone)]
pub struct WebhookRegister {
    records: NamedRecords<WebhookId, WebhookRecord>,
    sealer: Sealer,
}

impl WebhookRegister {
    /// Those in `store`, their secrets sealed by `sealer`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, sealer: Sealer) -> Self {
        let records = NamedRecords::new(store, system::WEBHOOK);
        Self { records, sealer }
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn list(&self) -> Result<Vec<(WebhookId, Webhook)>, WebhookError> {
        let all = self.records.list().await?;
        all.into_iter()
            .map(|(id, record)| Ok((id, self.open(id, record)?)))
            .collect()
    }

    /// Writes one down, in place of what was there; durable when this returns.
    ///
    /// # Errors
    /// [`WebhookError::Store`].
    pub async fn set(&self, id: WebhookId, webhook: &Webhook) -> Result<(), WebhookError> {
        let secrets = codec::encode(&webhook.secrets);
        let record = WebhookRecord {
            tenant: webhook.tenant,
            name: webhook.name.clone(),
            url: webhook.url.clone(),
            wants: webhook.wants.clone(),
            format: webhook.format,
            standing: webhook.standing,
            created_at: webhook.created_at,
            changed_at: webhook.changed_at,
            sealed: self.sealer.seal(Space::System, &place(id), &secrets),
        };
        Ok(self.records.set(&id, Some(&record)).await?)
    }

    /// Takes one away; durable when this returns.
    ///
    /// # Errors
    /// [`WebhookError::Store`].
    pub async fn remove(&self, id: WebhookId) -> Result<(), WebhookError> {
        Ok(self.records.set(&id, None).await?)
    }

    fn open(&self, id: WebhookId, record: WebhookRecord) -> Result<Webhook, WebhookError> {
        let place = place(id);
        let secrets = self.sealer.open(Space::System, &place, &record.sealed);
        let secrets = secrets.map_err(|source| WebhookError::Unreadable { id, source })?;
        Ok(Webhook {
            tenant: record.tenant,
            name: record.name,
            url: record.url,
            wants: record.wants,
            format: record.format,
            secrets: codec::decode(&place, &secrets)?,
            standing: record.standing,
            created_at: record.created_at,
            changed_at: record.changed_at,
        })
    }
}

fn place(id: WebhookId) -> Vec<u8> {
    let key = Key::table(system::WEBHOOK).bytes(id.to_string().as_bytes());
    key.as_slice().to_vec()
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    /// What is stored once is read for ever: whoever changes these bytes has to say how old ones are read.
    const STORED: &str = "011a30303030303030303030303030303030303030303030303030300363726d1868747470733a2f2f63726d2e6578616d706c652f686f6f6b0101076d65737361676500010100000110000102030405060708090a0b0c0d0e0f000280a0f1c2b13480a0f1c2b13480a0f1c2b13403010203010973776f72646669736800010d617574686f72697a6174696f6e0b6f70656e20736573616d65";

    use super::*;
    use crate::fixture::NOON;
    use crate::master_key::MasterKey;
    use crate::store::{KeyRange, MemoryStore, Order};

    fn webhook() -> Webhook {
        Webhook {
            tenant: TenantId::DEFAULT,
            name: "crm".into(),
            url: "https://crm.example/hook".into(),
            wants: Wants {
                events: Some(vec!["message".into()]),
                sessions: None,
                chats: Some(vec![ChatKind::Direct]),
                own: Own::LeftOut,
                seen: Seen::Within(Scopes::all()),
            },
            format: Format::Native,
            secrets: WebhookSecrets {
                signing: "swordfish".into(),
                previous: None,
                headers: vec![("authorization".into(), "open sesame".into())],
            },
            standing: Standing::Gone { at: NOON },
            created_at: NOON,
            changed_at: NOON,
        }
    }

    #[test]
    fn its_bytes_stay() {
        let webhook = webhook();
        let record = WebhookRecord {
            tenant: webhook.tenant,
            name: webhook.name,
            url: webhook.url,
            wants: webhook.wants,
            format: webhook.format,
            standing: webhook.standing,
            created_at: webhook.created_at,
            changed_at: webhook.changed_at,
            sealed: vec![1, 2, 3],
        };
        let bytes = [codec::encode(&record), codec::encode(&webhook.secrets)].concat();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, STORED);
    }

    #[test]
    fn formats_keep_their_numbers() {
        let stored: Vec<u8> = Format::ALL
            .iter()
            .flat_map(|format| codec::encode_as(1, format))
            .collect();
        assert_eq!(stored, [1, 0, 1, 1, 1, 2, 1, 3, 1, 4, 1, 5]);
    }

    #[tokio::test]
    async fn it_is_kept_with_its_secrets_sealed() {
        let store: Arc<dyn Store> = MemoryStore::new();
        let register = |key| WebhookRegister::new(Arc::clone(&store), Sealer::new(key));
        let (key, other_key) = (MasterKey::generate(), MasterKey::generate());
        let id = WebhookId::new(Ulid::from_parts(1, 1));
        let webhook = webhook();
        register(&key).set(id, &webhook).await.expect("written");
        assert_eq!(register(&key).list().await.expect("read"), [(id, webhook.clone())]);
        let all = KeyRange::prefix(&[system::WEBHOOK]);
        for (_, value) in store
            .scan(Space::System, all, Order::Ascending, 10)
            .await
            .expect("read")
        {
            let text = String::from_utf8_lossy(&value);
            assert!(!text.contains("swordfish") && !text.contains("sesame"), "{text}");
        }
        assert!(!format!("{webhook:?}").contains("swordfish"));
        let other = register(&other_key).list().await;
        assert!(matches!(other, Err(WebhookError::Unreadable { .. })), "{other:?}");
        register(&key).remove(id).await.expect("removed");
        assert_eq!(register(&key).list().await.expect("read"), []);
    }
}
