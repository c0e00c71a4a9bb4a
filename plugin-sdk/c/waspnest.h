// The layer for plugins in C: handlers, texts, how a handler ends, and the calls that most plugins make.
//
// A plugin writes the handlers that its manifest announces; `waspnest plugin build` says which is missing when it links. All else of the
// contract is in `plugin.h`, which is made from it: a function for each call, and a type for everything.
//
// What functions here answer, and what a handler is given, lives until the handler returns. Nobody has to free any of it.
#ifndef WASPNEST_H
#define WASPNEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugin.h"
#include "world.h"

// ---------- texts ----------

// Bytes of UTF-8, without an end mark.
typedef plugin_string_t wn_text;

// A text of a literal or another C string.
wn_text wn_of(const char *text);
// A text as printf makes it; `%.*s` with WN_ARG takes a text.
wn_text wn_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define WN_ARG(text) (int)(text).len, (const char *)(text).ptr
// A text as a C string.
const char *wn_c(wn_text text);
// A text so many times.
wn_text wn_times(wn_text text, size_t times);
// Whether a text is the same as a C string.
bool wn_is(wn_text text, const char *other);
// Whether a text begins with a C string; what comes behind it is the rest.
bool wn_after(wn_text text, const char *start, wn_text *rest);
// A text without blanks around it.
wn_text wn_trim(wn_text text);
// Bytes in hexadecimal digits.
wn_text wn_hex(wn_text bytes);
// Memory until the handler returns.
void *wn_memory(size_t bytes);

// ---------- JSON ----------

// A text as JSON, with its quotation marks.
wn_text wn_quoted(wn_text text);
// The value of a field of a JSON object, as JSON; none when it is not there.
bool wn_field(wn_text json, const char *name, wn_text *value);
// What a JSON text says; the value itself where it is none, such as a number.
wn_text wn_unquoted(wn_text json);

// ---------- how a handler ends ----------

// A handler's end. What it changed is committed when it ends well, and dropped when it fails.
typedef struct {
  bool failed;
  waspnest_plugin_types_outcome_t outcome;
  waspnest_plugin_types_handler_error_t error;
} wn_end;

// Done.
wn_end wn_done(void);
// Done, with a few words for the operator.
wn_end wn_done_with_note(wn_text note);
// Done, and installations of lower priority shall not get the event; a note may be empty.
wn_end wn_stop(wn_text note);
// It may work later, after so many milliseconds at the earliest; with 0 the host chooses.
wn_end wn_retry(wn_text reason, uint64_t after_ms);
// It will never work.
wn_end wn_reject(wn_text reason);
// The last call that answered false was refused: asks for a retry where that may help, and rejects the event where it cannot.
wn_end wn_failed(void);

// Ends a handler unless a call was accepted.
#define WN_TRY(call) \
  do { \
    if (!(call)) return wn_failed(); \
  } while (0)

// Notes that a call of `plugin.h` was refused, so that `wn_failed` tells of it. Answers false.
bool wn_refused(const char *call, waspnest_plugin_types_error_t error);
// Why the last refused call was refused: one of WASPNEST_PLUGIN_TYPES_ERROR_….
uint8_t wn_why(void);

// ---------- handlers, of which a plugin writes those that its manifest announces ----------

typedef waspnest_plugin_types_event_context_t wn_context;
typedef waspnest_plugin_types_message_t wn_message;

