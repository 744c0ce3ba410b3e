/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <inttypes.h>

#include "server/config_keys.h"

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

static void print_listen(const struct taid_config *c, FILE *out)
{
    fputs("[", out);
    for (size_t i = 0; i < c->stamp.listen_count; i++)
        fprintf(out, "%s\"%s\"", i == 0 ? "" : ", ", c->stamp.listen[i]);
    fputs("]\n", out);
}

static void print_key(const struct taid_config *c, const struct config_key *key, FILE *out)
{
    const void *field = (const char *)c + key->offset;
    const char *indent = key->section[0] != 0 ? "  " : "";
    bool text = key->type == CONFIG_PATH || key->type == CONFIG_USER;
    const char *value = text ? *(const char *const *)field : NULL;
    if (text && value == NULL)
        return;
    if (field == &c->clock.assume_error_ns && !c->clock.has_assume_error)
        return;
    fprintf(out, "%s%s:%s", indent, key->name, key->type == CONFIG_SECTION ? "\n" : " ");
    switch (key->type) {
    case CONFIG_SECTION:
        break;
    case CONFIG_PATH:
    case CONFIG_USER:
        print_quoted(out, value);
        break;
    case CONFIG_LEVEL:
        fprintf(out, "%s\n", config_level_name(*(const int *)field));
        break;
    case CONFIG_COUNT:
        fprintf(out, "%" PRIu32 "\n", *(const uint32_t *)field);
        break;
    case CONFIG_MS:
        fprintf(out, "%" PRId64 "\n", *(const int64_t *)field / 1000000);
        break;
    case CONFIG_LISTEN:
        print_listen(c, out);
        break;
    }
}

void config_print(const struct taid_config *config, FILE *out)
{
    for (size_t i = 0; i < config_keys_count; i++)
        print_key(config, &config_keys[i], out);
}
