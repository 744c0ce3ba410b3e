/* SPDX-License-Identifier: Apache-2.0 */
/* Which readings belong together: from polls, stamps, replies and follow-ups to whole exchanges.
 *
 * Decides: which four readings are one exchange and when it is complete. Refuses: replies to no open poll, of another
 * timeline than their follow-up, and whatever comes too late. It knows nothing of who the peer is.
 *
 * A place is opened by a poll and holds its nonce. It is complete when the reply came and both transmit stamps, ours (T1, by token)
 * and theirs (T3, by the follow-up), are the kernels'; or when EXCHANGE_WAIT_NS after the reply one of them is still
 * missing, then its user-space reading stands in: that was taken before the datagram left, so the delay looks longer than it
 * was, and a bound made of it is wider, never wrong. Events may come in any order: a kernel's T1 after the reply, a
 * follow-up before the reply.
 *
 * Worked number: poll at 100.0 s, T1 by the kernel 100.000012; reply at 100.000350 with a provisional T3; follow-up 200 us later:
 * complete at 100.000550. Had the follow-up been lost: complete at 100.060350, with the provisional T3.
 *
 * Pure; no clock; one thread at a time. */
#ifndef CLIENT_CORE_EXCHANGE_H
#define CLIENT_CORE_EXCHANGE_H

#include "sdk/sync/wire.h"

enum { EXCHANGE_PLACES = 8 };
#define EXCHANGE_WAIT_NS INT64_C(60000000)
#define EXCHANGE_LIFE_NS INT64_C(3000000000) /* an answer later than this is of no use */

/* A reading of our raw timeline; wrong by width_ns at most, or (user-space) only in the harmless direction. */
struct exchange_reading {
    int64_t raw_ns, width_ns;
    bool kernel;
};

struct exchange_place {
    bool open;
    bool replied, followed;
    uint64_t nonce, token;
    tai_mono_t opened, replied_at;
    struct exchange_reading t1, t4;
    struct wire_stamps reply, follow_up;
    bool promised; /* the reply said that a follow-up comes */
};

struct exchange_table {
    struct exchange_place places[EXCHANGE_PLACES];
    uint32_t completed;   /* exchanges handed out */
    uint32_t lost;        /* polls without an answer in time */
    uint32_t unexpected;  /* answers to nothing, second answers, answers too late */
    uint32_t provisional; /* completed with a user-space T1 or T3 */
};

void exchange_init(struct exchange_table *table);
/* Our timeline changed: nothing open is of use. */
void exchange_clear(struct exchange_table *table);
/* A poll leaves now. The oldest open one gives way when all places are taken. `token` 0: no kernel stamp will come. */
void exchange_open(struct exchange_table *table, uint64_t nonce, uint64_t token, tai_mono_t now);
/* The kernel's T1. False: of no open poll. */
bool exchange_sent(struct exchange_table *table, uint64_t token, struct exchange_reading t1);
/* A reply. False: of no open poll, or the second. */
bool exchange_reply(struct exchange_table *table, const struct wire_stamps *stamps, bool follow_up_promised,
                    struct exchange_reading t4, tai_mono_t now);
/* A follow-up. False as above. */
bool exchange_follow_up(struct exchange_table *table, const struct wire_stamps *stamps);
/* Takes out one complete exchange; call until false. Polls past their life are counted as lost. `local` is our timeline. */
bool exchange_take(struct exchange_table *table, sync_timeline_t local, tai_mono_t now,
                   struct sync_exchange *ret_exchange);
/* When exchange_take may give one although nothing comes; INT64_MAX: never. */
tai_mono_t exchange_wake(const struct exchange_table *table);

#endif
