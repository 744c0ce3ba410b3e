/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/io/address.h"
#include "sdk/io/cluster.h"
#include "sdk/io/yaml.h"
#include "sdk/time/civil.h"

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000, USER_MAX = 32 };

const char *const settings_log_levels[] = {"error", "warning", "notice", "debug", NULL};

#define REFUSE(s, item, code, ...) yaml_refuse((s)->path, (item)->line, code, (s)->error, __VA_ARGS__)

static void *field_at(const struct settings *s, const struct setting *key)
{
    return (char *)s->target + key->offset;
}

static bool is_text(const struct yaml_item *item)
{
    return item->kind == YAML_KIND_SCALAR && item->text[0] != 0 && strcmp(item->text, "~") != 0;
}

/* ---- finding keys ---- */

static const struct setting *key_find(const struct settings *s, const char *section, const char *name)
{
    for (size_t i = 0; i < s->keys_count; i++)
        if (strcmp(s->keys[i].section, section) == 0 && strcmp(s->keys[i].name, name) == 0)
            return &s->keys[i];
    return NULL;
}

/* Lower case, '_' for '-': how people write the same word otherwise. */
static int fold(char c)
{
    if (c == '-')
        return '_';
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

enum { NAME_MAX_COMPARED = 32, FAR = 99 };

/* Levenshtein distance: the number of characters to insert, delete or replace. */
static unsigned distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    if (la > NAME_MAX_COMPARED || lb > NAME_MAX_COMPARED)
        return FAR;
    unsigned row[NAME_MAX_COMPARED + 1];
    for (size_t j = 0; j <= lb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned replace = diagonal + (fold(a[i - 1]) != fold(b[j - 1]));
            diagonal = row[j];
            unsigned shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = replace < shorter ? replace : shorter;
        }
    }
    return row[lb];
}

/* `name` without its unit, or with another one: "assume_error" for "assume_error_ms". */
static bool is_unitless(const char *name, const char *key)
{
    size_t n = strlen(name);
    return n >= 4 && strlen(key) > n && strncmp(name, key, n) == 0 && key[n] == '_';
}

/* The closest key of `section` to a wrong name, or the same name in another section; NULL when nothing is near. */
static const struct setting *key_suggest(const struct settings *s, const char *section, const char *name)
{
    const struct setting *best = NULL;
    unsigned best_distance = FAR;
    for (size_t i = 0; i < s->keys_count; i++) {
        const struct setting *key = &s->keys[i];
        bool here = strcmp(key->section, section) == 0;
        unsigned d = distance(name, key->name);
        if (here && is_unitless(name, key->name))
            d = 0;
        size_t allowed = here ? strlen(key->name) / 3 : 0;
        if (d <= allowed && d < best_distance) {
            best = key;
            best_distance = d;
        }
    }
    return best;
}

/* ---- values ---- */

static enum tai_err take_string(const struct settings *s, const struct setting *key,
                                const struct yaml_item *item)
{
    char *copy = strdup(item->text);
    if (copy == NULL)
        return error_set(s->error, TAI_ERR_MEMORY, "out of memory");
    char **field = field_at(s, key);
    free(*field);
    *field = copy;
    return TAI_OK;
}

static enum tai_err take_path(const struct settings *s, const struct setting *key,
                              const struct yaml_item *item)
{
    if (!is_text(item))
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s must be a path; leave the key out for the default",
                      key->name);
    /* Room is kept for what is put in front of a relative path, and for file names behind each. */
    size_t max = item->text[0] == '/' ? PATH_MAX - PATH_MAX / 16 : PATH_MAX / 4;
    if (strlen(item->text) > max)
        return REFUSE(s, item, TAI_ERR_RANGE, "%s: the path is longer than %zu bytes", key->name, max);
    for (const char *p = item->text; *p != 0; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return REFUSE(s, item, TAI_ERR_FORMAT, "%s: a control character in the path", key->name);
    return take_string(s, key, item);
}