#ifdef WASPNEST_EXPORTS_MESSAGE_HANDLER
wn_end on_message(const wn_context *ctx, const wn_message *msg);
#endif
#ifdef WASPNEST_EXPORTS_COMMAND_HANDLER
typedef exports_waspnest_plugin_command_handler_command_t wn_command;
typedef exports_waspnest_plugin_command_handler_arg_t wn_arg;
wn_end on_command(const wn_context *ctx, const wn_command *cmd, const wn_message *msg);
// Whether a command is this one: its name, or its name and its path such as "todo add".
bool wn_command_is(const wn_command *cmd, const char *words);
// An argument; NULL when it was left out and has no default.
const wn_arg *wn_argument(const wn_command *cmd, const char *name);
// A text, a choice, somebody's address, or all that followed; empty when it was left out.
wn_text wn_argument_text(const wn_command *cmd, const char *name);
// A whole number, a span or a moment in milliseconds; 0 when it was left out.
int64_t wn_argument_integer(const wn_command *cmd, const char *name);
// A number; 0 when it was left out.
double wn_argument_number(const wn_command *cmd, const char *name);
// Yes or no; no when it was left out.
bool wn_argument_boolean(const wn_command *cmd, const char *name);
#endif
#ifdef WASPNEST_EXPORTS_REPLY_HANDLER
typedef exports_waspnest_plugin_reply_handler_pending_t wn_pending;
// `msg` is NULL when none came in time.
wn_end on_reply(const wn_context *ctx, const wn_pending *pending, const wn_message *msg);
#endif
#ifdef WASPNEST_EXPORTS_SCHEDULE_HANDLER
typedef exports_waspnest_plugin_schedule_handler_tick_t wn_tick;
wn_end on_tick(const wn_context *ctx, const wn_tick *tick);
#endif
#ifdef WASPNEST_EXPORTS_RECEIPT_HANDLER
wn_end on_receipt(const wn_context *ctx, const exports_waspnest_plugin_receipt_handler_receipt_t *receipt);
#endif
#ifdef WASPNEST_EXPORTS_GROUP_HANDLER
wn_end on_group(const wn_context *ctx, const exports_waspnest_plugin_group_handler_group_event_t *event);
#endif
#ifdef WASPNEST_EXPORTS_PRESENCE_HANDLER
wn_end on_presence(const wn_context *ctx, const exports_waspnest_plugin_presence_handler_presence_t *event);
#endif
#ifdef WASPNEST_EXPORTS_CONTACT_HANDLER
wn_end on_contact(const wn_context *ctx, const exports_waspnest_plugin_contact_handler_contact_event_t *event);
#endif
#ifdef WASPNEST_EXPORTS_CHAT_HANDLER
wn_end on_chat(const wn_context *ctx, const exports_waspnest_plugin_chat_handler_chat_event_t *event);
#endif
#ifdef WASPNEST_EXPORTS_CALL_HANDLER
wn_end on_call(const wn_context *ctx, const exports_waspnest_plugin_call_handler_call_t *call);
#endif
#ifdef WASPNEST_EXPORTS_SESSION_HANDLER
wn_end on_session(const wn_context *ctx, const exports_waspnest_plugin_session_handler_session_event_t *event);
#endif
#ifdef WASPNEST_EXPORTS_TOPIC_HANDLER
wn_end on_topic(const wn_context *ctx, wn_text topic, wn_text publisher, plugin_list_u8_t body);
#endif
#ifdef WASPNEST_EXPORTS_REQUEST_HANDLER
typedef exports_waspnest_plugin_request_handler_request_t wn_request;
// An answer to a request from outside.
typedef struct {
  uint16_t status;
  // Such as "application/json"; NULL is plain text.
  const char *content_type;
  wn_text body;
} wn_answer;
// Writes the answer; it counts only if the handler ends well.
wn_end on_request(const wn_context *ctx, const wn_request *request, wn_answer *answer);
#endif
#ifdef WASPNEST_EXPORTS_RAW_HANDLER
wn_end on_event(const wn_context *ctx, wn_text schema, wn_text kind, wn_text json);
#endif
#ifdef WASPNEST_EXPORTS_LIFECYCLE
// Answers whether it could; where not, `problem` says why.
bool on_migrate(const exports_waspnest_plugin_lifecycle_place_t *place, uint32_t from, uint32_t to, wn_text *problem);
void on_retire(wn_text reason);
#endif
#ifdef WASPNEST_EXPORTS_CONFIG_CHECK
// Called with an issue for each thing that is wrong: a JSON pointer, words, and whether the configuration cannot be used.
void wn_issue(const char *path, wn_text message, bool fatal);
void on_validate_config(wn_text config);
#endif

// ---------- messages ----------

// Text, caption or chosen title, without blanks around it; empty when there is none.
wn_text wn_message_text(const wn_message *msg);
// Whether only two talk in the chat, so that it is clear what an answer refers to.
bool wn_is_direct(const wn_message *msg);
// The value of an optional text; empty when there is none.
wn_text wn_maybe(plugin_option_string_t text);

#ifdef WASPNEST_IMPORTS_MESSAGING
// Answers in the chat of a message; where several talk, it is quoted.
bool wn_reply(const wn_message *msg, wn_text text);
// Sends a text to a chat.
bool wn_send(wn_text to, wn_text text);
// Sends a document by the handle of its file.
bool wn_send_document(wn_text to, wn_text file, const char *name);
// The key of a message.
typedef waspnest_plugin_types_message_key_t wn_key;
// Answers at once, whatever becomes of the handler, and gives the key of the answer. Repeated calls that answer the same do so once.
bool wn_reply_now(const wn_message *msg, wn_text text, wn_key *sent);
// Gives a message of the account another text.
bool wn_edit(const wn_key *message, wn_text text);
// The same at once, for one that `wn_reply_now` sent and that grows; `wn_edit` finishes it. Repeated calls make the same edit once.
bool wn_edit_now(const wn_key *message, wn_text text);
// Reacts to a message; an empty emoji takes the account's own reaction back.
bool wn_react(const wn_message *msg, const char *emoji);
#endif

