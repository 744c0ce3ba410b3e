/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of files: the algorithms that entries know, and hashing whole files or memory.
 *
 * No function here keeps state: any thread. */
#ifndef TAISTAMP_HASH_H
#define TAISTAMP_HASH_H

#include <stdbool.h>

#include "taistamp/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum taistamp_algorithm {
    TAISTAMP_SHA256,
    TAISTAMP_SHA384,
    TAISTAMP_SHA512,
    TAISTAMP_SHA3_256,
    TAISTAMP_SHA3_384,
    TAISTAMP_SHA3_512
};

struct taistamp_digest {
    enum taistamp_algorithm algorithm;
    uint8_t bytes[64]; /* the first taistamp_algorithm_length() count */
};

enum { TAISTAMP_DIGEST_TEXT = 160 }; /* room for "sha3-512:" and 128 hex digits, with NUL */

/* "sha256", "sha3-512": the words of FORMATS; "other" for what is none of the enum. Static storage. */
TAISTAMP_API const char *taistamp_algorithm_name(enum taistamp_algorithm algorithm);
/* Bytes of a digest: 32, 48 or 64; 0 for what is none of the enum. */
TAISTAMP_API size_t taistamp_algorithm_length(enum taistamp_algorithm algorithm);
/* "sha256:<hex>", lower case only. TAI_ERR_FORMAT (unknown algorithm, wrong length, not hex). */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_digest_parse(const char *text, struct taistamp_digest *ret_digest, struct tai_error *error);
/* The reverse, NUL-terminated. */
TAISTAMP_API void taistamp_digest_print(const struct taistamp_digest *digest,
                                        char ret_text[TAISTAMP_DIGEST_TEXT]);
/* The same algorithm and the same bytes; not in constant time, for digests are no secrets. */
TAISTAMP_API bool taistamp_digest_equal(const struct taistamp_digest *a, const struct taistamp_digest *b);

/* Called from time to time while a file is hashed, with the bytes done so far; returning false stops the work. */
typedef bool (*taistamp_progress_fn)(void *user, uint64_t bytes_done);

/* Hashes what is left to read of `fd`, blocking, to its end; the position moves. If the file is a regular one and its
 * size, mtime, ctime or inode differ afterwards, TAI_ERR_CHANGED: it was written meanwhile. TAI_ERR_IO, _PERMISSION,
 * _INTERRUPTED (progress said stop), _ARGUMENT (no such algorithm), _CRYPTO. `progress` may be NULL. One thread per
 * fd. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_hash_fd(int fd, enum taistamp_algorithm algorithm,
                                                               taistamp_progress_fn progress, void *user,
                                                               struct taistamp_digest *ret_digest,
                                                               struct tai_error *error);
/* Digest of `len` bytes; `data` may be NULL when there are none. TAI_ERR_ARGUMENT (no such algorithm), _CRYPTO. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_hash_bytes(const void *data, size_t len,
                                                                  enum taistamp_algorithm algorithm,
                                                                  struct taistamp_digest *ret_digest);

#ifdef __cplusplus
}
#endif
#endif
