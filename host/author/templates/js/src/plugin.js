// {{title}}: greets whoever says hi, and whomever it is told to greet.

import { plugin, reply } from "waspnest";

export default plugin({
  onMessage(ctx, msg) {
    if (msg.text === "hi") reply(msg, "Hello!");
  },

  commands: {
    greet(ctx, cmd, msg) {
      // The host has read the command, so that what plugin.toml requires is there.
      reply(msg, `Hello, ${cmd.args.who}!`);
    },
  },
});
