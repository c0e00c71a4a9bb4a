//! Tickets for streams of callers that cannot send headers.

use schemars::JsonSchema;
use serde::Serialize;

use crate::http::address::Moment;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::reply::Created;

/// A ticket that opens one stream.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StreamTicket")]
pub(in crate::http) struct ShownTicket {
    /// What is sent as `?ticket=` of a stream, once.
    ticket: String,
    /// Until when that can be done. The stream itself lasts as long as what this ticket was got with.
    expires_at: Moment,
}

pub(in crate::http) async fn create(ctx: Ctx) -> Result<Created<ShownTicket>, ApiError> {
    let bearer = ctx.bearer.clone().ok_or_else(ApiError::unauthenticated)?;
    let ticket = ctx.parts.tickets.give(bearer);
    Ok(Created {
        shown: ShownTicket {
            ticket: ticket.text,
            expires_at: Moment(ticket.until),
        },
        at: None,
    })
}
