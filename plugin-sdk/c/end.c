// How a handler ends, and refusals of the host.

#include <string.h>

#include "internal.h"

// The last call that was refused.
static struct {
  const char *call;
  waspnest_plugin_types_error_t error;
} last;

wn_end wn_done(void) {
  return (wn_end){.failed = false};
}

wn_end wn_done_with_note(wn_text note) {
  wn_end end = wn_done();
  if (note.len > 0) {
    end.outcome.note.is_some = true;
    end.outcome.note.val = wn_given(note);
  }
  return end;
}

wn_end wn_stop(wn_text note) {
  wn_end end = wn_done_with_note(note);
  end.outcome.flow = WASPNEST_PLUGIN_TYPES_FLOW_STOP;
  return end;
}

wn_end wn_retry(wn_text reason, uint64_t after_ms) {
  wn_end end = {.failed = true, .error = {.tag = WASPNEST_PLUGIN_TYPES_HANDLER_ERROR_RETRY}};
  end.error.val.retry.f0 = wn_given(reason);
  end.error.val.retry.f1.is_some = after_ms > 0;
  end.error.val.retry.f1.val = after_ms;
  return end;
}

wn_end wn_reject(wn_text reason) {
  wn_end end = {.failed = true, .error = {.tag = WASPNEST_PLUGIN_TYPES_HANDLER_ERROR_REJECT}};
  end.error.val.reject = wn_given(reason);
  return end;
}

bool wn_refused(const char *call, waspnest_plugin_types_error_t error) {
  last.call = call;
  last.error = error;
  return false;
}

uint8_t wn_why(void) {
  return last.error.tag;
}

static wn_text in_words(const waspnest_plugin_types_error_t *error) {
  switch (error->tag) {
    case WASPNEST_PLUGIN_TYPES_ERROR_DENIED:
      return wn_format("not granted: %.*s", WN_ARG(error->val.denied));
    case WASPNEST_PLUGIN_TYPES_ERROR_NOT_FOUND:
      return wn_of("not found");
    case WASPNEST_PLUGIN_TYPES_ERROR_INVALID:
      return wn_format("invalid: %.*s", WN_ARG(error->val.invalid));
    case WASPNEST_PLUGIN_TYPES_ERROR_CONFLICT:
      return wn_of("somebody else wrote first");
    case WASPNEST_PLUGIN_TYPES_ERROR_TOO_LARGE:
      return wn_format("larger than %llu bytes", error->val.too_large);
    case WASPNEST_PLUGIN_TYPES_ERROR_QUOTA:
      return wn_format("used up: %.*s", WN_ARG(error->val.quota));
    case WASPNEST_PLUGIN_TYPES_ERROR_RATE_LIMITED:
      return error->val.rate_limited.is_some ? wn_format("too fast, wait %llu ms", error->val.rate_limited.val) : wn_of("too fast");
    case WASPNEST_PLUGIN_TYPES_ERROR_OFFLINE:
      return wn_of("the session is not connected");
    case WASPNEST_PLUGIN_TYPES_ERROR_TIMEOUT:
      return wn_of("it took too long");
    case WASPNEST_PLUGIN_TYPES_ERROR_UNSUPPORTED:
      return wn_format("not in this version: %.*s", WN_ARG(error->val.unsupported));
    case WASPNEST_PLUGIN_TYPES_ERROR_UPSTREAM:
      return wn_format("the other side answered %u: %.*s", error->val.upstream.f0, WN_ARG(error->val.upstream.f1));
    default:
      return wn_format("a fault of the host: %.*s", WN_ARG(error->val.internal));
  }
}

wn_end wn_failed(void) {
  if (last.call == NULL) return wn_reject(wn_of("the plugin failed, and no call was refused"));
  const waspnest_plugin_types_error_t *error = &last.error;
  wn_text words = wn_format("the host refused %s: %.*s", last.call, WN_ARG(in_words(error)));
  switch (error->tag) {
    case WASPNEST_PLUGIN_TYPES_ERROR_RATE_LIMITED:
      return wn_retry(words, error->val.rate_limited.is_some ? error->val.rate_limited.val : 0);
    case WASPNEST_PLUGIN_TYPES_ERROR_UPSTREAM: {
      // A refusal that holds is kept with the event: the same call would meet it again.
      uint32_t code = error->val.upstream.f0;
      bool holds = code >= 400 && code < 500 && code != 408 && code != 425 && code != 429;
      return holds ? wn_reject(words) : wn_retry(words, 0);
    }
    case WASPNEST_PLUGIN_TYPES_ERROR_CONFLICT:
    case WASPNEST_PLUGIN_TYPES_ERROR_OFFLINE:
    case WASPNEST_PLUGIN_TYPES_ERROR_TIMEOUT:
    case WASPNEST_PLUGIN_TYPES_ERROR_INTERNAL:
      return wn_retry(words, 0);
    default:
      // A quota is per call or granted: the same call would meet it again.
      return wn_reject(words);
  }
}
