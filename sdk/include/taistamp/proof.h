/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: reading them, verifying them offline, and the policy and trust that a verifier brings along.
 *
 * A receipt says: this digest was in the log of this issuer, which claims the instant t, give or take h; and, where
 * witnesses have cosigned, the independent statement "no later than" their times. A verifier brings a policy (which log
 * and witness keys count, and how many witnesses are needed) and optionally a trust file (how late witnesses may be,
 * which sources of time are good enough). Keys never come from the receipt nor from a server.
 *
 * What is not checked here: that the server's clock was right (that is h and `clock`, the issuer's claim), and that the
 * log shows everyone the same tree (that is what witnesses are for).
 *
 * Life cycle: taistamp_policy_parse and taistamp_trust_parse once; then for each file taistamp_receipt_parse, check
 * with taistamp_verify_receipt (which needs no file and is cheap), hash the file, taistamp_verify_digest. All objects
 * are read-only once made and may be shared by threads. Source of every rule: docs/FORMATS.md. */
#ifndef TAISTAMP_PROOF_H
#define TAISTAMP_PROOF_H

#include "taistamp/hash.h"
#include "taistamp/time.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct taistamp_policy taistamp_policy;
typedef struct taistamp_trust taistamp_trust;
typedef struct taistamp_receipt taistamp_receipt;

enum taistamp_kind {
    TAISTAMP_COMMITMENT, /* a salted commitment to one file's digest */
    TAISTAMP_BATCH,      /* a tree of commitments made by one client */
    TAISTAMP_DIGEST,     /* an unsalted digest */
    TAISTAMP_TOKEN       /* the digest of an RFC 3161 token */
};

/* What bounded the issuer's clock, best first. */
enum taistamp_clock_source {
    TAISTAMP_CLOCK_GPS,
    TAISTAMP_CLOCK_UPSTREAM,
    TAISTAMP_CLOCK_QUORUM,
    TAISTAMP_CLOCK_SYSTEM,
    TAISTAMP_CLOCK_ASSUMED
};

/* Their words in FORMATS ("commitment", "gps", ...); "other" for what is none of the enum. Static storage. */
TAISTAMP_API const char *taistamp_kind_name(enum taistamp_kind kind);
TAISTAMP_API const char *taistamp_clock_name(enum taistamp_clock_source clock);

/* ---- Policy (C2SP tlog-policy) ---- */

/* Strict: see FORMATS, "Trust"; at most 256 KiB. `text` is copied. *ret_policy is the caller's (taistamp_policy_free).
 * TAI_ERR_FORMAT with the line, _UNSUPPORTED (a key of an unknown type), _SPACE (more than 32 logs, 64 witnesses, 64
 * groups or 256 KiB), _CRYPTO. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_policy_parse(const void *text, size_t len, taistamp_policy **ret_policy, struct tai_error *error);
TAISTAMP_API void taistamp_policy_free(taistamp_policy *policy);

/* One log or witness of a policy. Strings live as long as the policy. */
struct taistamp_policy_key {
    bool is_witness;
    const char *name;        /* key name: for a log its origin */
    const char *label;       /* the witness's name inside the policy; "" for a log */
    const char *vkey;        /* the whole verifier key */
    const char *url;         /* "" when the policy has none */
    uint8_t fingerprint[32]; /* SHA-256 of type byte and public key: what a person compares */
};
/* How many keys of each kind there are. */
TAISTAMP_API size_t taistamp_policy_logs(const taistamp_policy *policy);
TAISTAMP_API size_t taistamp_policy_witnesses(const taistamp_policy *policy);
/* Key `i`: logs first (0 ... logs-1), then witnesses. TAI_ERR_RANGE past the end. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err taistamp_policy_key(const taistamp_policy *policy, size_t i,
                                                                  struct taistamp_policy_key *ret_key);

/* ---- Trust file (trust.yaml) ---- */

/* Parses the small part of YAML that FORMATS names (block mappings, one sequence, plain and quoted scalars, comments);
 * unknown and duplicate keys are errors with their line. Empty text gives the defaults. `text` is copied; *ret_trust is
 * the caller's (taistamp_trust_free). TAI_ERR_FORMAT, _RANGE (a number), _SPACE (more than 64 closed logs or 64 KiB).
 */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_trust_parse(const void *text, size_t len, taistamp_trust **ret_trust, struct tai_error *error);
TAISTAMP_API void taistamp_trust_free(taistamp_trust *trust);

/* ---- Receipt ---- */

enum { TAISTAMP_RECEIPT_MAX = 256 * 1024 };

