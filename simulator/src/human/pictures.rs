//! Pictures of people and groups, as somebody with a phone sets and sees them.

use std::fmt;

use whatsapp_rust::http::{HttpClient as _, HttpRequest};

use super::{Human, HumanError, address};

/// A picture as it was fetched. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PictureSeen {
    /// Its id; another picture has another one.
    pub id: String,
    /// The JPEG.
    pub jpeg: Vec<u8>,
}

impl fmt::Debug for PictureSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PictureSeen")
            .field("id", &self.id)
            .field("bytes", &self.jpeg.len())
            .finish()
    }
}

/// Which size of a picture.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PictureSize {
    /// The one in lists of chats.
    Preview,
    /// The whole one.
    #[default]
    Full,
}

impl Human {
    /// Shows another picture of this human; answers its id.
    pub async fn set_picture(&self, jpeg: &[u8]) -> Result<String, HumanError> {
        let client = self.inner.line.client()?;
        let set = client.profile().set_profile_picture(jpeg.to_vec()).await;
        set.map(|set| set.id).map_err(failed)
    }

    /// Shows no picture any more.
    pub async fn remove_picture(&self) -> Result<(), HumanError> {
        let client = self.inner.line.client()?;
        let removed = client.profile().remove_profile_picture().await;
        removed.map(|_| ()).map_err(failed)
    }

    /// Shows another picture of a group; answers its id.
    pub async fn set_group_picture(&self, group: &str, jpeg: &[u8]) -> Result<String, HumanError> {
        let group = address::parse(group)?;
        let client = self.inner.line.client()?;
        let set = client.groups().set_profile_picture(&group, jpeg.to_vec()).await;
        set.map(|set| set.id).map_err(failed)
    }

    /// Takes the picture of a group away.
    pub async fn remove_group_picture(&self, group: &str) -> Result<(), HumanError> {
        let group = address::parse(group)?;
        let client = self.inner.line.client()?;
        let removed = client.groups().remove_profile_picture(&group).await;
        removed.map(|_| ()).map_err(failed)
    }

    /// The picture of a phone number, person or group; `None` when there is none or this human may not see it.
    pub async fn picture_of(&self, who: &str, size: PictureSize) -> Result<Option<PictureSeen>, HumanError> {
        let who = address::parse(who)?;
        let client = self.inner.line.client()?;
        let preview = match size {
            PictureSize::Preview => true,
            PictureSize::Full => false,
        };
        let found = client.contacts().get_profile_picture(&who, preview).await;
        let Some(picture) = found.map_err(failed)? else {
            return Ok(None);
        };
        let answer = self.inner.http.execute(HttpRequest::get(picture.url)).await;
        let answer = answer.map_err(|source| HumanError::Media {
            doing: "fetching a picture",
            source: source.into(),
        })?;
        if answer.status_code != 200 {
            return Err(HumanError::Media {
                doing: "fetching a picture",
                source: format!("the media server answered {}", answer.status_code).into(),
            });
        }
        Ok(Some(PictureSeen {
            id: picture.id,
            jpeg: answer.body,
        }))
    }
}

fn failed(source: impl std::error::Error + Send + Sync + 'static) -> HumanError {
    HumanError::of_request("deal with a picture", source)
}
