package plugin

import (
	"waspnest.org/plugin/form"
	export "waspnest.org/plugin/wit/export_waspnest_plugin_request_handler"
	wit "waspnest.org/plugin/wit/types"
	event "waspnest.org/plugin/wit/waspnest_plugin_request_handler"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Request is a request from outside.
type Request = event.Request

// Response is what it is answered.
type Response = event.Response

// JSONResponse answers a value as JSON.
func JSONResponse(status uint16, value any) (Response, error) {
	body, err := form.ToJSON(value)
	headers := []wit.Tuple2[string, string]{{F0: "content-type", F1: "application/json"}}
	return Response{Status: status, Headers: headers, Body: body}, err
}

// OnRequest registers the handler of requests from outside.
func OnRequest(handler func(*Context, *Request) (Response, error)) {
	export.Handler = func(ctx types.EventContext, request event.Request) wit.Result[event.Response, types.HandlerError] {
		response, err := handler(&Context{EventContext: ctx}, &request)
		if err != nil {
			return wit.Err[event.Response](FailureOf(err))
		}
		return wit.Ok[event.Response, types.HandlerError](response)
	}
}
