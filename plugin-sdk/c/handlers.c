// Where the host's calls arrive: each runs the plugin's handler, tells how it ended, and lets go of what the call needed.

#include <stdlib.h>
#include <string.h>

#include "internal.h"

// Says how a handler ended.
static bool told(wn_end end, waspnest_plugin_types_outcome_t *outcome, waspnest_plugin_types_handler_error_t *error) {
  if (end.failed) *error = end.error;
  else *outcome = end.outcome;
  wn_let_go();
  return !end.failed;
}

// A handler with a context and one event.
#define HANDLER(interface, function, type) \
  bool exports_waspnest_plugin_##interface##_##function( \
    exports_waspnest_plugin_##interface##_event_context_t *ctx, exports_waspnest_plugin_##interface##_##type##_t *event, \
    exports_waspnest_plugin_##interface##_outcome_t *ret, exports_waspnest_plugin_##interface##_handler_error_t *err) { \
    wn_end end = function(ctx, event); \
    exports_waspnest_plugin_##interface##_event_context_free(ctx); \
    exports_waspnest_plugin_##interface##_##type##_free(event); \
    return told(end, ret, err); \
  }

#ifdef WASPNEST_EXPORTS_MESSAGE_HANDLER
HANDLER(message_handler, on_message, message)
#endif
#ifdef WASPNEST_EXPORTS_SCHEDULE_HANDLER
HANDLER(schedule_handler, on_tick, tick)
#endif
#ifdef WASPNEST_EXPORTS_RECEIPT_HANDLER
HANDLER(receipt_handler, on_receipt, receipt)
#endif
#ifdef WASPNEST_EXPORTS_GROUP_HANDLER
HANDLER(group_handler, on_group, group_event)
#endif
#ifdef WASPNEST_EXPORTS_PRESENCE_HANDLER
HANDLER(presence_handler, on_presence, presence)
#endif
#ifdef WASPNEST_EXPORTS_CONTACT_HANDLER
HANDLER(contact_handler, on_contact, contact_event)
#endif
#ifdef WASPNEST_EXPORTS_CHAT_HANDLER
HANDLER(chat_handler, on_chat, chat_event)
#endif
#ifdef WASPNEST_EXPORTS_CALL_HANDLER
HANDLER(call_handler, on_call, call)
#endif
#ifdef WASPNEST_EXPORTS_SESSION_HANDLER
HANDLER(session_handler, on_session, session_event)
#endif

#ifdef WASPNEST_EXPORTS_COMMAND_HANDLER
bool exports_waspnest_plugin_command_handler_on_command(
  exports_waspnest_plugin_command_handler_event_context_t *ctx, exports_waspnest_plugin_command_handler_command_t *cmd,
  exports_waspnest_plugin_command_handler_message_t *msg, exports_waspnest_plugin_command_handler_outcome_t *ret,
  exports_waspnest_plugin_command_handler_handler_error_t *err) {
  wn_end end = on_command(ctx, cmd, msg);
  exports_waspnest_plugin_command_handler_event_context_free(ctx);
  exports_waspnest_plugin_command_handler_command_free(cmd);
  exports_waspnest_plugin_command_handler_message_free(msg);
  return told(end, ret, err);
}

bool wn_command_is(const wn_command *cmd, const char *words) {
  wn_text rest = wn_of(words), name = {rest.ptr, strcspn(words, " ")};
  if (!wn_is(cmd->name, wn_c(name))) return false;
  for (size_t at = 0; at < cmd->path.len; at++) {
    words += name.len;
    if (*words == 0) return false;
    words++;
    name = (wn_text){(uint8_t *)words, strcspn(words, " ")};
    if (!wn_is(cmd->path.ptr[at], wn_c(name))) return false;
  }
  return words[name.len] == 0;
}

