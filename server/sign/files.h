/* SPDX-License-Identifier: Apache-2.0 */
/* The key folder's files, shared by the making (create.c) and the use (sign.c) of a log's key. */
#ifndef SERVER_SIGN_FILES_H
#define SERVER_SIGN_FILES_H

#include "server/sign/sign.h"

enum { SIGN_PEM_MAX = 4096 /* bytes of a key file: 119 as OpenSSL writes it */ };

struct sign_paths {
    char *key, *origin, *head;
};
/* TAI_ERR_MEMORY. Release with sign_paths_free. */
TAISTAMP_MUST_CHECK enum tai_err sign_paths_make(const char *key_dir, struct sign_paths *ret_paths);
void sign_paths_free(struct sign_paths *paths);

/* Appends the checkpoint body of `head` to `ret_body` (CHECKPOINT_BODY_MAX bytes) and says its SHA-256. */
struct hash sign_body_hash(const struct crypto *c, const char *origin, const struct sign_head *head,
                           struct out *ret_body);

#endif
