//! Messages with something to choose, and what was chosen.

use serde_json::{Value, json};
use waspnest_core::message::{Choice, Content, Interactive, InteractiveReply, InteractiveStyle, Media};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::hydrated_template_button::HydratedButton;
use whatsapp_rust::waproto::whatsapp::message::buttons_message::{Header, button::Type as ButtonType};
use whatsapp_rust::waproto::whatsapp::message::buttons_response_message::Response;
use whatsapp_rust::waproto::whatsapp::message::interactive_message::header::Media as HeaderMedia;
use whatsapp_rust::waproto::whatsapp::message::interactive_message::{
    InteractiveMessage as Parts, native_flow_message::NativeFlowButton,
};
use whatsapp_rust::waproto::whatsapp::message::interactive_response_message::InteractiveResponseMessage as ReplyParts;
use whatsapp_rust::waproto::whatsapp::message::template_message::{
    Format, HydratedFourRowTemplate, hydrated_four_row_template::Title,
};

use super::{Scope, context, filled, media, required};

pub(super) fn decode(base: &wa::Message, scope: &Scope<'_>) -> Option<Content> {
    if let Some(part) = base.buttons_message.as_option() {
        return Some(Content::Interactive(buttons(part)));
    }
    if let Some(part) = base.list_message.as_option() {
        return Some(Content::Interactive(list(part)));
    }
    if let Some(part) = base.template_message.as_option() {
        return template(part).map(Content::Interactive);
    }
    if let Some(part) = base.highly_structured_message.as_option() {
        return template(part.hydrated_hsm.as_option()?).map(Content::Interactive);
    }
    if let Some(part) = base.interactive_message.as_option() {
        return Some(Content::Interactive(interactive(part)));
    }
    reply(base, scope).map(Content::InteractiveReply)
}

