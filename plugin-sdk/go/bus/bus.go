// Package bus is other plugins of the same session. Needs `bus`, whose terms name the topics.
package bus

import (
	"waspnest.org/plugin"
	host "waspnest.org/plugin/wit/waspnest_plugin_bus"
)

// Publish tells whoever listens.
func Publish(topic string, body []byte) error {
	return plugin.Done("bus.publish", host.Publish(topic, body))
}
