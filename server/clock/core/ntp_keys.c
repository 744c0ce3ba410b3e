/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/ntp_keys.h"

#include <string.h>

#include "sdk/base/error.h"
#include "sdk/base/text.h"

enum { BARE_TEXT_MAX = 20, AES128_BYTES = 16, AES256_BYTES = 32 };

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line; empty at its end or at a comment. */
static struct bytes next_word(struct bytes *line)
{
    while (line->len > 0 && is_space(line->data[0]))
        *line = bytes_of(line->data + 1, line->len - 1);
    size_t n = 0;
    if (line->len > 0 && line->data[0] == '#')
        line->len = 0;
    while (n < line->len && !is_space(line->data[n]))
        n++;
    struct bytes word = bytes_of(line->data, n);
    *line = bytes_of(line->data + n, line->len - n);
    return word;
}

static bool algorithm_of(struct bytes word, enum mac_algorithm *ret_algorithm)
{
    static const struct {
        const char *word;
        enum mac_algorithm algorithm;
    } rows[] = {{"MD5", MAC_MD5},
                {"M", MAC_MD5},
                {"SHA1", MAC_SHA1},
                {"SHA", MAC_SHA1},
                {"SHA256", MAC_SHA256},
                {"SHA384", MAC_SHA384},
                {"SHA512", MAC_SHA512},
                {"AES128", MAC_AES128_CMAC},
                {"AES128CMAC", MAC_AES128_CMAC},
                {"AES256", MAC_AES256_CMAC},
                {"AES256CMAC", MAC_AES256_CMAC}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (bytes_equal_str(word, rows[i].word)) {
            *ret_algorithm = rows[i].algorithm;
            return true;
        }
    }
    return false;
}

static bool hex_value(uint8_t c, uint8_t *ret_value)
{
    if (c >= '0' && c <= '9')
        *ret_value = (uint8_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *ret_value = (uint8_t)(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
        *ret_value = (uint8_t)(c - 'A' + 10);
    else
        return false;
    return true;
}

/* Both cases of the letters, as both daemons take them. */
static bool read_hex(struct bytes text, struct ntp_key *key)
{
    if (text.len == 0 || text.len % 2 != 0 || text.len > 2 * NTP_KEY_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.len / 2; i++) {
        uint8_t high, low;
        if (!hex_value(text.data[2 * i], &high) || !hex_value(text.data[2 * i + 1], &low))
            return false;
        key->bytes[i] = (uint8_t)(high << 4 | low);
    }
    key->len = (uint8_t)(text.len / 2);
    return true;
}

static bool read_text(struct bytes text, struct ntp_key *key)
{
    if (text.len == 0 || text.len > NTP_KEY_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    memcpy(key->bytes, text.data, text.len);
    key->len = (uint8_t)text.len;
    return true;
}

/* What is wrong with the line, or NULL. */
static const char *read_key(struct bytes line, struct bytes number, struct ntp_key *key)
{
    uint64_t id;
    if (!text_read_u64(number, UINT32_MAX, &id) || id == 0)
        return "it begins with no number of a key (1 to 4294967295)";
    key->id = (uint32_t)id;
    struct bytes word = next_word(&line), secret = next_word(&line);
    if (secret.len == 0)
        return "it is not \"NUMBER ALGORITHM KEY\"";
    if (!algorithm_of(word, &key->algorithm))
        return "unknown algorithm; there are MD5, SHA1, SHA256, SHA384, SHA512, AES128, AES256";
    if (next_word(&line).len > 0)
        return "it goes on after the key; remove the list of addresses, which would not be heeded here";
    bool ok;
    if (bytes_strip_prefix(&secret, "HEX:"))
        ok = read_hex(secret, key);
    else if (bytes_strip_prefix(&secret, "ASCII:"))
        ok = read_text(secret, key);
    else
        ok = (secret.len > BARE_TEXT_MAX && read_hex(secret, key)) || read_text(secret, key);
    if (!ok)
        return "the key is no text and no hex of 1 to 64 bytes";
    if ((key->algorithm == MAC_AES128_CMAC && key->len != AES128_BYTES) ||
        (key->algorithm == MAC_AES256_CMAC && key->len != AES256_BYTES))
        return "the key has another length than its AES: 16 bytes for AES128, 32 for AES256 (write them as "
               "HEX:...)";
    return NULL;
}

static bool next_line(struct bytes *rest, struct bytes *ret_line)
{
    if (rest->len == 0)
        return false;
    if (!bytes_split(*rest, '\n', ret_line, rest)) {
        *ret_line = *rest;
        rest->len = 0;
    }
    return true;
}

static enum tai_err wrong_line(struct tai_error *error, enum tai_err code, unsigned line, const char *text)
{
    return error_set_line(error, code, "keys", line, text, bytes_of(NULL, 0));
}

enum tai_err ntp_keys_find(struct bytes text, uint32_t id, struct ntp_key *ret_key, struct tai_error *error)
{
    uint32_t seen[NTP_KEYS_MAX];
    unsigned count = 0, line_number = 0;
    bool found = false;
    struct ntp_key result = {.id = 0};
    struct bytes line;
    while (next_line(&text, &line)) {
        struct ntp_key key = {.id = 0};
        line_number++;
        struct bytes number = next_word(&line);
        if (number.len == 0)
            continue;
        const char *wrong = read_key(line, number, &key);
        if (wrong != NULL)
            return wrong_line(error, TAI_ERR_FORMAT, line_number, wrong);
        for (unsigned i = 0; i < count; i++)
            if (seen[i] == key.id)
                return wrong_line(error, TAI_ERR_CONFLICT, line_number,
                                  "a key of this number is there already");
        if (count == NTP_KEYS_MAX)
            return wrong_line(error, TAI_ERR_SPACE, line_number, "more than 256 keys");
        seen[count++] = key.id;
        if (key.id == id) {
            result = key;
            found = true;
        }
    }
    if (!found)
        return error_set(error, TAI_ERR_NOT_FOUND, "it has no key of that number");
    *ret_key = result;
    return TAI_OK;
}
