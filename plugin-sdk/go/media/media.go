// Package media is files: of messages, to be read, and made here, to be sent. Needs `media.read` or `media.write`.
package media

import (
	"waspnest.org/plugin"
	wit "waspnest.org/plugin/wit/types"
	host "waspnest.org/plugin/wit/waspnest_plugin_media_store"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

const part = 1 << 20

// Of is the file of a message, where the message is one.
func Of(msg *plugin.Message) (types.Media, bool) {
	switch content := msg.Content; content.Tag() {
	case types.ContentImage:
		return content.Image(), true
	case types.ContentVideo:
		return content.Video(), true
	case types.ContentVideoNote:
		return content.VideoNote(), true
	case types.ContentAudio:
		return content.Audio(), true
	case types.ContentVoice:
		return content.Voice(), true
	case types.ContentDocument:
		return content.Document(), true
	case types.ContentSticker:
		return content.Sticker(), true
	default:
		return types.Media{}, false
	}
}

// Read is the bytes of a file.
func Read(handle string) ([]byte, error) {
	blob, err := plugin.Asked("media-store.open", host.Open(handle))
	if err != nil {
		return nil, err
	}
	defer blob.Drop()
	var file []byte
	for uint64(len(file)) < blob.Size() {
		more, err := plugin.Asked("blob.read", blob.Read(uint64(len(file)), part))
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			break
		}
		file = append(file, more...)
	}
	return file, nil
}

// Make makes a file of a type such as `image/png`, and answers its handle.
func Make(mime string, file []byte) (string, error) {
	sink := host.MakeSink(mime)
	for at := 0; at < len(file); at += part {
		if err := plugin.Done("sink.write", sink.Write(file[at:min(at+part, len(file))])); err != nil {
			return "", err
		}
	}
	return plugin.Asked("sink.finish", host.SinkFinish(sink))
}

// FromURL has the host fetch a file; its bytes never enter the plugin.
func FromURL(url string) (string, error) {
	return plugin.Asked("media-store.from-url", host.FromUrl(url, wit.None[string]()))
}
