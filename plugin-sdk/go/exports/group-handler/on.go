package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_group_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_group_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// OnGroup registers the handler of changes of groups.
func OnGroup(handler func(*Context, *event.GroupEvent) error) {
	export.Handler = func(ctx types.EventContext, ev event.GroupEvent) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, &ev) })
	}
}
