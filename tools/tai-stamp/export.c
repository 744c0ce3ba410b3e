/* SPDX-License-Identifier: Apache-2.0 */
/* tai-stamp export: one folder for somebody who has nothing else: receipts, the keys to judge them by, and a page in
 * plain language. Only what verifies is exported, and nothing that exists is overwritten. */
#include <errno.h>
#include <fcntl.h>
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

/* One file to export, with its proof. */
struct parcel {
    const char *file;
    char *receipt_text;
    size_t receipt_len;
    struct taistamp_digest digest;
    char *sentence;
    char *origin; /* of the log */
};

struct folder {
    const struct options *o;
    struct judge judge;
    struct kept_store *store;
    const char *policy_text, *trust_text; /* of the first file; all must share them */
    size_t policy_len, trust_len;
    bool chosen;
    bool witnessed;
    char fingerprint[65];
};

static bool complain(const char *file, const char *why)
{
    char *shown = text_escape(file);

    fprintf(stderr, "%s: %s\n", shown, why);
    free(shown);
    return false;
}

/* The receipt: named, beside the file, or kept. False after saying why. */
static bool find_receipt(const struct folder *f, const char *file, struct hashing_job *job,
                         struct kept *ret_kept)
{
    char *beside = f->o->receipt != NULL ? text_copy(f->o->receipt) : text_printf("%s.tai", file);
    int err;

    if (f->o->receipt != NULL || file_exists(beside)) {
        *ret_kept = (struct kept){.where = beside};
        err = file_load(beside, TAISTAMP_RECEIPT_MAX, &ret_kept->text, &ret_kept->len);
        if (err != 0)
            free(beside);
        return err == 0 ? true : complain(file, "its receipt cannot be read");
    }
    free(beside);
    for (int a = TAISTAMP_SHA256; a <= TAISTAMP_SHA3_512 && !f->judge.named; a++) {
        if (!kept_any(f->store, (enum taistamp_algorithm)a))
            continue;
        *job = (struct hashing_job){.path = file};
        hashing_run(job, 1, (enum taistamp_algorithm)a, 1, isatty(STDERR_FILENO) && !f->o->quiet);
        if (job->done && kept_read(f->store, &job->digest, ret_kept))
            return true;
    }
    return complain(file, access(file, F_OK) == 0
                              ? "has no receipt, neither beside it nor among the kept ones"
                              : "there is no such file");
}

/* Takes the policy of the first file, and insists on the same one for the others. */
static bool same_policy(struct folder *f, const char *file, const char *issuer, const taistamp_policy *policy)
{
    const struct pin *pin = f->judge.named ? NULL : pins_by_issuer(&f->judge.pins, issuer);
    const char *text = pin != NULL ? pin->policy_text : f->judge.policy_text;

    if (f->chosen)
        return text == f->policy_text ? true
                                      : complain(file, "its log has another policy than the files before; "
                                                       "export it into a folder of its own");
    f->chosen = true;
    f->policy_text = text;
    f->policy_len = pin != NULL ? pin->policy_len : f->judge.policy_len;
    f->trust_text = pin != NULL ? pin->trust_text : f->judge.trust_text;
    f->trust_len = pin != NULL ? pin->trust_len : f->judge.trust_len;
    f->witnessed = taistamp_policy_witnesses(policy) > 0;
    pins_fingerprint(policy, f->policy_text, f->policy_len, f->fingerprint);
    return true;
}

static bool judge_parcel(struct folder *f, struct parcel *p, taistamp_receipt *receipt,
                         struct hashing_job *job)
{
    const taistamp_policy *policy;
    const taistamp_trust *trust;
    struct taistamp_receipt_info info;
    struct taistamp_verification v;

    taistamp_receipt_info(receipt, &info);
    if (!judge_for(&f->judge, info.issuer, &policy, &trust))
        return complain(p->file, f->judge.bad != NULL ? f->judge.reason
                                                      : "its receipt is by a log whose key is not pinned");
    if (!job->done || job->digest.algorithm != info.digest.algorithm) {
        *job = (struct hashing_job){.path = p->file};
        hashing_run(job, 1, info.digest.algorithm, 1, isatty(STDERR_FILENO) && !f->o->quiet);
    }
    if (!job->done)
        return complain(p->file, job->problem);
    if (taistamp_verify_digest(receipt, &job->digest, policy, trust, f->judge.leaps, &v) != TAI_OK)
        return complain(p->file, "its receipt cannot be verified");
    if (v.verdict != TAISTAMP_VALID)
        return complain(p->file, v.verdict == TAISTAMP_OTHER_DIGEST
                                     ? "the file was changed since it was stamped"
                                     : v.reason);
    p->digest = job->digest;
    p->sentence = describe_verification("It", &info, &v, f->judge.leaps);
    p->origin = text_copy(info.issuer);
    return same_policy(f, p->file, info.issuer, policy);
}

