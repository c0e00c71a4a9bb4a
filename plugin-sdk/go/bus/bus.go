// Package bus is other plugins of the same session. Needs `bus`, whose terms name the topics.
package bus

import (
	"fmt"

	"waspnest.org/plugin"
	"waspnest.org/plugin/form"
	host "waspnest.org/plugin/wit/waspnest_plugin_bus"
)

// PublishJSON tells whoever listens, in JSON.
func PublishJSON(topic string, body any) error {
	text, err := form.ToJSON(body)
	if err != nil {
		return fmt.Errorf("what is published under %q: %w", topic, err)
	}
	return Publish(topic, text)
}

// Publish tells whoever listens, in bytes of any form.
func Publish(topic string, body []byte) error {
	return plugin.Done("bus.publish", host.Publish(topic, body))
}
