// Package plugin is the layer for plugins in Go: handlers, what they are given, and how they end.
//
// A plugin registers its handlers in an init function; main is never run. What a handler changed is committed when it returns nil, and dropped
// when it returns an error. The capabilities are packages beside this one, and each is there when the manifest asks for it.
package plugin

import (
	"errors"
	"strings"
	"time"

	wit "waspnest.org/plugin/wit/types"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
	_ "waspnest.org/plugin/wit/wit_exports"
)

// Context is what is true of the event, and where a handler says what should happen to it next.
type Context struct {
	types.EventContext
	flow types.Flow
	note wit.Option[string]
}

// Stop keeps the event from installations of lower priority, where the operator allows that.
func (c *Context) Stop() { c.flow = types.FlowStop }

// Drop is the same, and the event counts as not handled.
func (c *Context) Drop() { c.flow = types.FlowDrop }

// Note leaves a few words for the operator.
func (c *Context) Note(words string) { c.note = wit.Some(words) }

// Message is a message.
type Message struct{ types.Message }

// Text is its text, caption or chosen title, without blanks around it; empty when there is none.
func (m *Message) Text() string { return strings.TrimSpace(m.PlainText.SomeOr("")) }

// Chat is the chat it is in.
func (m *Message) Chat() string { return m.Key.Chat }

// IsDirect says whether only two talk in the chat, so that it is clear what an answer refers to.
func (m *Message) IsDirect() bool {
	return m.ChatKind == types.ChatKindDirect || m.ChatKind == types.ChatKindBot
}

// failure is a handler's own choice of how it fails.
type failure struct {
	reason string
	err    types.HandlerError
}

func (f *failure) Error() string { return f.reason }

// Retry makes an error to return: it may work later, after so long at the earliest; with 0 the host chooses.
func Retry(reason string, after time.Duration) error {
	wait := wit.None[uint64]()
	if after > 0 {
		wait = wit.Some(uint64(after.Milliseconds()))
	}
	return &failure{reason, types.MakeHandlerErrorRetry(wit.Tuple2[string, wit.Option[uint64]]{F0: reason, F1: wait})}
}

// Reject makes an error to return: it will never work.
func Reject(reason string) error {
	return &failure{reason, types.MakeHandlerErrorReject(reason)}
}

// Ended runs a handler as the host expects it. Only code that is made by `waspnest plugin build` calls it.
func Ended(ctx types.EventContext, handle func(*Context) error) wit.Result[types.Outcome, types.HandlerError] {
	context := &Context{EventContext: ctx}
	if err := handle(context); err != nil {
		return wit.Err[types.Outcome](FailureOf(err))
	}
	return wit.Ok[types.Outcome, types.HandlerError](types.Outcome{Flow: context.flow, Note: context.note})
}

// FailureOf is what the host is told of an error.
func FailureOf(err error) types.HandlerError {
	var chosen *failure
	if errors.As(err, &chosen) {
		return chosen.err
	}
	var refused *Refused
	if errors.As(err, &refused) {
		return refused.failure(err.Error())
	}
	return types.MakeHandlerErrorReject(err.Error())
}
