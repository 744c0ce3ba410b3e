/* SPDX-License-Identifier: Apache-2.0 */
/* Whose time a lab machine takes: its master's, by corrections, or that of the servers, by its own polls. */
#include "client/core/follower_parts.h"

#include "client/core/actions.h"
#include "sdk/time/arith.h"

/* ---- Asking the servers ---- */

void follower_poll(struct follower *f, int64_t poll_ns, const struct engine_now *now)
{
    f->polled_ns = poll_ns;
    for (size_t i = 0; i < f->count; i++)
        if (f->settings.members[i].server)
            peer_set_poll(&f->peers[i], poll_ns, now);
}

void follower_burst(struct follower *f, const struct engine_now *now)
{
    for (size_t i = 0; i < f->count; i++)
        peer_burst(&f->peers[i], now);
}

/* Something came that we can not judge: ask, but not for each such thing. */
void follower_ask(struct follower *f, const struct engine_now *now)
{
    if (f->asked && now->raw.ns - f->asked_at.ns < FOLLOWER_ASK_NS)
        return;
    f->asked = true;
    f->asked_at = now->raw;
    follower_burst(f, now);
}

/* ---- The fallback ---- */

void follower_fall_back(struct follower *f, enum guard_reason why, const struct engine_now *now,
                        struct engine_actions *actions)
{
    f->following.active = false;
    f->why = why;
    if (f->state == VIEW_FALLBACK || f->state == VIEW_FREE)
        return;
    f->state = VIEW_FALLBACK;
    f->fallback_since = f->fallback_at = now->raw;
    actions_report(actions, ENGINE_SAYS_FALLBACK, f->belief.master, why, 0);
    follower_poll(
        f, FOLLOWER_POLL_NS < f->settings.peer_poll_ns ? FOLLOWER_POLL_NS : f->settings.peer_poll_ns, now);
}

/* Where the midpoint of the servers leads. False: too few. */
static bool midpoint_line(const struct follower *f, const struct engine_now *now, struct sync_line *ret_line)
{
    struct witness_panel panel;
    struct sync_line own;
    witness_collect(f->peers, f->count, now->raw, f->servers, f->settings.rate_bound, WITNESS_BEST, &panel);
    bool has_own = clockwork_target(&f->clockwork, &own) && witness_absolute(own.status) == panel.absolute;
    struct fallback_input in = {.evidence = panel.evidence, .servers = f->servers, .has_own = has_own};
    for (size_t i = 0; i < panel.evidence.witnesses_count; i++) {
        in.rates_ps_per_s[i] = panel.rates_ps_per_s[i];
        in.skews_ps_per_s[i] = panel.skews_ps_per_s[i];
    }
    if (has_own) {
        in.own = line_tai(&own, now->raw);
        in.own_half_width = line_half_width(&own, now->raw);
        in.own_rate_ps_per_s = own.rate_ps_per_s;
    }
    struct fallback_result r = fallback_midpoint(&in);
    if (!r.moved)
        return false;
    *ret_line = (struct sync_line){.timeline = now->timeline,
                                   .raw = now->raw,
                                   .tai = {in.own.ns + r.move_ns},
                                   .half_width = r.half_width,
                                   .rate_ps_per_s = r.rate_ps_per_s,
                                   .growth = r.growth,
                                   .expires = {now->raw.ns + FOLLOWING_LIFE_NS},
                                   .status = panel.status,
                                   .source = panel.source};
    return line_valid(ret_line);
}

/* Polls every two seconds at first, then more and more rarely, down to what a quiet life has. */
static int64_t fallback_poll(const struct follower *f, const struct engine_now *now)
{
    int64_t poll = FOLLOWER_POLL_NS, left = (now->raw.ns - f->fallback_since.ns) / FOLLOWER_EAGER_NS;
    for (; left > 0 && poll < f->settings.peer_poll_ns; left /= 2)
        poll *= 2;
    return poll < f->settings.peer_poll_ns ? poll : f->settings.peer_poll_ns;
}

static void move_to_midpoint(struct follower *f, const struct engine_now *now)
{
    struct sync_line line;
    if (now->raw.ns < f->fallback_at.ns)
        return;
    f->fallback_at = (tai_mono_t){now->raw.ns + FOLLOWER_POLL_NS};
    if (midpoint_line(f, now, &line)) {
        struct view_budget budget = {.upstream_ns = line.half_width.ns};
        clockwork_aim(&f->clockwork, now, &line, &budget);
        f->state = VIEW_FALLBACK;
    } else {
        f->state = VIEW_FREE;
    }
    if (fallback_poll(f, now) != f->polled_ns)
        follower_poll(f, fallback_poll(f, now), now);
}

void follower_lead(struct follower *f, const struct engine_now *now, struct engine_actions *actions)
{
    if (following_flows(&f->following, now->raw))
        return;
    if (f->state == VIEW_STARTING && now->raw.ns - f->begun.ns < FOLLOWER_GRACE_NS)
        return;
    if (f->state == VIEW_STARTING || f->state == VIEW_FOLLOWING)
        follower_fall_back(f, GUARD_LEASE, now, actions);
    move_to_midpoint(f, now);
}

/* ---- Corrections ---- */

