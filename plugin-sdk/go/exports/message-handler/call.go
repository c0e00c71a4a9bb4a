// Package export_waspnest_plugin_message_handler is where the host's calls of message-handler arrive.
package export_waspnest_plugin_message_handler

import (
	wit "waspnest.org/plugin/wit/types"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, types.Message) wit.Result[types.Outcome, types.HandlerError]

// OnMessage is called by generated code.
func OnMessage(ctx types.EventContext, msg types.Message) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, msg)
}
