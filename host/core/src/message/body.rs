//! What each kind of message carries.
//!
//! The names and shapes are those of the plugin contract's `types` interface; amounts are integers in thousandths, times are
//! [`UnixMs`].

use serde::{Deserialize, Serialize};

use super::MessageKey;
use super::media::Media;
use crate::address::{Jid, Party};
use crate::clock::UnixMs;

/// A link and what is shown of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkPreview {
    /// Address.
    pub url: Box<str>,
    /// Title.
    pub title: Option<Box<str>>,
    /// Description.
    pub description: Option<Box<str>>,
    /// A small JPEG.
    pub thumbnail: Option<Vec<u8>>,
}

/// Plain text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The text.
    pub body: Box<str>,
    /// Preview of a link in it.
    pub preview: Option<LinkPreview>,
}

/// A pack of stickers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StickerPack {
    /// Identifier.
    pub id: Box<str>,
    /// Name.
    pub name: Box<str>,
    /// Who made it.
    pub publisher: Box<str>,
    /// Cover picture.
    pub cover: Option<Media>,
    /// How many.
    pub count: u32,
}

/// Announces pictures and videos that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Album {
    /// Pictures to follow.
    pub expected_images: u32,
    /// Videos to follow.
    pub expected_videos: u32,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Geo {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres.
    pub accuracy_m: Option<u32>,
    /// Name.
    pub name: Option<Box<str>>,
    /// Street address.
    pub address: Option<Box<str>>,
    /// Address.
    pub url: Option<Box<str>>,
}

/// A place that moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveGeo {
    /// Where.
    pub point: Geo,
    /// Metres a second.
    pub speed_mps: Option<f32>,
    /// Degrees clockwise from magnetic north.
    pub heading_deg: Option<u32>,
    /// Order among updates of the same share.
    pub sequence: u64,
    /// Text beside it.
    pub caption: Option<Box<str>>,
}

/// A person's card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactCard {
    /// Name shown.
    pub display_name: Box<str>,
    /// The card as vCard 3.0.
    pub vcard: Box<str>,
    /// Phone numbers in it.
    pub phones: Vec<Box<str>>,
}

/// What kind of poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the protocol's own")]
pub enum PollKind {
    Regular,
    Quiz,
    Newsletter,
    Other,
}

/// A question with options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Poll {
    /// Kind.
    pub kind: PollKind,
    /// Name.
    pub name: Box<str>,
    /// The options.
    pub options: Vec<Box<str>>,
    /// How many may be chosen; 0 for any number.
    pub max_choices: u32,
    /// When it ends.
    pub ends_at: Option<UnixMs>,
    /// The right option of a quiz.
    pub correct: Option<Box<str>>,
    /// Votes are anonymous.
    pub hide_voters: bool,
    /// Everybody may add options.
    pub can_add_options: bool,
}

/// Somebody's choice in a poll, decrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PollVote {
    /// The poll.
    pub poll: MessageKey,
    /// Options chosen; empty takes a vote back.
    pub selected: Vec<Box<str>>,
    /// Who voted.
    pub voter: Party,
}

/// The result of a poll so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PollTally {
    /// The poll.
    pub poll: MessageKey,
    /// Option and votes.
    pub counts: Vec<(Box<str>, u64)>,
}

/// An option somebody added to a poll.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PollOptionAdded {
    /// The poll.
    pub poll: MessageKey,
    /// The new option.
    pub option_name: Box<str>,
}

/// An emoji on a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reaction {
    /// The message or chat meant.
    pub target: MessageKey,
    /// The emoji; none takes it back.
    pub emoji: Option<Box<str>>,
}

/// Something that takes place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalendarEvent {
    /// Name.
    pub name: Box<str>,
    /// Description.
    pub description: Option<Box<str>>,
    /// Where.
    pub place: Option<Geo>,
    /// When it starts.
    pub starts_at: UnixMs,
    /// When it ends.
    pub ends_at: Option<UnixMs>,
    /// Link of a call.
    pub join_link: Option<Box<str>>,
    /// Called off.
    pub canceled: bool,
    /// Guests brought along.
    pub extra_guests: bool,
}

/// An answer to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the protocol's own")]
pub enum Rsvp {
    Going,
    NotGoing,
    Maybe,
    Unknown,
}

/// Somebody's answer to an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventResponse {
    /// The event.
    pub event: MessageKey,
    /// The answer.
    pub answer: Rsvp,
    /// Guests brought along.
    pub extra_guests: u32,
}

/// A comment under a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    /// The message or chat meant.
    pub target: MessageKey,
    /// The text.
    pub body: Box<str>,
}

/// An invitation to a group or newsletter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invite {
    /// The message or chat meant.
    pub target: Jid,
    /// Invitation code.
    pub code: Box<str>,
    /// Name.
    pub name: Box<str>,
    /// When it stops to work.
    pub expires_at: Option<UnixMs>,
    /// Text beside it.
    pub caption: Option<Box<str>>,
    /// Invited to administrate.
    pub admin: bool,
}

