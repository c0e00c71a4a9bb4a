package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_receipt_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_receipt_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// OnReceipt registers the handler of receipts.
func OnReceipt(handler func(*Context, *event.Receipt) error) {
	export.Handler = func(ctx types.EventContext, ev event.Receipt) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, &ev) })
	}
}