const wn_arg *wn_argument(const wn_command *cmd, const char *name) {
  for (size_t at = 0; at < cmd->args.len; at++)
    if (wn_is(cmd->args.ptr[at].f0, name)) return &cmd->args.ptr[at].f1;
  return NULL;
}

wn_text wn_argument_text(const wn_command *cmd, const char *name) {
  const wn_arg *arg = wn_argument(cmd, name);
  switch (arg == NULL ? UINT8_MAX : arg->tag) {
    case EXPORTS_WASPNEST_PLUGIN_COMMAND_HANDLER_ARG_TEXT:
      return arg->val.text;
    case EXPORTS_WASPNEST_PLUGIN_COMMAND_HANDLER_ARG_USER:
      return arg->val.user;
    case EXPORTS_WASPNEST_PLUGIN_COMMAND_HANDLER_ARG_CHOICE:
      return arg->val.choice;
    case EXPORTS_WASPNEST_PLUGIN_COMMAND_HANDLER_ARG_REST:
      return arg->val.rest;
    default:
      return wn_of("");
  }
}

int64_t wn_argument_integer(const wn_command *cmd, const char *name) {
  const wn_arg *arg = wn_argument(cmd, name);
  switch (arg == NULL ? UINT8_MAX : arg->tag) {
    case EXPORTS_WASPNEST_PLUGIN_COMMAND_HANDLER_ARG_INTEGER:
      return arg->val.integer;
    case EXPORTS_WASPNEST_PLUGIN_COMMAND_HANDLER_ARG_DURATION_MS:
      return (int64_t)arg->val.duration_ms;
    case EXPORTS_WASPNEST_PLUGIN_COMMAND_HANDLER_ARG_WHEN:
      return (int64_t)arg->val.when;
    default:
      return 0;
  }
}

double wn_argument_number(const wn_command *cmd, const char *name) {
  const wn_arg *arg = wn_argument(cmd, name);
  return arg != NULL && arg->tag == EXPORTS_WASPNEST_PLUGIN_COMMAND_HANDLER_ARG_NUMBER ? arg->val.number : 0;
}

bool wn_argument_boolean(const wn_command *cmd, const char *name) {
  const wn_arg *arg = wn_argument(cmd, name);
  return arg != NULL && arg->tag == EXPORTS_WASPNEST_PLUGIN_COMMAND_HANDLER_ARG_BOOLEAN && arg->val.boolean;
}
#endif

#ifdef WASPNEST_EXPORTS_REPLY_HANDLER
bool exports_waspnest_plugin_reply_handler_on_reply(
  exports_waspnest_plugin_reply_handler_event_context_t *ctx, exports_waspnest_plugin_reply_handler_pending_t *pending,
  exports_waspnest_plugin_reply_handler_message_t *maybe_msg, exports_waspnest_plugin_reply_handler_outcome_t *ret,
  exports_waspnest_plugin_reply_handler_handler_error_t *err) {
  wn_end end = on_reply(ctx, pending, maybe_msg);
  exports_waspnest_plugin_reply_handler_event_context_free(ctx);
  exports_waspnest_plugin_reply_handler_pending_free(pending);
  if (maybe_msg != NULL) exports_waspnest_plugin_reply_handler_message_free(maybe_msg);
  return told(end, ret, err);
}
#endif

#ifdef WASPNEST_EXPORTS_TOPIC_HANDLER
bool exports_waspnest_plugin_topic_handler_on_topic(
  exports_waspnest_plugin_topic_handler_event_context_t *ctx, plugin_string_t *topic, plugin_string_t *publisher, plugin_list_u8_t *body,
  exports_waspnest_plugin_topic_handler_outcome_t *ret, exports_waspnest_plugin_topic_handler_handler_error_t *err) {
  wn_end end = on_topic(ctx, *topic, *publisher, *body);
  exports_waspnest_plugin_topic_handler_event_context_free(ctx);
  plugin_string_free(topic);
  plugin_string_free(publisher);
  plugin_list_u8_free(body);
  return told(end, ret, err);
}
#endif

