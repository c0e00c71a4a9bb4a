//! Media in a file: what was uploaded whole. The rest of an upload that was cut off has to come again.

use bytes::Bytes;

use crate::blobs::{Blob, BlobKind, Blobs, Life, Stored, Sum, sum, without_query};
use crate::saved::{self, Unsound};

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SavedBlobs {
    blobs: Vec<SavedBlob>,
    last: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedBlob {
    kind: BlobKind,
    direct_path: String,
    /// In seconds; `None` when it is not served any more.
    until_s: Option<u64>,
    bytes: saved::Blob,
    /// The digest of what is not here any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<saved::Blob>,
}

impl SavedBlobs {
    pub(crate) fn of(blobs: &Blobs) -> Self {
        let mut saved: Vec<SavedBlob> = blobs
            .by_path
            .values()
            .map(|blob| SavedBlob {
                kind: blob.kind,
                direct_path: blob.stored.direct_path.clone(),
                until_s: match blob.life {
                    Life::Until(second) => Some(second),
                    Life::Over | Life::Gone => None,
                },
                bytes: saved::Blob::of(&blob.bytes),
                gone: (blob.life == Life::Gone).then(|| saved::Blob::of(blob.stored.sha256)),
            })
            .collect();
        saved.sort_by(|one, other| one.direct_path.cmp(&other.direct_path));
        Self {
            blobs: saved,
            last: blobs.last,
        }
    }

    /// Puts the media back, below the host there is now.
    pub(crate) fn restore(self, blobs: &mut Blobs) -> Result<(), Unsound> {
        blobs.last = self.last;
        for saved in self.blobs {
            if !saved.direct_path.starts_with('/') {
                return Err(Unsound("the path of a medium is not one"));
            }
            let bytes = Bytes::from(saved.bytes.into_bytes());
            let path = without_query(&saved.direct_path).to_owned();
            let gone = saved.gone.map(|digest| Sum::try_from(digest.bytes()));
            let gone = gone
                .transpose()
                .map_err(|_| Unsound("the digest of a medium is not one"))?;
            let blob = Blob {
                kind: saved.kind,
                stored: Stored {
                    url: format!("https://{}{}", blobs.host, saved.direct_path),
                    direct_path: saved.direct_path,
                    sha256: gone.unwrap_or_else(|| sum(&bytes)),
                    size: bytes.len(),
                },
                bytes,
                life: match gone {
                    Some(_) => Life::Gone,
                    None => saved.until_s.map_or(Life::Over, Life::Until),
                },
            };
            blobs.held += blob.bytes.len();
            // One that is served is found by its content before one that is not.
            let content = (blob.kind, blob.stored.sha256);
            let finds_it = match blob.life {
                Life::Until(_) => true,
                Life::Over => !blobs.by_sum.contains_key(&content),
                Life::Gone => false,
            };
            if finds_it {
                blobs.by_sum.insert(content, path.clone());
            }
            blobs.by_path.insert(path, blob);
        }
        Ok(())
    }
}
