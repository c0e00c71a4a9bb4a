// What libraries expect of every engine and this one lacks: a console, which writes to the operator's log, and texts as bytes.

import * as log from "./log.ts";
import { bytes, text } from "./text.ts";

declare global {
  var console: Record<"debug" | "log" | "info" | "warn" | "error", (...words: unknown[]) => void>;
  var TextEncoder: new () => { encode(text?: string): Uint8Array };
  var TextDecoder: new () => { decode(bytes?: Uint8Array): string };
}

function line(words: unknown[]): string {
  return words.map((word) => (typeof word === "string" ? word : (JSON.stringify(word) ?? String(word)))).join(" ");
}

globalThis.console ??= {
  debug: (...words) => log.debug(line(words)),
  log: (...words) => log.info(line(words)),
  info: (...words) => log.info(line(words)),
  warn: (...words) => log.warn(line(words)),
  error: (...words) => log.error(line(words)),
};

globalThis.TextEncoder ??= class {
  encode(text = ""): Uint8Array {
    return bytes(text);
  }
};

globalThis.TextDecoder ??= class {
  decode(utf8 = new Uint8Array()): string {
    return text(utf8);
  }
};
