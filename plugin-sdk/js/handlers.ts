// Handlers: what a plugin implements, and how the host's calls reach it.

import type { Call } from "waspnest:plugin/call-handler";
import type { ChatEvent } from "waspnest:plugin/chat-handler";
import type { Arg, Command as HostCommand } from "waspnest:plugin/command-handler";
import type { Issue } from "waspnest:plugin/config-check";
import type { ContactEvent } from "waspnest:plugin/contact-handler";
import type { GroupEvent } from "waspnest:plugin/group-handler";
import type { Place } from "waspnest:plugin/lifecycle";
import type { Presence } from "waspnest:plugin/presence-handler";
import type { Receipt } from "waspnest:plugin/receipt-handler";
import type { Pending as HostPending } from "waspnest:plugin/reply-handler";
import type { Request, Response } from "waspnest:plugin/request-handler";
import type { Tick as HostTick } from "waspnest:plugin/schedule-handler";
import type { SessionEvent } from "waspnest:plugin/session-handler";
import type { EventContext, Message, Outcome } from "waspnest:plugin/types";
import { failureOf } from "./failure.ts";
import { bytes, fromJson, text as readText } from "./text.ts";

/** A message, with its text at hand. */
export interface Incoming extends Message {
  /** Text, caption or chosen title, without blanks around it; empty when there is none. */
  readonly text: string;
}

/** The value of an argument: durations and moments in milliseconds, people by their address. */
export type Argument = string | number | boolean | string[];

/** A command, with its arguments by name; one that was left out and has no default is missing. */
export interface Command extends Omit<HostCommand, "args"> {
  args: Record<string, Argument>;
}

/** What was waited for, with its data read. */
export interface Pending<T = any> extends Omit<HostPending, "data"> {
  data: T;
}

/** A point in time, with its payload read: JSON where it is JSON, else a text; undefined where there is none. */
export interface Tick<T = any> extends Omit<HostTick, "payload"> {
  payload: T;
}

/** How a handler ends well: nothing, or what should happen to the event next, or that with a note for the operator. */
export type Answer = void | undefined | Outcome["flow"] | { flow?: Outcome["flow"]; note?: string };

type Handler<Event> = (ctx: EventContext, event: Event) => Answer;

/** A plugin: the handlers that its manifest announces. What a handler changed is committed when it returns, and dropped when it throws. */
export interface Plugin {
  /** `[[subscribe]] event = "message"`. */
  onMessage?(ctx: EventContext, msg: Incoming): Answer;
  /** `[[command]]`: each by its name, or by its name and its path such as `"todo add"`. */
  commands?: Record<string, (ctx: EventContext, cmd: Command, msg: Incoming) => Answer>;
  /** The capability `dialogue`: what was waited for; without a message when none came in time. */
  onReply?(ctx: EventContext, pending: Pending, msg: Incoming | undefined): Answer;
  /** `[[schedule]]`, and jobs that the plugin sets. */
  onTick?(ctx: EventContext, tick: Tick): Answer;
  /** `[[subscribe]] event = "receipt"`. */
  onReceipt?: Handler<Receipt>;
  /** `[[subscribe]] event = "group"`. */
  onGroup?: Handler<GroupEvent>;
  /** `[[subscribe]] event = "presence"`. */
  onPresence?: Handler<Presence>;
  /** `[[subscribe]] event = "contact"`. */
  onContact?: Handler<ContactEvent>;
  /** `[[subscribe]] event = "chat"`. */
  onChat?: Handler<ChatEvent>;
  /** `[[subscribe]] event = "call"`. */
  onCall?: Handler<Call>;
  /** `[[subscribe]] event = "session"`. */
  onSession?: Handler<SessionEvent>;
  /** `[[subscribe]] event = "topic"`: what another plugin published. */
  onTopic?(ctx: EventContext, topic: string, publisher: string, body: Uint8Array): Answer;
  /** `[[subscribe]] event = "request"`: somebody outside asks, and is answered. */
  onRequest?(ctx: EventContext, request: Request): Reply;
  /** `[[subscribe]] event = "raw"`: any event as JSON, which is parsed already. */
  onEvent?(ctx: EventContext, kind: string, event: any, schema: string): Answer;
  /** Brings the values of one store into the form of this version; throwing leaves the version before at work. */
  migrate?(place: Place, from: number, to: number): void;
  /** Another version has taken over. */
  retire?(reason: string): void;
  /** Says what is wrong with a configuration that fits the schema. */
  validateConfig?(config: any): Issue[];
}

/** An answer to a request from outside; a text is plain text with 200, `json` is sent as JSON. */
export type Reply = string | { status?: number; headers?: Record<string, string>; body?: string | Uint8Array; json?: unknown };

/** Makes a plugin, for `export default`. */
export function plugin(handlers: Plugin): Plugin {
  return handlers;
}

// What follows is for the entry point that `waspnest plugin build` writes: one function for each interface, called while the component
// is made, so that a handler that the manifest announces and the plugin lacks fails the build.

function needed<T>(handler: T | undefined, name: string, announced: string): T {
  if (handler === undefined) throw new Error(`plugin.toml has ${announced}, and the plugin has no ${name}`);
  return handler;
}

/** Ends a call as the host expects: an outcome, or a thrown `handler-error`. */
function ended(handle: () => Answer): Outcome {
  return answered(() => {
    const answer = handle();
    if (answer === undefined) return { flow: "next", note: null };
    if (typeof answer === "string") return { flow: answer, note: null };
    return { flow: answer.flow ?? "next", note: answer.note ?? null };
  });
}

