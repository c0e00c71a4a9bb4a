package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"reflect"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
)

// One client and where it says what it hears.
type client struct {
	name string
	wa   *whatsmeow.Client
	out  *lines
}

// A message, with its content as bytes: the other side of the pipe decodes it with a library of its own.
type message struct {
	Info    any    `json:"info"`
	Content string `json:"content"`
	// The options of a vote, hashed, when this is one and could be decrypted.
	Vote []string `json:"vote,omitempty"`
}

// Passes on what the library says, under the name it has there.
func (client *client) heard(event any) {
	name := reflect.TypeOf(event).Elem().Name()
	data := event
	if heard, is := event.(*events.Message); is {
		content, err := proto.Marshal(heard.Message)
		if err != nil {
			fmt.Fprintln(os.Stderr, "encoding a message:", err)
			return
		}
		told := message{Info: heard.Info, Content: base64.StdEncoding.EncodeToString(content)}
		if heard.Message.GetPollUpdateMessage() != nil {
			told.Vote = client.vote(heard)
		}
		data = told
	}
	if history, is := event.(*events.HistorySync); is {
		data = map[string]any{"conversations": len(history.Data.GetConversations())}
	}
	client.out.write(told{Client: client.name, Event: name, Data: data})
}

// The library's log, to standard error: warnings and errors.
type logger struct{ client string }

func (logger) Debugf(string, ...any) {}
func (logger) Infof(string, ...any)  {}

func (log logger) Warnf(text string, values ...any) {
	fmt.Fprintf(os.Stderr, "WARN whatsmeow %s: %s\n", log.client, fmt.Sprintf(text, values...))
}

func (log logger) Errorf(text string, values ...any) {
	fmt.Fprintf(os.Stderr, "ERROR whatsmeow %s: %s\n", log.client, fmt.Sprintf(text, values...))
}

func (log logger) Sub(string) waLog.Logger { return log }
