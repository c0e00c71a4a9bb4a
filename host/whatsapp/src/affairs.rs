//! What people ask of an account beside messages ([`waspnest_core::affairs`]), on the client that the session's owner has published.
//!
//! Each is one or a few requests to WhatsApp. Nothing is repeated here and nothing remembered.

mod app_state;
mod community;
mod newsletter;
mod person;
mod post;
mod privacy;
mod profile;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use waspnest_core::address::{Jid, Party};
use waspnest_core::affairs::{
    Affairs, Business, Checked, Collection, Device, Dirty, Label, NewCommunity, Newsletter, NewsletterEdit,
    NewsletterMessage, Orphans, Post, Posted, Presence, PrivacySetting, ServerId, StatusPrivacy, Subgroup,
};
use waspnest_core::event::Switch;
use waspnest_core::id::MessageId;
use waspnest_core::live::{GroupInfo, Member, Outcome, Refusal};
use whatsapp_rust::Client;

use crate::jid;
use crate::live::wire;
use crate::session::SessionHandle;

impl SessionHandle {
    fn live(&self) -> Result<Arc<Client>, Refusal> {
        self.published.client().ok_or(Refusal::Offline)
    }
}

#[async_trait]
impl Affairs for SessionHandle {
    async fn groups(&self) -> Result<Vec<GroupInfo>, Refusal> {
        community::groups(&*self.live()?).await
    }

    async fn communities(&self) -> Result<Vec<GroupInfo>, Refusal> {
        community::all(&*self.live()?).await
    }

    async fn create_community(&self, new: NewCommunity) -> Result<GroupInfo, Refusal> {
        community::create(&*self.live()?, new).await
    }

    async fn subgroups(&self, community: &Jid) -> Result<Vec<Subgroup>, Refusal> {
        community::subgroups(&*self.live()?, jid::to_wire(community)).await
    }

    async fn unlink(&self, community: &Jid, groups: &[Jid], orphans: Orphans) -> Result<Vec<Outcome>, Refusal> {
        community::unlink(&*self.live()?, jid::to_wire(community), &wire(groups), orphans).await
    }

    async fn community_members(&self, community: &Jid) -> Result<Vec<Member>, Refusal> {
        community::members(&*self.live()?, jid::to_wire(community)).await
    }

    async fn remove_from_community(&self, community: &Jid, who: &[Jid]) -> Result<Vec<Outcome>, Refusal> {
        community::remove(&*self.live()?, jid::to_wire(community), &wire(who)).await
    }

    async fn join_subgroup(&self, community: &Jid, group: &Jid) -> Result<GroupInfo, Refusal> {
        community::join(&*self.live()?, jid::to_wire(community), jid::to_wire(group)).await
    }

    async fn deactivate(&self, community: &Jid) -> Result<(), Refusal> {
        community::deactivate(&*self.live()?, jid::to_wire(community)).await
    }

    async fn set_group_picture(&self, group: &Jid, picture: Option<Bytes>) -> Result<(), Refusal> {
        profile::set_group_picture(&*self.live()?, jid::to_wire(group), picture).await
    }

    async fn check(&self, phones: &[Jid]) -> Result<Vec<Checked>, Refusal> {
        person::check(&*self.live()?, phones).await
    }

    async fn business(&self, who: &Jid) -> Result<Option<Business>, Refusal> {
        person::business(&*self.live()?, &jid::to_wire(who)).await
    }

    async fn devices(&self, who: &Jid) -> Result<Vec<Device>, Refusal> {
        person::devices(&*self.live()?, jid::to_wire(who)).await
    }

    async fn blocked(&self) -> Result<Vec<Party>, Refusal> {
        person::blocked(&*self.live()?).await
    }

    async fn set_name(&self, name: &str) -> Result<(), Refusal> {
        profile::set_name(&*self.live()?, name).await
    }

    async fn set_about(&self, about: &str) -> Result<(), Refusal> {
        profile::set_about(&*self.live()?, about).await
    }

