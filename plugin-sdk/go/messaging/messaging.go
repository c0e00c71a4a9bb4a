// Package messaging sends, edits, takes back, reacts. Each function needs the capability of its name, such as `messages.send`.
//
// Nothing but what says Now leaves while the handler runs: what is accepted here is in the draft, and the host sends after the commit.
package messaging

import (
	"errors"
	"strings"

	"waspnest.org/plugin"
	wit "waspnest.org/plugin/wit/types"
	host "waspnest.org/plugin/wit/waspnest_plugin_messaging"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

type (
	// Options are how to send.
	Options = host.Options
	// Outgoing is what to send; the contract's cases are made by functions of package waspnest_plugin_messaging.
	Outgoing = host.Outgoing
	// Page is one step through a chat's messages.
	Page = host.Page
)

// Text makes a text to send.
func Text(body string) Outgoing { return host.MakeOutgoingText(types.Text{Body: body}) }

// Reply answers in the chat of a message; where several talk, it is quoted.
func Reply(msg *plugin.Message, text string) error {
	var options *Options
	if !msg.IsDirect() {
		options = &Options{Quote: wit.Some(msg.Key)}
	}
	_, err := Send(msg.Chat(), Text(text), options)
	return err
}

// SendText sends a text to a chat.
func SendText(to, text string) error {
	_, err := Send(to, Text(text), nil)
	return err
}

// SendNow sends a text at once, whatever becomes of the handler, and answers the id that it has. Repeated calls that send the same send it once.
func SendNow(to, text string) (string, error) {
	return Send(to, Text(text), &Options{When: host.WhenNow})
}

// SendDocument sends a document that package media made or found.
func SendDocument(to, file, name string) error {
	_, err := Send(to, host.MakeOutgoingDocument(host.Upload{Handle: file, FileName: wit.Some(name)}), nil)
	return err
}

// Send sends to a chat and answers the id that the message will have. Options may be nil.
func Send(to string, what Outgoing, options *Options) (string, error) {
	return plugin.Asked("messaging.send", host.Send(to, what, wit.Maybe(options)))
}

// SentKey is the key of a message that the account sends into the chat of another one: what Edit, Revoke and Pin take.
func SentKey(beside types.MessageKey, id string) types.MessageKey {
	beside.Id, beside.FromMe, beside.Participant = id, true, wit.None[string]()
	return beside
}

// Edit gives a message of the account another text.
func Edit(target types.MessageKey, text string) error {
	return plugin.Done("messaging.edit", host.Edit(target, Text(text)))
}

// EditNow is the same at once, whatever becomes of the handler: for a message that was sent with SendNow and grows. Repeated calls make it once.
func EditNow(target types.MessageKey, text string) error {
	return plugin.Done("messaging.edit-now", host.EditNow(target, Text(text)))
}

// Revoke takes a message back for everybody.
func Revoke(target types.MessageKey) error {
	return plugin.Done("messaging.revoke", host.Revoke(target))
}

// Vote chooses in a poll; no options take a vote back.
func Vote(poll types.MessageKey, options ...string) error {
	return plugin.Done("messaging.vote", host.Vote(poll, options))
}

// Pin puts a message at the top of its chat for 86400, 604800 or 2592000 seconds.
func Pin(target types.MessageKey, seconds uint32) error {
	return plugin.Done("messaging.pin", host.Pin(target, wit.Some(seconds)))
}

// Unpin takes a pinned message down.
func Unpin(target types.MessageKey) error {
	return plugin.Done("messaging.pin", host.Pin(target, wit.None[uint32]()))
}

// Star puts a star on a message, or takes it off.
func Star(target types.MessageKey, on bool) error {
	return plugin.Done("messaging.star", host.Star(target, on))
}

// React reacts to a message with an emoji.
func React(msg *plugin.Message, emoji string) error {
	return plugin.Done("messaging.react", host.React(msg.Key, wit.Some(emoji)))
}

// Unreact takes the account's own reaction back.
func Unreact(msg *plugin.Message) error {
	return plugin.Done("messaging.react", host.React(msg.Key, wit.None[string]()))
}

// MarkRead marks messages of one chat as read, which their senders see.
func MarkRead(msgs ...*plugin.Message) error {
	keys := make([]types.MessageKey, len(msgs))
	for i, msg := range msgs {
		keys[i] = msg.Key
	}
	return plugin.Done("messaging.mark-read", host.MarkRead(keys))
}

// SetTyping shows or ends "typing" in a chat; with voice, "recording".
func SetTyping(chat string, on, voice bool) error {
	return plugin.Done("messaging.set-typing", host.SetTyping(chat, on, voice))
}

// GetMessage is a message that the host received before; nil when it does not have it.
func GetMessage(key types.MessageKey) (*plugin.Message, error) {
	msg, err := plugin.Asked("messaging.get-message", host.GetMessage(key))
	var refused *plugin.Refused
	if errors.As(err, &refused) && refused.IsNotFound() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &plugin.Message{Message: msg}, nil
}

// History is one step back through a chat's messages, newest first: before a moment, unless it is 0, and behind a cursor, unless it is nil.
func History(chat string, before uint64, limit uint32, cursor *string) (Page, error) {
	earlier := wit.None[uint64]()
	if before > 0 {
		earlier = wit.Some(before)
	}
	return plugin.Asked("messaging.history", host.History(chat, earlier, limit, wit.Maybe(cursor)))
}

// Mention mentions somebody in a text; the options must name them too.
func Mention(who string) string {
	user, _, _ := strings.Cut(who, "@")
	return "@" + user
}
