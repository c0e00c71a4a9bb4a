package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_config_check"
	event "waspnest.org/plugin/wit/waspnest_plugin_config_check"
)

// Issue is something that is wrong with a configuration.
type Issue = event.Issue

// OnConfigCheck registers what says what is wrong with a configuration that fits the schema.
func OnConfigCheck(handler func(json []byte) []Issue) { export.Handler = handler }