    async fn set_picture(&self, picture: Option<Bytes>) -> Result<(), Refusal> {
        profile::set_picture(&*self.live()?, picture).await
    }

    async fn set_presence(&self, presence: Presence) -> Result<(), Refusal> {
        profile::set_presence(&*self.live()?, presence).await
    }

    async fn watch(&self, who: &Jid, on: Switch) -> Result<(), Refusal> {
        profile::watch(&*self.live()?, jid::to_wire(who), on).await
    }

    async fn privacy(&self) -> Result<Vec<PrivacySetting>, Refusal> {
        privacy::all(&*self.live()?).await
    }

    async fn set_privacy(&self, setting: PrivacySetting) -> Result<(), Refusal> {
        privacy::set(&*self.live()?, setting).await
    }

    async fn set_default_timer(&self, seconds: Option<u32>) -> Result<(), Refusal> {
        privacy::set_default_timer(&*self.live()?, seconds).await
    }

    async fn status_privacy(&self) -> Result<StatusPrivacy, Refusal> {
        privacy::of_status(&*self.live()?).await
    }

    async fn post(&self, post: Post, id: MessageId, to: &[Jid]) -> Result<Posted, Refusal> {
        post::make(&*self.live()?, &self.published, post, id, &wire(to)).await
    }

    async fn take_back(&self, post: &MessageId, id: MessageId, from: &[Jid]) -> Result<(), Refusal> {
        post::take_back(&*self.live()?, &self.published, post, id, &wire(from)).await
    }

    async fn newsletters(&self) -> Result<Vec<Newsletter>, Refusal> {
        newsletter::all(&*self.live()?).await
    }

    async fn newsletter(&self, newsletter: &Jid) -> Result<Newsletter, Refusal> {
        newsletter::get(&*self.live()?, &jid::to_wire(newsletter)).await
    }

    async fn newsletter_behind(&self, link: &str) -> Result<Newsletter, Refusal> {
        newsletter::behind(&*self.live()?, link).await
    }

    async fn create_newsletter(&self, name: &str, description: Option<&str>) -> Result<Newsletter, Refusal> {
        newsletter::create(&*self.live()?, name, description).await
    }

    async fn update_newsletter(&self, newsletter: &Jid, edit: NewsletterEdit) -> Result<Newsletter, Refusal> {
        newsletter::update(&*self.live()?, &jid::to_wire(newsletter), edit).await
    }

    async fn follow(&self, newsletter: &Jid, on: Switch) -> Result<(), Refusal> {
        newsletter::follow(&*self.live()?, &jid::to_wire(newsletter), on).await
    }

    async fn mute_newsletter(&self, newsletter: &Jid, on: Switch) -> Result<(), Refusal> {
        newsletter::mute(&*self.live()?, &jid::to_wire(newsletter), on).await
    }

    async fn newsletter_messages(
        &self,
        newsletter: &Jid,
        count: u32,
        before: Option<ServerId>,
    ) -> Result<Vec<NewsletterMessage>, Refusal> {
        newsletter::messages(&*self.live()?, jid::to_wire(newsletter), count, before).await
    }

    async fn react_in_newsletter(
        &self,
        newsletter: &Jid,
        message: ServerId,
        emoji: Option<&str>,
    ) -> Result<(), Refusal> {
        newsletter::react(&*self.live()?, &jid::to_wire(newsletter), message, emoji).await
    }

    async fn sync(&self, collection: Collection) -> Result<(), Refusal> {
        app_state::sync(&self.live()?, collection).await;
        Ok(())
    }

    async fn mark_clean(&self, dirty: Dirty) -> Result<(), Refusal> {
        app_state::mark_clean(&*self.live()?, dirty).await
    }

    async fn set_label(&self, label: Label) -> Result<(), Refusal> {
        app_state::set_label(&*self.live()?, label).await
    }

    async fn remove_label(&self, label: &str) -> Result<(), Refusal> {
        app_state::remove_label(&*self.live()?, label).await
    }
}
