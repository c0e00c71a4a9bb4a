// Messages out. Each function needs the capability of its name, such as `messages.send` or `messages.edit`.
//
// Nothing but what says `now` leaves while the handler runs: what returns is accepted into the draft, and the host sends after the commit.

import * as host from "waspnest:plugin/messaging";
import type { Options, Outgoing, Page } from "waspnest:plugin/messaging";
import type { Jid, MediaRef, Message, MessageId, MessageKey } from "waspnest:plugin/types";
import { asked } from "./failure.ts";

export type { Options, Outgoing, Page };

/** What to send: a text, or a case of the contract's `outgoing`. */
export type What = string | Outgoing;

/** Whether only two talk in the chat, so that it is clear what an answer refers to. */
export function isDirect(msg: Message): boolean {
  return msg.chatKind === "direct" || msg.chatKind === "bot";
}

/** Answers in the chat of a message; where several talk, it is quoted. Answers the id it will have. */
export function reply(msg: Message, what: What, options: Partial<Options> = {}): MessageId {
  return send(msg.key.chat, what, isDirect(msg) ? options : { quote: msg.key, ...options });
}

/** Sends to a chat. Answers the id it will have. */
export function send(to: Jid, what: What, options?: Partial<Options>): MessageId {
  return asked("messaging.send", () => host.send(to, outgoing(what), options === undefined ? null : whole(options)));
}

/** Sends a document that `media` made or found. Answers the id it will have. */
export function sendDocument(to: Jid, handle: MediaRef, fileName: string): MessageId {
  return send(to, { tag: "document", val: { handle, caption: null, fileName, viewOnce: false, gif: false } });
}

/** The key of a message that the account sends into the chat of another one: what `edit`, `revoke` and `pin` take. */
export function sentKey(beside: MessageKey, id: MessageId): MessageKey {
  return { ...beside, id, fromMe: true, participant: null };
}

/** Gives a message of the account another text. */
export function edit(target: MessageKey, what: What): void {
  asked("messaging.edit", () => host.edit(target, outgoing(what)));
}

/** The same at once, whatever becomes of the handler: for a message that was sent with `when: "now"` and grows. Made once by repeated calls. */
export function editNow(target: MessageKey, what: What): void {
  asked("messaging.edit-now", () => host.editNow(target, outgoing(what)));
}

/** Takes a message back for everybody. */
export function revoke(target: MessageKey): void {
  asked("messaging.revoke", () => host.revoke(target));
}

/** Chooses in a poll; no options take a vote back. */
export function vote(poll: MessageKey, ...options: string[]): void {
  asked("messaging.vote", () => host.vote(poll, options));
}

/** Puts a message at the top of its chat for 86400, 604800 or 2592000 seconds. */
export function pin(target: MessageKey, seconds: number): void {
  asked("messaging.pin", () => host.pin(target, seconds));
}

/** Takes a pinned message down. */
export function unpin(target: MessageKey): void {
  asked("messaging.pin", () => host.pin(target, null));
}

/** Puts a star on a message, or takes it off. */
export function star(target: MessageKey, on = true): void {
  asked("messaging.star", () => host.star(target, on));
}

/** Reacts to a message; without an emoji the account's own reaction is taken back. */
export function react(msg: Message, emoji?: string): void {
  asked("messaging.react", () => host.react(msg.key, emoji ?? null));
}

/** Marks messages of one chat as read, which their senders see. */
export function markRead(...msgs: Message[]): void {
  asked("messaging.mark-read", () => host.markRead(msgs.map((msg) => msg.key)));
}

/** Shows or ends "typing" in a chat, or "recording". */
export function setTyping(chat: Jid, on: boolean, voice = false): void {
  asked("messaging.set-typing", () => host.setTyping(chat, on, voice));
}

/** A message that the host received before; null when it does not have it. */
export function getMessage(key: MessageKey): Message | null {
  try {
    return asked("messaging.get-message", () => host.getMessage(key));
  } catch (error) {
    if ((error as { refusal?: { tag: string } }).refusal?.tag === "not-found") return null;
    throw error;
  }
}

/** One step back through a chat's messages, newest first. */
export function history(chat: Jid, limit: number, before?: number, cursor?: string): Page {
  return asked("messaging.history", () => host.history(chat, before ?? null, limit, cursor ?? null));
}

/** Mentions somebody in a text; `options.mentions` must name them too. */
export function mention(who: Jid): string {
  return `@${who.split("@")[0]}`;
}

function outgoing(what: What): Outgoing {
  return typeof what === "string" ? { tag: "text", val: { body: what, preview: null } } : what;
}

function whole(options: Partial<Options>): Options {
  return {
    session: null,
    quote: null,
    mentions: [],
    ephemeralS: null,
    when: "on-commit",
    idempotencyKey: null,
    typingMs: null,
    attrs: [],
    ...options,
  };
}
