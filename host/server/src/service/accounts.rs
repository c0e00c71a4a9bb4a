//! What a session's account is asked by people: groups, others, itself.
//!
//! Every question waits for WhatsApp, but not for ever. Nothing is kept and nothing repeated: a caller that got no answer asks again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use waspnest_core::address::{Jid, Party};
use waspnest_core::affairs::{Affairs, Post, Posted};
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::contact::Contacts;
use waspnest_core::id::{EffectId, MessageId, SessionId};
use waspnest_core::live::{
    Answer, ChatWish, ContactInfo, ContactOperation, GroupInfo, GroupOperation, GroupWish, Membership, Operation,
    Outcome, PictureSize, Refusal, Request, Token,
};
use waspnest_core::session::SessionRecord;

use super::control::{Control, ControlError};
use super::error::Error;

/// How long WhatsApp may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it may take with a file.
const PATIENCE_WITH_FILE: Duration = Duration::from_secs(120);

/// People whose addresses are looked through at a time.
const PAGE: usize = 500;

/// The accounts of the sessions at work. Clones are the same.
#[derive(Clone)]
pub struct Accounts {
    control: Arc<dyn Control>,
    contacts: Contacts,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// One account.
pub struct Account {
    session: SessionId,
    affairs: Arc<dyn Affairs>,
    contacts: Contacts,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// A post, and to how many people it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedTo {
    /// The post.
    pub posted: Posted,
    /// How many people it was for.
    pub recipients: usize,
}

impl Accounts {
    /// Over the sessions at work.
    #[must_use]
    pub fn new(control: Arc<dyn Control>, contacts: Contacts, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            control,
            contacts,
            clock,
            ids,
        }
    }

    /// The account of a session.
    ///
    /// # Errors
    /// [`Error::Control`] when the session is not at work.
    pub fn of(&self, session: &SessionRecord) -> Result<Account, Error> {
        let affairs = self.control.account(session.id).ok_or(ControlError::NotRunning)?;
        Ok(Account {
            session: session.id,
            affairs,
            contacts: self.contacts.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        })
    }
}

impl Account {
    /// What there is to be asked; the answer goes through [`Account::told`].
    #[must_use]
    pub fn affairs(&self) -> &dyn Affairs {
        &*self.affairs
    }

