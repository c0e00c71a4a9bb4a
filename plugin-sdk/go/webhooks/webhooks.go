// Package webhooks is servers of the operator's that are told what happened. Needs `webhooks`, whose terms name them.
package webhooks

import (
	"fmt"

	"waspnest.org/plugin"
	"waspnest.org/plugin/form"
	host "waspnest.org/plugin/wit/waspnest_plugin_webhooks"
)

// Emit has an endpoint told, and answers the id that the server will see.
func Emit(endpoint, event string, data any) (string, error) {
	text, err := form.ToJSON(data)
	if err != nil {
		return "", fmt.Errorf("what %q is told: %w", endpoint, err)
	}
	return plugin.Asked("webhooks.emit", host.Emit(endpoint, event, string(text)))
}