/* Strict parse of a receipt; nothing is verified yet. `text` is copied; *ret_receipt is the caller's
 * (taistamp_receipt_free). TAI_ERR_FORMAT says which line; TAI_ERR_SPACE: more than 64 signatures. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_receipt_parse(const void *text, size_t len, taistamp_receipt **ret_receipt, struct tai_error *error);
TAISTAMP_API void taistamp_receipt_free(taistamp_receipt *receipt);

/* What a receipt says, unverified. Strings and `name` live as long as the receipt. */
struct taistamp_receipt_info {
    const char *issuer;
    enum taistamp_kind kind;
    struct taistamp_digest digest; /* of the file */
    tai_t t;                       /* 0 < t */
    tai_bound_t h;                 /* 0 <= h < t, and t + h is a tai_t */
    bool tai_utc_known;
    int32_t tai_utc_s; /* the issuer's claim of TAI-UTC, 0 to 9999 s; 0 where unknown */
    enum taistamp_clock_source clock;
    uint64_t index; /* of the entry in the log */
    uint64_t size;  /* of the checkpoint's tree */
    bool in_batch;
    uint64_t batch_index, batch_size;
    bool has_closed;
    uint64_t closed_size;
    const uint8_t
        *name; /* the file's name when it was stamped: a hint, any bytes but NUL and '/'; NULL without one */
    size_t name_len;
    size_t signatures;      /* signature lines of the checkpoint */
    const char *entry;      /* the seven lines, verbatim */
    const char *checkpoint; /* the signed checkpoint, verbatim */
};
TAISTAMP_API void taistamp_receipt_info(const taistamp_receipt *receipt,
                                        struct taistamp_receipt_info *ret_info);

/* ---- Verification ---- */

/* Stable verdicts, in the order in which the verifier looks. */
enum taistamp_verdict {
    TAISTAMP_VALID = 0,
    TAISTAMP_CLAIM_VOID,     /* the proof holds, but the issuer's time is not believed: see independent */
    TAISTAMP_UNKNOWN_LOG,    /* the policy has no key of this issuer */
    TAISTAMP_BAD_ISSUER,     /* issuer, origin and key name are not one taistamp origin */
    TAISTAMP_BAD_SIGNATURE,  /* a signature by a known key does not verify, or the log's is missing */
    TAISTAMP_NO_QUORUM,      /* too few of the policy's witnesses have cosigned */
    TAISTAMP_NOT_INCLUDED,   /* the entry is not in the signed tree */
    TAISTAMP_BAD_BATCH,      /* the commitment is not in the stamped batch */
    TAISTAMP_BAD_COMMITMENT, /* the digest does not lead to the stamped subject */
    TAISTAMP_NOT_CLOSED_IN,  /* the log is closed and this entry is not shown to be in its closing tree */
    TAISTAMP_CLOCK_TOO_WEAK, /* the source of time is below the trust file's min_clock */
    TAISTAMP_TOO_UNCERTAIN,  /* the half-width is above the trust file's max_half_width_ns */
    TAISTAMP_OTHER_DIGEST    /* all holds, but for another digest: the file was changed */
};
/* A stable lower-case word such as "not_included". Static storage. */
TAISTAMP_API const char *taistamp_verdict_name(enum taistamp_verdict verdict);

struct taistamp_verification {
    enum taistamp_verdict verdict;
    /* Filled when the proof holds (TAISTAMP_VALID and TAISTAMP_CLAIM_VOID). */
    tai_t t;
    tai_bound_t h;
    enum taistamp_clock_source clock;
    uint64_t index, size;
    size_t witnesses;          /* of the policy */
    size_t witness_times;      /* distinct witnesses whose time counts */
    size_t liars_tolerated;    /* f */
    bool has_independent;      /* `independent` says something: no later than, by the witnesses */
    tai_t independent;         /* the (f+1)-th smallest witness time, end of that second */
    bool independent_doubtful; /* converted past the leap table's expiry */
    bool tai_utc_differs;      /* the issuer's TAI-UTC is not what the verifier's table says at t */
    char reason[200];          /* one sentence for a person; "" when valid */
};

/* Verifies everything but the file: `trust` and `leaps` may be NULL (defaults; witness times then need `leaps`: without
 * it they do not count). Returns TAI_OK whenever a verdict was reached, whatever it is. TAI_ERR_CRYPTO, _MEMORY. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_verify_receipt(const taistamp_receipt *receipt, const taistamp_policy *policy,
                        const taistamp_trust *trust, const taistamp_leaps *leaps,
                        struct taistamp_verification *ret_verification);
/* The same, and that it is about `digest`: TAISTAMP_OTHER_DIGEST where all else holds. With that verdict the fields of
 * a proof that holds are filled too. TAI_ERR_ARGUMENT for an algorithm other than the receipt's, _CRYPTO, _MEMORY. */
TAISTAMP_API TAISTAMP_MUST_CHECK enum tai_err
taistamp_verify_digest(const taistamp_receipt *receipt, const struct taistamp_digest *digest,
                       const taistamp_policy *policy, const taistamp_trust *trust,
                       const taistamp_leaps *leaps, struct taistamp_verification *ret_verification);

#ifdef __cplusplus
}
#endif
#endif