    /// The answer, if it comes in time.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn told<T>(&self, asked: impl Future<Output = Result<T, Refusal>> + Send) -> Result<T, Error> {
        self.within(PATIENCE, asked).await
    }

    async fn within<T>(
        &self,
        span: Duration,
        asked: impl Future<Output = Result<T, Refusal>> + Send,
    ) -> Result<T, Error> {
        let told = tokio::select! {
            biased;
            told = asked => told,
            () = self.clock.sleep(span) => Err(Refusal::TimedOut),
        };
        told.map_err(Error::Refused)
    }

    async fn ask(&self, operation: Operation) -> Result<Answer, Error> {
        let mut token = [0; 16];
        token[..8].copy_from_slice(&self.ids.seed().to_be_bytes());
        token[8..].copy_from_slice(&self.ids.seed().to_be_bytes());
        let request = Request {
            operation,
            token: Token(token),
            begun: None,
        };
        self.told(self.affairs.ask(request)).await
    }

    /// One group.
    ///
    /// # Errors
    /// [`Error::Refused`], as for all below.
    pub async fn group(&self, group: &Jid) -> Result<GroupInfo, Error> {
        self.shown_group(GroupOperation::Info(group.clone())).await
    }

    /// Makes a group, in a community if one is named.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn create_group(
        &self,
        subject: String,
        members: Vec<Jid>,
        community: Option<Jid>,
    ) -> Result<GroupInfo, Error> {
        self.shown_group(GroupOperation::Create {
            subject: subject.into(),
            members,
            community,
        })
        .await
    }

    /// What a link leads to.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn behind(&self, link: &str) -> Result<GroupInfo, Error> {
        self.shown_group(GroupOperation::Behind { link: link.into() }).await
    }

    async fn shown_group(&self, operation: GroupOperation) -> Result<GroupInfo, Error> {
        match self.ask(Operation::Group(operation)).await? {
            Answer::Group(info) => Ok(*info),
            other => Err(unfit(&other)),
        }
    }

    /// Changes one thing about a group.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn update_group(&self, group: &Jid, wish: GroupWish) -> Result<(), Error> {
        let group = group.clone();
        self.done(Operation::Group(GroupOperation::Update { group, wish }))
            .await
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn leave_group(&self, group: &Jid) -> Result<(), Error> {
        self.done(Operation::Group(GroupOperation::Leave(group.clone()))).await
    }

    /// What comes of it for each person or group.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn outcomes(&self, operation: GroupOperation) -> Result<Vec<Outcome>, Error> {
        match self.ask(Operation::Group(operation)).await? {
            Answer::Outcomes(outcomes) => Ok(outcomes),
            other => Err(unfit(&other)),
        }
    }

    /// Who asks to be let into a group.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn requests(&self, group: &Jid) -> Result<Vec<Party>, Error> {
        match self
            .ask(Operation::Group(GroupOperation::Requests(group.clone())))
            .await?
        {
            Answer::People(people) => Ok(people),
            other => Err(unfit(&other)),
        }
    }

    /// The link of a group.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn link(&self, operation: GroupOperation) -> Result<Box<str>, Error> {
        match self.ask(Operation::Group(operation)).await? {
            Answer::Link(link) => Ok(link),
            other => Err(unfit(&other)),
        }
    }

    /// Goes in by a link.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn join(&self, link: &str) -> Result<(Jid, Membership), Error> {
        let operation = GroupOperation::Join { link: link.into() };
        match self.ask(Operation::Group(operation)).await? {
            Answer::Joined { group, membership } => Ok((group, membership)),
            other => Err(unfit(&other)),
        }
    }

    /// Somebody, as WhatsApp tells it.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn contact(&self, who: &Jid) -> Result<ContactInfo, Error> {
        match self.ask(Operation::Contact(ContactOperation::Get(who.clone()))).await? {
            Answer::Contact(info) => Ok(*info),
            other => Err(unfit(&other)),
        }
    }

    /// Where somebody's picture is, or a group's.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn picture(&self, who: &Jid, size: PictureSize) -> Result<Option<Box<str>>, Error> {
        let who = who.clone();
        match self
            .ask(Operation::Contact(ContactOperation::Picture { who, size }))
            .await?
        {
            Answer::Picture(place) => Ok(place),
            other => Err(unfit(&other)),
        }
    }

    /// Blocks somebody, or lets them through again.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn block(&self, who: &Jid, on: waspnest_core::event::Switch) -> Result<(), Error> {
        let who = who.clone();
        self.done(Operation::Contact(ContactOperation::Block { who, on })).await
    }

    /// Changes the account's own view of a chat.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn change_chat(&self, chat: &Jid, wish: ChatWish) -> Result<(), Error> {
        let chat = chat.clone();
        self.done(Operation::Chat { chat, wish }).await
    }

    async fn done(&self, operation: Operation) -> Result<(), Error> {
        match self.ask(operation).await? {
            Answer::Done => Ok(()),
            other => Err(unfit(&other)),
        }
    }

    /// Posts a status, to these people or to all that are known by number.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::NoRecipients`], [`Error::Store`].
    pub async fn post(&self, post: Post, to: Vec<Jid>) -> Result<PostedTo, Error> {
        let to = self.recipients(to).await?;
        let posted = self.affairs.post(post, self.message_id(), &to);
        let posted = self.within(PATIENCE_WITH_FILE, posted).await?;
        Ok(PostedTo {
            posted,
            recipients: to.len(),
        })
    }

    /// Takes a status back from these people, or from all that are known by number.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::NoRecipients`], [`Error::Store`].
    pub async fn take_back(&self, post: &MessageId, from: Vec<Jid>) -> Result<(), Error> {
        let from = self.recipients(from).await?;
        self.told(self.affairs.take_back(post, self.message_id(), &from)).await
    }

    async fn recipients(&self, named: Vec<Jid>) -> Result<Vec<Jid>, Error> {
        if !named.is_empty() {
            return Ok(named);
        }
        let mut known: Vec<Jid> = Vec::new();
        loop {
            let page = self.contacts.list(self.session, known.last(), PAGE).await?;
            let more = page.len() == PAGE;
            known.extend(page.into_iter().map(|(phone, _)| phone));
            if !more {
                break;
            }
        }
        match known.is_empty() {
            true => Err(Error::NoRecipients),
            false => Ok(known),
        }
    }

    fn message_id(&self) -> MessageId {
        EffectId::new(self.ids.ulid(self.clock.now())).message_id()
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts")
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({})", self.session)
    }
}

fn unfit(answer: &Answer) -> Error {
    Error::Internal(format!("an operation was answered with {answer:?}").into())
}
