/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tools/taictl/show.h"
#include "tools/taictl/units.h"

static json_int_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

#define N JSON_INTEGER_FORMAT

static void show_faults(const json_t *faults)
{
    json_int_t margin = number(faults, "margin"), references = number(faults, "references");
    printf("%-14s election: %" N " of the servers may lie (f_vote), %" N " votes make a master\n", "Faults",
           number(faults, "f_vote"), number(faults, "quorum"));
    if (references == 0)
        printf("%-14s no reference: the time is relative\n", "");
    else
        printf("%-14s absolute time: %" N " reference%s, of which %" N " may lie (f_ref)\n", "", references,
               references == 1 ? "" : "s", number(faults, "f_ref"));
    json_int_t f_ref = number(faults, "f_ref");
    printf("%-14s %" N " more fault%s survived now%s\n", "Margin", margin, margin == 1 ? " is" : "s are",
           margin > 0                     ? ""
           : references > 0 && f_ref == 0 ? ": with fewer than 3 references absolute time hangs on each"
                                          : ": the next one may be too many");
    if (number(faults, "accusations") > 0)
        printf("%-14s %" N " server(s) accuse the master\n", "Accusations", number(faults, "accusations"));
}

/* All but the good ones. */
static void show_refused(json_t *datagrams)
{
    const char *name;
    json_t *count;
    bool any = false;
    json_object_foreach(datagrams, name, count)
    {
        if (strcmp(name, "ok") == 0 || strcmp(name, "handshake") == 0)
            continue;
        if (!any)
            printf("%-14s ", "Refused");
        printf("%s%s %" N, any ? ", " : "", name, json_integer_value(count));
        any = true;
    }
    if (any)
        putchar('\n');
}

void show_cluster(const json_t *o)
{
    const json_t *nodes = json_object_get(o, "nodes"), *lease = json_object_get(o, "lease");
    const char *id = json_string_value(json_object_get(o, "cluster"));
    printf("%-14s %s, epoch %" N "\n", "Cluster", id != NULL ? id : "-", number(o, "epoch"));
    printf("%-14s %s\n", "This node", units_node(json_object_get(o, "self")).text);
    printf("%-14s %s (term %" N ")", "Master", units_node(json_object_get(o, "master")).text,
           number(o, "term"));
    if (json_is_true(json_object_get(lease, "valid")) && json_is_string(json_object_get(lease, "left_ns")))
        printf(", lease %s left", units_age(json_object_get(lease, "left_ns")).text);
    printf("\n%-14s %s\n", "Deputy", units_node(json_object_get(o, "deputy")).text);
    if (json_is_true(json_object_get(o, "two_servers")))
        printf("%-14s two servers elect nobody: the master is fixed, the other one stands by\n", "");
    printf("%-14s %" N " of %" N " up", "Servers", number(nodes, "servers_up"), number(nodes, "servers"));
    if (number(nodes, "clients") > 0) /* a lab machine knows of no other one */
        printf("; lab machines: %" N " of %" N " up", number(nodes, "clients_up"), number(nodes, "clients"));
    putchar('\n');
    show_faults(json_object_get(o, "faults"));
    show_refused(json_object_get(o, "datagrams"));
}
