/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster file: what it means, every refusal with its line, and which node a machine finds itself to be. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/io/membership.h"
#include "tests/unit/node_files.h"

#define A   "key: " NODE_A_TOKEN "}\n"
#define B   "key: " NODE_B_TOKEN "}\n"
#define LAB "name: lab\n"
#define ONE "  - {id: 1, name: alpha, address: 192.0.2.1, " A
#define TWO "  - {id: 2, name: beta, address: 192.0.2.2, " B

static struct cluster *must_parse(const char *text)
{
    struct cluster *c = NULL;
    struct tai_error error = {0};
    enum tai_err err = cluster_parse("c.yaml", text, strlen(text), &c, &error);
    ck_assert_msg(err == TAI_OK, "%s", error.text);
    return c;
}

static char *print(const struct cluster *c)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    cluster_print(c, f);
    fclose(f);
    return text;
}

/* A key that nobody has, different for every `n`. */
static void key_text(unsigned n, char text[NODEKEY_TEXT_LEN + 1])
{
    struct nodekey_public key = {.ed25519 = {(uint8_t)n, (uint8_t)(n >> 8), 1}};
    memcpy(key.x25519, key.ed25519, sizeof key.x25519);
    nodekey_public_print(&key, text);
}

START_TEST(test_one)
{
    struct cluster *c = must_parse(LAB "servers:\n" ONE);
    ck_assert_str_eq(c->name, "lab");
    ck_assert_uint_eq(c->id, UINT64_C(0x478a486c49a5fa90)); /* computed elsewhere */
    ck_assert_uint_eq(c->epoch, 1);
    ck_assert_uint_eq(c->preferred.id, 0);
    ck_assert_uint_eq(c->servers_count, 1);
    ck_assert_uint_eq(c->nodes_count, 1);
    ck_assert_uint_eq(c->nodes[0].node.id, 1);
    ck_assert(c->nodes[0].server);
    ck_assert_str_eq(c->nodes[0].name, "alpha");
    char address[ADDRESS_TEXT_MAX];
    address_print(&c->nodes[0].address, address);
    ck_assert_str_eq(address, "192.0.2.1:4470");
    cluster_free(c);
    cluster_free(NULL);
}
END_TEST

START_TEST(test_all)
{
    char third[NODEKEY_TEXT_LEN + 1], text[2000];
    key_text(3, third);
    snprintf(text, sizeof text,
             "epoch: 7\nid: 18446744073709551615\nname: Lab-1.x_y\npreferred: BETA\n"
             "paths:\n  - {from: beta, to: 1, asymmetry_ns: -1200}\n  - {from: 4294967295, to: beta, "
             "asymmetry_ns: 5}\n"
             "clients:\n  - {id: 4294967295, name: scope, key: %s}\n"
             "servers:\n  - {id: 1, name: alpha, address: \"[2001:DB8::1]:123\", " A
             "  - id: 2\n    name: beta\n    address: 192.0.2.2:65535\n    key: " NODE_B_TOKEN "\n",
             third);
    struct cluster *c = must_parse(text);
    ck_assert_str_eq(c->name, "Lab-1.x_y");
    ck_assert_uint_eq(c->id, UINT64_MAX);
    ck_assert_uint_eq(c->epoch, 7);
    ck_assert_uint_eq(c->preferred.id, 2);
    ck_assert_uint_eq(c->servers_count, 2);
    ck_assert_uint_eq(c->nodes_count, 3);
    ck_assert_str_eq(c->nodes[0].name, "alpha");
    ck_assert_str_eq(c->nodes[1].name, "beta");
    ck_assert(!c->nodes[2].server);
    ck_assert_uint_eq(c->nodes[2].address.family, 0);
    ck_assert_uint_eq(c->nodes[0].address.family, 6);
    ck_assert_uint_eq(c->nodes[0].address.port, 123);
    ck_assert_int_eq(cluster_asymmetry_ns(c, (sync_node_t){2}, (sync_node_t){1}), -1200);
    ck_assert_int_eq(cluster_asymmetry_ns(c, (sync_node_t){1}, (sync_node_t){2}), 1200);
    ck_assert_int_eq(cluster_asymmetry_ns(c, (sync_node_t){UINT32_MAX}, (sync_node_t){2}), 5);
    ck_assert_int_eq(cluster_asymmetry_ns(c, (sync_node_t){1}, (sync_node_t){UINT32_MAX}), 0);
    ck_assert_ptr_eq(cluster_find_text(c, "Scope"), &c->nodes[2]);
    ck_assert_ptr_eq(cluster_find_text(c, "4294967295"), &c->nodes[2]);
    ck_assert_ptr_null(cluster_find_text(c, "4294967296"));
    ck_assert_ptr_null(cluster_find_text(c, ""));
    ck_assert_ptr_null(cluster_find(c, (sync_node_t){0}));
    ck_assert_ptr_eq(cluster_find_key(c, &c->nodes[1].key), &c->nodes[1]);
    char *once = print(c);
    cluster_free(c);
    c = must_parse(once);
    char *twice = print(c);
    ck_assert_str_eq(once, twice);
    cluster_free(c);
    free(once);
    free(twice);
}
END_TEST

