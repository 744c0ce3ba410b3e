/* SPDX-License-Identifier: Apache-2.0 */
#include "taistamp/stamp.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/io/openssl.h"
#include "sdk/proof.h"
#include "sdk/proof/commitment.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/words.h"

enum { LEVELS = 64, BODY_MAX = 64 + TAISTAMP_DIGEST_TEXT };

struct file {
    struct taistamp_digest digest;
    struct hash salt, commitment;
    char *name; /* NULL without one */
};

/* Room for one receipt at a time, used and used again for each file. */
struct work {
    struct receipt made;  /* the server's answer, with the client's lines of the file at hand */
    struct receipt check; /* what was written, read again */
    uint8_t text[LIMIT_RECEIPT];
};

struct taistamp_stamping {
    struct crypto crypto;
    uint8_t secret[TAISTAMP_SECRET_LEN];
    bool unsalted;
    size_t n, cap;
    struct file *files;
    struct hash *nodes; /* of the batch tree, level after level; NULL unless it is a batch */
    struct hash *levels[LEVELS];
    enum taistamp_kind kind; /* what is asked for; valid once `body` is made */
    struct taistamp_digest subject;
    bool requested;
    char body[BODY_MAX];
    size_t body_len;
    size_t answer_len;
    uint8_t *answer; /* a good response; `work` has views into it */
    struct work *work;
};

/* ---- Life ---- */

enum tai_err taistamp_stamping_new(const uint8_t secret[TAISTAMP_SECRET_LEN],
                                   const struct taistamp_stamp_options *options,
                                   taistamp_stamping **ret_stamping)
{
    const size_t known = offsetof(struct taistamp_stamp_options, unsalted) + sizeof options->unsalted;
    if (secret == NULL || (options != NULL && options->size < known))
        return TAI_ERR_ARGUMENT;
    struct taistamp_stamping *s = calloc(1, sizeof *s);
    if (s == NULL)
        return TAI_ERR_MEMORY;
    enum tai_err err = openssl_crypto_open(&s->crypto);
    if (err != TAI_OK) {
        free(s);
        return err;
    }
    memcpy(s->secret, secret, sizeof s->secret);
    s->unsalted = options != NULL && options->unsalted;
    *ret_stamping = s;
    return TAI_OK;
}

void taistamp_stamping_free(taistamp_stamping *stamping)
{
    struct taistamp_stamping *s = stamping;
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n; i++)
        free(s->files[i].name);
    free(s->files);
    free(s->nodes);
    free(s->answer);
    free(s->work);
    openssl_crypto_close(&s->crypto);
    explicit_bzero(s->secret, sizeof s->secret);
    free(s);
}

static bool files_grow(struct taistamp_stamping *s)
{
    if (s->n < s->cap)
        return true;
    size_t cap = s->cap == 0 ? 8 : s->cap * 2;
    struct file *files = reallocarray(s->files, cap, sizeof *files);
    if (files == NULL)
        return false;
    s->files = files;
    s->cap = cap;
    return true;
}

static bool name_valid(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= LIMIT_NAME && strchr(name, '/') == NULL;
}

enum tai_err taistamp_stamping_add(taistamp_stamping *stamping, const struct taistamp_digest *digest,
                                   const char *name, uint64_t counter)
{
    struct taistamp_stamping *s = stamping;
    bool known = taistamp_algorithm_length(digest->algorithm) != 0;
    if (s->requested || !known || (s->unsalted && s->n > 0) || (name != NULL && !name_valid(name)))
        return TAI_ERR_ARGUMENT;
    if (!files_grow(s))
        return TAI_ERR_MEMORY;
    char *copy = name == NULL ? NULL : strdup(name);
    if (name != NULL && copy == NULL)
        return TAI_ERR_MEMORY;
    struct file *f = &s->files[s->n++];
    f->digest = *digest;
    f->name = copy;
    f->salt = commitment_salt(&s->crypto, s->secret, digest, counter);
    f->commitment = commitment_make(&s->crypto, &f->salt, digest);
    return TAI_OK;
}

size_t taistamp_stamping_count(const taistamp_stamping *stamping)
{
    return stamping->n;
}

enum tai_err taistamp_stamping_commitment(const taistamp_stamping *stamping, size_t i,
                                          uint8_t ret_commitment[32])
{
    if (i >= stamping->n)
        return TAI_ERR_ARGUMENT;
    memcpy(ret_commitment, stamping->files[i].commitment.b, SHA256_LEN);
    return TAI_OK;
}

