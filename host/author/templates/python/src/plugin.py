"""{{title}}: greets whoever says hi, and whomever it is told to greet."""

from waspnest import on_command, on_message, reply


@on_message
def hear(ctx, msg):
    if msg.text == "hi":
        reply(msg, "Hello!")


@on_command("greet")
def greet(ctx, cmd, msg):
    # The host has read the command, so that what plugin.toml requires is there.
    reply(msg, f"Hello, {cmd.args['who']}!")
