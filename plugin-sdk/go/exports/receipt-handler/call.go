// Package export_waspnest_plugin_receipt_handler is where the host's calls of receipt-handler arrive.
package export_waspnest_plugin_receipt_handler

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_receipt_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, event.Receipt) wit.Result[types.Outcome, types.HandlerError]

// OnReceipt is called by generated code.
func OnReceipt(ctx types.EventContext, ev event.Receipt) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, ev)
}
