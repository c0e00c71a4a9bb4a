//! Messages with something to choose, and what was chosen.

use serde_json::{Value, json};
use waspnest_core::message::{Choice, Interactive, InteractiveReply, InteractiveStyle};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::hydrated_template_button::{
    HydratedButton, HydratedCallButton, HydratedQuickReplyButton, HydratedURLButton,
};
use whatsapp_rust::waproto::whatsapp::message::buttons_message::button::{
    ButtonText, NativeFlowInfo, Type as ButtonType,
};
use whatsapp_rust::waproto::whatsapp::message::buttons_message::{Button, Header, HeaderType};
use whatsapp_rust::waproto::whatsapp::message::buttons_response_message::{Response, Type as ResponseType};
use whatsapp_rust::waproto::whatsapp::message::interactive_message::header::Media as HeaderMedia;
use whatsapp_rust::waproto::whatsapp::message::interactive_message::native_flow_message::NativeFlowButton;
use whatsapp_rust::waproto::whatsapp::message::interactive_message::{self as parts, NativeFlowMessage};
use whatsapp_rust::waproto::whatsapp::message::interactive_response_message as reply_parts;
use whatsapp_rust::waproto::whatsapp::message::list_message::{ListType, Row, Section};
use whatsapp_rust::waproto::whatsapp::message::list_response_message::{ListType as ReplyListType, SingleSelectReply};
use whatsapp_rust::waproto::whatsapp::message::template_message::HydratedFourRowTemplate;
use whatsapp_rust::waproto::whatsapp::message::template_message::hydrated_four_row_template::Title;

use super::{EncodeError, Envelope, context, maybe, media, some, text_of};
use crate::decode::param;

const KIND: &str = "interactive";

pub(super) fn interactive(shown: &Interactive) -> Result<wa::Message, EncodeError> {
    let refuse = |why| Err(EncodeError::NotSendable { kind: KIND, why });
    match shown.style {
        InteractiveStyle::Buttons => buttons(shown),
        InteractiveStyle::List => list(shown),
        InteractiveStyle::Template => template(shown),
        InteractiveStyle::NativeFlow => native_flow(shown),
        InteractiveStyle::Carousel => refuse("the pictures of a carousel's cards are not part of it"),
        InteractiveStyle::ProductList | InteractiveStyle::Shop => {
            refuse("the business it belongs to is not part of it")
        }
        InteractiveStyle::Other => refuse("it is of no style this version knows"),
    }
}

/// What stands above: words or a file, never both on the wire.
enum Above {
    Nothing,
    Words(String),
    Image(wa::message::ImageMessage),
    Video(wa::message::VideoMessage),
    Document(wa::message::DocumentMessage),
}

fn above(shown: &Interactive) -> Result<Above, EncodeError> {
    let Some(file) = &shown.media else {
        return Ok(shown
            .header
            .as_deref()
            .map_or(Above::Nothing, |words| Above::Words(words.to_owned())));
    };
    match file.mime.split('/').next() {
        Some("image") => media::image(file, KIND).map(Above::Image),
        Some("video") => media::video(file, KIND).map(Above::Video),
        Some(_) | None => media::document(file, KIND).map(Above::Document),
    }
}

/// Buttons and templates show a file instead of words; only native flows show both.
fn one_above(shown: &Interactive) -> Result<Above, EncodeError> {
    if shown.media.is_some() && shown.header.is_some() {
        return Err(EncodeError::Invalid {
            kind: KIND,
            why: "this style has room for a header or a file, not for both",
        });
    }
    above(shown)
}

fn buttons(shown: &Interactive) -> Result<wa::Message, EncodeError> {
    let (header, header_type) = match one_above(shown)? {
        Above::Nothing => (None, HeaderType::EMPTY),
        Above::Words(words) => (Some(Header::Text(words)), HeaderType::TEXT),
        Above::Image(image) => (Some(image.into()), HeaderType::IMAGE),
        Above::Video(video) => (Some(video.into()), HeaderType::VIDEO),
        Above::Document(document) => (Some(document.into()), HeaderType::DOCUMENT),
    };
    Ok(wa::Message {
        buttons_message: some(wa::message::ButtonsMessage {
            content_text: text_of(&shown.body),
            footer_text: maybe(shown.footer.as_deref()),
            buttons: shown.choices.iter().map(button).collect(),
            header_type: Some(header_type),
            header,
            ..Default::default()
        }),
        ..Default::default()
    })
}

