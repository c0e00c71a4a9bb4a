// What the operator configured for the installation. Needs no grant.

import * as host from "waspnest:plugin/config";

/** The whole configuration, for the session and the chat of the event. */
export function config<T = Record<string, unknown>>(): T {
  return JSON.parse(host.all()) as T;
}

/** One value of it, by JSON pointer such as `/greeting/de`; undefined when nothing is there. */
export function configValue<T = unknown>(pointer: string): T | undefined {
  const json = host.get(pointer);
  return json == null ? undefined : (JSON.parse(json) as T);
}
