package plugin

import (
	"fmt"

	"waspnest.org/plugin/form"
	export "waspnest.org/plugin/wit/export_waspnest_plugin_schedule_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_schedule_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Tick is a point in time that has come.
type Tick struct{ event.Tick }

// Read reads the payload, where it is JSON, into what a pointer points to.
func (t *Tick) Read(into any) error {
	return form.FromJSON(t.Payload, into, fmt.Sprintf("payload of job %q", t.Id))
}

// OnTick registers the handler of points in time.
func OnTick(handler func(*Context, *Tick) error) {
	export.Handler = func(ctx types.EventContext, tick event.Tick) wit.Result[types.Outcome, types.HandlerError] {
		return Ended(ctx, func(ctx *Context) error { return handler(ctx, &Tick{tick}) })
	}
}
