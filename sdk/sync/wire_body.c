/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of every body, in the order of the bytes. */
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/sync/wire_fields.h"
#include "sdk/time/arith.h"
#include "sdk/time/page.h"

enum {
    HELLO_LEN = 64,
    POLL_LEN = 344,
    REPLY_LEN = 200,
    STAMPS_LEN = 40,
    CORRECTION_LEN = 112,
    HEARTBEAT_LEN = 72,
    HEARTBEAT_ACK_LEN = 24,
    VOTE_LEN = 136,
    VOTE_REPLY_LEN = 136,
    ACCUSATION_LEN = 128,
    CERTIFICATE_VOTE_LEN = 4 + ED25519_SIG_LEN,
    CERTIFICATE_LEN = 56 + WIRE_CERTIFICATE_VOTES * CERTIFICATE_VOTE_LEN,
    GOODBYE_LEN = 16,
    FRAME = WIRE_HEADER + WIRE_MAC
};
/* Whoever answers sends no more than it got. */
_Static_assert(FRAME + POLL_LEN >= FRAME + REPLY_LEN + FRAME + STAMPS_LEN,
               "a poll pays for reply and follow-up");
_Static_assert(HEARTBEAT_LEN >= HEARTBEAT_ACK_LEN && VOTE_LEN >= VOTE_REPLY_LEN, "requests pay for replies");
_Static_assert(FRAME + CERTIFICATE_LEN == WIRE_DATAGRAM_MAX, "the certificate is the longest");

size_t wire_body_length(enum wire_type type)
{
    static const uint16_t lengths[WIRE_TYPES] = {
        [WIRE_HELLO] = HELLO_LEN,
        [WIRE_HELLO_REPLY] = HELLO_LEN,
        [WIRE_POLL] = POLL_LEN,
        [WIRE_REPLY] = REPLY_LEN,
        [WIRE_FOLLOW_UP] = STAMPS_LEN,
        [WIRE_CORRECTION] = CORRECTION_LEN,
        [WIRE_HEARTBEAT] = HEARTBEAT_LEN,
        [WIRE_HEARTBEAT_ACK] = HEARTBEAT_ACK_LEN,
        [WIRE_PRE_VOTE] = VOTE_LEN,
        [WIRE_PRE_VOTE_REPLY] = VOTE_REPLY_LEN,
        [WIRE_VOTE] = VOTE_LEN,
        [WIRE_VOTE_REPLY] = VOTE_REPLY_LEN,
        [WIRE_ACCUSATION] = ACCUSATION_LEN,
        [WIRE_CERTIFICATE] = CERTIFICATE_LEN,
        [WIRE_GOODBYE] = GOODBYE_LEN,
    };
    return (unsigned)type < WIRE_TYPES ? lengths[type] : 0;
}

/* ---- What several bodies have ---- */

static void field_node(struct wire_cursor *c, sync_node_t *node, bool needed)
{
    field_u32(c, &node->id);
    field_rule(c, !needed || node->id != 0);
}

/* A raw reading: a timeline begins with its boot. */
static void field_raw(struct wire_cursor *c, tai_mono_t *raw)
{
    field_i64(c, &raw->ns, 0, PAGE_INSTANT_NS_MAX);
}

static void field_tai(struct wire_cursor *c, tai_t *t)
{
    field_i64(c, &t->ns, -PAGE_INSTANT_NS_MAX, PAGE_INSTANT_NS_MAX);
}

/* Half-widths end at PAGE_WIDTH_NS_MAX; beyond there is only "unbounded". */
static void field_width(struct wire_cursor *c, tai_bound_t *width)
{
    field_i64(c, &width->ns, 0, BOUND_UNBOUNDED);
    field_rule(c, width->ns <= PAGE_WIDTH_NS_MAX || width->ns == BOUND_UNBOUNDED);
}

static void field_rate(struct wire_cursor *c, int64_t *rate_ps_per_s)
{
    field_i64(c, rate_ps_per_s, -SYNC_RATE_PS_MAX, SYNC_RATE_PS_MAX);
}

static void field_growth(struct wire_cursor *c, tai_ppb_t *growth)
{
    field_i32(c, &growth->ppb, 0, PAGE_GROWTH_PPB_MAX);
}

/* 64 bytes. */
static void field_line(struct wire_cursor *c, struct sync_line *l)
{
    unsigned status = (unsigned)l->status, source = (unsigned)l->source;
    field_u64(c, &l->timeline.id);
    field_raw(c, &l->raw);
    field_tai(c, &l->tai);
    field_width(c, &l->half_width);
    field_rate(c, &l->rate_ps_per_s);
    field_raw(c, &l->expires);
    field_growth(c, &l->growth);
    field_code(c, &status, 0, TAISTAMP_STATUS_DISRUPTED); /* "expired" is for readers to find */
    field_code(c, &source, 0, TAISTAMP_CLOCK_ASSUMED);
    field_reserved(c, 10);
    field_rule(c, status >= TAISTAMP_STATUS_UNKNOWN ||
                      l->timeline.id != 0); /* a line needs something to lie on */
    l->status = (enum taistamp_status)status;
    l->source = (enum taistamp_clock_source)source;
}

