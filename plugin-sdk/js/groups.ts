// Groups and communities of the session's account, asked and changed at once. Needs `groups.read` or `groups.write`.

import * as host from "waspnest:plugin/groups";
import type { GroupInfo, Joined, Op, Page, ResultFor, Setting } from "waspnest:plugin/groups";
import type { Address, Jid } from "waspnest:plugin/types";
import { asked } from "./failure.ts";

export type { GroupInfo, Joined, Op, Page, ResultFor, Setting };

/** The groups that the account is in. */
export function list(cursor?: string): Page {
  return asked("groups.list", () => host.list(cursor ?? null));
}

/** Everything about a group. */
export function info(group: Jid): GroupInfo {
  return asked("groups.info", () => host.info(group));
}

/** Makes a group. */
export function create(subject: string, members: Jid[], community?: Jid): GroupInfo {
  return asked("groups.create", () => host.create(subject, members, community ?? null));
}

/** Changes a group. */
export function update(group: Jid, what: Setting): void {
  asked("groups.update", () => host.update(group, what));
}

/** Changes who is in a group, and as what. */
export function participants(group: Jid, what: Op, who: Jid[]): ResultFor[] {
  return asked("groups.participants", () => host.participants(group, what, who));
}

/** Who asks to be let in. */
export function requests(group: Jid): Address[] {
  return asked("groups.requests", () => host.requests(group));
}

/** The invite link of a group; with `reset` a new one. */
export function inviteLink(group: Jid, reset = false): string {
  return asked("groups.invite-link", () => host.inviteLink(group, reset));
}

/** What a link leads to. */
export function inviteInfo(link: string): GroupInfo {
  return asked("groups.invite-info", () => host.inviteInfo(link));
}

/** Joins by a link. */
export function join(link: string): Joined {
  return asked("groups.join", () => host.join(link));
}

/** Leaves a group. */
export function leave(group: Jid): void {
  asked("groups.leave", () => host.leave(group));
}

/** Puts groups into a community, or takes them out of it. */
export function link(community: Jid, groups: Jid[], on = true): ResultFor[] {
  return asked("groups.link", () => host.link(community, groups, on));
}