fn buttons(part: &wa::message::ButtonsMessage) -> Interactive {
    let (header, media) = match &part.header {
        Some(Header::Text(text)) => (filled(Some(text)), None),
        Some(Header::ImageMessage(image)) => (None, Some(media::image(image))),
        Some(Header::VideoMessage(video)) => (None, Some(media::video(video))),
        Some(Header::DocumentMessage(document)) => (None, Some(media::document(document))),
        Some(Header::LocationMessage(place)) => (filled(place.name.as_deref()), None),
        None => (None, None),
    };
    Interactive {
        style: InteractiveStyle::Buttons,
        header,
        body: required(part.content_text.as_deref()),
        footer: filled(part.footer_text.as_deref()),
        media,
        button_text: None,
        choices: part
            .buttons
            .iter()
            .map(|button| {
                let flow = button
                    .native_flow_info
                    .as_option()
                    .filter(|_| button.r#type == Some(ButtonType::NATIVE_FLOW));
                Choice {
                    id: required(button.button_id.as_deref()),
                    title: button
                        .button_text
                        .as_option()
                        .and_then(|text| filled(text.display_text.as_deref()))
                        .unwrap_or_default(),
                    description: None,
                    section: None,
                    kind: flow
                        .and_then(|flow| filled(flow.name.as_deref()))
                        .unwrap_or_else(|| "reply".into()),
                    params_json: flow.and_then(|flow| filled(flow.params_json.as_deref())),
                }
            })
            .collect(),
    }
}

fn list(part: &wa::message::ListMessage) -> Interactive {
    let rows = part.sections.iter().flat_map(|section| {
        section.rows.iter().map(|row| Choice {
            id: required(row.row_id.as_deref()),
            title: required(row.title.as_deref()),
            description: filled(row.description.as_deref()),
            section: filled(section.title.as_deref()),
            kind: "row".into(),
            params_json: None,
        })
    });
    let products = part.product_list_info.as_option().into_iter().flat_map(|info| {
        info.product_sections.iter().flat_map(|section| {
            section.products.iter().map(|product| Choice {
                id: required(product.product_id.as_deref()),
                title: "".into(),
                description: None,
                section: filled(section.title.as_deref()),
                kind: "product".into(),
                params_json: None,
            })
        })
    });
    Interactive {
        style: if part.product_list_info.is_set() {
            InteractiveStyle::ProductList
        } else {
            InteractiveStyle::List
        },
        header: filled(part.title.as_deref()),
        body: required(part.description.as_deref()),
        footer: filled(part.footer_text.as_deref()),
        media: None,
        button_text: filled(part.button_text.as_deref()),
        choices: rows.chain(products).collect(),
    }
}

/// A template whose texts were filled in by its sender; one that was not has no words to show.
fn template(part: &wa::message::TemplateMessage) -> Option<Interactive> {
    if let Some(rows) = part.hydrated_template.as_option() {
        return Some(four_rows(rows));
    }
    match part.format.as_ref()? {
        Format::HydratedFourRowTemplate(rows) => Some(four_rows(rows)),
        Format::InteractiveMessageTemplate(part) => Some(interactive(part)),
        Format::FourRowTemplate(_) => None,
    }
}

fn four_rows(rows: &HydratedFourRowTemplate) -> Interactive {
    let (header, media) = match &rows.title {
        Some(Title::HydratedTitleText(text)) => (filled(Some(text)), None),
        Some(Title::ImageMessage(image)) => (None, Some(media::image(image))),
        Some(Title::VideoMessage(video)) => (None, Some(media::video(video))),
        Some(Title::DocumentMessage(document)) => (None, Some(media::document(document))),
        Some(Title::LocationMessage(place)) => (filled(place.name.as_deref()), None),
        None => (None, None),
    };
    Interactive {
        style: InteractiveStyle::Template,
        header,
        body: required(rows.hydrated_content_text.as_deref()),
        footer: filled(rows.hydrated_footer_text.as_deref()),
        media,
        button_text: None,
        choices: rows
            .hydrated_buttons
            .iter()
            .zip(0_u32..)
            .filter_map(|(button, place)| template_choice(button, place))
            .collect(),
    }
}

/// Only quick replies have an id; what opens a page or a call has its place instead.
fn template_choice(button: &wa::HydratedTemplateButton, place: u32) -> Option<Choice> {
    let place = button.index.unwrap_or(place).to_string();
    let (id, title, kind, params) = match button.hydrated_button.as_ref()? {
        HydratedButton::QuickReplyButton(reply) => (
            required(reply.id.as_deref()),
            required(reply.display_text.as_deref()),
            "reply",
            None,
        ),
        HydratedButton::UrlButton(page) => (
            place.into(),
            required(page.display_text.as_deref()),
            "url",
            Some(json!({ "url": page.url.as_deref().unwrap_or_default() })),
        ),
        HydratedButton::CallButton(call) => (
            place.into(),
            required(call.display_text.as_deref()),
            "call",
            Some(json!({ "phone_number": call.phone_number.as_deref().unwrap_or_default() })),
        ),
    };
    Some(Choice {
        id,
        title,
        description: None,
        section: None,
        kind: kind.into(),
        params_json: params.map(|params| params.to_string().into()),
    })
}

fn interactive(part: &wa::message::InteractiveMessage) -> Interactive {
    let header = part.header.as_option();
    let (style, choices) = match &part.interactive_message {
        Some(Parts::NativeFlowMessage(flow)) => (
            InteractiveStyle::NativeFlow,
            flow.buttons.iter().map(flow_choice).collect(),
        ),
        Some(Parts::CarouselMessage(carousel)) => (
            InteractiveStyle::Carousel,
            carousel.cards.iter().enumerate().map(card_choice).collect(),
        ),
        Some(Parts::ShopStorefrontMessage(shop)) => (
            InteractiveStyle::Shop,
            shop.id.iter().map(|id| named(id, "shop")).collect(),
        ),
        Some(Parts::CollectionMessage(collection)) => (
            InteractiveStyle::ProductList,
            collection.id.iter().map(|id| named(id, "collection")).collect(),
        ),
        None => (InteractiveStyle::Other, Vec::new()),
    };
    Interactive {
        style,
        header: header
            .and_then(|header| filled(header.title.as_deref()).or_else(|| filled(header.subtitle.as_deref()))),
        body: body_of(part),
        footer: part
            .footer
            .as_option()
            .and_then(|footer| filled(footer.text.as_deref())),
        media: header.and_then(|header| header_media(header.media.as_ref()?)),
        button_text: None,
        choices,
    }
}

fn body_of(part: &wa::message::InteractiveMessage) -> Box<str> {
    part.body
        .as_option()
        .and_then(|body| filled(body.text.as_deref()))
        .unwrap_or_default()
}

fn header_media(media: &HeaderMedia) -> Option<Media> {
    match media {
        HeaderMedia::ImageMessage(image) => Some(media::image(image)),
        HeaderMedia::VideoMessage(video) => Some(media::video(video)),
        HeaderMedia::DocumentMessage(document) => Some(media::document(document)),
        HeaderMedia::ProductMessage(product) => product
            .product
            .as_option()
            .and_then(|product| product.product_image.as_option())
            .map(media::image),
        HeaderMedia::JpegThumbnail(_) | HeaderMedia::LocationMessage(_) => None,
    }
}

/// The id and the words of a native-flow button are inside its parameters.
fn flow_choice(button: &NativeFlowButton) -> Choice {
    let params = button.button_params_json.as_deref();
    Choice {
        id: param(params, "id").unwrap_or_default(),
        title: param(params, "display_text")
            .or_else(|| param(params, "title"))
            .unwrap_or_default(),
        description: None,
        section: None,
        kind: required(button.name.as_deref()),
        params_json: filled(params),
    }
}

/// A card is chosen by one of its buttons, which are given as parameters.
fn card_choice((place, card): (usize, &wa::message::InteractiveMessage)) -> Choice {
    let shown = interactive(card);
    let buttons: Vec<_> = shown
        .choices
        .iter()
        .map(|button| json!({ "name": &*button.kind, "id": &*button.id, "display_text": &*button.title }))
        .collect();
    Choice {
        id: place.to_string().into(),
        title: shown.header.unwrap_or_default(),
        description: filled(Some(&shown.body)),
        section: None,
        kind: "card".into(),
        params_json: (!buttons.is_empty()).then(|| Value::from(buttons).to_string().into()),
    }
}

fn named(id: &str, kind: &str) -> Choice {
    Choice {
        id: id.into(),
        title: "".into(),
        description: None,
        section: None,
        kind: kind.into(),
        params_json: None,
    }
}

fn reply(base: &wa::Message, scope: &Scope<'_>) -> Option<InteractiveReply> {
    let target = || context::target(scope);
    if let Some(part) = base.buttons_response_message.as_option() {
        let title = part.response.as_ref().map(|response| match response {
            Response::SelectedDisplayText(text) => text.as_str(),
        });
        return Some(InteractiveReply {
            style: InteractiveStyle::Buttons,
            id: required(part.selected_button_id.as_deref()),
            title: filled(title),
            params_json: None,
            target: target(),
        });
    }
    if let Some(part) = base.list_response_message.as_option() {
        return Some(InteractiveReply {
            style: InteractiveStyle::List,
            id: part
                .single_select_reply
                .as_option()
                .and_then(|reply| filled(reply.selected_row_id.as_deref()))
                .unwrap_or_default(),
            title: filled(part.title.as_deref()),
            params_json: None,
            target: target(),
        });
    }
    if let Some(part) = base.template_button_reply_message.as_option() {
        return Some(InteractiveReply {
            style: InteractiveStyle::Template,
            id: required(part.selected_id.as_deref()),
            title: filled(part.selected_display_text.as_deref()),
            params_json: None,
            target: target(),
        });
    }
    let part = base.interactive_response_message.as_option()?;
    let (name, params) = match part.interactive_response_message.as_ref() {
        Some(ReplyParts::NativeFlowResponseMessage(flow)) => (flow.name.as_deref(), flow.params_json.as_deref()),
        None => (None, None),
    };
    Some(InteractiveReply {
        style: InteractiveStyle::NativeFlow,
        id: param(params, "id").unwrap_or_else(|| required(name)),
        title: part.body.as_option().and_then(|body| filled(body.text.as_deref())),
        params_json: filled(params),
        target: target(),
    })
}

/// One text out of a button's parameters.
pub(crate) fn param(json: Option<&str>, name: &str) -> Option<Box<str>> {
    let parsed: Value = serde_json::from_str(json?).ok()?;
    filled(parsed.get(name).and_then(Value::as_str))
}