static enum tai_err take_user(const struct settings *s, const struct setting *key,
                              const struct yaml_item *item)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (!is_text(item))
        return REFUSE(s, item, TAI_ERR_FORMAT,
                      "%s must be the name of a user; leave the key out to run as the one who starts it",
                      key->name);
    size_t len = strlen(item->text);
    bool digits = strspn(item->text, "0123456789") == len;
    if (len > USER_MAX || strspn(item->text, allowed) != len || item->text[0] == '-' || digits)
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s: \"%.40s\" is not the name of a user", key->name,
                      item->text);
    return take_string(s, key, item);
}

static enum tai_err take_node(const struct settings *s, const struct setting *key,
                              const struct yaml_item *item)
{
    uint64_t number;
    if (!is_text(item) || (!cluster_name_valid(item->text) &&
                           (!text_read_u64(bytes_of_str(item->text), UINT32_MAX, &number) || number == 0)))
        return REFUSE(s, item, TAI_ERR_FORMAT,
                      "%s must be the name or id of a node of the cluster file; leave the key out to find it "
                      "by its key",
                      key->name);
    return take_string(s, key, item);
}

static enum tai_err take_name(const struct settings *s, const struct setting *key,
                              const struct yaml_item *item)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    size_t len = is_text(item) ? strlen(item->text) : 0;
    if (len == 0 || len > SETTINGS_NAME_MAX || strspn(item->text, allowed) != len || item->text[0] == '-')
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s must be 1 to %d letters, digits and '-' (no '-' first)",
                      key->name, SETTINGS_NAME_MAX);
    return take_string(s, key, item);
}

static enum tai_err take_text(const struct settings *s, const struct setting *key,
                              const struct yaml_item *item)
{
    size_t len = is_text(item) ? strlen(item->text) : 0;
    bool printable = len > 0 && len <= SETTINGS_TEXT_MAX;
    for (size_t i = 0; printable && i < len; i++)
        printable = item->text[i] > ' ' && item->text[i] <= '~';
    if (!printable)
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s must be 1 to %d characters of ASCII without blanks%s",
                      key->name, SETTINGS_TEXT_MAX,
                      item->kind == YAML_KIND_LIST ? " (an address in [ ] needs quotes)" : "");
    return take_string(s, key, item);
}

static enum tai_err take_flag(const struct settings *s, const struct setting *key,
                              const struct yaml_item *item)
{
    bool on = item->kind == YAML_KIND_SCALAR && strcmp(item->text, "true") == 0;
    if (!on && (item->kind != YAML_KIND_SCALAR || strcmp(item->text, "false") != 0))
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s must be true or false", key->name);
    *(bool *)field_at(s, key) = on;
    return TAI_OK;
}

/* Four, two and two digits with '-' between. */
static bool read_date(const char *text, struct civil *ret_date)
{
    struct bytes year, month, day, rest = bytes_of_str(text);
    uint64_t y, m, d;
    if (!bytes_split(rest, '-', &year, &rest) || !bytes_split(rest, '-', &month, &day) || year.len != 4 ||
        month.len != 2 || day.len != 2)
        return false;
    for (size_t i = 0; i < 2; i++) { /* text_read_u64 takes no leading zero */
        struct bytes *two = i == 0 ? &month : &day;
        if (two->data[0] == '0')
            *two = bytes_of(two->data + 1, 1);
    }
    if (!text_read_u64(year, 9999, &y) || !text_read_u64(month, 12, &m) || !text_read_u64(day, 31, &d))
        return false;
    *ret_date = (struct civil){.year = (int64_t)y, .month = (int32_t)m, .day = (int32_t)d};
    return y >= 1972 && civil_valid(ret_date);
}