/* 40 bytes, all zero when there is none. */
static void field_reference(struct wire_cursor *c, struct sync_reference *r)
{
    unsigned kind = r->kind;
    field_flag(c, &r->present);
    field_code(c, &kind, 0, TAISTAMP_CLOCK_ASSUMED);
    r->kind = (uint8_t)kind;
    field_u16(c, &r->group);
    field_growth(c, &r->growth);
    field_raw(c, &r->raw);
    field_tai(c, &r->tai);
    field_width(c, &r->half_width);
    field_rate(c, &r->rate_ps_per_s);
    bool empty = r->kind == 0 && r->group == 0 && r->growth.ppb == 0 && r->raw.ns == 0 && r->tai.ns == 0 &&
                 r->half_width.ns == 0 && r->rate_ps_per_s == 0;
    field_rule(c, r->present || empty);
}

/* 24 bytes. */
static void field_leap(struct wire_cursor *c, struct sync_leap *l)
{
    field_i32(c, &l->tai_utc_s, -PAGE_TAI_UTC_S_MAX, PAGE_TAI_UTC_S_MAX);
    field_i32(c, &l->next_tai_utc_s, -PAGE_TAI_UTC_S_MAX, PAGE_TAI_UTC_S_MAX);
    field_tai(c, &l->next);
    field_tai(c, &l->expires);
}

/* ---- Bodies ---- */

static void field_hello(struct wire_cursor *c, struct wire_hello *h, bool reply)
{
    unsigned role = (unsigned)h->role;
    field_u64(c, &h->nonce);
    field_u64(c, &h->echo);
    field_u32(c, &h->wanted);
    field_u32(c, &h->granted);
    field_code(c, &role, WIRE_SERVER, WIRE_CLIENT);
    field_reserved(c, 39); /* 32 of them room for a key share */
    field_rule(c, reply ? h->echo != 0 : h->nonce != 0 && h->echo == 0);
    h->role = (enum wire_role)role;
}

static void field_poll(struct wire_cursor *c, struct wire_poll *p)
{
    field_u64(c, &p->nonce);
    field_bits(c, &p->flags, WIRE_FLAG_BURST | WIRE_FLAG_FOLLOW_UP);
    field_u32(c, &p->interval_ms);
    field_reserved(c, POLL_LEN - 16);
    field_rule(c, p->nonce != 0);
}

static void field_stamps(struct wire_cursor *c, struct wire_stamps *s)
{
    field_u64(c, &s->nonce);
    field_u64(c, &s->timeline.id);
    field_raw(c, &s->t2);
    field_raw(c, &s->t3);
    field_i64(c, &s->width_ns, 0, WIRE_WIDTH_NS_MAX);
    field_rule(c, s->nonce != 0 && s->timeline.id != 0);
}

static void field_reply(struct wire_cursor *c, struct wire_reply *r)
{
    unsigned oscillator = r->oscillator, state = (unsigned)r->state;
    field_stamps(c, &r->stamps);
    field_line(c, &r->line);
    field_reference(c, &r->reference);
    field_leap(c, &r->leap);
    field_rate(c, &r->frequency_ps_per_s);
    field_u32(c, &r->rho_ppb);
    field_node(c, &r->master, false);
    field_bits(c, &r->flags, WIRE_FLAG_FOLLOW_UP | WIRE_FLAG_LEARNED);
    field_u16(c, &r->suspicions);
    field_code(c, &oscillator, 0, WIRE_OSCILLATOR_MAX);
    field_code(c, &state, 0, WIRE_MASTER);
    field_reserved(c, 8);
    field_rule(c, r->rho_ppb <= PAGE_GROWTH_PPB_MAX);
    r->oscillator = (uint8_t)oscillator;
    r->state = (enum wire_state)state;
}

static void field_correction(struct wire_cursor *c, struct wire_correction *k)
{
    field_line(c, &k->line);
    field_u64(c, &k->number);
    field_leap(c, &k->leap);
    field_node(c, &k->deputy, false);
    field_u32(c, &k->interval_ms);
    field_reserved(c, 8);
    field_rule(c, k->number != 0 && k->line.timeline.id != 0);
}

static void field_heartbeat(struct wire_cursor *c, struct wire_heartbeat *h)
{
    field_i64(c, &h->token, INT64_MIN, INT64_MAX);
    field_u32(c, &h->lease_ms);
    field_node(c, &h->deputy, false);
    field_u32(c, &h->quality);
    field_reserved(c, 20);
    field_bytes(c, h->certificate, sizeof h->certificate);
    field_rule(c, h->lease_ms != 0);
}

static void field_heartbeat_ack(struct wire_cursor *c, struct wire_heartbeat_ack *a)
{
    unsigned reason = (unsigned)a->reason;
    field_i64(c, &a->token, INT64_MIN, INT64_MAX);
    field_u32(c, &a->quality);
    field_flag(c, &a->granted);
    field_code(c, &reason, 0, WIRE_VOTE_EXILED);
    field_reserved(c, 10);
    field_rule(c, a->granted == (reason == WIRE_VOTE_GRANTED));
    a->reason = (enum wire_vote_reason)reason;
}

