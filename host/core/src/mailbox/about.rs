//! What people do about a message: reactions, votes, answers, receipts. One of a kind for each person, the latest counts.

use super::record::{Author, Come, Mark, MarkKind, Number, Receipt, key};
use super::writing::Writing;
use crate::address::Jid;
use crate::clock::UnixMs;
use crate::event::ReceiptStatus;
use crate::message::{MessageKey, Origin};
use crate::store::StoreError;

/// What becomes of somebody's mark.
pub(super) enum At {
    /// It is this one now.
    Put(Mark),
    /// There is none any more.
    Gone(MarkKind, UnixMs),
}

impl At {
    const fn kind(&self) -> MarkKind {
        match self {
            Self::Put(Mark::Reaction { .. }) => MarkKind::Reaction,
            Self::Put(Mark::Vote { .. }) => MarkKind::Vote,
            Self::Put(Mark::Answer { .. }) => MarkKind::Answer,
            Self::Put(Mark::Receipt(_)) => MarkKind::Receipt,
            Self::Gone(kind, _) => *kind,
        }
    }

    const fn at(&self) -> UnixMs {
        match self {
            Self::Put(mark) => mark.at(),
            Self::Gone(_, at) => *at,
        }
    }
}

impl Writing<'_> {
    pub(super) async fn react(
        &mut self,
        target: &MessageKey,
        author: &Author,
        emoji: Option<Box<str>>,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        let mark = match emoji.filter(|emoji| !emoji.is_empty()) {
            Some(emoji) => At::Put(Mark::Reaction { emoji, at }),
            None => At::Gone(MarkKind::Reaction, at),
        };
        self.mark_named(target, author, mark).await
    }

    pub(super) async fn vote(
        &mut self,
        poll: &MessageKey,
        author: &Author,
        options: Vec<Box<str>>,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        let mark = if options.is_empty() {
            At::Gone(MarkKind::Vote, at)
        } else {
            At::Put(Mark::Vote { options, at })
        };
        self.mark_named(poll, author, mark).await
    }

    pub(super) async fn mark_named(
        &mut self,
        target: &MessageKey,
        author: &Author,
        mark: At,
    ) -> Result<(), StoreError> {
        let Some((number, mut stored)) = self.find(target).await? else {
            return Ok(());
        };
        if stored.revoked.is_some() {
            return Ok(());
        }
        self.mark(number, author, mark).await?;
        if !stored.marked {
            stored.marked = true;
            self.change(number, &stored).await?;
        }
        Ok(())
    }

    pub(super) async fn mark(&self, number: Number, author: &Author, mark: At) -> Result<(), StoreError> {
        let kind = mark.kind();
        // The same person under the other address, from before both were known.
        if let Author::Person(jid) = author
            && let Some(other) = self.contacts.resolve(self.session, jid, None).await?.other
        {
            self.batch.delete(key::mark(number, kind, &Author::Person(other)));
        }
        let row = key::mark(number, kind, author);
        let known: Option<Mark> = self.record(&row).await?;
        if known.is_some_and(|known| known.at() > mark.at()) {
            return Ok(());
        }
        match mark {
            At::Put(mark) => self.put(&row, &mark),
            At::Gone(..) => self.batch.delete(row),
        }
        Ok(())
    }

    /// Notes how far messages of the account have come.
    pub(super) async fn take_receipt(
        &mut self,
        chat: &Jid,
        messages: &[crate::id::MessageId],
        status: &ReceiptStatus,
        by: Option<&crate::address::Party>,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        let come = match status {
            ReceiptStatus::ServerAck => Come::Sent,
            ReceiptStatus::Delivered => Come::Delivered,
            ReceiptStatus::Read => Come::Read,
            ReceiptStatus::Played => Come::Played,
            // The outbox knows.
            ReceiptStatus::Failed { .. } => return Ok(()),
        };
        for id in messages {
            let name = MessageKey {
                chat: chat.clone(),
                id: id.clone(),
                from: Origin::Me,
                participant: None,
            };
            let Some((number, mut stored)) = self.find(&name).await? else {
                continue;
            };
            if let Some(by) = by {
                let person = Author::Person(self.contacts.canonical(self.session, by).await?);
                self.receive(number, &person, come, at).await?;
            }
            if come > stored.come {
                stored.come = come;
                self.change(number, &stored).await?;
            }
        }
        Ok(())
    }

    /// Notes how far a message has come with one person.
    pub(super) async fn receive(
        &self,
        number: Number,
        person: &Author,
        come: Come,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        let row = key::mark(number, MarkKind::Receipt, person);
        let mut receipt = match self.record::<Mark>(&row).await? {
            Some(Mark::Receipt(receipt)) => receipt,
            Some(Mark::Reaction { .. } | Mark::Vote { .. } | Mark::Answer { .. }) | None => Receipt::default(),
        };
        let moment = match come {
            Come::Sent => return Ok(()),
            Come::Delivered => &mut receipt.delivered_at,
            Come::Read => &mut receipt.read_at,
            Come::Played => &mut receipt.played_at,
        };
        // A person has several devices; the first one counts.
        if moment.is_none() {
            *moment = Some(at);
            self.mark(number, person, At::Put(Mark::Receipt(receipt))).await?;
        }
        Ok(())
    }
}
