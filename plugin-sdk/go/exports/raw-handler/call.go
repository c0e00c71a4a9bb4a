// Package export_waspnest_plugin_raw_handler is where the host's calls of raw-handler arrive.
package export_waspnest_plugin_raw_handler

import (
	wit "waspnest.org/plugin/wit/types"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, string, string, string) wit.Result[types.Outcome, types.HandlerError]

// OnEvent is called by generated code.
func OnEvent(ctx types.EventContext, schema, kind, json string) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, schema, kind, json)
}
