// Package export_waspnest_plugin_topic_handler is where the host's calls of topic-handler arrive.
package export_waspnest_plugin_topic_handler

import (
	wit "waspnest.org/plugin/wit/types"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Handler is what the plugin registered.
var Handler func(types.EventContext, string, string, []byte) wit.Result[types.Outcome, types.HandlerError]

// OnTopic is called by generated code.
func OnTopic(ctx types.EventContext, topic, publisher string, body []byte) wit.Result[types.Outcome, types.HandlerError] {
	return Handler(ctx, topic, publisher, body)
}
