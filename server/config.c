/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/io/log.h"
#include "sdk/io/yaml.h"
#include "server/config_keys.h"

enum { NS_PER_MS = 1000000, USER_MAX = 32 };

static const char LISTEN_DEFAULT[] = "127.0.0.1:8023";

struct reader {
    const char *path;
    struct taid_config *config;
    struct tai_error *error;
    unsigned max_error_line; /* where max_error_ms stands; 0: nowhere */
    unsigned assume_line;
};

#define REFUSE(r, item, code, ...) yaml_refuse((r)->path, (item)->line, code, (r)->error, __VA_ARGS__)

static void *field_at(const struct reader *r, const struct config_key *key)
{
    return (char *)r->config + key->offset;
}

static bool is_text(const struct yaml_item *item)
{
    return item->kind == YAML_KIND_SCALAR && item->text[0] != 0 && strcmp(item->text, "~") != 0;
}

static enum tai_err take_string(const struct reader *r, const struct config_key *key,
                                const struct yaml_item *item)
{
    char *copy = strdup(item->text);
    if (copy == NULL)
        return error_set(r->error, TAI_ERR_MEMORY, "out of memory");
    char **field = field_at(r, key);
    free(*field);
    *field = copy;
    return TAI_OK;
}

static enum tai_err take_path(const struct reader *r, const struct config_key *key,
                              const struct yaml_item *item)
{
    if (!is_text(item))
        return REFUSE(r, item, TAI_ERR_FORMAT, "%s must be a path; leave the key out for the default",
                      key->name);
    /* Room is kept for what is put in front of a relative path, and for file names behind each. */
    size_t max = item->text[0] == '/' ? PATH_MAX - PATH_MAX / 16 : PATH_MAX / 4;
    if (strlen(item->text) > max)
        return REFUSE(r, item, TAI_ERR_RANGE, "%s: the path is longer than %zu bytes", key->name, max);
    for (const char *p = item->text; *p != 0; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return REFUSE(r, item, TAI_ERR_FORMAT, "%s: a control character in the path", key->name);
    return take_string(r, key, item);
}

static enum tai_err take_user(const struct reader *r, const struct config_key *key,
                              const struct yaml_item *item)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (!is_text(item))
        return REFUSE(r, item, TAI_ERR_FORMAT,
                      "%s must be the name of a user; leave the key out to run as taid was started",
                      key->name);
    size_t len = strlen(item->text);
    bool digits = strspn(item->text, "0123456789") == len;
    if (len > USER_MAX || strspn(item->text, allowed) != len || item->text[0] == '-' || digits)
        return REFUSE(r, item, TAI_ERR_FORMAT, "%s: \"%.40s\" is not the name of a user", key->name,
                      item->text);
    return take_string(r, key, item);
}

static enum tai_err take_level(const struct reader *r, const struct config_key *key,
                               const struct yaml_item *item)
{
    for (int level = 0; item->kind == YAML_KIND_SCALAR && config_level_name(level) != NULL; level++)
        if (strcmp(item->text, config_level_name(level)) == 0) {
            *(int *)field_at(r, key) = level;
            return TAI_OK;
        }
    return REFUSE(r, item, TAI_ERR_FORMAT, "%s must be error, warning, notice or debug", key->name);
}

static enum tai_err read_number(const struct reader *r, const struct config_key *key,
                                const struct yaml_item *item, int64_t *ret_v)
{
    uint64_t v = 0;
    if (item->kind != YAML_KIND_SCALAR || !item->plain ||
        !text_read_u64(bytes_of_str(item->text), UINT64_MAX, &v))
        return REFUSE(r, item, TAI_ERR_FORMAT, "%s must be a whole number from %lld to %lld, in plain digits",
                      key->name, (long long)key->min, (long long)key->max);
    if (v < (uint64_t)key->min || v > (uint64_t)key->max)
        return REFUSE(r, item, TAI_ERR_RANGE, "%s must be from %lld to %lld, not %s", key->name,
                      (long long)key->min, (long long)key->max, item->text);
    *ret_v = (int64_t)v;
    return TAI_OK;
}

