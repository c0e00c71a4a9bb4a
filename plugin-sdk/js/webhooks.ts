// Servers of the operator's that are told what happened. Needs `webhooks`, whose terms name them.

import * as host from "waspnest:plugin/webhooks";
import { asked } from "./failure.ts";

/** Has an endpoint told, and answers the id that the server will see. */
export function emit(endpoint: string, event: string, data: unknown): string {
  return asked("webhooks.emit", () => host.emit(endpoint, event, JSON.stringify(data ?? null)));
}
