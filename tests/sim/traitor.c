/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/traitor.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/sync/wire.h"

const char *traitor_name(enum traitor_kind kind)
{
    static const char *const names[TRAITOR_KINDS] = {"none",   "constant",  "two-faced", "drag",
                                                     "silent", "reference", "master",    "terms",
                                                     "narrow", "stamps"};
    return (unsigned)kind < TRAITOR_KINDS ? names[kind] : "?";
}

bool traitor_hlc(const uint8_t *bytes, size_t len, int64_t *ret_l_ns, uint32_t *ret_c)
{
    struct wire_header header;
    if (wire_decode_header((struct bytes){bytes, len}, &header) != WIRE_OK)
        return false;
    *ret_l_ns = header.hlc.l_ns;
    *ret_c = header.hlc.c;
    return true;
}

unsigned traitor_type(const uint8_t *bytes, size_t len)
{
    struct wire_envelope envelope;
    return wire_peek((struct bytes){bytes, len}, &envelope) == WIRE_OK ? (unsigned)envelope.type : 0;
}

/* ---- Traitors ---- */

static const uint8_t *key_for(const struct world_node *node, sync_node_t peer)
{
    for (size_t i = 0; i < node->settings.members_count; i++)
        if (node->members[i].node.id == peer.id)
            return node->members[i].key;
    return NULL;
}

static int64_t lie_now(const struct world *world, const struct world_node *node, sync_node_t to)
{
    int64_t lie = node->plan.lie_ns;
    if (node->plan.traitor == TRAITOR_TWO_FACED)
        return to.id % 2 == 0 ? lie : -lie;
    if (node->plan.traitor == TRAITOR_DRAG)
        return (int64_t)((double)lie * (double)(world->now_ns - WORLD_START_NS) * 1e-9);
    return lie;
}

static void bend_line(struct sync_line *line, int64_t lie)
{
    if (line->status != TAISTAMP_STATUS_UNKNOWN && line->status != TAISTAMP_STATUS_DISRUPTED)
        line->tai.ns += lie;
}

static void bend_time(struct wire_message *message, int64_t lie, bool narrow)
{
    struct wire_reply *reply = &message->reply;
    if (message->header.type == WIRE_CORRECTION) {
        bend_line(&message->correction.line, lie);
        if (narrow && message->correction.line.half_width.ns > 1000)
            message->correction.line.half_width.ns = 1000;
    }
    if (message->header.type != WIRE_REPLY)
        return;
    bend_line(&reply->line, lie);
    if (reply->reference.present)
        reply->reference.tai.ns += lie;
    if (narrow && reply->line.half_width.ns > 1000)
        reply->line.half_width.ns = 1000;
    if (narrow && reply->reference.present)
        reply->reference.half_width.ns = 1000;
}

static void bend_stamps(struct wire_message *message, int64_t lie)
{
    struct wire_stamps *stamps = message->header.type == WIRE_REPLY       ? &message->reply.stamps
                                 : message->header.type == WIRE_FOLLOW_UP ? &message->follow_up
                                                                          : NULL;
    if (stamps == NULL || stamps->t2.ns < llabs(lie) || stamps->t3.ns < llabs(lie))
        return;
    stamps->t2.ns += lie;
    stamps->t3.ns += lie;
}

static void bend_terms(struct world *world, struct world_node *node, struct wire_message *message)
{
    if (!rnd_chance(&world->attack_random, 0.1))
        return;
    message->header.term += (uint64_t)rnd_between(&world->attack_random, 0, 5);
    if (message->header.type == WIRE_REPLY && rnd_chance(&world->attack_random, 0.5)) {
        message->reply.state = WIRE_MASTER;
        message->reply.master = (sync_node_t){node->index + 1};
    }
    if (message->header.type == WIRE_VOTE_REPLY || message->header.type == WIRE_PRE_VOTE_REPLY) {
        message->vote_reply.granted = true;
        message->vote_reply.reason = WIRE_VOTE_GRANTED;
    }
}

bool traitor_twist(struct world *world, struct world_node *node, struct engine_send *send)
{
    struct wire_message message;
    struct bytes bytes = {send->bytes, send->len};
    if (node->plan.traitor == TRAITOR_SILENT)
        return false;
    if (node->plan.traitor == TRAITOR_REFERENCE || wire_decode(bytes, &message) != WIRE_OK)
        return true;
    const uint8_t *key = key_for(node, message.header.receiver);
    int64_t lie = lie_now(world, node, message.header.receiver);
    if (key == NULL)
        return true;
    switch (node->plan.traitor) {
    case TRAITOR_CONSTANT:
    case TRAITOR_TWO_FACED:
    case TRAITOR_DRAG:
        bend_time(&message, lie, false);
        break;
    case TRAITOR_NARROW:
        bend_time(&message, lie, true);
        break;
    case TRAITOR_MASTER:
        if (message.header.type == WIRE_CORRECTION)
            bend_time(&message, lie, false);
        break;
    case TRAITOR_STAMPS:
        bend_stamps(&message, lie);
        break;
    case TRAITOR_TERMS:
        bend_terms(world, node, &message);
        break;
    case TRAITOR_NONE:
    case TRAITOR_SILENT:
    case TRAITOR_REFERENCE:
    case TRAITOR_KINDS:
        break;
    }
    if (wire_valid(&message))
        send->len = (uint16_t)wire_encode(&message, &world->crypto, key, send->bytes);
    return true;
}

/* ---- Attackers ---- */

void traitor_attack(struct world *world)
{
    struct rnd *random = &world->attack_random;
    if (world->kept_count == 0)
        return;
    struct world_datagram *kept = &world->kept[rnd_between(random, 0, (int64_t)world->kept_count - 1)];
    struct engine_address from = kept->from;
    uint8_t bytes[ENGINE_DATAGRAM_MAX];
    size_t len = kept->len;
    uint32_t to = kept->to_node < world->nodes_count ? kept->to_node : 0;
    memcpy(bytes, kept->bytes, len);
    world->attacks++;
    switch (rnd_between(random, 0, 6)) {
    case 0: /* again, as it was */
        break;
    case 1: /* again, from somewhere else */
        from = world_address(5000);
        break;
    case 2: /* back to its sender */
        to = kept->from_node < world->nodes_count ? kept->from_node : 0;
        from = kept->to;
        break;
    case 3: /* to somebody else */
        to = (uint32_t)rnd_between(random, 0, (int64_t)world->nodes_count - 1);
        break;
    case 4: /* changed */
        for (int64_t i = rnd_between(random, 1, 4); i > 0; i--)
            bytes[rnd_between(random, 0, (int64_t)len - 1)] ^= (uint8_t)(1u << rnd_between(random, 0, 7));
        break;
    case 5: /* cut */
        len = (size_t)rnd_between(random, 1, (int64_t)len);
        break;
    default: /* made up */
        len = (size_t)rnd_between(random, 1, ENGINE_DATAGRAM_MAX);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)rnd_u64(random);
        from = world_address((uint32_t)rnd_between(random, 0, 60000));
        break;
    }
    world_inject(world, &from, to, bytes, len);
}
