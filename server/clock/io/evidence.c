/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/evidence.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "sdk/base/text.h"

enum { COMM_BYTES = 64, STATUS_BYTES = 8192, PATH_BYTES = 4096, CMDLINE_BYTES = 4096 };

/* Everything that is asked about one process. */
struct process {
    uint8_t comm[COMM_BYTES], status[STATUS_BYTES], uid_map[EVIDENCE_MAP_BYTES], exe[PATH_BYTES],
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

/* From "State:\tS (sleeping)" and "CapEff:\t<16 hex digits>" in a status file; 0 without them. */
static void read_status(struct bytes status, struct keeper_facts *facts)
{
    struct lines lines = {status};
    struct bytes line;
    uint8_t caps[8];
    while (lines_next(&lines, &line)) {
        if (bytes_strip_prefix(&line, "State:\t"))
            facts->state = line.len > 0 ? (char)line.data[0] : 0;
        else if (bytes_strip_prefix(&line, "CapEff:\t"))
            facts->caps = hex_decode(line, caps, sizeof caps) ? be64_read(caps) : 0;
    }
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

/* Only the name is set for a process that has nothing to do with clocks. Points into `p`. */
static void examine(int dir, struct process *p, struct bytes our_map, struct keeper_facts *ret_facts)
{
    struct keeper_facts *facts = ret_facts;
    *facts = (struct keeper_facts){.comm = read_comm(dir, p)};
    if (!keeper_name_matters(facts->comm))
        return;
    read_status(read_at(dir, "status", p->status, sizeof p->status), facts);
    struct bytes map = read_at(dir, "uid_map", p->uid_map, sizeof p->uid_map);
    facts->our_userns = our_map.len > 0 && bytes_equal(map, our_map);
    facts->cmdline = read_at(dir, "cmdline", p->cmdline, sizeof p->cmdline);
    char link[PATH_BYTES];
    ssize_t n = readlinkat(dir, "exe", link, sizeof link);
    for (ssize_t i = 0; i < n; i++)
        p->exe[i] = (uint8_t)link[i];
    facts->exe = bytes_of(p->exe, n > 0 ? (size_t)n : 0);
}

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
static void take(int dir, struct process *p, struct bytes our_map, struct evidence *evidence)
{
    struct keeper_facts facts;
    examine(dir, p, our_map, &facts);
    keeper_count(&evidence->found, &facts);
    if (is_believed(keeper_classify(&facts)) && evidence->held < EVIDENCE_KEEPERS_MAX)
        evidence->processes[evidence->held++] = dir;
    else
        close(dir);
}

void evidence_scan(const char *proc, struct evidence *evidence)
{
    evidence_release(evidence);
    evidence->found = (struct keeper_evidence){.chronyd = 0};
    DIR *all = opendir(proc);
    if (all == NULL)
        return;
    struct process p;
    /* Seen from inside, an unprivileged user namespace cannot map what ours maps: equal text is the same one.
     */
    struct bytes ours = read_at(dirfd(all), "self/uid_map", evidence->our_map, sizeof evidence->our_map);
    evidence->our_map_len = ours.len;
    for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
        if (!is_pid(entry->d_name))
            continue;
        int dir = openat(dirfd(all), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir >= 0)
            take(dir, &p, ours, evidence);
    }
    closedir(all);
}

bool evidence_stands(const struct evidence *evidence)
{
    struct process p;
    struct bytes ours = bytes_of(evidence->our_map, evidence->our_map_len);
    for (uint32_t i = 0; i < evidence->held; i++) {
        struct keeper_facts facts;
        examine(evidence->processes[i], &p, ours, &facts);
        if (!is_believed(keeper_classify(&facts)))
            return false;
    }
    return true;
}
