//! Whether a receipt may be true: it is about messages that were sent, and keys it carries are the device's own.
//!
//! A receipt that cannot be true is not forwarded, and its acknowledgement carries an error (modelled: which one).

use whatsapp_rust::wacore_binary::NodeRef;

use crate::address::{AccountId, DeviceAddress};
use crate::keys::KeyError;
use crate::stanza::encrypt;
use crate::stanza::receipt::Kind;
use crate::world::World;

/// No such message was sent.
const UNKNOWN_MESSAGE: u16 = 404;
/// The keys of a retry are not acceptable.
const BAD_KEYS: u16 = 406;

/// Checks a receipt of `device` about messages `ids` of account `from`. Answers the error code of a refusal.
pub(super) fn check(
    world: &mut World,
    device: DeviceAddress,
    from: AccountId,
    ids: &[&str],
    kind: Kind,
    node: &NodeRef<'_>,
) -> Result<(), u16> {
    let sent = match kind {
        // Who could not read a message got it itself.
        Kind::Retry => ids.iter().all(|id| world.was_sent(device, id, from)),
        Kind::Arrived | Kind::Seen | Kind::OwnCopy | Kind::SeenPrivately => {
            ids.iter().all(|id| world.was_sent_to_any(device.account, id, from))
        }
        // Dropped, whatever it is about.
        Kind::Other => true,
    };
    if !sent {
        tracing::info!(
            ?device,
            ?kind,
            ?ids,
            "a receipt for a message that was never sent was refused"
        );
        world.stats.refused_receipts += 1;
        return Err(UNKNOWN_MESSAGE);
    }
    if kind == Kind::Retry
        && let Some(keys) = node.get_optional_child("keys")
        && let Err(error) = own_keys(world, device, node, keys)
    {
        tracing::info!(?device, %error, "the keys of a retry receipt were refused");
        world.stats.refused_receipts += 1;
        return Err(BAD_KEYS);
    }
    Ok(())
}

/// A retry's keys let the sender begin a new session without asking the server, so they are checked as an upload would be.
fn own_keys(world: &World, at: DeviceAddress, receipt: &NodeRef<'_>, keys: &NodeRef<'_>) -> Result<(), KeyError> {
    let device = world.device(at).ok_or(KeyError::Shape)?;
    let registration = encrypt::bytes(receipt, "registration")?;
    if crate::keys::uint(registration)? != device.keys.registration_id {
        return Err(KeyError::Foreign);
    }
    encrypt::own_identity(keys, &device.keys)?;
    encrypt::signed_prekey(keys, &device.keys.identity)?;
    if let Some(key) = keys.get_optional_child("key") {
        encrypt::one_time(key)?;
    }
    if let (Some(companion), Some(identity)) = (&device.companion, keys.get_optional_child("device-identity")) {
        let given = identity.content_bytes().ok_or(KeyError::Shape)?;
        if !world
            .account(at.account)
            .identity
            .is_same(&companion.signed_identity, given)
        {
            return Err(KeyError::Foreign);
        }
    }
    Ok(())
}
