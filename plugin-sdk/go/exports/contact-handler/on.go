package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_contact_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_contact_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// OnContact registers the handler of changes of people.
func OnContact(handler func(*Context, *event.ContactEvent) error) {
	export.Handler = func(ctx types.EventContext, ev event.ContactEvent) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, &ev) })
	}
}
