// Texts, and the memory that is let go when a handler returns.

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// What is let go is a list: each block begins with the one before.
typedef struct block {
  struct block *before;
  max_align_t start[];
} block;

static block *kept = NULL;

void *wn_memory(size_t bytes) {
  block *fresh = malloc(sizeof(block) + bytes);
  if (fresh == NULL) abort();
  fresh->before = kept;
  kept = fresh;
  return fresh->start;
}

void wn_let_go(void) {
  while (kept != NULL) {
    block *before = kept->before;
    free(kept);
    kept = before;
  }
}

wn_text wn_taken(plugin_string_t owned) {
  wn_text text = {wn_memory(owned.len), owned.len};
  if (owned.len > 0) memcpy(text.ptr, owned.ptr, owned.len);
  plugin_string_free(&owned);
  return text;
}

plugin_string_t wn_given(wn_text text) {
  plugin_string_t given;
  plugin_string_dup_n(&given, (const char *)text.ptr, text.len);
  return given;
}

wn_text wn_of(const char *text) {
  return (wn_text){(uint8_t *)text, strlen(text)};
}

wn_text wn_format(const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) abort();
  char *text = wn_memory((size_t)length + 1);
  vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return (wn_text){(uint8_t *)text, (size_t)length};
}

const char *wn_c(wn_text text) {
  char *c = wn_memory(text.len + 1);
  if (text.len > 0) memcpy(c, text.ptr, text.len);
  c[text.len] = 0;
  return c;
}

wn_text wn_times(wn_text text, size_t times) {
  wn_text all = {wn_memory(text.len * times), text.len * times};
  for (size_t at = 0; at < times; at++) memcpy(all.ptr + at * text.len, text.ptr, text.len);
  return all;
}

wn_text wn_hex(wn_text bytes) {
  static const char digits[] = "0123456789abcdef";
  wn_text text = {wn_memory(bytes.len * 2), bytes.len * 2};
  for (size_t at = 0; at < bytes.len; at++) {
    text.ptr[2 * at] = (uint8_t)digits[bytes.ptr[at] >> 4];
    text.ptr[2 * at + 1] = (uint8_t)digits[bytes.ptr[at] & 15];
  }
  return text;
}

bool wn_is(wn_text text, const char *other) {
  size_t length = strlen(other);
  return text.len == length && memcmp(text.ptr, other, length) == 0;
}

bool wn_after(wn_text text, const char *start, wn_text *rest) {
  size_t length = strlen(start);
  if (text.len < length || memcmp(text.ptr, start, length) != 0) return false;
  *rest = (wn_text){text.ptr + length, text.len - length};
  return true;
}

static bool is_blank(uint8_t byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

wn_text wn_trim(wn_text text) {
  while (text.len > 0 && is_blank(text.ptr[0])) text.ptr++, text.len--;
  while (text.len > 0 && is_blank(text.ptr[text.len - 1])) text.len--;
  return text;
}

wn_text wn_maybe(plugin_option_string_t text) {
  return text.is_some ? text.val : wn_of("");
}
