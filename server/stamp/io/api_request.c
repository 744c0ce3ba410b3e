/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/api_request.h"

#include <string.h>

#include "sdk/base/text.h"
#include "server/json.h"

static enum http_problem read_kind(struct bytes word, enum taistamp_kind *ret_kind)
{
    if (bytes_equal_str(word, "commitment"))
        *ret_kind = TAISTAMP_COMMITMENT;
    else if (bytes_equal_str(word, "batch"))
        *ret_kind = TAISTAMP_BATCH;
    else if (bytes_equal_str(word, "digest"))
        *ret_kind = TAISTAMP_DIGEST;
    else
        return bytes_equal_str(word, "token") ? PROBLEM_KIND_NOT_ACCEPTED : PROBLEM_UNKNOWN_KIND;
    return PROBLEM_NONE;
}

static enum http_problem read_subject(struct bytes text, struct taistamp_digest *ret_subject)
{
    static const struct {
        const char *name;
        enum taistamp_algorithm algorithm;
        size_t len;
    } known[] = {{"sha256", TAISTAMP_SHA256, 32},     {"sha384", TAISTAMP_SHA384, 48},
                 {"sha512", TAISTAMP_SHA512, 64},     {"sha3-256", TAISTAMP_SHA3_256, 32},
                 {"sha3-384", TAISTAMP_SHA3_384, 48}, {"sha3-512", TAISTAMP_SHA3_512, 64}};
    struct bytes name, hex;
    if (!bytes_split(text, ':', &name, &hex))
        return PROBLEM_BAD_SUBJECT;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!bytes_equal_str(name, known[i].name))
            continue;
        if (hex.len != 2 * known[i].len)
            return PROBLEM_DIGEST_LENGTH;
        ret_subject->algorithm = known[i].algorithm;
        return hex_decode(hex, ret_subject->bytes, known[i].len) ? PROBLEM_NONE : PROBLEM_BAD_SUBJECT;
    }
    return PROBLEM_UNKNOWN_ALGORITHM;
}

static enum http_problem read_words(struct bytes kind, struct bytes subject, struct api_request *ret_request)
{
    struct api_request r = {0};
    enum http_problem problem = read_kind(kind, &r.kind);
    if (problem == PROBLEM_NONE)
        problem = read_subject(subject, &r.subject);
    if (problem != PROBLEM_NONE)
        return problem;
    if (r.kind != TAISTAMP_DIGEST && r.subject.algorithm != TAISTAMP_SHA256)
        return PROBLEM_ALGORITHM_NOT_ALLOWED;
    *ret_request = r;
    return PROBLEM_NONE;
}

/* What our own clients send, to the byte, needs no JSON library: a microsecond saved on every request. Anything else,
 * right or wrong, goes the long way and gets the same answer there. */
static bool split_plain(struct bytes body, struct bytes *ret_kind, struct bytes *ret_subject)
{
    static const char middle[] = "\",\"subject\":\"";
    if (!bytes_strip_prefix(&body, "{\"kind\":\"") || !bytes_split(body, '"', ret_kind, &body))
        return false;
    body = bytes_of(body.data - 1, body.len + 1);
    if (!bytes_strip_prefix(&body, middle) || body.len < 2)
        return false;
    size_t n = body.len - 2;
    if (body.data[n] != '"' || body.data[n + 1] != '}')
        return false;
    *ret_subject = bytes_of(body.data, n);
    return true;
}

static enum http_problem json_problem(const json_error_t *e)
{
    switch ((int)json_error_code(e)) {
    case json_error_invalid_utf8:
        return PROBLEM_BAD_UTF8;
    case json_error_end_of_input_expected:
        return PROBLEM_TRAILING_BYTES;
    case json_error_out_of_memory:
        return PROBLEM_INTERNAL;
    case json_error_duplicate_key:
        return PROBLEM_DUPLICATE_MEMBER;
    default:
        return PROBLEM_BAD_JSON;
    }
}

static enum http_problem read_members(const json_t *object, struct api_request *ret_request)
{
    if (!json_is_object(object))
        return PROBLEM_BAD_JSON;
    const json_t *kind = json_object_get(object, "kind"), *subject = json_object_get(object, "subject");
    if (json_object_size(object) > (size_t)(kind != NULL) + (size_t)(subject != NULL))
        return PROBLEM_UNKNOWN_MEMBER;
    if (kind == NULL || subject == NULL)
        return PROBLEM_MISSING_MEMBER;
    if (!json_is_string(kind) || !json_is_string(subject))
        return PROBLEM_WRONG_TYPE;
    return read_words(bytes_of(json_string_value(kind), json_string_length(kind)),
                      bytes_of(json_string_value(subject), json_string_length(subject)), ret_request);
}

enum http_problem api_request_parse(struct bytes body, struct api_request *ret_request)
{
    struct bytes kind, subject;
    if (split_plain(body, &kind, &subject) && read_words(kind, subject, ret_request) == PROBLEM_NONE)
        return PROBLEM_NONE;
    json_error_t error;
    json_t *root =
        json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (root == NULL)
        return json_problem(&error);
    enum http_problem problem = read_members(root, ret_request);
    json_decref(root);
    return problem;
}
