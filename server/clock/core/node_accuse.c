/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this node accuses the master that it follows, and on what ground: the reason that stands against it, and how far its
 * claim lies from what was measured here. Others count the accusers; the ground is for people. */
#include "sdk/sync/line.h"
#include "server/clock/core/node_state.h"

/* What the reason compares a claim with; false: there is none. */
static bool measured(const struct node *node, const struct engine_now *now,
                     const struct guard_evidence *evidence, enum guard_reason reason,
                     struct tai_interval *ret_interval)
{
    struct sync_line own;
    if (reason == GUARD_OUTSIDE_REFERENCE) {
        *ret_interval = evidence->reference;
        return evidence->has_reference;
    }
    if (reason != GUARD_OUTSIDE_OWN && reason != GUARD_UNMEASURED)
        return guard_hull_wide(evidence, ret_interval);
    if (!clockwork_target(&node->clockwork, &own) || !page_status_has_interval(own.status))
        return false;
    *ret_interval = line_interval(&own, now->raw);
    return true;
}

static struct election_ground ground_of(const struct node *node, const struct engine_now *now,
                                        const struct sync_line *claim, const struct guard_evidence *evidence,
                                        enum guard_reason reason)
{
    struct election_ground ground = {.reason = (uint8_t)reason}, full = ground;
    struct tai_interval i;
    struct sync_line here = *claim;
    if (!line_takeable(claim) || !measured(node, now, evidence, reason, &i))
        return ground;
    line_rebase(&here, now->raw);
    full.measured = interval_half_width(i);
    full.claimed = here.half_width;
    bool sayable = arith_sub(here.tai.ns, interval_midpoint(i).ns, &full.offset_ns) &&
                   full.offset_ns >= -PAGE_INSTANT_NS_MAX && full.offset_ns <= PAGE_INSTANT_NS_MAX &&
                   full.measured.ns <= PAGE_WIDTH_NS_MAX && full.claimed.ns <= PAGE_WIDTH_NS_MAX;
    return sayable ? full : ground;
}

static void accuse(struct node *node, const struct engine_now *now, const struct election_ground *ground,
                   struct engine_actions *actions)
{
    node->accused = true;
    node_election_accuse(node, now, ground, actions);
}

/* A relative line that is not ours: whoever is right, both can not be. */
static bool contradicts_own(const struct node *node, const struct engine_now *now,
                            const struct sync_line *claim)
{
    struct sync_line own, line = *claim;
    if (!clockwork_target(&node->clockwork, &own) || own.status != TAISTAMP_STATUS_RELATIVE ||
        line.status != TAISTAMP_STATUS_RELATIVE || !line_takeable(&line))
        return false;
    line_rebase(&line, now->raw);
    struct tai_interval a = line_interval(&own, now->raw), b = line_interval(&line, now->raw);
    return a.latest.ns < b.earliest.ns || b.latest.ns < a.earliest.ns;
}

/* A node without a line believes a relative master only if all but f of the others say the same (demand_agreement). With so many in
 * reach an honest master is soon followed by all of them at once. One that shows each another face never is: nobody has a line to judge
 * it by, and it would lead for ever. So would one that was elected with a time of its own, where the others are too few to be a
 * majority without our own line, which is not the master's (three servers: seed 10133375 of the simulator). */
static bool never_judged(struct node *node, const struct engine_now *now, const struct sync_line *claim)
{
    struct sync_line own;
    size_t up = 0;
    for (size_t i = 0; i < node->others; i++)
        up += peer_reachable(&node->peers[node->server_index[i]], now->raw);
    bool at_odds = !clockwork_target(&node->clockwork, &own) || contradicts_own(node, now, claim);
    if (!at_odds || up + node->f < node->others) {
        node->unjudged_since = 0;
        return false;
    }
    if (node->unjudged_since == 0)
        node->unjudged_since = now->raw.ns;
    return now->raw.ns - node->unjudged_since >= NODE_TORN_NS;
}

void node_accuse(struct node *node, const struct engine_now *now, sync_node_t master,
                 const struct sync_line *claim, const struct guard_evidence *evidence,
                 struct engine_actions *actions)
{
    const struct suspicion_server *s = suspicion_of(&node->suspicion, master);
    bool is_false = s != NULL && s->verdict == SUSPICION_FALSE;
    struct election_ground ground;
    if (node->following.last.reason == GUARD_UNMEASURED) {
        /* What nothing here can judge is no ground to accuse, unless it stays so. */
        if (!never_judged(node, now, claim) || node->accused)
            return;
        node->unjudged_since = 0;
        ground = ground_of(node, now, claim, evidence, GUARD_UNMEASURED);
        accuse(node, now, &ground, actions);
        return;
    }
    node->unjudged_since = 0;
    if (is_false && !node->accused) {
        ground = ground_of(node, now, claim, evidence, (enum guard_reason)s->reason);
        accuse(node, now, &ground, actions);
    } else if (!is_false && node->accused) {
        node->accused = false;
        election_absolve(&node->election);
    }
}
