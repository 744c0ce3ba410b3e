/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/base/text.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool text_read_u64(struct bytes b, uint64_t max, uint64_t *ret_v)
{
    if (b.len == 0 || (b.len > 1 && b.data[0] == '0'))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < b.len; i++) {
        if (!is_digit(b.data[i]))
            return false;
        uint64_t d = (uint64_t)(b.data[i] - '0');
        if (v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    if (v > max)
        return false;
    *ret_v = v;
    return true;
}

void hex_encode(struct bytes b, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < b.len; i++) {
        out[2 * i] = digits[b.data[i] >> 4];
        out[2 * i + 1] = digits[b.data[i] & 15];
    }
}

/* A digit's value plus one, so that what is not named is 0: no digit. */
static const uint8_t hex_values[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

bool hex_decode(struct bytes text, uint8_t *out, size_t out_len)
{
    if (out_len > SIZE_MAX / 2 || text.len != out_len * 2)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (hex_values[text.data[i]] == 0)
            return false;
    for (size_t i = 0; i < out_len; i++)
        out[i] = (uint8_t)((hex_values[text.data[2 * i]] - 1) << 4 | (hex_values[text.data[2 * i + 1]] - 1));
    return true;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_length(size_t len)
{
    return (len + 2) / 3 * 4;
}

void base64_encode(struct bytes b, char *out)
{
    size_t i = 0;
    for (; i + 3 <= b.len; i += 3) {
        uint32_t v = (uint32_t)b.data[i] << 16 | (uint32_t)b.data[i + 1] << 8 | b.data[i + 2];
        *out++ = base64_digits[v >> 18];
        *out++ = base64_digits[v >> 12 & 63];
        *out++ = base64_digits[v >> 6 & 63];
        *out++ = base64_digits[v & 63];
    }
    if (i == b.len)
        return;
    bool two = b.len - i == 2;
    uint32_t v = (uint32_t)b.data[i] << 16 | (two ? (uint32_t)b.data[i + 1] << 8 : 0);
    *out++ = base64_digits[v >> 18];
    *out++ = base64_digits[v >> 12 & 63];
    *out++ = two ? base64_digits[v >> 6 & 63] : '=';
    *out++ = '=';
}

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct bytes text, uint8_t *out, size_t cap, size_t *ret_len)
{
    if (text.len % 4 != 0)
        return false;
    size_t pad = 0;
    if (text.len > 0 && text.data[text.len - 1] == '=')
        pad = text.data[text.len - 2] == '=' ? 2 : 1;
    size_t len = text.len / 4 * 3 - pad;
    if (len > cap)
        return false;
    uint32_t v = 0;
    size_t n = 0;
    for (size_t i = 0; i < text.len - pad; i++) {
        int d = base64_value(text.data[i]);
        if (d < 0)
            return false;
        v = v << 6 | (uint32_t)d;
        if (i % 4 != 3)
            continue;
        out[n++] = (uint8_t)(v >> 16);
        out[n++] = (uint8_t)(v >> 8);
        out[n++] = (uint8_t)v;
        v = 0;
    }
    if (pad == 1) {
        if ((v & 3) != 0)
            return false;
        out[n++] = (uint8_t)(v >> 10);
        out[n++] = (uint8_t)(v >> 2);
    } else if (pad == 2) {
        if ((v & 15) != 0)
            return false;
        out[n++] = (uint8_t)(v >> 4);
    }
    *ret_len = n;
    return true;
}

bool base64_decode_exact(struct bytes text, uint8_t *out, size_t len)
{
    size_t got = 0;
    return text.len == base64_length(len) && base64_decode(text, out, len, &got) && got == len;
}

static bool percent_plain(uint8_t c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static const char percent_digits[] = "0123456789ABCDEF";

void percent_encode(struct bytes b, struct out *o)
{
    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.data[i];
        if (percent_plain(c)) {
            out_char(o, (char)c);
            continue;
        }
        out_char(o, '%');
        out_char(o, percent_digits[c >> 4]);
        out_char(o, percent_digits[c & 15]);
    }
}

static int percent_value(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool percent_decode(struct bytes text, uint8_t *out, size_t cap, size_t *ret_len)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (!percent_plain(c)) {
            if (c != '%' || text.len - i < 3)
                return false;
            int hi = percent_value(text.data[i + 1]), lo = percent_value(text.data[i + 2]);
            if (hi < 0 || lo < 0)
                return false;
            c = (uint8_t)(hi << 4 | lo);
            if (percent_plain(c))
                return false;
            i += 2;
        }
        if (n == cap)
            return false;
        out[n++] = c;
    }
    *ret_len = n;
    return true;
}

size_t utf8_point(struct bytes b, uint32_t *ret_point)
{
    uint8_t c = b.data[0];
    if (c < 0x80) {
        *ret_point = c;
        return 1;
    }
    size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0xC2 || c > 0xF4 || b.len < n)
        return 0;
    uint32_t point = c & (n == 4 ? 7u : n == 3 ? 15u : 31u);
    for (size_t i = 1; i < n; i++) {
        if ((b.data[i] & 0xC0) != 0x80)
            return 0;
        point = point << 6 | (b.data[i] & 63u);
    }
    bool overlong = (n == 3 && point < 0x800) || (n == 4 && point < 0x10000);
    if (overlong || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        return 0;
    *ret_point = point;
    return n;
}

bool utf8_valid(struct bytes b)
{
    while (b.len > 0) {
        uint32_t point;
        size_t n = utf8_point(b, &point);
        if (n == 0)
            return false;
        b = bytes_of(b.data + n, b.len - n);
    }
    return true;
}

static bool is_space(uint32_t p)
{
    return p == ' ' || (p >= 9 && p <= 13) || p == 0x85 || p == 0xA0 || p == 0x1680 ||
           (p >= 0x2000 && p <= 0x200A) || p == 0x2028 || p == 0x2029 || p == 0x202F || p == 0x205F ||
           p == 0x3000;
}

bool utf8_has_space(struct bytes b)
{
    while (b.len > 0) {
        uint32_t point;
        size_t n = utf8_point(b, &point);
        if (n == 0)
            return false;
        if (is_space(point))
            return true;
        b = bytes_of(b.data + n, b.len - n);
    }
    return false;
}

bool utf8_has_control(struct bytes b)
{
    while (b.len > 0) {
        uint32_t point;
        size_t n = utf8_point(b, &point);
        if (n == 0 || point < 0x20 || (point >= 0x7F && point < 0xA0))
            return true;
        b = bytes_of(b.data + n, b.len - n);
    }
    return false;
}

/* Besides controls, what reorders or breaks a line: it can make one text read as another. */
static bool is_showable(uint32_t p)
{
    return p >= 0x20 && (p < 0x7F || p >= 0xA0) && p != 0x200E && p != 0x200F && p != 0x061C &&
           !(p >= 0x2028 && p <= 0x202E) && !(p >= 0x2066 && p <= 0x2069);
}

void text_show(struct bytes b, struct out *o)
{
    while (b.len > 0) {
        uint32_t point;
        size_t n = utf8_point(b, &point);
        bool plain = n > 0 && is_showable(point);
        n = n > 0 ? n : 1;
        if (o->cap - o->len < (plain ? n : 4 * n))
            return;
        for (size_t i = 0; !plain && i < n; i++) {
            out_str(o, "\\x");
            out_hex(o, bytes_of(b.data + i, 1));
        }
        if (plain)
            out_bytes(o, bytes_of(b.data, n));
        b = bytes_of(b.data + n, b.len - n);
    }
}
