package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_raw_handler"
	wit "waspnest.org/plugin/wit/types"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// OnEvent registers the handler of any event as JSON.
func OnEvent(handler func(ctx *Context, schema, kind string, json []byte) error) {
	export.Handler = func(ctx types.EventContext, schema, kind, json string) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, schema, kind, []byte(json)) })
	}
}
