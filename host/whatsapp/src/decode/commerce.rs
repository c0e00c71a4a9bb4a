//! Products, orders, and payments.

use waspnest_core::message::{Content, Order, Payment, PaymentKind, Product};
use whatsapp_rust::waproto::whatsapp as wa;

use super::{Scope, context, filled, media, required, wrapper};

pub(super) fn decode(base: &wa::Message, scope: &Scope<'_>) -> Option<Content> {
    if let Some(part) = base.product_message.as_option() {
        return Some(Content::Product(product(part)));
    }
    if let Some(part) = base.order_message.as_option() {
        return Some(Content::Order(Order {
            id: required(part.order_id.as_deref()),
            token: required(part.token.as_deref()),
            title: filled(part.order_title.as_deref()),
            item_count: part
                .item_count
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or_default(),
            total_1000: part.total_amount1000,
            currency: filled(part.total_currency_code.as_deref()),
            seller: context::address(part.seller_jid.as_deref()),
        }));
    }
    payment(base, scope).map(Content::Payment)
}

fn product(part: &wa::message::ProductMessage) -> Product {
    let snapshot = part.product.as_option();
    let text = |field: fn(&wa::message::product_message::ProductSnapshot) -> Option<&String>| {
        filled(snapshot.and_then(field).map(String::as_str))
    };
    Product {
        id: text(|product| product.product_id.as_ref()).unwrap_or_default(),
        title: text(|product| product.title.as_ref()).unwrap_or_default(),
        description: text(|product| product.description.as_ref()),
        currency: text(|product| product.currency_code.as_ref()),
        price_1000: snapshot.and_then(|product| product.price_amount1000),
        business: context::address(part.business_owner_jid.as_deref()),
        image: snapshot
            .and_then(|product| product.product_image.as_option())
            .map(media::image),
        url: text(|product| product.url.as_ref()),
    }
}

fn payment(base: &wa::Message, scope: &Scope<'_>) -> Option<Payment> {
    let blank = |kind| Payment {
        kind,
        amount_1000: None,
        currency: None,
        note: None,
        request: None,
    };
    let key = |key: Option<&wa::MessageKey>| key.and_then(|key| scope.frame.key(key));
    if let Some(part) = base.send_payment_message.as_option() {
        return Some(Payment {
            note: note(part.note_message.as_option(), scope),
            request: key(part.request_message_key.as_option()),
            ..blank(PaymentKind::Sent)
        });
    }
    if let Some(part) = base.request_payment_message.as_option() {
        let amount = part.amount.as_option();
        return Some(Payment {
            amount_1000: part
                .amount1000
                .and_then(|amount| i64::try_from(amount).ok())
                .or_else(|| thousandths(amount?)),
            currency: filled(part.currency_code_iso4217.as_deref()).or_else(|| currency(amount?)),
            note: note(part.note_message.as_option(), scope),
            ..blank(PaymentKind::Request)
        });
    }
    if let Some(part) = base.decline_payment_request_message.as_option() {
        return Some(Payment {
            request: key(part.key.as_option()),
            ..blank(PaymentKind::Declined)
        });
    }
    if let Some(part) = base.cancel_payment_request_message.as_option() {
        return Some(Payment {
            request: key(part.key.as_option()),
            ..blank(PaymentKind::Canceled)
        });
    }
    if let Some(part) = base.invoice_message.as_option() {
        return Some(Payment {
            note: filled(part.note.as_deref()),
            ..blank(PaymentKind::Invoice)
        });
    }
    if base.payment_invite_message.is_set() {
        return Some(blank(PaymentKind::Invite));
    }
    if let Some(part) = base.payment_reminder_message.as_option() {
        let amount = part.amount.as_option();
        return Some(Payment {
            amount_1000: amount.and_then(thousandths),
            currency: amount.and_then(currency),
            note: filled(part.description.as_deref()),
            ..blank(PaymentKind::Reminder)
        });
    }
    let part = base.split_payment_message.as_option()?;
    let amount = part.total_amount.as_option();
    Some(Payment {
        amount_1000: amount.and_then(thousandths),
        currency: amount.and_then(currency),
        note: filled(part.description.as_deref()),
        ..blank(PaymentKind::Split)
    })
}

/// The words of the message that comes with a payment.
fn note(message: Option<&wa::Message>, scope: &Scope<'_>) -> Option<Box<str>> {
    let content = super::said(&Scope {
        frame: scope.frame,
        context: None,
        opened: &wrapper::open(message?),
        own: None,
    })?;
    filled(content.plain_text())
}

/// `offset` says how many of `value` make one unit of the currency.
fn thousandths(money: &wa::Money) -> Option<i64> {
    let offset = i128::from(money.offset.filter(|offset| *offset > 0).unwrap_or(1));
    i64::try_from(i128::from(money.value?) * 1000 / offset).ok()
}

fn currency(money: &wa::Money) -> Option<Box<str>> {
    filled(money.currency_code.as_deref())
}
