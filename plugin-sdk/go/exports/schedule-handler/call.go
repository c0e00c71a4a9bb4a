// Package export_waspnest_plugin_schedule_handler is where the host's calls of schedule-handler arrive.
package export_waspnest_plugin_schedule_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_schedule_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.Tick) wit.Result[types.Outcome, types.HandlerError]

// OnTick is called by generated code.
func OnTick(ctx types.EventContext, ev event.Tick) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, ev)
}
