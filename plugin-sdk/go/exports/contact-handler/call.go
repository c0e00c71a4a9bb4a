// Package export_waspnest_plugin_contact_handler is where the host's calls of contact-handler arrive.
package export_waspnest_plugin_contact_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_contact_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.ContactEvent) wit.Result[types.Outcome, types.HandlerError]

// OnContact is called by generated code.
func OnContact(ctx types.EventContext, ev event.ContactEvent) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, ev)
}
