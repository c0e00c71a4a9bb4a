package plugin

import (
	"fmt"
	"strings"
	"time"

	export "waspnest.org/plugin/wit/export_waspnest_plugin_command_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_command_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Command is a command. The host has checked its arguments: one that is required is there, and of its type.
type Command struct{ event.Command }

// Words is its name and its path, such as "todo add".
func (c *Command) Words() string {
	return strings.Join(append([]string{c.Name}, c.Path...), " ")
}

// Arg is an argument, and whether it was given or has a default.
func (c *Command) Arg(name string) (event.Arg, bool) {
	for _, arg := range c.Args {
		if arg.F0 == name {
			return arg.F1, true
		}
	}
	return event.Arg{}, false
}

// Has says whether an argument was given or has a default.
func (c *Command) Has(name string) bool {
	_, has := c.Arg(name)
	return has
}

// Text is a text, a choice, somebody's address, or all that followed; empty when it was left out.
func (c *Command) Text(name string) string {
	arg, has := c.Arg(name)
	if !has {
		return ""
	}
	switch arg.Tag() {
	case event.ArgText:
		return arg.Text()
	case event.ArgChoice:
		return arg.Choice()
	case event.ArgUser:
		return arg.User()
	case event.ArgRest:
		return arg.Rest()
	default:
		return ""
	}
}

// Integer is a whole number; 0 when it was left out.
func (c *Command) Integer(name string) int64 {
	if arg, has := c.Arg(name); has && arg.Tag() == event.ArgInteger {
		return arg.Integer()
	}
	return 0
}

// Number is a number; 0 when it was left out.
func (c *Command) Number(name string) float64 {
	if arg, has := c.Arg(name); has && arg.Tag() == event.ArgNumber {
		return arg.Number()
	}
	return 0
}

// Boolean is yes or no; false when it was left out.
func (c *Command) Boolean(name string) bool {
	arg, has := c.Arg(name)
	return has && arg.Tag() == event.ArgBoolean && arg.Boolean()
}

// Duration is a span of time; 0 when it was left out.
func (c *Command) Duration(name string) time.Duration {
	if arg, has := c.Arg(name); has && arg.Tag() == event.ArgDurationMs {
		return time.Duration(arg.DurationMs()) * time.Millisecond
	}
	return 0
}

// When is a moment; the zero moment when it was left out.
func (c *Command) When(name string) time.Time {
	if arg, has := c.Arg(name); has && arg.Tag() == event.ArgWhen {
		return time.UnixMilli(int64(arg.When())).UTC()
	}
	return time.Time{}
}

// Items is all words that followed.
func (c *Command) Items(name string) []string {
	if arg, has := c.Arg(name); has && arg.Tag() == event.ArgItems {
		return arg.Items()
	}
	return nil
}

var commands = map[string]func(*Context, *Command, *Message) error{}

// OnCommand registers the handler of a command: by its name, or by its name and its path such as "todo add".
func OnCommand(words string, handler func(*Context, *Command, *Message) error) {
	commands[words] = handler
	export.Handler = func(ctx types.EventContext, cmd event.Command, msg types.Message) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return command(ctx, &Command{cmd}, &Message{msg}) })
	}
}

func command(ctx *Context, cmd *Command, msg *Message) error {
	handler := commands[cmd.Words()]
	if handler == nil {
		// A subcommand without a handler of its own is its command's.
		handler = commands[cmd.Name]
	}
	if handler == nil {
		return fmt.Errorf("the plugin has no handler of the command %q", cmd.Words())
	}
	return handler(ctx, cmd, msg)
}
