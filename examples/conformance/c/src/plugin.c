// Does what every language must be able to do; the scenario in ../tests says what that is.

#include <stdlib.h>
#include <string.h>

#include "waspnest.h"

static wn_end greet(const wn_message *msg) {
  wn_text who = wn_maybe(msg->sender.push_name);
  wn_info("greets %.*s", WN_ARG(who));
  WN_TRY(wn_reply(msg, wn_format("%.*s, %.*s", WN_ARG(wn_config("/greeting")), WN_ARG(who))));
  return wn_done();
}

static wn_end count(const wn_message *msg) {
  wn_store store;
  int64_t sum;
  WN_TRY(wn_store_chat(&store));
  WN_TRY(wn_increment(store, "count", 1, &sum));
  WN_TRY(wn_reply(msg, wn_format("%lld", sum)));
  return wn_done();
}

static wn_end remember(wn_text text) {
  wn_store store;
  WN_TRY(wn_store_chat(&store));
  WN_TRY(wn_put(store, "remembered", wn_format("{\"text\":%.*s}", WN_ARG(wn_quoted(text)))));
  return wn_done();
}

static wn_end recall(const wn_message *msg) {
  wn_store store;
  wn_text value, text = wn_of("nothing");
  WN_TRY(wn_store_chat(&store));
  WN_TRY(wn_get(store, "remembered", &value));
  wn_field(value, "text", &text);
  WN_TRY(wn_reply(msg, wn_unquoted(text)));
  return wn_done();
}

static wn_end churn(const wn_message *msg, wn_text times) {
  wn_store store;
  wn_text large;
  size_t sum = 0, turns = strtoul(wn_c(times), NULL, 10);
  WN_TRY(wn_store_chat(&store));
  WN_TRY(wn_put(store, "large", wn_times(wn_of("x"), 40000)));
  for (size_t turn = 0; turn < turns; turn++) {
    WN_TRY(wn_get(store, "large", &large));
    sum += large.len;
  }
  WN_TRY(wn_delete(store, "large"));
  WN_TRY(wn_reply(msg, wn_format("%zu characters", sum)));
  return wn_done();
}

static wn_end rate(const wn_message *msg, wn_text currency) {
  wn_text body, usd;
  WN_TRY(wn_http_get(wn_format("https://rates.example.com/%.*s", WN_ARG(currency)), &body));
  if (!wn_field(body, "usd", &usd)) return wn_reject(wn_of("the rates have another form"));
  WN_TRY(wn_reply(msg, wn_format("1 %.*s is %.*s usd", WN_ARG(currency), WN_ARG(usd))));
  return wn_done();
}

static wn_end watch(const wn_message *msg, wn_text currency) {
  wn_incoming rates;
  wn_key shown;
  wn_text piece, last = wn_of("nothing");
  bool more;
  WN_TRY(wn_http_open(wn_format("https://rates.example.com/watch/%.*s", WN_ARG(currency)), &rates));
  WN_TRY(wn_reply_now(msg, wn_of("…"), &shown));
  for (;;) {
    WN_TRY(wn_http_next(rates, 500, &piece, &more));
    if (!more) break;
    last = wn_trim(piece);
    WN_TRY(wn_edit_now(&shown, last));
  }
  WN_TRY(wn_edit(&shown, wn_format("%.*s in the end", WN_ARG(last))));
  return wn_done();
}

static wn_end note(const wn_message *msg, wn_text text) {
  wn_text file;
  WN_TRY(wn_make_file("text/plain", text, &file));
  WN_TRY(wn_send_document(msg->key.chat, file, "note.txt"));
  return wn_done();
}

static wn_end members(const wn_message *msg) {
  wn_text subject;
  size_t members;
  WN_TRY(wn_group(msg->key.chat, &subject, &members));
  WN_TRY(wn_reply(msg, wn_format("%.*s: %zu members", WN_ARG(subject), members)));
  return wn_done();
}

static wn_end known(const wn_message *msg, wn_text phone) {
  bool known;
  WN_TRY(wn_is_registered(phone, &known));
  WN_TRY(wn_reply(msg, wn_of(known ? "at WhatsApp" : "not at WhatsApp")));
  return wn_done();
}

static wn_end sign(const wn_message *msg, wn_text text) {
  wn_text code;
  WN_TRY(wn_hmac_sha256("signing-key", text, &code));
  WN_TRY(wn_reply(msg, wn_hex(code)));
  return wn_done();
}