static enum tai_err take_count(const struct reader *r, const struct config_key *key,
                               const struct yaml_item *item)
{
    int64_t v = 0;
    enum tai_err err = read_number(r, key, item, &v);
    if (err == TAI_OK)
        *(uint32_t *)field_at(r, key) = (uint32_t)v;
    return err;
}

static enum tai_err take_ms(struct reader *r, const struct config_key *key, const struct yaml_item *item)
{
    int64_t v = 0;
    enum tai_err err = read_number(r, key, item, &v);
    if (err != TAI_OK)
        return err;
    int64_t *field = field_at(r, key);
    *field = v * NS_PER_MS;
    if (field == &r->config->clock.assume_error_ns) {
        r->config->clock.has_assume_error = true;
        r->assume_line = item->line;
    } else {
        r->max_error_line = item->line;
    }
    return TAI_OK;
}

/* Splits "A.B.C.D:PORT" or "[V6]:PORT"; the host without brackets goes to `host`. */
static bool split_address(const char *address, char host[INET6_ADDRSTRLEN], bool *ret_v6, uint64_t *ret_port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || !text_read_u64(bytes_of_str(colon + 1), 65535, ret_port))
        return false;
    const char *start = address, *end = colon;
    *ret_v6 = address[0] == '[';
    if (*ret_v6) {
        start++;
        end--;
        if (end <= start || *end != ']')
            return false;
    }
    size_t len = (size_t)(end - start);
    if (len == 0 || len >= INET6_ADDRSTRLEN)
        return false;
    memcpy(host, start, len);
    host[len] = 0;
    uint8_t binary[16];
    return inet_pton(*ret_v6 ? AF_INET6 : AF_INET, host, binary) == 1;
}

