// Does what every language must be able to do; the scenario in ../tests says what that is.
package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"waspnest.org/plugin"
	"waspnest.org/plugin/bus"
	"waspnest.org/plugin/chats"
	"waspnest.org/plugin/config"
	"waspnest.org/plugin/contacts"
	"waspnest.org/plugin/dialogue"
	"waspnest.org/plugin/groups"
	"waspnest.org/plugin/http"
	"waspnest.org/plugin/kv"
	"waspnest.org/plugin/log"
	"waspnest.org/plugin/media"
	"waspnest.org/plugin/messaging"
	"waspnest.org/plugin/meta"
	"waspnest.org/plugin/schedule"
	"waspnest.org/plugin/secrets"
	"waspnest.org/plugin/webhooks"
)

type remembered struct {
	Text string `json:"text"`
}

type order struct {
	What string `json:"what"`
}

type reminder struct {
	Chat string `json:"chat"`
	Text string `json:"text"`
}

func init() {
	plugin.OnMessage(hear)
	plugin.OnCommand("typed", typed)
	plugin.OnCommand("list add", listAdd)
	plugin.OnReply(chosen)
	plugin.OnTick(due)
	plugin.OnRequest(asked)
}

func main() {}

func hear(ctx *plugin.Context, msg *plugin.Message) error {
	word, rest, _ := strings.Cut(msg.PlainText.SomeOr(""), " ")
	switch word {
	case "echo":
		return messaging.Reply(msg, rest)
	case "long":
		times, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		return messaging.Reply(msg, strings.Repeat("añ🐝", times))
	case "greet":
		return greet(msg)
	case "count":
		return count(msg)
	case "remember":
		store, err := kv.Chat()
		if err != nil {
			return err
		}
		return store.Put("remembered", remembered{rest})
	case "recall":
		return recall(msg)
	case "churn":
		return churn(msg, rest)
	case "order":
		if err := messaging.Reply(msg, "Which size?"); err != nil {
			return err
		}
		return dialogue.Expect(dialogue.Sender, "size", order{rest}, 10*time.Minute)
	case "remind":
		return schedule.After("tea", 4*time.Minute, reminder{msg.Chat(), "The tea is ready."})
	case "rate":
		return rate(msg, rest)
	case "watch":
		return watch(msg, rest)
	case "later":
		if err := messaging.Reply(msg, fmt.Sprintf("attempt %d", ctx.Attempt)); err != nil {
			return err
		}
		if ctx.Attempt == 1 {
			return plugin.Retry("not yet", time.Second)
		}
	case "never":
		if err := messaging.Reply(msg, "nobody reads this"); err != nil {
			return err
		}
		return plugin.Reject("it was asked to")
	case "stop":
		ctx.Stop()
		ctx.Note("stopped")
	case "tell":
		return messaging.SendText("4915100000099@s.whatsapp.net", "psst")
	case "like":
		return messaging.React(msg, "👍")
	case "note":
		return note(msg, rest)
	case "members":
		return members(msg)
	case "known":
		return known(msg, rest)
	case "mute":
		return chats.Mute(msg.Chat())
	case "tell-shop":
		_, err := webhooks.Emit("shop", "note.written", remembered{rest})
		return err
	case "publish":
		return bus.PublishJSON("notes.written", remembered{rest})
	case "sign":
		return sign(msg, rest)
	case "granted":
		return messaging.Reply(msg, map[bool]string{true: "yes", false: "no"}[meta.Granted(rest)])
	}
	return nil
}

func greet(msg *plugin.Message) error {
	var settings struct {
		Greeting string `json:"greeting"`
	}
	if err := config.Read(&settings); err != nil {
		return err
	}
	who := msg.Sender.PushName.SomeOr("")
	log.Info("greets", "who", who)
	return messaging.Reply(msg, settings.Greeting+", "+who)
}

func count(msg *plugin.Message) error {
	store, err := kv.Chat()
	if err != nil {
		return err
	}
	sum, err := store.Increment("count", 1)
	if err != nil {
		return err
	}
	return messaging.Reply(msg, strconv.FormatInt(sum, 10))
}

func recall(msg *plugin.Message) error {
	store, err := kv.Chat()
	if err != nil {
		return err
	}
	found := remembered{"nothing"}
	if _, err := store.Get("remembered", &found); err != nil {
		return err
	}
	return messaging.Reply(msg, found.Text)
}

