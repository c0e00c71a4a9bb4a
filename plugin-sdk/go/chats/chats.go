// Package chats is the account's own view of its chats, changed at once. Needs `chats.write`.
package chats

import (
	"waspnest.org/plugin"
	wit "waspnest.org/plugin/wit/types"
	host "waspnest.org/plugin/wit/waspnest_plugin_chats"
)

// Mute makes a chat quiet for good.
func Mute(chat string) error { return Update(chat, host.MakeChangeMuteUntil(wit.None[uint64]())) }

// Update changes one chat.
func Update(chat string, what host.Change) error {
	return plugin.Done("chats.update", host.Update(chat, what))
}
