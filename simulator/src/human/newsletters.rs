//! What a human does with newsletters. Publishing is [`Human::say`] to its JID; what is published is heard like any message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use whatsapp_rust::features::{MexRequest, NewsletterError, NewsletterMessage, NewsletterMetadata};
use whatsapp_rust::wacore::iq::mex_operations::update_newsletter;

use super::{Human, HumanError, address};

impl Human {
    /// Makes a newsletter; answers its JID.
    pub async fn create_newsletter(&self, name: &str, description: Option<&str>) -> Result<String, HumanError> {
        let client = self.client()?;
        let made = client.newsletter().create(name, description).await.map_err(refused)?;
        Ok(made.jid.to_string())
    }

    /// Looks a newsletter up by its JID or by the code of its invite link.
    pub async fn newsletter(&self, jid_or_code: &str) -> Result<NewsletterMetadata, HumanError> {
        let client = self.client()?;
        let newsletter = client.newsletter();
        let found = if jid_or_code.contains('@') {
            newsletter.get_metadata(&address::parse(jid_or_code)?).await
        } else {
            newsletter.get_metadata_by_invite(jid_or_code).await
        };
        found.map_err(refused)
    }

    /// The newsletters this human owns, administers or follows.
    pub async fn newsletters(&self) -> Result<Vec<NewsletterMetadata>, HumanError> {
        self.client()?.newsletter().list_subscribed().await.map_err(refused)
    }

    /// Shows another picture of a newsletter, a JPEG, or none.
    pub async fn set_newsletter_picture(&self, jid: &str, jpeg: Option<&[u8]>) -> Result<(), HumanError> {
        let variables = update_newsletter::Variables {
            newsletter_id: Some(jid.to_owned()),
            updates: Some(update_newsletter::Updates {
                picture: Some(jpeg.map(|jpeg| STANDARD.encode(jpeg)).unwrap_or_default()),
                ..update_newsletter::Updates::default()
            }),
        };
        let request = MexRequest::new(update_newsletter::NAME, update_newsletter::DOC_ID, variables);
        let made = self.client()?.mex().mutate(request).await;
        made.map(|_| ()).map_err(|source| HumanError::Send {
            source: Box::new(source),
        })
    }

    /// Follows a newsletter.
    pub async fn follow(&self, jid: &str) -> Result<(), HumanError> {
        let jid = address::parse(jid)?;
        let client = self.client()?;
        client.newsletter().join(&jid).await.map(|_| ()).map_err(refused)
    }

    /// Follows a newsletter no more.
    pub async fn unfollow(&self, jid: &str) -> Result<(), HumanError> {
        let jid = address::parse(jid)?;
        self.client()?.newsletter().leave(&jid).await.map_err(refused)
    }

    /// Reacts to a post; an empty emoji takes the reaction back.
    pub async fn react_to_post(&self, jid: &str, server_id: u64, emoji: &str) -> Result<(), HumanError> {
        let jid = address::parse(jid)?;
        let client = self.client()?;
        client
            .newsletter()
            .send_reaction(&jid, server_id, emoji)
            .await
            .map_err(refused)
    }

    /// The last `count` posts before number `before`, oldest first.
    pub async fn newsletter_history(
        &self,
        jid: &str,
        count: u32,
        before: Option<u64>,
    ) -> Result<Vec<NewsletterMessage>, HumanError> {
        let jid = address::parse(jid)?;
        let client = self.client()?;
        client
            .newsletter()
            .get_messages(jid, count, before)
            .await
            .map_err(refused)
    }

    /// Asks to be told of changes to posts; answers for how many seconds that holds.
    pub async fn watch_newsletter(&self, jid: &str) -> Result<u64, HumanError> {
        let jid = address::parse(jid)?;
        let client = self.client()?;
        client.newsletter().subscribe_live_updates(jid).await.map_err(refused)
    }
}

fn refused(source: NewsletterError) -> HumanError {
    HumanError::of_request("deal with a newsletter", source)
}