#ifdef WASPNEST_EXPORTS_RAW_HANDLER
bool exports_waspnest_plugin_raw_handler_on_event(
  exports_waspnest_plugin_raw_handler_event_context_t *ctx, plugin_string_t *schema, plugin_string_t *kind, plugin_string_t *json,
  exports_waspnest_plugin_raw_handler_outcome_t *ret, exports_waspnest_plugin_raw_handler_handler_error_t *err) {
  wn_end end = on_event(ctx, *schema, *kind, *json);
  exports_waspnest_plugin_raw_handler_event_context_free(ctx);
  plugin_string_free(schema);
  plugin_string_free(kind);
  plugin_string_free(json);
  return told(end, ret, err);
}
#endif

#ifdef WASPNEST_EXPORTS_REQUEST_HANDLER
bool exports_waspnest_plugin_request_handler_on_request(
  exports_waspnest_plugin_request_handler_event_context_t *ctx, exports_waspnest_plugin_request_handler_request_t *req,
  exports_waspnest_plugin_request_handler_response_t *ret, exports_waspnest_plugin_request_handler_handler_error_t *err) {
  wn_answer answer = {.status = 200};
  wn_end end = on_request(ctx, req, &answer);
  if (!end.failed) {
    memset(ret, 0, sizeof *ret);
    ret->status = answer.status;
    plugin_string_t body = wn_given(answer.body);
    ret->body = (plugin_list_u8_t){body.ptr, body.len};
    if (answer.content_type != NULL) {
      plugin_tuple2_string_string_t *header = malloc(sizeof *header);
      if (header == NULL) abort();
      *header = (plugin_tuple2_string_string_t){wn_given(wn_of("content-type")), wn_given(wn_of(answer.content_type))};
      ret->headers = (plugin_list_tuple2_string_string_t){header, 1};
    }
  }
  exports_waspnest_plugin_request_handler_event_context_free(ctx);
  exports_waspnest_plugin_request_handler_request_free(req);
  // An answer has no outcome.
  waspnest_plugin_types_outcome_t outcome;
  bool well = told(end, &outcome, err);
  if (well) waspnest_plugin_types_outcome_free(&outcome);
  return well;
}
#endif

#ifdef WASPNEST_EXPORTS_LIFECYCLE
bool exports_waspnest_plugin_lifecycle_migrate(exports_waspnest_plugin_lifecycle_place_t *place, uint32_t from, uint32_t to, plugin_string_t *err) {
  wn_text problem = wn_of("the values could not be brought into the new form");
  bool well = on_migrate(place, from, to, &problem);
  if (!well) *err = wn_given(problem);
  exports_waspnest_plugin_lifecycle_place_free(place);
  wn_let_go();
  return well;
}

void exports_waspnest_plugin_lifecycle_retire(plugin_string_t *reason) {
  on_retire(*reason);
  plugin_string_free(reason);
  wn_let_go();
}
#endif

#ifdef WASPNEST_EXPORTS_CONFIG_CHECK
static exports_waspnest_plugin_config_check_list_issue_t issues;

void wn_issue(const char *path, wn_text message, bool fatal) {
  issues.ptr = realloc(issues.ptr, (issues.len + 1) * sizeof *issues.ptr);
  if (issues.ptr == NULL) abort();
  issues.ptr[issues.len].path = wn_given(wn_of(path));
  issues.ptr[issues.len].message = wn_given(message);
  issues.ptr[issues.len].fatal = fatal;
  issues.len++;
}

void exports_waspnest_plugin_config_check_validate_config(plugin_string_t *config_json, exports_waspnest_plugin_config_check_list_issue_t *ret) {
  memset(&issues, 0, sizeof issues);
  on_validate_config(*config_json);
  *ret = issues;
  plugin_string_free(config_json);
  wn_let_go();
}
#endif
