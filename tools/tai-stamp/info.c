/* SPDX-License-Identifier: Apache-2.0 */
/* tai-stamp info: what a receipt says, without believing any of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tai-stamp/commands.h"
#include "tools/tai-stamp/describe.h"
#include "tools/file.h"
#include "tools/tai-stamp/judge.h"
#include "tools/text.h"

static void print_block(const char *title, const char *text)
{
    printf("%s\n", title);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char *line = text_escape_n(text, len);

        printf("    %s\n", line);
        free(line);
        text += len + (text[len] == '\n');
    }
}

static void print_plain(const char *path, const struct taistamp_receipt_info *info,
                        const taistamp_leaps *leaps)
{
    char digest[TAISTAMP_DIGEST_TEXT], label[TAISTAMP_TIME_TEXT];
    char *shown = text_escape(path), *issuer = text_escape(info->issuer);
    char *when = describe_instant(info->t, info->h, leaps);

    taistamp_digest_print(&info->digest, digest);
    taistamp_time_print_tai64n(info->t, label);
    printf("%s: a receipt, NOT VERIFIED (tai-stamp verify does that)\n", shown);
    printf("  issuer      %s\n", issuer);
    printf("  time        %s\n", when);
    printf("              t %" PRId64 " ns, h %" PRId64 " ns, %s\n", info->t.ns, info->h.ns, label);
    if (info->tai_utc_known)
        printf("  TAI-UTC     %" PRId32 " s, as the issuer says\n", info->tai_utc_s);
    else
        printf("  TAI-UTC     the issuer does not say\n");
    printf("  clock       %s: %s\n", taistamp_clock_name(info->clock), describe_clock(info->clock));
    printf("  log         entry %" PRIu64 " of a tree of %" PRIu64 ", %zu %s\n", info->index, info->size,
           info->signatures, text_plural(info->signatures, "signature", "signatures"));
    printf("  kind        %s\n", taistamp_kind_name(info->kind));
    if (info->in_batch)
        printf("  batch       file %" PRIu64 " of %" PRIu64 " stamped together\n", info->batch_index + 1,
               info->batch_size);
    if (info->has_closed)
        printf("  closed      in the closing tree of %" PRIu64 "\n", info->closed_size);
    printf("  digest      %s\n", digest);
    if (info->name != NULL) {
        char *name = text_escape_n(info->name, info->name_len);

        printf("  file name   %s (a hint that proves nothing)\n", name);
        free(name);
    }
    print_block("  entry", info->entry);
    print_block("  checkpoint", info->checkpoint);
    free(when);
    free(issuer);
    free(shown);
}

static bool print_json(const char *path, const struct taistamp_receipt_info *info,
                       const taistamp_leaps *leaps)
{
    json_t *object = json_object();

    describe_text_json(object, "receipt", path);
    json_object_set_new(object, "verified", json_false());
    describe_info_json(object, info, leaps);
    json_object_set_new(object, "tai_utc", info->tai_utc_known ? json_integer(info->tai_utc_s) : json_null());
    json_object_set_new(object, "signatures", json_integer((json_int_t)info->signatures));
    describe_text_json(object, "entry", info->entry);
    describe_text_json(object, "checkpoint", info->checkpoint);
    return json_finish_line(object);
}

/* "photo.jpg" stands for its receipt if there is one. */
static char *receipt_of(const char *path)
{
    char *beside = text_printf("%s.tai", path);

    if (!text_ends_with(path, ".tai") && file_exists(beside))
        return beside;
    free(beside);
    return text_copy(path);
}

/* Whether the file was meant to stand for a receipt, which is not beside it. */
static bool no_receipt_of(const char *path, const char *receipt)
{
    return strcmp(path, receipt) == 0 && !text_ends_with(path, ".tai") && file_exists(path);
}

int command_info(const struct options *o)
{
    taistamp_leaps *leaps = NULL;
    size_t bad = 0, missing_files = 0;

    if (o->n_args == 0) {
        fputs("tai-stamp: info about what? Give receipts (*.tai)\n", stderr);
        return EXIT_USAGE;
    }
    if (taistamp_leaps_load(NULL, &leaps, NULL) != TAI_OK)
        leaps = NULL;
    for (size_t i = 0; i < o->n_args; i++) {
        char reason[700], *path = receipt_of(o->args[i]), *shown = text_escape(path);
        bool missing;
        taistamp_receipt *receipt = judge_read_receipt(path, &missing, reason, sizeof reason);

        if (receipt == NULL) {
            fprintf(stderr, "tai-stamp: %s: %s%s\n", shown,
                    no_receipt_of(o->args[i], path) ? "no receipt, and none is beside it: " : "", reason);
            bad += !missing;
            missing_files += missing;
        } else {
            struct taistamp_receipt_info info;

            taistamp_receipt_info(receipt, &info);
            if (o->json)
                print_json(path, &info, leaps);
            else
                print_plain(path, &info, leaps);
            taistamp_receipt_free(receipt);
        }
        free(shown);
        free(path);
    }
    taistamp_leaps_free(leaps);
    return bad > 0                     ? EXIT_FAILED
           : missing_files == 0        ? EXIT_OK
           : missing_files < o->n_args ? EXIT_PARTIAL
                                       : EXIT_USAGE;
}
