//! Products, orders, and what can be said about payments without a payment provider.

use waspnest_core::message::{Order, Payment, PaymentKind, Product};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::product_message::ProductSnapshot;

use super::{EncodeError, key, maybe, media, some, text, text_of};

pub(super) fn product(product: &Product) -> Result<wa::Message, EncodeError> {
    let image = product
        .image
        .as_ref()
        .map(|image| media::image(image, "product"))
        .transpose()?;
    Ok(wa::Message {
        product_message: some(wa::message::ProductMessage {
            product: some(ProductSnapshot {
                product_image_count: Some(u32::from(image.is_some())),
                product_image: image.into(),
                product_id: text_of(&product.id),
                title: text_of(&product.title),
                description: maybe(product.description.as_deref()),
                currency_code: maybe(product.currency.as_deref()),
                price_amount1000: product.price_1000,
                url: maybe(product.url.as_deref()),
                ..Default::default()
            }),
            business_owner_jid: product.business.as_ref().map(ToString::to_string),
            ..Default::default()
        }),
        ..Default::default()
    })
}

pub(super) fn order(order: &Order) -> wa::Message {
    wa::Message {
        order_message: some(wa::message::OrderMessage {
            order_id: text_of(&order.id),
            token: text_of(&order.token),
            order_title: maybe(order.title.as_deref()),
            item_count: i32::try_from(order.item_count).ok(),
            total_amount1000: order.total_1000,
            total_currency_code: maybe(order.currency.as_deref()),
            seller_jid: order.seller.as_ref().map(ToString::to_string),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(super) fn payment(payment: &Payment) -> Result<wa::Message, EncodeError> {
    let kind = "payment";
    let request = || {
        payment.request.as_ref().map(key).ok_or(EncodeError::Invalid {
            kind,
            why: "it does not say which request it answers",
        })
    };
    match payment.kind {
        PaymentKind::Request => Ok(wa::Message {
            request_payment_message: some(wa::message::RequestPaymentMessage {
                note_message: payment.note.as_deref().map(text::plain).into(),
                currency_code_iso4217: maybe(payment.currency.as_deref()),
                amount1000: payment.amount_1000.and_then(|amount| u64::try_from(amount).ok()),
                ..Default::default()
            }),
            ..Default::default()
        }),
        PaymentKind::Declined => Ok(wa::Message {
            decline_payment_request_message: some(wa::message::DeclinePaymentRequestMessage { key: some(request()?) }),
            ..Default::default()
        }),
        PaymentKind::Canceled => Ok(wa::Message {
            cancel_payment_request_message: some(wa::message::CancelPaymentRequestMessage { key: some(request()?) }),
            ..Default::default()
        }),
        PaymentKind::Invite => Ok(wa::Message {
            payment_invite_message: some(wa::message::PaymentInviteMessage::default()),
            ..Default::default()
        }),
        PaymentKind::Sent | PaymentKind::Invoice | PaymentKind::Reminder | PaymentKind::Split | PaymentKind::Other => {
            Err(EncodeError::NotSendable {
                kind,
                why: "it needs a transaction of a payment provider",
            })
        }
    }
}
