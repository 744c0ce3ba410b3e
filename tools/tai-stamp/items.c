/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/items.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/tai-stamp/describe.h"
#include "tools/file.h"
#include "tools/tai-stamp/remake.h"
#include "tools/text.h"
#include "tools/tai-stamp/walk.h"

void items_report_json(const struct item *item, const char *status, const char *message,
                       const struct taistamp_receipt_info *info, const taistamp_leaps *leaps)
{
    json_t *object = json_object();

    describe_text_json(object, "file", item->path != NULL ? item->path : item->label);
    json_object_set_new(object, "status", json_string(status));
    if (item->receipt != NULL)
        describe_text_json(object, "receipt", item->receipt);
    if (message != NULL)
        describe_text_json(object, "message", message);
    if (info != NULL)
        describe_info_json(object, info, leaps);
    json_finish_line(object);
}

void items_fail(const struct options *o, struct item *item, int code, const char *format, ...)
{
    va_list args;
    char *message = NULL;

    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        message = NULL;
    va_end(args);
    item->state = ITEM_FAILED;
    item->code = code;
    if (o->json)
        items_report_json(item, "failed", message, NULL, NULL);
    else
        fprintf(stderr, "%s: %s\n", item->label, message != NULL ? message : "failed");
    free(message);
}

static struct item *add_item(struct items *items, const char *label)
{
    struct item *item;

    if ((items->n & (items->n - 1)) == 0)
        items->list = text_grow(items->list, items->n == 0 ? 1 : items->n * 2, sizeof *items->list);
    item = &items->list[items->n++];
    *item = (struct item){.state = ITEM_PENDING, .label = text_escape(label)};
    return item;
}

static char *receipt_for(const struct options *o, const char *path)
{
    if (o->output != NULL)
        return text_copy(o->output);
    if (o->out_dir != NULL)
        return text_printf("%s/%s.tai", o->out_dir, text_base_name(path));
    return text_printf("%s.tai", path);
}

static void on_problem(void *user, const char *path, const char *what)
{
    const struct options *o = user;
    char *label = text_escape(path);
    struct item nobody = {.label = label};

    items_fail(o, &nobody, EXIT_USAGE, "%s", what);
    free(label);
}

/* Files named on the command line and in lists. */
static int collect_files(const struct options *o, struct items *items)
{
    struct walk walk = {0};
    void *user = (void *)(uintptr_t)o;
    size_t stdin_count = 0;
    char **sorted;
    int err;

    for (size_t i = 0; i < o->n_args; i++) {
        if (strcmp(o->args[i], "-") == 0)
            stdin_count++;
        else
            walk_add(&walk, o->args[i], o->recursive, on_problem, user);
    }
    if (o->files_from != NULL &&
        !walk_add_list(&walk, o->files_from, o->null_separated, o->recursive, on_problem, user, &err)) {
        fprintf(stderr, "tai-stamp: --files-from: %s\n", strerror(err));
        walk_free(&walk);
        return EXIT_USAGE;
    }
    walk_unique(&walk);
    if (stdin_count > 1 || (stdin_count == 1 && o->files_from != NULL && strcmp(o->files_from, "-") == 0) ||
        (o->output != NULL && walk.n_files + stdin_count > 1)) {
        fputs(o->output != NULL ? "tai-stamp: -o takes the receipt of one file; --out-dir is for many\n"
                                : "tai-stamp: standard input can be read only once\n",
              stderr);
        walk_free(&walk);
        return EXIT_USAGE;
    }
    sorted = walk_sorted(walk.files, walk.n_files);
    for (size_t i = 0; i < walk.n_files; i++) {
        struct item *item;

        if (walk_file_named(sorted, walk.n_files, walk.files[i]))
            continue;
        item = add_item(items, walk.files[i]);
        item->path = text_copy(walk.files[i]);
        item->receipt = receipt_for(o, item->path);
        if (text_ends_with(item->path, ".tai") && file_exists(item->path))
            items_fail(o, item, EXIT_USAGE, "is a receipt; receipts are not stamped");
    }
    if (stdin_count == 1)
        add_item(items, "standard input")->receipt = text_copy(o->output != NULL ? o->output : "-");
    items->walk_failed = walk.failed;
    free(sorted);
    walk_free(&walk);
    return -1;
}

