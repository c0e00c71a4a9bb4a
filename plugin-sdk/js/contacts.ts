// People, as the session's account sees them, asked at once. Needs `contacts.read`; `block` needs `contacts.write`.

import * as host from "waspnest:plugin/contacts";
import type { Contact, Page } from "waspnest:plugin/contacts";
import type { Address, Jid } from "waspnest:plugin/types";
import { asked } from "./failure.ts";

export type { Contact, Page };

/** Who has these phone numbers; null for a number that is not at WhatsApp. */
export function resolve(...phones: string[]): [string, Address | null | undefined][] {
  return asked("contacts.resolve", () => host.resolve(phones));
}

/** Everything about somebody. */
export function get(who: Jid): Contact {
  return asked("contacts.get", () => host.get(who));
}

/** The people whom the session knows. */
export function list(cursor?: string): Page {
  return asked("contacts.list", () => host.list(cursor ?? null));
}

/** Where the picture of a person or a group can be fetched; null where there is none. */
export function picture(who: Jid, full = false): string | null {
  return asked("contacts.picture", () => host.picture(who, full)) ?? null;
}

/** Blocks somebody, or lets them through again. */
export function block(who: Jid, on = true): void {
  asked("contacts.block", () => host.block(who, on));
}
