// Package export_waspnest_plugin_call_handler is where the host's calls of call-handler arrive.
package export_waspnest_plugin_call_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_call_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.Call) wit.Result[types.Outcome, types.HandlerError]

// OnCall is called by generated code.
func OnCall(ctx types.EventContext, ev event.Call) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, ev)
}
