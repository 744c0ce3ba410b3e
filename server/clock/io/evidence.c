/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/evidence.h"

#include <unistd.h>

static bool is_believed(enum keeper_kind kind)
{
    return kind == KEEPER_CHRONYD || kind == KEEPER_NTPD;
}

void evidence_release(struct evidence *evidence)
{
    while (evidence->held > 0)
        close(evidence->processes[--evidence->held]);
}

/* Counts the process in `dir`, and keeps or closes it. */
static void take(void *ctx, int dir, uint64_t pid, const struct process_facts *facts)
{
    struct evidence *evidence = ctx;
    (void)pid;
    keeper_count(&evidence->found, facts);
    if (is_believed(keeper_classify(facts)) && evidence->held < EVIDENCE_KEEPERS_MAX)
        evidence->processes[evidence->held++] = dir;
    else
        close(dir);
}

void evidence_scan(const char *proc, struct evidence *evidence)
{
    evidence_release(evidence);
    evidence->found = (struct keeper_evidence){.chronyd = 0};
    evidence->search = (struct process_search){.matters = keeper_name_matters, .take = take, .ctx = evidence};
    processes_each(proc, &evidence->search);
}

bool evidence_stands(const struct evidence *evidence)
{
    struct process_buffers buffers;
    for (uint32_t i = 0; i < evidence->held; i++) {
        struct process_facts facts;
        process_examine(evidence->processes[i], &evidence->search, &buffers, &facts);
        if (!is_believed(keeper_classify(&facts)))
            return false;
    }
    return true;
}