static enum tai_err take_date(const struct settings *s, const struct setting *key,
                              const struct yaml_item *item)
{
    struct civil date;
    if (item->kind != YAML_KIND_SCALAR || !read_date(item->text, &date))
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s must be a date from 1972-01-01 on, such as 2026-01-31",
                      key->name);
    *(int64_t *)field_at(s, key) = civil_to_seconds(&date);
    return TAI_OK;
}

/* "a, b or c". */
static void words_print(const char *const *words, struct out *o)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        out_str(o, i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ");
        out_str(o, words[i]);
    }
}

static enum tai_err take_word(const struct settings *s, const struct setting *key,
                              const struct yaml_item *item)
{
    for (int i = 0; item->kind == YAML_KIND_SCALAR && key->words[i] != NULL; i++)
        if (strcmp(item->text, key->words[i]) == 0) {
            *(int *)field_at(s, key) = i;
            return TAI_OK;
        }
    char text[200];
    struct out o = out_of(text, sizeof text);
    words_print(key->words, &o);
    BUG_UNLESS(out_terminate(&o));
    return REFUSE(s, item, TAI_ERR_FORMAT, "%s must be %s", key->name, text);
}

static enum tai_err read_number(const struct settings *s, const struct setting *key,
                                const struct yaml_item *item, int64_t *ret_v)
{
    uint64_t v = 0;
    if (item->kind != YAML_KIND_SCALAR || !item->plain ||
        !text_read_u64(bytes_of_str(item->text), UINT64_MAX, &v))
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s must be a whole number from %lld to %lld, in plain digits",
                      key->name, (long long)key->min, (long long)key->max);
    if (v < (uint64_t)key->min || v > (uint64_t)key->max)
        return REFUSE(s, item, TAI_ERR_RANGE, "%s must be from %lld to %lld, not %s", key->name,
                      (long long)key->min, (long long)key->max, item->text);
    *ret_v = (int64_t)v;
    return TAI_OK;
}

static enum tai_err take_count(const struct settings *s, const struct setting *key,
                               const struct yaml_item *item)
{
    int64_t v = 0;
    enum tai_err err = read_number(s, key, item, &v);
    if (err == TAI_OK)
        *(uint32_t *)field_at(s, key) = (uint32_t)v;
    return err;
}

static enum tai_err take_time(const struct settings *s, const struct setting *key,
                              const struct yaml_item *item, int64_t unit_ns)
{
    int64_t v = 0;
    enum tai_err err = read_number(s, key, item, &v);
    if (err == TAI_OK)
        *(int64_t *)field_at(s, key) = v * unit_ns;
    return err;
}

static enum tai_err take_address(const struct settings *s, const struct setting *key,
                                 const struct yaml_item *item)
{
    char **list = field_at(s, key);
    size_t *count = (size_t *)((char *)s->target + key->count_offset);
    struct address a;
    if (item->kind != YAML_KIND_SCALAR || !address_parse(item->text, 0, &a))
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s takes addresses with a port, such as %s%s", key->name,
                      key->example, item->kind == YAML_KIND_LIST ? " (an address in [ ] needs quotes)" : "");
    if (*count == (size_t)key->max)
        return REFUSE(s, item, TAI_ERR_SPACE, "%s takes at most %lld addresses", key->name,
                      (long long)key->max);
    for (size_t i = 0; i < *count; i++)
        if (a.port != 0 && strcmp(list[i], item->text) == 0)
            return REFUSE(s, item, TAI_ERR_FORMAT, "%s: %s stands there twice", key->name, item->text);
    char *copy = strdup(item->text);
    if (copy == NULL)
        return error_set(s->error, TAI_ERR_MEMORY, "out of memory");
    list[(*count)++] = copy;
    return TAI_OK;
}

static enum tai_err take_listen(const struct settings *s, const struct setting *key,
                                const struct yaml_item *item)
{
    if (item->kind == YAML_KIND_SCALAR)
        return take_address(s, key, item);
    if (item->kind == YAML_KIND_MAP || item->first == NULL)
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s must be an address or a list of addresses", key->name);
    enum tai_err err = TAI_OK;
    for (const struct yaml_item *i = item->first; err == TAI_OK && i != NULL; i = i->next)
        err = take_address(s, key, i);
    return err;
}

