/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/lease.h"

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

unsigned lease_faults(unsigned n)
{
    BUG_UNLESS(n >= 1 && n <= SYNC_SERVERS_MAX);
    return (n - 1) / 3;
}

unsigned lease_quorum(unsigned n)
{
    return (n + lease_faults(n)) / 2 + 1;
}

int64_t lease_promised_until(int64_t receipt_ns, int64_t length_ns, int64_t margin_ns)
{
    return receipt_ns + length_ns + margin_ns;
}

int64_t lease_margin_min(int64_t length_ns)
{
    return arith_scale_up(length_ns, LEASE_RATES_PPB) + arith_scale_up(length_ns, LEASE_RATES_PPB / 1000) + 1;
}

void lease_holder_start(struct lease_holder *holder, unsigned members, unsigned quorum, unsigned self)
{
    BUG_UNLESS(members <= SYNC_SERVERS_MAX && quorum >= 1 && self < members);
    *holder = (struct lease_holder){.members = members, .quorum = quorum, .self = self};
    for (unsigned i = 0; i < SYNC_SERVERS_MAX; i++)
        holder->acked[i] = LEASE_NONE;
}

void lease_holder_sent(struct lease_holder *holder, int64_t now_ns)
{
    BUG_UNLESS(holder->acked[holder->self] <= now_ns);
    holder->sent[holder->beats++ % LEASE_BEATS] = now_ns;
    holder->acked[holder->self] = now_ns;
}

bool lease_holder_acked(struct lease_holder *holder, unsigned member, int64_t token_ns)
{
    BUG_UNLESS(member < holder->members);
    bool awaited = false;
    for (unsigned i = 0; i < LEASE_BEATS && i < holder->beats; i++)
        awaited = awaited || holder->sent[i] == token_ns;
    if (!awaited || token_ns <= holder->acked[member])
        return false;
    holder->acked[member] = token_ns;
    return true;
}

int64_t lease_holder_start_ns(const struct lease_holder *holder)
{
    /* The q-th newest: the newest that at least q members reach. */
    int64_t best = LEASE_NONE;
    for (unsigned i = 0; i < holder->members; i++) {
        unsigned reached = 0;
        for (unsigned j = 0; j < holder->members; j++)
            reached += holder->acked[j] >= holder->acked[i];
        if (reached >= holder->quorum && holder->acked[i] > best)
            best = holder->acked[i];
    }
    return best;
}

int64_t lease_holder_until(const struct lease_holder *holder, int64_t length_ns)
{
    int64_t start = lease_holder_start_ns(holder);
    return start == LEASE_NONE ? LEASE_NONE : start + length_ns;
}
