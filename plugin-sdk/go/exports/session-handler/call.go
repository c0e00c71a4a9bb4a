// Package export_waspnest_plugin_session_handler is where the host's calls of session-handler arrive.
package export_waspnest_plugin_session_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_session_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.SessionEvent) wit.Result[types.Outcome, types.HandlerError]

// OnSession is called by generated code.
func OnSession(ctx types.EventContext, ev event.SessionEvent) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, ev)
}
