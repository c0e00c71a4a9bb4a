//! Pictures in a file: which one is shown, by the path of its bytes among the media.

use crate::groups::GroupId;
use crate::newsletters::NewsletterId;
use crate::pictures::{Picture, PictureOf, Pictures};
use crate::saved::{Unsound, account_id};
use crate::world::World;

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SavedPictures {
    shown: Vec<SavedPicture>,
    last_id: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedPicture {
    of: SavedOwner,
    id: u64,
    direct_path: String,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedOwner {
    Account(usize),
    Group(GroupId),
    Newsletter(NewsletterId),
}

impl SavedPictures {
    pub(crate) fn of(pictures: &Pictures) -> Self {
        let shown = pictures.shown.iter().map(|(of, picture)| SavedPicture {
            of: match of {
                PictureOf::Account(account) => SavedOwner::Account(account.0),
                PictureOf::Group(group) => SavedOwner::Group(*group),
                PictureOf::Newsletter(newsletter) => SavedOwner::Newsletter(*newsletter),
            },
            id: picture.id,
            direct_path: picture.stored.direct_path.clone(),
        });
        Self {
            shown: shown.collect(),
            last_id: pictures.last_id,
        }
    }

    /// The pictures again, in a world that has everybody and the media already.
    pub(crate) fn restore(self, world: &World) -> Result<Pictures, Unsound> {
        let mut pictures = Pictures {
            last_id: self.last_id,
            ..Pictures::default()
        };
        for saved in self.shown {
            let of = match saved.of {
                SavedOwner::Account(account) => PictureOf::Account(account_id(account, world.accounts.len())?),
                SavedOwner::Group(group) if world.groups.get(group).is_some() => PictureOf::Group(group),
                SavedOwner::Newsletter(newsletter) if world.newsletters.get(newsletter).is_some() => {
                    PictureOf::Newsletter(newsletter)
                }
                SavedOwner::Group(_) | SavedOwner::Newsletter(_) => {
                    return Err(Unsound("a picture is of something that is not there"));
                }
            };
            let stored = world.blobs.stored(&saved.direct_path);
            let picture = Picture {
                id: saved.id,
                stored: stored.ok_or(Unsound("the bytes of a picture are missing"))?.clone(),
            };
            pictures.shown.insert(of, picture);
        }
        Ok(pictures)
    }
}
