/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/election_sim.h"

#include <string.h>

#define MS INT64_C(1000000)

static bool chance(struct sim *s, unsigned percent)
{
    return prop_below(&s->prop, 100) < percent;
}

static int64_t draw(struct sim *s, int64_t min, int64_t max)
{
    return max <= min ? min : min + (int64_t)prop_below(&s->prop, (uint64_t)(max - min));
}

static int64_t clock_at(const struct sim_node *node, int64_t true_ns)
{
    return node->origin_ns + true_ns + true_ns / 1000 * node->rate_ppb / 1000000;
}

int64_t sim_clock(const struct sim *s, unsigned node)
{
    return clock_at(&s->nodes[node], s->now);
}

/* True time when this clock shows `ns`, or a little after. */
static int64_t true_time_of(const struct sim_node *node, int64_t ns)
{
    if (ns == ELECTION_NEVER)
        return INT64_MAX;
    int64_t passed = ns - node->origin_ns;
    int64_t t = passed - passed / 1000 * node->rate_ppb / 1000000 - 2000;
    while (clock_at(node, t) < ns)
        t += 1000;
    return t;
}

static void broken(struct sim *s, const char *rule)
{
    if (s->broken == NULL)
        s->broken = rule;
}

static struct sim_event *event_add(struct sim *s, int64_t at)
{
    if (s->events_count == SIM_EVENTS) {
        broken(s, "the simulator has room for no more events");
        s->events_count--;
    }
    struct sim_event *event = &s->events[s->events_count++];
    *event = (struct sim_event){.at = at};
    return event;
}

static unsigned faults_of(unsigned n)
{
    return (n - 1) / 3;
}

