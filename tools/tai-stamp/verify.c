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
#include "tools/file.h"
#include "tools/tai-stamp/hashing.h"
#include "tools/tai-stamp/judge.h"
#include "tools/tai-stamp/kept.h"
#include "tools/text.h"
#include "tools/tai-stamp/walk.h"

enum outcome { HOLDS, FAILS, MISSING, UNTRUSTED, OUTCOMES };

struct run {
    const struct options *o;
    struct judge judge;
    struct kept_store *store;
    size_t count[OUTCOMES];
    size_t without; /* files below folders that have no receipt at all */
    bool brief;     /* of many files only those with a problem are named */
};

/* One file and its receipt, as far as they are known. */
struct check {
    const char *file;        /* NULL: none */
    const char *receipt;     /* path; NULL: none found */
    const struct kept *kept; /* the receipt's text, when it is a kept one; NULL: read it from `receipt` */
    const char *note;        /* said after the sentence, "" otherwise */
    const char *warning;     /* why the receipt beside the file is not the one that is judged; NULL: it is */
    taistamp_receipt *parsed;
    struct taistamp_receipt_info info;
    struct taistamp_verification v;
    bool judged; /* `v` is filled */
    /* What judge_receipt found wrong. */
    enum outcome outcome;
    const char *verdict;
    bool damaged; /* these bytes are no receipt of anything: a kept copy may be */
    char message[700];
};

static json_t *report_json(const struct run *run, const struct check *c, enum outcome outcome,
                           const char *verdict)
{
    json_t *object = json_object();

    describe_text_json(object, "file", c->file != NULL ? c->file : c->receipt != NULL ? c->receipt : "-");
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
    if (c->warning != NULL)
        describe_text_json(object, "warning", c->warning);
    return object;
}

static enum outcome report(struct run *run, const struct check *c, enum outcome outcome, const char *verdict,
                           const char *message)
{
    run->count[outcome]++;
    if (run->o->json) {
        json_t *object = report_json(run, c, outcome, verdict);

        describe_text_json(object, "message", message);
        if (!json_finish_line(object))
            fprintf(stderr, "tai-stamp: cannot write the answer\n");
    } else if (outcome != HOLDS || (!run->o->quiet && !run->brief)) {
        char *shown = text_escape(c->file != NULL ? c->file : c->receipt != NULL ? c->receipt : "-");

        fprintf(outcome == HOLDS ? stdout : stderr, "%s: %s%s\n", shown, message, c->note);
        free(shown);
    }
    return outcome;
}

static bool wrong(struct check *c, enum outcome outcome, const char *verdict, const char *message)
{
    c->outcome = outcome;
    c->verdict = verdict;
    if (message != c->message)
        snprintf(c->message, sizeof c->message, "%s", message);
    return false;
}

/* The bytes of a good receipt that were changed come to one of these. */
static bool is_damage(enum taistamp_verdict verdict)
{
    return verdict == TAISTAMP_BAD_ISSUER || verdict == TAISTAMP_BAD_SIGNATURE ||
           verdict == TAISTAMP_NOT_INCLUDED || verdict == TAISTAMP_BAD_BATCH ||
           verdict == TAISTAMP_BAD_COMMITMENT;
}

