/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "sdk/base/text.h"

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
static void read_status(struct bytes status, struct process_facts *facts)
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

static struct bytes read_comm(int dir, struct process_buffers *p)
{
    struct bytes comm = read_at(dir, "comm", p->comm, sizeof p->comm);
    if (comm.len > 0 && comm.data[comm.len - 1] == '\n')
        comm.len--;
    return comm;
}

void process_examine(int dir, const struct process_search *search, struct process_buffers *buffers,
                     struct process_facts *ret_facts)
{
    struct process_facts *facts = ret_facts;
    *facts = (struct process_facts){.comm = read_comm(dir, buffers)};
    if (!search->matters(facts->comm))
        return;
    read_status(read_at(dir, "status", buffers->status, sizeof buffers->status), facts);
    struct bytes map = read_at(dir, "uid_map", buffers->uid_map, sizeof buffers->uid_map);
    facts->our_userns = search->map_len > 0 && bytes_equal(map, bytes_of(search->map, search->map_len));
    facts->cmdline = read_at(dir, "cmdline", buffers->cmdline, sizeof buffers->cmdline);
    char link[PROCESS_PATH_BYTES];
    ssize_t n = readlinkat(dir, "exe", link, sizeof link);
    for (ssize_t i = 0; i < n; i++)
        buffers->exe[i] = (uint8_t)link[i];
    facts->exe = bytes_of(buffers->exe, n > 0 ? (size_t)n : 0);
}

void processes_each(const char *proc, struct process_search *search)
{
    DIR *all = opendir(proc);
    if (all == NULL)
        return;
    struct process_buffers buffers;
    struct process_facts facts;
    search->map_len = read_at(dirfd(all), "self/uid_map", search->map, sizeof search->map).len;
    for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
        uint64_t pid;
        if (!text_read_u64(bytes_of_str(entry->d_name), UINT32_MAX, &pid))
            continue;
        int dir = openat(dirfd(all), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
            continue;
        process_examine(dir, search, &buffers, &facts);
        if (search->matters(facts.comm))
            search->take(search->ctx, dir, pid, &facts);
        else
            close(dir);
    }
    closedir(all);
}
