/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/exchange.h"

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

void exchange_init(struct exchange_table *t)
{
    *t = (struct exchange_table){.completed = 0};
}

void exchange_clear(struct exchange_table *t)
{
    for (size_t i = 0; i < EXCHANGE_PLACES; i++)
        t->places[i].open = false;
}

static struct exchange_place *find(struct exchange_table *t, uint64_t nonce)
{
    for (size_t i = 0; i < EXCHANGE_PLACES; i++)
        if (t->places[i].open && t->places[i].nonce == nonce)
            return &t->places[i];
    return NULL;
}

void exchange_open(struct exchange_table *t, uint64_t nonce, uint64_t token, tai_mono_t now)
{
    BUG_UNLESS(nonce != 0 && find(t, nonce) == NULL);
    struct exchange_place *place = &t->places[0];
    for (size_t i = 0; i < EXCHANGE_PLACES && place->open; i++) {
        struct exchange_place *p = &t->places[i];
        if (!p->open || p->opened.ns < place->opened.ns)
            place = p;
    }
    if (place->open && !place->replied)
        t->lost++;
    *place = (struct exchange_place){.open = true,
                                     .nonce = nonce,
                                     .token = token,
                                     .opened = now,
                                     .t1 = {.raw_ns = now.ns, .kernel = token == 0}};
}

bool exchange_sent(struct exchange_table *t, uint64_t token, struct exchange_reading t1)
{
    for (size_t i = 0; i < EXCHANGE_PLACES; i++) {
        struct exchange_place *p = &t->places[i];
        if (!p->open || p->token != token || token == 0)
            continue;
        /* The datagram cannot have left before we made it; a map that says so is off by more than it claims. */
        if (p->t1.kernel || t1.raw_ns + t1.width_ns < p->opened.ns)
            return false;
        p->t1 = t1;
        p->t1.kernel = true;
        return true;
    }
    return false;
}

bool exchange_reply(struct exchange_table *t, const struct wire_stamps *stamps, bool follow_up_promised,
                    struct exchange_reading t4, tai_mono_t now)
{
    struct exchange_place *p = find(t, stamps->nonce);
    if (p == NULL || p->replied) {
        t->unexpected++;
        return false;
    }
    p->replied = true;
    p->replied_at = now;
    p->reply = *stamps;
    p->promised = follow_up_promised;
    p->t4 = t4;
    return true;
}

bool exchange_follow_up(struct exchange_table *t, const struct wire_stamps *stamps)
{
    struct exchange_place *p = find(t, stamps->nonce);
    if (p == NULL || p->followed) {
        t->unexpected++;
        return false;
    }
    p->followed = true;
    p->follow_up = *stamps;
    return true;
}

/* Both sent by the same life of the same node about one poll; what was replied stands where they differ. */
static bool follow_up_fits(const struct exchange_place *p)
{
    return p->followed && p->follow_up.timeline.id == p->reply.timeline.id &&
           p->follow_up.t3.ns >= p->reply.t2.ns;
}

static bool waited(const struct exchange_place *p, tai_mono_t now)
{
    return now.ns - p->replied_at.ns >= EXCHANGE_WAIT_NS;
}

static bool complete(const struct exchange_place *p, tai_mono_t now)
{
    if (!p->replied)
        return false;
    bool has_t3 = p->followed || !p->promised;
    return (p->t1.kernel && has_t3) || waited(p, now);
}

static struct sync_exchange readings(const struct exchange_place *p, sync_timeline_t local)
{
    const struct wire_stamps *remote = follow_up_fits(p) ? &p->follow_up : &p->reply;
    return (struct sync_exchange){
        .local = local,
        .remote = p->reply.timeline,
        .t1_ns = p->t1.raw_ns,
        .t4_ns = p->t4.raw_ns,
        .t2_ns = remote->t2.ns,
        .t3_ns = remote->t3.ns,
        .local_width_ns = p->t1.width_ns > p->t4.width_ns ? p->t1.width_ns : p->t4.width_ns,
        .remote_width_ns = remote->width_ns,
    };
}

bool exchange_take(struct exchange_table *t, sync_timeline_t local, tai_mono_t now,
                   struct sync_exchange *ret_exchange)
{
    for (size_t i = 0; i < EXCHANGE_PLACES; i++) {
        struct exchange_place *p = &t->places[i];
        if (!p->open)
            continue;
        if (complete(p, now)) {
            p->open = false;
            t->completed++;
            t->provisional += !p->t1.kernel || (p->promised && !follow_up_fits(p));
            *ret_exchange = readings(p, local);
            return true;
        }
        if (!p->replied && now.ns - p->opened.ns >= EXCHANGE_LIFE_NS) {
            p->open = false;
            t->lost++;
        }
    }
    return false;
}

tai_mono_t exchange_wake(const struct exchange_table *t)
{
    int64_t wake = INT64_MAX;
    for (size_t i = 0; i < EXCHANGE_PLACES; i++) {
        const struct exchange_place *p = &t->places[i];
        if (!p->open)
            continue;
        int64_t at = p->replied ? p->replied_at.ns + EXCHANGE_WAIT_NS : p->opened.ns + EXCHANGE_LIFE_NS;
        wake = at < wake ? at : wake;
    }
    return (tai_mono_t){wake};
}
