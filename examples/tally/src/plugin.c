// Tally: counts what a chat wants counted. "coffee++" is one more, "coffee--" one less.

#include "waspnest.h"

// Longest name of what is counted, in bytes.
enum { LONGEST = 100 };

// What ends with two of a sign is that, without them.
static bool ends(wn_text text, char sign, wn_text *what) {
  if (text.len < 3 || text.ptr[text.len - 1] != sign || text.ptr[text.len - 2] != sign) return false;
  *what = wn_trim((wn_text){text.ptr, text.len - 2});
  return what->len > 0 && what->len <= LONGEST;
}

// Small letters of ASCII, so that "Coffee" and "coffee" are counted together.
static const char *key(wn_text what) {
  wn_text small = wn_format("tally/%.*s", WN_ARG(what));
  for (size_t at = 0; at < small.len; at++)
    if (small.ptr[at] >= 'A' && small.ptr[at] <= 'Z') small.ptr[at] += 'a' - 'A';
  return wn_c(small);
}

static wn_end count(const wn_message *msg, wn_text what, int64_t more) {
  wn_store store;
  int64_t sum;
  WN_TRY(wn_store_chat(&store));
  WN_TRY(wn_increment(store, key(what), more, &sum));
  WN_TRY(wn_reply(msg, wn_format("%.*s: %lld", WN_ARG(what), (long long)sum)));
  return wn_done();
}

wn_end on_message(const wn_context *ctx, const wn_message *msg) {
  (void)ctx;
  wn_text text = wn_message_text(msg), what;
  // Old messages were counted when they were new.
  if (msg->history) return wn_done();
  if (ends(text, '+', &what)) return count(msg, what, 1);
  if (ends(text, '-', &what)) return count(msg, what, -1);
  return wn_done();
}

wn_end on_command(const wn_context *ctx, const wn_command *cmd, const wn_message *msg) {
  (void)ctx;
  wn_text what = wn_argument_text(cmd, "what");
  if (what.len > LONGEST) {
    WN_TRY(wn_reply(msg, wn_of("That is too long a name.")));
    return wn_done();
  }
  if (wn_command_is(cmd, "tally")) return count(msg, what, 0);
  wn_store store;
  WN_TRY(wn_store_chat(&store));
  WN_TRY(wn_delete(store, key(what)));
  WN_TRY(wn_reply(msg, wn_format("%.*s begins again.", WN_ARG(what))));
  return wn_done();
}
