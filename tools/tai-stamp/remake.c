/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/remake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/file.h"
#include "tools/tai-stamp/hashing.h"
#include "tools/tai-stamp/home.h"
#include "tools/tai-stamp/kept.h"
#include "tools/tai-stamp/state.h"
#include "tools/text.h"

static bool fail(struct tai_error *error, enum tai_err code, const char *why)
{
    error->code = code;
    snprintf(error->text, sizeof error->text, "%s", why);
    return false;
}

/* A session over the record's files, with the commitments that the record has. */
static bool refill(taistamp_stamping *session, const struct outbox_content *content, struct tai_error *error)
{
    uint8_t commitment[32];
    const char *body;
    size_t len;

    for (size_t i = 0; i < content->n; i++) {
        const struct outbox_item *item = &content->items[i];

        if (taistamp_stamping_add(session, &item->digest,
                                  item->path != NULL ? text_base_name(item->path) : NULL,
                                  item->counter) != TAI_OK ||
            taistamp_stamping_commitment(session, i, commitment) != TAI_OK)
            return fail(error, TAI_ERR_FORMAT, "its files cannot be made into one request");
        if (memcmp(commitment, item->commitment, sizeof commitment) != 0)
            return fail(error, TAI_ERR_CONFLICT, "it was made with another secret than the one that is here");
    }
    return taistamp_stamping_request(session, &body, &len) == TAI_OK
               ? true
               : fail(error, TAI_ERR_FORMAT, "its files cannot be made into one request");
}

taistamp_stamping *remake_session(const struct outbox_content *content, const struct pins *pins,
                                  struct tai_error *error)
{
    uint8_t secret[TAISTAMP_SECRET_LEN];
    taistamp_stamping *session = NULL;
    taistamp_leaps *leaps = NULL;
    struct tai_error ignored;
    bool good = false;

    if (content->answer == NULL) {
        fail(error, TAI_ERR_NOT_FOUND, "it has no answer");
        return NULL;
    }
    if (!state_has_secret()) {
        fail(error, TAI_ERR_NOT_FOUND, "the secret that it was made with is gone");
        return NULL;
    }
    if (state_secret(secret, error) != TAI_OK)
        return NULL;
    if (taistamp_stamping_new(secret, NULL, &session) != TAI_OK)
        session = NULL;
    explicit_bzero(secret, sizeof secret);
    if (session == NULL || !refill(session, content, error)) {
        taistamp_stamping_free(session);
        return NULL;
    }
    if (taistamp_leaps_load(NULL, &leaps, &ignored) != TAI_OK)
        leaps = NULL;
    fail(error, TAI_ERR_UNTRUSTED, "no server is pinned");
    for (size_t i = 0; i < pins->n && !good; i++)
        good = taistamp_stamping_response(session, content->answer, content->answer_len, pins->list[i].policy,
                                          pins->list[i].trust, leaps, error) == TAI_OK;
    taistamp_leaps_free(leaps);
    if (good)
        return session;
    taistamp_stamping_free(session);
    return NULL;
}

/* ---- Killed runs ---- */

