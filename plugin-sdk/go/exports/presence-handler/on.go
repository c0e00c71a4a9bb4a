package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_presence_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_presence_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// OnPresence registers the handler of who is online and who types.
func OnPresence(handler func(*Context, *event.Presence) error) {
	export.Handler = func(ctx types.EventContext, ev event.Presence) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, &ev) })
	}
}
