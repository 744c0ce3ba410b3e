/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/actions.h"

#include "sdk/time/arith.h"

void actions_begin(struct engine_actions *a, const struct engine_now *now)
{
    a->wake = (tai_mono_t){now->raw.ns < INT64_MAX - NS_PER_S ? now->raw.ns + NS_PER_S : INT64_MAX};
    a->publish = a->steer = 0;
    a->sends_count = a->persists_count = a->reports_count = 0;
    a->reports_lost = 0;
    a->term = 0;
    a->master = (sync_node_t){0};
}

void actions_report(struct engine_actions *a, enum engine_report_kind kind, sync_node_t node, int64_t value,
                    int64_t other)
{
    if (a->reports_count == ENGINE_REPORTS_MAX) {
        a->reports_lost++;
        return;
    }
    a->reports[a->reports_count++] = (struct engine_report){kind, node, value, other};
}

bool actions_can_send(const struct engine_actions *a)
{
    return a->sends_count < ENGINE_SENDS_MAX;
}

struct engine_send *actions_send(struct engine_actions *a, const struct engine_address *to, uint64_t token)
{
    if (!actions_can_send(a) || to->family == 0)
        return NULL;
    struct engine_send *send = &a->sends[a->sends_count++];
    send->to = *to;
    send->token = token;
    send->len = 0;
    return send;
}

struct engine_persist *actions_persist(struct engine_actions *a, enum engine_record record, uint64_t token)
{
    if (a->persists_count == sizeof a->persists / sizeof a->persists[0])
        return NULL;
    struct engine_persist *persist = &a->persists[a->persists_count++];
    persist->record = record;
    persist->token = token;
    persist->len = 0;
    return persist;
}

void actions_wake(struct engine_actions *a, tai_mono_t raw)
{
    if (raw.ns < a->wake.ns)
        a->wake = raw;
}