static void field_vote(struct wire_cursor *c, struct wire_vote *v)
{
    field_node(c, &v->candidate, true);
    field_u32(c, &v->quality);
    field_u64(c, &v->proposed_term);
    field_u64(c, &v->last_term);
    field_flag(c, &v->handover);
    field_reserved(c, 7);
    field_u64(c, &v->token);
    field_bytes(c, v->membership, sizeof v->membership);
    field_bytes(c, v->signature, sizeof v->signature);
    field_rule(c, v->proposed_term != 0);
}

static void field_vote_reply(struct wire_cursor *c, struct wire_vote_reply *v)
{
    unsigned reason = (unsigned)v->reason;
    field_node(c, &v->candidate, true);
    field_flag(c, &v->granted);
    field_code(c, &reason, 0, WIRE_VOTE_EXILED);
    field_reserved(c, 2);
    field_u64(c, &v->proposed_term);
    field_u64(c, &v->voter_term);
    field_u64(c, &v->token);
    field_reserved(c, 8);
    field_bytes(c, v->membership, sizeof v->membership);
    field_bytes(c, v->signature, sizeof v->signature);
    field_rule(c, v->proposed_term != 0 && v->granted == (reason == WIRE_VOTE_GRANTED));
    v->reason = (enum wire_vote_reason)reason;
}

static void field_accusation(struct wire_cursor *c, struct wire_accusation *a)
{
    unsigned reason = (unsigned)a->reason;
    field_node(c, &a->accused, true);
    field_code(c, &reason, WIRE_ACCUSE_OUTSIDE, WIRE_ACCUSE_SILENT);
    field_reserved(c, 3);
    field_u64(c, &a->accused_term);
    field_i64(c, &a->offset_ns, -PAGE_INSTANT_NS_MAX, PAGE_INSTANT_NS_MAX);
    field_width(c, &a->measured_width);
    field_width(c, &a->claimed_width);
    field_reserved(c, 24);
    field_bytes(c, a->signature, sizeof a->signature);
    field_rule(c, a->accused_term != 0);
    a->reason = (enum wire_accusation_reason)reason;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= p[i];
    return any == 0;
}

static void field_certificate(struct wire_cursor *c, struct wire_certificate *k)
{
    field_u64(c, &k->term);
    field_u32(c, &k->epoch);
    field_node(c, &k->master, true);
    field_u8(c, &k->count);
    field_reserved(c, 7);
    field_bytes(c, k->membership, sizeof k->membership);
    field_rule(c, k->term != 0 && k->count >= 1 && k->count <= WIRE_CERTIFICATE_VOTES);
    for (size_t i = 0; i < WIRE_CERTIFICATE_VOTES; i++) {
        struct wire_certificate_vote *v = &k->votes[i];
        field_node(c, &v->voter, false);
        field_bytes(c, v->signature, sizeof v->signature);
        uint32_t before = i == 0 ? 0 : k->votes[i - 1].voter.id;
        field_rule(c, i < k->count ? v->voter.id > before
                                   : v->voter.id == 0 && all_zero(v->signature, sizeof v->signature));
    }
}

static void field_goodbye(struct wire_cursor *c, struct wire_goodbye *g)
{
    unsigned reason = (unsigned)g->reason;
    field_node(c, &g->successor, false);
    field_code(c, &reason, WIRE_GOODBYE_STOP, WIRE_GOODBYE_SUPERSEDED);
    field_reserved(c, 11);
    g->reason = (enum wire_goodbye_reason)reason;
}

void field_body(struct wire_cursor *c, struct wire_message *m)
{
    switch (m->header.type) {
    case WIRE_HELLO:
    case WIRE_HELLO_REPLY:
        field_hello(c, &m->hello, m->header.type == WIRE_HELLO_REPLY);
        return;
    case WIRE_POLL:
        field_poll(c, &m->poll);
        return;
    case WIRE_REPLY:
        field_reply(c, &m->reply);
        return;
    case WIRE_FOLLOW_UP:
        field_stamps(c, &m->follow_up);
        return;
    case WIRE_CORRECTION:
        field_correction(c, &m->correction);
        return;
    case WIRE_HEARTBEAT:
        field_heartbeat(c, &m->heartbeat);
        return;
    case WIRE_HEARTBEAT_ACK:
        field_heartbeat_ack(c, &m->heartbeat_ack);
        return;
    case WIRE_PRE_VOTE:
    case WIRE_VOTE:
        field_vote(c, &m->vote);
        return;
    case WIRE_PRE_VOTE_REPLY:
    case WIRE_VOTE_REPLY:
        field_vote_reply(c, &m->vote_reply);
        return;
    case WIRE_ACCUSATION:
        field_accusation(c, &m->accusation);
        return;
    case WIRE_CERTIFICATE:
        field_certificate(c, &m->certificate);
        return;
    case WIRE_GOODBYE:
        field_goodbye(c, &m->goodbye);
        return;
    }
    BUG("a body without a type");
}
