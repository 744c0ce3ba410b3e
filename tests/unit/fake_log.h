/* SPDX-License-Identifier: Apache-2.0 */
/* A log that keeps nothing: stands in for server/stamp/io/log.h where the HTTP side alone is under test. */
#ifndef TESTS_UNIT_FAKE_LOG_H
#define TESTS_UNIT_FAKE_LOG_H

#include "server/stamp/io/log.h"

/* What the next server does; set before it is started. */
struct fake_script {
    enum stamp_outcome outcome;
    int commit_ms;      /* how long a commit takes */
    bool fails;         /* the first commit fails and takes the log down */
    size_t receipt_len; /* bytes of a receipt; 0: 700 */
    size_t tile_len;    /* bytes of every tile */
    enum taistamp_status clock_status;
    int64_t half_width_ns;
};
extern struct fake_script fake_script;
/* Its verifier key. */
extern const char fake_vkey[];

#endif
