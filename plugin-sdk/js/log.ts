// Lines and figures for the operator. Needs no grant; bounded per call. What was logged stays logged when the call fails.

import * as host from "waspnest:plugin/log";
import type { Level } from "waspnest:plugin/log";

/** Fields of a line, or labels of a figure. */
export type Fields = Record<string, unknown>;

/** Writes a line. */
export function emit(level: Level, message: string, fields: Fields = {}): void {
  host.emit(level, message, pairs(fields));
}

/** Steps inside a function. */
export const trace = (message: string, fields?: Fields): void => emit("trace", message, fields);
/** For the author of the plugin. */
export const debug = (message: string, fields?: Fields): void => emit("debug", message, fields);
/** Normal, worth knowing. */
export const info = (message: string, fields?: Fields): void => emit("info", message, fields);
/** Unexpected, and handled. */
export const warn = (message: string, fields?: Fields): void => emit("warn", message, fields);
/** Something failed. */
export const error = (message: string, fields?: Fields): void => emit("error", message, fields);

/** Adds to a counter. */
export function counter(name: string, delta = 1, labels: Fields = {}): void {
  host.counter(name, delta, pairs(labels));
}

/** Records one value of a distribution. */
export function histogram(name: string, value: number, labels: Fields = {}): void {
  host.histogram(name, value, pairs(labels));
}

function pairs(fields: Fields): [string, string][] {
  return Object.entries(fields).map(([name, value]) => [name, String(value)]);
}
