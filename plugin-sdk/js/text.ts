// Text and bytes. The engine has no TextEncoder, and what goes through the host as bytes is UTF-8.

const REPLACEMENT = 0xfffd;

/** The bytes of a text, in UTF-8. */
export function bytes(text: string): Uint8Array {
  const out: number[] = [];
  for (const character of text) {
    let code = character.codePointAt(0)!;
    // Half a pair has no form in UTF-8.
    if (code >= 0xd800 && code <= 0xdfff) code = REPLACEMENT;
    if (code < 0x80) out.push(code);
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  }
  return Uint8Array.from(out);
}

/** The text of bytes in UTF-8; what is none becomes `�`. */
export function text(bytes: Uint8Array): string {
  let out = "";
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at++]!;
    const more = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : -1;
    let code = more <= 0 ? first : first & (0x3f >> more);
    let taken = 0;
    while (taken < more && (bytes[at + taken]! & 0xc0) === 0x80) code = (code << 6) | (bytes[at + taken++]! & 0x3f);
    const smallest = [0, 0x80, 0x800, 0x10000][more] ?? 0;
    const whole = more >= 0 && taken === more && code >= smallest && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    at += taken;
    out += String.fromCodePoint(whole ? code : REPLACEMENT);
  }
  return out;
}

/** Bytes in hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A value as JSON, in bytes: what `kv`, `dialogue` and `schedule` keep. */
export function toJson(value: unknown): Uint8Array {
  return bytes(JSON.stringify(value ?? null));
}

/** The value of JSON in bytes; undefined for no bytes at all. `what` names it in the error where it is no JSON. */
export function fromJson<T = unknown>(json: Uint8Array, what: string): T | undefined {
  if (json.length === 0) return undefined;
  try {
    return JSON.parse(text(json)) as T;
  } catch (error) {
    throw new Error(`${what} is not of the expected form: ${(error as Error).message}`);
  }
}
