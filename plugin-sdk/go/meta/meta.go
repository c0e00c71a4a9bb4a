// Package meta is the host, and what is left of this call. Needs no grant.
package meta

import host "waspnest.org/plugin/wit/waspnest_plugin_meta"

// HostVersion is the version of the host.
func HostVersion() string { return host.HostVersion() }

// Granted says whether a capability is granted, such as `messages.send`.
func Granted(capability string) bool { return host.Granted(capability) }

// Budget is what is left of this call.
func Budget() host.Remaining { return host.Budget() }

// GiveWay gives way to other work in a long computation.
func GiveWay() { host.Yield() }