START_TEST(test_two_default_master)
{
    struct cluster *c = must_parse(LAB "servers:\n" TWO ONE "clients:\npaths:\n");
    ck_assert_uint_eq(c->preferred.id, 2); /* the first of the file */
    cluster_free(c);
}
END_TEST

/* A cluster of every size that the limits allow, and one more. */
static char *full_file(unsigned servers, unsigned clients)
{
    char key[NODEKEY_TEXT_LEN + 1], *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    fputs("name: full\nservers:\n", f);
    for (unsigned i = 1; i <= servers + clients; i++) {
        key_text(i, key);
        if (i == servers + 1)
            fputs("clients:\n", f);
        if (i <= servers)
            fprintf(f, "  - {id: %u, name: s%u, address: 192.0.2.%u, key: %s}\n", i, i, i, key);
        else
            fprintf(f, "  - {id: %u, name: c%u, key: %s}\n", i, i, key);
    }
    fclose(f);
    return text;
}

START_TEST(test_limits)
{
    char *text = full_file(SYNC_SERVERS_MAX, SYNC_CLIENTS_MAX);
    struct cluster *c = must_parse(text);
    ck_assert_uint_eq(c->servers_count, SYNC_SERVERS_MAX);
    ck_assert_uint_eq(c->nodes_count, SYNC_NODES_MAX);
    ck_assert_uint_eq(c->preferred.id, 0);
    cluster_free(c);
    free(text);
    static const unsigned over[][2] = {{SYNC_SERVERS_MAX + 1, 0}, {1, SYNC_CLIENTS_MAX + 1}};
    static const char *const says[] = {"c.yaml:19: a cluster has at most 16 servers",
                                       "c.yaml:1029: a cluster has at most 1024 clients"};
    for (size_t i = 0; i < 2; i++) {
        struct tai_error error = {0};
        c = NULL;
        text = full_file(over[i][0], over[i][1]);
        ck_assert_int_eq(cluster_parse("c.yaml", text, strlen(text), &c, &error), TAI_ERR_SPACE);
        ck_assert_str_eq(error.text, says[i]);
        ck_assert_ptr_null(c);
        free(text);
    }
}
END_TEST

