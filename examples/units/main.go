// Units: converts lengths, weights, volumes and temperatures.
package main

import (
	"strings"

	"waspnest.org/plugin"
	"waspnest.org/plugin/messaging"
)

func init() {
	plugin.OnMessage(hear)
	plugin.OnCommand("units", list)
}

// main is never run: the host starts the plugin and then calls what is registered.
func main() {}

func hear(ctx *plugin.Context, msg *plugin.Message) error {
	asked, ok := parse(msg.Text())
	if !ok {
		return nil
	}
	answer, err := asked.answer()
	if err != nil {
		// People say "3 in 4" of other things: who asks for what there is not is not told so in a group.
		ctx.Note(err.Error())
		if !msg.IsDirect() {
			return nil
		}
		return messaging.Reply(msg, "I cannot: "+err.Error()+".")
	}
	return messaging.Reply(msg, answer)
}

func list(_ *plugin.Context, _ *plugin.Command, msg *plugin.Message) error {
	var lines []string
	for _, kind := range kinds {
		names := make([]string, len(kind.units))
		for at, unit := range kind.units {
			names[at] = unit.name
		}
		lines = append(lines, kind.name+": "+strings.Join(names, ", "))
	}
	return messaging.Reply(msg, strings.Join(lines, "\n"))
}
