// The layer for plugins in JavaScript and TypeScript: what `import … from "waspnest"` finds.
//
// One file a capability, and none of them does anything when it is imported, so that a bundle holds what a plugin uses and its
// component imports nothing that the manifest does not ask for.

export * as bus from "./bus.ts";
export * as chats from "./chats.ts";
export { config, configValue } from "./config.ts";
export * as contacts from "./contacts.ts";
export * as dialogue from "./dialogue.ts";
export { Refused, reject, retry } from "./failure.ts";
export * as groups from "./groups.ts";
export { plugin } from "./handlers.ts";
export type { Answer, Argument, Command, Incoming, Plugin } from "./handlers.ts";
export * as http from "./http.ts";
export * as kv from "./kv.ts";
export * as log from "./log.ts";
export * as media from "./media.ts";
export { isDirect, react, reply, send } from "./messaging.ts";
export * as messaging from "./messaging.ts";
export * as meta from "./meta.ts";
export * as schedule from "./schedule.ts";
export * as secrets from "./secrets.ts";
export { bytes, fromJson, hex, text, toJson } from "./text.ts";
export * as webhooks from "./webhooks.ts";
