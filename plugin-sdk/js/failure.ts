// How a handler fails: refusals of the host, and what the handler itself throws.

import type { Error as Refusal, HandlerError } from "waspnest:plugin/types";

/** The host refused a call. Uncaught, it asks for a retry where that may help, and rejects the event where it cannot. */
export class Refused extends Error {
  /** The call, such as `messaging.send`. */
  readonly call: string;
  /** Why, as the contract has it. */
  readonly refusal: Refusal;

  constructor(call: string, refusal: Refusal) {
    super(`the host refused ${call}: ${inWords(refusal)}`);
    this.name = "Refused";
    this.call = call;
    this.refusal = refusal;
  }

  /** Whether a grant is missing: the plugin may go on without that capability. */
  get isDenied(): boolean {
    return this.refusal.tag === "denied";
  }

  /** Whether somebody else wrote first: read again and repeat. */
  get isConflict(): boolean {
    return this.refusal.tag === "conflict";
  }
}

/** What a handler throws to choose how it fails. */
class Failure extends Error {
  readonly failure: HandlerError;

  constructor(reason: string, failure: HandlerError) {
    super(reason);
    this.failure = failure;
  }
}

/** To throw: it may work later, in so many milliseconds at the earliest. */
export function retry(reason: string, afterMs?: number): Error {
  return new Failure(reason, { tag: "retry", val: [reason, afterMs ?? null] });
}

/** To throw: it will never work. */
export function reject(reason: string): Error {
  return new Failure(reason, { tag: "reject", val: reason });
}

/** Calls the host, and throws its refusal as a `Refused`. */
export function asked<T>(call: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    const payload = (error as { payload?: Refusal }).payload;
    throw payload === undefined ? error : new Refused(call, payload);
  }
}

/** What the host is told of whatever a handler threw. */
export function failureOf(thrown: unknown): HandlerError {
  if (thrown instanceof Failure) return thrown.failure;
  if (thrown instanceof Refused) return ofRefusal(thrown);
  if (thrown instanceof Error) {
    // A mistake in the plugin: the same event would meet it again.
    return { tag: "reject", val: `${thrown.name}: ${thrown.message}\n${thrown.stack ?? ""}`.trimEnd() };
  }
  return { tag: "reject", val: String(thrown) };
}

function ofRefusal({ refusal, message }: Refused): HandlerError {
  const rejected: HandlerError = { tag: "reject", val: message };
  const later = (wait: number | null): HandlerError => ({ tag: "retry", val: [message, wait] });
  switch (refusal.tag) {
    case "rate-limited":
      return later(refusal.val ?? null);
    case "upstream": {
      // A refusal that holds is kept with the event: the same call would meet it again.
      const [code] = refusal.val;
      return code >= 400 && code < 500 && ![408, 425, 429].includes(code) ? rejected : later(null);
    }
    case "conflict":
    case "offline":
    case "timeout":
    case "internal":
      return later(null);
    // A quota is per call or granted: the same call would meet it again.
    case "denied":
    case "not-found":
    case "invalid":
    case "too-large":
    case "quota":
    case "unsupported":
      return rejected;
  }
}

function inWords(refusal: Refusal): string {
  switch (refusal.tag) {
    case "denied":
      return `not granted: ${refusal.val}`;
    case "not-found":
      return "not found";
    case "invalid":
      return `invalid: ${refusal.val}`;
    case "conflict":
      return "somebody else wrote first";
    case "too-large":
      return `larger than ${refusal.val} bytes`;
    case "quota":
      return `used up: ${refusal.val}`;
    case "rate-limited":
      return refusal.val == null ? "too fast" : `too fast, wait ${refusal.val} ms`;
    case "offline":
      return "the session is not connected";
    case "timeout":
      return "it took too long";
    case "unsupported":
      return `not in this version: ${refusal.val}`;
    case "upstream":
      return `the other side answered ${refusal.val[0]}: ${refusal.val[1]}`;
    case "internal":
      return `a fault of the host: ${refusal.val}`;
  }
}