static const struct bad {
    const char *text;
    enum tai_err code;
    const char *message; /* after "c.yaml:" */
} bads[] = {
    {"", TAI_ERR_FORMAT, "1: the file is empty"},
    {"[]\n", TAI_ERR_FORMAT, "1: the file must consist of settings"},
    {LAB, TAI_ERR_FORMAT, "1: the file needs \"servers:\""},
    {"servers:\n" ONE, TAI_ERR_FORMAT, "1: the file needs \"name:\""},
    {LAB "servers: []\n", TAI_ERR_FORMAT, "2: a cluster needs at least one server"},
    {LAB "servers:\n", TAI_ERR_FORMAT, "2: servers: is followed by a list"},
    {LAB "servers: {a: b}\n", TAI_ERR_FORMAT, "2: servers: is followed by a list"},
    {LAB "servers:\n  - alpha\n", TAI_ERR_FORMAT, "3: a server must consist of settings"},
    {LAB "server:\n" ONE, TAI_ERR_FORMAT, "2: unknown key \"server\" in the file"},
    {LAB LAB "servers:\n" ONE, TAI_ERR_FORMAT, "2: \"name\" stands here a second time"},
    {"name: 5\nservers:\n" ONE, TAI_ERR_FORMAT, "1: name must be 1 to 63 letters"},
    {"name: a b\nservers:\n" ONE, TAI_ERR_FORMAT, "1: name must be"},
    {"name: -a\nservers:\n" ONE, TAI_ERR_FORMAT, "1: name must be"},
    {"name: [lab]\nservers:\n" ONE, TAI_ERR_FORMAT, "1: name must be"},
    {"name: a234567890123456789012345678901234567890123456789012345678901234\nservers:\n" ONE, TAI_ERR_FORMAT,
     "1: name must be"},
    {LAB "id: 0\nservers:\n" ONE, TAI_ERR_RANGE, "2: id must be from 1 to 18446744073709551615, not 0"},
    {LAB "id: 18446744073709551616\nservers:\n" ONE, TAI_ERR_FORMAT, "2: id must be a whole number"},
    {LAB "id: '5'\nservers:\n" ONE, TAI_ERR_FORMAT, "2: id must be a whole number"},
    {LAB "epoch: 0\nservers:\n" ONE, TAI_ERR_RANGE, "2: epoch must be from 1 to 4294967295, not 0"},
    {LAB "epoch: 4294967296\nservers:\n" ONE, TAI_ERR_RANGE, "2: epoch must be from 1"},
    {LAB "servers:\n  - {id: 0, name: alpha, address: 192.0.2.1, " A, TAI_ERR_RANGE,
     "3: id must be from 1 to 4294967295, not 0"},
    {LAB "servers:\n  - {id: 4294967296, name: alpha, address: 192.0.2.1, " A, TAI_ERR_RANGE,
     "3: id must be from"},
    {LAB "servers:\n  - {name: alpha, address: 192.0.2.1, " A, TAI_ERR_FORMAT, "3: a server needs \"id:\""},
    {LAB "servers:\n  - {id: 1, address: 192.0.2.1, " A, TAI_ERR_FORMAT, "3: a server needs \"name:\""},
    {LAB "servers:\n  - {id: 1, name: alpha, " A, TAI_ERR_FORMAT, "3: a server needs \"address:\""},
    {LAB "servers:\n  - {id: 1, name: alpha, address: 192.0.2.1}\n", TAI_ERR_FORMAT,
     "3: a server needs \"key:\""},
    {LAB "servers:\n  - {id: 1, name: alpha, adress: 192.0.2.1, " A, TAI_ERR_FORMAT,
     "3: unknown key \"adress\" in a server"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: alpha.example:4470, " A, TAI_ERR_FORMAT,
     "3: address must be numeric"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: \"2001:db8::1\", " A, TAI_ERR_FORMAT,
     "3: address must be numeric"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: \"[fe80::1%eth0]\", " A, TAI_ERR_FORMAT,
     "3: address must be numeric"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: 192.0.2.1:65536, " A, TAI_ERR_FORMAT,
     "3: address must be numeric"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: \"192.0.2.1:\", " A, TAI_ERR_FORMAT,
     "3: address must be numeric"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: [192.0.2.1], " A, TAI_ERR_FORMAT,
     "3: address must be numeric"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: 192.0.2.1:0, " A, TAI_ERR_RANGE,
     "3: address: no server can be reached at 192.0.2.1:0"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: 0.0.0.0, " A, TAI_ERR_RANGE, "3: address: no server"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: 224.0.0.1, " A, TAI_ERR_RANGE, "3: address: no server"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: \"[::]\", " A, TAI_ERR_RANGE, "3: address: no server"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: \"[ff02::1]\", " A, TAI_ERR_RANGE,
     "3: address: no server"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: \"[::ffff:192.0.2.1]\", " A, TAI_ERR_RANGE,
     "3: address: no server"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: 192.0.2.1, key: tainode1-AddamAGC}\n", TAI_ERR_FORMAT,
     "3: key: this one was cut or changed"},
    {LAB "servers:\n  - {id: 1, name: alpha, address: 192.0.2.1, key: AddamAGC}\n", TAI_ERR_FORMAT,
     "3: key must be the word that begins with tainode1-"},
    {LAB "servers:\n" ONE "  - {id: 1, name: beta, address: 192.0.2.2, " B, TAI_ERR_CONFLICT,
     "4: id 1 is alpha's already (line 3)"},
    {LAB "servers:\n" ONE "  - {id: 2, name: Alpha, address: 192.0.2.2, " B, TAI_ERR_CONFLICT,
     "4: the name Alpha stands here a second time (first on line 3)"},
    {LAB "servers:\n" ONE "  - {id: 2, name: beta, address: 192.0.2.2, " A, TAI_ERR_CONFLICT,
     "4: beta has the key of alpha (line 3)"},
    {LAB "servers:\n" ONE "  - {id: 2, name: beta, address: 192.0.2.1:4470, " B, TAI_ERR_CONFLICT,
     "4: beta has the address of alpha (line 3)"},
    {LAB "servers:\n" ONE "clients:\n  - {id: 1, name: beta, " B, TAI_ERR_CONFLICT,
     "5: id 1 is alpha's already"},
    {LAB "servers:\n" ONE "clients:\n  - {id: 2, name: beta, address: 192.0.2.9, " B, TAI_ERR_FORMAT,
     "5: unknown key \"address\" in a client: clients need none"},
    {LAB "servers:\n" ONE "clients: 5\n", TAI_ERR_FORMAT, "4: clients: is followed by a list"},
    {LAB "servers:\n" ONE "preferred: alpha\n", TAI_ERR_RANGE, "4: preferred has no effect with one server"},
    {LAB "preferred: gamma\nservers:\n" ONE TWO, TAI_ERR_FORMAT,
     "2: preferred must be the name or id of a node"},
    {LAB "servers:\n" ONE TWO "paths:\n  - {from: alpha, to: alpha, asymmetry_ns: 1}\n", TAI_ERR_RANGE,
     "6: a path leads to another node"},
    {LAB "servers:\n" ONE TWO "paths:\n  - {from: alpha, to: gamma, asymmetry_ns: 1}\n", TAI_ERR_FORMAT,
     "6: to must be the name or id"},
    {LAB "servers:\n" ONE TWO "paths:\n  - {from: alpha, to: beta}\n", TAI_ERR_FORMAT,
     "6: a path needs \"asymmetry_ns:\""},
    {LAB "servers:\n" ONE TWO "paths:\n  - {from: alpha, to: beta, asymmetry_ns: 1000000001}\n",
     TAI_ERR_RANGE, "6: asymmetry_ns must be from -1000000000 to 1000000000"},
    {LAB "servers:\n" ONE TWO "paths:\n  - {from: alpha, to: beta, asymmetry_ns: -0}\n", TAI_ERR_FORMAT,
     "6: asymmetry_ns must be a whole number"},
    {LAB "servers:\n" ONE TWO "paths:\n  - {from: alpha, to: beta, asymmetry_ns: 1.5}\n", TAI_ERR_FORMAT,
     "6: asymmetry_ns must be a whole number"},
    {LAB "servers:\n" ONE TWO "paths:\n  - {from: alpha, to: beta, asymmetry_ns: 1}\n"
         "  - {from: 2, to: 1, asymmetry_ns: 1}\n",
     TAI_ERR_CONFLICT, "7: the path between beta and alpha stands here a second time (first on line 6;"},
    {LAB "servers:\n" ONE "paths: x\n", TAI_ERR_FORMAT, "4: paths: is followed by a list"},
};