/* Whether `name` is a temporary file (".tai-stamp-PID-N", see file.c) of a process that is no more. */
static bool is_left(const char *name)
{
    static const char prefix[] = ".tai-stamp-";
    char *end;
    long pid;

    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return false;
    pid = strtol(name + strlen(prefix), &end, 10);
    return pid > 0 && *end == '-' && pid != (long)getpid() && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Removes what killed processes of this user left in the folder of `path`. */
static void sweep(const char *path)
{
    char *folder = text_copy_n(path, (size_t)(text_base_name(path) - path));
    DIR *open_folder = opendir(folder[0] != '\0' ? folder : ".");
    const struct dirent *entry;
    struct stat st;

    while (open_folder != NULL && (entry = readdir(open_folder)) != NULL)
        if (is_left(entry->d_name) &&
            fstatat(dirfd(open_folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && st.st_uid == geteuid())
            unlinkat(dirfd(open_folder), entry->d_name, 0);
    if (open_folder != NULL)
        closedir(open_folder);
    free(folder);
}

static bool same_folder(const char *a, const char *b)
{
    size_t len = (size_t)(text_base_name(a) - a);

    return len == (size_t)(text_base_name(b) - b) && memcmp(a, b, len) == 0;
}

static void sweep_all(const struct outbox_content *content)
{
    const char *last = NULL;

    for (size_t i = 0; i < content->n; i++) {
        const char *receipt = content->items[i].receipt;

        if (receipt == NULL || (last != NULL && same_folder(last, receipt)))
            continue;
        sweep(receipt);
        last = receipt;
    }
    if (content->n == 1) {
        char *kept = kept_path(&content->items[0].digest, content->items[0].counter);

        if (kept != NULL)
            sweep(kept);
        free(kept);
    }
}

/* Which items lack a receipt beside a file that is still what was stamped. */
static void choose(const struct options *o, const struct outbox_content *content, bool *ret_wanted)
{
    struct hashing_job *jobs = text_alloc(content->n * sizeof *jobs);
    size_t *which = text_alloc(content->n * sizeof *which);

    for (int a = TAISTAMP_SHA256; a <= TAISTAMP_SHA3_512; a++) {
        size_t n = 0;

        for (size_t i = 0; i < content->n; i++) {
            const struct outbox_item *item = &content->items[i];

            if (item->digest.algorithm != (enum taistamp_algorithm)a || item->receipt == NULL ||
                file_exists(item->receipt))
                continue;
            if (item->path == NULL) { /* a digest without a file */
                ret_wanted[i] = true;
                continue;
            }
            which[n] = i;
            jobs[n++] = (struct hashing_job){.path = item->path};
        }
        if (n > 0)
            hashing_run(jobs, n, (enum taistamp_algorithm)a, o->jobs, isatty(STDERR_FILENO) && !o->quiet);
        for (size_t i = 0; i < n; i++)
            ret_wanted[which[i]] =
                jobs[i].done && taistamp_digest_equal(&jobs[i].digest, &content->items[which[i]].digest);
    }
    free(which);
    free(jobs);
}

/* Writes the i-th receipt to `path` unless something is there. An errno value. */
static int write_one(const taistamp_stamping *session, size_t i, const char *path, mode_t mode)
{
    char *text;
    size_t len;
    int err;

    if (taistamp_stamping_receipt(session, i, &text, &len) != TAI_OK)
        return EINVAL;
    err = file_save(path, text, len, mode, true);
    free(text);
    return err == EEXIST ? 0 : err;
}

static int write_kept(const taistamp_stamping *session, const struct outbox_item *item)
{
    char *path = kept_path(&item->digest, item->counter);
    int err = path == NULL ? ENOENT : kept_prepare(&item->digest);

    if (err == 0)
        err = write_one(session, 0, path, 0600);
    free(path);
    return err;
}

struct run {
    const struct options *o;
    const struct pins *pins;
};

static void finish(void *user, struct outbox_record *record, const struct outbox_content *content)
{
    const struct run *run = user;
    struct tai_error error = {0};
    taistamp_stamping *session = remake_session(content, run->pins, &error);
    bool *wanted = text_alloc(content->n * sizeof *wanted);
    size_t written = 0;
    int err = 0;

    if (session == NULL) {
        fprintf(stderr, "tai-stamp: %s: the receipts of this interrupted run cannot be made: %s\n",
                record->path, error.text);
    } else {
        sweep_all(content);
        choose(run->o, content, wanted);
        if (content->n == 1)
            err = write_kept(session, &content->items[0]);
        for (size_t i = 0; i < content->n && err == 0; i++) {
            if (!wanted[i])
                continue;
            err = write_one(session, i, content->items[i].receipt, 0644);
            written += err == 0;
        }
        if (err != 0)
            fprintf(stderr, "tai-stamp: the receipts of an interrupted run cannot be written: %s\n",
                    strerror(err));
        if (written > 0 && !run->o->quiet && !run->o->json)
            printf("%zu %s of an interrupted run written\n", written,
                   text_plural(written, "receipt", "receipts"));
    }
    if (session != NULL && err == 0)
        outbox_done(record, content->n > 1);
    else
        outbox_leave(record);
    free(wanted);
    taistamp_stamping_free(session);
}

void remake_interrupted(const struct options *o, const struct pins *pins)
{
    struct run run = {o, pins};
    char *outbox = home_data("outbox/");

    if (outbox != NULL)
        sweep(outbox);
    free(outbox);
    outbox_each_answered(finish, &run);
}