/* ---- the file ---- */

static enum tai_err take_section(struct settings *s, const char *section, const struct yaml_item *map);

/* One map of a list, into the next free element of the array. It counts at once, so that settings_free finds what it
 * holds whatever comes. */
static enum tai_err take_element(const struct settings *s, const struct setting *key,
                                 const struct yaml_item *item)
{
    const struct setting_list *list = key->list;
    size_t *count = (size_t *)((char *)s->target + key->count_offset), index = *count;
    if (item->kind != YAML_KIND_MAP)
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s of %s is written as its settings, \"- key: value\"",
                      list->what, key->name);
    if (index == (size_t)key->max)
        return REFUSE(s, item, TAI_ERR_SPACE, "%s takes at most %lld", key->name, (long long)key->max);
    char *first = field_at(s, key);
    struct settings element = {.keys = list->keys,
                               .keys_count = list->keys_count,
                               .target = first + index * list->size,
                               .path = s->path,
                               .error = s->error};
    memset(element.target, 0, list->size);
    if (list->defaults != NULL)
        list->defaults(element.target);
    (*count)++;
    enum tai_err err = take_section(&element, "", item);
    if (err == TAI_OK && list->finish != NULL)
        err = list->finish(&element, item->line, first, index);
    return err;
}

static enum tai_err take_list(const struct settings *s, const struct setting *key,
                              const struct yaml_item *item)
{
    BUG_UNLESS(key->list->keys_count <= SETTINGS_KEYS_MAX);
    if (item->kind != YAML_KIND_LIST)
        return REFUSE(s, item, TAI_ERR_FORMAT, "%s: is followed by a list: each entry begins with \"- \"",
                      key->name);
    enum tai_err err = TAI_OK;
    for (const struct yaml_item *i = item->first; err == TAI_OK && i != NULL; i = i->next)
        err = take_element(s, key, i);
    return err;
}

static enum tai_err take_value(struct settings *s, const struct setting *key, const struct yaml_item *item)
{
    switch (key->type) {
    case SETTING_SECTION:
        if (yaml_item_is_empty(item))
            return TAI_OK; /* every key below it is commented out */
        if (item->kind != YAML_KIND_MAP)
            return REFUSE(s, item, TAI_ERR_FORMAT, "%s: is followed by its settings, indented, one to a line",
                          key->name);
        return take_section(s, key->name, item);
    case SETTING_PATH:
        return take_path(s, key, item);
    case SETTING_USER:
        return take_user(s, key, item);
    case SETTING_NODE:
        return take_node(s, key, item);
    case SETTING_NAME:
        return take_name(s, key, item);
    case SETTING_TEXT:
        return take_text(s, key, item);
    case SETTING_WORD:
        return take_word(s, key, item);
    case SETTING_FLAG:
        return take_flag(s, key, item);
    case SETTING_COUNT:
        return take_count(s, key, item);
    case SETTING_S:
        return take_time(s, key, item, NS_PER_S);
    case SETTING_MS:
        return take_time(s, key, item, NS_PER_MS);
    case SETTING_US:
        return take_time(s, key, item, NS_PER_US);
    case SETTING_NS:
        return take_time(s, key, item, 1);
    case SETTING_DATE:
        return take_date(s, key, item);
    case SETTING_LISTEN:
        return take_listen(s, key, item);
    case SETTING_LIST:
        return take_list(s, key, item);
    }
    return TAI_ERR_ARGUMENT;
}

/* The sections that have a key of this name: "a:" or "b:". */
static void sections_print(const struct settings *s, const char *name, struct out *o)
{
    for (size_t i = 0; i < s->keys_count; i++) {
        if (strcmp(s->keys[i].name, name) != 0)
            continue;
        out_str(o, o->len == 0 ? "\"" : " or \"");
        out_str(o, s->keys[i].section);
        out_str(o, ":\"");
    }
}

