/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/evidence.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "sdk/base/text.h"

enum { COMM_BYTES = 64, STATUS_BYTES = 8192, MAP_BYTES = 1024, PATH_BYTES = 4096, CMDLINE_BYTES = 4096 };

/* Everything that is asked about one process. */
struct process {
    uint8_t comm[COMM_BYTES], status[STATUS_BYTES], uid_map[MAP_BYTES], exe[PATH_BYTES],
        cmdline[CMDLINE_BYTES];
};

/* What fits of a file; empty where it cannot be read. */
static struct bytes read_at(int dir, const char *name, uint8_t *buffer, size_t cap)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return bytes_of(buffer, 0);
    size_t len = 0;
    for (ssize_t n = 1; n > 0 && len<cap; len += n> 0 ? (size_t)n : 0)
        n = read(fd, buffer + len, cap - len);
    close(fd);
    return bytes_of(buffer, len);
}

/* The value of "CapEff:\t<16 hex digits>\n" in a status file; 0 without one. */
static uint64_t effective_caps(struct bytes status)
{
    struct lines lines = {status};
    struct bytes line;
    uint8_t caps[8];
    while (lines_next(&lines, &line))
        if (bytes_strip_prefix(&line, "CapEff:\t"))
            return hex_decode(line, caps, sizeof caps) ? be64_read(caps) : 0;
    return 0;
}

static bool is_pid(const char *name)
{
    uint64_t pid;
    return text_read_u64(bytes_of_str(name), UINT32_MAX, &pid);
}

static struct bytes read_comm(int dir, struct process *p)
{
    struct bytes comm = read_at(dir, "comm", p->comm, sizeof p->comm);
    if (comm.len > 0 && comm.data[comm.len - 1] == '\n')
        comm.len--;
    return comm;
}

static void examine(int dir, struct process *p, struct bytes our_map, struct keeper_evidence *evidence)
{
    struct keeper_facts facts = {.comm = read_comm(dir, p)};
    if (!keeper_name_matters(facts.comm))
        return;
    facts.caps = effective_caps(read_at(dir, "status", p->status, sizeof p->status));
    struct bytes map = read_at(dir, "uid_map", p->uid_map, sizeof p->uid_map);
    facts.our_userns = our_map.len > 0 && bytes_equal(map, our_map);
    facts.cmdline = read_at(dir, "cmdline", p->cmdline, sizeof p->cmdline);
    char link[PATH_BYTES];
    ssize_t n = readlinkat(dir, "exe", link, sizeof link);
    for (ssize_t i = 0; i < n; i++)
        p->exe[i] = (uint8_t)link[i];
    facts.exe = bytes_of(p->exe, n > 0 ? (size_t)n : 0);
    keeper_count(evidence, &facts);
}

void evidence_scan(const char *proc, struct keeper_evidence *ret_evidence)
{
    *ret_evidence = (struct keeper_evidence){.chronyd = 0};
    DIR *all = opendir(proc);
    if (all == NULL)
        return;
    struct process p;
    uint8_t our_map[MAP_BYTES];
    /* Seen from inside, an unprivileged user namespace cannot map what ours maps: equal text is the same one.
     */
    struct bytes ours = read_at(dirfd(all), "self/uid_map", our_map, sizeof our_map);
    for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
        if (!is_pid(entry->d_name))
            continue;
        int dir = openat(dirfd(all), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
            continue;
        examine(dir, &p, ours, ret_evidence);
        close(dir);
    }
    closedir(all);
}
