/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster file: whatever is taken prints to something that is taken again and prints the same, and every node of it
 * is found by number, name and key. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/cluster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static char *print(const struct cluster *cluster)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    must(f != NULL);
    cluster_print(cluster, f);
    fclose(f);
    return text;
}

static void check(const struct cluster *c)
{
    must(c->servers_count >= 1 && c->servers_count <= SYNC_SERVERS_MAX && c->id != 0 && c->epoch != 0);
    must(c->nodes_count - c->servers_count <= SYNC_CLIENTS_MAX && cluster_name_valid(c->name));
    must(c->preferred.id != 0 ? c->servers_count >= 2 : c->servers_count != 2);
    for (size_t i = 0; i < c->nodes_count; i++) {
        const struct cluster_node *n = &c->nodes[i];
        must(n->node.id != 0 && n->server == (i < c->servers_count));
        must(cluster_find(c, n->node) == n && cluster_find_text(c, n->name) == n &&
             cluster_find_key(c, &n->key) == n);
    }
    for (size_t i = 0; i < c->paths_count; i++)
        must(cluster_asymmetry_ns(c, c->paths[i].from, c->paths[i].to) ==
             -cluster_asymmetry_ns(c, c->paths[i].to, c->paths[i].from));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cluster *c = NULL;
    struct tai_error error = {0};
    if (cluster_parse("/etc/cluster.yaml", data, size, &c, &error) != TAI_OK) {
        must(c == NULL && error.text[0] != 0);
        return 0;
    }
    check(c);
    char *once = print(c);
    cluster_free(c);
    c = NULL;
    must(cluster_parse("/etc/cluster.yaml", once, strlen(once), &c, &error) == TAI_OK);
    char *twice = print(c);
    must(strcmp(once, twice) == 0);
    cluster_free(c);
    free(once);
    free(twice);
    return 0;
}
