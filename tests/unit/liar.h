/* SPDX-License-Identifier: Apache-2.0 */
/* The mouth of a member that has a key and means ill: changes the fields of a message, mostly to the ends of what the wire
 * lets through. What it decides comes from bytes while there are any, then from a seed. */
#ifndef TESTS_UNIT_LIAR_H
#define TESTS_UNIT_LIAR_H

#include "sdk/sync/wire.h"

struct liar {
    const uint8_t *bytes;
    size_t left;
    uint64_t state;
};

uint64_t liar_u64(struct liar *liar);
/* Changes up to `changes` fields; the message can be encoded afterwards if it could before. */
void liar_twist(struct liar *liar, unsigned changes, struct wire_message *message);

#endif
