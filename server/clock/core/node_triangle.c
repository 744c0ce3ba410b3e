/* SPDX-License-Identifier: Apache-2.0 */
/* Triangles of this server, the master and another follower: whose path is asymmetric. */
#include "client/core/witness.h"
#include "sdk/sync/line.h"
#include "sdk/sync/triangle.h"
#include "server/clock/core/node_state.h"

/* Paths are noisy by so many sigmas, and stamps are no better than this. */
enum { NOISE_SIGMAS = 8, STAMPS_NS = 5000 };
/* Corners: the other servers follow. */
enum { SELF = 0, MASTER = 1, OTHERS = 2 };

struct square {
    struct triangle_path paths[TRIANGLE_NODES_MAX][TRIANGLE_NODES_MAX];
};

static int64_t noise_of(int64_t sigma_ns)
{
    return sigma_ns > INT64_MAX / NOISE_SIGMAS ? INT64_MAX : NOISE_SIGMAS * sigma_ns;
}

/* Both follow the same master, so the detour over it and our own path should end at the same instant. */
static bool same_lead(const struct node *node, const struct wire_reply *said, uint64_t term)
{
    return said != NULL && said->master.id != 0 && said->master.id == node->election.master.id &&
           term == node->election.term && (node->state == VIEW_FOLLOWING || node->state == VIEW_MASTER);
}

static const struct peer *other(const struct node *node, size_t server)
{
    return &node->peers[node->server_index[server]];
}

/* Our raw clock to cluster time: our line, which the master's measurements of each second have made. They are less noisy than
 * ours, and STAMPS_NS is for them. */
static struct triangle_path to_master(const struct node *node, const struct engine_now *now)
{
    struct sync_line own;
    struct peer_placement p;
    struct triangle_path path = {.known = clockwork_target(&node->clockwork, &own)};
    if (!path.known)
        return path;
    path.offset_ns = line_tai(&own, now->raw).ns - now->raw.ns;
    for (size_t i = 0; i < node->others; i++)
        if (other(node, i)->member->node.id == node->election.master.id &&
            peer_placement(other(node, i), now->raw, &p))
            path.delay_ns = p.delay_ns;
    return path;
}

/* The two sides at another server: ours to it, as we measured it, and from cluster time, as its line says. */
static void sides_at(const struct node *node, const struct engine_now *now, size_t server,
                     struct square *square)
{
    const struct peer *peer = other(node, server);
    struct peer_placement p;
    struct sync_line own, line;
    uint64_t term;
    tai_mono_t at;
    const struct wire_reply *said = peer_said(peer, &term, &at);
    if (!same_lead(node, said, term) || !peer_line(peer, now->raw, &line) ||
        !peer_placement(peer, now->raw, &p) || !clockwork_target(&node->clockwork, &own) ||
        witness_absolute(own.status) != witness_absolute(line.status))
        return;
    bool is_master = peer->member->node.id == node->election.master.id;
    int64_t noise = noise_of(p.sigma_ns);
    bool fits = noise < INT64_MAX - STAMPS_NS;
    square->paths[SELF][OTHERS + server] = (struct triangle_path){
        true, p.remote.ns - now->raw.ns, fits ? noise + STAMPS_NS : INT64_MAX, p.delay_ns};
    square->paths[MASTER][OTHERS + server] =
        (struct triangle_path){true, p.remote.ns - line.tai.ns, 0, is_master ? 0 : said->line.half_width.ns};
}

enum triangle_verdict node_triangle(const struct node *node, const struct engine_now *now, size_t server,
                                    sync_node_t *ret_whose, int64_t *ret_by_ns)
{
    struct square square = {0};
    struct triangle_survey survey;
    square.paths[SELF][MASTER] = to_master(node, now);
    for (size_t i = 0; i < node->others; i++)
        sides_at(node, now, i, &square);
    enum triangle_verdict verdict =
        triangle_close(&square.paths[SELF][MASTER], &square.paths[MASTER][OTHERS + server],
                       &square.paths[SELF][OTHERS + server], ret_by_ns);
    *ret_whose = other(node, server)->member->node;
    if (verdict != TRIANGLE_OPEN && verdict != TRIANGLE_LIE)
        return verdict;
    triangle_survey((const struct triangle_path(*)[TRIANGLE_NODES_MAX])square.paths, OTHERS + node->others,
                    &survey);
    bool path_to_master = survey.suspect && survey.first == SELF && survey.second == MASTER;
    if (path_to_master && node->election.master.id != node->settings.self.id)
        *ret_whose = node->election.master;
    return verdict;
}
