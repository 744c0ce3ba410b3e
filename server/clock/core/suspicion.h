/* SPDX-License-Identifier: Apache-2.0 */
/* What speaks against each server: evidence gathered over exchanges, and whether to accuse the master.
 *
 * Decides: whether a server counts as suspect or as false, and whether this node accuses the master it follows. Refuses
 * to exclude anybody: nothing here lowers the number of servers or of tolerated faults, and the hull and the midpoints
 * bear a liar without knowing who it is. The labels are for people, for the vote on a master, and for nothing else.
 *
 * Model: two kinds of evidence. *Hard*: what the server said contradicts an interval that this node measured itself; an
 * honest server never does that. *Soft*: odd, though inside the intervals (it differs from agreeing peers by more than
 * they scatter, a triangle does not close); an asymmetric path does that too, so soft evidence makes a server suspect
 * and never more. Each kind is a leaky bucket: an exchange that speaks against the server fills it by one, one that
 * speaks for it lets one out, silence changes nothing.
 *
 * Worked number: a master's corrections of 1 s are 5 ms outside. The third in a row makes it false and this node
 * accuses it; with f_vote + 1 accusers it is deposed. After 3 good exchanges it is believed again.
 *
 * Pure; one thread at a time. */
#ifndef SERVER_CLOCK_CORE_SUSPICION_H
#define SERVER_CLOCK_CORE_SUSPICION_H

#include "client/core/guard.h"

enum suspicion_reason {
    SUSPICION_NONE = 0,
    /* hard */
    SUSPICION_CORRECTION, /* its correction lies outside what this node measured */
    SUSPICION_LINE,       /* its line cannot be true together with those of the others */
    SUSPICION_REFERENCE,  /* its reference lies outside the hull */
    SUSPICION_RATE,       /* its rate is not that of an oscillator of its class */
    /* soft */
    SUSPICION_ODD,     /* inside, but beyond the scatter of peers that agree */
    SUSPICION_TRIANGLE /* the three sides do not close */
};
enum { SUSPICION_REASONS = SUSPICION_TRIANGLE + 1 };

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
    uint8_t verdict;                      /* enum suspicion_verdict */
    uint8_t reason;                       /* enum suspicion_reason of the newest evidence */
    int64_t reason_ns;                    /* by how much */
    uint64_t evidence[SUSPICION_REASONS]; /* how often each was seen */
};

struct suspicion {
    struct suspicion_server servers[SYNC_SERVERS_MAX];
};

/* The same among the reasons of the guard, which views and reports speak of and which have the words for people. */
enum guard_reason suspicion_guard_reason(enum suspicion_reason reason);

void suspicion_init(struct suspicion *s);
/* An exchange spoke against the server, by `ns`. True when its verdict changed with it. */
bool suspicion_against(struct suspicion *s, sync_node_t node, enum suspicion_reason reason, int64_t ns);
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
