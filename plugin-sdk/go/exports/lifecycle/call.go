// Package export_waspnest_plugin_lifecycle is where the host's calls of lifecycle arrive.
package export_waspnest_plugin_lifecycle

import (
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_lifecycle"
)

// Migration is what the plugin registered.
var Migration func(place event.Place, from, to uint32) error

// Retirement is what the plugin registered, if it did.
var Retirement func(reason string)

// Migrate is called by generated code.
func Migrate(place event.Place, from, to uint32) wit.Result[wit.Unit, string] {
	if err := Migration(place, from, to); err != nil {
		return wit.Err[wit.Unit](err.Error())
	}
	return wit.Ok[wit.Unit, string](wit.Unit{})
}

// Retire is called by generated code.
func Retire(reason string) {
	if Retirement != nil {
		Retirement(reason)
	}
}