/* ---- The request ---- */

static void node_put(void *user, unsigned level, uint64_t index, const struct hash *node)
{
    struct taistamp_stamping *s = user;
    s->levels[level][index] = *node;
}

static bool node_get(void *user, unsigned level, uint64_t index, struct hash *ret_node)
{
    const struct taistamp_stamping *s = user;
    *ret_node = s->levels[level][index];
    return true;
}

/* Builds the tree over the commitments and keeps its complete nodes for the paths. */
static enum tai_err batch_make(struct taistamp_stamping *s, struct hash *ret_subject)
{
    size_t total = 0;
    for (size_t at = s->n; at > 0; at >>= 1)
        total += at;
    free(s->nodes);
    s->nodes = calloc(total, sizeof *s->nodes);
    if (s->nodes == NULL)
        return TAI_ERR_MEMORY;
    struct hash *next = s->nodes;
    for (size_t level = 0, at = s->n; at > 0; level++, at >>= 1) {
        s->levels[level] = next;
        next += at;
    }
    struct merkle_frontier frontier = {.size = 0};
    for (size_t i = 0; i < s->n; i++) {
        struct hash leaf = merkle_leaf_hash(&s->crypto, hash_bytes(&s->files[i].commitment));
        merkle_append(&s->crypto, &frontier, &leaf, node_put, s);
    }
    struct hash root = merkle_root(&s->crypto, &frontier);
    *ret_subject = commitment_batch_subject(&s->crypto, s->n, &root);
    return TAI_OK;
}

static enum tai_err subject_make(struct taistamp_stamping *s)
{
    struct hash subject = s->files[0].commitment;
    s->kind = s->n > 1 ? TAISTAMP_BATCH : TAISTAMP_COMMITMENT;
    if (s->unsalted) {
        s->kind = TAISTAMP_DIGEST;
        s->subject = s->files[0].digest;
        return TAI_OK;
    }
    enum tai_err err = s->n > 1 ? batch_make(s, &subject) : TAI_OK;
    s->subject = (struct taistamp_digest){.algorithm = TAISTAMP_SHA256};
    memcpy(s->subject.bytes, subject.b, SHA256_LEN);
    return err;
}

enum tai_err taistamp_stamping_request(taistamp_stamping *stamping, const char **ret_body, size_t *ret_len)
{
    struct taistamp_stamping *s = stamping;
    if (s->n == 0)
        return TAI_ERR_ARGUMENT;
    if (!s->requested) {
        enum tai_err err = subject_make(s);
        if (err != TAI_OK)
            return err;
        struct out o = out_of(s->body, sizeof s->body);
        out_str(&o, "{\"kind\":\"");
        out_str(&o, taistamp_kind_name(s->kind));
        out_str(&o, "\",\"subject\":\"");
        digest_emit(&o, &s->subject);
        out_str(&o, "\"}");
        if (!out_terminate(&o))
            return TAI_ERR_SPACE;
        s->body_len = o.len;
        s->requested = true;
    }
    *ret_body = s->body;
    *ret_len = s->body_len;
    return TAI_OK;
}

/* ---- The answer ---- */

static enum tai_err answer_check(struct taistamp_stamping *s, struct bytes text, struct work *w,
                                 const struct verify_rules *rules, struct tai_error *error)
{
    struct taistamp_verification v;
    struct tai_error why;
    if (receipt_parse(text, RECEIPT_BARE, &w->made, &why) != TAI_OK)
        return error_set_detail(error, TAI_ERR_FORMAT, "the server's answer is not a receipt",
                                bytes_of_str(why.text));
    if (w->made.entry.kind != s->kind || !taistamp_digest_equal(&w->made.entry.subject, &s->subject))
        return error_set(error, TAI_ERR_INVALID,
                         "the server's answer is about something else than was asked for");
    verify_bare(&s->crypto, &w->made, rules, &v);
    if (v.verdict == TAISTAMP_UNKNOWN_LOG)
        return error_set_detail(error, TAI_ERR_UNTRUSTED, "the policy has no key of the log that answered",
                                w->made.checkpoint.origin);
    if (v.verdict != TAISTAMP_VALID)
        return error_set_detail(error, TAI_ERR_INVALID, "the server's answer does not verify",
                                bytes_of_str(v.reason));
    return TAI_OK;
}

