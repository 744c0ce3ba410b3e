/* SPDX-License-Identifier: Apache-2.0 */
/* taid status: whether it runs, where it listens, and what the clock page says. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sdk/io/cluster.h"
#include "sdk/io/file.h"
#include "sdk/io/page.h"
#include "server/command.h"
#include "server/config.h"
#include "server/json.h"
#include "server/lock.h"
#include "server/verbs.h"

enum { LISTEN_TEXT_MAX = 4096, NS_PER_US = 1000 };

/* The page, for anybody who may read it: no need to ask a process. */
struct look {
    struct taistamp_reading reading;
    struct clock_line line; /* role none: nothing known of a cluster */
};

static void look_at_clock(const struct taid_config *config, struct look *ret_look)
{
    *ret_look = (struct look){.reading = {.status = TAISTAMP_STATUS_UNKNOWN}};
    taistamp_clock *clock;
    const struct clock_page *page;
    struct tai_error error;
    if (taistamp_clock_open(config->clock.page, &clock, &error) != TAI_OK)
        return;
    if (taistamp_clock_read(clock, &ret_look->reading) != TAI_OK)
        ret_look->reading.status = TAISTAMP_STATUS_UNKNOWN;
    taistamp_clock_close(clock);
    if (ret_look->reading.status == TAISTAMP_STATUS_EXPIRED ||
        page_map(config->clock.page, &page, &error) != TAI_OK)
        return;
    if (page_read(page, &ret_look->line, NULL) != PAGE_OK)
        ret_look->line = (struct clock_line){0};
    page_unmap(page);
}

static int64_t half_width_us(const struct taistamp_reading *r)
{
    return (r->tai.latest.ns - r->tai.earliest.ns) / 2 / NS_PER_US + 1;
}

static void print_master(const struct taid_config *config, const struct clock_line *line)
{
    struct cluster *cluster = NULL;
    struct tai_error error;
    const struct cluster_node *node = NULL;
    if (line->master == 0) {
        fputs(", no master", stdout);
        return;
    }
    if (config->sync.cluster != NULL && cluster_load(config->sync.cluster, &cluster, &error) == TAI_OK)
        node = cluster_find(cluster, (sync_node_t){(uint32_t)line->master});
    if (node != NULL)
        printf(", the master is %s (term %" PRIu64 ")", node->name, line->term);
    else
        printf(", the master is node %" PRIu64 " (term %" PRIu64 ")", line->master, line->term);
    cluster_free(cluster);
}

static void print_clock(const struct taid_config *config, const struct look *l)
{
    const struct page_cluster *c = &l->line.cluster;
    printf("clock: %s", taistamp_status_name(l->reading.status));
    if (page_status_has_interval(l->reading.status))
        printf(" \xc2\xb1 %" PRId64 ".%03" PRId64 " ms", half_width_us(&l->reading) / 1000,
               half_width_us(&l->reading) % 1000);
    putchar('\n');
    if (c->role == PAGE_ROLE_NONE)
        return;
    printf("cluster: %s", page_role_name(c->role));
    print_master(config, &l->line);
    printf(", %u of %u servers up", c->servers_up, c->servers);
    if (c->has_margin)
        printf(", %u more fault%s survived now", c->margin, c->margin == 1 ? " is" : "s are");
    putchar('\n');
}

static json_t *clock_json(const struct look *l)
{
    const struct page_cluster *c = &l->line.cluster;
    bool bounded = page_status_has_interval(l->reading.status);
    json_t *clock =
        json_pack("{s:s, s:o}", "status", taistamp_status_name(l->reading.status), "half_width_us",
                  bounded ? json_integer(half_width_us(&l->reading)) : json_null());
    if (c->role != PAGE_ROLE_NONE)
        (void)json_object_set_new(clock, "cluster",
                                  json_pack("{s:s, s:I, s:I, s:i, s:i, s:o}", "role", page_role_name(c->role),
                                            "master", (json_int_t)l->line.master, "term",
                                            (json_int_t)l->line.term, "servers", (int)c->servers,
                                            "servers_up", (int)c->servers_up, "fault_margin",
                                            c->has_margin ? json_integer(c->margin) : json_null()));
    return clock;
}

/* The lines of run/listen as one string with spaces; NULL: none. */
static char *read_listen(const struct taid_config *config)
{
    char *path = NULL, *text = NULL;
    size_t len = 0;
    struct tai_error error;
    if (asprintf(&path, "%s/run/listen", config->data_dir) < 0)
        return NULL;
    enum tai_err err = file_read(&file_posix, path, LISTEN_TEXT_MAX, &text, &len, &error);
    free(path);
    if (err != TAI_OK)
        return NULL;
    while (len > 0 && text[len - 1] == '\n')
        text[--len] = 0;
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\n')
            text[i] = ' ';
    return text;
}

int command_status(const struct command *command)
{
    struct taid_config *config = NULL;
    struct tai_error error = {.text = ""};
    if (config_load(command->config_path, &config, &error) != TAI_OK) {
        command_refuse(command, &error);
        return TAID_EXIT_USAGE;
    }
    pid_t pid = lock_owner(config);
    char *listen = pid != 0 ? read_listen(config) : NULL;
    bool alone = false;
    if (pid == 0) {
        pid = lock_part_owner(config, "clock");
        alone = pid != 0;
    }
    struct look look;
    look_at_clock(config, &look);
    if (command->json)
        command_print_json(json_pack("{s:b, s:b, s:i, s:s?, s:s?, s:s, s:o}", "ok", 1, "running", pid != 0,
                                     "pid", (int)pid, "alone", alone ? "clock" : NULL, "listen", listen,
                                     "data_dir", config->data_dir, "clock", clock_json(&look)));
    else if (command->quiet)
        ; /* the exit code says it */
    else if (pid == 0)
        printf("taid does not run on %s\n", config->data_dir);
    else if (alone)
        printf("taid clock runs alone on %s as process %d; nobody issues stamps\n", config->data_dir,
               (int)pid);
    else if (listen == NULL)
        printf("taid runs on %s as process %d; it does not listen (yet)\n", config->data_dir, (int)pid);
    else
        printf("taid runs on %s as process %d and listens on %s\n", config->data_dir, (int)pid, listen);
    if (pid != 0 && !command->json && !command->quiet)
        print_clock(config, &look);
    free(listen);
    config_free(config);
    return pid != 0 ? TAID_EXIT_OK : TAID_EXIT_FAILED;
}