function answered<T>(answer: () => T): T {
  try {
    return answer();
  } catch (thrown) {
    throw failureOf(thrown);
  }
}

const textOf = {
  get text(): string {
    return ((this as unknown as Message).plainText ?? "").trim();
  },
};

function incoming(msg: Message): Incoming {
  return Object.setPrototypeOf(msg, textOf) as Incoming;
}

function argument(arg: Arg): Argument {
  return arg.val;
}

export const messageHandler = (p: Plugin) => {
  const handler = needed(p.onMessage, "onMessage", 'a [[subscribe]] with event = "message"');
  return { onMessage: (ctx: EventContext, msg: Message) => ended(() => handler.call(p, ctx, incoming(msg))) };
};

export const commandHandler = (p: Plugin) => {
  const commands = needed(p.commands, "commands", "a [[command]]");
  return {
    onCommand: (ctx: EventContext, cmd: HostCommand, msg: Message) =>
      ended(() => {
        const words = [cmd.name, ...cmd.path].join(" ");
        // A subcommand without a function of its own is its command's.
        const handler = commands[words] ?? commands[cmd.name];
        if (handler === undefined) throw new Error(`the plugin has no commands[${JSON.stringify(words)}]`);
        const args = Object.fromEntries(cmd.args.map(([name, arg]) => [name, argument(arg)]));
        return handler(ctx, { ...cmd, args }, incoming(msg));
      }),
  };
};

export const replyHandler = (p: Plugin) => {
  const handler = needed(p.onReply, "onReply", 'the capability "dialogue"');
  return {
    onReply: (ctx: EventContext, pending: HostPending, msg: Message | null | undefined) =>
      ended(() => {
        const data = fromJson(pending.data, `data of the dialogue ${pending.name}`);
        return handler.call(p, ctx, { ...pending, data }, msg == null ? undefined : incoming(msg));
      }),
  };
};

export const scheduleHandler = (p: Plugin) => {
  const handler = needed(p.onTick, "onTick", 'a [[schedule]], or the capability "schedule"');
  return { onTick: (ctx: EventContext, tick: HostTick) => ended(() => handler.call(p, ctx, { ...tick, payload: payload(tick.payload) })) };
};

function payload(bytes: Uint8Array): unknown {
  try {
    return fromJson(bytes, "payload");
  } catch {
    // An operator's payload is a plain text.
    return readText(bytes);
  }
}

function one<Event>(name: keyof Plugin, family: string) {
  return (p: Plugin) => {
    const handler = needed(p[name] as Handler<Event> | undefined, name, `a [[subscribe]] with event = "${family}"`);
    return { [name]: (ctx: EventContext, event: Event) => ended(() => handler.call(p, ctx, event)) };
  };
}

export const receiptHandler = one<Receipt>("onReceipt", "receipt");
export const groupHandler = one<GroupEvent>("onGroup", "group");
export const presenceHandler = one<Presence>("onPresence", "presence");
export const contactHandler = one<ContactEvent>("onContact", "contact");
export const chatHandler = one<ChatEvent>("onChat", "chat");
export const callHandler = one<Call>("onCall", "call");
export const sessionHandler = one<SessionEvent>("onSession", "session");

export const topicHandler = (p: Plugin) => {
  const handler = needed(p.onTopic, "onTopic", 'a [[subscribe]] with event = "topic"');
  return {
    onTopic: (ctx: EventContext, topic: string, publisher: string, body: Uint8Array) =>
      ended(() => handler.call(p, ctx, topic, publisher, body)),
  };
};

export const requestHandler = (p: Plugin) => {
  const handler = needed(p.onRequest, "onRequest", 'a [[subscribe]] with event = "request"');
  return { onRequest: (ctx: EventContext, request: Request) => answered(() => response(handler.call(p, ctx, request))) };
};

function response(reply: Reply): Response {
  if (typeof reply === "string") return response({ body: reply });
  const headers: [string, string][] = Object.entries(reply.headers ?? {});
  let body = typeof reply.body === "string" ? bytes(reply.body) : (reply.body ?? new Uint8Array());
  if (reply.json !== undefined) {
    headers.push(["content-type", "application/json"]);
    body = bytes(JSON.stringify(reply.json));
  }
  return { status: reply.status ?? 200, headers, body };
}

export const rawHandler = (p: Plugin) => {
  const handler = needed(p.onEvent, "onEvent", 'a [[subscribe]] with event = "raw"');
  return {
    onEvent: (ctx: EventContext, schema: string, kind: string, json: string) =>
      ended(() => handler.call(p, ctx, kind, JSON.parse(json), schema)),
  };
};

export const lifecycle = (p: Plugin) => {
  const migrate = needed(p.migrate, "migrate", '"lifecycle" among its handlers');
  return {
    migrate: (place: Place, from: number, to: number) => {
      try {
        migrate.call(p, place, from, to);
      } catch (thrown) {
        throw inWords(thrown);
      }
    },
    retire: (reason: string) => p.retire?.(reason),
  };
};

function inWords(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

export const configCheck = (p: Plugin) => {
  const check = needed(p.validateConfig, "validateConfig", '"config-check" among its handlers');
  return { validateConfig: (json: string) => check.call(p, JSON.parse(json)) };
};