static bool gather(struct folder *f, const char *file, struct parcel *ret_parcel)
{
    struct parcel p = {.file = file};
    struct hashing_job job = {0};
    char reason[700];
    taistamp_receipt *receipt;
    struct kept kept;
    bool ok;

    if (!find_receipt(f, file, &job, &kept))
        return false;
    receipt = judge_parse_receipt(kept.text, kept.len, reason, sizeof reason);
    ok = receipt != NULL ? judge_parcel(f, &p, receipt, &job) : complain(file, reason);
    taistamp_receipt_free(receipt);
    p.receipt_text = kept.text;
    p.receipt_len = kept.len;
    free(kept.where);
    *ret_parcel = p;
    return ok;
}

/* Writes DIR/name, refusing to replace anything. */
static bool put(const struct folder *f, const char *name, const void *data, size_t len)
{
    char *path = text_printf("%s/%s", f->o->output, name);
    int err = file_save(path, data, len, 0644, !f->o->force);
    bool ok = err == 0 ? true
                       : complain(path, err == EEXIST ? "is there already; use a new folder" : strerror(err));

    free(path);
    return ok;
}

static bool copy_bytes(int from, int to)
{
    enum { PIECE = 1 << 16 };
    char *buffer = text_alloc(PIECE);
    ssize_t n;
    bool ok = true;

    while (ok && (n = read(from, buffer, PIECE)) != 0) {
        if (n < 0) {
            ok = errno == EINTR;
            continue;
        }
        for (ssize_t done = 0, w; done < n && ok; done += w > 0 ? w : 0) {
            w = write(to, buffer + done, (size_t)(n - done));
            ok = w >= 0 || errno == EINTR;
        }
    }
    free(buffer);
    return ok;
}

/* Copies the file and makes sure that the copy is what was stamped. */
static bool put_file(const struct folder *f, const struct parcel *p)
{
    char *path = text_printf("%s/%s", f->o->output, text_base_name(p->file));
    int from = open(p->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int to =
        from < 0 ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (f->o->force ? O_TRUNC : O_EXCL), 0644);
    struct hashing_job job = {.path = path};
    bool ok = to >= 0 && copy_bytes(from, to);

    if (!ok)
        complain(path, strerror(errno));
    if (from >= 0)
        close(from);
    if (to >= 0 && (fsync(to) != 0 || close(to) != 0) && ok)
        ok = complain(path, strerror(errno));
    if (ok) {
        hashing_run(&job, 1, p->digest.algorithm, 1, false);
        if (!job.done || !taistamp_digest_equal(&job.digest, &p->digest)) {
            unlink(path);
            ok = complain(p->file, "changed while it was copied; the copy was removed");
        }
    }
    free(path);
    return ok;
}

static void write_intro(FILE *to, const struct parcel *parcels, size_t n)
{
    fputs("WHAT THIS FOLDER PROVES\n=======================\n\n"
          "It proves that the following existed, exactly as it is, at the time given. It does not prove who "
          "made it\n"
          "or that what it shows is true.\n\n",
          to);
    for (size_t i = 0; i < n; i++) {
        char *name = text_escape(text_base_name(parcels[i].file)), digest[TAISTAMP_DIGEST_TEXT];

        taistamp_digest_print(&parcels[i].digest, digest);
        fprintf(to, "%s\n  %s\n  %s\n\n", name, digest, parcels[i].sentence);
        free(name);
    }
    fputs("TAI is International Atomic Time, the scale behind UTC, without leap seconds. The \xc2\xb1 is how "
          "wrong the "
          "time may be,\nby the word of the server that made the stamp.\n\n",
          to);
}

static void write_trust_words(FILE *to, const struct folder *f, const struct parcel *first)
{
    fprintf(to,
            "WHOSE WORD IT IS\n================\n\n"
            "The stamp was made by the log %s.\n"
            "Its key has this fingerprint; ask its operator, by another way than this folder, whether that "
            "is right:\n\n"
            "  %s\n\n",
            first->origin, f->fingerprint);
    fputs(
        f->witnessed
            ? "Independent witnesses have signed too, so the operator alone could not have dated it back by "
              "more than\nthe lag that is allowed.\n\n"
            : "No independent witness has signed: the time rests on that one operator's word.\n\n",
        to);
}

