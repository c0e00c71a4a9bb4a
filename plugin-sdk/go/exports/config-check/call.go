// Package export_waspnest_plugin_config_check is where the host's calls of config-check arrive.
package export_waspnest_plugin_config_check

import event "waspnest.org/plugin/wit/waspnest_plugin_config_check"

// Handler is what the plugin registered.
var Handler func(json []byte) []event.Issue

// ValidateConfig is called by generated code.
func ValidateConfig(json string) []event.Issue { return Handler([]byte(json)) }