/* Judges the receipt alone. True: go on to the file. False: the check says what is wrong; nothing was reported. */
static bool judge_receipt(struct run *run, struct check *c)
{
    const taistamp_policy *policy;
    const taistamp_trust *trust;
    bool missing = false;
    char *issuer;

    if (run->judge.bad != NULL)
        return wrong(c, FAILS, run->judge.bad, run->judge.reason);
    c->parsed = c->kept != NULL
                    ? judge_parse_receipt(c->kept->text, c->kept->len, c->message, sizeof c->message)
                    : judge_read_receipt(c->receipt, &missing, c->message, sizeof c->message);
    if (c->parsed == NULL) {
        c->damaged = !missing;
        return missing ? wrong(c, MISSING, "no_receipt", "there is no receipt of that name")
                       : wrong(c, FAILS, "bad_receipt", c->message);
    }
    taistamp_receipt_info(c->parsed, &c->info);
    if (!judge_for(&run->judge, c->info.issuer, &policy, &trust)) {
        issuer = text_escape(c->info.issuer);
        snprintf(
            c->message, sizeof c->message,
            "its receipt is by %.300s, whose key you have not pinned; 'tai-stamp trust URL' pins a server's, "
            "'--policy FILE' names one for this time",
            issuer);
        free(issuer);
        return wrong(c, UNTRUSTED, "unknown_log", c->message);
    }
    if (taistamp_verify_receipt(c->parsed, policy, trust, run->judge.leaps, &c->v) != TAI_OK)
        return wrong(c, FAILS, "error", "the cryptographic library failed");
    c->judged = true;
    if (c->v.verdict != TAISTAMP_VALID && c->v.verdict != TAISTAMP_CLAIM_VOID) {
        snprintf(c->message, sizeof c->message, "its receipt does not hold: %s", c->v.reason);
        c->damaged = is_damage(c->v.verdict);
        return wrong(c, FAILS, NULL, c->message);
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
        sentence = describe_verification("it", &c->info, &c->v, run->judge.leaps);
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

/* The receipt of `c` holds: is it this file's? `digest` is the file's if it is known already. */
static enum outcome check_content(struct run *run, struct check *c, const struct taistamp_digest *digest)
{
    struct hashing_job job;

    if (digest != NULL)
        return conclude(run, c, digest);
    hash(run, &job, c->file, c->info.digest.algorithm);
    c->judged = job.done; /* without the file the proof is not complete */
    return job.done ? conclude(run, c, &job.digest)
           : job.missing
               ? report(run, c, MISSING, "missing_file", "the receipt holds, but the file itself is not here")
               : report(run, c, FAILS, "unreadable", job.problem);
}

static enum outcome check_with_receipt(struct run *run, const char *file, const char *receipt,
                                       const struct taistamp_digest *digest)
{
    struct check c = {.file = file, .receipt = receipt, .note = ""};
    enum outcome outcome;

    outcome = judge_receipt(run, &c) ? check_content(run, &c, digest)
                                     : report(run, &c, c.outcome, c.verdict, c.message);
    taistamp_receipt_free(c.parsed);
    return outcome;
}

static enum outcome check_with_kept(struct run *run, const char *file, struct kept *kept,
                                    const struct taistamp_digest *digest, const char *warning)
{
    struct check c = {.file = file, .receipt = kept->where, .kept = kept, .warning = warning};
    enum outcome outcome;

    c.note = warning != NULL
                 ? " This is by a kept receipt, found by the file's digest; 'tai-stamp restore --force' "
                   "puts it in the place of the damaged one."
                 : " This is by a kept receipt, found by the file's digest; 'tai-stamp restore' puts "
                   "it back beside the file.";
    outcome = judge_receipt(run, &c) ? check_content(run, &c, digest)
                                     : report(run, &c, c.outcome, c.verdict, c.message);
    taistamp_receipt_free(c.parsed);
    kept_free(kept);
    return outcome;
}

/* Hashes the file, or takes the digest that is given, and looks among the kept receipts. False: there is none; then
 * ret_job->problem says why the file could not be read, if it could not. */
static bool find_kept(const struct run *run, const char *file, const struct taistamp_digest *given,
                      struct hashing_job *ret_job, struct kept *ret_kept)
{
    *ret_job = (struct hashing_job){0};
    for (int a = TAISTAMP_SHA256; a <= TAISTAMP_SHA3_512 && !run->judge.named; a++) {
        enum taistamp_algorithm algorithm = (enum taistamp_algorithm)a;

        if (given != NULL ? given->algorithm != algorithm : !kept_any(run->store, algorithm))
            continue;
        if (strcmp(file, "-") == 0 && ret_job->done) /* it can be read only once */
            return false;
        if (given != NULL)
            ret_job->digest = *given;
        else
            hash(run, ret_job, file, algorithm);
        if (given == NULL && !ret_job->done)
            return false;
        if (kept_read(run->store, &ret_job->digest, ret_kept))
            return true;
    }
    return false;
}

/* A file without a receipt beside it: the kept ones are looked up by digest. */
static enum outcome check_by_digest(struct run *run, const char *file, const struct taistamp_digest *given)
{
    struct check none = {.file = file, .note = ""};
    struct hashing_job job = {0};
    struct kept kept;

    if ((given != NULL || !run->o->quick) && find_kept(run, file, given, &job, &kept))
        return check_with_kept(run, file, &kept, &job.digest, NULL);
    if (job.problem[0] != '\0' && !job.done)
        return report(run, &none, job.missing ? MISSING : FAILS, job.missing ? "missing_file" : "unreadable",
                      job.problem);
    if (given == NULL && strcmp(file, "-") != 0 && access(file, F_OK) != 0)
        return report(run, &none, MISSING, "missing_file", "no such file");
    return report(run, &none, MISSING, "no_receipt",
                  run->judge.named ? "there is no receipt beside it; --receipt names one"
                  : run->o->quick  ? "has no receipt beside it, and --quick does not look for a kept one"
                                   : "has no receipt, neither beside it nor among the kept ones");
}

/* A file with a receipt beside it. If that one is damaged, which is said at once, a kept one may be whole. */
static enum outcome check_beside(struct run *run, const char *file, const char *receipt)
{
    struct check c = {.file = file, .receipt = receipt, .note = ""};
    struct hashing_job job;
    struct kept kept;
    enum outcome outcome;

    if (judge_receipt(run, &c)) {
        outcome = check_content(run, &c, NULL);
    } else if (!c.damaged || run->judge.named || run->o->quick) {
        outcome = report(run, &c, c.outcome, c.verdict, c.message);
    } else {
        if (!run->o->json) {
            char *shown = text_escape(file);

            fprintf(stderr, "%s: %s. Looking for a kept one.\n", shown, c.message);
            free(shown);
        }
        outcome = find_kept(run, file, NULL, &job, &kept)
                      ? check_with_kept(run, file, &kept, &job.digest, c.message)
                      : report(run, &c, c.outcome, c.verdict, c.message);
    }
    taistamp_receipt_free(c.parsed);
    return outcome;
}

static enum outcome check_file(struct run *run, const char *file)
{
    char *receipt;
    enum outcome outcome;

    if (run->o->receipt != NULL)
        return check_with_receipt(run, file, run->o->receipt, NULL);
    receipt = text_printf("%s.tai", file);
    if (file_exists(receipt)) {
        outcome = check_beside(run, file, receipt);
    } else if (text_ends_with(file, ".tai") && file_exists(file)) { /* the receipt itself was named */
        char *bare = text_copy_n(file, strlen(file) - 4);

        outcome = check_beside(run, bare, file);
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
    struct check none = {.file = path, .note = ""};

    report(run, &none, MISSING, "unreadable", what);
}

/* Files below a folder that have no receipt beside them: hashed together, and looked up among the kept ones. */
static void check_bare_files(struct run *run, char *const *files, size_t n)
{
    struct hashing_job *jobs = text_alloc(n * sizeof *jobs);
    bool *found = text_alloc(n * sizeof *found);

    for (int a = TAISTAMP_SHA256; a <= TAISTAMP_SHA3_512 && !run->judge.named && !run->o->quick; a++) {
        if (n == 0 || !kept_any(run->store, (enum taistamp_algorithm)a))
            continue;
        for (size_t i = 0; i < n; i++)
            jobs[i] = (struct hashing_job){.path = files[i]};
        hashing_run(jobs, n, (enum taistamp_algorithm)a, 0, isatty(STDERR_FILENO) && !run->o->quiet);
        for (size_t i = 0; i < n; i++) {
            struct kept kept;

            if (found[i] || !jobs[i].done || !kept_read(run->store, &jobs[i].digest, &kept))
                continue;
            found[i] = true;
            check_with_kept(run, files[i], &kept, &jobs[i].digest, NULL);
        }
    }
    for (size_t i = 0; i < n; i++)
        run->without += !found[i];
    free(found);
    free(jobs);
}

/* "x.old-2.tai" without a file "x.old-2": a receipt that was moved aside, which is nobody's now. */
static bool was_set_aside(const char *receipt)
{
    size_t len = strlen(receipt) - 4, digits = 0;
    char *bare = text_copy_n(receipt, len);
    bool aside;

    while (digits < len && receipt[len - 1 - digits] >= '0' && receipt[len - 1 - digits] <= '9')
        digits++;
    aside = digits > 0 && len > digits + 5 && memcmp(receipt + len - digits - 5, ".old-", 5) == 0 &&
            !file_exists(bare);
    free(bare);
    return aside;
}

/* A folder: every file is verified by the receipt beside it, or by a kept one; what has none is counted. */
static void check_folder(struct run *run, const char *folder)
{
    struct walk walk = {0};
    size_t n_bare = 0;

    walk_add(&walk, folder, true, on_problem, run);
    run->brief = walk.n_receipts + walk.n_files > 40 && run->o->verbose == 0;
    for (size_t i = 0; i < walk.n_receipts; i++) {
        char *bare = text_copy_n(walk.receipts[i], strlen(walk.receipts[i]) - 4);

        if (!was_set_aside(walk.receipts[i]))
            check_beside(run, bare, walk.receipts[i]);
        free(bare);
    }
    for (size_t i = 0; i < walk.n_files; i++) {
        char *receipt = text_printf("%s.tai", walk.files[i]);

        if (!file_exists(receipt)) {
            char *file = walk.files[i];

            walk.files[i] = walk.files[n_bare];
            walk.files[n_bare++] = file;
        }
        free(receipt);
    }
    check_bare_files(run, walk.files, n_bare);
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

static void check_arguments(struct run *run)
{
    char **sorted = walk_sorted(run->o->args, run->o->n_args);

    for (size_t i = 0; i < run->o->n_args; i++)
        if (!walk_file_named(sorted, run->o->n_args, run->o->args[i]))
            check_argument(run, run->o->args[i]);
    free(sorted);
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
        check_with_receipt(run, run->o->digest, run->o->receipt, &digest);
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
    if (!run.judge.named) /* then nothing at home is looked at */
        run.store = kept_open(&run.judge.pins);
    if (o->digest != NULL)
        code = check_digest_option(&run);
    else if (o->files_from != NULL)
        code = check_list(&run);
    check_arguments(&run);
    if (code < 0) {
        summarise(&run);
        code = exit_code(&run);
        if (run.count[HOLDS] + run.count[FAILS] + run.count[MISSING] + run.count[UNTRUSTED] == 0)
            fputs("tai-stamp: there was nothing to verify: no receipts here\n", stderr);
    }
    kept_close(run.store);
    judge_close(&run.judge);
    return code;
}
