/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/proof/verify.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/proof/commitment.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/words.h"
#include "sdk/time/arith.h"

/* What the signatures of one checkpoint said. */
struct signers {
    bool log;
    bool cosigned[LIMIT_WITNESSES];
    uint64_t time_s[LIMIT_WITNESSES]; /* smallest stated; 0: none */
};

/* ---- Words ---- */

const char *taistamp_verdict_name(enum taistamp_verdict verdict)
{
    static const char *const names[] = {
        [TAISTAMP_VALID] = "valid",
        [TAISTAMP_CLAIM_VOID] = "claim_void",
        [TAISTAMP_UNKNOWN_LOG] = "unknown_log",
        [TAISTAMP_BAD_ISSUER] = "bad_issuer",
        [TAISTAMP_BAD_SIGNATURE] = "bad_signature",
        [TAISTAMP_NO_QUORUM] = "no_quorum",
        [TAISTAMP_NOT_INCLUDED] = "not_included",
        [TAISTAMP_BAD_BATCH] = "bad_batch",
        [TAISTAMP_BAD_COMMITMENT] = "bad_commitment",
        [TAISTAMP_NOT_CLOSED_IN] = "not_closed_in",
        [TAISTAMP_CLOCK_TOO_WEAK] = "clock_too_weak",
        [TAISTAMP_TOO_UNCERTAIN] = "too_uncertain",
        [TAISTAMP_OTHER_DIGEST] = "other_digest",
    };
    size_t i = (size_t)verdict;
    return i < sizeof names / sizeof *names ? names[i] : "other";
}

const char *verify_reason(enum taistamp_verdict verdict)
{
    switch (verdict) {
    case TAISTAMP_VALID:
        return "";
    case TAISTAMP_CLAIM_VOID:
        return "the witnesses do not support the issuer's time, so it is not believed";
    case TAISTAMP_UNKNOWN_LOG:
        return "the policy has no key of the log that issued this receipt";
    case TAISTAMP_BAD_ISSUER:
        return "issuer, log and key name are not one and the same log that only stamps";
    case TAISTAMP_BAD_SIGNATURE:
        return "the log's signature is missing, or a known key's signature does not verify";
    case TAISTAMP_NO_QUORUM:
        return "fewer of the policy's witnesses have cosigned than it asks for";
    case TAISTAMP_NOT_INCLUDED:
        return "the entry is not in the log's signed tree";
    case TAISTAMP_BAD_BATCH:
        return "the file is not in the batch that was stamped";
    case TAISTAMP_BAD_COMMITMENT:
        return "the digest does not lead to what was stamped";
    case TAISTAMP_NOT_CLOSED_IN:
        return "the log is closed, and the receipt does not show the entry in its closing tree";
    case TAISTAMP_CLOCK_TOO_WEAK:
        return "the source of the issuer's time is below the least that the trust file accepts";
    case TAISTAMP_TOO_UNCERTAIN:
        return "the time is less certain than the trust file asks for";
    case TAISTAMP_OTHER_DIGEST:
        return "the file was changed: the receipt is good, but it is about other content";
    }
    return "";
}

void verify_conclude(struct taistamp_verification *v, enum taistamp_verdict verdict)
{
    struct out o = out_of(v->reason, sizeof v->reason);
    v->verdict = verdict;
    out_str(&o, verify_reason(verdict));
    BUG_UNLESS(out_terminate(&o));
}

/* ---- Signatures ---- */

static bool log_known(const struct policy *p, struct bytes origin)
{
    for (size_t i = 0; i < p->n_logs; i++)
        if (bytes_equal(p->logs[i].key.name, origin))
            return true;
    return false;
}

static void witness_note(struct signers *s, size_t witness, uint64_t time_s)
{
    s->cosigned[witness] = true;
    if (time_s != 0 && (s->time_s[witness] == 0 || time_s < s->time_s[witness]))
        s->time_s[witness] = time_s;
}

/* Takes one signature line. False when it is by a key of the policy and does not hold; others' are ignored.
 */
