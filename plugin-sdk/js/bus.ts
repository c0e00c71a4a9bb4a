// Other plugins of the same session. Needs `bus`, whose terms name the topics.

import * as host from "waspnest:plugin/bus";
import { asked } from "./failure.ts";
import { toJson } from "./text.ts";

/** Tells whoever listens: bytes as they are, anything else as JSON. */
export function publish(topic: string, body: unknown): void {
  asked("bus.publish", () => host.publish(topic, body instanceof Uint8Array ? body : toJson(body)));
}
