// Durable state of the installation, and what it shares with others. Needs `kv`.
//
// Values are stored as JSON. Writes commit with the event or not at all, and a call reads its own writes.

import { Store as HostStore } from "waspnest:plugin/kv";
import type { Page, Scope, Usage } from "waspnest:plugin/kv";
import { asked } from "./failure.ts";
import { fromJson, toJson } from "./text.ts";

export type { Scope, Usage };

const SCAN_STEP = 100;

/** The store of the event's session. */
export function session(): Store {
  return open({ tag: "session" });
}

/** The store of the event's chat. */
export function chat(): Store {
  return open({ tag: "chat" });
}

/** The store of the event's sender in its chat. */
export function sender(): Store {
  return open({ tag: "sender" });
}

/** A store that the installation shares with others of the session. */
export function shared(name: string): Store {
  return open({ tag: "shared", val: name });
}

/** The store of any scope. */
export function open(scope: Scope): Store {
  return new Store(asked("kv.open", () => HostStore.open(scope)));
}

/** A value with what is known about it. */
export interface Versioned<T> {
  value: T;
  /** Changes with every write; what `ifRevision` compares. */
  revision: number;
  /** When it disappears by itself, in milliseconds since 1970. */
  expiresAt: number | null;
}

/** Conditions and lifetime of a write. */
export interface PutOptions {
  /** Milliseconds after which the key disappears. */
  ttlMs?: number;
  /** Write only if the key has this revision; 0 means that it must not exist. */
  ifRevision?: number;
}

/** An open store. */
export class Store {
  readonly #store: HostStore;

  constructor(store: HostStore) {
    this.#store = store;
  }

  /** Reads a key; undefined when it is missing or expired. */
  get<T = unknown>(key: string): T | undefined {
    return this.getVersioned<T>(key)?.value;
  }

  /** Reads a key with its revision. */
  getVersioned<T = unknown>(key: string): Versioned<T> | undefined {
    const entry = asked("kv.get", () => this.#store.get(key));
    if (entry == null) return undefined;
    return { value: value<T>(key, entry.value), revision: entry.revision, expiresAt: entry.expiresAt ?? null };
  }

  /** Writes a key and answers its new revision. */
  put(key: string, value: unknown, options?: PutOptions): number {
    const terms = options === undefined ? null : { ttlMs: options.ttlMs ?? null, ifRevision: options.ifRevision ?? null };
    return asked("kv.put", () => this.#store.put(key, toJson(value), terms));
  }

  /** Removes a key; answers whether it was there. */
  delete(key: string, ifRevision?: number): boolean {
    return asked("kv.delete", () => this.#store.delete(key, ifRevision ?? null));
  }

  /** Adds to a whole number and answers the sum; a missing key counts as 0. */
  increment(key: string, delta = 1, ttlMsIfNew?: number): number {
    return asked("kv.increment", () => this.#store.increment(key, delta, ttlMsIfNew ?? null));
  }

  /** All keys that start with a prefix, in their order. */
  *entries<T = unknown>(prefix = ""): Generator<[string, T]> {
    let cursor: string | null = null;
    do {
      const from: string | null = cursor;
      const page: Page = asked("kv.scan", () => this.#store.scan(prefix, SCAN_STEP, from));
      for (const [key, entry] of page.items) yield [key, value<T>(key, entry.value)];
      cursor = page.cursor ?? null;
    } while (cursor !== null);
  }

  /** How much of the grant is used. */
  usage(): Usage {
    return asked("kv.usage", () => this.#store.usage());
  }
}

function value<T>(key: string, json: Uint8Array): T {
  return fromJson<T>(json, `key ${JSON.stringify(key)}`) as T;
}
