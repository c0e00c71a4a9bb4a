// Package export_waspnest_plugin_chat_handler is where the host's calls of chat-handler arrive.
package export_waspnest_plugin_chat_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_chat_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.ChatEvent) wit.Result[types.Outcome, types.HandlerError]

// OnChat is called by generated code.
func OnChat(ctx types.EventContext, ev event.ChatEvent) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, ev)
}