wn_end on_message(const wn_context *ctx, const wn_message *msg) {
  wn_text text = wn_maybe(msg->plain_text), rest;
  if (wn_after(text, "echo ", &rest)) WN_TRY(wn_reply(msg, rest));
  else if (wn_after(text, "long ", &rest)) WN_TRY(wn_reply(msg, wn_times(wn_of("añ🐝"), strtoul(wn_c(rest), NULL, 10))));
  else if (wn_is(text, "greet")) return greet(msg);
  else if (wn_is(text, "count")) return count(msg);
  else if (wn_after(text, "remember ", &rest)) return remember(rest);
  else if (wn_is(text, "recall")) return recall(msg);
  else if (wn_after(text, "churn ", &rest)) return churn(msg, rest);
  else if (wn_after(text, "order ", &rest)) {
    WN_TRY(wn_reply(msg, wn_of("Which size?")));
    WN_TRY(wn_expect("size", wn_format("{\"what\":%.*s}", WN_ARG(wn_quoted(rest))), 10 * 60000));
  } else if (wn_is(text, "remind")) {
    wn_text payload = wn_format("{\"chat\":%.*s,\"text\":\"The tea is ready.\"}", WN_ARG(wn_quoted(msg->key.chat)));
    WN_TRY(wn_after_ms("tea", 4 * 60000, payload));
  } else if (wn_after(text, "rate ", &rest)) return rate(msg, rest);
  else if (wn_after(text, "watch ", &rest)) return watch(msg, rest);
  else if (wn_is(text, "later")) {
    WN_TRY(wn_reply(msg, wn_format("attempt %u", ctx->attempt)));
    if (ctx->attempt == 1) return wn_retry(wn_of("not yet"), 1000);
  } else if (wn_is(text, "never")) {
    WN_TRY(wn_reply(msg, wn_of("nobody reads this")));
    return wn_reject(wn_of("it was asked to"));
  } else if (wn_is(text, "stop")) return wn_stop(wn_of("stopped"));
  else if (wn_after(text, "tell ", &rest)) WN_TRY(wn_send(wn_of("4915100000099@s.whatsapp.net"), wn_of("psst")));
  else if (wn_is(text, "like")) WN_TRY(wn_react(msg, "👍"));
  else if (wn_after(text, "note ", &rest)) return note(msg, rest);
  else if (wn_is(text, "members")) return members(msg);
  else if (wn_after(text, "known ", &rest)) return known(msg, rest);
  else if (wn_is(text, "mute")) WN_TRY(wn_mute(msg->key.chat));
  else if (wn_after(text, "tell-shop ", &rest)) WN_TRY(wn_emit("shop", "note.written", wn_format("{\"text\":%.*s}", WN_ARG(wn_quoted(rest)))));
  else if (wn_after(text, "publish ", &rest)) WN_TRY(wn_publish("notes.written", wn_format("{\"text\":%.*s}", WN_ARG(wn_quoted(rest)))));
  else if (wn_after(text, "sign ", &rest)) return sign(msg, rest);
  else if (wn_after(text, "granted ", &rest)) WN_TRY(wn_reply(msg, wn_of(wn_granted(wn_c(rest)) ? "yes" : "no")));
  return wn_done();
}

static wn_text given_or_dash(const wn_command *cmd, const char *name) {
  return wn_argument(cmd, name) == NULL ? wn_of("-") : wn_argument_text(cmd, name);
}

wn_end on_command(const wn_context *ctx, const wn_command *cmd, const wn_message *msg) {
  (void)ctx;
  if (wn_command_is(cmd, "typed")) {
    wn_text flag = wn_of(wn_argument(cmd, "flag") == NULL ? "-" : wn_argument_boolean(cmd, "flag") ? "yes" : "no");
    wn_text span = wn_argument(cmd, "span") == NULL ? wn_of("-") : wn_format("%lld", wn_argument_integer(cmd, "span"));
    wn_text said = wn_format(
      "%.*s|%lld|%g|%.*s|%.*s|%.*s|%.*s", WN_ARG(wn_argument_text(cmd, "word")), wn_argument_integer(cmd, "whole"),
      wn_argument_number(cmd, "number"), WN_ARG(flag), WN_ARG(span), WN_ARG(given_or_dash(cmd, "size")), WN_ARG(given_or_dash(cmd, "rest")));
    WN_TRY(wn_reply(msg, said));
  } else if (wn_command_is(cmd, "list add")) {
    const wn_arg *things = wn_argument(cmd, "things");
    wn_text said = wn_format("%zu:", things->val.items.len);
    for (size_t at = 0; at < things->val.items.len; at++)
      said = wn_format("%.*s%s %.*s", WN_ARG(said), at > 0 ? "," : "", WN_ARG(things->val.items.ptr[at]));
    WN_TRY(wn_reply(msg, said));
  }
  return wn_done();
}

wn_end on_reply(const wn_context *ctx, const wn_pending *pending, const wn_message *msg) {
  (void)ctx;
  wn_text data = {pending->data.ptr, pending->data.len}, what;
  if (!wn_field(data, "what", &what)) return wn_reject(wn_of("the order has another form"));
  what = wn_unquoted(what);
  // Who ordered and went away is not told.
  if (msg == NULL) return wn_done_with_note(wn_format("nobody wants %.*s", WN_ARG(what)));
  WN_TRY(wn_reply(msg, wn_format("One %.*s %.*s.", WN_ARG(wn_message_text(msg)), WN_ARG(what))));
  return wn_done();
}

wn_end on_tick(const wn_context *ctx, const wn_tick *tick) {
  (void)ctx;
  wn_text payload = {tick->payload.ptr, tick->payload.len}, chat, text;
  if (!wn_field(payload, "chat", &chat) || !wn_field(payload, "text", &text)) return wn_reject(wn_of("the job has another form"));
  WN_TRY(wn_send(wn_unquoted(chat), wn_unquoted(text)));
  return wn_done();
}

wn_end on_request(const wn_context *ctx, const wn_request *request, wn_answer *answer) {
  (void)ctx;
  const char *paid = wn_is(wn_maybe(request->query), "paid=1") ? "true" : "false";
  answer->status = 201;
  answer->content_type = "application/json";
  answer->body = wn_format("{\"bytes\":%zu,\"paid\":%s,\"path\":%.*s}", request->body.len, paid, WN_ARG(wn_quoted(request->path)));
  return wn_done();
}