static enum tai_err refuse_unknown(const struct settings *s, const char *section,
                                   const struct yaml_item *item)
{
    const char *dot = section[0] != 0 ? "." : "";
    const struct setting *near = key_suggest(s, section, item->key);
    if (near == NULL)
        return REFUSE(s, item, TAI_ERR_FORMAT, "unknown key \"%s%s%.64s\"", section, dot, item->key);
    if (strcmp(near->section, section) == 0)
        return REFUSE(s, item, TAI_ERR_FORMAT, "unknown key \"%s%s%.64s\"; did you mean \"%s\"?", section,
                      dot, item->key, near->name);
    if (near->section[0] == 0)
        return REFUSE(s, item, TAI_ERR_FORMAT,
                      "unknown key \"%s%s%.64s\"; \"%s\" stands at the top, not indented", section, dot,
                      item->key, near->name);
    char sections[100];
    struct out o = out_of(sections, sizeof sections);
    sections_print(s, near->name, &o);
    BUG_UNLESS(out_terminate(&o));
    return REFUSE(s, item, TAI_ERR_FORMAT, "unknown key \"%s%s%.64s\"; \"%s\" belongs under %s", section, dot,
                  item->key, near->name, sections);
}

static enum tai_err take_section(struct settings *s, const char *section, const struct yaml_item *map)
{
    enum tai_err err = TAI_OK;
    for (const struct yaml_item *i = map->first; err == TAI_OK && i != NULL; i = i->next) {
        const struct setting *key = key_find(s, section, i->key);
        err = key != NULL ? take_value(s, key, i) : refuse_unknown(s, section, i);
        if (err == TAI_OK)
            s->lines[key - s->keys] = i->line;
    }
    return err;
}

enum tai_err settings_read(struct settings *s, const void *text, size_t len)
{
    BUG_UNLESS(s->keys_count <= SETTINGS_KEYS_MAX);
    struct yaml_tree *tree = NULL;
    enum tai_err err = yaml_tree_parse(s->path, text, len, &tree, s->error);
    if (err != TAI_OK)
        return err;
    const struct yaml_item *root = yaml_tree_root(tree);
    if (root->kind == YAML_KIND_MAP)
        err = take_section(s, "", root);
    else
        err = REFUSE(s, root, TAI_ERR_FORMAT, "the file must consist of settings, \"key: value\"");
    yaml_tree_free(tree);
    return err;
}

unsigned settings_line(const struct settings *s, const char *section, const char *name)
{
    const struct setting *key = key_find(s, section, name);
    BUG_UNLESS(key != NULL);
    return s->lines[key - s->keys];
}

enum tai_err settings_refuse(const struct settings *s, unsigned line, enum tai_err code, const char *format,
                             ...)
{
    if (s->error == NULL)
        return code;
    char reason[sizeof s->error->text];
    va_list ap;
    va_start(ap, format);
    vsnprintf(reason, sizeof reason, format, ap);
    va_end(ap);
    return line != 0 ? yaml_refuse(s->path, line, code, s->error, "%s", reason)
                     : error_set_detail(s->error, code, s->path, bytes_of_str(reason));
}

static enum tai_err error_from_errno(const char *path, int number, struct tai_error *error)
{
    enum tai_err code = number == ENOENT || number == ENOTDIR ? TAI_ERR_NOT_FOUND
                        : number == EACCES || number == EPERM ? TAI_ERR_PERMISSION
                                                              : TAI_ERR_IO;
    return error_set_detail(error, code, path, bytes_of_str(strerror(number)));
}

enum tai_err settings_file(const char *path, char **ret_text, size_t *ret_len, struct tai_error *error)
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
    if (n < 0) {
        free(text);
        return error_from_errno(path, number, error);
    }
    *ret_text = text;
    *ret_len = len;
    return TAI_OK;
}
