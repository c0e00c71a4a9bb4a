//! The table of routes: every operation of the API on one screen.

use futures::future::BoxFuture;
use http::Method;
use schemars::SchemaGenerator;
use waspnest_core::caller::Scope;
use waspnest_core::package::MAX_BYTES;

use super::api::outgoing::LARGEST_BODY;
use super::api::{
    api_keys, app_state, audit, auth, backups, chat_changes, communities, config, deliveries, effects, events, groups,
    hooks, installations, made, mail, me, media, messages, metrics, newsletters, pairing, people, plugins, profile,
    proxies, qr, routes, runs, scheduled_messages, schedules, secrets, send_policy, sessions, shadow, statuses, stream,
    stream_tickets, system, tenants, users, values, versions, webhooks, ws,
};
use super::context::Ctx;
use super::document;
use super::error::ApiError;
use super::operation::{Description, Operation};
use super::picture::{LARGEST_PICTURE, in_base64};
use super::query::Params;
use super::reply::Reply;
use super::swagger;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Who may do this, on what is theirs; who has the admin secret may everything.
    May(Scope),
    /// Whoever is known, with whatever scopes.
    Known,
    /// Who has the admin secret.
    Admin,
    /// Who knows the secret of the installation's hook.
    Hook,
}

use Access::{Admin, Hook, Known, May, Open};
use Scope::{
    ChatsWrite, ContactsRead, ContactsWrite, GroupsRead, GroupsWrite, MessagesRead, MessagesSend, PluginsRead,
    PluginsWrite, ProfileRead, ProfileWrite, SessionsRead, SessionsWrite, TenantAdmin, WebhooksRead, WebhooksWrite,
};

pub(super) type Handler = Box<dyn Fn(Ctx, Params) -> BoxFuture<'static, Result<Reply, ApiError>> + Send + Sync>;

/// One operation.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) access: Access,
    /// What it does, in a sentence.
    pub(super) says: &'static str,
    /// The name of its handler, such as `sessions::create`.
    pub(super) name: &'static str,
    /// Media types it can answer with, the usual one first.
    pub(super) offers: Vec<&'static str>,
    /// Bytes of the largest body, where that may be larger than others.
    pub(super) largest: Option<u64>,
    pub(super) takes: Takes,
    /// Whether a ticket in the query may stand for a credential.
    pub(super) takes_tickets: bool,
    pub(super) tell: fn(&mut Description),
    pub(super) handler: Handler,
}

/// How a route takes its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// When all of it is there.
    Whole,
    /// Part by part.
    AsItComes,
}

/// The parameter that holds a ticket, and where one is got.
pub(super) const TICKET: &str = "ticket";
pub(super) const TICKETS: &str = "/v1/stream-tickets";

/// What an archive of a package may take beside the files in it.
const ARCHIVE_ROOM: u64 = 1 << 20;

/// What a body may take beside the file in it.
const ROOM: usize = 64 << 10;