START_TEST(test_refused)
{
    const struct bad *b = &bads[_i];
    struct cluster *c = NULL;
    struct tai_error error = {0};
    enum tai_err err = cluster_parse("c.yaml", b->text, strlen(b->text), &c, &error);
    char start[200];
    snprintf(start, sizeof start, "c.yaml:%s", b->message);
    ck_assert_msg(err == b->code && strncmp(error.text, start, strlen(start)) == 0, "case %d: %d %s", _i, err,
                  error.text);
    ck_assert_ptr_null(c);
}
END_TEST

/* What needs keys that the table cannot hold. */
START_TEST(test_refused_more)
{
    struct nodekey_public half;
    char key[NODEKEY_TEXT_LEN + 1], third[NODEKEY_TEXT_LEN + 1], text[2000];
    ck_assert(nodekey_public_parse(bytes_of_str(NODE_A_TOKEN), &half));
    half.x25519[0] ^= 1;
    nodekey_public_print(&half, key);
    key_text(3, third);
    static const char *const says[] = {"c.yaml:4: beta has half of the key of alpha (line 3)",
                                       "c.yaml:2: preferred: scope is a client",
                                       "c.yaml:8: scope and meter are both clients"};
    for (int i = 0; i < 3; i++) {
        struct cluster *c = NULL;
        struct tai_error error = {0};
        if (i == 0)
            snprintf(text, sizeof text,
                     LAB "servers:\n" ONE "  - {id: 2, name: beta, address: 192.0.2.2, key: %s}\n", key);
        else if (i == 1)
            snprintf(text, sizeof text,
                     LAB "preferred: scope\nservers:\n" ONE TWO "clients:\n"
                         "  - {id: 3, name: scope, key: %s}\n",
                     third);
        else
            snprintf(text, sizeof text,
                     LAB "servers:\n" ONE "clients:\n  - {id: 3, name: scope, key: %s}\n"
                         "  - {id: 4, name: meter, " B
                         "paths:\n  - {from: scope, to: meter, asymmetry_ns: 1}\n",
                     third);
        ck_assert_int_ne(cluster_parse("c.yaml", text, strlen(text), &c, &error), TAI_OK);
        ck_assert_msg(strncmp(error.text, says[i], strlen(says[i])) == 0, "%s", error.text);
    }
}
END_TEST

