package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"
)

// What a client can be told to do. Arguments are JSON; JIDs are text in it.
type deed func(ctx context.Context, client *client, args json.RawMessage) (any, error)

var deeds = map[string]deed{
	"connect": with(connect),
	"disconnect": with(func(_ context.Context, client *client, _ struct{}) (any, error) {
		client.wa.Disconnect()
		return nil, nil
	}),
	"pairCode": with(pairCode),
	"logout":   with(func(ctx context.Context, client *client, _ struct{}) (any, error) { return nil, client.wa.Logout(ctx) }),
	"send":     with(send),
	"react":    with(react),
	"edit":     with(edit),
	"revoke":   with(revoke),
	"ask":      with(ask),
	"vote":     with(vote),
	"read":     with(read),
	"presence": with(presence),
	"typing":   with(typing),
	"subscribe": with(func(ctx context.Context, client *client, to whom) (any, error) {
		return nil, client.wa.SubscribePresence(ctx, to.JID)
	}),
	"upload":   with(upload),
	"download": with(download),
	"group": with(func(ctx context.Context, client *client, of whom) (any, error) {
		return client.wa.GetGroupInfo(ctx, of.JID)
	}),
	"create":  with(create),
	"members": with(members),
	"link": with(func(ctx context.Context, client *client, of whom) (any, error) {
		return client.wa.GetGroupInviteLink(ctx, of.JID, false)
	}),
	"join": with(join),
	"leave": with(func(ctx context.Context, client *client, of whom) (any, error) {
		return nil, client.wa.LeaveGroup(ctx, of.JID)
	}),
	"rename": with(rename),
	"keep":   with(keep),
}

// Reads the arguments of a deed.
func with[Args any](do func(context.Context, *client, Args) (any, error)) deed {
	return func(ctx context.Context, client *client, raw json.RawMessage) (any, error) {
		var args Args
		if err := json.Unmarshal(raw, &args); err != nil {
			return nil, err
		}
		return do(ctx, client, args)
	}
}

// A person or a group.
type whom struct {
	JID types.JID `json:"jid"`
}

// A message that exists.
type which struct {
	Chat   types.JID `json:"chat"`
	Sender types.JID `json:"sender"`
	ID     string    `json:"id"`
}

// Connects; while the device is not linked, the codes it would show are events named "QR".
func connect(ctx context.Context, client *client, _ struct{}) (any, error) {
	return nil, client.wa.ConnectContext(ctx)
}

func pairCode(ctx context.Context, client *client, args struct{ Phone string }) (any, error) {
	return client.wa.PairPhone(ctx, args.Phone, true, whatsmeow.PairClientChrome, "Chrome (Linux)")
}

func (client *client) deliver(ctx context.Context, to types.JID, content *waE2E.Message) (any, error) {
	sent, err := client.wa.SendMessage(ctx, to, content)
	return sent.ID, err
}

// Sends any content, given as it is encoded.
func send(ctx context.Context, client *client, args struct {
	To      types.JID
	Content string
}) (any, error) {
	content, err := decoded(args.Content)
	if err != nil {
		return nil, err
	}
	return client.deliver(ctx, args.To, content)
}

func decoded(text string) (*waE2E.Message, error) {
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	content := &waE2E.Message{}
	return content, proto.Unmarshal(bytes, content)
}

func react(ctx context.Context, client *client, args struct {
	which
	Emoji string
}) (any, error) {
	return client.deliver(ctx, args.Chat, client.wa.BuildReaction(args.Chat, args.Sender, args.ID, args.Emoji))
}

func edit(ctx context.Context, client *client, args struct {
	which
	Text string
}) (any, error) {
	content := &waE2E.Message{Conversation: proto.String(args.Text)}
	return client.deliver(ctx, args.Chat, client.wa.BuildEdit(args.Chat, args.ID, content))
}

func revoke(ctx context.Context, client *client, args which) (any, error) {
	return client.deliver(ctx, args.Chat, client.wa.BuildRevoke(args.Chat, args.Sender, args.ID))
}

func ask(ctx context.Context, client *client, args struct {
	To       types.JID
	Question string
	Options  []string
}) (any, error) {
	return client.deliver(ctx, args.To, client.wa.BuildPollCreation(args.Question, args.Options, 1))
}

