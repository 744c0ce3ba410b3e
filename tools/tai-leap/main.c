/* SPDX-License-Identifier: Apache-2.0 */
/* tai-leap: shows the leap-second table, converts times with it, and renews it. */
#include <stdio.h>
#include <string.h>

#include "tools/tai-leap/show.h"
#include "tools/tai-leap/update.h"

static int worse(int a, int b)
{
    /* What could not be answered weighs more than what is doubtful. */
    static const int weight[] = {[EXIT_OK] = 0, [EXIT_INVALID] = 2, [EXIT_USAGE] = 3, [EXIT_DOUBTFUL] = 1};
    return weight[a] >= weight[b] ? a : b;
}

static int exit_of(enum tai_err err)
{
    return err == TAI_ERR_FORMAT || err == TAI_ERR_ARGUMENT ? EXIT_USAGE : EXIT_INVALID;
}

static int finish_json(json_t *value)
{
    if (json_finish(value))
        return EXIT_OK;
    fputs("tai-leap: the output could not be written\n", stderr);
    return EXIT_INVALID;
}

static int table_command(const struct options *o, const taistamp_leaps *leaps)
{
    struct instant now;
    struct tai_error error;
    if (read_now(leaps, &now, &error) != TAI_OK) {
        fprintf(stderr, "tai-leap: %s\n", error.text);
        return EXIT_INVALID;
    }
    int code = now.t.ns < taistamp_leaps_expires(leaps).ns ? EXIT_OK : EXIT_DOUBTFUL;
    if (o->json)
        code = worse(code, finish_json(show_table_json(leaps, &now, true)));
    else if (!o->quiet)
        show_table(leaps, &now);
    return code;
}

static json_t *failure_json(const char *input, const struct tai_error *error)
{
    json_t *text = json_string(input); /* NULL when the argument is not UTF-8 */
    return json_pack("{s:o, s:s, s:s}", "input", text != NULL ? text : json_null(), "error",
                     taistamp_err_name(error->code), "message", error->text);
}

/* One item: prints it, or appends it to `list`. */
static int convert_item(const struct options *o, const struct item *item, tai_t pivot,
                        const taistamp_leaps *leaps, json_t *list)
{
    struct instant i;
    struct tai_error error = {.code = TAI_OK};
    int32_t offset;
    enum tai_err err = read_item(item, leaps, pivot, &i, &error);
    if (err != TAI_OK) {
        if (o->json)
            (void)json_array_append_new(list, failure_json(item->text, &error));
        else if (strstr(error.text, item->text) != NULL)
            fprintf(stderr, "tai-leap: %s\n", error.text);
        else
            fprintf(stderr, "tai-leap: %s: %s\n", item->text, error.text);
        return exit_of(err);
    }
    enum taistamp_utc_status status = taistamp_leaps_offset(leaps, i.t, &offset);
    int code = status == TAISTAMP_UTC_EXPIRED ? EXIT_DOUBTFUL : EXIT_OK;
    if (o->json) {
        (void)json_array_append_new(list, show_instant_json(item->text, &i, leaps));
    } else if (!show_instant(item->text, &i, o->form, leaps, o->quiet)) {
        fprintf(stderr, "tai-leap: %s: this form is not known before 1972\n", item->text);
        return EXIT_INVALID;
    } else if (code == EXIT_DOUBTFUL && !o->quiet) {
        fprintf(stderr, "tai-leap: %s: after the expiry of the table, so UTC is doubtful\n", item->text);
    }
    return code;
}

static int convert_command(const struct options *o, const taistamp_leaps *leaps)
{
    struct instant now, pivot;
    struct tai_error error;
    struct item given = {ITEM_TEXT, o->pivot != NULL ? o->pivot : "now"};
    enum tai_err err = read_now(leaps, &now, &error);
    if (err == TAI_OK)
        err = read_item(&given, leaps, now.t, &pivot, &error);
    if (err != TAI_OK) {
        fprintf(stderr, "tai-leap: %s: %s\n", given.text, error.text);
        return exit_of(err);
    }
    json_t *list = o->json ? json_array() : NULL;
    int code = EXIT_OK;
    for (size_t i = 0; i < o->n_items; i++)
        code = worse(code, convert_item(o, &o->items[i], pivot.t, leaps, list));
    if (o->json)
        code = worse(code, finish_json(json_pack("{s:o, s:o}", "table", show_table_json(leaps, &now, false),
                                                 "times", list)));
    return code;
}

int main(int argc, char **argv)
{
    struct options o;
    struct tai_error error;
    taistamp_leaps *leaps;
    int code;
    if (argc > 1 && strcmp(argv[1], "update") == 0)
        return update_command(argc - 1, argv + 1);
    if (!options_read(argc, argv, &o, &code))
        return code;
    if (o.verbose && o.file == NULL)
        show_paths();
    enum tai_err err = taistamp_leaps_load(o.file, &leaps, &error);
    if (err != TAI_OK) {
        fprintf(stderr, "tai-leap: %s\n", error.text);
        options_free(&o);
        return err == TAI_ERR_NOT_FOUND || err == TAI_ERR_PERMISSION ? EXIT_USAGE : EXIT_INVALID;
    }
    code = o.n_items == 0 ? table_command(&o, leaps) : convert_command(&o, leaps);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("tai-leap: the output could not be written\n", stderr);
        code = EXIT_INVALID;
    }
    taistamp_leaps_free(leaps);
    options_free(&o);
    return code;
}
