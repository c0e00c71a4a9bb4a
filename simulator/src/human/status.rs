//! Status posts, as a phone shows them under "updates".

use whatsapp_rust::Jid;
use whatsapp_rust::features::{StatusPrivacySetting, StatusSendOptions};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::extended_text_message::FontType;

use super::{Heard, Human, HumanError, Media, address};

/// The chat in which posts are heard.
pub const STATUS_CHAT: &str = "status@broadcast";
/// The background a phone gives a text first.
const BACKGROUND_ARGB: u32 = 0xFF1E_6E4F;

impl Human {
    /// Posts a text for the people listed (phone numbers or JIDs); returns its id. The server confirms it later.
    pub async fn post_status(&self, text: &str, audience: &[&str]) -> Result<String, HumanError> {
        let audience = self.audience(audience).await?;
        let client = self.inner.line.client()?;
        let sent = client
            .status()
            .send_text(text, BACKGROUND_ARGB, FontType::SYSTEM, &audience, options())
            .await;
        sent.map(|sent| sent.message_id).map_err(failed)
    }

    /// Posts a picture or a film; returns its id.
    pub async fn post_status_media(&self, media: Media, audience: &[&str]) -> Result<String, HumanError> {
        let message: wa::Message = self.uploaded(media).await?;
        let audience = self.audience(audience).await?;
        let client = self.inner.line.client()?;
        let sent = client.status().send_raw(message, &audience, options()).await;
        sent.map(|sent| sent.message_id).map_err(failed)
    }

    /// Takes a post back; returns the id of the message that says so.
    pub async fn revoke_status(&self, id: &str, audience: &[&str]) -> Result<String, HumanError> {
        let audience = self.audience(audience).await?;
        let client = self.inner.line.client()?;
        let sent = client.status().revoke(id, &audience, options()).await;
        sent.map(|sent| sent.message_id).map_err(failed)
    }

    /// Whom a post is for. The client encrypts it to their LIDs, and asks for those it has not met.
    async fn audience(&self, given: &[&str]) -> Result<Vec<Jid>, HumanError> {
        let audience: Vec<Jid> = given.iter().map(|one| address::parse(one)).collect::<Result<_, _>>()?;
        self.acquainted(&audience).await?;
        Ok(audience)
    }

    /// The posts seen so far, oldest first; those that were taken back stand among them, followed by what took them back.
    pub fn statuses(&self) -> Vec<Heard> {
        self.phone_view()
            .into_iter()
            .filter(|heard| heard.chat == STATUS_CHAT)
            .collect()
    }
}

fn options() -> StatusSendOptions {
    StatusSendOptions {
        privacy: StatusPrivacySetting::Contacts,
        ..StatusSendOptions::default()
    }
}

fn failed(source: impl std::error::Error + Send + Sync + 'static) -> HumanError {
    HumanError::Send {
        source: Box::new(source),
    }
}
