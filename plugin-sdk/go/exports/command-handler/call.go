// Package export_waspnest_plugin_command_handler is where the host's calls of command-handler arrive.
package export_waspnest_plugin_command_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_command_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.Command, types.Message) wit.Result[types.Outcome, types.HandlerError]

// OnCommand is called by generated code.
func OnCommand(ctx types.EventContext, cmd event.Command, msg types.Message) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, cmd, msg)
}
