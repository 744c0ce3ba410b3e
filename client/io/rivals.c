/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/rivals.h"

#include <string.h>
#include <unistd.h>

#include "sdk/base/error.h"

enum { NAMES_BYTES = RIVALS_MAX * 48 };

static bool matters(struct bytes comm)
{
    return steerer_of(comm) != STEERER_NONE;
}

static void take(void *ctx, int dir, uint64_t pid, const struct process_facts *facts)
{
    struct rivals *rivals = ctx;
    close(dir);
    if (!steerer_is_rival(facts))
        return;
    if (rivals->count < RIVALS_MAX) {
        struct rival *rival = &rivals->rivals[rivals->count];
        struct out name = out_of(rival->comm, sizeof rival->comm);
        out_bytes(&name, facts->comm);
        if (!out_terminate(&name))
            rival->comm[0] = 0;
        rival->pid = (uint32_t)pid;
        rival->timesyncd = bytes_equal_str(facts->comm, "systemd-timesyn");
    }
    rivals->count++;
}

void rivals_find(const char *proc, struct rivals *ret_rivals)
{
    *ret_rivals = (struct rivals){.count = 0};
    struct process_search search = {.matters = matters, .take = take, .ctx = ret_rivals};
    processes_each(proc, &search);
}

enum tai_err rivals_none(const char *proc, struct tai_error *error)
{
    struct rivals rivals;
    char names[NAMES_BYTES];
    struct out out = out_of(names, sizeof names);
    bool timesyncd_only = true;
    rivals_find(proc, &rivals);
    if (rivals.count == 0)
        return TAI_OK;
    for (uint32_t i = 0; i < rivals.count && i < RIVALS_MAX; i++) {
        const struct rival *rival = &rivals.rivals[i];
        timesyncd_only = timesyncd_only && rival->timesyncd;
        out_str(&out, i == 0 ? "" : ", ");
        out_str(&out, rival->timesyncd ? "systemd-timesyncd" : rival->comm);
        out_str(&out, " (process ");
        out_u64(&out, rival->pid);
        out_str(&out, ")");
    }
    out_str(&out, rivals.count > RIVALS_MAX ? " and more" : "");
    return error_set_detail(
        error, TAI_ERR_CONFLICT,
        timesyncd_only ? "another program steers the system clock; --take-over stops it, mode page "
                         "leaves the clock alone"
                       : "another program steers the system clock; stop it, or take mode page, which "
                         "leaves the clock alone",
        out_view(&out));
}
