/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/liar.h"

#include <string.h>

#include "sdk/time/page.h"

enum kind { I64, U64, U32, I32, U16, U8, FLAG, CODE };
enum { FIELDS_MAX = 48 };

struct field {
    void *at;
    enum kind kind;
};
struct fields {
    struct field list[FIELDS_MAX];
    size_t count;
};

static uint8_t byte(struct liar *l)
{
    if (l->left > 0) {
        l->left--;
        return *l->bytes++;
    }
    uint64_t z = l->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint8_t)(z >> 32);
}

uint64_t liar_u64(struct liar *l)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | byte(l);
    return v;
}

static void add(struct fields *f, void *at, enum kind kind)
{
    f->list[f->count++] = (struct field){at, kind};
}

static void add_line(struct fields *f, struct sync_line *line)
{
    add(f, &line->timeline.id, U64);
    add(f, &line->raw.ns, I64);
    add(f, &line->tai.ns, I64);
    add(f, &line->half_width.ns, I64);
    add(f, &line->rate_ps_per_s, I64);
    add(f, &line->expires.ns, I64);
    add(f, &line->growth.ppb, I32);
    add(f, &line->status, CODE);
    add(f, &line->source, CODE);
}

static void add_leap(struct fields *f, struct sync_leap *leap)
{
    add(f, &leap->tai_utc_s, I32);
    add(f, &leap->next_tai_utc_s, I32);
    add(f, &leap->next.ns, I64);
    add(f, &leap->expires.ns, I64);
}

static void add_stamps(struct fields *f, struct wire_stamps *s)
{
    add(f, &s->nonce, U64);
    add(f, &s->timeline.id, U64);
    add(f, &s->t2.ns, I64);
    add(f, &s->t3.ns, I64);
    add(f, &s->width_ns, I64);
}

static void add_reply(struct fields *f, struct wire_reply *r)
{
    add_stamps(f, &r->stamps);
    add_line(f, &r->line);
    add(f, &r->reference.present, FLAG);
    add(f, &r->reference.kind, U8);
    add(f, &r->reference.group, U16);
    add(f, &r->reference.raw.ns, I64);
    add(f, &r->reference.tai.ns, I64);
    add(f, &r->reference.half_width.ns, I64);
    add(f, &r->reference.rate_ps_per_s, I64);
    add(f, &r->reference.growth.ppb, I32);
    add_leap(f, &r->leap);
    add(f, &r->frequency_ps_per_s, I64);
    add(f, &r->rho_ppb, U32);
    add(f, &r->oscillator, U8);
    add(f, &r->state, CODE);
    add(f, &r->master.id, U32);
    add(f, &r->flags, U32);
}

static void add_election(struct fields *f, struct wire_message *m)
{
    switch (m->header.type) {
    case WIRE_HEARTBEAT:
        add(f, &m->heartbeat.token, I64);
        add(f, &m->heartbeat.lease_ms, U32);
        add(f, &m->heartbeat.deputy.id, U32);
        add(f, &m->heartbeat.quality, U32);
        return;
    case WIRE_HEARTBEAT_ACK:
        add(f, &m->heartbeat_ack.token, I64);
        add(f, &m->heartbeat_ack.quality, U32);
        return;
    case WIRE_PRE_VOTE:
    case WIRE_VOTE:
        add(f, &m->vote.candidate.id, U32);
        add(f, &m->vote.quality, U32);
        add(f, &m->vote.proposed_term, U64);
        add(f, &m->vote.token, U64);
        return;
    case WIRE_PRE_VOTE_REPLY:
    case WIRE_VOTE_REPLY:
        add(f, &m->vote_reply.candidate.id, U32);
        add(f, &m->vote_reply.voter_term, U64);
        add(f, &m->vote_reply.token, U64);
        return;
    case WIRE_ACCUSATION:
        add(f, &m->accusation.accused.id, U32);
        add(f, &m->accusation.accused_term, U64);
        return;
    case WIRE_GOODBYE:
        add(f, &m->goodbye.successor.id, U32);
        add(f, &m->goodbye.reason, CODE);
        return;
    case WIRE_HELLO:
    case WIRE_HELLO_REPLY:
    case WIRE_POLL:
    case WIRE_REPLY:
    case WIRE_FOLLOW_UP:
    case WIRE_CORRECTION:
    case WIRE_CERTIFICATE:
        return;
    }
}

