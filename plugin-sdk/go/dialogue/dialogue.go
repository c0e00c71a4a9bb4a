// Package dialogue is conversations over several messages: where one stands, and whose next message is waited for. Needs `dialogue`.
//
// What was waited for arrives at plugin.OnReply, and so does the news that nothing came in time. Data are kept as JSON.
package dialogue

import (
	"fmt"
	"time"

	"waspnest.org/plugin"
	"waspnest.org/plugin/form"
	wit "waspnest.org/plugin/wit/types"
	host "waspnest.org/plugin/wit/waspnest_plugin_dialogue"
)

// Whose dialogue.
const (
	Chat   = host.WhoChat
	Sender = host.WhoSender
)

// Get reads the state that was set last: its name and, into what a pointer points to, its data. The name is empty when there is none.
func Get(of host.Who, into any) (string, error) {
	found, err := plugin.Asked("dialogue.get", host.Get(of))
	state, has := found.Get()
	if err != nil || !has {
		return "", err
	}
	return state.Name, form.FromJSON(state.Data, into, fmt.Sprintf("data of the dialogue %q", state.Name))
}

// Set sets the state, for so long or, with 0, for good.
func Set(of host.Who, name string, data any, lifetime time.Duration) error {
	kept, err := kept(name, data)
	if err != nil {
		return err
	}
	ttl := wit.None[uint64]()
	if lifetime > 0 {
		ttl = wit.Some(uint64(lifetime.Milliseconds()))
	}
	return plugin.Done("dialogue.set", host.Set(of, wit.Some(host.State{Name: name, Data: kept}), ttl))
}

// Clear removes the state.
func Clear(of host.Who) error {
	return plugin.Done("dialogue.set", host.Set(of, wit.None[host.State](), wit.None[uint64]()))
}

// Expect waits for the next message, for so long; it goes to plugin.OnReply.
func Expect(of host.Who, name string, data any, lifetime time.Duration) error {
	kept, err := kept(name, data)
	if err != nil {
		return err
	}
	return plugin.Done("dialogue.expect", host.Expect(of, name, kept, 0, uint64(lifetime.Milliseconds())))
}

// Cancel ends a wait and says whether there was one.
func Cancel(of host.Who) (bool, error) { return plugin.Asked("dialogue.cancel", host.Cancel(of)) }

func kept(name string, data any) ([]byte, error) {
	if data == nil {
		return nil, nil
	}
	kept, err := form.ToJSON(data)
	if err != nil {
		return nil, fmt.Errorf("data of the dialogue %q: %w", name, err)
	}
	return kept, nil
}
