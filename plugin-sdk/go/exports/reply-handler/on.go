package plugin

import (
	"fmt"

	"waspnest.org/plugin/form"
	export "waspnest.org/plugin/wit/export_waspnest_plugin_reply_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_reply_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Pending is a wait that ended.
type Pending struct{ event.Pending }

// Read reads the data that it was given into what a pointer points to.
func (p *Pending) Read(into any) error {
	return form.FromJSON(p.Data, into, fmt.Sprintf("data of the dialogue %q", p.Name))
}

// OnReply registers the handler of what was waited for; the message is nil when none came in time.
func OnReply(handler func(*Context, *Pending, *Message) error) {
	export.Handler = func(ctx types.EventContext, pending event.Pending, msg wit.Option[types.Message]) wit.Result[types.Outcome, types.HandlerError] {
		var came *Message
		if msg, has := msg.Get(); has {
			came = &Message{msg}
		}
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, &Pending{pending}, came) })
	}
}
