package plugin

import (
	export "waspnest.org/plugin/wit/export_waspnest_plugin_lifecycle"
	event "waspnest.org/plugin/wit/waspnest_plugin_lifecycle"
)

// OnMigrate registers what brings the values of one store into the form of this version.
func OnMigrate(handler func(place event.Place, from, to uint32) error) { export.Migration = handler }

// OnRetire registers what is told that another version has taken over.
func OnRetire(handler func(reason string)) { export.Retirement = handler }
