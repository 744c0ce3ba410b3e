/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/cluster.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/io/file.h"
#include "sdk/io/openssl.h"
#include "sdk/io/yaml.h"

/* Every node has five items (its map and four values), every path four; the rest of the file has a few. */
static const struct yaml_limits limits = {CLUSTER_TEXT_MAX, SYNC_NODES_MAX * 5 + CLUSTER_PATHS_MAX * 4 + 64};

struct reader {
    const char *path;
    struct cluster *cluster;
    struct tai_error *error;
    const struct yaml_item *preferred, *paths, *servers; /* as met; NULL: not in the file */
};

#define REFUSE(r, at, code, ...) yaml_refuse((r)->path, at, code, (r)->error, __VA_ARGS__)

/* A key of a map, and how its value is taken into `target`. */
struct field {
    const char *name;
    enum tai_err (*take)(struct reader *r, const struct yaml_item *item, void *target);
    bool needed;
};

/* ---- values ---- */

static bool scalar(const struct yaml_item *item)
{
    return item->kind == YAML_KIND_SCALAR && item->text[0] != 0;
}

static enum tai_err take_number(struct reader *r, const struct yaml_item *item, uint64_t max, uint64_t *ret_v)
{
    uint64_t v = 0;
    if (!scalar(item) || !item->plain || !text_read_u64(bytes_of_str(item->text), UINT64_MAX, &v))
        return REFUSE(r, item->line, TAI_ERR_FORMAT, "%s must be a whole number, in plain digits", item->key);
    if (v == 0 || v > max)
        return REFUSE(r, item->line, TAI_ERR_RANGE, "%s must be from 1 to %" PRIu64 ", not %s", item->key,
                      max, item->text);
    *ret_v = v;
    return TAI_OK;
}

bool cluster_name_valid(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);
    return len > 0 && len <= CLUSTER_NAME_MAX && strspn(name, allowed) == len &&
           strchr("._-", name[0]) == NULL && strspn(name, "0123456789") < len;
}

static enum tai_err take_name(struct reader *r, const struct yaml_item *item,
                              char ret_name[CLUSTER_NAME_MAX + 1])
{
    if (!scalar(item) || !cluster_name_valid(item->text))
        return REFUSE(
            r, item->line, TAI_ERR_FORMAT,
            "name must be 1 to %d letters, digits, and . _ - (a letter or digit first, and not digits alone)",
            CLUSTER_NAME_MAX);
    memcpy(ret_name, item->text, strlen(item->text) + 1);
    return TAI_OK;
}

/* ---- nodes ---- */

static enum tai_err node_id(struct reader *r, const struct yaml_item *item, void *target)
{
    uint64_t v = 0;
    enum tai_err err = take_number(r, item, UINT32_MAX, &v);
    if (err == TAI_OK)
        ((struct cluster_node *)target)->node.id = (uint32_t)v;
    return err;
}

static enum tai_err node_name(struct reader *r, const struct yaml_item *item, void *target)
{
    return take_name(r, item, ((struct cluster_node *)target)->name);
}

static enum tai_err node_address(struct reader *r, const struct yaml_item *item, void *target)
{
    struct address a;
    if (!scalar(item) || !address_parse(item->text, CLUSTER_PORT, &a))
        return REFUSE(
            r, item->line, TAI_ERR_FORMAT,
            "address must be numeric with an optional port, such as 192.0.2.1:%d or \"[2001:db8::1]:%d\" "
            "(quotes around [ ]); names are not taken: the clock starts before DNS",
            CLUSTER_PORT, CLUSTER_PORT);
    if (address_is_no_host(&a) || a.port == 0)
        return REFUSE(r, item->line, TAI_ERR_RANGE,
                      "address: no server can be reached at %s; give the one that the other machines use",
                      item->text);
    ((struct cluster_node *)target)->address = a;
    return TAI_OK;
}

static enum tai_err node_key(struct reader *r, const struct yaml_item *item, void *target)
{
    static const char prefix[] = "tainode1-";
    if (scalar(item) && nodekey_public_parse(bytes_of_str(item->text), &((struct cluster_node *)target)->key))
        return TAI_OK;
    bool damaged = scalar(item) && strncmp(item->text, prefix, sizeof prefix - 1) == 0;
    return REFUSE(
        r, item->line, TAI_ERR_FORMAT,
        damaged ? "key: this one was cut or changed on its way; copy the whole of what keygen prints"
                : "key must be the word that begins with tainode1-, as keygen prints it on that machine");
}

