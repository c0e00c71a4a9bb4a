//! What a person shows of themselves and to whom: about text, name, privacy settings, blocks, presence.

use std::time::Duration;

use whatsapp_rust::Jid;
use whatsapp_rust::wacore::iq::privacy as wire;

use crate::{PrivacyCategory, PrivacyValue};

use super::seen::{AboutSeen, PresenceSeen};
use super::{Human, HumanError, address};

fn failed(source: impl std::error::Error + Send + Sync + 'static) -> HumanError {
    HumanError::of_request("change what this human shows, or to whom", source)
}

impl Human {
    /// Writes the about text.
    pub async fn set_about(&self, text: &str) -> Result<(), HumanError> {
        self.client()?.profile().set_status_text(text).await.map_err(failed)
    }

    /// Takes another name.
    pub async fn set_name(&self, name: &str) -> Result<(), HumanError> {
        self.client()?.profile().set_push_name(name).await.map_err(failed)
    }

    /// Somebody's about text; empty when there is none or they hide it.
    pub async fn about(&self, of: &str) -> Result<String, HumanError> {
        let found = self.look_up(of).await?;
        Ok(found.map(|contact| contact.about).unwrap_or_default())
    }

    /// Changes a privacy setting.
    pub async fn set_privacy(&self, category: PrivacyCategory, value: PrivacyValue) -> Result<(), HumanError> {
        let category = wire::PrivacyCategory::from(category.name());
        let value = wire::PrivacyValue::from(value.name());
        let client = self.client()?;
        client.set_privacy_setting(category, value).await.map_err(failed)?;
        Ok(())
    }

    /// Blocks somebody.
    pub async fn block(&self, whom: &str) -> Result<(), HumanError> {
        let whom = address::parse(whom)?;
        self.acquainted(std::slice::from_ref(&whom)).await?;
        self.client()?.blocking().block(&whom).await.map_err(failed)
    }

    /// Lets somebody through again.
    pub async fn unblock(&self, whom: &str) -> Result<(), HumanError> {
        let whom = address::parse(whom)?;
        self.acquainted(std::slice::from_ref(&whom)).await?;
        self.client()?.blocking().unblock(&whom).await.map_err(failed)
    }

    /// Lets the client know both sides of these addresses, number and LID, where it has never met them.
    pub(super) async fn acquainted(&self, whom: &[Jid]) -> Result<(), HumanError> {
        if !whom.is_empty() {
            self.client()?.contacts().get_user_info(whom).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Shows that this human is there.
    pub async fn appear(&self) -> Result<(), HumanError> {
        self.client()?.presence().set_available().await.map_err(failed)
    }

    /// Shows that this human has put the phone away. The connection stays.
    pub async fn disappear(&self) -> Result<(), HumanError> {
        self.client()?.presence().set_unavailable().await.map_err(failed)
    }

    /// Asks to be told when somebody comes and goes; [`Human::presences`] fills from then on.
    pub async fn watch(&self, whom: &str) -> Result<(), HumanError> {
        let whom = address::parse(whom)?;
        self.client()?.presence().subscribe(whom).await.map_err(failed)
    }

    /// Comings and goings seen so far, oldest first.
    pub fn presences(&self) -> Vec<PresenceSeen> {
        self.inner.ears.look(|inbox| inbox.presences().cloned().collect())
    }

    /// Waits for a coming or going that satisfies `wanted`.
    pub async fn wait_presence(
        &self,
        wanted: impl Fn(&PresenceSeen) -> bool + Send,
        timeout: Duration,
    ) -> Result<PresenceSeen, HumanError> {
        let look = move |inbox: &super::inbox::Inbox| inbox.presences().find(|seen| wanted(seen)).cloned();
        self.inner.ears.wait("presence", timeout, look).await
    }

    /// New about texts heard so far, oldest first.
    pub fn abouts(&self) -> Vec<AboutSeen> {
        self.inner.ears.look(|inbox| inbox.abouts().cloned().collect())
    }

    /// Waits for a new about text that satisfies `wanted`.
    pub async fn wait_about(
        &self,
        wanted: impl Fn(&AboutSeen) -> bool + Send,
        timeout: Duration,
    ) -> Result<AboutSeen, HumanError> {
        let look = move |inbox: &super::inbox::Inbox| inbox.abouts().find(|seen| wanted(seen)).cloned();
        self.inner.ears.wait("about text", timeout, look).await
    }
}
