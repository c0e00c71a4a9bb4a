//! `contacts`: people, as the account sees them.

use waspnest_core::address::{Jid, Party};
use waspnest_core::event::Switch;
use waspnest_core::live::{Answer as Told, ContactOperation, Ended, Operation, PictureSize};

use super::live::{About, Repetition, address, beside_the_point, told};
use super::{Answer, denied, granted, invalid, spend};
use crate::bindings::waspnest::plugin::contacts::{Contact, Host, Page};
use crate::bindings::waspnest::plugin::types::{Address, Error};
use crate::convert;
use crate::limits::{LIVE_PAGE, RESOLVED};
use crate::manifest::Capability;
use crate::state::{Call, CallState};

const READ: Capability = Capability::ContactsRead;
const WRITE: Capability = Capability::ContactsWrite;

impl Host for CallState {
    async fn resolve(&mut self, phones: Vec<String>) -> Answer<Vec<(String, Option<Address>)>> {
        let call = &mut self.call;
        if !call.effective.has(READ) {
            return Ok(Err(denied(READ)));
        }
        granted!(spend(&mut call.live_operations)?);
        if phones.is_empty() || phones.len() > RESOLVED {
            return Ok(Err(invalid("phones", format!("1 to {RESOLVED} at a time"))));
        }
        let mut asked = Vec::with_capacity(phones.len());
        for text in &phones {
            let phone = granted!(phone(text));
            granted!(call.reaches(READ, About::Person(&phone)));
            asked.push(phone);
        }
        let answer = call.contacts(READ, ContactOperation::Resolve(asked)).await?;
        told!(answer, Told::Registered(people) => phones
            .into_iter()
            .zip(people.iter().map(|person| person.as_ref().map(convert::address)))
            .collect())
    }

    async fn get(&mut self, who: String) -> Answer<Contact> {
        let call = &mut self.call;
        let who = granted!(call.person(READ, &who));
        granted!(spend(&mut call.live_operations)?);
        let answer = call.contacts(READ, ContactOperation::Get(who)).await?;
        told!(answer, Told::Contact(contact) => convert::contact_info(&contact))
    }

    async fn list(&mut self, cursor: Option<String>) -> Answer<Page> {
        let call = &mut self.call;
        granted!(call.reaches(READ, About::Anything));
        granted!(spend(&mut call.live_operations)?);
        let after = granted!(cursor.as_ref().map(|cursor| address("cursor", cursor)).transpose());
        let question = call.question("contacts.list", cursor.unwrap_or_default().as_bytes());
        let people = match call.kept(&question).await? {
            Some(Ended(Ok(Told::People(people)))) => people,
            Some(Ended(_)) | None => {
                granted!(call.rate(READ));
                let people = call.host.people(after.as_ref(), LIVE_PAGE).await?;
                let kept = Ended(Ok(Told::People(people.clone())));
                call.keep(&question, &kept).await?;
                people
            }
        };
        Ok(Ok(page(&people)))
    }

    async fn picture(&mut self, who: String, full: bool) -> Answer<Option<String>> {
        let call = &mut self.call;
        let who = granted!(address("who", &who));
        granted!(call.reaches(READ, About::Person(&who)));
        granted!(spend(&mut call.live_operations)?);
        let size = if full { PictureSize::Full } else { PictureSize::Preview };
        let answer = call.contacts(READ, ContactOperation::Picture { who, size }).await?;
        told!(answer, Told::Picture(url) => url.map(Into::into))
    }

    async fn block(&mut self, who: String, on: bool) -> Answer<()> {
        let call = &mut self.call;
        let who = granted!(call.person(WRITE, &who));
        granted!(spend(&mut call.live_operations)?);
        let operation = ContactOperation::Block {
            who,
            on: Switch::from(on),
        };
        let answer = call.contacts(WRITE, operation).await?;
        told!(answer, Told::Done => ())
    }
}

impl Call {
    async fn contacts(&mut self, capability: Capability, operation: ContactOperation) -> Answer<Told> {
        self.live(capability, Operation::Contact(operation), Repetition::Harmless)
            .await
    }

    /// The address of a person whom a capability reaches.
    fn person(&self, capability: Capability, text: &str) -> Result<Jid, Error> {
        let who = address("who", text)?;
        self.reaches(capability, About::Person(&who))?;
        if who.is_person() {
            Ok(who)
        } else {
            Err(invalid("who", "is not the address of a person"))
        }
    }
}

fn phone(text: &str) -> Result<Jid, Error> {
    let jid = address("phones", text)?;
    match jid {
        Jid::Phone(_) => Ok(jid),
        Jid::Lid(_) | Jid::Group(_) | Jid::Newsletter(_) | Jid::Status | Jid::Broadcast(_) | Jid::Bot(_) => {
            Err(invalid("phones", format!("{text:?} is not a phone number")))
        }
    }
}

fn page(people: &[Party]) -> Page {
    let cursor = people.last().filter(|_| people.len() == LIVE_PAGE);
    Page {
        items: people.iter().map(convert::address).collect(),
        cursor: cursor.map(|last| last.canonical().to_string()),
    }
}