static const struct field server_fields[] = {{"id", node_id, true},
                                             {"name", node_name, true},
                                             {"address", node_address, true},
                                             {"key", node_key, true}};
static const struct field client_fields[] = {
    {"id", node_id, true}, {"name", node_name, true}, {"key", node_key, true}};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static enum tai_err take_fields(struct reader *r, const struct yaml_item *map, const struct field *fields,
                                size_t count, const char *where, void *target)
{
    if (map->kind != YAML_KIND_MAP)
        return REFUSE(r, map->line, TAI_ERR_FORMAT, "%s must consist of settings, \"key: value\"", where);
    for (const struct yaml_item *i = map->first; i != NULL; i = i->next) {
        size_t f = 0;
        while (f < count && strcmp(fields[f].name, i->key) != 0)
            f++;
        if (f == count)
            return REFUSE(r, i->line, TAI_ERR_FORMAT, "unknown key \"%.64s\" in %s%s", i->key, where,
                          fields == client_fields && strcmp(i->key, "address") == 0
                              ? ": clients need none, they call the servers"
                              : "");
        enum tai_err err = fields[f].take(r, i, target);
        if (err != TAI_OK)
            return err;
    }
    for (size_t f = 0; f < count; f++) {
        const struct yaml_item *i = map->first;
        while (i != NULL && strcmp(fields[f].name, i->key) != 0)
            i = i->next;
        if (i == NULL && fields[f].needed)
            return REFUSE(r, map->line, TAI_ERR_FORMAT, "%s needs \"%s:\"", where, fields[f].name);
    }
    return TAI_OK;
}

/* Nothing that names a node may name two. */
static enum tai_err check_alone(struct reader *r, const struct cluster_node *n)
{
    const struct cluster *c = r->cluster;
    for (size_t i = 0; i < c->nodes_count; i++) {
        const struct cluster_node *o = &c->nodes[i];
        if (o->node.id == n->node.id)
            return REFUSE(r, n->line, TAI_ERR_CONFLICT,
                          "id %" PRIu32 " is %s's already (line %u): servers and clients share the numbers",
                          n->node.id, o->name, o->line);
        if (strcasecmp(o->name, n->name) == 0)
            return REFUSE(r, n->line, TAI_ERR_CONFLICT,
                          "the name %s stands here a second time (first on line %u)", n->name, o->line);
        if (nodekey_public_equal(&o->key, &n->key))
            return REFUSE(r, n->line, TAI_ERR_CONFLICT,
                          "%s has the key of %s (line %u): every machine needs its own; run keygen on it",
                          n->name, o->name, o->line);
        /* Half a key in common is a copied file with one line changed, or somebody's trick. */
        if (memcmp(o->key.x25519, n->key.x25519, NODEKEY_HALF) == 0 ||
            memcmp(o->key.ed25519, n->key.ed25519, NODEKEY_HALF) == 0)
            return REFUSE(r, n->line, TAI_ERR_CONFLICT,
                          "%s has half of the key of %s (line %u); run keygen on it", n->name, o->name,
                          o->line);
        if (n->server && o->server && address_equal(&o->address, &n->address))
            return REFUSE(r, n->line, TAI_ERR_CONFLICT, "%s has the address of %s (line %u)", n->name,
                          o->name, o->line);
    }
    return TAI_OK;
}

static enum tai_err take_nodes(struct reader *r, const struct yaml_item *list, bool server, size_t max)
{
    const char *what = server ? "servers" : "clients";
    if (list->kind != YAML_KIND_LIST)
        return REFUSE(r, list->line, TAI_ERR_FORMAT,
                      "%s: is followed by a list, one \"- {id: ...}\" to a line", what);
    size_t count = 0;
    for (const struct yaml_item *i = list->first; i != NULL; i = i->next) {
        if (count++ == max)
            return REFUSE(r, i->line, TAI_ERR_SPACE, "a cluster has at most %zu %s", max, what);
        struct cluster_node n = {.server = server, .line = i->line};
        enum tai_err err = take_fields(r, i, server ? server_fields : client_fields,
                                       server ? COUNT(server_fields) : COUNT(client_fields),
                                       server ? "a server" : "a client", &n);
        if (err == TAI_OK)
            err = check_alone(r, &n);
        if (err != TAI_OK)
            return err;
        r->cluster->nodes[r->cluster->nodes_count++] = n;
    }
    return TAI_OK;
}

/* ---- paths ---- */