static void write_how(FILE *to, const struct folder *f, const char *name)
{
    fprintf(to,
            "HOW TO CHECK IT, WITHOUT A NETWORK\n==================================\n\n"
            "With tai-stamp (free software, part of taistamp), in this folder, with the file beside its "
            "receipt:\n\n"
            "  tai-stamp verify --policy policy%s '%s'\n\n",
            f->trust_text != NULL ? " --trust trust.yaml" : "", name);
    fputs("Without our software: the receipt (*.tai) is text in an open format (C2SP tlog-proof), so any "
          "programmer can\n"
          "check it with common tools:\n\n"
          "  1. Compute the file's digest and compare it with the `digest` line inside the receipt (the "
          "`extra` line is\n"
          "     base64).\n"
          "  2. commitment = SHA-256(\"taistamp.commit/v1\", LF, algorithm, LF, salt, digest); with a "
          "`batch` line, follow\n"
          "     its path lines as in RFC 6962 to the root of the batch.\n"
          "  3. The `subject` line of the entry inside must be that commitment (or the batch's hash).\n"
          "  4. SHA-256(0x00, entry) with the receipt's hashes leads, as in RFC 6962, to the root in the "
          "checkpoint.\n"
          "  5. The checkpoint is signed with Ed25519 (C2SP signed-note) by the key in the file `policy`.\n\n"
          "The complete description is docs/FORMATS.md of taistamp.\n\n"
          "WHAT TO KEEP\n============\n\n"
          "The file, its receipt and `policy` together. Nothing else is needed, for decades: no server, no "
          "certificate,\n"
          "no account. Whoever changes one bit of the file destroys its proof; keep the original.\n",
          to);
}

static bool put_page(const struct folder *f, const struct parcel *parcels, size_t n)
{
    char *text = NULL, *quoted = text_escape(text_base_name(parcels[0].file));
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    bool ok = false;

    if (to != NULL) {
        write_intro(to, parcels, n);
        write_trust_words(to, f, &parcels[0]);
        write_how(to, f, quoted);
        ok = fclose(to) == 0 && put(f, "README.txt", text, len);
    }
    free(text);
    free(quoted);
    return ok;
}

static int write_folder(const struct folder *f, const struct parcel *parcels, size_t n)
{
    int err = file_make_folders(f->o->output, 0755);
    bool ok = err == 0;

    if (!ok)
        complain(f->o->output, strerror(err));
    ok = ok && put(f, "policy", f->policy_text, f->policy_len);
    ok = ok && (f->trust_text == NULL || put(f, "trust.yaml", f->trust_text, f->trust_len));
    ok = ok && put_page(f, parcels, n);
    for (size_t i = 0; i < n && ok; i++) {
        char *name = text_printf("%s.tai", text_base_name(parcels[i].file));

        ok = put(f, name, parcels[i].receipt_text, parcels[i].receipt_len);
        if (ok && f->o->with_file)
            ok = put_file(f, &parcels[i]);
        free(name);
    }
    return ok ? EXIT_OK : EXIT_FAILED;
}

static void report(const struct folder *f, size_t n, size_t failed)
{
    if (f->o->json) {
        json_t *object = json_object();

        describe_text_json(object, "folder", f->o->output);
        json_object_set_new(object, "files", json_integer((json_int_t)n));
        json_object_set_new(object, "failed", json_integer((json_int_t)failed));
        json_object_set_new(object, "fingerprint", json_string(f->fingerprint));
        json_finish_line(object);
    } else if (!f->o->quiet) {
        char *shown = text_escape(f->o->output);

        printf("%s: %zu %s, the policy and README.txt, which says how to check %s.%s\n", shown, n,
               text_plural(n, "receipt", "receipts"), text_plural(n, "it", "them"),
               f->o->with_file ? "" : " Send the file with it (--with-file copies it there).");
        free(shown);
    }
}

int command_export(const struct options *o)
{
    struct folder f = {.o = o};
    struct parcel *parcels;
    size_t n = 0;
    int code = EXIT_FAILED;

    if (o->n_args == 0 || o->output == NULL || (o->receipt != NULL && o->n_args != 1) ||
        (o->trust != NULL && o->policy == NULL)) {
        fputs("tai-stamp: export takes files and -o FOLDER (--receipt: with one file; --trust: with "
              "--policy)\n",
              stderr);
        return EXIT_USAGE;
    }
    if (!judge_open(o->policy, o->trust, &f.judge))
        return EXIT_USAGE;
    f.store = kept_open(&f.judge.pins);
    parcels = text_alloc(o->n_args * sizeof *parcels);
    for (size_t i = 0; i < o->n_args; i++) {
        struct parcel p = {0};

        if (gather(&f, o->args[i], &p)) {
            parcels[n++] = p;
        } else {
            free(p.receipt_text);
            free(p.sentence);
            free(p.origin);
        }
    }
    if (n > 0)
        code = write_folder(&f, parcels, n);
    if (code == EXIT_OK) {
        report(&f, n, o->n_args - n);
        code = n < o->n_args ? EXIT_PARTIAL : EXIT_OK;
    }
    for (size_t i = 0; i < n; i++) {
        free(parcels[i].receipt_text);
        free(parcels[i].sentence);
        free(parcels[i].origin);
    }
    free(parcels);
    kept_close(f.store);
    judge_close(&f.judge);
    return code;
}