static bool signature_take(const struct crypto *c, const struct receipt *r, const struct policy *p,
                           const struct note_signature *line, struct signers *s)
{
    uint64_t time_s;
    for (size_t i = 0; i < p->n_logs; i++) {
        const struct vkey *key = &p->logs[i].key;
        if (!note_signature_by(line, key))
            continue;
        if (!note_signature_verify(c, line, key, r->note.body, &r->checkpoint, &time_s))
            return false;
        s->log = s->log || bytes_equal(key->name, r->checkpoint.origin);
    }
    for (size_t i = 0; i < p->n_witnesses; i++) {
        const struct vkey *key = &p->witnesses[i].key;
        if (!note_signature_by(line, key))
            continue;
        if (!note_signature_verify(c, line, key, r->note.body, &r->checkpoint, &time_s))
            return false;
        witness_note(s, i, time_s);
    }
    return true;
}

static enum taistamp_verdict verify_checkpoint(const struct crypto *c, const struct receipt *r,
                                               const struct policy *p, struct signers *s)
{
    if (!log_known(p, r->checkpoint.origin))
        return TAISTAMP_UNKNOWN_LOG;
    if (!bytes_equal(r->entry.issuer, r->checkpoint.origin) || !origin_valid(r->checkpoint.origin))
        return TAISTAMP_BAD_ISSUER;
    for (size_t i = 0; i < r->note.n; i++)
        if (!signature_take(c, r, p, &r->note.signatures[i], s))
            return TAISTAMP_BAD_SIGNATURE;
    if (!s->log)
        return TAISTAMP_BAD_SIGNATURE;
    return policy_quorum_met(p, s->cosigned) ? TAISTAMP_VALID : TAISTAMP_NO_QUORUM;
}

/* ---- Trees ---- */

static enum taistamp_verdict verify_inclusion(const struct crypto *c, const struct receipt *r)
{
    struct hash leaf = merkle_leaf_hash(c, r->entry_text), root;
    bool ok = merkle_path_root(c, &leaf, r->index, r->checkpoint.size, r->path, r->path_n, &root) &&
              hash_equal(&root, &r->checkpoint.root);
    return ok ? TAISTAMP_VALID : TAISTAMP_NOT_INCLUDED;
}

enum taistamp_verdict verify_subject(const struct crypto *c, const struct receipt *r)
{
    const struct taistamp_digest *subject = &r->entry.subject;
    BUG_UNLESS(r->has_digest);
    if (r->entry.kind == TAISTAMP_DIGEST || r->entry.kind == TAISTAMP_TOKEN)
        return taistamp_digest_equal(subject, &r->digest) ? TAISTAMP_VALID : TAISTAMP_BAD_COMMITMENT;
    struct hash commitment = commitment_make(c, &r->salt, &r->digest);
    if (r->entry.kind == TAISTAMP_COMMITMENT)
        return bytes_equal(digest_bytes(subject), hash_bytes(&commitment)) ? TAISTAMP_VALID
                                                                           : TAISTAMP_BAD_COMMITMENT;
    struct hash leaf = merkle_leaf_hash(c, hash_bytes(&commitment)), root, whole;
    if (!merkle_path_root(c, &leaf, r->batch_index, r->batch_size, r->batch_path, r->batch_path_n, &root))
        return TAISTAMP_BAD_BATCH;
    whole = commitment_batch_subject(c, r->batch_size, &root);
    return bytes_equal(digest_bytes(subject), hash_bytes(&whole)) ? TAISTAMP_VALID : TAISTAMP_BAD_BATCH;
}

/* Closed lines say nothing to a verifier that does not hold the log for closed: they are not authenticated.
 */
static enum taistamp_verdict verify_closed(const struct crypto *c, const struct receipt *r,
                                           const struct trust *t)
{
    for (size_t i = 0; i < t->n_closed; i++) {
        const struct trust_closed *closed = &t->closed[i];
        if (!bytes_equal(closed->origin, r->entry.issuer))
            continue;
        struct hash leaf = merkle_leaf_hash(c, r->entry_text), root;
        if (!r->has_closed || r->closed_size != closed->size ||
            !merkle_path_root(c, &leaf, r->index, closed->size, r->closed_path, r->closed_path_n, &root) ||
            !hash_equal(&root, &closed->root))
            return TAISTAMP_NOT_CLOSED_IN;
    }
    return TAISTAMP_VALID;
}

/* ---- Time ---- */

