// The account's own view of its chats, changed at once. Needs `chats.write`.

import * as host from "waspnest:plugin/chats";
import type { Change } from "waspnest:plugin/chats";
import type { Jid } from "waspnest:plugin/types";
import { asked } from "./failure.ts";

export type { Change };

/** Changes one chat. */
export function update(chat: Jid, what: Change): void {
  asked("chats.update", () => host.update(chat, what));
}
