// The host, and what is left of this call. Needs no grant.

import * as host from "waspnest:plugin/meta";
import type { Remaining } from "waspnest:plugin/meta";

export type { Remaining };

/** Version of the host. */
export function hostVersion(): string {
  return host.hostVersion();
}

/** Whether a capability is granted, such as `messages.send`. */
export function granted(capability: string): boolean {
  return host.granted(capability);
}

/** What is left of this call. */
export function budget(): Remaining {
  return host.budget();
}

/** Gives way to other work in a long computation. */
export function giveWay(): void {
  host["yield"]();
}
