/* SPDX-License-Identifier: Apache-2.0 */
/* A log on the simulated disk, and what must hold of it after each bad day: it opens, every stamp that was acknowledged is
 * there with the same receipt, TAI increases with the index, the tree of every checkpoint that anyone holds is a beginning
 * of the tree now, and a new stamp can be made. For programs of libcheck; one log at a time. */
#ifndef TESTS_FAULT_ORACLE_H
#define TESTS_FAULT_ORACLE_H

#include "tests/fault/disk.h"
#include "tests/fault/logrig.h"

extern const char oracle_origin[];
extern struct rig rig;
extern struct crypto crypto;
extern struct tai_error why; /* of the last must_open or rig_open */
extern bool older_slot;      /* the test put an older head slot back: it need not know what was told */

/* An empty disk with a fresh key, the log not yet open; and the end of it. */
void setup(void);
void teardown(void);
/* Checks the answers from number `from` on against the open log. */
void check_log_from(size_t from);
void check_log(void);
/* How many stamps were answered with a receipt. */
size_t acknowledged(void);
/* `when` and `at` say in a failure where in the test it came. */
void must_open(const char *when, size_t at);
void slot_must_know(const char *when, size_t at);
/* Opens, checks everything, stamps, closes. */
void must_be_well(const char *when, size_t at);
/* A working day: small batches, one that fills a tile, a restart. Stops at the first failure. */
void workload(void);

#endif
