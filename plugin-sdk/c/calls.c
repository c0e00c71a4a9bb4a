// The calls that most plugins make.

#include <string.h>

#include "internal.h"

wn_text wn_message_text(const wn_message *msg) {
  return wn_trim(wn_maybe(msg->plain_text));
}

bool wn_is_direct(const wn_message *msg) {
  return msg->chat_kind == WASPNEST_PLUGIN_TYPES_CHAT_KIND_DIRECT || msg->chat_kind == WASPNEST_PLUGIN_TYPES_CHAT_KIND_BOT;
}

wn_text wn_config(const char *pointer) {
  wn_text asked = wn_of(pointer);
  plugin_string_t found;
  return waspnest_plugin_config_get(&asked, &found) ? wn_unquoted(wn_taken(found)) : wn_of("");
}

void wn_log(waspnest_plugin_log_level_t level, wn_text line) {
  plugin_list_tuple2_string_string_t fields = {NULL, 0};
  waspnest_plugin_log_emit(level, &line, &fields);
}

bool wn_granted(const char *capability) {
  wn_text name = wn_of(capability);
  return waspnest_plugin_meta_granted(&name);
}

#ifdef WASPNEST_IMPORTS_MESSAGING
static bool send_as(wn_text to, waspnest_plugin_messaging_outgoing_t what, waspnest_plugin_messaging_options_t *options, wn_text *id) {
  plugin_string_t given;
  waspnest_plugin_messaging_error_t error;
  if (!waspnest_plugin_messaging_send(&to, &what, options, &given, &error)) return wn_refused("messaging.send", error);
  *id = wn_taken(given);
  return true;
}

static bool send(wn_text to, waspnest_plugin_messaging_outgoing_t what, waspnest_plugin_messaging_options_t *options) {
  wn_text id;
  return send_as(to, what, options, &id);
}

static waspnest_plugin_messaging_outgoing_t of_text(wn_text text) {
  waspnest_plugin_messaging_outgoing_t what = {.tag = WASPNEST_PLUGIN_MESSAGING_OUTGOING_TEXT};
  what.val.text.body = text;
  return what;
}

bool wn_send(wn_text to, wn_text text) {
  return send(to, of_text(text), NULL);
}

bool wn_send_document(wn_text to, wn_text file, const char *name) {
  waspnest_plugin_messaging_outgoing_t what = {.tag = WASPNEST_PLUGIN_MESSAGING_OUTGOING_DOCUMENT};
  what.val.document.handle = file;
  what.val.document.file_name = (plugin_option_string_t){true, wn_of(name)};
  return send(to, what, NULL);
}

bool wn_reply(const wn_message *msg, wn_text text) {
  if (wn_is_direct(msg)) return wn_send(msg->key.chat, text);
  waspnest_plugin_messaging_options_t options = {.when = WASPNEST_PLUGIN_MESSAGING_WHEN_ON_COMMIT};
  options.quote.is_some = true;
  options.quote.val = msg->key;
  return send(msg->key.chat, of_text(text), &options);
}

bool wn_reply_now(const wn_message *msg, wn_text text, wn_key *sent) {
  wn_text id;
  waspnest_plugin_messaging_options_t options = {.when = WASPNEST_PLUGIN_MESSAGING_WHEN_NOW};
  options.quote.is_some = !wn_is_direct(msg);
  options.quote.val = msg->key;
  if (!send_as(msg->key.chat, of_text(text), &options, &id)) return false;
  *sent = (wn_key){.session = msg->key.session, .chat = msg->key.chat, .id = id, .from_me = true};
  return true;
}

bool wn_edit(const wn_key *message, wn_text text) {
  wn_key key = *message;
  waspnest_plugin_messaging_outgoing_t what = of_text(text);
  waspnest_plugin_messaging_error_t error;
  if (!waspnest_plugin_messaging_edit(&key, &what, &error)) return wn_refused("messaging.edit", error);
  return true;
}

bool wn_edit_now(const wn_key *message, wn_text text) {
  wn_key key = *message;
  waspnest_plugin_messaging_outgoing_t what = of_text(text);
  waspnest_plugin_messaging_error_t error;
  if (!waspnest_plugin_messaging_edit_now(&key, &what, &error)) return wn_refused("messaging.edit-now", error);
  return true;
}

bool wn_react(const wn_message *msg, const char *emoji) {
  waspnest_plugin_messaging_message_key_t key = msg->key;
  wn_text text = wn_of(emoji);
  waspnest_plugin_messaging_error_t error;
  if (!waspnest_plugin_messaging_react(&key, text.len > 0 ? &text : NULL, &error)) return wn_refused("messaging.react", error);
  return true;
}
#endif

#ifdef WASPNEST_IMPORTS_KV
static bool open(uint8_t scope, wn_store *store) {
  waspnest_plugin_kv_scope_t asked = {.tag = scope};
  waspnest_plugin_kv_error_t error;
  if (!waspnest_plugin_kv_static_store_open(&asked, store, &error)) return wn_refused("kv.open", error);
  return true;
}

