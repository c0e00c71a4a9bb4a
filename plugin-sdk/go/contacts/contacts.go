// Package contacts is people, as the session's account sees them, asked at once. Needs `contacts.read`; Block needs `contacts.write`.
package contacts

import (
	"waspnest.org/plugin"
	wit "waspnest.org/plugin/wit/types"
	host "waspnest.org/plugin/wit/waspnest_plugin_contacts"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Resolve is who has these phone numbers; nobody for a number that is not at WhatsApp.
func Resolve(phones ...string) ([]wit.Tuple2[string, wit.Option[types.Address]], error) {
	return plugin.Asked("contacts.resolve", host.Resolve(phones))
}

// Get is everything about somebody.
func Get(who string) (host.Contact, error) { return plugin.Asked("contacts.get", host.Get(who)) }

// List is the people whom the session knows, behind a cursor unless it is nil.
func List(cursor *string) (host.Page, error) {
	return plugin.Asked("contacts.list", host.List(wit.Maybe(cursor)))
}

// Picture is where the picture of a person or a group can be fetched; empty where there is none.
func Picture(who string, full bool) (string, error) {
	found, err := plugin.Asked("contacts.picture", host.Picture(who, full))
	return found.SomeOr(""), err
}

// Block blocks somebody, or lets them through again.
func Block(who string, on bool) error { return plugin.Done("contacts.block", host.Block(who, on)) }