/// A product of a catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Identifier.
    pub id: Box<str>,
    /// Title.
    pub title: Box<str>,
    /// Description.
    pub description: Option<Box<str>>,
    /// ISO 4217.
    pub currency: Option<Box<str>>,
    /// Price in thousandths.
    pub price_1000: Option<i64>,
    /// Whose catalogue.
    pub business: Option<Jid>,
    /// Picture.
    pub image: Option<Media>,
    /// Address.
    pub url: Option<Box<str>>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Identifier.
    pub id: Box<str>,
    /// Token that opens it.
    pub token: Box<str>,
    /// Title.
    pub title: Option<Box<str>>,
    /// Number of items.
    pub item_count: u32,
    /// Sum in thousandths.
    pub total_1000: Option<i64>,
    /// ISO 4217.
    pub currency: Option<Box<str>>,
    /// Who sells.
    pub seller: Option<Jid>,
}

/// What a payment message does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the protocol's own")]
pub enum PaymentKind {
    Request,
    Sent,
    Declined,
    Canceled,
    Invoice,
    Invite,
    Reminder,
    Split,
    Other,
}

/// A payment or a request for one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Kind.
    pub kind: PaymentKind,
    /// Amount in thousandths.
    pub amount_1000: Option<i64>,
    /// ISO 4217.
    pub currency: Option<Box<str>>,
    /// Note beside it.
    pub note: Option<Box<str>>,
    /// The request it answers.
    pub request: Option<MessageKey>,
}

/// How choices are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the protocol's own")]
pub enum InteractiveStyle {
    Buttons,
    List,
    Template,
    NativeFlow,
    Carousel,
    ProductList,
    Shop,
    Other,
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Identifier.
    pub id: Box<str>,
    /// Title.
    pub title: Box<str>,
    /// Description.
    pub description: Option<Box<str>>,
    /// Heading it stands under.
    pub section: Option<Box<str>>,
    /// Kind.
    pub kind: Box<str>,
    /// Parameters as JSON.
    pub params_json: Option<Box<str>>,
}

/// A message with choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interactive {
    /// How it is shown.
    pub style: InteractiveStyle,
    /// Line above.
    pub header: Option<Box<str>>,
    /// The text.
    pub body: Box<str>,
    /// Line below.
    pub footer: Option<Box<str>>,
    /// Picture, video or document above.
    pub media: Option<Media>,
    /// What opens the list.
    pub button_text: Option<Box<str>>,
    /// What can be chosen.
    pub choices: Vec<Choice>,
}

/// What somebody chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InteractiveReply {
    /// How it is shown.
    pub style: InteractiveStyle,
    /// Identifier.
    pub id: Box<str>,
    /// Title.
    pub title: Option<Box<str>>,
    /// Parameters as JSON.
    pub params_json: Option<Box<str>>,
    /// The message or chat meant.
    pub target: Option<MessageKey>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the protocol's own")]
pub enum CallOutcome {
    Connected,
    Missed,
    Rejected,
    Failed,
    Ongoing,
    Other,
}

/// A call, as the chat shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallLog {
    /// With picture.
    pub video: bool,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Seconds.
    pub duration_s: Option<u32>,
    /// Who took part.
    pub participants: Vec<Jid>,
}

/// A call planned for later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduledCall {
    /// Title.
    pub title: Box<str>,
    /// When.
    pub at: UnixMs,
    /// With picture.
    pub video: bool,
    /// Called off.
    pub canceled: bool,
}

/// A question in a newsletter or status, or the answer to one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The text.
    pub body: Box<str>,
    /// The question it answers.
    pub answer_to: Option<MessageKey>,
}

/// A message pinned to the chat, or unpinned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    /// The message or chat meant.
    pub target: MessageKey,
    /// Pinned, or unpinned.
    pub pinned: bool,
    /// For how long; none means off or for ever.
    pub seconds: Option<u32>,
}

/// A disappearing message kept, or let go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Keep {
    /// The message or chat meant.
    pub target: MessageKey,
    /// Kept, or let go.
    pub kept: bool,
}

/// The chat's disappearing timer was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatTimer {
    /// For how long; none means off or for ever.
    pub seconds: Option<u32>,
}

/// A phone number asked for or given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhoneShare {
    /// Asked for, or given.
    pub requested: bool,
    /// The number.
    pub phone: Option<Box<str>>,
}

/// Mentioned in a status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusMention {
    /// The status.
    pub status: Option<MessageKey>,
    /// The mention is of a group.
    pub group: bool,
}

/// What a WhatsApp bot answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BotOutput {
    /// Text, where it has one.
    pub text: Option<Box<str>>,
    /// The structured answer as JSON.
    pub raw_json: Option<Box<str>>,
}

/// Why there is no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the protocol's own")]
pub enum UnavailableReason {
    Undecryptable,
    ViewOnceOnOtherDevice,
    Placeholder,
    Expired,
    Unsupported,
    Other,
}

/// A message that came without readable content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unavailable {
    /// Why.
    pub reason: UnavailableReason,
    /// The sender was asked to send it again.
    pub retrying: bool,
}

/// Anything this version has no kind for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unknown {
    /// Kind.
    pub kind: Box<str>,
    /// Text, where it has one.
    pub text: Option<Box<str>>,
    /// As JSON.
    pub json: Option<Box<str>>,
    /// The protocol buffer.
    pub raw: Option<Vec<u8>>,
}