static struct view_budget budget_of(const struct peer *peer, const struct engine_now *now,
                                    const struct sync_line *line)
{
    struct peer_placement p;
    struct view_budget b = {.upstream_ns = line->half_width.ns, .stamps_ns = now->width_ns};
    if (peer_placement(peer, now->raw, &p))
        b.path_ns = p.half_width_ns < b.upstream_ns ? p.half_width_ns : b.upstream_ns;
    b.upstream_ns -= b.path_ns;
    b.stamps_ns = b.stamps_ns < b.upstream_ns ? b.stamps_ns : b.upstream_ns;
    b.upstream_ns -= b.stamps_ns;
    return b;
}

static void take_up(struct follower *f, size_t index, const struct engine_now *now,
                    const struct sync_line *line, struct engine_actions *actions)
{
    const struct guard_result *r = &f->following.last;
    sync_node_t master = f->settings.members[index].node;
    struct view_budget budget = budget_of(&f->peers[index], now, line);
    witness_offer_leap(f->peers, f->count, f->faults + 1, &f->following.leap, &f->clockwork);
    clockwork_aim(&f->clockwork, now, line, &budget);
    if (f->state != VIEW_FOLLOWING)
        follower_poll(f, f->settings.peer_poll_ns, now);
    f->state = VIEW_FOLLOWING;
    if (r->verdict == GUARD_SUSPECT && f->suspects++ == 0)
        actions_report(actions, ENGINE_SAYS_SUSPECT, master, r->reason, r->by_ns);
    if (r->verdict == GUARD_ACCEPT && f->suspects > 0) {
        f->suspects = 0;
        actions_report(actions, ENGINE_SAYS_CLEARED, master, 0, 0);
    }
}

static void turn_down(struct follower *f, size_t index, const struct engine_now *now,
                      struct engine_actions *actions)
{
    const struct guard_result *r = &f->following.last;
    switch (r->reason) {
    case GUARD_NOT_MASTER:
    case GUARD_UNMEASURED:
        follower_ask(f, now);
        return;
    case GUARD_OUTSIDE_PEERS:
    case GUARD_OUTSIDE_REFERENCE:
    case GUARD_OUTSIDE_OWN:
    case GUARD_RATE:
        actions_report(actions, ENGINE_SAYS_REJECTED, f->settings.members[index].node, r->reason, r->by_ns);
        follower_ask(f, now);
        if (f->state == VIEW_FOLLOWING)
            follower_fall_back(f, r->reason, now, actions);
        return;
    case GUARD_FINE:
    case GUARD_EDGE:
    case GUARD_ODD:
    case GUARD_TRIANGLE:
    case GUARD_WIDTH:
    case GUARD_FALSE_REFERENCE:
    case GUARD_EXPIRED:
    case GUARD_REPLAYED:
    case GUARD_LOWER_TERM:
    case GUARD_OTHER_TIMELINE:
    case GUARD_FUTURE:
    case GUARD_LEASE:
    case GUARD_SELF:
        return; /* counted */
    }
}

/* Time never steps: `unknown` comes between, and what comes next is taken up as at a start. */
static void give_up_line(struct follower *f, const struct engine_now *now)
{
    clockwork_void(&f->clockwork, now);
    f->following.active = false;
    f->state = VIEW_STARTING;
    f->begun = now->raw;
}

/* From relative to absolute time that is far: what was published before said nothing about TAI, and slewing would take hours. */
static bool begins_again(const struct follower *f, const struct engine_now *now, const struct sync_line *line)
{
    struct sync_line own;
    int64_t far;
    if (!witness_absolute(line->status) || !clockwork_target(&f->clockwork, &own) ||
        witness_absolute(own.status) ||
        !arith_sub(line_tai(line, now->raw).ns, line_tai(&own, now->raw).ns, &far))
        return false;
    return far > FOLLOWER_BEGIN_AGAIN_NS || far < -FOLLOWER_BEGIN_AGAIN_NS;
}

void follower_correct(struct follower *f, size_t index, struct engine_now *now, const struct wire_message *m,
                      struct engine_actions *actions)
{
    struct witness_panel panel;
    struct sync_line own, line;
    bool absolute = witness_absolute(m->correction.line.status);
    enum witness_kind kind = absolute ? WITNESS_ABSOLUTE : WITNESS_RELATIVE;
    witness_collect(f->peers, f->count, now->raw, f->servers, f->settings.rate_bound, kind, &panel);
    if (absolute && witness_references(f->peers, f->count, now->raw, f->faults, NULL, 0, &panel.evidence))
        panel.absolute = true;
    witness_sole_reference(&panel.evidence, m->header.sender);
    if (clockwork_target(&f->clockwork, &own) && witness_absolute(own.status) == absolute)
        witness_add_own(&panel, &own, now->raw);
    bool taken =
        following_correction(&f->following, now, m, f->belief.master, f->belief.term, &panel.evidence, &line);
    if (f->following.last.own_is_wrong)
        actions_report(actions, ENGINE_SAYS_REJECTED, f->settings.self, GUARD_SELF, f->following.last.by_ns);
    if (f->following.last.own_is_wrong || (taken && begins_again(f, now, &line)))
        give_up_line(f, now);
    else if (taken)
        take_up(f, index, now, &line, actions);
    else
        turn_down(f, index, now, actions);
}
