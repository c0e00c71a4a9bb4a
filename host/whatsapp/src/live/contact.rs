//! People.

use waspnest_core::address::{Jid, Party};
use waspnest_core::event::Switch;
use waspnest_core::live::{Answer, ContactInfo, ContactOperation, PictureSize, Refusal};
use whatsapp_rust::{BlockingError, Client, IsOnWhatsAppResult, Jid as WireJid, UserInfo};

use super::refusal::{of_blocking, of_contact};
use super::{party, wire};
use crate::jid;

pub(super) async fn ask(client: &Client, operation: ContactOperation) -> Result<Answer, Refusal> {
    match operation {
        ContactOperation::Resolve(phones) => resolve(client, &phones).await,
        ContactOperation::Get(who) => get(client, &jid::to_wire(&who)).await,
        ContactOperation::Picture { who, size } => {
            let preview = match size {
                PictureSize::Preview => true,
                PictureSize::Full => false,
            };
            let picture = client
                .contacts()
                .get_profile_picture(&jid::to_wire(&who), preview)
                .await;
            let url = picture.map_err(of_contact)?.map(|picture| picture.url.into());
            Ok(Answer::Picture(url))
        }
        ContactOperation::Block { who, on } => block(client, &jid::to_wire(&who), on).await,
    }
}

async fn resolve(client: &Client, phones: &[Jid]) -> Result<Answer, Refusal> {
    let found = client.contacts().is_on_whatsapp(&wire(phones)).await;
    let found: Vec<IsOnWhatsAppResult> = found.map_err(of_contact)?;
    let registered = |phone: &Jid| -> Option<Party> {
        let is_it = |jid: &WireJid| jid::from_wire(jid).as_ref() == Some(phone);
        let found = found
            .iter()
            .find(|found| found.is_registered && (is_it(&found.jid) || found.pn_jid.as_ref().is_some_and(is_it)))?;
        let lid = found.lid.as_ref().or(Some(&found.jid));
        party(&jid::to_wire(phone), [lid, None])
    };
    Ok(Answer::Registered(phones.iter().map(registered).collect()))
}

async fn get(client: &Client, who: &WireJid) -> Result<Answer, Refusal> {
    let told = client.contacts().get_user_info(std::slice::from_ref(who)).await;
    let Some(told) = told.map_err(of_contact)?.into_values().next().filter(exists) else {
        return Err(Refusal::NotFound);
    };
    let known = client.get_lid_pn_entry(who).await.ok().flatten();
    let phone = known.as_ref().map(|known| WireJid::pn(&*known.phone_number));
    let Some(who_is) = party(&told.jid, [told.lid.as_ref(), phone.as_ref()]) else {
        return Err(Refusal::NotFound);
    };
    let blocked = client.blocking().is_blocked(who).await.map_err(of_blocking)?;
    Ok(Answer::Contact(Box::new(ContactInfo {
        who: who_is,
        verified_name: told.verified_name.and_then(|name| name.name).map(Into::into),
        about: told.status.filter(|about| !about.is_empty()).map(Into::into),
        business: told.is_business,
        blocked,
    })))
}

/// Whether somebody has this address. WhatsApp answers for others too, with nothing in it.
fn exists(told: &UserInfo) -> bool {
    !told.devices.is_empty() || told.lid.is_some() || told.status.is_some()
}

async fn block(client: &Client, who: &WireJid, on: Switch) -> Result<Answer, Refusal> {
    let blocking = client.blocking();
    let attempt = async || match on {
        Switch::On => blocking.block(who).await,
        Switch::Off => blocking.unblock(who).await,
    };
    let blocked = match attempt().await {
        // WhatsApp wants phone number and LID, and the client has met this person by one of them only. Asking teaches it the other.
        Err(BlockingError::InvalidJid(_)) => {
            let met = client.contacts().get_user_info(std::slice::from_ref(who)).await;
            met.map_err(of_contact)?;
            attempt().await
        }
        other => other,
    };
    blocked.map(|()| Answer::Done).map_err(of_blocking)
}
