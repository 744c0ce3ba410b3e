/* SPDX-License-Identifier: Apache-2.0 */
/* tai-stamp verify: does this file have a receipt that holds?
 *
 * The receipt is judged before the file is read, so that a worthless one costs nothing however large the file is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/tai-stamp/commands.h"
#include "tools/tai-stamp/describe.h"
#include "tools/tai-stamp/file.h"
#include "tools/tai-stamp/hashing.h"
#include "tools/tai-stamp/judge.h"
#include "tools/tai-stamp/kept.h"
#include "tools/tai-stamp/text.h"
#include "tools/tai-stamp/walk.h"

enum outcome { HOLDS, FAILS, MISSING, UNTRUSTED, OUTCOMES };

struct run {
    const struct options *o;
    struct judge judge;
    size_t count[OUTCOMES];
    size_t without; /* files below folders that have no receipt beside them */
    bool brief;     /* of many files only those with a problem are named */
};

/* One file and its receipt, as far as they are known. */
struct check {
    const char *file;      /* NULL: none */
    const char *receipt;   /* path; NULL: none found */
    const char *kept_note; /* said after the sentence, "" otherwise */
    taistamp_receipt *parsed;
    struct taistamp_receipt_info info;
    struct taistamp_verification v;
    bool judged; /* `v` is filled */
};

static enum outcome report(struct run *run, const struct check *c, enum outcome outcome, const char *verdict,
                           const char *message)
{
    const char *subject = c->file != NULL ? c->file : c->receipt != NULL ? c->receipt : "-";

    run->count[outcome]++;
    if (run->o->json) {
        json_t *object = json_object();

        describe_text_json(object, "file", subject);
        if (c->receipt != NULL)
            describe_text_json(object, "receipt", c->receipt);
        if (c->parsed != NULL)
            describe_info_json(object, &c->info, run->judge.leaps);
        json_object_set_new(object, "independent_tai", json_null());
        json_object_set_new(object, "claim_void", json_false());
        if (c->judged)
            describe_verification_json(object, &c->v, run->judge.leaps);
        if (outcome != HOLDS && !(c->judged && c->v.verdict == TAISTAMP_CLAIM_VOID))
            json_object_set_new(object, "valid", json_false());
        if (verdict != NULL)
            json_object_set_new(object, "verdict", json_string(verdict));
        describe_text_json(object, "message", message);
        if (!json_finish_line(object))
            fprintf(stderr, "tai-stamp: cannot write the answer\n");
    } else if (outcome != HOLDS || (!run->o->quiet && !run->brief)) {
        char *shown = text_escape(subject);

        fprintf(outcome == HOLDS ? stdout : stderr, "%s: %s%s\n", shown, message, c->kept_note);
        free(shown);
    }
    return outcome;
}

/* Judges the receipt alone. True: go on to the file. */
static bool judge_receipt(struct run *run, struct check *c, enum outcome *ret_outcome)
{
    const taistamp_policy *policy;
    const taistamp_trust *trust;
    char message[700], *issuer;
    bool missing;

    if (run->judge.bad != NULL) {
        *ret_outcome = report(run, c, FAILS, run->judge.bad, run->judge.reason);
        return false;
    }
    c->parsed = judge_read_receipt(c->receipt, &missing, message, sizeof message);
    if (c->parsed == NULL) {
        *ret_outcome = missing ? report(run, c, MISSING, "no_receipt", "there is no receipt of that name")
                               : report(run, c, FAILS, "bad_receipt", message);
        return false;
    }
    taistamp_receipt_info(c->parsed, &c->info);
    if (!judge_for(&run->judge, c->info.issuer, &policy, &trust)) {
        issuer = text_escape(c->info.issuer);
        snprintf(
            message, sizeof message,
            "its receipt is by %.300s, whose key you have not pinned; 'tai-stamp trust URL' pins a server's, "
            "'--policy FILE' names one for this time",
            issuer);
        free(issuer);
        *ret_outcome = report(run, c, UNTRUSTED, "unknown_log", message);
        return false;
    }
    if (taistamp_verify_receipt(c->parsed, policy, trust, run->judge.leaps, &c->v) != TAI_OK) {
        *ret_outcome = report(run, c, FAILS, "error", "the cryptographic library failed");
        return false;
    }
    c->judged = true;
    if (c->v.verdict != TAISTAMP_VALID && c->v.verdict != TAISTAMP_CLAIM_VOID) {
        snprintf(message, sizeof message, "its receipt does not hold: %s", c->v.reason);
        *ret_outcome = report(run, c, FAILS, NULL, message);
        return false;
    }
    return true;
}

/* Judges receipt and digest together, and says what comes of it. */
static enum outcome conclude(struct run *run, struct check *c, const struct taistamp_digest *digest)
{
    const taistamp_policy *policy;
    const taistamp_trust *trust;
    enum outcome outcome;
    char *sentence, *message, *when;

