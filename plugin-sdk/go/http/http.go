// Package http asks servers. Needs the capability `http`, whose terms say which.
//
// Answers are durable: a handler that is called again for the same event gets the same answer without asking again, unless the answer said
// "not now" (408, 425, 429, 500 and up).
package http

import (
	"fmt"
	"strings"

	"waspnest.org/plugin"
	"waspnest.org/plugin/form"
	wit "waspnest.org/plugin/wit/types"
	host "waspnest.org/plugin/wit/waspnest_plugin_http"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Request is a request, as the contract has it.
type Request = host.Request

// Response is an answer, of any status.
type Response struct{ host.Response }

// Get asks with GET.
func Get(url string) (*Response, error) { return Do(Request{Method: "GET", Url: url}) }

// PostJSON sends a value as JSON.
func PostJSON(url string, value any) (*Response, error) {
	body, err := form.ToJSON(value)
	if err != nil {
		return nil, fmt.Errorf("the request to %s: %w", url, err)
	}
	headers := []wit.Tuple2[string, string]{{F0: "content-type", F1: "application/json"}}
	return Do(Request{Method: "POST", Url: url, Headers: headers, Body: wit.Some(body)})
}

// Do asks, and waits for the answer.
func Do(request Request) (*Response, error) {
	answer, err := plugin.Asked("http.fetch", host.Fetch(request))
	if err != nil {
		return nil, err
	}
	return &Response{answer}, nil
}

// Incoming is an answer that is taken in pieces. A handler that is called again for the same event gets the same pieces, without asking again;
// what was still to come when the first call ended is lost, and Next fails there.
type Incoming struct {
	host.Head
	answer *host.Incoming
}

// Open asks, and waits for the beginning of the answer. TimeoutMs of the request is for the beginning and for each piece.
func Open(request Request) (*Incoming, error) {
	answer, err := plugin.Asked("http.open", host.Open(request))
	if err != nil {
		return nil, err
	}
	return &Incoming{answer.Head(), answer}, nil
}

// Next waits for more and gathers what comes within so many milliseconds, at most 10,000; nil at the end.
func (i *Incoming) Next(gatherMs uint32) ([]byte, error) {
	piece, err := plugin.Asked("http.incoming.next", i.answer.Next(gatherMs))
	if err != nil || piece.IsNone() {
		return nil, err
	}
	return piece.Some(), nil
}

// Close ends the connection.
func (i *Incoming) Close() { i.answer.Drop() }

// Ok is an error unless the status is 2xx; it asks for a retry where a later answer may be another one.
func (r *Response) Ok() error {
	status := r.Status
	if status >= 200 && status < 300 {
		return nil
	}
	said := []rune(r.Text())
	words := string(said[:min(len(said), 200)])
	cause := types.MakeErrorInvalid(fmt.Sprintf("%s answered %d: %s", r.Url, status, words))
	if status >= 500 || status == 408 || status == 425 || status == 429 {
		cause = types.MakeErrorUpstream(wit.Tuple2[uint32, string]{F0: uint32(status), F1: words})
	}
	return &plugin.Refused{Call: "http.fetch", Cause: cause}
}

// Header is the value of a header; empty where there is none.
func (r *Response) Header(name string) string {
	for _, header := range r.Headers {
		if strings.EqualFold(header.F0, name) {
			return header.F1
		}
	}
	return ""
}

// Text is the body as text.
func (r *Response) Text() string { return strings.ToValidUTF8(string(r.Body), "\uFFFD") }

// JSON reads the body into what a pointer points to; an error where Ok is one.
func (r *Response) JSON(into any) error {
	if err := r.Ok(); err != nil {
		return err
	}
	return form.FromJSON(r.Body, into, "the answer of "+r.Url)
}
