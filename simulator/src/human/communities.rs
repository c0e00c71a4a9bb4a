//! What a human does with communities: groups that other groups are linked to.

use whatsapp_rust::Jid;
use whatsapp_rust::features::CreateCommunityOptions;

use super::groups::{failed, people, view};
use super::{Human, HumanError, address};
use crate::GroupView;

impl Human {
    /// Makes a community with announcements and a general chat; returns it.
    pub async fn create_community(&self, name: &str) -> Result<GroupView, HumanError> {
        let made = self
            .client()?
            .community()
            .create(CreateCommunityOptions::new(name))
            .await;
        made.map(|made| view(made.metadata)).map_err(failed("make a community"))
    }

    /// Links a group to a community. Fails with the server's code for the group.
    pub async fn link_group(&self, community: &str, group: &str) -> Result<(), HumanError> {
        let (community, group) = (address::parse(community)?, address::parse(group)?);
        let linked = self.client()?.community().link_subgroups(community, &[group]).await;
        let linked = linked.map_err(failed("link a group"))?;
        one_refused("link a group", linked.failed_groups.first())
    }

    /// Takes a group out of its community. Fails with the server's code for the group.
    pub async fn unlink_group(&self, community: &str, group: &str) -> Result<(), HumanError> {
        let (community, group) = (address::parse(community)?, address::parse(group)?);
        let unlinked = self
            .client()?
            .community()
            .unlink_subgroups(community, &[group], false)
            .await;
        let unlinked = unlinked.map_err(failed("unlink a group"))?;
        one_refused("unlink a group", unlinked.failed_groups.first())
    }

    /// JIDs of a community's groups, its announcements first.
    pub async fn community_groups(&self, community: &str) -> Result<Vec<String>, HumanError> {
        let community = address::parse(community)?;
        let groups = self.client()?.community().get_subgroups(&community).await;
        let groups = groups.map_err(failed("list a community's groups"))?;
        Ok(groups.into_iter().map(|group| group.id.to_string()).collect())
    }

    /// Makes a group in a community, with these people, who are in the community from then on.
    pub async fn create_subgroup(
        &self,
        community: &str,
        subject: &str,
        members: &[&str],
    ) -> Result<GroupView, HumanError> {
        let community = address::parse(community)?;
        let client = self.client()?;
        let made = client
            .community()
            .create_subgroup(subject, &people(members)?, community)
            .await;
        let made = made.map_err(failed("make a group in a community"))?;
        self.group(&made.metadata.id.to_string()).await
    }

    /// Joins a group of a community this human is in. Where admins decide who joins, the library takes the answer, that one has to
    /// wait, for a failure.
    pub async fn join_subgroup(&self, community: &str, group: &str) -> Result<GroupView, HumanError> {
        let (community, group) = (address::parse(community)?, address::parse(group)?);
        let joined = self.client()?.community().join_subgroup(community, group).await;
        joined.map(view).map_err(failed("join a group of a community"))
    }

    /// Ends a community; its groups go on alone.
    pub async fn deactivate_community(&self, community: &str) -> Result<(), HumanError> {
        let community = address::parse(community)?;
        let ended = self.client()?.community().deactivate(community).await;
        ended.map_err(failed("deactivate a community"))
    }
}

fn one_refused(doing: &'static str, failed: Option<&(Jid, u32)>) -> Result<(), HumanError> {
    match failed {
        None => Ok(()),
        Some((group, code)) => Err(HumanError::RequestRefused {
            doing,
            code: u16::try_from(*code).unwrap_or(u16::MAX),
            text: group.to_string(),
        }),
    }
}