static int collect_digest(const struct options *o, struct items *items)
{
    struct tai_error error = {0};
    struct item *item;

    if (o->output == NULL || o->n_args > 0 || o->files_from != NULL) {
        fputs("tai-stamp: --digest stands alone and needs -o: there is no file to put a receipt beside\n",
              stderr);
        return EXIT_USAGE;
    }
    item = add_item(items, o->digest);
    item->receipt = text_copy(o->output);
    if (taistamp_digest_parse(o->digest, &item->job.digest, &error) != TAI_OK) {
        fprintf(stderr, "tai-stamp: --digest: %s\n", error.text);
        return EXIT_USAGE;
    }
    item->job.done = true;
    return -1;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The absolute paths of what was named, sorted. */
static char **named_paths(const struct items *items)
{
    char **paths = text_alloc(items->n * sizeof *paths);

    for (size_t i = 0; i < items->n; i++)
        paths[i] = items->list[i].path != NULL ? file_absolute(items->list[i].path) : text_copy("");
    qsort(paths, items->n, sizeof *paths, by_text);
    return paths;
}

static void add_queued(struct items *items, const struct outbox_item *queued)
{
    char digest[TAISTAMP_DIGEST_TEXT];
    struct item *item;

    taistamp_digest_print(&queued->digest, digest);
    item = add_item(items, queued->path != NULL ? queued->path : digest);
    item->from_queue = true;
    item->queued = *queued;
    item->path = queued->path != NULL ? text_copy(queued->path) : NULL;
    item->receipt = queued->receipt != NULL ? text_copy(queued->receipt) : NULL;
    if (item->path == NULL) {
        item->job.digest = queued->digest;
        item->job.done = true;
    }
}

/* The queue, but for files that are named again now. */
static void collect_queue(struct items *items)
{
    size_t n_named = items->n;
    char **named;

    outbox_take(&items->queue);
    if (items->queue.n == 0)
        return;
    named = named_paths(items);
    for (size_t i = 0; i < items->queue.n; i++) {
        const struct outbox_item *queued = &items->queue.items[i];

        if (queued->path == NULL || bsearch(&queued->path, named, n_named, sizeof *named, by_text) == NULL)
            add_queued(items, queued);
    }
    for (size_t i = 0; i < n_named; i++)
        free(named[i]);
    free(named);
}

/* Hashes what is pending, one algorithm at a time. */
static void hash_items(const struct options *o, struct items *items)
{
    bool progress = isatty(STDERR_FILENO) && !o->quiet;
    struct hashing_job *jobs = text_alloc(items->n * sizeof *jobs);
    size_t *which = text_alloc(items->n * sizeof *which);

    for (int a = TAISTAMP_SHA256; a <= TAISTAMP_SHA3_512; a++) {
        enum taistamp_algorithm algorithm = (enum taistamp_algorithm)a;
        size_t n = 0;

        for (size_t i = 0; i < items->n; i++) {
            struct item *item = &items->list[i];

            if (item->state != ITEM_PENDING || item->path == NULL ||
                (item->from_queue ? item->queued.digest.algorithm : items->algorithm) != algorithm)
                continue;
            which[n] = i;
            jobs[n++] = (struct hashing_job){.path = item->path};
        }
        if (n > 0)
            hashing_run(jobs, n, algorithm, o->jobs, progress);
        for (size_t i = 0; i < n; i++)
            items->list[which[i]].job = jobs[i];
    }
    for (size_t i = 0; i < items->n; i++)
        if (items->list[i].path == NULL && !items->list[i].job.done && items->list[i].state == ITEM_PENDING)
            hashing_stdin(items->algorithm, &items->list[i].job);
    free(which);
    free(jobs);
}

static void judge_hash(const struct options *o, struct item *item)
{
    if (item->job.done && item->from_queue &&
        !taistamp_digest_equal(&item->job.digest, &item->queued.digest)) {
        items_fail(o, item, EXIT_FAILED,
                   "was changed since it was queued, so it is not stamped; stamp it anew if you wish");
    } else if (!item->job.done && item->from_queue && item->job.missing) {
        item->state = ITEM_LEFT;
        if (!o->quiet)
            fprintf(stderr, "%s: is not here now; it stays queued\n", item->label);
    } else if (!item->job.done) {
        items_fail(o, item, EXIT_USAGE, "%s", item->job.problem);
    }
}

static void look_at_existing(const struct options *o, const struct items *items, struct item *item)
{
    char reason[700];
    const char *why;
    struct taistamp_receipt_info info;
    taistamp_receipt *receipt;
    bool missing;

    if (item->receipt == NULL || strcmp(item->receipt, "-") == 0 || !file_exists(item->receipt))
        return;
    receipt = judge_read_receipt(item->receipt, &missing, reason, sizeof reason);
    why = receipt == NULL
              ? reason
              : judge_digest(&items->judge, receipt, &item->job.digest, reason, sizeof reason, &info);
    if (o->force) {
        item->aside = true;
    } else if (why == NULL) {
        item->state = ITEM_SKIPPED;
        if (o->json) {
            items_report_json(item, "skipped", "has a valid receipt", &info, items->judge.leaps);
        } else if (!o->quiet && (o->verbose > 0 || items->n <= 10)) {
            char *when = describe_instant(info.t, info.h, items->judge.leaps);

            printf("%s: has a valid receipt already, stamped at %s\n", item->label, when);
            free(when);
        }
    } else {
        items_fail(o, item, EXIT_FAILED,
                   "there is a receipt already, and %s. It was not touched; --force moves it aside and makes "
                   "a new one ('tai-stamp restore --force' looks for the old one)",
                   why);
    }
    taistamp_receipt_free(receipt);
}

static int read_algorithm(const struct options *o, enum taistamp_algorithm *ret_algorithm)
{
    for (int a = TAISTAMP_SHA256; a <= TAISTAMP_SHA3_512; a++) {
        if (o->algorithm == NULL ||
            strcmp(o->algorithm, taistamp_algorithm_name((enum taistamp_algorithm)a)) == 0) {
            *ret_algorithm = (enum taistamp_algorithm)a;
            return -1;
        }
    }
    fprintf(stderr,
            "tai-stamp: --algorithm is one of sha256, sha384, sha512, sha3-256, sha3-384, sha3-512\n");
    return EXIT_USAGE;
}

int items_collect(const struct options *o, bool only_queue, struct items *ret_items)
{
    struct items items = {0};
    int code = read_algorithm(o, &items.algorithm);

    if (code < 0 && !judge_open(NULL, NULL, &items.judge))
        code = EXIT_FAILED;
    if (code < 0 && !only_queue)
        code = o->digest != NULL ? collect_digest(o, &items) : collect_files(o, &items);
    if (code >= 0) {
        items_free(&items);
        return code;
    }
    remake_interrupted(o, &items.judge.pins);
    collect_queue(&items);
    hash_items(o, &items);
    for (size_t i = 0; i < items.n; i++) {
        if (items.list[i].state == ITEM_PENDING)
            judge_hash(o, &items.list[i]);
        if (items.list[i].state == ITEM_PENDING)
            look_at_existing(o, &items, &items.list[i]);
    }
    *ret_items = items;
    return -1;
}

void items_free(struct items *items)
{
    for (size_t i = 0; i < items->n; i++) {
        free(items->list[i].path);
        free(items->list[i].receipt);
        free(items->list[i].label);
    }
    free(items->list);
    outbox_release(&items->queue, false);
    judge_close(&items->judge);
    *items = (struct items){0};
}
