package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_topic_handler"
	wit "waspnest.org/plugin/wit/types"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// OnTopic registers the handler of what other plugins publish.
func OnTopic(handler func(ctx *Context, topic, publisher string, body []byte) error) {
	export.Handler = func(ctx types.EventContext, topic, publisher string, body []byte) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, topic, publisher, body) })
	}
}
