//! People, beyond what plugins are told of them.

use waspnest_core::address::{Jid, Party};
use waspnest_core::affairs::{Business, BusinessHours, Checked, Device, OpenHours, OpenMode};
use waspnest_core::live::Refusal;
use whatsapp_rust::wacore::iq::business::{BusinessHourMode, BusinessHoursConfig, BusinessProfile, DayOfWeek};
use whatsapp_rust::{Client, IsOnWhatsAppResult, Jid as WireJid};

use crate::jid;
use crate::live::group::other_address;
use crate::live::refusal::{of_blocking, of_contact, of_query};
use crate::live::{party, wire};

pub(super) async fn check(client: &Client, phones: &[Jid]) -> Result<Vec<Checked>, Refusal> {
    let found = client.contacts().is_on_whatsapp(&wire(phones)).await;
    let found: Vec<IsOnWhatsAppResult> = found.map_err(of_contact)?;
    Ok(phones.iter().map(|phone| checked(phone, &found)).collect())
}

fn checked(phone: &Jid, found: &[IsOnWhatsAppResult]) -> Checked {
    let is_it = |jid: &WireJid| jid::from_wire(jid).as_ref() == Some(phone);
    let told = found
        .iter()
        .find(|found| found.is_registered && (is_it(&found.jid) || found.pn_jid.as_ref().is_some_and(is_it)));
    let Some(told) = told else {
        return Checked {
            who: None,
            business: false,
            verified_name: None,
        };
    };
    let lid = told.lid.as_ref().or(Some(&told.jid));
    Checked {
        who: party(&jid::to_wire(phone), [lid, told.pn_jid.as_ref()]),
        business: told.is_business,
        verified_name: told
            .verified_name
            .as_ref()
            .and_then(|verified| verified.name.as_deref().map(Into::into)),
    }
}

pub(super) async fn devices(client: &Client, who: WireJid) -> Result<Vec<Device>, Refusal> {
    let told = client.contacts().get_user_info(std::slice::from_ref(&who)).await;
    let told = told
        .map_err(of_contact)?
        .into_values()
        .next()
        .ok_or(Refusal::NotFound)?;
    if told.devices.is_empty() {
        return Err(Refusal::NotFound);
    }
    let mut devices: Vec<Device> = told.devices.into_iter().map(|number| Device { number }).collect();
    devices.sort_unstable();
    Ok(devices)
}

pub(super) async fn blocked(client: &Client) -> Result<Vec<Party>, Refusal> {
    let told = client.blocking().get_blocklist().await.map_err(of_blocking)?;
    let mut people = Vec::new();
    for entry in told {
        let other = other_address(client, &entry.jid).await;
        people.extend(party(&entry.jid, [other.as_ref(), None]));
    }
    Ok(people)
}

pub(super) async fn business(client: &Client, who: &WireJid) -> Result<Option<Business>, Refusal> {
    let told = client.get_business_profile(who).await.map_err(of_query)?;
    Ok(told.map(shown))
}

fn shown(told: BusinessProfile) -> Business {
    let some = |text: String| (!text.is_empty()).then(|| text.into());
    let days = told.business_hours.business_config.unwrap_or_default();
    Business {
        description: some(told.description),
        email: told.email.and_then(some),
        websites: told.website.into_iter().map(Into::into).collect(),
        address: told.address.and_then(some),
        categories: told
            .categories
            .into_iter()
            .map(|category| category.name.into())
            .collect(),
        hours: (!days.is_empty()).then(|| BusinessHours {
            timezone: told.business_hours.timezone.and_then(some),
            days: days.iter().filter_map(open_hours).collect(),
        }),
    }
}

fn open_hours(told: &BusinessHoursConfig) -> Option<OpenHours> {
    let day = match told.day_of_week {
        DayOfWeek::Monday => "mon",
        DayOfWeek::Tuesday => "tue",
        DayOfWeek::Wednesday => "wed",
        DayOfWeek::Thursday => "thu",
        DayOfWeek::Friday => "fri",
        DayOfWeek::Saturday => "sat",
        DayOfWeek::Sunday => "sun",
        _ => return None,
    };
    let mode = match told.mode {
        BusinessHourMode::SpecificHours => OpenMode::Hours,
        BusinessHourMode::Open24H => OpenMode::Always,
        BusinessHourMode::AppointmentOnly => OpenMode::Appointment,
        _ => OpenMode::Other,
    };
    Some(OpenHours {
        day,
        mode,
        minutes: told.open_time.zip(told.close_time),
    })
}