static unsigned bits(uint32_t set)
{
    unsigned count = 0;
    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

/* ---- the oracle ---- */

static unsigned term_slot(struct sim *s, uint64_t term)
{
    unsigned i = 0;
    while (i < s->terms_count && s->terms[i].term != term)
        i++;
    if (i == s->terms_count && s->terms_count < SIM_TERMS) {
        s->terms[i].term = term;
        s->terms[i].master = s->n;
        s->terms[i].accusers = 0;
        s->terms_count++;
    }
    return i < SIM_TERMS ? i : 0;
}

static bool was_deposed(struct sim *s, uint64_t term)
{
    return bits(s->terms[term_slot(s, term)].accusers) > faults_of(s->n);
}

static void oracle_master(struct sim *s, unsigned node, uint64_t term)
{
    unsigned i = term_slot(s, term);
    if (s->terms[i].master < s->n && s->terms[i].master != node)
        broken(s, "two masters in one term");
    s->terms[i].master = node;
    s->masters++;
}

static bool holds(const struct sim *s, unsigned node)
{
    return s->nodes[node].up && !s->nodes[node].liar &&
           election_lease_held(&s->nodes[node].election, sim_clock(s, node));
}

/* Paused nodes count: their lease must have run out by their own clock when another's begins. */
static void oracle_leases(struct sim *s)
{
    unsigned holders = 0;
    for (unsigned i = 0; i < s->n; i++) {
        const struct election *e = &s->nodes[i].election;
        if (!holds(s, i) || was_deposed(s, e->term))
            continue;
        holders++;
        unsigned near = 0;
        for (unsigned j = 0; j < s->n; j++)
            near += s->groups[j] == s->groups[i];
        int64_t lease_over = s->cut_at + e->settings.lease_ns + e->settings.lease_ns / 1000;
        if (!e->alone && near < lease_quorum(s->n) && s->now > lease_over)
            broken(s, "a master in a minority holds a lease");
    }
    if (holders > 1)
        broken(s, "two masters hold a lease");
}

/* A voter gives its vote away while another master still counts on its promise, or before its disk holds it. */
static void oracle_vote(struct sim *s, unsigned voter, const struct election_message *reply)
{
    const struct sim_node *v = &s->nodes[voter];
    if (v->disk.term != reply->term || v->disk.vote.id != reply->candidate.id)
        broken(s, "a vote left before it was durable");
    for (unsigned i = 0; i < s->n; i++) {
        const struct election *e = &s->nodes[i].election;
        if (!s->nodes[i].up || s->nodes[i].liar || e->role != ELECTION_IS_MASTER || e->alone ||
            i + 1 == reply->candidate.id || was_deposed(s, e->term))
            continue;
        int64_t acked = e->lease.acked[voter];
        if (acked != LEASE_NONE && acked + e->settings.lease_ns > sim_clock(s, i))
            broken(s, "a voter voted while its promise was counted on");
    }
}

/* ---- what nodes do ---- */

static void message_queue(struct sim *s, unsigned from, unsigned to, const struct election_message *m)
{
    unsigned copies = 1 + chance(s, s->repeat_percent);
    for (unsigned c = 0; c < copies; c++) {
        if (chance(s, s->loss_percent))
            continue;
        struct sim_event *event = event_add(s, s->now + draw(s, s->delay_ns_min, s->delay_ns_max));
        event->kind = SIM_MESSAGE;
        event->node = to;
        event->from = from;
        event->message = *m;
    }
}

static void agree_to_anything(struct sim *s, unsigned to, unsigned from, const struct election_message *asked)
{
    struct election_message reply = *asked;
    reply.kind = asked->kind == ELECTION_PRE_VOTE ? ELECTION_PRE_VOTE_REPLY : ELECTION_VOTE_REPLY;
    reply.granted = true;
    message_queue(s, from, to, &reply);
}

static void node_send(struct sim *s, unsigned from, const struct election_action *action)
{
    const struct election_message *m = &action->message;
    if (m->kind == ELECTION_VOTE && s->mutant != SIM_NO_PERSIST)
        oracle_vote(s, from, m); /* its own vote goes with it */
    if (m->kind == ELECTION_VOTE_REPLY && m->granted && s->mutant != SIM_NO_PERSIST)
        oracle_vote(s, from, m);
    if (m->kind == ELECTION_VOTE_REPLY && m->granted && s->mutant == SIM_NO_PERSIST &&
        (s->nodes[from].disk.term != m->term || s->nodes[from].disk.vote.id != m->candidate.id))
        broken(s, "a vote left before it was durable");
    for (unsigned i = 0; i < s->n; i++) {
        if (i == from || (action->to.id != 0 && action->to.id != i + 1))
            continue;
        message_queue(s, from, i, m);
        if (m->kind == ELECTION_PRE_VOTE && s->mutant == SIM_NO_PREVOTE)
            agree_to_anything(s, from, i, m);
    }
}

static void node_persist(struct sim *s, unsigned node, const struct election_action *action)
{
    struct sim_event *event = event_add(s, s->now + draw(s, 0, s->disk_ns_max));
    event->kind = SIM_DISK;
    event->node = node;
    event->life = s->nodes[node].life;
    event->token = action->token;
    event->term = action->term;
    event->vote = action->vote;
}

static void node_act(struct sim *s, unsigned node, const struct election_actions *a)
{
    s->nodes[node].deadline_ns = a->deadline_ns;
    for (unsigned i = 0; i < a->count; i++) {
        const struct election_action *action = &a->list[i];
        switch (action->kind) {
        case ELECTION_SEND:
            node_send(s, node, action);
            break;
        case ELECTION_PERSIST:
            node_persist(s, node, action);
            break;
        case ELECTION_MASTER:
            oracle_master(s, node, action->term);
            break;
        case ELECTION_LOST:
        case ELECTION_FOLLOW:
        case ELECTION_UNFOLLOW:
        case ELECTION_REPORT:
            break;
        }
    }
    if (s->mutant != SIM_NO_PERSIST)
        return;
    for (unsigned i = 0; i < a->count; i++)
        if (a->list[i].kind == ELECTION_PERSIST) {
            struct election_actions more;
            election_on_persisted(&s->nodes[node].election, sim_clock(s, node), a->list[i].token, &more);
            node_act(s, node, &more);
        }
}

static void node_begin(struct sim *s, unsigned node)
{
    struct sim_node *v = &s->nodes[node];
    struct election_actions a;
    v->up = true;
    v->life++;
    v->paused_until = 0;
    v->written = 0;
    election_start(&v->election, &v->settings, &v->disk, sim_clock(s, node), prop_u64(&s->prop), &a);
    election_set_quality(&v->election, (uint8_t)prop_below(&s->prop, 6));
    if (s->mutant == SIM_SMALL_QUORUM)
        v->election.quorum--;
    if (s->mutant == SIM_MAJORITY)
        v->election.quorum = s->n / 2 + 1;
    if (s->mutant == SIM_NO_SILENCE)
        v->election.silent_until = v->election.stand_at = v->election.now_ns;
    if (s->mutant == SIM_NO_MARGIN)
        v->election.settings.margin_ns = 0;
    node_act(s, node, &a);
}

static void correction_send(struct sim *s, unsigned from)
{
    for (unsigned i = 0; i < s->n; i++) {
        if (i == from || chance(s, s->loss_percent))
            continue;
        struct sim_event *event = event_add(s, s->now + draw(s, s->delay_ns_min, 4 * s->delay_ns_max));
        event->kind = SIM_CORRECTION;
        event->node = i;
        event->from = from;
        event->term = s->nodes[from].election.term;
    }
}

static void correction_apply(struct sim *s, const struct sim_event *event)
{
    struct sim_node *v = &s->nodes[event->node];
    sync_node_t from = {event->from + 1};
    if (s->mutant != SIM_NO_FENCE && !election_accepts_term(&v->election, from, event->term))
        return;
    if (event->term < v->applied)
        broken(s, "a correction of an older term was applied after a newer one");
    v->applied = event->term;
}

static void event_happens(struct sim *s, const struct sim_event *event)
{
    struct sim_node *v = &s->nodes[event->node];
    struct election_actions a;
    if (!v->up || (event->kind != SIM_DISK && s->groups[event->node] != s->groups[event->from]))
        return;
    switch (event->kind) {
    case SIM_MESSAGE:
        if (v->liar) {
            if (event->message.kind == ELECTION_PRE_VOTE || event->message.kind == ELECTION_VOTE)
                agree_to_anything(s, event->from, event->node, &event->message);
            return;
        }
        election_on_message(&v->election, sim_clock(s, event->node), (sync_node_t){event->from + 1},
                            &event->message, &a);
        node_act(s, event->node, &a);
        break;
    case SIM_DISK:
        if (event->life != v->life || event->token <= v->written)
            return; /* lost in the crash, or replaced by a later write already: a disk keeps the order */
        v->written = event->token;
        v->disk = (struct election_memory){ELECTION_MEMORY_KEPT, event->term, event->vote};
        if (s->mutant == SIM_NO_PERSIST)
            return;
        election_on_persisted(&v->election, sim_clock(s, event->node), event->token, &a);
        node_act(s, event->node, &a);
        break;
    case SIM_CORRECTION:
        correction_apply(s, event);
        break;
    case SIM_FREE:
        break;
    }
}

/* The next thing that happens: an event, or a node's deadline. */
static bool step(struct sim *s, int64_t until)
{
    int64_t at = INT64_MAX;
    unsigned which = 0, kind = 0;
    for (unsigned i = 0; i < s->events_count; i++) {
        struct sim_event *event = &s->events[i];
        if (s->nodes[event->node].up && event->at < s->nodes[event->node].paused_until)
            event->at = s->nodes[event->node].paused_until;
        if (event->at < at)
            at = event->at, which = i, kind = 1;
    }
    for (unsigned i = 0; i < s->n; i++) {
        const struct sim_node *v = &s->nodes[i];
        int64_t due = v->up && !v->liar ? true_time_of(v, v->deadline_ns) : INT64_MAX;
        if (due < v->paused_until)
            due = v->paused_until;
        if (due < s->now)
            due = s->now;
        if (due < at)
            at = due, which = i, kind = 2;
    }
    if (at > until)
        return false;
    s->now = at > s->now ? at : s->now;
    if (kind == 1) {
        struct sim_event event = s->events[which];
        s->events[which] = s->events[--s->events_count];
        event_happens(s, &event);
    } else {
        struct election_actions a;
        election_on_tick(&s->nodes[which].election, sim_clock(s, which), &a);
        node_act(s, which, &a);
        if (holds(s, which))
            correction_send(s, which);
    }
    oracle_leases(s);
    return true;
}

void sim_run(struct sim *s, int64_t for_ns)
{
    int64_t until = s->now + for_ns;
    while (s->broken == NULL && step(s, until))
        ;
    s->now = until;
}

/* ---- what befalls them ---- */

void sim_crash(struct sim *s, unsigned node)
{
    s->nodes[node].up = false;
}

void sim_restart(struct sim *s, unsigned node)
{
    if (!s->nodes[node].up)
        node_begin(s, node);
}

void sim_accuse(struct sim *s, unsigned node)
{
    struct sim_node *v = &s->nodes[node];
    if (!v->up || v->liar)
        return;
    struct election_actions a;
    election_accuse(&v->election, sim_clock(s, node), &(struct election_ground){.reason = 16}, &a);
    /* What the accusers mean counts, not when it arrives. */
    if (v->election.accused.id != 0)
        s->terms[term_slot(s, v->election.term)].accusers |= UINT32_C(1) << node;
    node_act(s, node, &a);
}

void sim_leave(struct sim *s, unsigned node)
{
    struct sim_node *v = &s->nodes[node];
    if (!v->up || v->liar)
        return;
    struct election_actions a;
    election_leave(&v->election, sim_clock(s, node), &a);
    node_act(s, node, &a);
    v->up = false;
}

void sim_cut(struct sim *s, uint32_t group)
{
    for (unsigned i = 0; i < s->n; i++)
        s->groups[i] = group >> i & 1;
    s->cut_at = s->now;
}

void sim_heal(struct sim *s)
{
    s->loss_percent = s->repeat_percent = 0;
    s->delay_ns_min = 50000;
    s->delay_ns_max = 2 * MS;
    s->disk_ns_max = 20 * MS;
    sim_cut(s, 0);
    for (unsigned i = 0; i < s->n; i++) {
        s->nodes[i].paused_until = 0;
        sim_restart(s, i);
    }
}

unsigned sim_agreed(const struct sim *s)
{
    unsigned master = s->n;
    for (unsigned i = 0; i < s->n; i++)
        if (holds(s, i)) {
            if (master < s->n)
                return s->n;
            master = i;
        }
    for (unsigned i = 0; i < s->n && master < s->n; i++) {
        const struct election *e = &s->nodes[i].election;
        if (s->nodes[i].up && !s->nodes[i].liar &&
            (e->master.id != master + 1 || e->term != s->nodes[master].election.term))
            return s->n;
    }
    return master;
}

void sim_start(struct sim *s, uint64_t seed, unsigned n, enum sim_mutant mutant,
               const struct election_settings *settings)
{
    memset(s, 0, sizeof *s);
    s->prop.state = seed;
    s->mutant = mutant;
    s->n = n;
    for (unsigned i = 0; i < n; i++) {
        struct sim_node *v = &s->nodes[i];
        v->settings = *settings;
        v->settings.self.id = i + 1;
        v->settings.members_count = n;
        for (unsigned j = 0; j < n; j++)
            v->settings.members[j].id = j + 1;
        v->origin_ns = draw(s, 0, 1000000 * MS);
        v->rate_ppb = (int32_t)draw(s, -500000, 500001);
        v->disk = (struct election_memory){ELECTION_MEMORY_KEPT, 0, {0}};
    }
    sim_heal(s);
}
