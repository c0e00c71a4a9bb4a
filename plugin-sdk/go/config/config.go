// Package config is what the operator configured for the installation. Needs no grant.
package config

import (
	"waspnest.org/plugin/form"
	host "waspnest.org/plugin/wit/waspnest_plugin_config"
)

// Read reads the whole configuration, for the session and the chat of the event, into what a pointer points to.
func Read(into any) error { return form.FromJSON([]byte(host.All()), into, "configuration") }

// Value reads one value of it, by JSON pointer such as `/greeting/de`, and says whether there is one.
func Value(pointer string, into any) (bool, error) {
	found, has := host.Get(pointer).Get()
	if !has {
		return false, nil
	}
	return true, form.FromJSON([]byte(found), into, "configuration at "+pointer)
}
