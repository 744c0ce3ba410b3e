/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and reading a leap-seconds.list.
 *
 * Decides which table is used: $TAISTAMP_LEAP_FILE alone where it is set; else, of the one that "tai-leap update" keeps,
 * the system's tables and the copy installed with the library, the valid one that expires last (then: was updated last; then: the
 * system's). A damaged file is passed over as long as another one holds. No state; any thread. */
#ifndef SDK_IO_LEAP_FILE_H
#define SDK_IO_LEAP_FILE_H

#include "sdk/time/leap.h"

/* SHA-1 by OpenSSL, for leap_parse. `ctx` is not used. */
bool leap_file_sha1(void *ctx, struct bytes message, uint8_t ret_hash[LEAP_SHA1_LEN]);
/* Reads one file. The errors of leap_parse and of reading; the sentence names the path. */
TAISTAMP_MUST_CHECK enum tai_err leap_file_read(const char *path, struct leap_table *ret_table,
                                                struct tai_error *error);
/* The i-th path that is tried; NULL past the last. */
const char *leap_file_path(size_t i);
/* The best of `n` files, which may be missing, and the path among `paths` that it was read from. TAI_ERR_NOT_FOUND when
 * there is none; otherwise what was wrong with the last bad one. */
TAISTAMP_MUST_CHECK enum tai_err leap_file_best(const char *const *paths, size_t n,
                                                struct leap_table *ret_table, const char **ret_path,
                                                struct tai_error *error);
/* The same over leap_file_path. */
TAISTAMP_MUST_CHECK enum tai_err leap_file_newest(struct leap_table *ret_table, const char **ret_path,
                                                  struct tai_error *error);

#endif