START_TEST(test_address)
{
    static const struct {
        const char *text, *printed;
    } good[] = {{"192.0.2.1", "192.0.2.1:4470"},
                {"192.0.2.1:1", "192.0.2.1:1"},
                {"[::1]", "[::1]:4470"},
                {"[::1]:0", "[::1]:0"},
                {"[2001:DB8:0::1]:65535", "[2001:db8::1]:65535"}};
    static const char *const bad[] = {"",
                                      ":",
                                      "[",
                                      "[]",
                                      "[]:1",
                                      "[::1",
                                      "::1",
                                      "[::1]1",
                                      "[::1]:",
                                      "[::1]:01",
                                      "1.2.3",
                                      "1.2.3.4:",
                                      "1.2.3.4:1:1",
                                      "1.2.3.4 ",
                                      "a",
                                      "01.2.3.4",
                                      "[1.2.3.4]",
                                      "[::1%lo]",
                                      "1.2.3.4:-1",
                                      "[fe80:0000:0000:0000:0000:0000:0000:0000:0000:0001]"};
    struct address a, untouched = {.port = 77};
    char text[ADDRESS_TEXT_MAX];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(address_parse(good[i].text, CLUSTER_PORT, &a), "%s", good[i].text);
        address_print(&a, text);
        ck_assert_str_eq(text, good[i].printed);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!address_parse(bad[i], CLUSTER_PORT, &untouched), "%s", bad[i]);
    ck_assert(!address_parse("192.0.2.1", 0, &untouched));
    ck_assert_uint_eq(untouched.port, 77);
    ck_assert(address_parse("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535", 0, &a));
    address_print(&a, text);
}
END_TEST

/* The sample, and with everything in it switched on. */
START_TEST(test_sample)
{
    struct cluster *c = NULL;
    struct tai_error error = {0};
    enum tai_err err = cluster_load(TEST_SRCDIR "/docs/cluster.yaml", &c, &error);
    ck_assert_msg(err == TAI_OK, "%s", error.text);
    ck_assert_uint_eq(c->servers_count, 3);
    ck_assert_uint_eq(c->nodes_count, 5);
    ck_assert_uint_eq(c->id, UINT64_C(5155012353408236176)); /* as its comment says */
    ck_assert_uint_eq(c->nodes[0].address.port, CLUSTER_PORT);
    cluster_free(c);
    FILE *f = fopen(TEST_SRCDIR "/docs/cluster.yaml", "r");
    ck_assert_ptr_nonnull(f);
    char *text = NULL, line[400];
    size_t len = 0, found = 0;
    FILE *out = open_memstream(&text, &len);
    while (fgets(line, sizeof line, f) != NULL) {
        size_t n = line[0] == '#' ? strspn(line + 1, "abcdefghijklmnopqrstuvwxyz") : 0;
        bool setting = (n > 0 && line[1 + n] == ':') || strncmp(line, "#  - {", 6) == 0;
        found += setting;
        fputs(setting ? line + 1 : line, out);
    }
    fclose(f);
    fclose(out);
    ck_assert_uint_eq(found, 5);
    c = must_parse(text);
    ck_assert_uint_eq(c->preferred.id, 1);
    ck_assert_int_eq(cluster_asymmetry_ns(c, (sync_node_t){3}, (sync_node_t){1}), 1200);
    cluster_free(c);
    free(text);
}
END_TEST

/* ---- which node this machine is ---- */

