// {{title}}: greets whoever says hi, and whomever it is told to greet.

#include "waspnest.h"

wn_end on_message(const wn_context *ctx, const wn_message *msg) {
  (void)ctx;
  if (wn_is(wn_message_text(msg), "hi")) WN_TRY(wn_reply(msg, wn_of("Hello!")));
  return wn_done();
}

wn_end on_command(const wn_context *ctx, const wn_command *cmd, const wn_message *msg) {
  (void)ctx;
  // The host has read the command, so that what plugin.toml requires is there.
  WN_TRY(wn_reply(msg, wn_format("Hello, %.*s!", WN_ARG(wn_argument_text(cmd, "who")))));
  return wn_done();
}