bool config_listen_is_loopback(const char *address)
{
    char host[INET6_ADDRSTRLEN];
    bool v6 = false;
    uint64_t port = 0;
    if (!split_address(address, host, &v6, &port))
        return false;
    struct in_addr four;
    struct in6_addr six;
    if (v6)
        return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
    return inet_pton(AF_INET, host, &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

static enum tai_err take_address(const struct reader *r, const struct yaml_item *item)
{
    struct taid_config *c = r->config;
    char host[INET6_ADDRSTRLEN];
    bool v6 = false;
    uint64_t port = 0;
    if (item->kind != YAML_KIND_SCALAR || !split_address(item->text, host, &v6, &port))
        return REFUSE(r, item, TAI_ERR_FORMAT,
                      "listen takes addresses with a port, such as 127.0.0.1:8023 or \"[::1]:8023\"%s",
                      item->kind == YAML_KIND_LIST ? " (an address in [ ] needs quotes)" : "");
    if (c->stamp.listen_count == CONFIG_LISTEN_MAX)
        return REFUSE(r, item, TAI_ERR_SPACE, "listen takes at most %d addresses", CONFIG_LISTEN_MAX);
    for (size_t i = 0; i < c->stamp.listen_count; i++)
        if (port != 0 && strcmp(c->stamp.listen[i], item->text) == 0)
            return REFUSE(r, item, TAI_ERR_FORMAT, "listen: %s stands there twice", item->text);
    char *copy = strdup(item->text);
    if (copy == NULL)
        return error_set(r->error, TAI_ERR_MEMORY, "out of memory");
    c->stamp.listen[c->stamp.listen_count++] = copy;
    return TAI_OK;
}

static enum tai_err take_listen(const struct reader *r, const struct yaml_item *item)
{
    if (item->kind == YAML_KIND_SCALAR)
        return take_address(r, item);
    if (item->kind == YAML_KIND_MAP || item->first == NULL)
        return REFUSE(r, item, TAI_ERR_FORMAT, "listen must be an address or a list of addresses");
    enum tai_err err = TAI_OK;
    for (const struct yaml_item *i = item->first; err == TAI_OK && i != NULL; i = i->next)
        err = take_address(r, i);
    return err;
}

static enum tai_err take_section(struct reader *r, const char *section, const struct yaml_item *map);

static enum tai_err take_value(struct reader *r, const struct config_key *key, const struct yaml_item *item)
{
    switch (key->type) {
    case CONFIG_SECTION:
        if (yaml_item_is_empty(item))
            return TAI_OK; /* every key below it is commented out */
        if (item->kind != YAML_KIND_MAP)
            return REFUSE(r, item, TAI_ERR_FORMAT, "%s: is followed by its settings, indented, one to a line",
                          key->name);
        return take_section(r, key->name, item);
    case CONFIG_PATH:
        return take_path(r, key, item);
    case CONFIG_USER:
        return take_user(r, key, item);
    case CONFIG_LEVEL:
        return take_level(r, key, item);
    case CONFIG_COUNT:
        return take_count(r, key, item);
    case CONFIG_MS:
        return take_ms(r, key, item);
    case CONFIG_LISTEN:
        return take_listen(r, item);
    }
    return TAI_ERR_ARGUMENT;
}

static enum tai_err refuse_unknown(const struct reader *r, const char *section, const struct yaml_item *item)
{
    const char *dot = section[0] != 0 ? "." : "";
    const struct config_key *near = config_key_suggest(section, item->key);
    if (near == NULL)
        return REFUSE(r, item, TAI_ERR_FORMAT, "unknown key \"%s%s%.64s\"", section, dot, item->key);
    if (strcmp(near->section, section) == 0)
        return REFUSE(r, item, TAI_ERR_FORMAT, "unknown key \"%s%s%.64s\"; did you mean \"%s\"?", section,
                      dot, item->key, near->name);
    if (near->section[0] == 0)
        return REFUSE(r, item, TAI_ERR_FORMAT,
                      "unknown key \"%s%s%.64s\"; \"%s\" stands at the top, not indented", section, dot,
                      item->key, near->name);
    return REFUSE(r, item, TAI_ERR_FORMAT, "unknown key \"%s%s%.64s\"; \"%s\" belongs under \"%s:\"", section,
                  dot, item->key, near->name, near->section);
}

static enum tai_err take_section(struct reader *r, const char *section, const struct yaml_item *map)
{
    enum tai_err err = TAI_OK;
    for (const struct yaml_item *i = map->first; err == TAI_OK && i != NULL; i = i->next) {
        const struct config_key *key = config_key_find(section, i->key);
        err = key != NULL ? take_value(r, key, i) : refuse_unknown(r, section, i);
    }
    return err;
}

static void set_defaults(struct taid_config *c)
{
    c->log_level = LOG_NOTICE;
    c->stamp.max_error_ns = (int64_t)1000 * NS_PER_MS;
    c->stamp.connections_max = 16384;
    c->stamp.pending_max = 16384;
    c->stamp.request_ms = 10000;
    c->stamp.idle_ms = 60000;
    c->stamp.answer_ms = 10000;
    c->stamp.body_bytes_max = 4096;
    c->stamp.header_bytes_max = 8192;
    c->stamp.output_bytes_max = 1048576;
}

/* "base/name", or a copy of `name` where it is absolute; "." and "./" are left out. NULL: out of memory. */
static char *path_join(const char *base, const char *name)
{
    while (name[0] == '.' && name[1] == '/')
        for (name += 2; *name == '/';)
            name++;
    if (name[0] == '/')
        return strdup(name);
    if (name[0] == 0 || strcmp(name, ".") == 0)
        return strdup(base);
    char *joined = NULL;
    const char *slash = strcmp(base, "/") == 0 ? "" : "/";
    return asprintf(&joined, "%s%s%s", base, slash, name) < 0 ? NULL : joined;
}

static bool path_resolve(const char *base, char **field, const char *fallback)
{
    const char *name = *field != NULL ? *field : fallback;
    if (name == NULL)
        return true;
    char *joined = path_join(base, name);
    free(*field);
    *field = joined;
    return joined != NULL;
}

static bool resolve_paths(struct taid_config *c, const char *path)
{
    char cwd[PATH_MAX];
    if (path[0] != '/' && getcwd(cwd, sizeof cwd) == NULL)
        return false;
    c->path = path_join(path[0] == '/' ? "/" : cwd, path);
    if (c->path == NULL)
        return false;
    const char *slash = strrchr(c->path, '/');
    size_t len = slash == c->path ? 1 : (size_t)(slash - c->path);
    char *folder = strndup(c->path, len);
    bool ok = folder != NULL && path_resolve(folder, &c->data_dir, ".");
    free(folder);
    return ok && path_resolve(c->data_dir, &c->key_dir, "keys") &&
           path_resolve(c->data_dir, &c->policy_path, "policy") &&
           path_resolve(c->data_dir, &c->clock.page, "run/clock") &&
           path_resolve(c->data_dir, &c->clock.leap_file, NULL);
}

/* What depends on more than one key. */
static enum tai_err finish(struct reader *r)
{
    struct taid_config *c = r->config;
    if (c->clock.has_assume_error && c->clock.assume_error_ns >= c->stamp.max_error_ns)
        return yaml_refuse(
            r->path, r->max_error_line != 0 ? r->max_error_line : r->assume_line, TAI_ERR_RANGE, r->error,
            "stamp.max_error_ms (%lld) must be above clock.assume_error_ms (%lld), or no stamp could "
            "ever be issued",
            (long long)(c->stamp.max_error_ns / NS_PER_MS),
            (long long)(c->clock.assume_error_ns / NS_PER_MS));
    if (c->stamp.listen_count == 0) {
        c->stamp.listen[0] = strdup(LISTEN_DEFAULT);
        if (c->stamp.listen[0] == NULL)
            return error_set(r->error, TAI_ERR_MEMORY, "out of memory");
        c->stamp.listen_count = 1;
    }
    if (!resolve_paths(c, r->path))
        return error_set_detail(r->error, TAI_ERR_IO, "cannot tell the folder of", bytes_of_str(r->path));
    return TAI_OK;
}

enum tai_err config_parse(const char *path, const void *text, size_t len, struct taid_config **ret_config,
                          struct tai_error *error)
{
    struct yaml_tree *tree = NULL;
    enum tai_err err = yaml_tree_parse(path, text, len, &tree, error);
    if (err != TAI_OK)
        return err;
    struct reader r = {.path = path, .error = error};
    r.config = calloc(1, sizeof *r.config);
    if (r.config == NULL) {
        yaml_tree_free(tree);
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    }
    set_defaults(r.config);
    const struct yaml_item *root = yaml_tree_root(tree);
    if (root->kind == YAML_KIND_MAP)
        err = take_section(&r, "", root);
    else
        err = REFUSE(&r, root, TAI_ERR_FORMAT, "the file must consist of settings, \"key: value\"");
    if (err == TAI_OK)
        err = finish(&r);
    yaml_tree_free(tree);
    if (err != TAI_OK) {
        config_free(r.config);
        return err;
    }
    *ret_config = r.config;
    return TAI_OK;
}

static enum tai_err error_from_errno(const char *path, int number, struct tai_error *error)
{
    enum tai_err code = number == ENOENT || number == ENOTDIR ? TAI_ERR_NOT_FOUND
                        : number == EACCES || number == EPERM ? TAI_ERR_PERMISSION
                                                              : TAI_ERR_IO;
    return error_set_detail(error, code, path, bytes_of_str(strerror(number)));
}

enum tai_err config_load(const char *path, struct taid_config **ret_config, struct tai_error *error)
{
    /* O_NONBLOCK: a FIFO put in its place must not hang the start. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_from_errno(path, errno, error);
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return error_set_detail(error, TAI_ERR_FORMAT, path, bytes_of_str("not a regular file"));
    }
    char *text = malloc(YAML_TEXT_MAX + 1);
    size_t len = 0;
    ssize_t n = text == NULL ? -1 : 1;
    while (n > 0 && len < YAML_TEXT_MAX + 1) {
        n = read(fd, text + len, YAML_TEXT_MAX + 1 - len);
        if (n > 0)
            len += (size_t)n;
        else if (n < 0 && errno == EINTR)
            n = 1;
    }
    int number = text == NULL ? ENOMEM : errno;
    close(fd);
    enum tai_err err =
        n < 0 ? error_from_errno(path, number, error) : config_parse(path, text, len, ret_config, error);
    free(text);
    return err;
}

void config_free(struct taid_config *config)
{
    if (config == NULL)
        return;
    free(config->path);
    free(config->data_dir);
    free(config->key_dir);
    free(config->policy_path);
    free(config->clock.page);
    free(config->clock.leap_file);
    free(config->clock.user);
    for (size_t i = 0; i < config->stamp.listen_count; i++)
        free(config->stamp.listen[i]);
    free(config->stamp.user);
    free(config);
}
