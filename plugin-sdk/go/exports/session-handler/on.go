package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_session_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_session_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// OnSession registers the handler of states of the session.
func OnSession(handler func(*Context, *event.SessionEvent) error) {
	export.Handler = func(ctx types.EventContext, ev event.SessionEvent) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, &ev) })
	}
}
