/* SPDX-License-Identifier: Apache-2.0 */
/* The policy: which logs and witnesses count, and which sets of witnesses are enough (C2SP tlog-policy).
 *
 *     log example.org/taistamp/8d123b5b08885826+f7b1d276+AXrK...   vkey of type 0x01, then perhaps a URL
 *     witness W0 example.org/witness/0+bf91db39+BBYN...            name, vkey of type 0x04 or 0x06, perhaps a URL
 *     witness W1 example.org/witness/1+57164b4d+BD0R...
 *     group G 2 W0 W1                                              at least 2 of them; also "any", "all"
 *     quorum G                                                     a witness, a group, or "none"
 *
 * Reading is strict, so that no two verifiers read one file differently: only LF ends a line and each line
 * has one; no key in two places whatever its role; names defined once, before use, and each a member of at
 * most one group; 1 <= k <= n; exactly one quorum line. ML-DSA-44 keys are taken where the table can check
 * them. Any thread. */
#ifndef SDK_PROOF_POLICY_H
#define SDK_PROOF_POLICY_H

#include "sdk/proof/note.h"

struct policy_log {
    struct vkey key;
    struct bytes vkey_text, url; /* url is empty when the policy has none */
};

enum { POLICY_NO_GROUP = -1 };

struct policy_witness {
    struct bytes name; /* inside the policy */
    struct vkey key;
    struct bytes vkey_text, url;
    int group; /* of which it is a member, or POLICY_NO_GROUP */
};

struct policy_group {
    struct bytes name;
    size_t threshold, members;
    int group;
};

enum policy_quorum_kind { POLICY_QUORUM_NONE, POLICY_QUORUM_WITNESS, POLICY_QUORUM_GROUP };

/* All views point into the parsed text, which must outlive it. About 130 kB. */
struct policy {
    size_t n_logs, n_witnesses, n_groups;
    struct policy_log logs[LIMIT_LOGS];
    struct policy_witness witnesses[LIMIT_WITNESSES];
    struct policy_group groups[LIMIT_GROUPS]; /* in order of definition: members come before their group */
    enum policy_quorum_kind quorum;
    size_t quorum_index; /* of the witness or group */
};

/* TAI_ERR_FORMAT, _UNSUPPORTED (key type), _SPACE (a limit); the text names the line. *ret_policy is
 * undefined after a failure. */
TAISTAMP_MUST_CHECK enum tai_err policy_parse(const struct crypto *c, struct bytes text,
                                              struct policy *ret_policy, struct tai_error *error);
/* Whether the witnesses that have cosigned (one flag for each, in the policy's order) are enough. */
bool policy_quorum_met(const struct policy *policy, const bool cosigned[LIMIT_WITNESSES]);

#endif
