// Points in time that the plugin sets for itself. They arrive at `onTick` and survive restarts. Needs `schedule`.

import * as host from "waspnest:plugin/schedule";
import type { Job, Missed, Rule } from "waspnest:plugin/schedule";
import { asked } from "./failure.ts";
import { toJson } from "./text.ts";

export type { Job, Missed, Rule };

/** What may be said about a job beside when it is due. */
export interface JobOptions {
  /** Comes back in the tick, as JSON. */
  payload?: unknown;
  /** IANA zone of a cron rule; UTC when it is left out. */
  zone?: string;
  /** What to do about times that passed while the host was down; `once` when it is left out. */
  missed?: Missed;
}

/** Once, at a moment in milliseconds since 1970. Like the others, it answers when the job is due first. */
export function at(id: string, moment: number, options?: JobOptions): number {
  return put(id, { tag: "at", val: moment }, options);
}

/** Once, so many milliseconds from now. */
export function after(id: string, ms: number, options?: JobOptions): number {
  return put(id, { tag: "after-ms", val: ms }, options);
}

/** Again and again, so many milliseconds apart. */
export function every(id: string, ms: number, options?: JobOptions): number {
  return put(id, { tag: "every-ms", val: ms }, options);
}

/** By a cron expression. */
export function cron(id: string, expression: string, options?: JobOptions): number {
  return put(id, { tag: "cron", val: expression }, options);
}

/** By any rule. */
export function put(id: string, rule: Rule, options: JobOptions = {}): number {
  const job: Job = {
    id,
    rule,
    zone: options.zone ?? null,
    missed: options.missed ?? "once",
    session: null,
    payload: options.payload === undefined ? new Uint8Array() : toJson(options.payload),
    next: null,
  };
  return asked("schedule.put", () => host.put(job));
}

/** Removes a job; answers whether it was there. */
export function cancel(id: string): boolean {
  return asked("schedule.cancel", () => host.cancel(id));
}

/** All jobs that the plugin has set in this session, ordered by id. */
export function list(): Job[] {
  return asked("schedule.list", () => host.list());
}
