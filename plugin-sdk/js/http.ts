// Requests to servers. Needs `http`, whose terms say where to.
//
// Answers are durable: a handler that is called again for the same event gets the same answer without asking again, unless the answer
// said "not now" (408, 425, 429, 500 and up).

import * as host from "waspnest:plugin/http";
import type { Incoming as HostIncoming, Request as HostRequest, Response as HostResponse } from "waspnest:plugin/http";
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
  const request = requested(url, options);
  return new Response(asked("http.fetch", () => host.fetch(request)));
}

/** Asks, and waits for the beginning of the answer; its body is taken in pieces. `timeoutMs` is for the beginning and for each piece. */
export function open(url: string, options: RequestOptions = {}): Incoming {
  const request = requested(url, options);
  return new Incoming(asked("http.open", () => host.open(request)));
}

function requested(url: string, options: RequestOptions): HostRequest {
  const headers: [string, string][] = Object.entries(options.headers ?? {});
  let body = typeof options.body === "string" ? bytes(options.body) : (options.body ?? null);
  if (options.json !== undefined) {
    headers.push(["content-type", "application/json"]);
    body = bytes(JSON.stringify(options.json));
  }
  return {
    method: options.method ?? (body === null ? "GET" : "POST"),
    url,
    headers,
    body,
    secretsInBody: options.secretsInBody ?? false,
    timeoutMs: options.timeoutMs ?? null,
    maxBytes: options.maxBytes ?? null,
    followRedirects: options.followRedirects ?? 0,
  };
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

/**
 * An answer that is taken in pieces. A handler that is called again for the same event gets the same pieces, without asking again; what was
 * still to come when the first call ended is lost, and `next` throws there.
 */
export class Incoming {
  readonly status: number;
  readonly url: string;
  readonly #answer: HostIncoming;
  readonly #headers: [string, string][];

  constructor(answer: HostIncoming) {
    const { status, url, headers } = answer.head();
    this.status = status;
    this.url = url;
    this.#headers = headers;
    this.#answer = answer;
  }

  /** The value of a header. */
  header(name: string): string | undefined {
    return this.#headers.find(([known]) => known === name.toLowerCase())?.[1];
  }

  /** Waits for more and gathers what comes within so many milliseconds, at most 10,000; undefined at the end. */
  next(gatherMs = 0): Uint8Array | undefined {
    return asked("http.incoming.next", () => this.#answer.next(gatherMs)) ?? undefined;
  }

  /** The pieces, each of what came within so many milliseconds. */
  *pieces(gatherMs = 0): Generator<Uint8Array> {
    for (let piece = this.next(gatherMs); piece !== undefined; piece = this.next(gatherMs)) yield piece;
  }
}
