//! What events that are no messages change: chats, people, groups, receipts.

use super::record::{Contact, Group, Role, key};
use super::writing::{Way, Writing};
use crate::address::{Jid, Party};
use crate::event::{ChatChange, ChatEvent, ContactChange, ContactEvent, EventKind, GroupChange, GroupEvent};
use crate::message::MessageKey;
use crate::store::StoreError;

impl Writing<'_> {
    pub(super) async fn take_event(&mut self, kind: EventKind) -> Result<(), StoreError> {
        match kind {
            EventKind::Message(message) => self.take_message(*message, &Way::Live).await.map(drop),
            EventKind::Receipt(receipt) => {
                let by = receipt.by.as_ref();
                self.take_receipt(&receipt.chat, &receipt.messages, &receipt.status, by, receipt.at)
                    .await
            }
            EventKind::Group(event) => self.take_group(event).await,
            EventKind::Contact(event) => self.take_contact(event).await,
            EventKind::Chat(event) => self.take_chat(event).await,
            EventKind::Tick(_)
            | EventKind::Presence(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Topic(_)
            | EventKind::Request(_) => Ok(()),
        }
    }

    /// Takes how a chat or a person stands.
    pub(super) async fn take_standing(&mut self, kind: EventKind) -> Result<(), StoreError> {
        match kind {
            EventKind::Contact(event) => self.take_contact(event).await,
            EventKind::Chat(event) => match (event.chat, event.change) {
                // What has come since is unread.
                (Some(chat), ChatChange::Read(on)) if on.is_on() => self.read_until(&chat, event.at).await,
                // What has come since is still there, and a phone tells nothing of what was before.
                (_, ChatChange::Cleared | ChatChange::Deleted) => Ok(()),
                (chat, change) => {
                    let at = event.at;
                    self.take_chat(ChatEvent { chat, change, at }).await
                }
            },
            EventKind::Message(_)
            | EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Tick(_)
            | EventKind::Presence(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Topic(_)
            | EventKind::Request(_) => Ok(()),
        }
    }

    /// Somebody's name for themselves.
    pub(super) async fn name_themselves(&self, jid: &Jid, name: &str) -> Result<(), StoreError> {
        self.change_contact(jid, |contact| contact.push_name = Some(name.into()))
            .await
    }

    pub(super) async fn change_contact(
        &self,
        jid: &Jid,
        change: impl FnOnce(&mut Contact) + Send,
    ) -> Result<(), StoreError> {
        let row = key::contact(jid);
        let before: Option<Contact> = self.record(&row).await?;
        let mut contact = before.clone().unwrap_or_default();
        change(&mut contact);
        if before.as_ref() != Some(&contact) {
            self.put(&row, &contact);
        }
        Ok(())
    }

    async fn take_contact(&self, event: ContactEvent) -> Result<(), StoreError> {
        let jid = self.contacts.canonical(self.session, &event.who).await?;
        self.change_contact(&jid, |contact| match event.change {
            ContactChange::Name(name) => contact.name = name,
            ContactChange::About(about) => contact.about = Some(about),
            ContactChange::Picture(picture) => contact.picture = picture,
            ContactChange::Number { .. }
            | ContactChange::Identity
            | ContactChange::Business(_)
            | ContactChange::Devices(_)
            | ContactChange::Profile
            | ContactChange::DefaultTimer(_) => {}
        })
        .await
    }

    async fn take_group(&mut self, event: GroupEvent) -> Result<(), StoreError> {
        let group = event.group;
        let targets = event.targets;
        match event.change {
            GroupChange::Created { subject } => {
                self.name_group(&group, subject).await?;
                self.members(&group, &targets, Some(Role::Member)).await
            }
            GroupChange::Joined | GroupChange::Added | GroupChange::Demoted => {
                self.members(&group, &targets, Some(Role::Member)).await
            }
            GroupChange::Promoted => self.members(&group, &targets, Some(Role::Admin)).await,
            GroupChange::Left | GroupChange::Removed => self.members(&group, &targets, None).await,
            GroupChange::Subject(subject) => self.name_group(&group, Some(subject)).await,
            GroupChange::Description(description) => {
                self.change_group(&group, |group| group.description = description).await
            }
            GroupChange::Picture(picture) => self.change_group(&group, |group| group.picture = picture).await,
            GroupChange::Setting(setting, switch) => {
                self.change_group(&group, |group| {
                    group.settings.retain(|on| **on != *setting.name());
                    if switch.is_on() {
                        group.settings.push(setting.name().into());
                    }
                })
                .await
            }
            GroupChange::Ephemeral(seconds) => {
                self.change_chat(&group, |chat| {
                    chat.ephemeral_s = Some(seconds).filter(|seconds| *seconds > 0)
                })
                .await
            }
            GroupChange::Deleted { .. } => self.change_group(&group, |group| group.deleted = true).await,
            GroupChange::InviteLink(_)
            | GroupChange::JoinRequested
            | GroupChange::JoinRequestRevoked
            | GroupChange::Linked(_)
            | GroupChange::Unlinked(_)
            | GroupChange::NumberChanged
            | GroupChange::Other(_) => Ok(()),
        }
    }

    pub(super) async fn name_group(&self, group: &Jid, subject: Option<Box<str>>) -> Result<(), StoreError> {
        let (chat, mut record) = self.open_chat(group).await?;
        let before = record.last_at;
        if subject.is_some() {
            record.name = subject;
        }
        record.shown = true;
        self.put_chat(chat, before, &record);
        self.change_group(group, |group| group.deleted = false).await
    }

    async fn change_group(&self, group: &Jid, change: impl FnOnce(&mut Group) + Send) -> Result<(), StoreError> {
        let row = key::group(group);
        let before: Option<Group> = self.record(&row).await?;
        let mut record = before.clone().unwrap_or_default();
        change(&mut record);
        if before.as_ref() != Some(&record) {
            self.put(&row, &record);
        }
        Ok(())
    }

    /// Puts people into a group, or takes them out.
    pub(super) async fn members(&self, group: &Jid, people: &[Party], role: Option<Role>) -> Result<(), StoreError> {
        for party in people {
            let known = self
                .contacts
                .resolve(self.session, &party.jid, party.alt.as_ref())
                .await?;
            if let Some(other) = &known.other {
                self.batch.delete(key::member(group, other));
            }
            let row = key::member(group, &known.canonical);
            match role {
                Some(role) => self.put(&row, &role),
                None => self.batch.delete(row),
            }
        }
        Ok(())
    }

    async fn take_chat(&mut self, event: ChatEvent) -> Result<(), StoreError> {
        let Some(chat) = event.chat else { return Ok(()) };
        let at = event.at;
        match event.change {
            ChatChange::Archived(on) => self.change_chat(&chat, |chat| chat.archived = on.is_on()).await,
            ChatChange::Pinned(on) => {
                self.change_chat(&chat, |chat| chat.pinned_at = on.is_on().then_some(at))
                    .await
            }
            ChatChange::Muted { on, until } => {
                self.change_chat(&chat, |chat| {
                    chat.muted = on.is_on().then_some(super::record::Muted { until })
                })
                .await
            }
            ChatChange::Starred { on, message } => self.star(&message, on.is_on()).await,
            ChatChange::Read(on) if on.is_on() => self.read_all(&chat).await,
            ChatChange::Read(_) => self.change_chat(&chat, |chat| chat.marked_unread = true).await,
            ChatChange::Cleared => self.clear_chat(&chat).await,
            ChatChange::Deleted => {
                self.clear_chat(&chat).await?;
                self.change_chat(&chat, |chat| chat.shown = false).await
            }
            ChatChange::MessageDeleted { message } => self.remove_named(&message).await,
            ChatChange::Labeled { on, label } => {
                self.change_chat(&chat, |chat| {
                    chat.labels.retain(|known| *known != label);
                    if on.is_on() {
                        chat.labels.push(label);
                    }
                })
                .await
            }
            ChatChange::LabelEdited { .. } => Ok(()),
        }
    }

    pub(super) async fn star(&mut self, message: &MessageKey, on: bool) -> Result<(), StoreError> {
        self.change_named(message, |stored| stored.starred = on).await
    }
}
