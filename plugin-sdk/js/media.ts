// Files: of messages, to be read, and made here, to be sent. Needs `media.read` or `media.write`.

import * as host from "waspnest:plugin/media-store";
import { Sink } from "waspnest:plugin/media-store";
import type { Media, MediaRef, Message } from "waspnest:plugin/types";
import { asked } from "./failure.ts";

const PART = 1 << 20;

/** The file of a message, where the message is one. */
export function of(msg: Message): Media | undefined {
  const { content } = msg;
  switch (content.tag) {
    case "image":
    case "video":
    case "video-note":
    case "audio":
    case "voice":
    case "document":
    case "sticker":
      return content.val;
    default:
      return undefined;
  }
}

/** The bytes of a file. */
export function read(handle: MediaRef): Uint8Array {
  const blob = asked("media-store.open", () => host.open(handle));
  const file = new Uint8Array(blob.size());
  for (let at = 0; at < file.length; ) {
    const part = asked("blob.read", () => blob.read(at, PART));
    if (part.length === 0) return file.slice(0, at);
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** Makes a file of a type such as `image/png`, and answers its handle. */
export function make(mime: string, file: Uint8Array): MediaRef {
  const sink = new Sink(mime);
  for (let at = 0; at < file.length; at += PART) {
    const part = file.subarray(at, at + PART);
    asked("sink.write", () => sink.write(part));
  }
  return asked("sink.finish", () => Sink.finish(sink));
}

/** Has the host fetch a file; its bytes never enter the plugin. */
export function fromUrl(url: string, mime?: string): MediaRef {
  return asked("media-store.from-url", () => host.fromUrl(url, mime ?? null));
}