    if (!judge_for(&run->judge, c->info.issuer, &policy, &trust) ||
        digest->algorithm != c->info.digest.algorithm ||
        taistamp_verify_digest(c->parsed, digest, policy, trust, run->judge.leaps, &c->v) != TAI_OK)
        return report(run, c, FAILS, "error", "the receipt is for a digest of another algorithm");
    switch (c->v.verdict) {
    case TAISTAMP_VALID:
    case TAISTAMP_CLAIM_VOID:
        sentence = describe_verification(&c->info, &c->v, run->judge.leaps);
        message = text_printf("%s%s", c->v.verdict == TAISTAMP_VALID ? "verified: " : "", sentence);
        outcome = report(run, c, c->v.verdict == TAISTAMP_VALID ? HOLDS : FAILS, NULL, message);
        free(message);
        free(sentence);
        return outcome;
    case TAISTAMP_OTHER_DIGEST:
        when = describe_instant(c->info.t, c->info.h, run->judge.leaps);
        message = text_printf("the file was changed: the receipt holds, but for other content, stamped at %s",
                              when);
        outcome = report(run, c, FAILS, NULL, message);
        free(message);
        free(when);
        return outcome;
    case TAISTAMP_UNKNOWN_LOG:
    case TAISTAMP_BAD_ISSUER:
    case TAISTAMP_BAD_SIGNATURE:
    case TAISTAMP_NO_QUORUM:
    case TAISTAMP_NOT_INCLUDED:
    case TAISTAMP_BAD_BATCH:
    case TAISTAMP_BAD_COMMITMENT:
    case TAISTAMP_NOT_CLOSED_IN:
    case TAISTAMP_CLOCK_TOO_WEAK:
    case TAISTAMP_TOO_UNCERTAIN:
        break;
    }
    return report(run, c, FAILS, NULL, c->v.reason);
}

static void hash(const struct run *run, struct hashing_job *job, const char *file,
                 enum taistamp_algorithm algorithm)
{
    *job = (struct hashing_job){.path = file};
    if (strcmp(file, "-") == 0)
        hashing_stdin(algorithm, job);
    else
        hashing_run(job, 1, algorithm, 1, isatty(STDERR_FILENO) && !run->o->quiet);
}

static enum outcome check_with_receipt(struct run *run, const char *file, const char *receipt,
                                       const struct taistamp_digest *digest, const char *kept_note)
{
    struct check c = {.file = file, .receipt = receipt, .kept_note = kept_note};
    struct hashing_job job;
    enum outcome outcome;

    if (judge_receipt(run, &c, &outcome)) {
        if (digest != NULL) {
            outcome = conclude(run, &c, digest);
        } else {
            hash(run, &job, file, c.info.digest.algorithm);
            c.judged = job.done; /* without the file the proof is not complete */
            outcome = job.done      ? conclude(run, &c, &job.digest)
                      : job.missing ? report(run, &c, MISSING, "missing_file",
                                             "the receipt holds, but the file itself is not here")
                                    : report(run, &c, FAILS, "unreadable", job.problem);
        }
    }
    taistamp_receipt_free(c.parsed);
    return outcome;
}

/* A file without a receipt beside it: the kept ones are looked up by digest. */
static enum outcome check_by_digest(struct run *run, const char *file, const struct taistamp_digest *given)
{
    struct check none = {.file = file, .kept_note = ""};
    struct hashing_job job = {0};
    char *path;

    for (int a = TAISTAMP_SHA256; a <= TAISTAMP_SHA3_512 && !run->judge.named; a++) {
        enum taistamp_algorithm algorithm = (enum taistamp_algorithm)a;

        if (given != NULL ? given->algorithm != algorithm
                          : algorithm != TAISTAMP_SHA256 && !kept_any(algorithm))
            continue;
        if (given != NULL) {
            job.digest = *given;
        } else {
            hash(run, &job, file, algorithm);
            if (!job.done)
                return report(run, &none, job.missing ? MISSING : FAILS,
                              job.missing ? "missing_file" : "unreadable", job.problem);
        }
        path = kept_find(&job.digest);
        if (path != NULL) {
            enum outcome outcome = check_with_receipt(run, file, path, &job.digest,
                                                      " (By a kept receipt, found by the file's digest.)");

            free(path);
            return outcome;
        }
    }
    if (given == NULL && access(file, F_OK) != 0)
        return report(run, &none, MISSING, "missing_file", strerror(errno));
    return report(run, &none, MISSING, "no_receipt",
                  run->judge.named ? "there is no receipt beside it; --receipt names one"
                                   : "has no receipt, neither beside it nor among the kept ones");
}

static enum outcome check_file(struct run *run, const char *file)
{
    char *receipt;
    enum outcome outcome;

    if (run->o->receipt != NULL)
        return check_with_receipt(run, file, run->o->receipt, NULL, "");
    receipt = text_printf("%s.tai", file);
    if (file_exists(receipt)) {
        outcome = check_with_receipt(run, file, receipt, NULL, "");
    } else if (text_ends_with(file, ".tai") && file_exists(file)) { /* the receipt itself was named */
        char *bare = text_copy_n(file, strlen(file) - 4);

        outcome = check_with_receipt(run, bare, file, NULL, "");
        free(bare);
    } else {
        outcome = check_by_digest(run, file, NULL);
    }
    free(receipt);
    return outcome;
}

