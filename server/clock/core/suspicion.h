/* SPDX-License-Identifier: Apache-2.0 */
/* What speaks against each server: evidence gathered over exchanges, and whether to accuse the master.
 *
 * Decides: whether a server counts as suspect or as false, and whether this node accuses the master it follows. Refuses
 * to exclude anybody: nothing here lowers the number of servers or of tolerated faults, and the hull and the midpoints
 * bear a liar without knowing who it is. The labels are for people, for the vote on a master, and for nothing else.
 *
 * Model: evidence is of two kinds, by the reasons of guard.h. *Hard*, those that reject what it says: it contradicts an
 * interval that this node measured itself; an honest server never does that. *Soft*, those that make it suspect: odd, though
 * inside the intervals (a triangle does not close); an asymmetric path does that too, so soft evidence makes a server suspect
 * and never more. Each kind is a leaky bucket: an exchange that speaks against the server fills it by one, one that
 * speaks for it lets one out, silence changes nothing. A correction that is followed though it was odd counts for its
 * master here; what the guard found of it is shown beside (node_view.c).
 *
 * Worked number: a master's corrections of 1 s are 5 ms outside. The third in a row makes it false and this node
 * accuses it; with f_vote + 1 accusers it is deposed. After 3 good exchanges it is believed again.
 *
 * Pure; one thread at a time. */
#ifndef SERVER_CLOCK_CORE_SUSPICION_H
#define SERVER_CLOCK_CORE_SUSPICION_H

#include "client/core/guard.h"

enum {
    SUSPICION_HARD_LIMIT = 3, /* this much hard evidence makes a server false */
    SUSPICION_SOFT_LIMIT = 8, /* this much soft evidence makes it suspect */
    SUSPICION_FULL =
        16 /* a bucket holds no more, so that who mends its ways is cleared within 16 exchanges */
};

enum suspicion_verdict { SUSPICION_TRUSTED = 0, SUSPICION_SUSPECT, SUSPICION_FALSE };

struct suspicion_server {
    sync_node_t node; /* 0: free place */
    uint8_t hard, soft;
    uint8_t verdict;   /* enum suspicion_verdict */
    uint8_t reason;    /* enum guard_reason of the newest evidence; GUARD_FINE: none stands */
    int64_t reason_ns; /* by how much */
};

struct suspicion {
    struct suspicion_server servers[SYNC_SERVERS_MAX];
};

void suspicion_init(struct suspicion *s);
/* An exchange spoke against the server, by `ns`. `reason`: GUARD_EDGE to GUARD_FALSE_REFERENCE (assertion). True when its verdict
 * changed with it. */
bool suspicion_against(struct suspicion *s, sync_node_t node, enum guard_reason reason, int64_t ns);
/* An exchange with the server found nothing of that kind (`hard`: nothing hard; else nothing soft). True when its verdict changed. */
bool suspicion_for(struct suspicion *s, sync_node_t node, bool hard);
/* It starts anew: another life, another timeline. */
void suspicion_forget(struct suspicion *s, sync_node_t node);
/* Never NULL for a server seen; NULL for one that nothing was ever said of. */
const struct suspicion_server *suspicion_of(const struct suspicion *s, sync_node_t node);
enum suspicion_verdict suspicion_verdict_of(const struct suspicion *s, sync_node_t node);
/* How many are suspect or false: told in replies. */
uint16_t suspicion_count(const struct suspicion *s);

#endif
