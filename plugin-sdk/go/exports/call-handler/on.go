package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_call_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_call_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// OnCall registers the handler of calls.
func OnCall(handler func(*Context, *event.Call) error) {
	export.Handler = func(ctx types.EventContext, ev event.Call) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, &ev) })
	}
}