static void on_problem(void *user, const char *path, const char *what)
{
    struct run *run = user;
    struct check none = {.file = path, .kept_note = ""};

    report(run, &none, MISSING, "unreadable", what);
}

/* A folder: what has a receipt is verified; what has none is counted. */
static void check_folder(struct run *run, const char *folder)
{
    struct walk walk = {0};

    walk_add(&walk, folder, true, on_problem, run);
    run->brief = walk.n_receipts > 20 && run->o->verbose == 0;
    for (size_t i = 0; i < walk.n_receipts; i++) {
        char *bare = text_copy_n(walk.receipts[i], strlen(walk.receipts[i]) - 4);

        check_with_receipt(run, bare, walk.receipts[i], NULL, "");
        free(bare);
    }
    for (size_t i = 0; i < walk.n_files; i++) {
        char *receipt = text_printf("%s.tai", walk.files[i]);

        run->without += !file_exists(receipt);
        free(receipt);
    }
    run->brief = false;
    walk_free(&walk);
}

static void check_argument(struct run *run, const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        check_folder(run, path);
    else
        check_file(run, path);
}

static void summarise(const struct run *run)
{
    size_t all = run->without;

    for (int i = 0; i < OUTCOMES; i++)
        all += run->count[i];
    if (run->o->json || run->o->quiet || all <= 1)
        return;
    printf("%zu verified, %zu failed", run->count[HOLDS], run->count[FAILS]);
    if (run->count[UNTRUSTED] > 0)
        printf(", %zu by a log that is not pinned", run->count[UNTRUSTED]);
    if (run->count[MISSING] > 0)
        printf(", %zu without their file or receipt", run->count[MISSING]);
    if (run->without > 0)
        printf(", %zu %s no receipt", run->without, text_plural(run->without, "file has", "files have"));
    putchar('\n');
}

static int exit_code(const struct run *run)
{
    if (run->count[FAILS] > 0)
        return EXIT_FAILED;
    if (run->count[UNTRUSTED] > 0)
        return EXIT_UNTRUSTED;
    if (run->count[MISSING] > 0)
        return run->count[HOLDS] > 0 ? EXIT_PARTIAL : EXIT_USAGE;
    return run->count[HOLDS] > 0 ? EXIT_OK : EXIT_USAGE;
}

static int check_digest_option(struct run *run)
{
    struct taistamp_digest digest;
    struct tai_error error = {0};

    if (taistamp_digest_parse(run->o->digest, &digest, &error) != TAI_OK) {
        fprintf(stderr, "tai-stamp: --digest: %s\n", error.text);
        return EXIT_USAGE;
    }
    if (run->o->receipt != NULL)
        check_with_receipt(run, run->o->digest, run->o->receipt, &digest, "");
    else
        check_by_digest(run, run->o->digest, &digest);
    return exit_code(run);
}

static int check_list(struct run *run)
{
    struct walk walk = {0};
    int err;

    if (!walk_add_list(&walk, run->o->files_from, run->o->null_separated, true, on_problem, run, &err)) {
        fprintf(stderr, "tai-stamp: --files-from: %s\n", strerror(err));
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < walk.n_files; i++)
        check_file(run, walk.files[i]);
    walk_free(&walk);
    return -1;
}

int command_verify(const struct options *o)
{
    struct run run = {.o = o};
    int code = -1;

    if (o->trust != NULL && o->policy == NULL) {
        fputs("tai-stamp: --trust needs --policy: together they name everything that is believed\n", stderr);
        return EXIT_USAGE;
    }
    if ((o->n_args == 0 && o->digest == NULL && o->files_from == NULL) ||
        (o->digest != NULL && o->n_args > 0)) {
        fputs("tai-stamp: verify what? Give files, folders or receipts (or one --digest)\n", stderr);
        return EXIT_USAGE;
    }
    if (o->receipt != NULL && o->digest == NULL && o->n_args != 1) {
        fputs("tai-stamp: --receipt belongs to exactly one file\n", stderr);
        return EXIT_USAGE;
    }
    if (!judge_open(o->policy, o->trust, &run.judge))
        return EXIT_USAGE;
    if (o->digest != NULL)
        code = check_digest_option(&run);
    else if (o->files_from != NULL)
        code = check_list(&run);
    for (size_t i = 0; i < o->n_args; i++)
        check_argument(&run, o->args[i]);
    if (code < 0) {
        summarise(&run);
        code = exit_code(&run);
        if (run.count[HOLDS] + run.count[FAILS] + run.count[MISSING] + run.count[UNTRUSTED] == 0)
            fputs("tai-stamp: there was nothing to verify: no receipts here\n", stderr);
    }
    judge_close(&run.judge);
    return code;
}