static void add_body(struct fields *f, struct wire_message *m)
{
    add(f, &m->header.term, U64);
    add(f, &m->header.epoch, U32);
    add(f, &m->header.sequence, U64);
    add(f, &m->header.hlc.l_ns, I64);
    add(f, &m->header.hlc.c, U32);
    if (m->header.type == WIRE_HELLO || m->header.type == WIRE_HELLO_REPLY) {
        add(f, &m->hello.wanted, U32);
        add(f, &m->hello.role, CODE);
    } else if (m->header.type == WIRE_POLL) {
        add(f, &m->poll.flags, U32);
        add(f, &m->poll.interval_ms, U32);
    } else if (m->header.type == WIRE_REPLY) {
        add_reply(f, &m->reply);
    } else if (m->header.type == WIRE_FOLLOW_UP) {
        add_stamps(f, &m->follow_up);
    } else if (m->header.type == WIRE_CORRECTION) {
        add_line(f, &m->correction.line);
        add(f, &m->correction.number, U64);
        add(f, &m->correction.deputy.id, U32);
        add(f, &m->correction.interval_ms, U32);
        add_leap(f, &m->correction.leap);
    } else {
        add_election(f, m);
    }
}

/* Where things break: the ends of ranges, powers of two, and near what was there. */
static uint64_t value(struct liar *l, uint64_t was)
{
    static const uint64_t ends[] = {0,
                                    1,
                                    UINT64_MAX,
                                    (uint64_t)PAGE_INSTANT_NS_MAX,
                                    (uint64_t)PAGE_INSTANT_NS_MAX - 1,
                                    (uint64_t)PAGE_INSTANT_NS_MAX - 2000000000,
                                    (uint64_t)-PAGE_INSTANT_NS_MAX,
                                    (uint64_t)-PAGE_INSTANT_NS_MAX + 1000000000,
                                    (uint64_t)PAGE_WIDTH_NS_MAX,
                                    (uint64_t)PAGE_WIDTH_NS_MAX - 1,
                                    (uint64_t)INT64_MAX,
                                    UINT64_C(1) << 63,
                                    UINT64_C(1) << 62,
                                    UINT64_C(1) << 61,
                                    (UINT64_C(1) << 61) - 1,
                                    UINT64_C(1) << 32,
                                    UINT32_MAX,
                                    INT32_MAX,
                                    PAGE_GROWTH_PPB_MAX,
                                    PAGE_TAI_UTC_S_MAX,
                                    (uint64_t)SYNC_RATE_PS_MAX,
                                    (uint64_t)-SYNC_RATE_PS_MAX,
                                    2,
                                    3,
                                    4,
                                    5};
    static const uint64_t steps[] = {1,
                                     10,
                                     1000,
                                     100000,
                                     1000000,
                                     30000000,
                                     1000000000,
                                     UINT64_C(59000000000),
                                     UINT64_C(3600000000000),
                                     UINT64_C(1) << 24,
                                     UINT64_C(1) << 31,
                                     UINT64_C(1) << 32};
    uint8_t b = byte(l);
    if (b < 100)
        return ends[b % (sizeof ends / sizeof *ends)];
    uint64_t step = steps[b % (sizeof steps / sizeof *steps)];
    if (b < 170)
        return was + step;
    if (b < 240)
        return was - step;
    return liar_u64(l);
}

static void change(struct liar *l, const struct field *f)
{
    uint64_t v;
    int64_t signed_v;
    switch (f->kind) {
    case I64:
        memcpy(&signed_v, f->at, sizeof signed_v);
        v = value(l, (uint64_t)signed_v);
        memcpy(f->at, &v, sizeof v);
        return;
    case U64:
        memcpy(&v, f->at, sizeof v);
        v = value(l, v);
        memcpy(f->at, &v, sizeof v);
        return;
    case U32:
    case I32: {
        uint32_t u;
        memcpy(&u, f->at, sizeof u);
        u = (uint32_t)value(l, u);
        memcpy(f->at, &u, sizeof u);
        return;
    }
    case U16: {
        uint16_t u = byte(l) % 4;
        memcpy(f->at, &u, sizeof u);
        return;
    }
    case U8: {
        uint8_t u = byte(l) % 12;
        memcpy(f->at, &u, sizeof u);
        return;
    }
    case FLAG: {
        bool flag = byte(l) % 2 != 0;
        memcpy(f->at, &flag, sizeof flag);
        return;
    }
    case CODE: {
        unsigned code = byte(l) % 12;
        memcpy(f->at, &code, sizeof code);
        return;
    }
    }
}

void liar_twist(struct liar *l, unsigned changes, struct wire_message *message)
{
    struct fields f = {.count = 0};
    add_body(&f, message);
    for (unsigned i = 0; i < changes; i++) {
        struct wire_message before = *message;
        change(l, &f.list[byte(l) % f.count]);
        if (!wire_valid(message))
            *message = before;
    }
}
