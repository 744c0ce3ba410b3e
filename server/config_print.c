/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <inttypes.h>

#include "server/config_keys.h"

/* A double-quoted YAML scalar: paths can hold anything but control characters. */
static void print_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
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
