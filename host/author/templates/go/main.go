// {{title}}: greets whoever says hi, and whomever it is told to greet.
package main

import (
	"waspnest.org/plugin"
	"waspnest.org/plugin/messaging"
)

func init() {
	plugin.OnMessage(hear)
	plugin.OnCommand("greet", greet)
}

// main is never run: the host starts the plugin and then calls what is registered.
func main() {}

func hear(_ *plugin.Context, msg *plugin.Message) error {
	if msg.Text() != "hi" {
		return nil
	}
	return messaging.Reply(msg, "Hello!")
}

func greet(_ *plugin.Context, cmd *plugin.Command, msg *plugin.Message) error {
	// The host has read the command, so that what plugin.toml requires is there.
	return messaging.Reply(msg, "Hello, "+cmd.Text("who")+"!")
}
