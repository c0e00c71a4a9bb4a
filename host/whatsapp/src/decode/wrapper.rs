//! The envelopes WhatsApp puts round a message, taken off into flags.
//!
//! They nest in any order; every one is opened exactly once on the way in. What they say stays in [`Opened`].

use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::protocol_message::Type as ProtocolType;
use whatsapp_rust::waproto::whatsapp::message_association::AssociationType;

/// More envelopes than any client uses; what nests deeper is left closed.
const DEEPEST: usize = 24;

/// A message without its envelopes.
pub(super) struct Opened<'a> {
    pub(super) base: &'a wa::Message,
    pub(super) meaning: Meaning,
    pub(super) view_once: bool,
    pub(super) spoiler: bool,
    /// An envelope said "edited" without saying what.
    pub(super) edited: bool,
    /// The message this one replaces, as its author names it.
    pub(super) edit: Option<&'a wa::MessageKey>,
    /// The chat, as another device of the account names it.
    pub(super) destination: Option<&'a str>,
    /// It carries keys of a group's encryption, which travel alone or beside something.
    pub(super) hands_out_keys: bool,
    /// From the outermost to the innermost.
    infos: Vec<&'a wa::MessageContextInfo>,
}

/// Envelopes that make something else of what is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Plain,
    Question,
    QuestionReply,
    StatusMention,
    GroupStatusMention,
    BotTask,
}

impl<'a> Opened<'a> {
    /// From the innermost information that has it.
    pub(super) fn info<T>(&self, part: impl Fn(&'a wa::MessageContextInfo) -> Option<T>) -> Option<T> {
        self.infos.iter().rev().copied().find_map(part)
    }

    /// The album the message is part of.
    pub(super) fn album(&self) -> Option<&'a wa::MessageKey> {
        self.info(|info| {
            let association = info.message_association.as_option()?;
            (association.association_type == Some(AssociationType::MEDIA_ALBUM))
                .then(|| association.parent_message_key.as_option())
                .flatten()
        })
    }

    /// The message whose thread it is in.
    pub(super) fn thread(&self) -> Option<&'a wa::MessageKey> {
        self.info(|info| info.thread_id.iter().find_map(|thread| thread.thread_key.as_option()))
    }
}

/// Takes every envelope off.
pub(super) fn open(message: &wa::Message) -> Opened<'_> {
    let mut opened = Opened {
        base: message,
        meaning: Meaning::Plain,
        view_once: false,
        spoiler: false,
        edited: false,
        edit: None,
        destination: None,
        hands_out_keys: false,
        infos: Vec::new(),
    };
    for _ in 0..DEEPEST {
        opened.infos.extend(opened.base.message_context_info.as_option());
        opened.hands_out_keys |= opened.base.sender_key_distribution_message.is_set()
            || opened.base.fast_ratchet_key_sender_key_distribution_message.is_set();
        match step(opened.base, &mut opened) {
            Some(inner) => opened.base = inner,
            None => break,
        }
    }
    opened.edited &= opened.edit.is_none();
    opened.view_once |= is_view_once(opened.base);
    opened
}

fn step<'a>(message: &'a wa::Message, opened: &mut Opened<'a>) -> Option<&'a wa::Message> {
    if let Some(sent) = message.device_sent_message.as_option()
        && let Some(inner) = sent.message.as_option()
    {
        opened.destination = sent.destination_jid.as_deref();
        return Some(inner);
    }
    if let Some(protocol) = message.protocol_message.as_option()
        && matches!(protocol.r#type, Some(ProtocolType::MESSAGE_EDIT) | None)
        && let (Some(key), Some(inner)) = (protocol.key.as_option(), protocol.edited_message.as_option())
        && opened.edit.is_none()
    {
        opened.edit = Some(key);
        return Some(inner);
    }
    macro_rules! envelopes {
        ($($field:ident => $note:expr;)+) => {$(
            if let Some(inner) = message.$field.as_option().and_then(|envelope| envelope.message.as_option()) {
                let note: fn(&mut Opened<'a>) = $note;
                note(opened);
                return Some(inner);
            }
        )+};
    }
    envelopes! {
        ephemeral_message => |_| {};
        view_once_message => |opened| opened.view_once = true;
        view_once_message_v2 => |opened| opened.view_once = true;
        view_once_message_v2_extension => |opened| opened.view_once = true;
        document_with_caption_message => |_| {};
        edited_message => |opened| opened.edited = true;
        group_mentioned_message => |_| {};
        bot_invoke_message => |_| {};
        lottie_sticker_message => |_| {};
        event_cover_image => |_| {};
        poll_creation_option_image_message => |_| {};
        poll_creation_message_v4 => |_| {};
        associated_child_message => |_| {};
        status_add_yours => |_| {};
        group_status_message => |_| {};
        group_status_message_v2 => |_| {};
        limit_sharing_message => |_| {};
        bot_forwarded_message => |_| {};
        newsletter_admin_profile_message => |_| {};
        newsletter_admin_profile_message_v2 => |_| {};
        newsletter_admin_profile_status_message => |_| {};
        spoiler_message => |opened| opened.spoiler = true;
        question_message => |opened| opened.meaning = Meaning::Question;
        question_reply_message => |opened| opened.meaning = Meaning::QuestionReply;
        status_mention_message => |opened| opened.meaning = Meaning::StatusMention;
        group_status_mention_message => |opened| opened.meaning = Meaning::GroupStatusMention;
        bot_task_message => |opened| opened.meaning = Meaning::BotTask;
    }
    None
}

/// Newer clients mark the picture itself instead of wrapping it.
fn is_view_once(base: &wa::Message) -> bool {
    [
        base.image_message.as_option().and_then(|image| image.view_once),
        base.video_message.as_option().and_then(|video| video.view_once),
        base.ptv_message.as_option().and_then(|video| video.view_once),
        base.audio_message.as_option().and_then(|audio| audio.view_once),
        base.extended_text_message.as_option().and_then(|text| text.view_once),
    ]
    .contains(&Some(true))
}