bool wn_store_session(wn_store *store) {
  return open(WASPNEST_PLUGIN_KV_SCOPE_SESSION, store);
}

bool wn_store_chat(wn_store *store) {
  return open(WASPNEST_PLUGIN_KV_SCOPE_CHAT, store);
}

bool wn_store_sender(wn_store *store) {
  return open(WASPNEST_PLUGIN_KV_SCOPE_SENDER, store);
}

bool wn_get(wn_store store, const char *key, wn_text *value) {
  wn_text name = wn_of(key);
  waspnest_plugin_kv_option_entry_t entry;
  waspnest_plugin_kv_error_t error;
  if (!waspnest_plugin_kv_method_store_get(waspnest_plugin_kv_borrow_store(store), &name, &entry, &error)) return wn_refused("kv.get", error);
  *value = entry.is_some ? wn_taken((plugin_string_t){entry.val.value.ptr, entry.val.value.len}) : wn_of("");
  return true;
}

bool wn_put(wn_store store, const char *key, wn_text value) {
  wn_text name = wn_of(key);
  plugin_list_u8_t bytes = {value.ptr, value.len};
  uint64_t revision;
  waspnest_plugin_kv_error_t error;
  if (!waspnest_plugin_kv_method_store_put(waspnest_plugin_kv_borrow_store(store), &name, &bytes, NULL, &revision, &error)) return wn_refused("kv.put", error);
  return true;
}

bool wn_delete(wn_store store, const char *key) {
  wn_text name = wn_of(key);
  bool was_there;
  waspnest_plugin_kv_error_t error;
  if (!waspnest_plugin_kv_method_store_delete(waspnest_plugin_kv_borrow_store(store), &name, NULL, &was_there, &error)) return wn_refused("kv.delete", error);
  return true;
}

bool wn_increment(wn_store store, const char *key, int64_t delta, int64_t *sum) {
  wn_text name = wn_of(key);
  waspnest_plugin_kv_error_t error;
  if (!waspnest_plugin_kv_method_store_increment(waspnest_plugin_kv_borrow_store(store), &name, delta, NULL, sum, &error)) return wn_refused("kv.increment", error);
  return true;
}
#endif

#ifdef WASPNEST_IMPORTS_DIALOGUE
bool wn_expect(const char *name, wn_text data, uint64_t ttl_ms) {
  wn_text called = wn_of(name);
  plugin_list_u8_t kept = {data.ptr, data.len};
  waspnest_plugin_dialogue_error_t error;
  if (!waspnest_plugin_dialogue_expect(WASPNEST_PLUGIN_DIALOGUE_WHO_SENDER, &called, &kept, 0, ttl_ms, &error)) return wn_refused("dialogue.expect", error);
  return true;
}
#endif

#ifdef WASPNEST_IMPORTS_SCHEDULE
static bool put(const char *id, waspnest_plugin_schedule_rule_t rule, wn_text payload) {
  waspnest_plugin_schedule_job_t job = {.id = wn_of(id), .rule = rule, .missed = WASPNEST_PLUGIN_SCHEDULE_MISSED_ONCE};
  job.payload = (plugin_list_u8_t){payload.ptr, payload.len};
  waspnest_plugin_schedule_unix_ms_t due;
  waspnest_plugin_schedule_error_t error;
  if (!waspnest_plugin_schedule_put(&job, &due, &error)) return wn_refused("schedule.put", error);
  return true;
}

bool wn_after_ms(const char *id, uint64_t delay_ms, wn_text payload) {
  waspnest_plugin_schedule_rule_t rule = {.tag = WASPNEST_PLUGIN_SCHEDULE_RULE_AFTER_MS};
  rule.val.after_ms = delay_ms;
  return put(id, rule, payload);
}

bool wn_cron(const char *id, const char *expression, wn_text payload) {
  waspnest_plugin_schedule_rule_t rule = {.tag = WASPNEST_PLUGIN_SCHEDULE_RULE_CRON};
  rule.val.cron = wn_of(expression);
  return put(id, rule, payload);
}
#endif

#ifdef WASPNEST_IMPORTS_HTTP
// The first characters of an answer, for an error.
static wn_text beginning(wn_text text) {
  size_t characters = 0, at = 0;
  while (at < text.len && (characters < 200 || (text.ptr[at] & 0xc0) == 0x80)) {
    characters += (text.ptr[at] & 0xc0) != 0x80;
    at++;
  }
  return (wn_text){text.ptr, at};
}

// A status other than 2xx, as a refusal.
static bool answered(const char *call, wn_text url, uint16_t status, wn_text body) {
  waspnest_plugin_http_error_t error;
  wn_text said = beginning(body);
  memset(&error, 0, sizeof error);
  if (status >= 500 || status == 408 || status == 425 || status == 429) {
    error.tag = WASPNEST_PLUGIN_TYPES_ERROR_UPSTREAM;
    error.val.upstream.f0 = status;
    error.val.upstream.f1 = said;
  } else {
    error.tag = WASPNEST_PLUGIN_TYPES_ERROR_INVALID;
    error.val.invalid = wn_format("%.*s answered %u: %.*s", WN_ARG(url), status, WN_ARG(said));
  }
  return wn_refused(call, error);
}

