//! Words: text, comments, questions.

use waspnest_core::address::Jid;
use waspnest_core::message::{Comment, Question, Text};
use whatsapp_rust::waproto::whatsapp as wa;

use super::{key, maybe, some, text_of, wrapped};

/// Bare text travels as `conversation`, text with anything beside it as `extendedTextMessage`; clients do the same.
pub(super) fn text(text: &Text) -> wa::Message {
    let Some(preview) = &text.preview else {
        return plain(&text.body);
    };
    wa::Message {
        extended_text_message: some(wa::message::ExtendedTextMessage {
            text: text_of(&text.body),
            matched_text: text_of(&preview.url),
            title: maybe(preview.title.as_deref()),
            description: maybe(preview.description.as_deref()),
            jpeg_thumbnail: preview.thumbnail.clone(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(super) fn plain(body: &str) -> wa::Message {
    wa::Message {
        conversation: text_of(body),
        ..Default::default()
    }
}

pub(super) fn comment(comment: &Comment) -> wa::Message {
    wa::Message {
        comment_message: some(wa::message::CommentMessage {
            message: some(plain(&comment.body)),
            target_message_key: some(key(&comment.target)),
        }),
        ..Default::default()
    }
}

/// A question in a newsletter or status, and the answers to each.
pub(super) fn question(question: &Question) -> wa::Message {
    let text = text_of(&question.body);
    match &question.answer_to {
        None => wa::Message {
            question_message: wrapped(wa::Message {
                extended_text_message: some(wa::message::ExtendedTextMessage {
                    text,
                    context_info: some(wa::ContextInfo {
                        is_question: Some(true),
                        ..Default::default()
                    }),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        },
        Some(asked) => match asked.chat {
            Jid::Status => wa::Message {
                status_question_answer_message: some(wa::message::StatusQuestionAnswerMessage {
                    key: some(key(asked)),
                    text,
                }),
                ..Default::default()
            },
            Jid::Phone(_) | Jid::Lid(_) | Jid::Group(_) | Jid::Newsletter(_) | Jid::Broadcast(_) | Jid::Bot(_) => {
                wa::Message {
                    question_response_message: some(wa::message::QuestionResponseMessage {
                        key: some(key(asked)),
                        text,
                    }),
                    ..Default::default()
                }
            }
        },
    }
}
