// Package export_waspnest_plugin_presence_handler is where the host's calls of presence-handler arrive.
package export_waspnest_plugin_presence_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_presence_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.Presence) wit.Result[types.Outcome, types.HandlerError]

// OnPresence is called by generated code.
func OnPresence(ctx types.EventContext, ev event.Presence) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, ev)
}
