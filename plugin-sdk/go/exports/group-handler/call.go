// Package export_waspnest_plugin_group_handler is where the host's calls of group-handler arrive.
package export_waspnest_plugin_group_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_group_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.GroupEvent) wit.Result[types.Outcome, types.HandlerError]

// OnGroup is called by generated code.
func OnGroup(ctx types.EventContext, ev event.GroupEvent) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, ev)
}