bool wn_http_open(wn_text url, wn_incoming *answer) {
  waspnest_plugin_http_request_t request = {.method = wn_of("GET"), .url = url};
  waspnest_plugin_http_head_t head;
  waspnest_plugin_http_error_t error;
  if (!waspnest_plugin_http_open(&request, answer, &error)) return wn_refused("http.open", error);
  waspnest_plugin_http_method_incoming_head(waspnest_plugin_http_borrow_incoming(*answer), &head);
  uint16_t status = head.status;
  waspnest_plugin_http_head_free(&head);
  if (status >= 200 && status < 300) return true;
  waspnest_plugin_http_incoming_drop_own(*answer);
  return answered("http.open", url, status, wn_of(""));
}

bool wn_http_next(wn_incoming answer, uint32_t gather_ms, wn_text *piece, bool *more) {
  plugin_option_list_u8_t bytes;
  waspnest_plugin_http_error_t error;
  bool came = waspnest_plugin_http_method_incoming_next(waspnest_plugin_http_borrow_incoming(answer), gather_ms, &bytes, &error);
  *more = came && bytes.is_some;
  *piece = *more ? wn_taken((plugin_string_t){bytes.val.ptr, bytes.val.len}) : wn_of("");
  // Nothing more comes of it.
  if (!*more) waspnest_plugin_http_incoming_drop_own(answer);
  return came || wn_refused("http.incoming.next", error);
}

bool wn_http_get(wn_text url, wn_text *body) {
  waspnest_plugin_http_request_t request = {.method = wn_of("GET"), .url = url};
  waspnest_plugin_http_response_t response;
  waspnest_plugin_http_error_t error;
  if (!waspnest_plugin_http_fetch(&request, &response, &error)) return wn_refused("http.fetch", error);
  uint16_t status = response.status;
  *body = (wn_text){wn_memory(response.body.len), response.body.len};
  if (body->len > 0) memcpy(body->ptr, response.body.ptr, body->len);
  waspnest_plugin_http_response_free(&response);
  if (status >= 200 && status < 300) return true;
  return answered("http.fetch", url, status, *body);
}
#endif

#ifdef WASPNEST_IMPORTS_MEDIA_STORE
bool wn_make_file(const char *mime, wn_text bytes, wn_text *file) {
  const size_t most = 1 << 20;
  wn_text type = wn_of(mime);
  plugin_string_t handle;
  waspnest_plugin_media_store_error_t error;
  waspnest_plugin_media_store_own_sink_t sink = waspnest_plugin_media_store_constructor_sink(&type);
  for (size_t at = 0; at < bytes.len; at += most) {
    plugin_list_u8_t part = {bytes.ptr + at, bytes.len - at < most ? bytes.len - at : most};
    if (!waspnest_plugin_media_store_method_sink_write(waspnest_plugin_media_store_borrow_sink(sink), &part, &error)) {
      waspnest_plugin_media_store_sink_drop_own(sink);
      return wn_refused("sink.write", error);
    }
  }
  if (!waspnest_plugin_media_store_static_sink_finish(sink, &handle, &error)) return wn_refused("sink.finish", error);
  *file = wn_taken(handle);
  return true;
}
#endif

#ifdef WASPNEST_IMPORTS_WEBHOOKS
bool wn_emit(const char *endpoint, const char *event, wn_text data) {
  wn_text to = wn_of(endpoint), what = wn_of(event);
  plugin_string_t id;
  waspnest_plugin_webhooks_error_t error;
  if (!waspnest_plugin_webhooks_emit(&to, &what, &data, &id, &error)) return wn_refused("webhooks.emit", error);
  wn_taken(id);
  return true;
}
#endif

#ifdef WASPNEST_IMPORTS_BUS
bool wn_publish(const char *topic, wn_text body) {
  wn_text name = wn_of(topic);
  plugin_list_u8_t bytes = {body.ptr, body.len};
  waspnest_plugin_bus_error_t error;
  if (!waspnest_plugin_bus_publish(&name, &bytes, &error)) return wn_refused("bus.publish", error);
  return true;
}
#endif

#ifdef WASPNEST_IMPORTS_SECRETS
bool wn_hmac_sha256(const char *secret, wn_text data, wn_text *code) {
  wn_text name = wn_of(secret);
  plugin_list_u8_t bytes = {data.ptr, data.len}, made;
  waspnest_plugin_secrets_error_t error;
  if (!waspnest_plugin_secrets_hmac_sha256(&name, &bytes, &made, &error)) return wn_refused("secrets.hmac-sha256", error);
  *code = wn_taken((plugin_string_t){made.ptr, made.len});
  return true;
}
#endif