#[rustfmt::skip]
pub(super) fn table() -> Vec<Route> {
    vec![
        // Whether to send traffic here, and whether to start the host again.
        get   ("/healthz", Open, "Whether the process answers.", system::live),
        get   ("/readyz", Open, "Whether the host can do its work: it is up, its store takes a durable write in time, the disk has room, and no router stands still. Whether WhatsApp is reached is not asked.", system::ready),
        get   ("/metrics", Admin, "What is measured, for Prometheus. `[metrics] listen` opens it to collectors at an address of its own.", metrics::show),
        get   ("/openapi.json", Open, "This document.", document::show),
        get   ("/docs", Open, "This document as a page to try it on.", swagger::page),
        get   ("/docs/{file}", Open, "What the page is made of.", swagger::file),

        get   ("/v1/health", Admin, "How the host is: sessions by state, installations, since when.", system::health),
        get   ("/v1/version", May(SessionsRead), "Which host this is.", system::version),

        // The whole host.
        post  ("/v1/backups", Admin, "Has a backup taken of everything the host keeps, while it works.", backups::create),
        get   ("/v1/backups", Admin, "Backups, the latest first.", backups::list),
        get   ("/v1/backups/{b}", Admin, "One backup: how it stands, and what is in it.", backups::get),
        delete("/v1/backups/{b}", Admin, "Removes a backup, or calls it off while it is being taken.", backups::remove),

        post  ("/v1/auth/login", Open, "Logs a user in: an access token for a while, and what it is refreshed with.", auth::log_in),
        post  ("/v1/auth/refresh", Open, "Goes on with a login. Each refresh token works once; showing one again ends the login.", auth::refresh),
        post  ("/v1/auth/logout", Known, "Ends the login whose access token is sent.", auth::log_out),
        get   ("/v1/me", Known, "Who is calling, whose they are and what they may do.", me::show),
        put   ("/v1/me/password", Known, "Gives the user who calls another password, and ends all their logins.", me::change_password),

        post  ("/v1/tenants", Admin, "Makes a tenant.", tenants::create),
        get   ("/v1/tenants", Admin, "Tenants, oldest first.", tenants::list),
        get   ("/v1/tenants/{t}", Admin, "One tenant.", tenants::get),
        patch ("/v1/tenants/{t}", Admin, "Gives a tenant other limits.", tenants::change),
        delete("/v1/tenants/{t}", Admin, "Removes a tenant with its users and keys. It has no sessions any more.", tenants::remove),

        post  ("/v1/users", May(TenantAdmin), "Makes a user.", users::create),
        get   ("/v1/users", May(TenantAdmin), "Users, oldest first.", users::list),
        get   ("/v1/users/{u}", May(TenantAdmin), "One user.", users::get),
        patch ("/v1/users/{u}", May(TenantAdmin), "Changes a user: its password, its role, whether it may log in.", users::change),
        delete("/v1/users/{u}", May(TenantAdmin), "Removes a user and ends its logins.", users::remove),

        post  ("/v1/api-keys", May(TenantAdmin), "Makes an API key, which is shown this once.", api_keys::create),
        get   ("/v1/api-keys", May(TenantAdmin), "API keys without their secrets, oldest first.", api_keys::list),
        get   ("/v1/api-keys/{k}", May(TenantAdmin), "One API key, without its secret.", api_keys::get),
        patch ("/v1/api-keys/{k}", May(TenantAdmin), "Changes an API key: its name, its scopes, its networks.", api_keys::change),
        delete("/v1/api-keys/{k}", May(TenantAdmin), "Removes an API key, which opens nothing from then on.", api_keys::remove),
        post  ("/v1/api-keys/{k}/rotate", May(TenantAdmin), "Gives an API key another secret, which is shown this once; the one before opens a while longer.", api_keys::rotate),

        get   ("/v1/audit", May(TenantAdmin), "What callers were denied and what was changed about the host, latest first.", audit::list),

        post  ("/v1/sessions", May(SessionsWrite), "Makes a session and, unless told not to, connects it: it shows QR codes then.", sessions::create),
        get   ("/v1/sessions", May(SessionsRead), "Sessions, oldest first.", sessions::list),
        get   ("/v1/sessions/{s}", May(SessionsRead), "One session.", sessions::get),
        patch ("/v1/sessions/{s}", May(SessionsWrite), "Wants a session connected, or not.", sessions::update),
        delete("/v1/sessions/{s}", May(SessionsWrite), "Removes a session and all that is kept of it. The phone shows the device until it is logged out.", sessions::remove),
        get   ("/v1/sessions/{s}/status", May(SessionsRead), "What a session is doing.", sessions::status),
        // Actions are also reachable as `{s}:connect` and so on.
        post  ("/v1/sessions/{s}/connect", May(SessionsWrite), "Wants a session connected, now and after restarts; shows QR codes when no device is linked.", sessions::connect),
        post  ("/v1/sessions/{s}/disconnect", May(SessionsWrite), "Wants a session offline, now and after restarts.", sessions::disconnect),
        post  ("/v1/sessions/{s}/logout", May(SessionsWrite), "Takes the device off the account. The session stays and can be linked again.", sessions::log_out),
        post  ("/v1/sessions/{s}/token", May(SessionsWrite), "Gives a session a token that opens it and nothing else, which is shown this once; the one before opens nothing from then on.", api_keys::session_token),
        delete("/v1/sessions/{s}/token", May(SessionsWrite), "Takes a session its token.", api_keys::remove_session_token),
        live(get("/v1/events/stream", Known, "What happens in all sessions of the caller's, or in some, while it happens; of each type what the caller may read.", stream::open)),
        live(get("/v1/ws", Known, "The same over a WebSocket, whose caller may want something else while it lasts.", ws::open)),
        post  (TICKETS, Known, "Makes a ticket that stands for the caller's credential, once and for half a minute, where a browser can send no header: `?ticket=` of a stream.", stream_tickets::create),
        get   ("/v1/sessions/{s}/events", Known, "What happened in a session, in order; of each type what the caller may read.", events::list_all),
        get   ("/v1/sessions/{s}/qr", May(SessionsWrite), "The code that links a phone, as JSON, picture or text.", qr::show),

        post  ("/v1/sessions/reconnect", Admin, "Starts the clients of all sessions anew that are wanted connected, one after another.", sessions::reconnect_all),
        post  ("/v1/sessions/{s}/restart", May(SessionsWrite), "Ends the client of a session and starts another.", sessions::restart),
        post  ("/v1/sessions/{s}/pairing-code", May(SessionsWrite), "A code to type into the phone, instead of scanning. An earlier one leads nowhere from then on.", pairing::code),
        get   ("/v1/sessions/{s}/passkey", May(SessionsWrite), "Whether WhatsApp wants to see the account's passkey before it links the device.", pairing::passkey),
        post  ("/v1/sessions/{s}/passkey", May(SessionsWrite), "Hands over what an authenticator said, or says that the phone shows the same code.", pairing::step),
        get   ("/v1/sessions/{s}/proxy", Admin, "The proxy a session has of its own.", proxies::get),
        put   ("/v1/sessions/{s}/proxy", Admin, "Gives a session a proxy of its own, for its connection and its files.", proxies::set),
        delete("/v1/sessions/{s}/proxy", Admin, "Takes a session's own proxy away; it takes the host's way then.", proxies::remove),

        get   ("/v1/sessions/{s}/groups", May(GroupsRead), "The groups the account is in.", groups::list_all),
        post  ("/v1/sessions/{s}/groups", May(GroupsWrite), "Makes a group.", groups::create),
        get   ("/v1/sessions/{s}/groups/{g}", May(GroupsRead), "A group, with who is in it.", groups::get),
        pictured(patch("/v1/sessions/{s}/groups/{g}", May(GroupsWrite), "Changes a group: one thing after another, in the order in which they are listed.", groups::update)),
        delete("/v1/sessions/{s}/groups/{g}", May(GroupsWrite), "Leaves a group.", groups::leave),
        delete("/v1/sessions/{s}/groups/{g}/picture", May(GroupsWrite), "Takes a group's picture away.", groups::remove_picture),
        get   ("/v1/sessions/{s}/groups/{g}/participants", May(GroupsRead), "Who is in a group.", groups::participants),
        post  ("/v1/sessions/{s}/groups/{g}/participants", May(GroupsWrite), "Adds, removes, promotes or demotes people; what came of it for each.", groups::change_participants),
        get   ("/v1/sessions/{s}/groups/{g}/requests", May(GroupsRead), "Who asks to be let in.", groups::requests),
        post  ("/v1/sessions/{s}/groups/{g}/requests", May(GroupsWrite), "Lets people in who asked, or does not; what came of it for each.", groups::decide),
        get   ("/v1/sessions/{s}/groups/{g}/invite-link", May(GroupsRead), "The link that leads into a group.", groups::invite_link),
        post  ("/v1/sessions/{s}/groups/{g}/invite-link/reset", May(GroupsWrite), "Another link; the one before leads nowhere from then on.", groups::reset_invite_link),
        get   ("/v1/sessions/{s}/invites/{code}", May(GroupsRead), "The group behind an invite link.", groups::behind),
        post  ("/v1/sessions/{s}/invites/{code}/join", May(GroupsWrite), "Joins a group by its link, or asks to.", groups::join),

        get   ("/v1/sessions/{s}/communities", May(GroupsRead), "The communities the account is in.", communities::list_all),
        post  ("/v1/sessions/{s}/communities", May(GroupsWrite), "Makes a community.", communities::create),
        delete("/v1/sessions/{s}/communities/{g}", May(GroupsWrite), "Ends a community; its groups stay, on their own.", communities::deactivate),
        get   ("/v1/sessions/{s}/communities/{g}/subgroups", May(GroupsRead), "The groups of a community.", communities::subgroups),
        post  ("/v1/sessions/{s}/communities/{g}/subgroups", May(GroupsWrite), "Makes a group in a community.", communities::create_subgroup),
        post  ("/v1/sessions/{s}/communities/{g}/subgroups/{sub}/join", May(GroupsWrite), "Joins a group of a community that the account is in.", communities::join_subgroup),
        post  ("/v1/sessions/{s}/communities/{g}/link", May(GroupsWrite), "Puts groups into a community; what came of it for each.", communities::link),
        post  ("/v1/sessions/{s}/communities/{g}/unlink", May(GroupsWrite), "Takes groups out of a community; what came of it for each.", communities::unlink),
        get   ("/v1/sessions/{s}/communities/{g}/participants", May(GroupsRead), "Everybody in any group of a community.", communities::participants),
        post  ("/v1/sessions/{s}/communities/{g}/participants/remove", May(GroupsWrite), "Takes people out of a community and all of its groups; what came of it for each.", communities::remove_participants),

        post  ("/v1/sessions/{s}/contacts/check", May(ContactsRead), "Who of many numbers is at WhatsApp.", people::check),
        get   ("/v1/sessions/{s}/contacts/{jid}", May(ContactsRead), "Somebody, as WhatsApp tells it.", people::get),
        get   ("/v1/sessions/{s}/contacts/{jid}/picture", May(ContactsRead), "Where the picture of a person or a group is.", people::picture),
        get   ("/v1/sessions/{s}/contacts/{jid}/devices", May(ContactsRead), "The devices somebody has linked, the phone among them.", people::devices),
        put   ("/v1/sessions/{s}/contacts/{jid}/watch", May(ContactsRead), "Is told when somebody comes and goes, while the account shows itself as available.", people::watch),
        delete("/v1/sessions/{s}/contacts/{jid}/watch", May(ContactsRead), "Is told no more.", people::unwatch),
        get   ("/v1/sessions/{s}/blocked", May(ContactsRead), "Whose messages and calls are not taken.", people::blocked),
        put   ("/v1/sessions/{s}/blocked/{jid}", May(ContactsWrite), "Takes no more of somebody's messages and calls.", people::block),
        delete("/v1/sessions/{s}/blocked/{jid}", May(ContactsWrite), "Takes somebody's messages and calls again.", people::unblock),

        patch ("/v1/sessions/{s}/chats/{chat}", May(ChatsWrite), "Changes the account's own view of a chat, which its other devices follow.", chat_changes::update),
        delete("/v1/sessions/{s}/chats/{chat}", May(ChatsWrite), "Deletes a chat for the account, or only its messages.", chat_changes::remove),

        get   ("/v1/sessions/{s}/profile", May(ProfileRead), "What the account shows of itself.", profile::get),
        patch ("/v1/sessions/{s}/profile", May(ProfileWrite), "Changes the account's name, or what it says about itself.", profile::update),
        pictured(put("/v1/sessions/{s}/profile/picture", May(ProfileWrite), "Shows another picture.", profile::set_picture)),
        delete("/v1/sessions/{s}/profile/picture", May(ProfileWrite), "Shows no picture any more.", profile::remove_picture),
        put   ("/v1/sessions/{s}/presence", May(ProfileWrite), "Shows the account as being there, or not.", profile::set_presence),
        get   ("/v1/sessions/{s}/privacy", May(ProfileRead), "Who may see and do what.", profile::privacy),
        patch ("/v1/sessions/{s}/privacy", May(ProfileWrite), "Changes who may see and do what, one thing after another.", profile::set_privacy),
        get   ("/v1/sessions/{s}/status-privacy", May(ProfileRead), "For whom the account's status posts are; only the phone changes it.", profile::status_privacy),

        posted(post("/v1/sessions/{s}/statuses", May(ProfileWrite), "Posts a status: a text, a picture or a video.", statuses::create)),
        delete("/v1/sessions/{s}/statuses/{post}", May(ProfileWrite), "Takes a status back.", statuses::revoke),

        get   ("/v1/sessions/{s}/newsletters", May(GroupsRead), "The newsletters the account follows or runs.", newsletters::list_all),
        post  ("/v1/sessions/{s}/newsletters", May(GroupsWrite), "Makes a newsletter.", newsletters::create),
        get   ("/v1/sessions/{s}/newsletters/{newsletter}", May(GroupsRead), "A newsletter.", newsletters::get),
        patch ("/v1/sessions/{s}/newsletters/{newsletter}", May(GroupsWrite), "Changes a newsletter of the account's own.", newsletters::update),
        put   ("/v1/sessions/{s}/newsletters/{newsletter}/follow", May(GroupsWrite), "Follows a newsletter.", newsletters::follow),
        delete("/v1/sessions/{s}/newsletters/{newsletter}/follow", May(GroupsWrite), "Follows a newsletter no more.", newsletters::unfollow),
        put   ("/v1/sessions/{s}/newsletters/{newsletter}/mute", May(GroupsWrite), "Keeps quiet about a newsletter's news.", newsletters::mute),
        delete("/v1/sessions/{s}/newsletters/{newsletter}/mute", May(GroupsWrite), "Tells of a newsletter's news again.", newsletters::unmute),
        get   ("/v1/sessions/{s}/newsletters/{newsletter}/messages", May(GroupsRead), "Messages of a newsletter, the latest first.", newsletters::messages),
        post  ("/v1/sessions/{s}/newsletters/{newsletter}/reactions", May(GroupsWrite), "Reacts to a message of a newsletter, or takes that back.", newsletters::react),
        get   ("/v1/sessions/{s}/newsletter-invites/{code}", May(GroupsRead), "The newsletter behind a link.", newsletters::behind),

        get   ("/v1/sessions/{s}/app-state", May(ProfileRead), "What of the app state can be synced.", app_state::get),
        post  ("/v1/sessions/{s}/app-state/sync", May(ProfileWrite), "Fetches what other devices changed in one collection.", app_state::sync),
        post  ("/v1/sessions/{s}/app-state/mark-clean", May(ProfileWrite), "Tells WhatsApp's server that what it called changed has been taken in.", app_state::mark_clean),
        post  ("/v1/sessions/{s}/app-state", May(ProfileWrite), "Patches of the caller's own: not supported, and why.", app_state::patch),
        put   ("/v1/sessions/{s}/labels/{label}", May(ChatsWrite), "Makes a label for chats, or changes it.", app_state::set_label),
        delete("/v1/sessions/{s}/labels/{label}", May(ChatsWrite), "Takes a label away.", app_state::remove_label),

        large(post("/v1/sessions/{s}/messages", May(MessagesSend), "Accepts a message for sending, durably; it leaves when the session is connected, and when its send policy allows.", messages::send)),
        patch ("/v1/sessions/{s}/messages/{m}", May(MessagesSend), "Gives a text of the account other words.", messages::edit),
        delete("/v1/sessions/{s}/messages/{m}", May(MessagesSend), "Takes a message back for everybody, or removes it for the account alone.", messages::revoke),
        post  ("/v1/sessions/{s}/messages/{m}/reactions", May(MessagesSend), "Puts an emoji on a message, or takes it back.", messages::react),
        post  ("/v1/sessions/{s}/messages/{m}/read", May(MessagesSend), "Tells the author of a message that it was read.", messages::read),
        post  ("/v1/sessions/{s}/messages/{m}/played", May(MessagesSend), "Tells the author of a voice message or video that it was played.", messages::played),
        post  ("/v1/sessions/{s}/messages/{m}/star", May(MessagesSend), "Puts a star on a message or takes it off, for the account alone.", messages::star),
        post  ("/v1/sessions/{s}/messages/{m}/pin", May(MessagesSend), "Puts a message at the top of its chat for everybody, or takes it down.", messages::pin),
        post  ("/v1/sessions/{s}/messages/{m}/forward", May(MessagesSend), "Passes a message on.", messages::forward),
        post  ("/v1/sessions/{s}/chats/{chat}/presence", May(MessagesSend), "Shows in a chat that somebody types or records, or that nobody does.", messages::show_typing),
        streamed(post("/v1/sessions/{s}/media", May(MessagesSend), "Puts media here to be sent: the bytes themselves, or a form with a file. They are written to disk as they come, and stay for two days unless they are asked for.", media::upload)),
        get   ("/v1/sessions/{s}/media/{media}", May(MessagesRead), "Bytes of media, all or a range of them.", media::download),
        get   ("/v1/sessions/{s}/scheduled-messages", May(MessagesRead), "Messages that are to be sent later, in the order in which they were asked for.", scheduled_messages::list),
        get   ("/v1/sessions/{s}/scheduled-messages/{sm}", May(MessagesRead), "One of them.", scheduled_messages::get),
        delete("/v1/sessions/{s}/scheduled-messages/{sm}", May(MessagesSend), "Calls one off.", scheduled_messages::call_off),
        get   ("/v1/sessions/{s}/send-policy", May(SessionsRead), "How fast the session sends.", send_policy::get),
        put   ("/v1/sessions/{s}/send-policy", May(SessionsWrite), "Sets how fast the session sends, over what the file says; keys that are left out are as in the file.", send_policy::set),
        delete("/v1/sessions/{s}/send-policy", May(SessionsWrite), "Has the session send as the file says.", send_policy::reset),
        get   ("/v1/sessions/{s}/effects", May(MessagesRead), "What was asked for, the latest first.", effects::list),
        get   ("/v1/sessions/{s}/messages", May(MessagesRead), "Messages, newest first: all, those that fit, or those that are found by their words.", mail::messages::list_all),
        get   ("/v1/sessions/{s}/messages/{m}", May(MessagesRead), "One message, with all that is known of it.", mail::messages::get),
        get   ("/v1/sessions/{s}/messages/{m}/receipts", May(MessagesRead), "How far a message of the account has come with each person.", mail::messages::receipts),
        get   ("/v1/sessions/{s}/messages/{m}/reactions", May(MessagesRead), "Who reacted to a message, and how.", mail::messages::list_reactions),
        get   ("/v1/sessions/{s}/messages/{m}/media", May(MessagesRead), "The file of a message, whole or in ranges; fetched from WhatsApp where it is not here.", mail::messages::media),
        get   ("/v1/sessions/{s}/chats", May(MessagesRead), "Chats, the one with the latest message first.", mail::chats::list),
        get   ("/v1/sessions/{s}/chats/{chat}", May(MessagesRead), "One chat.", mail::chats::get),
        get   ("/v1/sessions/{s}/chats/{chat}/messages", May(MessagesRead), "Messages of a chat, newest first.", mail::messages::list_of_chat),
        post  ("/v1/sessions/{s}/chats/{chat}/history", May(MessagesRead), "Asks the phone for messages of a chat that are older than what is here.", mail::past::ask),
        get   ("/v1/sessions/{s}/contacts", May(ContactsRead), "People, as far as the session has learned of them.", mail::people::list),
        get   ("/v1/sessions/{s}/export", May(TenantAdmin), "Everything a phone would show of the session, as lines of JSON: chats, groups, people, messages.", mail::export::get),
        get   ("/v1/sessions/{s}/history", May(MessagesRead), "How far the phone has told its past.", mail::past::get),
        get   ("/v1/sessions/{s}/effects/{e}", May(MessagesRead), "What became of something that was asked for.", effects::get),
        post  ("/v1/sessions/{s}/effects/{e}/cancel", May(MessagesSend), "Calls off what has not left.", effects::cancel),
        post  ("/v1/sessions/{s}/effects/{e}/retry", May(MessagesSend), "Does once more what failed, as an effect of its own.", effects::retry),

        upload(post("/v1/plugins", Admin, "Uploads a plugin, or another version of one, for installations that are made here: an archive as the body, or where it is.", plugins::create)),
        get   ("/v1/plugins", Admin, "Plugins that were uploaded, by id.", plugins::list),
        get   ("/v1/plugins/{p}", Admin, "One plugin, with what is in its latest version or another.", plugins::get),
        delete("/v1/plugins/{p}", Admin, "Removes a plugin, or one version of it. No installation made here is of it.", plugins::remove),

        post  ("/v1/installations", Admin, "Makes an installation of a plugin that was uploaded and, unless told not to, puts it to work in every session at once. What is said are the keys of `[[plugin]]` in the configuration file, by the same rules.", made::create),
        get   ("/v1/installations", May(PluginsRead), "Installations, those of higher priority first, and then those that are not at work.", installations::list),
        get   ("/v1/installations/{i}", May(PluginsRead), "One installation.", made::get),
        patch ("/v1/installations/{i}", Admin, "Changes an installation that was made here, at once: each key that is given takes the place of what was said, and null takes it back. What was tried or in shadow is so no more.", made::change),
        delete("/v1/installations/{i}", Admin, "Removes an installation that was made here, with all that it keeps: values, dialogues, timers, schedules, dead letters, settings, records of its calls. Calls under way end first; messages it has asked for still leave.", made::remove),
        get   ("/v1/installations/{i}/config", May(PluginsRead), "The configuration that holds for the installation, in a session or a chat.", config::see),
        put   ("/v1/installations/{i}/config", May(PluginsWrite), "Sets the configuration of the installation, of a session or of a chat.", config::set),
        delete("/v1/installations/{i}/config", May(PluginsWrite), "Takes away what was set.", config::remove),
        get   ("/v1/installations/{i}/usage", May(PluginsRead), "What the installation keeps, by session, and how much it may.", values::usage),
        get   ("/v1/installations/{i}/values", May(PluginsRead), "Values of the plugin in a session, a chat or of a person, by key.", values::list),
        delete("/v1/installations/{i}/values", May(PluginsWrite), "Takes values away, one or all whose keys begin alike. A call that relies on one is made again.", values::remove),
        get   ("/v1/installations/{i}/values/scopes", May(PluginsRead), "Where in a session the plugin has values.", values::scopes),
        get   ("/v1/installations/{i}/dead-letters", May(PluginsRead), "Events that the installation could not handle, by session and then oldest first.", installations::dead_letters),
        post  ("/v1/installations/{i}/dead-letters/replay", May(PluginsWrite), "Has parked events handled again, by the plugin as it is now.", installations::replay),
        post  ("/v1/installations/{i}/dead-letters/discard", May(PluginsWrite), "Throws parked events away.", installations::discard),

        post  ("/v1/webhooks", May(WebhooksWrite), "Makes a webhook, which is told what happens from now on. What it is signed with is shown this once.", webhooks::create),
        get   ("/v1/webhooks", May(WebhooksRead), "Webhooks, oldest first.", webhooks::list),
        get   ("/v1/webhooks/{w}", May(WebhooksRead), "One webhook.", webhooks::get),
        patch ("/v1/webhooks/{w}", May(WebhooksWrite), "Changes a webhook, but for its secret.", webhooks::change),
        delete("/v1/webhooks/{w}", May(WebhooksWrite), "Removes a webhook with everything that is known of it.", webhooks::remove),
        post  ("/v1/webhooks/{w}/rotate", May(WebhooksWrite), "Gives a webhook another secret, which is shown this once; deliveries are signed with both for a while.", webhooks::rotate),
        post  ("/v1/webhooks/{w}/test", May(WebhooksWrite), "Tells a webhook something now, and what came of it.", webhooks::test),
        get   ("/v1/webhooks/{w}/statistics", May(WebhooksRead), "How a webhook is doing.", webhooks::statistics),
        get   ("/v1/webhooks/{w}/deliveries", May(WebhooksRead), "What a webhook was told and was to be told, by session and then the latest first.", deliveries::list),
        get   ("/v1/webhooks/{w}/deliveries/{s}/{position}", May(WebhooksRead), "One delivery, with what is told.", deliveries::get),
        post  ("/v1/webhooks/{w}/replay", May(WebhooksWrite), "Tells a webhook a part of a session's log once more, under the same ids.", deliveries::tell_again),
        get   ("/v1/webhooks/{w}/dead-letters", May(WebhooksRead), "Events that a webhook could not be told, by session and then oldest first.", deliveries::dead_letters),
        post  ("/v1/webhooks/{w}/dead-letters/replay", May(WebhooksWrite), "Tells a webhook again what was given up.", deliveries::replay),
        post  ("/v1/webhooks/{w}/dead-letters/discard", May(WebhooksWrite), "Throws away what was given up.", deliveries::discard),

        // What is kept is never shown.
        get   ("/v1/secrets", Admin, "Names of the secrets that the host keeps itself.", secrets::list),
        put   ("/v1/secrets/{n}", Admin, "Keeps a secret, in place of what was there.", secrets::set),
        delete("/v1/secrets/{n}", Admin, "Forgets a secret.", secrets::remove),

        get   ("/v1/installations/{i}/versions", May(PluginsRead), "Installed versions of the plugin, the latest first.", versions::list),
        upload(post("/v1/installations/{i}/versions", Admin, "Brings a version in: an archive as the body, or where it is; without a body, what is in the configured source.", versions::install)),
        post  ("/v1/installations/{i}/versions/{v}/activate", May(PluginsWrite), "Puts a version to work.", versions::activate),
        post  ("/v1/installations/{i}/versions/{v}/approve", Admin, "Approves of what a version asks for, and puts it to work.", versions::approve),
        post  ("/v1/installations/{i}/versions/{v}/canary", May(PluginsWrite), "Tries a version in a share of the chats.", versions::try_in_some),
        delete("/v1/installations/{i}/canary", May(PluginsWrite), "Tries no version any more.", versions::try_none),
        post  ("/v1/installations/{i}/versions/{v}/shadow", May(PluginsWrite), "Has a version called beside the one at work, without power, and compares.", shadow::put),
        get   ("/v1/installations/{i}/shadow", May(PluginsRead), "What was found of the version in shadow.", shadow::get),
        delete("/v1/installations/{i}/shadow", May(PluginsWrite), "Has no version in shadow any more.", shadow::delete),
        post  ("/v1/installations/{i}/rollback", May(PluginsWrite), "Puts the version to work that was before the one at work.", versions::roll_back),
        get   ("/v1/installations/{i}/runs", May(PluginsRead), "Recorded calls, the latest first.", runs::list),
        get   ("/v1/runs/{r}", May(PluginsRead), "One recorded call, with all that is known of it.", runs::get),
        upload(post("/v1/runs/{r}/replay", May(PluginsWrite), "Makes a call once more without any power and tells what is different: by the plugin as it is now, by another package, or by an archive as the body.", runs::replay)),

        get   ("/v1/schedules", May(PluginsRead), "Schedules of installations, by session.", schedules::list),
        get   ("/v1/schedules/{s}/{i}/{id}", May(PluginsRead), "One schedule, with the moments to come and what it fired.", schedules::get),
        post  ("/v1/schedules/{s}/{i}/{id}/run", May(PluginsWrite), "Fires a schedule now.", schedules::run),
        post  ("/v1/schedules/{s}/{i}/{id}/pause", May(PluginsWrite), "Lets the moments of a schedule pass until it is resumed, restarts included.", schedules::pause),
        post  ("/v1/schedules/{s}/{i}/{id}/resume", May(PluginsWrite), "Fires a schedule again, from its next moment on.", schedules::resume),

        get   ("/v1/routes/explain", Admin, "Which installations would get a message, and why the others would not.", routes::explain),

        // Requests from outside to one installation, whatever follows.
        get   ("/v1/hooks/{s}/{i}/{*path}", Hook, "Asks an installation something.", hooks::call),
        post  ("/v1/hooks/{s}/{i}/{*path}", Hook, "Tells an installation something.", hooks::call),
        put   ("/v1/hooks/{s}/{i}/{*path}", Hook, "Tells an installation something.", hooks::call),
        patch ("/v1/hooks/{s}/{i}/{*path}", Hook, "Tells an installation something.", hooks::call),
        delete("/v1/hooks/{s}/{i}/{*path}", Hook, "Tells an installation something.", hooks::call),
        get   ("/v1/hooks/{s}/{i}", Hook, "Asks an installation something.", hooks::call),
        post  ("/v1/hooks/{s}/{i}", Hook, "Tells an installation something.", hooks::call),
        get   ("/v1/hooks/{s}/{i}/", Hook, "Asks an installation something.", hooks::call),
        post  ("/v1/hooks/{s}/{i}/", Hook, "Tells an installation something.", hooks::call),
    ]
}

