//! What is known of media that callers put here to send: their type and their name, beside their bytes in [`crate::media_store`].
//!
//! Named by the content, in one session; the same bytes put here again are what was said of them last.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::files::FileName;
use crate::id::SessionId;
use crate::schema::{Key, session};
use crate::store::{Commit, Space, Store, StoreError};

/// What is known of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// MIME type.
    pub mime: Box<str>,
    /// The name it was given.
    pub file_name: Option<Box<str>>,
    /// Bytes.
    pub size: u64,
    /// When it was put here.
    pub created_at: UnixMs,
}

impl Record for Upload {
    const VERSION: u8 = 1;
}

/// The uploads of all sessions. Clones are the same.
#[derive(Debug, Clone)]
pub struct Uploads {
    store: Arc<dyn Store>,
}

impl Uploads {
    /// Those in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// What is known of one; none when nothing is.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, session: SessionId, name: &FileName) -> Result<Option<Upload>, StoreError> {
        let key = row(name);
        let value = self.store.get(Space::Session(session), &key).await?;
        value.map(|value| codec::decode(&key, &value)).transpose()
    }

    /// Keeps what is known of one; durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn put(&self, session: SessionId, name: &FileName, upload: &Upload) -> Result<(), StoreError> {
        let commit = Commit::durable(Space::Session(session)).put(row(name), codec::encode(upload));
        self.store.commit(commit).await?.durable().await
    }

    /// Forgets what is known of one. Lazy.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget(&self, session: SessionId, name: &FileName) -> Result<(), StoreError> {
        let commit = Commit::lazy(Space::Session(session)).delete(row(name));
        self.store.commit(commit).await.map(drop)
    }
}

fn row(name: &FileName) -> Bytes {
    Key::table(session::UPLOAD).bytes(name.bytes()).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{NOON, SESSION, World, on_every_engine};

    fn upload() -> Upload {
        Upload {
            mime: "image/png".into(),
            file_name: Some("a.png".into()),
            size: 3,
            created_at: NOON,
        }
    }

    on_every_engine! {
        async fn what_was_said_last_is_known(world: &mut World) {
            let uploads = Uploads::new(world.store.clone());
            let name = FileName::of(b"abc");
            assert_eq!(uploads.get(SESSION, &name).await.expect("it reads"), None);
            for file_name in [None, Some("a.png".into())] {
                uploads.put(SESSION, &name, &Upload { file_name, ..upload() }).await.expect("it is kept");
            }
            assert_eq!(uploads.get(SESSION, &name).await.expect("it reads"), Some(upload()));
            uploads.forget(SESSION, &name).await.expect("it is forgotten");
            assert_eq!(uploads.get(SESSION, &name).await.expect("it reads"), None);
        }
    }

    #[test]
    fn bytes_of_an_upload_are_these() {
        assert_eq!(
            codec::encode(&upload()).escape_ascii().to_string(),
            "\\x01\\timage/png\\x01\\x05a.png\\x03\\x80\\xa0\\xf1\\xc2\\xb14"
        );
    }
}
