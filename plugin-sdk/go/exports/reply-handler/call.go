// Package export_waspnest_plugin_reply_handler is where the host's calls of reply-handler arrive.
package export_waspnest_plugin_reply_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_reply_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.Pending, wit.Option[types.Message]) wit.Result[types.Outcome, types.HandlerError]

// OnReply is called by generated code.
func OnReply(ctx types.EventContext, pending event.Pending, msg wit.Option[types.Message]) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, pending, msg)
}
