/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/keygen.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/base/text.h"

enum { ID_LEAST = 100000000, ID_COUNT = 900000000, FOLDER_MODE = 0700 };

uint32_t keygen_id(const struct nodekey_public *key)
{
    /* An X25519 public key is as good as random already; Ed25519's is another one, of the same node. */
    return ID_LEAST + (uint32_t)(be64_read(key->x25519) % ID_COUNT);
}

/* The machine's name up to its first dot; "node" where that is none. */
static void suggest_name(char ret_name[CLUSTER_NAME_MAX + 1])
{
    char host[HOST_NAME_MAX + 1] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = 0;
    host[strcspn(host, ".")] = 0;
    const char *name = cluster_name_valid(host) ? host : "node";
    memcpy(ret_name, name, strlen(name) + 1);
}

/* The address from which the machine would send to a far one. Connecting a UDP socket sends nothing: it asks the routing
 * table. The far ones are of the ranges for documentation (RFC 5737, RFC 3849). */
static bool route_address(int family, struct address *ret_address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(CLUSTER_PORT)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(CLUSTER_PORT)};
    bool is6 = family == AF_INET6;
    if (inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr) != 1 ||
        inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr) != 1)
        return false;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    socklen_t len = is6 ? sizeof v6 : sizeof v4;
    void *sa = is6 ? (void *)&v6 : (void *)&v4;
    bool ok = connect(fd, sa, len) == 0 && getsockname(fd, sa, &len) == 0;
    close(fd);
    struct address a = {.family = is6 ? 6 : 4, .port = CLUSTER_PORT};
    memcpy(a.bytes, is6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr, is6 ? 16 : 4);
    if (!ok || address_is_no_host(&a))
        return false;
    *ret_address = a;
    return true;
}

static void make_line(struct keygen_result *r)
{
    char key[NODEKEY_TEXT_LEN + 1], address[ADDRESS_TEXT_MAX] = "";
    const struct cluster_node *n = &r->node;
    nodekey_public_print(&n->key, key);
    if (n->address.family != 0)
        address_print(&n->address, address);
    bool quotes = n->address.family == 6;
    int len = snprintf(r->line, sizeof r->line, "  - {id: %" PRIu32 ", name: %s, %s%s%s%s%skey: %s}",
                       n->node.id, n->name, n->server ? "address: " : "", quotes ? "\"" : "",
                       n->server && address[0] == 0 ? "ADDRESS" : address, quotes ? "\"" : "",
                       n->server ? ", " : "", key);
    BUG_UNLESS(len > 0 && len < KEYGEN_LINE_MAX);
}

static enum tai_err make_folder(const char *path, struct tai_error *error)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return TAI_OK;
    char *folder = strndup(path, (size_t)(slash - path));
    if (folder == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    enum tai_err err = file_make_dirs(&file_posix, folder, FOLDER_MODE, error);
    free(folder);
    return err;
}

static enum tai_err find_key(const char *path, struct nodekey_public *ret_key, struct tai_error *error)
{
    struct nodekey *key = NULL;
    enum tai_err err = nodekey_load(NULL, path, NODEKEY_ROOT_LOOKS, &key, error);
    if (err == TAI_OK)
        *ret_key = *nodekey_public_of(key);
    nodekey_free(key);
    return err;
}

enum tai_err keygen_run(const char *path, bool server, struct keygen_result *ret_result,
                        struct tai_error *error)
{
    struct keygen_result r = {.node.server = server};
    enum tai_err err = find_key(path, &r.node.key, error);
    if (err == TAI_ERR_NOT_FOUND) {
        r.made = true;
        err = make_folder(path, error);
        if (err == TAI_OK)
            err = nodekey_create(NULL, path, &r.node.key, error);
        /* Somebody else was faster: theirs is the key. */
        if (err == TAI_ERR_CONFLICT) {
            r.made = false;
            err = find_key(path, &r.node.key, error);
        }
    }
    if (err != TAI_OK)
        return err;
    r.node.node.id = keygen_id(&r.node.key);
    suggest_name(r.node.name);
    if (server && !route_address(AF_INET, &r.node.address))
        (void)route_address(AF_INET6, &r.node.address);
    make_line(&r);
    *ret_result = r;
    return TAI_OK;
}

void keygen_print(const struct keygen_result *result, const char *path, FILE *out, FILE *notes)
{
    if (notes != NULL) {
        fprintf(notes,
                "%s %s\nBelow \"%s:\" of cluster.yaml goes this line. Name and id can be chosen%s:\n\n",
                result->made ? "Made the key of this node:" : "The key of this node was there already:", path,
                result->node.server ? "servers" : "clients",
                result->node.server ? "; the address must be the one that the other machines use" : "");
        fflush(notes);
    }
    fprintf(out, "%s\n", result->line);
    fflush(out);
    if (notes != NULL)
        fputc('\n', notes);
}

/* RFC 8259; what is not UTF-8 or a control is shown as text_show has it. */
static void print_json_string(const char *text, FILE *out)
{
    uint8_t shown[PATH_MAX];
    struct out o = out_of(shown, sizeof shown);
    text_show(bytes_of_str(text), &o);
    fputc('"', out);
    for (size_t i = 0; i < o.len; i++) {
        if (shown[i] == '"' || shown[i] == '\\')
            fputc('\\', out);
        fputc(shown[i], out);
    }
    fputc('"', out);
}

void keygen_print_json(const struct keygen_result *result, const char *path, FILE *out)
{
    char key[NODEKEY_TEXT_LEN + 1], address[ADDRESS_TEXT_MAX];
    const struct cluster_node *n = &result->node;
    nodekey_public_print(&n->key, key);
    fprintf(out, "{\n  \"ok\": true,\n  \"made\": %s,\n  \"key_file\": ", result->made ? "true" : "false");
    print_json_string(path, out);
    fprintf(out, ",\n  \"id\": %" PRIu32 ",\n  \"name\": \"%s\",\n", n->node.id, n->name);
    if (n->address.family != 0) {
        address_print(&n->address, address);
        fprintf(out, "  \"address\": \"%s\",\n", address);
    }
    fprintf(out, "  \"key\": \"%s\",\n  \"line\": ", key);
    print_json_string(result->line, out);
    fputs("\n}\n", out);
}
