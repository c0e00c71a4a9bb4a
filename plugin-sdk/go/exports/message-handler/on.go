package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_message_handler"
	wit "waspnest.org/plugin/wit/types"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// OnMessage registers the handler of messages.
func OnMessage(handler func(*Context, *Message) error) {
	export.Handler = func(ctx types.EventContext, msg types.Message) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, &Message{msg}) })
	}
}