fn get<I, H: Operation<I>>(path: &'static str, access: Access, says: &'static str, handler: H) -> Route {
    route(Method::GET, path, access, says, handler)
}

fn post<I, H: Operation<I>>(path: &'static str, access: Access, says: &'static str, handler: H) -> Route {
    route(Method::POST, path, access, says, handler)
}

fn put<I, H: Operation<I>>(path: &'static str, access: Access, says: &'static str, handler: H) -> Route {
    route(Method::PUT, path, access, says, handler)
}

fn patch<I, H: Operation<I>>(path: &'static str, access: Access, says: &'static str, handler: H) -> Route {
    route(Method::PATCH, path, access, says, handler)
}

fn delete<I, H: Operation<I>>(path: &'static str, access: Access, says: &'static str, handler: H) -> Route {
    route(Method::DELETE, path, access, says, handler)
}

/// A route that takes messages with files in them.
fn large(route: Route) -> Route {
    Route {
        largest: Some(LARGEST_BODY),
        ..route
    }
}

/// A route that takes its body as it comes.
fn streamed(route: Route) -> Route {
    Route {
        takes: Takes::AsItComes,
        ..route
    }
}

/// A route of those who listen, whose browsers send no headers of theirs.
fn live(route: Route) -> Route {
    Route {
        takes_tickets: true,
        ..route
    }
}

