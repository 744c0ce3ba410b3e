/* SPDX-License-Identifier: Apache-2.0 */
#include "server/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void verbs_ready(int ready_fd, const char *where)
{
    if (ready_fd < 0)
        return;
    char line[VERBS_READY_MAX];
    int n = where != NULL && where[0] != 0 ? snprintf(line, sizeof line, "ready %s\n", where)
                                           : snprintf(line, sizeof line, "ready\n");
    if (n < 0 || (size_t)n >= sizeof line)
        n = snprintf(line, sizeof line, "ready\n"); /* being ready counts for more than saying where */
    /* At most PIPE_BUF bytes: a pipe takes them whole or not at all. */
    while (write(ready_fd, line, (size_t)n) < 0 && errno == EINTR)
        continue;
    close(ready_fd);
}

bool verbs_read_ready(const char *line, const char **ret_where)
{
    size_t len = strlen(line);
    if (len >= VERBS_READY_MAX || strncmp(line, "ready", 5) != 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if (line[i] < 0x20 || line[i] > 0x7E)
            return false;
    if (line[5] == 0) {
        *ret_where = line + 5;
        return true;
    }
    if (line[5] != ' ' || line[6] == ' ' || line[6] == 0)
        return false;
    *ret_where = line + 6;
    return true;
}
