/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/http_problem.h"

static const struct http_problem_text texts[PROBLEM_COUNT] = {
    [PROBLEM_BAD_REQUEST_LINE] = {400, "bad_request_line", "Malformed request line",
                                  "The first line must be METHOD SP TARGET SP HTTP/1.1, ended by CR LF."},
    [PROBLEM_BAD_TARGET] = {400, "bad_target", "Malformed request target",
                            "The target must start with one slash and hold only characters of RFC 3986."},
    [PROBLEM_TARGET_TOO_LONG] = {414, "target_too_long", "Request target too long",
                                 "No target of this server is longer than 1024 bytes."},
    [PROBLEM_HTTP_VERSION] = {505, "http_version", "HTTP version not supported",
                              "This server speaks HTTP/1.1 and HTTP/1.0."},
    [PROBLEM_UNKNOWN_METHOD] = {501, "unknown_method", "Method not implemented",
                                "The method is not known to this server."},
    [PROBLEM_BAD_HEADER] =
        {400, "bad_header", "Malformed header",
         "A header line is not NAME: VALUE ended by CR LF, is folded, or holds control bytes."},
    [PROBLEM_HEADERS_TOO_LARGE] =
        {431, "headers_too_large", "Header fields too large",
         "The request line and headers are longer, or more, than this server takes."},
    [PROBLEM_BAD_HOST] = {400, "bad_host", "Missing or repeated Host header",
                          "An HTTP/1.1 request needs exactly one Host header."},
    [PROBLEM_BAD_LENGTH] = {400, "bad_length", "Bad Content-Length",
                            "Content-Length must be given at most once, as decimal digits."},
    [PROBLEM_LENGTH_AND_ENCODING] = {400, "length_and_encoding", "Ambiguous body length",
                                     "Content-Length and Transfer-Encoding exclude each other."},
    [PROBLEM_LENGTH_REQUIRED] = {411, "length_required", "Length required",
                                 "Send the body with Content-Length; transfer codings are not taken."},
    [PROBLEM_BODY_TOO_LARGE] = {413, "body_too_large", "Body too large",
                                "The body is longer than this server takes; it stamps digests, not files."},
    [PROBLEM_UNEXPECTED_BODY] = {400, "unexpected_body", "Unexpected body",
                                 "A request with this method has no body."},
    [PROBLEM_EXPECTATION_FAILED] = {417, "expectation_failed", "Expectation failed",
                                    "The only expectation known is 100-continue."},
    [PROBLEM_REQUEST_TIMEOUT] = {408, "request_timeout", "Request timed out",
                                 "The whole request did not arrive in time."},
    [PROBLEM_NOT_FOUND] = {404, "not_found", "Not found", "There is nothing here under that name."},
    [PROBLEM_METHOD_NOT_ALLOWED] = {405, "method_not_allowed", "Method not allowed",
                                    "The Allow header says what works here."},
    [PROBLEM_MEDIA_TYPE] = {415, "unsupported_media_type", "Unsupported media type",
                            "The body must be application/json, in UTF-8 and without content coding."},
    [PROBLEM_BAD_JSON] = {400, "bad_json", "Malformed JSON", "The body must be one JSON object."},
    [PROBLEM_BAD_UTF8] = {400, "bad_utf8", "Malformed UTF-8", "The body must be UTF-8."},
    [PROBLEM_TRAILING_BYTES] = {400, "trailing_bytes", "Bytes after the JSON object",
                                "The body must be one JSON object and nothing after it."},
    [PROBLEM_DUPLICATE_MEMBER] = {400, "duplicate_member", "Member given twice",
                                  "Each member may be given once."},
    [PROBLEM_UNKNOWN_MEMBER] = {400, "unknown_member", "Unknown member",
                                "The members are kind and subject, and no others."},
    [PROBLEM_MISSING_MEMBER] = {400, "missing_member", "Missing member", "Both kind and subject are needed."},
    [PROBLEM_WRONG_TYPE] = {400, "wrong_type", "Member of the wrong type", "kind and subject are strings."},
    [PROBLEM_UNKNOWN_KIND] = {400, "unknown_kind", "Unknown kind",
                              "The kinds are commitment, batch and digest."},
    [PROBLEM_KIND_NOT_ACCEPTED] = {400, "kind_not_accepted", "Kind not taken from outside",
                                   "Entries of this kind are made by the server itself."},
    [PROBLEM_BAD_SUBJECT] = {400, "bad_subject", "Malformed subject",
                             "The subject must be ALGORITHM:HEX, with lower-case hex digits."},
    [PROBLEM_UNKNOWN_ALGORITHM] =
        {400, "unknown_algorithm", "Unknown algorithm",
         "The algorithms are sha256, sha384, sha512, sha3-256, sha3-384 and sha3-512."},
    [PROBLEM_ALGORITHM_NOT_ALLOWED] = {400, "algorithm_not_allowed", "Algorithm not allowed for this kind",
                                       "The subject of a commitment or a batch is sha256."},
    [PROBLEM_DIGEST_LENGTH] = {400, "digest_length", "Digest of the wrong length",
                               "The number of hex digits does not fit the algorithm."},
    [PROBLEM_CLOCK_NO_BOUND] = {503, "clock_no_bound", "The clock has no bound",
                                "Nothing is stamped while the clock's error is not known."},
    [PROBLEM_CLOCK_TOO_UNCERTAIN] = {503, "clock_too_uncertain", "The clock is too uncertain",
                                     "The clock's error is above what the operator allows."},
    [PROBLEM_CLOCK_BEHIND_LOG] = {503, "clock_behind_log", "The clock is behind the log",
                                  "The log's newest entry is not before the clock's latest time."},
    [PROBLEM_OVERLOADED] = {429, "overloaded", "Too many requests",
                            "More requests wait for a commit than this server allows."},
    [PROBLEM_STOPPING] = {503, "stopping", "The server is stopping", "Try again when it is back."},
    [PROBLEM_STORE_FAILED] = {500, "store_failed", "The log could not be written",
                              "Nothing was acknowledged; the log verifies itself before it goes on."},
    [PROBLEM_INTERNAL] = {500, "internal", "Internal error", "The server could not answer."},
};

const struct http_problem_text *http_problem_text(enum http_problem problem)
{
    if (problem <= PROBLEM_NONE || problem >= PROBLEM_COUNT)
        return &texts[PROBLEM_INTERNAL];
    return &texts[problem];
}

const char *http_reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "";
    }
}