fn button(choice: &Choice) -> Button {
    let flow = (&*choice.kind != "reply").then(|| NativeFlowInfo {
        name: text_of(&choice.kind),
        params_json: maybe(choice.params_json.as_deref()),
    });
    Button {
        button_id: text_of(&choice.id),
        button_text: some(ButtonText {
            display_text: text_of(&choice.title),
        }),
        r#type: Some(if flow.is_some() {
            ButtonType::NATIVE_FLOW
        } else {
            ButtonType::RESPONSE
        }),
        native_flow_info: flow.into(),
    }
}

/// Neighbours under the same heading make a section.
fn list(shown: &Interactive) -> Result<wa::Message, EncodeError> {
    if shown.media.is_some() {
        return Err(EncodeError::Invalid {
            kind: KIND,
            why: "a list has no room for a file",
        });
    }
    let sections = shown
        .choices
        .chunk_by(|one, next| one.section == next.section)
        .map(|rows| Section {
            title: rows.first().and_then(|row| maybe(row.section.as_deref())),
            rows: rows
                .iter()
                .map(|row| Row {
                    title: text_of(&row.title),
                    description: maybe(row.description.as_deref()),
                    row_id: text_of(&row.id),
                })
                .collect(),
        })
        .collect();
    Ok(wa::Message {
        list_message: some(wa::message::ListMessage {
            title: maybe(shown.header.as_deref()),
            description: text_of(&shown.body),
            button_text: maybe(shown.button_text.as_deref()),
            list_type: Some(ListType::SINGLE_SELECT),
            sections,
            footer_text: maybe(shown.footer.as_deref()),
            ..Default::default()
        }),
        ..Default::default()
    })
}

fn template(shown: &Interactive) -> Result<wa::Message, EncodeError> {
    let title = match one_above(shown)? {
        Above::Nothing => None,
        Above::Words(words) => Some(Title::HydratedTitleText(words)),
        Above::Image(image) => Some(image.into()),
        Above::Video(video) => Some(video.into()),
        Above::Document(document) => Some(document.into()),
    };
    let rows = HydratedFourRowTemplate {
        hydrated_content_text: text_of(&shown.body),
        hydrated_footer_text: maybe(shown.footer.as_deref()),
        hydrated_buttons: shown.choices.iter().zip(0..).map(template_button).collect(),
        title,
        ..Default::default()
    };
    Ok(wa::Message {
        template_message: some(wa::message::TemplateMessage {
            hydrated_template: some(rows),
            ..Default::default()
        }),
        ..Default::default()
    })
}

fn template_button((choice, place): (&Choice, u32)) -> wa::HydratedTemplateButton {
    let display_text = text_of(&choice.title);
    let params = choice.params_json.as_deref();
    let button: HydratedButton = match &*choice.kind {
        "url" => HydratedURLButton {
            display_text,
            url: param(params, "url").map(Into::into),
            ..Default::default()
        }
        .into(),
        "call" => HydratedCallButton {
            display_text,
            phone_number: param(params, "phone_number").map(Into::into),
        }
        .into(),
        _ => HydratedQuickReplyButton {
            display_text,
            id: text_of(&choice.id),
        }
        .into(),
    };
    wa::HydratedTemplateButton {
        index: Some(place),
        hydrated_button: Some(button),
    }
}