static enum tai_err take_node_ref(struct reader *r, const struct yaml_item *item, sync_node_t *ret_node)
{
    const struct cluster_node *n = scalar(item) ? cluster_find_text(r->cluster, item->text) : NULL;
    if (n == NULL)
        return REFUSE(r, item->line, TAI_ERR_FORMAT, "%s must be the name or id of a node of this file",
                      item->key);
    *ret_node = n->node;
    return TAI_OK;
}

static enum tai_err path_from(struct reader *r, const struct yaml_item *item, void *target)
{
    return take_node_ref(r, item, &((struct cluster_path *)target)->from);
}

static enum tai_err path_to(struct reader *r, const struct yaml_item *item, void *target)
{
    return take_node_ref(r, item, &((struct cluster_path *)target)->to);
}

static enum tai_err path_asymmetry(struct reader *r, const struct yaml_item *item, void *target)
{
    struct bytes text = scalar(item) && item->plain ? bytes_of_str(item->text) : bytes_of_str("");
    bool negative = bytes_strip_prefix(&text, "-");
    uint64_t v = 0;
    if (!text_read_u64(text, UINT64_MAX, &v) || (negative && v == 0))
        return REFUSE(r, item->line, TAI_ERR_FORMAT, "asymmetry_ns must be a whole number, in plain digits");
    if (v > (uint64_t)CLUSTER_ASYMMETRY_NS_MAX)
        return REFUSE(r, item->line, TAI_ERR_RANGE, "asymmetry_ns must be from -%lld to %lld, not %s",
                      (long long)CLUSTER_ASYMMETRY_NS_MAX, (long long)CLUSTER_ASYMMETRY_NS_MAX, item->text);
    ((struct cluster_path *)target)->asymmetry_ns = negative ? -(int64_t)v : (int64_t)v;
    return TAI_OK;
}

static const struct field path_fields[] = {
    {"from", path_from, true}, {"to", path_to, true}, {"asymmetry_ns", path_asymmetry, true}};

static enum tai_err check_path(struct reader *r, const struct cluster_path *p)
{
    const struct cluster *c = r->cluster;
    const struct cluster_node *from = cluster_find(c, p->from), *to = cluster_find(c, p->to);
    if (p->from.id == p->to.id)
        return REFUSE(r, p->line, TAI_ERR_RANGE,
                      "a path leads to another node, and this one from %s to itself", from->name);
    if (!from->server && !to->server)
        return REFUSE(r, p->line, TAI_ERR_RANGE,
                      "%s and %s are both clients, which do not speak with each other", from->name, to->name);
    for (size_t i = 0; i < c->paths_count; i++) {
        const struct cluster_path *o = &c->paths[i];
        if ((o->from.id == p->from.id && o->to.id == p->to.id) ||
            (o->from.id == p->to.id && o->to.id == p->from.id))
            return REFUSE(
                r, p->line, TAI_ERR_CONFLICT,
                "the path between %s and %s stands here a second time (first on line %u; one way is enough)",
                from->name, to->name, o->line);
    }
    return TAI_OK;
}

static enum tai_err take_paths(struct reader *r, const struct yaml_item *list)
{
    if (list->kind != YAML_KIND_LIST)
        return REFUSE(r, list->line, TAI_ERR_FORMAT,
                      "paths: is followed by a list, one \"- {from: ...}\" to a line");
    for (const struct yaml_item *i = list->first; i != NULL; i = i->next) {
        if (r->cluster->paths_count == CLUSTER_PATHS_MAX)
            return REFUSE(r, i->line, TAI_ERR_SPACE, "a cluster has at most %d paths", CLUSTER_PATHS_MAX);
        struct cluster_path p = {.line = i->line};
        enum tai_err err = take_fields(r, i, path_fields, COUNT(path_fields), "a path", &p);
        if (err == TAI_OK)
            err = check_path(r, &p);
        if (err != TAI_OK)
            return err;
        r->cluster->paths[r->cluster->paths_count++] = p;
    }
    return TAI_OK;
}

/* ---- the file ---- */

static enum tai_err top_name(struct reader *r, const struct yaml_item *item, void *target)
{
    return take_name(r, item, ((struct cluster *)target)->name);
}

static enum tai_err top_id(struct reader *r, const struct yaml_item *item, void *target)
{
    return take_number(r, item, UINT64_MAX, &((struct cluster *)target)->id);
}

static enum tai_err top_epoch(struct reader *r, const struct yaml_item *item, void *target)
{
    uint64_t v = 0;
    enum tai_err err = take_number(r, item, UINT32_MAX, &v);
    if (err == TAI_OK)
        ((struct cluster *)target)->epoch = (uint32_t)v;
    return err;
}

