// Package export_waspnest_plugin_request_handler is where the host's calls of request-handler arrive.
package export_waspnest_plugin_request_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_request_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.Request) wit.Result[event.Response, types.HandlerError]

// OnRequest is called by generated code.
func OnRequest(ctx types.EventContext, request event.Request) wit.Result[event.Response, types.HandlerError] {
	return Handler(ctx, request)
}