fn native_flow(shown: &Interactive) -> Result<wa::Message, EncodeError> {
    let media = match above(shown)? {
        Above::Nothing | Above::Words(_) => None,
        Above::Image(image) => Some(HeaderMedia::from(image)),
        Above::Video(video) => Some(video.into()),
        Above::Document(document) => Some(document.into()),
    };
    let header = (shown.header.is_some() || media.is_some()).then(|| parts::Header {
        title: maybe(shown.header.as_deref()),
        has_media_attachment: Some(media.is_some()),
        media,
        ..Default::default()
    });
    Ok(wa::Message {
        interactive_message: some(wa::message::InteractiveMessage {
            header: header.into(),
            body: some(parts::Body {
                text: text_of(&shown.body),
            }),
            footer: shown
                .footer
                .as_deref()
                .map(|footer| parts::Footer {
                    text: text_of(footer),
                    ..Default::default()
                })
                .into(),
            interactive_message: Some(
                NativeFlowMessage {
                    buttons: shown.choices.iter().map(flow_button).collect(),
                    message_version: Some(1),
                    ..Default::default()
                }
                .into(),
            ),
            ..Default::default()
        }),
        ..Default::default()
    })
}

/// What the parameters do not say themselves is said for them.
fn flow_button(choice: &Choice) -> NativeFlowButton {
    let given = choice.params_json.as_deref();
    let mut params = given
        .and_then(|text| serde_json::from_str(text).ok())
        .and_then(|value| match value {
            Value::Object(fields) => Some(fields),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        })
        .unwrap_or_default();
    let mut complete = true;
    for (name, value) in [("display_text", &choice.title), ("id", &choice.id)] {
        if !value.is_empty() && !params.contains_key(name) {
            params.insert(name.to_owned(), json!(&**value));
            complete = false;
        }
    }
    NativeFlowButton {
        name: text_of(&choice.kind),
        button_params_json: match given {
            Some(given) if complete => text_of(given),
            Some(_) | None => Some(Value::Object(params).to_string()),
        },
    }
}

pub(super) fn reply(reply: &InteractiveReply, envelope: &Envelope<'_>) -> Result<wa::Message, EncodeError> {
    let context_info = reply
        .target
        .as_ref()
        .map(|target| context::answer(target, envelope))
        .into();
    let title = maybe(reply.title.as_deref());
    match reply.style {
        InteractiveStyle::Buttons => Ok(wa::Message {
            buttons_response_message: some(wa::message::ButtonsResponseMessage {
                selected_button_id: text_of(&reply.id),
                context_info,
                r#type: Some(ResponseType::DISPLAY_TEXT),
                response: title.map(Response::SelectedDisplayText),
            }),
            ..Default::default()
        }),
        InteractiveStyle::List => Ok(wa::Message {
            list_response_message: some(wa::message::ListResponseMessage {
                title,
                list_type: Some(ReplyListType::SINGLE_SELECT),
                single_select_reply: some(SingleSelectReply {
                    selected_row_id: text_of(&reply.id),
                }),
                context_info,
                ..Default::default()
            }),
            ..Default::default()
        }),
        InteractiveStyle::Template => Ok(wa::Message {
            template_button_reply_message: some(wa::message::TemplateButtonReplyMessage {
                selected_id: text_of(&reply.id),
                selected_display_text: title,
                context_info,
                ..Default::default()
            }),
            ..Default::default()
        }),
        InteractiveStyle::NativeFlow => {
            let params = reply.params_json.as_deref();
            // The id is in the parameters, or it is the name of the flow.
            let name = match param(params, "id") {
                Some(_) => "menu_options",
                None => &reply.id,
            };
            let body = title.map(|text| reply_parts::Body {
                text: Some(text),
                ..Default::default()
            });
            let flow = reply_parts::NativeFlowResponseMessage {
                name: text_of(name),
                params_json: maybe(params),
                version: Some(1),
            };
            Ok(wa::Message {
                interactive_response_message: some(wa::message::InteractiveResponseMessage {
                    body: body.into(),
                    context_info,
                    interactive_response_message: Some(flow.into()),
                }),
                ..Default::default()
            })
        }
        InteractiveStyle::Carousel
        | InteractiveStyle::ProductList
        | InteractiveStyle::Shop
        | InteractiveStyle::Other => Err(EncodeError::NotSendable {
            kind: "interactive-reply",
            why: "nothing of this style can be answered by choosing",
        }),
    }
}
