// Package groups is groups and communities of the session's account, asked and changed at once. Needs `groups.read` or `groups.write`.
package groups

import (
	"waspnest.org/plugin"
	wit "waspnest.org/plugin/wit/types"
	host "waspnest.org/plugin/wit/waspnest_plugin_groups"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// List is the groups that the account is in, behind a cursor unless it is nil.
func List(cursor *string) (host.Page, error) {
	return plugin.Asked("groups.list", host.List(wit.Maybe(cursor)))
}

// Info is everything about a group.
func Info(group string) (host.GroupInfo, error) {
	return plugin.Asked("groups.info", host.Info(group))
}

// Create makes a group, within a community unless that is nil.
func Create(subject string, members []string, community *string) (host.GroupInfo, error) {
	return plugin.Asked("groups.create", host.Create(subject, members, wit.Maybe(community)))
}

// Update changes a group.
func Update(group string, what host.Setting) error {
	return plugin.Done("groups.update", host.Update(group, what))
}

// Participants changes who is in a group, and as what.
func Participants(group string, what host.Op, who []string) ([]host.ResultFor, error) {
	return plugin.Asked("groups.participants", host.Participants(group, what, who))
}

// Requests is who asks to be let in.
func Requests(group string) ([]types.Address, error) {
	return plugin.Asked("groups.requests", host.Requests(group))
}

// InviteLink is the invite link of a group; with reset a new one.
func InviteLink(group string, reset bool) (string, error) {
	return plugin.Asked("groups.invite-link", host.InviteLink(group, reset))
}

// InviteInfo is what a link leads to.
func InviteInfo(link string) (host.GroupInfo, error) {
	return plugin.Asked("groups.invite-info", host.InviteInfo(link))
}

// Join joins by a link.
func Join(link string) (host.Joined, error) { return plugin.Asked("groups.join", host.Join(link)) }

// Leave leaves a group.
func Leave(group string) error { return plugin.Done("groups.leave", host.Leave(group)) }

// Link puts groups into a community, or takes them out of it.
func Link(community string, groups []string, on bool) ([]host.ResultFor, error) {
	return plugin.Asked("groups.link", host.Link(community, groups, on))
}
