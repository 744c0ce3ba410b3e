/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of settings once they are read: paths, print, free. */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/io/settings.h"
#include "sdk/time/civil.h"

/* ---- paths ---- */

char *settings_path_join(const char *base, const char *name)
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

bool settings_path_resolve(const char *base, char **field, const char *fallback)
{
    const char *name = *field != NULL ? *field : fallback;
    if (name == NULL)
        return true;
    char *joined = settings_path_join(base, name);
    free(*field);
    *field = joined;
    return joined != NULL;
}

bool settings_path_folder(const char *path, char **ret_path, char **ret_folder)
{
    char cwd[PATH_MAX];
    if (path[0] != '/' && getcwd(cwd, sizeof cwd) == NULL)
        return false;
    char *whole = settings_path_join(path[0] == '/' ? "/" : cwd, path);
    if (whole == NULL)
        return false;
    const char *slash = strrchr(whole, '/');
    char *folder = strndup(whole, slash == whole ? 1 : (size_t)(slash - whole));
    if (folder == NULL) {
        free(whole);
        return false;
    }
    *ret_path = whole;
    *ret_folder = folder;
    return true;
}

/* ---- print ---- */

/* Reads one code point of valid UTF-8 and steps over it. */
static uint32_t next_code_point(const char **text)
{
    const uint8_t *p = (const uint8_t *)*text;
    size_t more = p[0] < 0x80 ? 0 : p[0] < 0xE0 ? 1 : p[0] < 0xF0 ? 2 : 3;
    uint32_t c = more == 0 ? p[0] : p[0] & (0x3FU >> more);
    for (size_t i = 1; i <= more; i++)
        c = c << 6 | (p[i] & 0x3FU);
    *text += more + 1;
    return c;
}

/* A double-quoted YAML scalar. What YAML folds as a line end or does not allow unescaped is written as an
 * escape. */
static void print_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    while (*text != 0) {
        const char *start = text;
        uint32_t c = next_code_point(&text);
        bool odd =
            (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || (c & 0xFFFE) == 0xFFFE;
        if (odd) {
            fprintf(out, "\\U%08" PRIX32, c);
            continue;
        }
        if (c == '"' || c == '\\')
            fputc('\\', out);
        fwrite(start, 1, (size_t)(text - start), out);
    }
    fputs("\"\n", out);
}

static bool is_string(enum setting_type type)
{
    return type == SETTING_PATH || type == SETTING_USER || type == SETTING_NODE || type == SETTING_NAME ||
           type == SETTING_TEXT;
}

/* Nanoseconds in one of its units; 0: no time. */
static int64_t unit_of(enum setting_type type)
{
    return type == SETTING_S    ? 1000000000
           : type == SETTING_MS ? 1000000
           : type == SETTING_US ? 1000
           : type == SETTING_NS ? 1
                                : 0;
}

static void print_listen(char *const *list, size_t count, FILE *out)
{
    fputs("[", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s\"%s\"", i == 0 ? "" : ", ", list[i]);
    fputs("]\n", out);
}

static size_t members_count(const struct setting *key, const void *target)
{
    return *(const size_t *)((const char *)target + key->count_offset);
}

/* What is not set has no line. */
static bool is_set(const struct setting *key, const void *target)
{
    const void *field = (const char *)target + key->offset;
    if (is_string(key->type))
        return *(const char *const *)field != NULL;
    if (unit_of(key->type) != 0)
        return *(const int64_t *)field >= key->min;
    if (key->type == SETTING_COUNT)
        return *(const uint32_t *)field >= key->min && *(const uint32_t *)field <= key->max;
    if (key->type == SETTING_DATE)
        return *(const int64_t *)field != 0;
    return (key->type != SETTING_LISTEN && key->type != SETTING_LIST) || members_count(key, target) > 0;
}

static void print_date(int64_t posix_s, FILE *out)
{
    struct civil date;
    civil_from_seconds(posix_s, &date);
    fprintf(out, "%04" PRId64 "-%02" PRId32 "-%02" PRId32 "\n", date.year, date.month, date.day);
}

static void print_value(const struct setting *key, const void *target, FILE *out);

/* The first line of each element has the dash. */
static void print_list(const struct setting *key, const void *target, FILE *out)
{
    const struct setting_list *list = key->list;
    for (size_t i = 0; i < members_count(key, target); i++) {
        const char *element = (const char *)target + key->offset + i * list->size, *lead = "    - ";
        for (size_t k = 0; k < list->keys_count; k++) {
            const struct setting *inner = &list->keys[k];
            if (!is_set(inner, element) || (list->applies != NULL && !list->applies(element, inner)))
                continue;
            fprintf(out, "%s%s: ", lead, inner->name);
            print_value(inner, element, out);
            lead = "      ";
        }
    }
}

static void print_value(const struct setting *key, const void *target, FILE *out)
{
    const void *field = (const char *)target + key->offset;
    switch (key->type) {
    case SETTING_SECTION:
        fputs("\n", out);
        break;
    case SETTING_PATH:
    case SETTING_USER:
    case SETTING_NODE:
    case SETTING_NAME:
    case SETTING_TEXT:
        print_quoted(out, *(const char *const *)field);
        break;
    case SETTING_WORD:
        fprintf(out, "%s\n", key->words[*(const int *)field]);
        break;
    case SETTING_FLAG:
        fputs(*(const bool *)field ? "true\n" : "false\n", out);
        break;
    case SETTING_COUNT:
        fprintf(out, "%" PRIu32 "\n", *(const uint32_t *)field);
        break;
    case SETTING_S:
    case SETTING_MS:
    case SETTING_US:
    case SETTING_NS:
        fprintf(out, "%" PRId64 "\n", *(const int64_t *)field / unit_of(key->type));
        break;
    case SETTING_DATE:
        print_date(*(const int64_t *)field, out);
        break;
    case SETTING_LISTEN:
        print_listen(field, members_count(key, target), out);
        break;
    case SETTING_LIST:
        fputs("\n", out);
        print_list(key, target, out);
        break;
    }
}

static void print_key(const struct setting *key, const void *target, FILE *out)
{
    if (!is_set(key, target))
        return;
    bool below = key->type == SETTING_SECTION || key->type == SETTING_LIST;
    fprintf(out, "%s%s:%s", key->section[0] != 0 ? "  " : "", key->name, below ? "" : " ");
    print_value(key, target, out);
}

void settings_print(const struct setting *keys, size_t count, const void *target, FILE *out)
{
    for (size_t i = 0; i < count; i++)
        print_key(&keys[i], target, out);
}

/* ---- free ---- */

static void free_strings(char **strings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(strings[i]);
        strings[i] = NULL;
    }
}

void settings_free(const struct setting *keys, size_t count, void *target)
{
    for (size_t i = 0; i < count; i++) {
        const struct setting *key = &keys[i];
        void *field = (char *)target + key->offset;
        bool many = key->type == SETTING_LISTEN || key->type == SETTING_LIST;
        size_t n = many ? members_count(key, target) : 1;
        if (key->type == SETTING_LISTEN || is_string(key->type))
            free_strings(field, n);
        for (size_t j = 0; key->type == SETTING_LIST && j < n; j++)
            settings_free(key->list->keys, key->list->keys_count, (char *)field + j * key->list->size);
        if (many)
            *(size_t *)((char *)target + key->count_offset) = 0;
    }
}
