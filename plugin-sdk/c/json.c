// As much of JSON as reading a field and writing a text takes. What is no JSON has no fields.

#include <stdlib.h>
#include <string.h>

#include "internal.h"

// Nothing sensible is nested as deep.
#define DEPTH 64

typedef struct {
  const uint8_t *at, *end;
} cursor;

static void skip_blanks(cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\r' || *c->at == '\t')) c->at++;
}

static bool skip_string(cursor *c) {
  if (c->at >= c->end || *c->at != '"') return false;
  for (c->at++; c->at < c->end; c->at++) {
    if (*c->at == '\\') c->at++;
    else if (*c->at == '"') {
      c->at++;
      return true;
    }
  }
  return false;
}

static bool skip_value(cursor *c, int depth) {
  skip_blanks(c);
  if (c->at >= c->end || depth == 0) return false;
  if (*c->at == '"') return skip_string(c);
  if (*c->at != '{' && *c->at != '[') {
    const uint8_t *start = c->at;
    while (c->at < c->end && strchr(",]} \n\r\t", *c->at) == NULL) c->at++;
    return c->at > start;
  }
  uint8_t close = *c->at == '{' ? '}' : ']';
  bool named = close == '}';
  c->at++;
  skip_blanks(c);
  if (c->at < c->end && *c->at == close) {
    c->at++;
    return true;
  }
  while (c->at < c->end) {
    skip_blanks(c);
    if (named) {
      if (!skip_string(c)) return false;
      skip_blanks(c);
      if (c->at >= c->end || *c->at++ != ':') return false;
    }
    if (!skip_value(c, depth - 1)) return false;
    skip_blanks(c);
    if (c->at >= c->end) return false;
    uint8_t next = *c->at++;
    if (next == close) return true;
    if (next != ',') return false;
  }
  return false;
}

bool wn_field(wn_text json, const char *name, wn_text *value) {
  cursor c = {json.ptr, json.ptr + json.len};
  skip_blanks(&c);
  if (c.at >= c.end || *c.at++ != '{') return false;
  while (c.at < c.end) {
    skip_blanks(&c);
    const uint8_t *key = c.at;
    if (!skip_string(&c)) return false;
    wn_text found = {(uint8_t *)key, (size_t)(c.at - key)};
    skip_blanks(&c);
    if (c.at >= c.end || *c.at++ != ':') return false;
    skip_blanks(&c);
    const uint8_t *start = c.at;
    if (!skip_value(&c, DEPTH)) return false;
    if (wn_is(wn_unquoted(found), name)) {
      *value = (wn_text){(uint8_t *)start, (size_t)(c.at - start)};
      return true;
    }
    skip_blanks(&c);
    if (c.at >= c.end || *c.at++ != ',') return false;
  }
  return false;
}

static bool hex(const uint8_t *from, const uint8_t *end, uint32_t *code) {
  if (end - from < 4) return false;
  *code = 0;
  for (int i = 0; i < 4; i++) {
    uint8_t digit = from[i];
    uint32_t value = digit >= '0' && digit <= '9'   ? digit - '0'
                     : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                     : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                                    : 16u;
    if (value > 15) return false;
    *code = *code << 4 | value;
  }
  return true;
}

static size_t put_code(uint8_t *out, uint32_t code) {
  if (code < 0x80) return out[0] = (uint8_t)code, 1;
  if (code < 0x800) return out[0] = 0xc0 | code >> 6, out[1] = 0x80 | (code & 0x3f), 2;
  if (code < 0x10000) return out[0] = 0xe0 | code >> 12, out[1] = 0x80 | (code >> 6 & 0x3f), out[2] = 0x80 | (code & 0x3f), 3;
  out[0] = 0xf0 | code >> 18, out[1] = 0x80 | (code >> 12 & 0x3f), out[2] = 0x80 | (code >> 6 & 0x3f), out[3] = 0x80 | (code & 0x3f);
  return 4;
}

wn_text wn_unquoted(wn_text json) {
  json = wn_trim(json);
  if (json.len < 2 || json.ptr[0] != '"') return json;
  const uint8_t *at = json.ptr + 1, *end = json.ptr + json.len - 1;
  // What is escaped is never shorter than what it means.
  wn_text text = {wn_memory(json.len), 0};
  while (at < end) {
    if (*at != '\\' || at + 1 >= end) {
      text.ptr[text.len++] = *at++;
      continue;
    }
    uint8_t kind = at[1];
    at += 2;
    static const char letters[] = "bfnrt", means[] = "\b\f\n\r\t";
    const char *letter = strchr(letters, kind);
    uint32_t code, low;
    if (kind != 'u') {
      text.ptr[text.len++] = letter != NULL && kind != 0 ? (uint8_t)means[letter - letters] : kind;
    } else if (!hex(at, end, &code)) {
      return json;
    } else {
      at += 4;
      if (code >= 0xd800 && code < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u' && hex(at + 2, end, &low) && low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      } else if (code >= 0xd800 && code < 0xe000) {
        // Half a pair has no form in UTF-8.
        code = 0xfffd;
      }
      text.len += put_code(text.ptr + text.len, code);
    }
  }
  return text;
}

wn_text wn_quoted(wn_text text) {
  wn_text json = {wn_memory(text.len * 6 + 2), 0};
  json.ptr[json.len++] = '"';
  for (size_t i = 0; i < text.len; i++) {
    uint8_t byte = text.ptr[i];
    if (byte == '"' || byte == '\\') {
      json.ptr[json.len++] = '\\';
      json.ptr[json.len++] = byte;
    } else if (byte < 0x20) {
      static const char digits[] = "0123456789abcdef";
      memcpy(json.ptr + json.len, "\\u00", 4);
      json.ptr[json.len + 4] = (uint8_t)digits[byte >> 4];
      json.ptr[json.len + 5] = (uint8_t)digits[byte & 15];
      json.len += 6;
    } else {
      json.ptr[json.len++] = byte;
    }
  }
  json.ptr[json.len++] = '"';
  return json;
}