// Votes in a poll; `info` is what was told with it.
func vote(ctx context.Context, client *client, args struct {
	Info    types.MessageInfo
	Options []string
}) (any, error) {
	content, err := client.wa.BuildPollVote(ctx, &args.Info, args.Options)
	if err != nil {
		return nil, err
	}
	return client.deliver(ctx, args.Info.Chat, content)
}

// The options of a vote, hashed; nothing when the library could not decrypt it.
func (client *client) vote(heard *events.Message) []string {
	vote, err := client.wa.DecryptPollVote(context.Background(), heard)
	if err != nil {
		client.wa.Log.Errorf("a vote: %v", err)
		return nil
	}
	options := make([]string, 0, len(vote.GetSelectedOptions()))
	for _, option := range vote.GetSelectedOptions() {
		options = append(options, base64.StdEncoding.EncodeToString(option))
	}
	return options
}

func read(ctx context.Context, client *client, args struct {
	which
	Played bool
}) (any, error) {
	kind := types.ReceiptTypeRead
	if args.Played {
		kind = types.ReceiptTypePlayed
	}
	return nil, client.wa.MarkRead(ctx, []types.MessageID{args.ID}, time.Now(), args.Chat, args.Sender, kind)
}

func presence(ctx context.Context, client *client, args struct{ State types.Presence }) (any, error) {
	return nil, client.wa.SendPresence(ctx, args.State)
}

func typing(ctx context.Context, client *client, args struct {
	To    types.JID
	State types.ChatPresence
	Media types.ChatPresenceMedia
}) (any, error) {
	return nil, client.wa.SendChatPresence(ctx, args.To, args.State, args.Media)
}

// Uploads a file; what it answers goes into a message.
func upload(ctx context.Context, client *client, args struct {
	Kind string
	Data []byte
}) (any, error) {
	kinds := map[string]whatsmeow.MediaType{
		"image": whatsmeow.MediaImage, "video": whatsmeow.MediaVideo, "audio": whatsmeow.MediaAudio,
		"document": whatsmeow.MediaDocument, "sticker": whatsmeow.MediaImage,
	}
	kind, known := kinds[args.Kind]
	if !known {
		return nil, errors.New("no such kind: " + args.Kind)
	}
	done, err := client.wa.Upload(ctx, args.Data, kind)
	return map[string]any{
		"url": done.URL, "directPath": done.DirectPath, "mediaKey": done.MediaKey,
		"fileEncSha256": done.FileEncSHA256, "fileSha256": done.FileSHA256, "fileLength": done.FileLength,
	}, err
}

// The file of a message.
func download(ctx context.Context, client *client, args struct{ Content string }) (any, error) {
	content, err := decoded(args.Content)
	if err != nil {
		return nil, err
	}
	return client.wa.DownloadAny(ctx, content)
}

func create(ctx context.Context, client *client, args struct {
	Name    string
	Members []types.JID
}) (any, error) {
	return client.wa.CreateGroup(ctx, whatsmeow.ReqCreateGroup{Name: args.Name, Participants: args.Members})
}

func members(ctx context.Context, client *client, args struct {
	JID     types.JID
	Members []types.JID
	Change  whatsmeow.ParticipantChange
}) (any, error) {
	return client.wa.UpdateGroupParticipants(ctx, args.JID, args.Members, args.Change)
}

func join(ctx context.Context, client *client, args struct{ Code string }) (any, error) {
	return client.wa.JoinGroupWithLink(ctx, args.Code)
}

func rename(ctx context.Context, client *client, args struct {
	JID  types.JID
	Name string
}) (any, error) {
	return nil, client.wa.SetGroupName(ctx, args.JID, args.Name)
}

// Keeps something about a chat on all devices of the account.
func keep(ctx context.Context, client *client, args struct {
	Chat types.JID
	What string
	ID   string
}) (any, error) {
	var patch appstate.PatchInfo
	switch args.What {
	case "archive":
		patch = appstate.BuildArchive(args.Chat, true, time.Time{}, nil)
	case "pin":
		patch = appstate.BuildPin(args.Chat, true)
	case "mute":
		patch = appstate.BuildMute(args.Chat, true, time.Hour)
	case "star":
		patch = appstate.BuildStar(args.Chat, args.Chat, args.ID, false, true)
	case "unread":
		patch = appstate.BuildMarkChatAsRead(args.Chat, false, time.Time{}, nil)
	default:
		return nil, errors.New("nobody can keep " + args.What)
	}
	return nil, client.wa.SendAppState(ctx, patch)
}
