//! What people ask of an account beside messages, and plugins do not: communities, profile, privacy, status posts, newsletters, app state.
//!
//! Like [`crate::live`] each is asked and answered at once, with the same [`Refusal`]s. Unlike there nothing of it is kept: whoever asks
//! waits, and asks again if the answer is lost. So these are plain types without a stored form, and may change freely. Whoever carries
//! them out implements [`Affairs`]; nothing here knows how.

mod app_state;
mod community;
mod newsletter;
mod person;
mod post;
mod privacy;

use async_trait::async_trait;
use bytes::Bytes;

pub use app_state::{Collection, Dirty, Label};
pub use community::{NewCommunity, Orphans, Subgroup};
pub use newsletter::{
    Newsletter, NewsletterEdit, NewsletterMessage, NewsletterReaction, NewsletterRole, NewsletterState, ServerId,
};
pub use person::{Business, BusinessHours, Checked, Device, OpenHours, OpenMode};
pub use post::{Post, PostContent, PostFont, Posted};
pub use privacy::{PrivacyCategory, PrivacySetting, PrivacyValue, StatusAudience, StatusPrivacy};

use crate::address::{Jid, Party};
use crate::event::Switch;
use crate::id::MessageId;
use crate::live::{Account, GroupInfo, Member, Outcome, Refusal};

/// Whether the account shows itself as being there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It does; its phone may then stay quiet.
    Available,
    /// It does not.
    Unavailable,
}

/// One account, asked by people. Every call is one or a few requests to WhatsApp, and may be dropped at any point; then nobody knows
/// whether it was done.
#[async_trait]
pub trait Affairs: Account {
    /// The groups the account is in, communities left out, in the order of their addresses.
    ///
    /// # Errors
    /// [`Refusal`], as for all below.
    async fn groups(&self) -> Result<Vec<GroupInfo>, Refusal>;

    /// The communities the account is in, in the order of their addresses.
    async fn communities(&self) -> Result<Vec<GroupInfo>, Refusal>;

    /// Makes a community.
    async fn create_community(&self, new: NewCommunity) -> Result<GroupInfo, Refusal>;

    /// The groups of a community.
    async fn subgroups(&self, community: &Jid) -> Result<Vec<Subgroup>, Refusal>;

    /// Takes groups out of a community.
    async fn unlink(&self, community: &Jid, groups: &[Jid], orphans: Orphans) -> Result<Vec<Outcome>, Refusal>;

    /// Everybody in any group of a community.
    async fn community_members(&self, community: &Jid) -> Result<Vec<Member>, Refusal>;

    /// Takes people out of a community and all of its groups.
    async fn remove_from_community(&self, community: &Jid, who: &[Jid]) -> Result<Vec<Outcome>, Refusal>;

    /// Joins a group of a community that the account is in.
    async fn join_subgroup(&self, community: &Jid, group: &Jid) -> Result<GroupInfo, Refusal>;

    /// Ends a community. Its groups stay, on their own.
    async fn deactivate(&self, community: &Jid) -> Result<(), Refusal>;

    /// A JPEG that a group shows; none takes it away.
    async fn set_group_picture(&self, group: &Jid, picture: Option<Bytes>) -> Result<(), Refusal>;

    /// Who of these numbers is at WhatsApp, in their order.
    async fn check(&self, phones: &[Jid]) -> Result<Vec<Checked>, Refusal>;

    /// What a business tells of itself; none for who is none.
    async fn business(&self, who: &Jid) -> Result<Option<Business>, Refusal>;

    /// The devices somebody has linked, the phone among them.
    async fn devices(&self, who: &Jid) -> Result<Vec<Device>, Refusal>;

    /// Whose messages and calls are not taken.
    async fn blocked(&self) -> Result<Vec<Party>, Refusal>;

    /// The name that is shown beside the account's messages.
    async fn set_name(&self, name: &str) -> Result<(), Refusal>;

    /// What the account says about itself; the empty text takes it away.
    async fn set_about(&self, about: &str) -> Result<(), Refusal>;

    /// A JPEG that the account shows; none takes it away.
    async fn set_picture(&self, picture: Option<Bytes>) -> Result<(), Refusal>;

    /// Shows the account as being there, or not.
    async fn set_presence(&self, presence: Presence) -> Result<(), Refusal>;

    /// Wants to be told when somebody comes and goes, or no more.
    async fn watch(&self, who: &Jid, on: Switch) -> Result<(), Refusal>;

    /// Who may see and do what.
    async fn privacy(&self) -> Result<Vec<PrivacySetting>, Refusal>;

    /// Changes who may see or do one thing.
    async fn set_privacy(&self, setting: PrivacySetting) -> Result<(), Refusal>;

    /// How long messages stay in chats that begin from now on, in seconds; none for ever.
    async fn set_default_timer(&self, seconds: Option<u32>) -> Result<(), Refusal>;

    /// For whom the account's status posts are. Only the phone changes it.
    async fn status_privacy(&self) -> Result<StatusPrivacy, Refusal>;

    /// Posts a status to these people, under an id. Answered when WhatsApp's server has it.
    async fn post(&self, post: Post, id: MessageId, to: &[Jid]) -> Result<Posted, Refusal>;

    /// Takes a status back from the people it went to.
    async fn take_back(&self, post: &MessageId, id: MessageId, from: &[Jid]) -> Result<(), Refusal>;

    /// The newsletters the account follows or runs.
    async fn newsletters(&self) -> Result<Vec<Newsletter>, Refusal>;

    /// One newsletter.
    async fn newsletter(&self, newsletter: &Jid) -> Result<Newsletter, Refusal>;

    /// The newsletter behind a link or its code.
    async fn newsletter_behind(&self, link: &str) -> Result<Newsletter, Refusal>;

    /// Makes a newsletter.
    async fn create_newsletter(&self, name: &str, description: Option<&str>) -> Result<Newsletter, Refusal>;

    /// Changes a newsletter of the account's own.
    async fn update_newsletter(&self, newsletter: &Jid, edit: NewsletterEdit) -> Result<Newsletter, Refusal>;

    /// Follows a newsletter, or no more.
    async fn follow(&self, newsletter: &Jid, on: Switch) -> Result<(), Refusal>;

    /// Keeps quiet about a newsletter's news, or not.
    async fn mute_newsletter(&self, newsletter: &Jid, on: Switch) -> Result<(), Refusal>;

    /// Up to `count` messages of a newsletter before `before`, newest first.
    async fn newsletter_messages(
        &self,
        newsletter: &Jid,
        count: u32,
        before: Option<ServerId>,
    ) -> Result<Vec<NewsletterMessage>, Refusal>;

    /// Reacts to a message of a newsletter; none takes the reaction back.
    async fn react_in_newsletter(
        &self,
        newsletter: &Jid,
        message: ServerId,
        emoji: Option<&str>,
    ) -> Result<(), Refusal>;

    /// Fetches what other devices changed in one collection of the app state.
    async fn sync(&self, collection: Collection) -> Result<(), Refusal>;

    /// Tells WhatsApp's server that what it called changed has been taken in.
    async fn mark_clean(&self, dirty: Dirty) -> Result<(), Refusal>;

    /// Makes a label, or changes it.
    async fn set_label(&self, label: Label) -> Result<(), Refusal>;

    /// Takes a label away, by WhatsApp's id of it.
    async fn remove_label(&self, label: &str) -> Result<(), Refusal>;
}