/* These three name nodes or come after them, wherever they stand: kept until all else is read. */
static enum tai_err top_servers(struct reader *r, const struct yaml_item *item, void *target)
{
    (void)target;
    r->servers = item;
    return take_nodes(r, item, true, SYNC_SERVERS_MAX);
}

static enum tai_err top_clients(struct reader *r, const struct yaml_item *item, void *target)
{
    (void)target;
    return yaml_item_is_empty(item) ? TAI_OK : take_nodes(r, item, false, SYNC_CLIENTS_MAX);
}

static enum tai_err top_paths(struct reader *r, const struct yaml_item *item, void *target)
{
    (void)target;
    r->paths = yaml_item_is_empty(item) ? NULL : item;
    return TAI_OK;
}

static enum tai_err top_preferred(struct reader *r, const struct yaml_item *item, void *target)
{
    (void)target;
    r->preferred = item;
    return TAI_OK;
}

static const struct field top_fields[] = {{"name", top_name, true},           {"id", top_id, false},
                                          {"epoch", top_epoch, false},        {"servers", top_servers, true},
                                          {"clients", top_clients, false},    {"paths", top_paths, false},
                                          {"preferred", top_preferred, false}};

/* Two servers cannot elect: one of them is the master as long as it lives. */
static enum tai_err settle_master(struct reader *r)
{
    struct cluster *c = r->cluster;
    if (r->preferred == NULL) {
        c->preferred.id = c->servers_count == 2 ? c->nodes[0].node.id : 0;
        return TAI_OK;
    }
    if (c->servers_count == 1)
        return REFUSE(
            r, r->preferred->line, TAI_ERR_RANGE,
            "preferred has no effect with one server, which is always the master: take the line away");
    enum tai_err err = take_node_ref(r, r->preferred, &c->preferred);
    if (err == TAI_OK && !cluster_find(c, c->preferred)->server)
        err = REFUSE(r, r->preferred->line, TAI_ERR_RANGE, "preferred: %s is a client; a master is a server",
                     r->preferred->text);
    return err;
}

/* Servers first, the order otherwise kept: `clients:` may stand before `servers:`. */
static void servers_to_front(struct cluster *c)
{
    for (size_t i = 0; i < c->nodes_count; i++) {
        if (!c->nodes[i].server)
            continue;
        struct cluster_node n = c->nodes[i];
        memmove(&c->nodes[c->servers_count + 1], &c->nodes[c->servers_count],
                (i - c->servers_count) * sizeof n);
        c->nodes[c->servers_count++] = n;
    }
}

static enum tai_err read_file(struct reader *r, const struct yaml_item *root)
{
    struct cluster *c = r->cluster;
    enum tai_err err = take_fields(r, root, top_fields, COUNT(top_fields), "the file", c);
    if (err != TAI_OK)
        return err;
    servers_to_front(c);
    if (c->servers_count == 0)
        return REFUSE(r, r->servers->line, TAI_ERR_FORMAT, "a cluster needs at least one server");
    if (c->epoch == 0)
        c->epoch = 1;
    if (c->id == 0 && cluster_id_of(c->name, &c->id) != TAI_OK)
        return error_set(r->error, TAI_ERR_CRYPTO, "the cryptographic library does not work");
    err = settle_master(r);
    if (err == TAI_OK && r->paths != NULL)
        err = take_paths(r, r->paths);
    return err;
}

enum tai_err cluster_parse(const char *path, const void *text, size_t len, struct cluster **ret_cluster,
                           struct tai_error *error)
{
    struct yaml_tree *tree = NULL;
    enum tai_err err = yaml_tree_parse_within(path, text, len, &limits, &tree, error);
    if (err != TAI_OK)
        return err;
    struct reader r = {.path = path, .error = error, .cluster = calloc(1, sizeof *r.cluster)};
    if (r.cluster != NULL) {
        r.cluster->path = strdup(path);
        r.cluster->nodes = calloc(SYNC_NODES_MAX, sizeof *r.cluster->nodes);
        r.cluster->paths = calloc(CLUSTER_PATHS_MAX, sizeof *r.cluster->paths);
    }
    if (r.cluster == NULL || r.cluster->path == NULL || r.cluster->nodes == NULL || r.cluster->paths == NULL)
        err = error_set(error, TAI_ERR_MEMORY, "out of memory");
    else
        err = read_file(&r, yaml_tree_root(tree));
    yaml_tree_free(tree);
    if (err != TAI_OK) {
        cluster_free(r.cluster);
        return err;
    }
    *ret_cluster = r.cluster;
    return TAI_OK;
}

