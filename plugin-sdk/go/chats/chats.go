// Package chats is the account's own view of its chats, changed at once. Needs `chats.write`.
package chats

import (
	"waspnest.org/plugin"
	host "waspnest.org/plugin/wit/waspnest_plugin_chats"
)

// Update changes one chat.
func Update(chat string, what host.Change) error {
	return plugin.Done("chats.update", host.Update(chat, what))
}