/// A route that takes a package.
fn upload(route: Route) -> Route {
    Route {
        largest: Some(MAX_BYTES + ARCHIVE_ROOM),
        ..route
    }
}

/// A route that takes a picture as base64 in JSON.
fn pictured(route: Route) -> Route {
    Route {
        largest: Some((in_base64(LARGEST_PICTURE) + ROOM) as u64),
        ..route
    }
}

/// A route that takes a status post.
fn posted(route: Route) -> Route {
    Route {
        largest: Some((in_base64(statuses::LARGEST_FILE) + ROOM) as u64),
        ..route
    }
}

fn route<I, H: Operation<I>>(
    method: Method,
    path: &'static str,
    access: Access,
    says: &'static str,
    handler: H,
) -> Route {
    let mut told = Description::new(SchemaGenerator::default());
    H::tell(&mut told);
    Route {
        method,
        path,
        access,
        says,
        name: std::any::type_name::<H>(),
        offers: told.offers,
        largest: None,
        takes: Takes::Whole,
        takes_tickets: false,
        tell: H::tell,
        handler: Box::new(move |ctx, params| handler.call(ctx, params)),
    }
}

/// A route as others may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its method.
    pub method: Method,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
}

/// Every route, in the order of the table.
#[must_use]
pub fn list() -> Vec<Listed> {
    table()
        .into_iter()
        .map(|route| Listed {
            method: route.method,
            path: route.path,
            access: route.access,
        })
        .collect()
}
