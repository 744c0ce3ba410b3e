/* SPDX-License-Identifier: Apache-2.0 */
/* Relative time that came apart: when not even all but f of the lines have an instant in common, cluster time is nobody's any more.
 *
 * A master that drags, or tells each something else, can leave every honest server with a line of its own before it is deposed.
 * Each is as good as any other, and each honest master after that is rejected by the others, who measure that it cannot be
 * right. Time may not be stepped, and slewing together what is apart by a second takes hours. So a server gives its relative line up when it sees
 * that for NODE_TORN_NS: readers get `unknown`, and it joins whoever leads next as a server does that has just started
 * (demand_agreement). What was a promise about cluster time ends with `unknown`; no instant that was published is contradicted.
 *
 * f liars alone cannot bring that about: honest servers that follow one time share an instant, and they are all but f. A majority is
 * not enough, for a master with two faces shows each half of the honest servers one: then both halves have a majority with it, nobody rejects
 * anything, and it would lead for ever (seed 10209752 of the simulator). With f = 0 no lie is reckoned with, and the majority keeps its time.
 * With fewer than 2f + 1 lines in reach nothing is given up. Absolute lines never are:
 * they answer to the references. Nor does who leads give its line up: it is what the others will join, or it is deposed. */
#include "client/core/actions.h"
#include "client/core/witness.h"
#include "sdk/sync/line.h"
#include "server/clock/core/node_state.h"

/* The lines of all servers in reach as they say them, ours first; returns how many. 0: we have no relative line. */
static size_t lines(const struct node *node, const struct engine_now *now, struct guard_evidence *ret)
{
    struct sync_line line;
    if (!clockwork_target(&node->clockwork, &line) || line.status != TAISTAMP_STATUS_RELATIVE)
        return 0;
    *ret = (struct guard_evidence){.needed = 1, .faults = node->f};
    ret->witnesses[ret->witnesses_count++] =
        (struct guard_witness){.node = node->settings.self,
                               .tai = line_tai(&line, now->raw),
                               .half_width = line_half_width(&line, now->raw)};
    for (size_t i = 0; i < node->others && ret->witnesses_count < GUARD_WITNESSES_MAX; i++) {
        const struct peer *peer = &node->peers[node->server_index[i]];
        if (peer_reachable(peer, now->raw) && peer_line(peer, now->raw, &line) &&
            page_status_has_interval(line.status))
            ret->witnesses[ret->witnesses_count++] = (struct guard_witness){
                .node = peer->member->node, .tai = line.tai, .half_width = line.half_width};
    }
    return ret->witnesses_count;
}

static bool is_torn(const struct node *node, const struct engine_now *now)
{
    struct guard_evidence e;
    struct tai_interval hull;
    size_t agreeing;
    if (node_time_leads(node, now) || lines(node, now, &e) <= 2 * (size_t)node->f || e.witnesses_count < 2)
        return false;
    bool majority = guard_hull(&e, &hull, &agreeing);
    return !majority || (node->f > 0 && agreeing + node->f < e.witnesses_count);
}

void node_torn_give_up(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    actions_report(actions, ENGINE_SAYS_REJECTED, node->settings.self, GUARD_SELF, 0);
    clockwork_void(&node->clockwork, now);
    node->torn_since = 0;
    node->has_tentative = false;
    /* All that spoke against others was measured against a line that was wrong. */
    for (size_t i = 0; i < node->others; i++)
        suspicion_forget(&node->suspicion, node->settings.members[node->server_index[i]].node);
    node->judged = (struct node_judged){0};
    node->accused = false;
    election_absolve(&node->election);
}

bool node_torn_look(struct node *node, const struct engine_now *now, struct engine_actions *actions)
{
    if (!is_torn(node, now)) {
        node->torn_since = 0;
        return false;
    }
    if (node->torn_since == 0)
        node->torn_since = now->raw.ns;
    if (now->raw.ns - node->torn_since < NODE_TORN_NS)
        return false;
    node_torn_give_up(node, now, actions);
    node->refuted = false;
    if (node->round.state != ROUND_IDLE)
        round_take_up(&node->round, now->raw, NULL);
    if (node->state != VIEW_MASTER)
        node->state = VIEW_STARTING;
    return true;
}