/* The stated times in rising order. */
static size_t times_sorted(const struct signers *s, size_t n, uint64_t sorted[LIMIT_WITNESSES])
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (s->time_s[i] == 0)
            continue;
        size_t at = count++;
        for (; at > 0 && sorted[at - 1] > s->time_s[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = s->time_s[i];
    }
    return count;
}

static void independent_time(const struct signers *s, const struct verify_rules *rules,
                             struct taistamp_verification *v)
{
    uint64_t sorted[LIMIT_WITNESSES];
    enum taistamp_utc_status status;
    size_t n = rules->policy->n_witnesses;
    v->witnesses = n;
    v->liars_tolerated = rules->trust->has_f ? rules->trust->f : n == 0 ? 0 : (n - 1) / 2;
    v->witness_times = times_sorted(s, n, sorted);
    if (v->witness_times <= v->liars_tolerated)
        return;
    /* Before 1972, beyond the range of tai_t, or without a table a second has no TAI: then nothing is said.
     */
    v->has_independent = leap_tai_from_posix_end(rules->leaps, (int64_t)sorted[v->liars_tolerated],
                                                 &v->independent, &status) == TAI_OK;
    v->independent_doubtful = v->has_independent && status != TAISTAMP_UTC_OK;
}

/* Whether the issuer's own time is void: the witnesses' is too late after it, or should be there and is not.
 */
static bool claim_void(const struct verify_rules *rules, const struct taistamp_verification *v)
{
    if (v->witnesses == 0)
        return false;
    if (!v->has_independent)
        return true;
    int64_t latest = v->t.ns + v->h.ns, limit;
    return arith_add(latest, rules->trust->max_lag_s * NS_PER_S, &limit) && v->independent.ns > limit;
}

static enum taistamp_verdict verify_claim(const struct verify_rules *rules,
                                          const struct taistamp_verification *v)
{
    if (claim_void(rules, v))
        return TAISTAMP_CLAIM_VOID;
    if (v->clock > rules->trust->min_clock)
        return TAISTAMP_CLOCK_TOO_WEAK;
    return v->h.ns > rules->trust->max_half_width.ns ? TAISTAMP_TOO_UNCERTAIN : TAISTAMP_VALID;
}

static void claim_fill(const struct receipt *r, const struct verify_rules *rules,
                       struct taistamp_verification *v)
{
    int32_t tai_utc_s;
    v->t = r->entry.t;
    v->h = r->entry.h;
    v->clock = r->entry.clock;
    v->index = r->index;
    v->size = r->checkpoint.size;
    v->tai_utc_differs = r->entry.tai_utc_known &&
                         leap_offset_at_tai(rules->leaps, r->entry.t, &tai_utc_s) == TAISTAMP_UTC_OK &&
                         tai_utc_s != r->entry.tai_utc_s;
}

/* ---- The whole ---- */

static void verify_all(const struct crypto *c, const struct receipt *r, const struct verify_rules *rules,
                       bool with_subject, struct taistamp_verification *ret_verification)
{
    struct taistamp_verification v = {.verdict = TAISTAMP_VALID};
    struct signers s = {.log = false};
    enum taistamp_verdict verdict = verify_checkpoint(c, r, rules->policy, &s);
    if (verdict == TAISTAMP_VALID)
        verdict = verify_inclusion(c, r);
    if (verdict == TAISTAMP_VALID && with_subject)
        verdict = verify_subject(c, r);
    if (verdict == TAISTAMP_VALID)
        verdict = verify_closed(c, r, rules->trust);
    if (verdict == TAISTAMP_VALID) {
        claim_fill(r, rules, &v);
        independent_time(&s, rules, &v);
        verdict = verify_claim(rules, &v);
    }
    verify_conclude(&v, verdict);
    *ret_verification = v;
}

void verify_receipt(const struct crypto *c, const struct receipt *r, const struct verify_rules *rules,
                    struct taistamp_verification *ret_verification)
{
    verify_all(c, r, rules, true, ret_verification);
}

void verify_bare(const struct crypto *c, const struct receipt *r, const struct verify_rules *rules,
                 struct taistamp_verification *ret_verification)
{
    verify_all(c, r, rules, false, ret_verification);
}