func churn(msg *plugin.Message, times string) error {
	turns, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	store, err := kv.Chat()
	if err != nil {
		return err
	}
	if err := store.Put("large", strings.Repeat("x", 40_000)); err != nil {
		return err
	}
	sum := 0
	for range turns {
		var large string
		if _, err := store.Get("large", &large); err != nil {
			return err
		}
		sum += len(large)
	}
	if _, err := store.Delete("large"); err != nil {
		return err
	}
	return messaging.Reply(msg, fmt.Sprintf("%d characters", sum))
}

func rate(msg *plugin.Message, currency string) error {
	answer, err := http.Get("https://rates.example.com/" + currency)
	if err != nil {
		return err
	}
	var rates struct {
		USD float64 `json:"usd"`
	}
	if err := answer.JSON(&rates); err != nil {
		return err
	}
	return messaging.Reply(msg, fmt.Sprintf("1 %s is %v usd", currency, rates.USD))
}

func watch(msg *plugin.Message, currency string) error {
	rates, err := http.Open(http.Request{Method: "GET", Url: "https://rates.example.com/watch/" + currency})
	if err != nil {
		return err
	}
	id, err := messaging.SendNow(msg.Chat(), "…")
	if err != nil {
		return err
	}
	shown, last := messaging.SentKey(msg.Key, id), "nothing"
	for {
		piece, err := rates.Next(500)
		if err != nil {
			return err
		}
		if piece == nil {
			return messaging.Edit(shown, last+" in the end")
		}
		last = strings.TrimSpace(string(piece))
		if err := messaging.EditNow(shown, last); err != nil {
			return err
		}
	}
}

func note(msg *plugin.Message, text string) error {
	file, err := media.Make("text/plain", []byte(text))
	if err != nil {
		return err
	}
	return messaging.SendDocument(msg.Chat(), file, "note.txt")
}

func members(msg *plugin.Message) error {
	group, err := groups.Info(msg.Chat())
	if err != nil {
		return err
	}
	return messaging.Reply(msg, fmt.Sprintf("%s: %d members", group.Subject, len(group.Participants)))
}

func known(msg *plugin.Message, phone string) error {
	found, err := contacts.Resolve(phone)
	if err != nil {
		return err
	}
	if found[0].F1.IsNone() {
		return messaging.Reply(msg, "not at WhatsApp")
	}
	return messaging.Reply(msg, "at WhatsApp")
}

func sign(msg *plugin.Message, text string) error {
	code, err := secrets.HmacSha256("signing-key", []byte(text))
	if err != nil {
		return err
	}
	return messaging.Reply(msg, hex.EncodeToString(code))
}

func typed(_ *plugin.Context, cmd *plugin.Command, msg *plugin.Message) error {
	said := []string{cmd.Text("word"), fmt.Sprint(cmd.Integer("whole")), fmt.Sprint(cmd.Number("number")), "-", "-", "-", "-"}
	if cmd.Has("flag") {
		said[3] = map[bool]string{true: "yes", false: "no"}[cmd.Boolean("flag")]
	}
	if cmd.Has("span") {
		said[4] = fmt.Sprint(cmd.Duration("span").Milliseconds())
	}
	for at, name := range map[int]string{5: "size", 6: "rest"} {
		if cmd.Has(name) {
			said[at] = cmd.Text(name)
		}
	}
	return messaging.Reply(msg, strings.Join(said, "|"))
}

func listAdd(_ *plugin.Context, cmd *plugin.Command, msg *plugin.Message) error {
	things := cmd.Items("things")
	return messaging.Reply(msg, fmt.Sprintf("%d: %s", len(things), strings.Join(things, ", ")))
}

func chosen(ctx *plugin.Context, pending *plugin.Pending, msg *plugin.Message) error {
	var order order
	if err := pending.Read(&order); err != nil {
		return err
	}
	// Who ordered and went away is not told.
	if msg == nil {
		ctx.Note("nobody wants " + order.What)
		return nil
	}
	return messaging.Reply(msg, fmt.Sprintf("One %s %s.", msg.Text(), order.What))
}

func due(_ *plugin.Context, tick *plugin.Tick) error {
	var reminder reminder
	if err := tick.Read(&reminder); err != nil {
		return err
	}
	return messaging.SendText(reminder.Chat, reminder.Text)
}

func asked(_ *plugin.Context, request *plugin.Request) (plugin.Response, error) {
	paid := request.Query.SomeOr("") == "paid=1"
	return plugin.JSONResponse(201, struct {
		Bytes int    `json:"bytes"`
		Paid  bool   `json:"paid"`
		Path  string `json:"path"`
	}{len(request.Body), paid, request.Path})
}
