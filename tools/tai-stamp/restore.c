/* SPDX-License-Identifier: Apache-2.0 */
/* tai-stamp restore: puts a lost receipt back beside its file, from what was kept. Nothing is stamped.
 *
 * A receipt that is there and holds is left alone; one that does not is moved aside with --force and left alone without.
 * What is put back has been verified for this file first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/tai-stamp/commands.h"
#include "tools/tai-stamp/describe.h"
#include "tools/file.h"
#include "tools/tai-stamp/hashing.h"
#include "tools/tai-stamp/judge.h"
#include "tools/tai-stamp/kept.h"
#include "tools/text.h"
#include "tools/tai-stamp/walk.h"

struct run {
    const struct options *o;
    struct judge judge;
    struct kept_store *store;
    size_t restored, whole, failed;
};

static void say(struct run *run, const char *file, const char *status, const char *message,
                const struct taistamp_receipt_info *info)
{
    bool bad = strcmp(status, "failed") == 0;

    if (run->o->json) {
        json_t *object = json_object();

        describe_text_json(object, "file", file);
        json_object_set_new(object, "status", json_string(status));
        describe_text_json(object, "message", message);
        if (info != NULL)
            describe_info_json(object, info, run->judge.leaps);
        json_finish_line(object);
    } else if (bad || !run->o->quiet) {
        char *shown = text_escape(file);

        fprintf(bad ? stderr : stdout, "%s: %s\n", shown, message);
        free(shown);
    }
}

static void fail(struct run *run, const char *file, const char *message)
{
    run->failed++;
    say(run, file, "failed", message, NULL);
}

/* Whether the receipt beside the file holds for it. `job` is hashed for the algorithm of that receipt. */
static bool beside_holds(const struct run *run, const char *receipt, struct hashing_job *job)
{
    struct taistamp_receipt_info info;
    char reason[700];
    bool missing, holds = false;
    taistamp_receipt *parsed = judge_read_receipt(receipt, &missing, reason, sizeof reason);

    if (parsed != NULL) {
        taistamp_receipt_info(parsed, &info);
        hashing_run(job, 1, info.digest.algorithm, 1, isatty(STDERR_FILENO) && !run->o->quiet);
        holds = job->done &&
                judge_digest(&run->judge, parsed, &job->digest, reason, sizeof reason, &info) == NULL;
    }
    taistamp_receipt_free(parsed);
    return holds;
}

/* A kept receipt that holds for the file. False after saying why there is none. */
static bool find(struct run *run, const char *file, struct kept *ret_kept,
                 struct taistamp_receipt_info *ret_info, taistamp_receipt **ret_receipt)
{
    const char *why = "no receipt of it is kept";
    char reason[700], *message;

    for (int a = TAISTAMP_SHA256; a <= TAISTAMP_SHA3_512; a++) {
        struct hashing_job job = {.path = file};

        if (!kept_any(run->store, (enum taistamp_algorithm)a))
            continue;
        hashing_run(&job, 1, (enum taistamp_algorithm)a, 1, isatty(STDERR_FILENO) && !run->o->quiet);
        if (!job.done) {
            fail(run, file, job.problem);
            return false;
        }
        if (!kept_read(run->store, &job.digest, ret_kept))
            continue;
        *ret_receipt = judge_parse_receipt(ret_kept->text, ret_kept->len, reason, sizeof reason);
        why = *ret_receipt == NULL
                  ? reason
                  : judge_digest(&run->judge, *ret_receipt, &job.digest, reason, sizeof reason, ret_info);
        if (why == NULL)
            return true;
        taistamp_receipt_free(*ret_receipt);
        kept_free(ret_kept);
    }
    message = text_printf("its receipt cannot be restored: %s",
                          access(file, F_OK) == 0 ? why : "the file is not here");
    fail(run, file, message);
    free(message);
    return false;
}

static void put_back(struct run *run, const char *file, const char *receipt)
{
    struct taistamp_receipt_info info;
    taistamp_receipt *parsed;
    struct kept kept;
    char *old = NULL, *message, *when;
    int err = 0;

    if (!find(run, file, &kept, &info, &parsed))
        return;
    if (file_exists(receipt))
        err = file_move_aside(receipt, &old);
    if (err == 0)
        err = file_save(receipt, kept.text, kept.len, 0644, true);
    if (err != 0) {
        message = text_printf("its receipt cannot be written: %s", strerror(err));
        fail(run, file, message);
    } else {
        char *shown = old != NULL ? text_escape(old) : text_copy("");

        when = describe_instant(info.t, info.h, run->judge.leaps);
        message = text_printf("receipt restored, stamped at %s%s%s", when,
                              old != NULL ? "; what was in its place is now " : "", shown);
        run->restored++;
        say(run, file, "restored", message, &info);
        free(when);
        free(shown);
    }
    free(message);
    free(old);
    taistamp_receipt_free(parsed);
    kept_free(&kept);
}

static void restore_file(struct run *run, const char *file)
{
    char *receipt = text_printf("%s.tai", file);
    struct hashing_job job = {.path = file};

    if (!file_exists(receipt)) {
        put_back(run, file, receipt);
    } else if (beside_holds(run, receipt, &job)) {
        run->whole++;
        if (run->o->json || run->o->verbose > 0 || run->o->n_args <= 10)
            say(run, file, "skipped", "has a valid receipt", NULL);
    } else if (run->o->force) {
        put_back(run, file, receipt);
    } else {
        fail(run, file,
             "the receipt beside it does not hold for the file as it is; it was not touched (--force "
             "moves it aside)");
    }
    free(receipt);
}

static void on_problem(void *user, const char *path, const char *what)
{
    fail(user, path, what);
}

int command_restore(const struct options *o)
{
    struct run run = {.o = o};
    struct walk walk = {0};
    int err = 0;

    if (o->n_args == 0 && o->files_from == NULL) {
        fputs("tai-stamp: restore the receipts of which files?\n", stderr);
        return EXIT_USAGE;
    }
    if (!judge_open(NULL, NULL, &run.judge))
        return EXIT_FAILED;
    run.store = kept_open(&run.judge.pins);
    for (size_t i = 0; i < o->n_args; i++)
        walk_add(&walk, o->args[i], o->recursive, on_problem, &run);
    if (o->files_from != NULL &&
        !walk_add_list(&walk, o->files_from, o->null_separated, o->recursive, on_problem, &run, &err)) {
        fprintf(stderr, "tai-stamp: --files-from: %s\n", strerror(err));
        run.failed++;
    }
    for (size_t i = 0; i < walk.n_files; i++)
        restore_file(&run, walk.files[i]);
    walk_free(&walk);
    kept_close(run.store);
    judge_close(&run.judge);
    if (run.restored + run.whole + run.failed > 1 && !o->json && !o->quiet)
        printf("%zu restored, %zu had a valid receipt, %zu not restored\n", run.restored, run.whole,
               run.failed);
    return run.failed == 0 ? EXIT_OK : run.restored + run.whole > 0 ? EXIT_PARTIAL : EXIT_FAILED;
}
