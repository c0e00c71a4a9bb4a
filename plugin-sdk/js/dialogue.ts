// Conversations over several messages: where one stands, and whose next message is waited for. Needs `dialogue`.
//
// What was waited for arrives at `onReply`, and so does the news that nothing came in time. Data are kept as JSON.

import * as host from "waspnest:plugin/dialogue";
import type { Who } from "waspnest:plugin/dialogue";
import { asked } from "./failure.ts";
import { fromJson, toJson } from "./text.ts";

export type { Who };

/** Where a dialogue stands. */
export interface State<T = unknown> {
  name: string;
  data?: T;
  /** The form of `data`, where it may change in a later version of the plugin. */
  version?: number;
}

/** The state that was set last. */
export function get<T = unknown>(of: Who): State<T> | undefined {
  const state = asked("dialogue.get", () => host.get(of));
  if (state == null) return undefined;
  return { name: state.name, data: fromJson<T>(state.data, `data of the dialogue ${state.name}`), version: state.version };
}

/** Sets the state, for so many milliseconds or for good. */
export function set(of: Who, state: State, ttlMs?: number): void {
  const { name, data, version } = state;
  const kept = { name, data: data === undefined ? new Uint8Array() : toJson(data), version: version ?? 0 };
  asked("dialogue.set", () => host.set(of, kept, ttlMs ?? null));
}

/** Removes the state. */
export function clear(of: Who): void {
  asked("dialogue.set", () => host.set(of, null, null));
}

/** Waits for the next message, for so many milliseconds; it goes to `onReply`. */
export function expect(of: Who, state: State, ttlMs: number): void {
  const { name, data, version } = state;
  const kept = data === undefined ? new Uint8Array() : toJson(data);
  asked("dialogue.expect", () => host.expect(of, name, kept, version ?? 0, ttlMs));
}

/** Ends a wait; answers whether there was one. */
export function cancel(of: Who): boolean {
  return asked("dialogue.cancel", () => host.cancel(of));
}