static char dir[64];

static const char *put(const char *name, const char *text)
{
    static char paths[2][200];
    static unsigned turn;
    char *path = paths[turn++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    chmod(path, 0600);
    return path;
}

static void assert_stranger(const char *cluster, const char *key, const char *node, enum membership_role role,
                            enum tai_err code, const char *says)
{
    struct membership m = {0};
    struct tai_error error = {0};
    enum tai_err err = membership_load(cluster, key, node, role, &m, &error);
    ck_assert_msg(err == code && strstr(error.text, says) != NULL, "%d %s", err, error.text);
    ck_assert_ptr_null(m.cluster);
}

START_TEST(test_membership)
{
    strcpy(dir, "/tmp/taistamp-cluster-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    char *cluster = strdup(put("cluster.yaml", LAB "servers:\n" ONE "clients:\n  - {id: 9, name: scope, " B));
    char *alone = strdup(put("alone.yaml", LAB "servers:\n" ONE));
    char *a = strdup(put("a.key", NODE_A_FILE)), *b = strdup(put("b.key", NODE_B_FILE));
    struct membership server, client;
    struct tai_error error = {0};
    ck_assert_int_eq(membership_load(cluster, a, NULL, MEMBERSHIP_SERVER, &server, &error), TAI_OK);
    ck_assert_int_eq(membership_load(cluster, b, "SCOPE", MEMBERSHIP_CLIENT, &client, &error), TAI_OK);
    ck_assert_str_eq(server.self->name, "alpha");
    ck_assert_uint_eq(client.self->node.id, 9);
    const struct cluster_node *scope = cluster_find_text(server.cluster, "scope");
    ck_assert(membership_speaks_with(&server, scope));
    ck_assert(!membership_speaks_with(&server, server.self));
    ck_assert(!membership_speaks_with(&client, client.self));
    uint8_t one[NODEKEY_PAIR_LEN] = {0}, two[NODEKEY_PAIR_LEN] = {1};
    ck_assert_int_eq(membership_pair(&server, scope, one, &error), TAI_OK);
    ck_assert_int_eq(membership_pair(&client, &client.cluster->nodes[0], two, &error), TAI_OK);
    ck_assert_mem_eq(one, two, sizeof one);
    membership_free(&server);
    membership_free(&client);
    membership_free(&client);
    assert_stranger(alone, b, NULL, MEMBERSHIP_SERVER, TAI_ERR_UNTRUSTED, "every node has another key");
    assert_stranger(alone, b, NULL, MEMBERSHIP_SERVER, TAI_ERR_UNTRUSTED, NODE_B_TOKEN);
    assert_stranger(alone, b, "alpha", MEMBERSHIP_SERVER, TAI_ERR_UNTRUSTED,
                    "alone.yaml:3: alpha has another key");
    assert_stranger(cluster, b, "alpha", MEMBERSHIP_SERVER, TAI_ERR_UNTRUSTED,
                    "the key of this machine is scope's (line 5), but the setting node says alpha");
    assert_stranger(cluster, a, "omega", MEMBERSHIP_SERVER, TAI_ERR_UNTRUSTED, "has no node omega");
    assert_stranger(cluster, a, NULL, MEMBERSHIP_CLIENT, TAI_ERR_RANGE,
                    "alpha, this machine, is a server: run taid");
    assert_stranger(cluster, b, NULL, MEMBERSHIP_SERVER, TAI_ERR_RANGE, "is a client: run tai-client");
    assert_stranger("/nonexistent", a, NULL, MEMBERSHIP_SERVER, TAI_ERR_NOT_FOUND, "/nonexistent");
    assert_stranger(cluster, "/nonexistent", NULL, MEMBERSHIP_SERVER, TAI_ERR_NOT_FOUND, "keygen makes one");
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
    free(cluster);
    free(alone);
    free(a);
    free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cluster");
    TCase *t = tcase_create("cluster");
    tcase_add_test(t, test_one);
    tcase_add_test(t, test_all);
    tcase_add_test(t, test_two_default_master);
    tcase_add_test(t, test_limits);
    tcase_add_loop_test(t, test_refused, 0, (int)(sizeof bads / sizeof bads[0]));
    tcase_add_test(t, test_refused_more);
    tcase_add_test(t, test_address);
    tcase_add_test(t, test_sample);
    tcase_add_test(t, test_membership);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
