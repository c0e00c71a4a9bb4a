// Secrets that the operator keeps. Needs `secrets`, whose terms name them.
//
// Mostly they are used without being seen: by `{{secret:NAME}}` in a request of `http`.

import * as host from "waspnest:plugin/secrets";
import { asked } from "./failure.ts";

/** The secret itself, where the grant lets it be seen; the operator is told. */
export function reveal(name: string): string {
  const secret = asked("secrets.get", () => host.get(name));
  return asked("secret.reveal", () => secret.reveal());
}

/** Signs bytes with a secret that stays with the host. */
export function hmacSha256(name: string, data: Uint8Array): Uint8Array {
  return asked("secrets.hmac-sha256", () => host.hmacSha256(name, data));
}