enum tai_err taistamp_stamping_response(taistamp_stamping *stamping, const void *body, size_t len,
                                        const taistamp_policy *policy, const taistamp_trust *trust,
                                        const taistamp_leaps *leaps, struct tai_error *error)
{
    struct taistamp_stamping *s = stamping;
    struct trust defaults;
    if (!s->requested || policy == NULL)
        return error_set(error, TAI_ERR_ARGUMENT, "an answer without a request or without a policy");
    if (len > LIMIT_RECEIPT)
        return error_set(error, TAI_ERR_FORMAT, "the server's answer is longer than any receipt");
    struct verify_rules rules = verify_rules_of(policy, trust, leaps, &defaults);
    uint8_t *copy = bytes_copy(body, len);
    struct work *w = calloc(1, sizeof *w);
    enum tai_err err = copy == NULL || w == NULL ? error_set(error, TAI_ERR_MEMORY, "out of memory")
                                                 : answer_check(s, bytes_of(copy, len), w, &rules, error);
    if (err != TAI_OK) {
        free(copy);
        free(w);
        return err;
    }
    free(s->answer);
    free(s->work);
    s->answer = copy;
    s->answer_len = len;
    s->work = w;
    return TAI_OK;
}

enum tai_err taistamp_stamping_answer(const taistamp_stamping *stamping, const char **ret_answer,
                                      size_t *ret_len)
{
    if (stamping->answer == NULL)
        return TAI_ERR_ARGUMENT;
    *ret_answer = (const char *)stamping->answer;
    *ret_len = stamping->answer_len;
    return TAI_OK;
}

/* ---- The receipts ---- */

/* Puts the client's lines for file `i` beside the server's. */
static bool receipt_fill(const struct taistamp_stamping *s, size_t i, struct receipt *r)
{
    const struct file *f = &s->files[i];
    r->name_len = f->name == NULL ? 0 : strlen(f->name);
    if (r->name_len > 0)
        memcpy(r->name, f->name, r->name_len);
    r->has_digest = true;
    r->digest = f->digest;
    r->salt = f->salt;
    r->batch_index = i;
    r->batch_size = s->n;
    r->batch_path_n = 0;
    void *nodes = (void *)(uintptr_t)s; /* merkle_get_fn takes no const; node_get only reads */
    return s->kind != TAISTAMP_BATCH ||
           merkle_path_read(&s->crypto, i, s->n, node_get, nodes, r->batch_path, &r->batch_path_n);
}

/* What was written, read again: the server's part is that which verified, to the byte, and the rest leads to it. */
static bool receipt_check(const struct taistamp_stamping *s, size_t i, struct bytes text)
{
    const struct receipt *made = &s->work->made;
    struct receipt *check = &s->work->check;
    struct tai_error ignored;
    return receipt_parse(text, RECEIPT_FULL, check, &ignored) == TAI_OK &&
           bytes_equal(check->entry_text, made->entry_text) && check->index == made->index &&
           check->path_n == made->path_n &&
           memcmp(check->path, made->path, made->path_n * sizeof *made->path) == 0 &&
           bytes_equal(check->note.text, made->note.text) &&
           taistamp_digest_equal(&check->digest, &s->files[i].digest) &&
           verify_subject(&s->crypto, check) == TAISTAMP_VALID;
}

enum tai_err taistamp_stamping_receipt(const taistamp_stamping *stamping, size_t i, char **ret_receipt,
                                       size_t *ret_len)
{
    const struct taistamp_stamping *s = stamping;
    if (s->work == NULL || i >= s->n)
        return TAI_ERR_ARGUMENT;
    struct out o = out_of(s->work->text, sizeof s->work->text);
    if (!receipt_fill(s, i, &s->work->made))
        return TAI_ERR_INVALID;
    receipt_emit(&o, RECEIPT_FULL, &s->work->made);
    if (o.overflow)
        return TAI_ERR_SPACE;
    if (!receipt_check(s, i, out_view(&o)))
        return TAI_ERR_INVALID;
    char *text = malloc(o.len + 1);
    if (text == NULL)
        return TAI_ERR_MEMORY;
    memcpy(text, o.data, o.len);
    text[o.len] = 0;
    *ret_receipt = text;
    *ret_len = o.len;
    return TAI_OK;
}
