// Package kv is durable state of the installation, and what it shares with others. Needs the capability `kv`.
//
// Values are stored as JSON. Writes commit with the event or not at all, and a call reads its own writes.
package kv

import (
	"fmt"

	"waspnest.org/plugin"
	"waspnest.org/plugin/form"
	wit "waspnest.org/plugin/wit/types"
	host "waspnest.org/plugin/wit/waspnest_plugin_kv"
)

const scanStep = 100

// PutOptions are conditions and lifetime of a write.
type PutOptions = host.PutOptions

// Usage is how much of the grant is used.
type Usage = host.Usage

// Store is an open store.
type Store struct{ store *host.Store }

// Session is the store of the event's session.
func Session() (*Store, error) { return Open(host.MakeScopeSession()) }

// Chat is the store of the event's chat.
func Chat() (*Store, error) { return Open(host.MakeScopeChat()) }

// Sender is the store of the event's sender in its chat.
func Sender() (*Store, error) { return Open(host.MakeScopeSender()) }

// Shared is a store that the installation shares with others of the session.
func Shared(name string) (*Store, error) { return Open(host.MakeScopeShared(name)) }

// Open opens the store of any scope.
func Open(scope host.Scope) (*Store, error) {
	store, err := plugin.Asked("kv.open", host.StoreOpen(scope))
	if err != nil {
		return nil, err
	}
	return &Store{store}, nil
}

// Get reads a key into what a pointer points to, and says whether it is there.
func (s *Store) Get(key string, into any) (bool, error) {
	entry, found, err := s.Entry(key)
	if err != nil || !found {
		return false, err
	}
	return true, read(key, entry.Value, into)
}

// Entry is the entry of a key, with its revision and its end.
func (s *Store) Entry(key string) (host.Entry, bool, error) {
	found, err := plugin.Asked("kv.get", s.store.Get(key))
	entry, has := found.Get()
	return entry, has, err
}

// Put writes a key.
func (s *Store) Put(key string, value any) error {
	_, err := s.PutIf(key, value, nil)
	return err
}

// PutIf writes a key under conditions, which may be nil, and answers its new revision.
func (s *Store) PutIf(key string, value any, options *PutOptions) (uint64, error) {
	data, err := form.ToJSON(value)
	if err != nil {
		return 0, fmt.Errorf("key %q: %w", key, err)
	}
	return plugin.Asked("kv.put", s.store.Put(key, data, wit.Maybe(options)))
}

// Delete removes a key and says whether it was there.
func (s *Store) Delete(key string) (bool, error) {
	return plugin.Asked("kv.delete", s.store.Delete(key, wit.None[uint64]()))
}

// Increment adds to a whole number and answers the sum; a missing key counts as 0.
func (s *Store) Increment(key string, delta int64) (int64, error) {
	return plugin.Asked("kv.increment", s.store.Increment(key, delta, wit.None[uint64]()))
}

// Scan calls a function with each key that starts with a prefix, in their order, until it answers an error. The function reads the value.
func (s *Store) Scan(prefix string, each func(key string, read func(into any) error) error) error {
	cursor := wit.None[string]()
	for {
		page, err := plugin.Asked("kv.scan", s.store.Scan(prefix, scanStep, cursor))
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			reader := func(into any) error { return read(item.F0, item.F1.Value, into) }
			if err := each(item.F0, reader); err != nil {
				return err
			}
		}
		if page.Cursor.IsNone() {
			return nil
		}
		cursor = page.Cursor
	}
}

// Usage is how much of the grant is used.
func (s *Store) Usage() (Usage, error) { return plugin.Asked("kv.usage", s.store.Usage()) }

func read(key string, data []byte, into any) error {
	return form.FromJSON(data, into, fmt.Sprintf("key %q", key))
}
