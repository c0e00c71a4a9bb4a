//! Words: text, comments, questions, and what bots write.

use waspnest_core::message::{BotOutput, Comment, Content, LinkPreview, MessageKey, Question, StatusMention, Text};
use whatsapp_rust::waproto::whatsapp as wa;

use super::wrapper::{self, Meaning};
use super::{Scope, bytes, context, filled, required, unknown};

pub(super) fn decode(base: &wa::Message, scope: &Scope<'_>) -> Option<Content> {
    if let Some(body) = filled(base.conversation.as_deref()) {
        return Some(Content::Text(Text { body, preview: None }));
    }
    if let Some(text) = base.extended_text_message.as_option() {
        return Some(Content::Text(extended(text)));
    }
    if let Some(part) = base.comment_message.as_option() {
        let target = scope.frame.key(part.target_message_key.as_option()?)?;
        let content = part.message.as_option().and_then(|inner| {
            super::said(&Scope {
                frame: scope.frame,
                context: None,
                opened: &wrapper::open(inner),
                own: None,
            })
        });
        return Some(match content {
            Some(content) => comment(target, &content),
            None => Content::Comment(Comment {
                target,
                body: "".into(),
            }),
        });
    }
    let answer = base
        .question_response_message
        .as_option()
        .map(|answer| (answer.text.as_deref(), answer.key.as_option()))
        .or_else(|| {
            let answer = base.status_question_answer_message.as_option()?;
            Some((answer.text.as_deref(), answer.key.as_option()))
        })
        .or_else(|| {
            let answer = base.status_quoted_message.as_option()?;
            Some((answer.text.as_deref(), answer.original_status_id.as_option()))
        });
    if let Some((body, question)) = answer {
        return Some(Content::Question(Question {
            body: required(body),
            answer_to: Some(scope.frame.key(question?)?),
        }));
    }
    if let Some(answer) = base.rich_response_message.as_option() {
        return Some(Content::BotOutput(rich(answer)));
    }
    None
}

/// A text of no length, which is one still when nothing else is there.
pub(super) fn empty(base: &wa::Message) -> Option<Content> {
    base.conversation.is_some().then(|| {
        Content::Text(Text {
            body: "".into(),
            preview: None,
        })
    })
}

/// What an envelope makes of what was in it.
pub(super) fn in_wrapper(content: Option<Content>, scope: &Scope<'_>) -> Option<Content> {
    let words = content.as_ref().and_then(|content| filled(content.plain_text()));
    match scope.opened.meaning {
        Meaning::Plain => content,
        Meaning::Question => Some(Content::Question(Question {
            body: words.unwrap_or_default(),
            answer_to: None,
        })),
        Meaning::QuestionReply => Some(Content::Question(Question {
            body: words.unwrap_or_default(),
            answer_to: context::target(scope),
        })),
        Meaning::StatusMention => Some(mention(content, Mentioned::Account)),
        Meaning::GroupStatusMention => Some(mention(content, Mentioned::Group)),
        Meaning::BotTask => Some(Content::BotOutput(BotOutput {
            text: words,
            raw_json: unknown::json(scope.opened.base),
        })),
    }
}

/// A comment whose words are those of `content`.
pub(super) fn comment(target: MessageKey, content: &Content) -> Content {
    Content::Comment(Comment {
        target,
        body: required(content.plain_text()),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mentioned {
    Account,
    Group,
}

fn mention(content: Option<Content>, whom: Mentioned) -> Content {
    let status = match content {
        Some(Content::StatusMention(mention)) => mention.status,
        Some(_) | None => None,
    };
    Content::StatusMention(StatusMention {
        status,
        group: whom == Mentioned::Group,
    })
}

fn extended(text: &wa::message::ExtendedTextMessage) -> Text {
    Text {
        body: required(text.text.as_deref()),
        preview: filled(text.matched_text.as_deref()).map(|url| LinkPreview {
            url,
            title: filled(text.title.as_deref()),
            description: filled(text.description.as_deref()),
            thumbnail: bytes(text.jpeg_thumbnail.as_ref()),
        }),
    }
}

fn rich(answer: &wa::AIRichResponseMessage) -> BotOutput {
    let parts: Vec<_> = answer
        .submessages
        .iter()
        .filter_map(|part| part.message_text.as_deref().filter(|text| !text.is_empty()))
        .collect();
    let unified = answer
        .unified_response
        .as_option()
        .and_then(|response| std::str::from_utf8(response.data.as_deref()?).ok())
        .filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    BotOutput {
        text: filled(Some(&parts.join("\n"))),
        raw_json: filled(unified).or_else(|| unknown::json_of(answer)),
    }
}