enum tai_err cluster_load(const char *path, struct cluster **ret_cluster, struct tai_error *error)
{
    char *text = NULL;
    size_t len = 0;
    enum tai_err err = file_read(&file_posix, path, CLUSTER_TEXT_MAX, &text, &len, error);
    if (err == TAI_OK)
        err = cluster_parse(path, text, len, ret_cluster, error);
    free(text);
    return err;
}

void cluster_free(struct cluster *cluster)
{
    if (cluster == NULL)
        return;
    free(cluster->path);
    free(cluster->nodes);
    free(cluster->paths);
    free(cluster);
}

/* ---- asking ---- */

enum tai_err cluster_id_of(const char *name, uint64_t *ret_id)
{
    static const char label[] = "taistamp cluster v1\n";
    struct crypto crypto;
    enum tai_err err = openssl_crypto_open(&crypto);
    if (err != TAI_OK)
        return err;
    const struct bytes parts[] = {bytes_of_str(label), bytes_of_str(name)};
    struct hash h = crypto_sha256_parts(&crypto, parts, COUNT(parts));
    openssl_crypto_close(&crypto);
    *ret_id = be64_read(h.b);
    return *ret_id != 0 ? TAI_OK : TAI_ERR_CRYPTO; /* once in 2^64 names */
}

const struct cluster_node *cluster_find(const struct cluster *cluster, sync_node_t node)
{
    for (size_t i = 0; i < cluster->nodes_count; i++)
        if (cluster->nodes[i].node.id == node.id)
            return &cluster->nodes[i];
    return NULL;
}

const struct cluster_node *cluster_find_text(const struct cluster *cluster, const char *name)
{
    uint64_t number;
    if (text_read_u64(bytes_of_str(name), UINT32_MAX, &number))
        return cluster_find(cluster, (sync_node_t){(uint32_t)number});
    for (size_t i = 0; i < cluster->nodes_count; i++)
        if (strcasecmp(cluster->nodes[i].name, name) == 0)
            return &cluster->nodes[i];
    return NULL;
}

const struct cluster_node *cluster_find_key(const struct cluster *cluster, const struct nodekey_public *key)
{
    for (size_t i = 0; i < cluster->nodes_count; i++)
        if (nodekey_public_equal(&cluster->nodes[i].key, key))
            return &cluster->nodes[i];
    return NULL;
}

int64_t cluster_asymmetry_ns(const struct cluster *cluster, sync_node_t from, sync_node_t to)
{
    for (size_t i = 0; i < cluster->paths_count; i++) {
        const struct cluster_path *p = &cluster->paths[i];
        if (p->from.id == from.id && p->to.id == to.id)
            return p->asymmetry_ns;
        if (p->from.id == to.id && p->to.id == from.id)
            return -p->asymmetry_ns;
    }
    return 0;
}

static void print_node(const struct cluster_node *n, FILE *out)
{
    char key[NODEKEY_TEXT_LEN + 1], address[ADDRESS_TEXT_MAX];
    nodekey_public_print(&n->key, key);
    fprintf(out, "  - {id: %" PRIu32 ", name: \"%s\", ", n->node.id, n->name);
    if (n->server) {
        address_print(&n->address, address);
        fprintf(out, "address: \"%s\", ", address);
    }
    fprintf(out, "key: %s}\n", key);
}

void cluster_print(const struct cluster *cluster, FILE *out)
{
    fprintf(out, "name: \"%s\"\nid: %" PRIu64 "\nepoch: %" PRIu32 "\n", cluster->name, cluster->id,
            cluster->epoch);
    if (cluster->preferred.id != 0)
        fprintf(out, "preferred: %" PRIu32 "\n", cluster->preferred.id);
    for (size_t i = 0; i < cluster->nodes_count; i++) {
        if (i == 0 || i == cluster->servers_count)
            fprintf(out, "%s:\n", i == 0 ? "servers" : "clients");
        print_node(&cluster->nodes[i], out);
    }
    if (cluster->paths_count > 0)
        fputs("paths:\n", out);
    for (size_t i = 0; i < cluster->paths_count; i++)
        fprintf(out, "  - {from: %" PRIu32 ", to: %" PRIu32 ", asymmetry_ns: %" PRId64 "}\n",
                cluster->paths[i].from.id, cluster->paths[i].to.id, cluster->paths[i].asymmetry_ns);
}
