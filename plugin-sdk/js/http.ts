// Requests to servers. Needs `http`, whose terms say where to.
//
// Answers are durable: a handler that is called again for the same event gets the same answer without asking again, unless the answer
// said "not now" (408, 425, 429, 500 and up).

import * as host from "waspnest:plugin/http";
import type { Response as HostResponse } from "waspnest:plugin/http";
import { asked, Refused } from "./failure.ts";
import { bytes, fromJson, text } from "./text.ts";

/** How to ask; nothing is a GET. */
export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Sent as JSON, with its content type, in place of `body`. */
  json?: unknown;
  /** Whether places for secrets in the body are filled. */
  secretsInBody?: boolean;
  timeoutMs?: number;
  maxBytes?: number;
  followRedirects?: number;
}

/** Asks, and waits for the answer. */
export function fetch(url: string, options: RequestOptions = {}): Response {
  const headers: [string, string][] = Object.entries(options.headers ?? {});
  let body = typeof options.body === "string" ? bytes(options.body) : (options.body ?? null);
  if (options.json !== undefined) {
    headers.push(["content-type", "application/json"]);
    body = bytes(JSON.stringify(options.json));
  }
  const request = {
    method: options.method ?? (body === null ? "GET" : "POST"),
    url,
    headers,
    body,
    secretsInBody: options.secretsInBody ?? false,
    timeoutMs: options.timeoutMs ?? null,
    maxBytes: options.maxBytes ?? null,
    followRedirects: options.followRedirects ?? 0,
  };
  return new Response(asked("http.fetch", () => host.fetch(request)));
}

/** An answer, of any status. */
export class Response {
  readonly status: number;
  readonly url: string;
  readonly truncated: boolean;
  readonly bytes: Uint8Array;
  readonly #headers: [string, string][];

  constructor(answer: HostResponse) {
    this.status = answer.status;
    this.url = answer.url;
    this.truncated = answer.truncated;
    this.bytes = answer.body;
    this.#headers = answer.headers;
  }

  /** This answer if its status is 2xx; throws otherwise, asking for a retry where a later answer may be another one. */
  ok(): Response {
    const { status } = this;
    if (status >= 200 && status < 300) return this;
    const said = [...this.text()].slice(0, 200).join("");
    if (status >= 500 || [408, 425, 429].includes(status)) {
      throw new Refused("http.fetch", { tag: "upstream", val: [status, said] });
    }
    throw new Refused("http.fetch", { tag: "invalid", val: `${this.url} answered ${status}: ${said}` });
  }

  /** The value of a header. */
  header(name: string): string | undefined {
    return this.#headers.find(([known]) => known === name.toLowerCase())?.[1];
  }

  /** The body as text. */
  text(): string {
    return text(this.bytes);
  }

  /** The body as JSON. */
  json<T = unknown>(): T {
    return fromJson<T>(this.bytes, `the answer of ${this.url}`) as T;
  }
}