#ifdef WASPNEST_IMPORTS_MEDIA_STORE
// Makes a file of a type such as "image/png", and answers its handle.
bool wn_make_file(const char *mime, wn_text bytes, wn_text *file);
#endif

// ---------- the account ----------

#ifdef WASPNEST_IMPORTS_GROUPS
// A group's subject, and how many are in it.
bool wn_group(wn_text group, wn_text *subject, size_t *members);
#endif

#ifdef WASPNEST_IMPORTS_CONTACTS
// Whether somebody at WhatsApp has a phone number such as "+4915112345678".
bool wn_is_registered(wn_text phone, bool *registered);
#endif

#ifdef WASPNEST_IMPORTS_CHATS
// Makes a chat quiet for good.
bool wn_mute(wn_text chat);
#endif

// ---------- what a plugin keeps and waits for ----------

#ifdef WASPNEST_IMPORTS_KV
// An open store.
typedef waspnest_plugin_kv_own_store_t wn_store;
// The stores of the event's session, of its chat, and of its sender there.
bool wn_store_session(wn_store *store);
bool wn_store_chat(wn_store *store);
bool wn_store_sender(wn_store *store);
// Reads a key; an empty value where it is missing. Other languages keep JSON.
bool wn_get(wn_store store, const char *key, wn_text *value);
// Writes a key.
bool wn_put(wn_store store, const char *key, wn_text value);
// Removes a key.
bool wn_delete(wn_store store, const char *key);
// Adds to a whole number; a missing key counts as 0.
bool wn_increment(wn_store store, const char *key, int64_t delta, int64_t *sum);
#endif

#ifdef WASPNEST_IMPORTS_DIALOGUE
// Waits for the next message of the event's sender, for so many milliseconds; it goes to `on_reply`.
bool wn_expect(const char *name, wn_text data, uint64_t ttl_ms);
#endif

#ifdef WASPNEST_IMPORTS_SCHEDULE
// Sets a job that is due once, in so many milliseconds; it goes to `on_tick`.
bool wn_after_ms(const char *id, uint64_t delay_ms, wn_text payload);
// Sets a job that is due by a cron expression in UTC.
bool wn_cron(const char *id, const char *expression, wn_text payload);
#endif

#ifdef WASPNEST_IMPORTS_HTTP
// Asks with GET. A status other than 2xx is a refusal, which asks for a retry where a later answer may be another one.
bool wn_http_get(wn_text url, wn_text *body);
// An answer that is taken in pieces. Repeated calls get the same ones; what was still to come when the first call ended is lost.
typedef waspnest_plugin_http_own_incoming_t wn_incoming;
// Asks with GET and waits for the beginning of the answer. A status other than 2xx is a refusal, as above.
bool wn_http_open(wn_text url, wn_incoming *answer);
// Waits for more and gathers what comes within so many milliseconds, at most 10,000. Without more, or refused, the answer is closed.
bool wn_http_next(wn_incoming answer, uint32_t gather_ms, wn_text *piece, bool *more);
#endif

#ifdef WASPNEST_IMPORTS_WEBHOOKS
// Has a server of the operator's told; data are JSON.
bool wn_emit(const char *endpoint, const char *event, wn_text data);
#endif

#ifdef WASPNEST_IMPORTS_BUS
// Tells the plugins of the same session that listen to a topic.
bool wn_publish(const char *topic, wn_text body);
#endif

#ifdef WASPNEST_IMPORTS_SECRETS
// Signs with a secret that stays with the host: 32 bytes.
bool wn_hmac_sha256(const char *secret, wn_text data, wn_text *code);
#endif

// Whether a capability is granted, such as "messages.send".
bool wn_granted(const char *capability);

// One value of the configuration, by JSON pointer such as "/greeting/de", unquoted; empty when nothing is there.
wn_text wn_config(const char *pointer);

// Writes a line for the operator.
#define wn_info(...) wn_log(WASPNEST_PLUGIN_LOG_LEVEL_INFO, wn_format(__VA_ARGS__))
#define wn_warn(...) wn_log(WASPNEST_PLUGIN_LOG_LEVEL_WARN, wn_format(__VA_ARGS__))
void wn_log(waspnest_plugin_log_level_t level, wn_text line);

#endif
