package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_chat_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_chat_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// OnChat registers the handler of what the account did on another device.
func OnChat(handler func(*Context, *event.ChatEvent) error) {
	export.Handler = func(ctx types.EventContext, ev event.ChatEvent) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, &ev) })
	}
}
