/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn static void out_of_memory(void)
{
    fputs("out of memory\n", stderr);
    exit(2);
}

void *text_alloc(size_t size)
{
    void *p = calloc(1, size > 0 ? size : 1);

    if (p == NULL)
        out_of_memory();
    return p;
}

void *text_grow(void *p, size_t count, size_t size)
{
    void *q = reallocarray(p, count > 0 ? count : 1, size);

    if (q == NULL)
        out_of_memory();
    return q;
}

char *text_copy_n(const char *s, size_t len)
{
    char *copy = text_alloc(len + 1);

    memcpy(copy, s, len);
    return copy;
}

char *text_copy(const char *s)
{
    return text_copy_n(s, strlen(s));
}

char *text_printf(const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        out_of_memory();
    va_end(args);
    return text;
}

/* Length of the valid UTF-8 sequence at `p` that is safe to show, 0 if there is none. Besides the C0 and C1 controls the
 * characters that reorder text (bidirectional marks) are refused: they can make a name read as another. */
static size_t printable_length(const uint8_t *p, size_t len)
{
    uint32_t c, min;
    size_t n;

    if (p[0] < 0x80)
        return p[0] >= 0x20 && p[0] != 0x7f && p[0] != '\\' ? 1 : 0;
    n = p[0] >= 0xf0 && p[0] < 0xf5   ? 4
        : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
        : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
                                      : 0;
    if (n == 0 || n > len)
        return 0;
    c = p[0] & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fU);
    }
    min = n == 4 ? 0x10000 : n == 3 ? 0x800 : 0x80;
    if (c < min || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    if (c < 0xa0 || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
        (c >= 0x2066 && c <= 0x2069))
        return 0;
    return n;
}

char *text_escape_n(const void *bytes, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *p = bytes;
    char *text = text_alloc(4 * len + 1), *w = text;

    for (size_t i = 0; i < len;) {
        size_t n = printable_length(p + i, len - i);

        if (n > 0) {
            memcpy(w, p + i, n);
            w += n;
            i += n;
            continue;
        }
        *w++ = '\\';
        switch (p[i]) {
        case '\\':
            *w++ = '\\';
            break;
        case '\n':
            *w++ = 'n';
            break;
        case '\t':
            *w++ = 't';
            break;
        case '\r':
            *w++ = 'r';
            break;
        default:
            *w++ = 'x';
            *w++ = hex[p[i] >> 4];
            *w++ = hex[p[i] & 15];
        }
        i++;
    }
    *w = '\0';
    return text;
}

char *text_escape(const char *s)
{
    return text_escape_n(s, strlen(s));
}

static bool unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '/';
}

char *text_percent(const char *s)
{
    static const char hex[] = "0123456789ABCDEF";
    char *text = text_alloc(3 * strlen(s) + 1), *w = text;

    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (unreserved(c)) {
            *w++ = *s;
        } else {
            *w++ = '%';
            *w++ = hex[c >> 4];
            *w++ = hex[c & 15];
        }
    }
    *w = '\0';
    return text;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *text_unpercent(const char *s, size_t len)
{
    char *text = text_alloc(len + 1), *w = text;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c == '%') {
            int high = len - i > 2 ? hex_value(s[i + 1]) : -1;
            int low = len - i > 2 ? hex_value(s[i + 2]) : -1;

            if (high < 0 || low < 0 || unreserved((unsigned char)(high << 4 | low)) || (high | low) == 0)
                goto bad;
            *w++ = (char)(high << 4 | low);
            i += 2;
        } else if (unreserved(c)) {
            *w++ = s[i];
        } else {
            goto bad;
        }
    }
    *w = '\0';
    return text;
bad:
    free(text);
    return NULL;
}

/* value / unit with three digits, rounded up: 12345 with unit 1000 is "12.4". */
static void three_digits(uint64_t value, uint64_t unit, const char *name, char *ret_text)
{
    uint64_t whole = value / unit;
    uint64_t parts = whole >= 100 || value % unit == 0 ? 1 : whole >= 10 ? 10 : 100; /* of a unit */
    uint64_t step = unit / parts, steps = value / step + (value % step > 0);

    if (parts == 1)
        snprintf(ret_text, TEXT_WIDTH_MAX, "%" PRIu64 " %s", steps, name);
    else
        snprintf(ret_text, TEXT_WIDTH_MAX, "%" PRIu64 ".%0*" PRIu64 " %s", steps / parts, parts == 10 ? 1 : 2,
                 steps % parts, name);
}

void text_width(int64_t ns, char ret_text[TEXT_WIDTH_MAX])
{
    uint64_t v = ns < 0 ? 0 : (uint64_t)ns;

    if (ns == INT64_MAX)
        snprintf(ret_text, TEXT_WIDTH_MAX, "unbounded");
    else if (v < 1000)
        snprintf(ret_text, TEXT_WIDTH_MAX, "%" PRIu64 " ns", v);
    else if (v < 1000000)
        three_digits(v, 1000, "\xc2\xb5s", ret_text);
    else if (v < 1000000000)
        three_digits(v, 1000000, "ms", ret_text);
    else
        three_digits(v, 1000000000, "s", ret_text);
}

void text_size(uint64_t bytes, char ret_text[TEXT_WIDTH_MAX])
{
    static const char *const names[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    uint64_t unit = 1000;
    size_t i = 0;

    if (bytes < 1000) {
        snprintf(ret_text, TEXT_WIDTH_MAX, "%" PRIu64 " B", bytes);
        return;
    }
    while (bytes / unit >= 1000 && i + 1 < sizeof names / sizeof *names) {
        unit *= 1000;
        i++;
    }
    three_digits(bytes, unit, names[i], ret_text);
}

const char *text_plural(uint64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

bool text_ends_with(const char *s, const char *suffix)
{
    size_t len = strlen(s), tail = strlen(suffix);

    return len >= tail && memcmp(s + len - tail, suffix, tail) == 0;
}

const char *text_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

void text_hex(const void *bytes, size_t len, char *ret_text)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *p = bytes;

    for (size_t i = 0; i < len; i++) {
        *ret_text++ = hex[p[i] >> 4];
        *ret_text++ = hex[p[i] & 15];
    }
    *ret_text = '\0';
}
