/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people and for our own small files: names that may hold any bytes, and sizes and widths in plain units.
 *
 * A file name is bytes. Shown on a terminal it could move the cursor, colour the screen or look like another line, so
 * every control character, every byte that is not valid UTF-8 and the backslash itself are shown as \n, \t, \\ or \xNN.
 * In our state files names are percent-encoded, which keeps one name on one line. All functions may be called from any
 * thread; what they return is malloc'ed, and running out of memory ends the process with exit code 2. */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* malloc, realloc, strdup and asprintf that do not return on failure. */
void *text_alloc(size_t size);
void *text_grow(void *p, size_t count, size_t size);
char *text_copy(const char *s);
char *text_copy_n(const char *s, size_t len);
char *text_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `len` bytes as safe, valid UTF-8. "a\nb" becomes the four characters a \ n b. */
char *text_escape_n(const void *bytes, size_t len);
char *text_escape(const char *s);
/* Percent-encoding: all but A-Z a-z 0-9 - . _ ~ and '/' become %XX. */
char *text_percent(const char *s);
/* Reads it back; NULL for anything text_percent would not have written, and for an encoded NUL. */
char *text_unpercent(const char *s, size_t len);

/* "83 ns", "83.1 us" with the Greek letter, "12 ms", "1.5 s": three digits, rounded up so that a bound stays one. */
enum { TEXT_WIDTH_MAX = 32 };
void text_width(int64_t ns, char ret_text[TEXT_WIDTH_MAX]);
/* "4.1 kB", "20 GB". */
void text_size(uint64_t bytes, char ret_text[TEXT_WIDTH_MAX]);
/* "1 file", "3 files": picks the word for `n`. */
const char *text_plural(uint64_t n, const char *one, const char *many);

bool text_ends_with(const char *s, const char *suffix);
/* The part after the last '/'. Points into `path`. */
const char *text_base_name(const char *path);
/* Lower-case hex of `len` bytes into 2 * len + 1 characters. */
void text_hex(const void *bytes, size_t len, char *ret_text);

#endif
