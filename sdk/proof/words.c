/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/proof/words.h"

#include <string.h>

#include "sdk/base/text.h"

static const struct {
    const char *name;
    size_t length;
} algorithms[] = {
    [TAISTAMP_SHA256] = {"sha256", 32},     [TAISTAMP_SHA384] = {"sha384", 48},
    [TAISTAMP_SHA512] = {"sha512", 64},     [TAISTAMP_SHA3_256] = {"sha3-256", 32},
    [TAISTAMP_SHA3_384] = {"sha3-384", 48}, [TAISTAMP_SHA3_512] = {"sha3-512", 64},
};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

static const char *const kinds[] = {
    [TAISTAMP_COMMITMENT] = "commitment",
    [TAISTAMP_BATCH] = "batch",
    [TAISTAMP_DIGEST] = "digest",
    [TAISTAMP_TOKEN] = "token",
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const char *const sources[] = {
    [TAISTAMP_CLOCK_GPS] = "gps",         [TAISTAMP_CLOCK_UPSTREAM] = "upstream",
    [TAISTAMP_CLOCK_QUORUM] = "quorum",   [TAISTAMP_CLOCK_SYSTEM] = "system",
    [TAISTAMP_CLOCK_ASSUMED] = "assumed",
};
enum { SOURCES = sizeof sources / sizeof *sources };

const char *taistamp_algorithm_name(enum taistamp_algorithm algorithm)
{
    return (size_t)algorithm < ALGORITHMS ? algorithms[algorithm].name : "other";
}

size_t taistamp_algorithm_length(enum taistamp_algorithm algorithm)
{
    return (size_t)algorithm < ALGORITHMS ? algorithms[algorithm].length : 0;
}

const char *taistamp_kind_name(enum taistamp_kind kind)
{
    return (size_t)kind < KINDS ? kinds[kind] : "other";
}

const char *taistamp_clock_name(enum taistamp_clock_source clock)
{
    return (size_t)clock < SOURCES ? sources[clock] : "other";
}

bool algorithm_parse(struct bytes word, enum taistamp_algorithm *ret_algorithm)
{
    for (size_t i = 0; i < ALGORITHMS; i++) {
        if (bytes_equal_str(word, algorithms[i].name)) {
            *ret_algorithm = (enum taistamp_algorithm)i;
            return true;
        }
    }
    return false;
}

bool kind_parse(struct bytes word, enum taistamp_kind *ret_kind)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (bytes_equal_str(word, kinds[i])) {
            *ret_kind = (enum taistamp_kind)i;
            return true;
        }
    }
    return false;
}

bool clock_source_parse(struct bytes word, enum taistamp_clock_source *ret_source)
{
    for (size_t i = 0; i < SOURCES; i++) {
        if (bytes_equal_str(word, sources[i])) {
            *ret_source = (enum taistamp_clock_source)i;
            return true;
        }
    }
    return false;
}

bool digest_parse(struct bytes text, struct taistamp_digest *ret_digest)
{
    struct bytes word, hex;
    struct taistamp_digest d = {0};
    if (!bytes_split(text, ':', &word, &hex) || !algorithm_parse(word, &d.algorithm) ||
        !hex_decode(hex, d.bytes, algorithms[d.algorithm].length))
        return false;
    *ret_digest = d;
    return true;
}

void digest_emit(struct out *o, const struct taistamp_digest *digest)
{
    out_str(o, taistamp_algorithm_name(digest->algorithm));
    out_char(o, ':');
    out_hex(o, digest_bytes(digest));
}

struct bytes digest_bytes(const struct taistamp_digest *digest)
{
    return bytes_of(digest->bytes, taistamp_algorithm_length(digest->algorithm));
}

bool taistamp_digest_equal(const struct taistamp_digest *a, const struct taistamp_digest *b)
{
    return a->algorithm == b->algorithm && bytes_equal(digest_bytes(a), digest_bytes(b));
}

void taistamp_digest_print(const struct taistamp_digest *digest, char ret_text[TAISTAMP_DIGEST_TEXT])
{
    struct out o = out_of(ret_text, TAISTAMP_DIGEST_TEXT);
    digest_emit(&o, digest);
    if (!out_terminate(&o))
        ret_text[0] = 0;
}

bool line_field(struct bytes line, const char *word, struct bytes *ret_rest)
{
    struct bytes rest = line;
    if (!bytes_strip_prefix(&rest, word) || !bytes_strip_prefix(&rest, " "))
        return false;
    *ret_rest = rest;
    return true;
}
