//! What a client says after the handshake: link me, or let me in.

use std::collections::BTreeMap;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::wacore_binary::Node;
use whatsapp_rust::waproto::whatsapp::ClientPayload;
use whatsapp_rust::waproto::whatsapp::client_payload::DevicePairingRegistrationData;

use crate::address::{DeviceAddress, Namespace};
use crate::device::{Phase, Presence, Session};
use crate::keys::{KEY_TYPE, KeyBundle, KeyError, SignedPrekey, uint};
use crate::outgoing::Outgoing;
use crate::refusal::LoginRefusal;
use crate::simulator::Reachability;
use crate::stanza::presence;
use crate::stream_end::StreamEnd;
use crate::world::World;

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It shows codes and waits to be linked.
    Unpaired,
    /// It is this device.
    Device(DeviceAddress),
    /// It has been told why not and is being closed.
    Refused,
}

/// The payload is not one, or its keys are not.
#[derive(Debug)]
pub(crate) struct BadPayload;

/// Reads a `ClientPayload` and answers it.
pub(crate) fn admit(
    world: &mut World,
    outgoing: &Outgoing,
    noise: [u8; 32],
    payload: &[u8],
) -> Result<Admission, BadPayload> {
    let payload = ClientPayload::decode_from_slice(payload).map_err(|_| BadPayload)?;
    match payload.device_pairing_data.into_option() {
        Some(registration) => {
            let keys = registered_keys(&registration).map_err(|error| {
                tracing::info!(%error, "a client's keys were refused");
                BadPayload
            })?;
            world.await_link(outgoing.clone(), noise, keys);
            Ok(Admission::Unpaired)
        }
        None => Ok(log_in(world, outgoing, noise, payload.username, payload.device)),
    }
}

fn registered_keys(data: &DevicePairingRegistrationData) -> Result<KeyBundle, KeyError> {
    fn field(bytes: Option<&Vec<u8>>) -> Result<&[u8], KeyError> {
        bytes.map(Vec::as_slice).ok_or(KeyError::Shape)
    }
    if data.e_keytype.as_deref() != Some(&[KEY_TYPE]) {
        return Err(KeyError::Shape);
    }
    let identity: [u8; 32] = field(data.e_ident.as_ref())?.try_into().map_err(|_| KeyError::Shape)?;
    let signed = SignedPrekey::verified(
        uint(field(data.e_skey_id.as_ref())?)?,
        field(data.e_skey_val.as_ref())?,
        field(data.e_skey_sig.as_ref())?,
        &identity,
    )?;
    Ok(KeyBundle {
        registration_id: uint(field(data.e_regid.as_ref())?)?,
        identity,
        signed,
        one_time: std::collections::VecDeque::new(),
    })
}

fn log_in(
    world: &mut World,
    outgoing: &Outgoing,
    noise: [u8; 32],
    username: Option<u64>,
    device: Option<u32>,
) -> Admission {
    let account = username.and_then(|digits| world.by_phone(&digits.to_string()));
    let Some(account) = account else {
        return refuse(world, outgoing, LoginRefusal::LoggedOut);
    };
    if world.account(account).reachability == Reachability::Offline {
        // As if the network were down: no answer at all.
        outgoing.cut();
        return Admission::Refused;
    }
    if let Some(refusal) = world.account(account).refusal {
        return refuse(world, outgoing, refusal);
    }
    if let Some((reason, until_ms)) = world.account(account).ban
        && let Some(left_ms) = until_ms.checked_sub(world.now_ms()).filter(|left| *left > 0)
    {
        return refuse_with(world, outgoing, reason.stanza(left_ms.div_ceil(1000)));
    }
    let at = device
        .and_then(|device| u16::try_from(device).ok())
        .map(|device| DeviceAddress { account, device });
    let known = at.filter(|at| {
        world
            .device(*at)
            .and_then(|device| device.companion.as_ref())
            .is_some_and(|companion| companion.noise == noise)
    });
    let Some(at) = known else {
        if at.is_some_and(|at| world.is_being_linked(at, &noise)) {
            // Modelled: a client may close one connection behind its signature and be here before that has been read. It is not logged
            // out, and finds itself linked when it comes again.
            outgoing.cut();
            return Admission::Refused;
        }
        return refuse(world, outgoing, LoginRefusal::LoggedOut);
    };
    let session = Session {
        outgoing: outgoing.clone(),
        phase: Phase::Authed,
        presence: Presence::Unavailable,
        watching: BTreeMap::new(),
    };
    if let Some(replaced) = world.attach(at, session) {
        world.answer(Some(at), &replaced.outgoing, StreamEnd::Replaced.stanza());
        replaced.outgoing.finish();
        presence::refresh(world, account);
    }
    let success = success(world, at);
    world.answer(Some(at), outgoing, success);
    Admission::Device(at)
}

fn refuse(world: &mut World, outgoing: &Outgoing, refusal: LoginRefusal) -> Admission {
    refuse_with(world, outgoing, refusal.stanza())
}

fn refuse_with(world: &mut World, outgoing: &Outgoing, failure: Node) -> Admission {
    world.answer(None, outgoing, failure);
    outgoing.finish();
    Admission::Refused
}

fn success(world: &World, at: DeviceAddress) -> Node {
    let account = world.account(at.account);
    NodeBuilder::new("success")
        .attr("t", world.now_s())
        .attr("props", "1")
        .attr("location", "sim")
        .attr("lid", account.jid(at.device, Namespace::Lid))
        .attr("display_name", account.push_name.as_str())
        .build()
}
