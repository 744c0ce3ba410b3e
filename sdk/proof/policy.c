/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/proof/policy.h"

#include <string.h>

#include "sdk/base/error.h"
#include "sdk/base/text.h"

enum { TOKENS_MAX = 3 + LIMIT_GROUP_MEMBERS };

struct reader {
    const struct crypto *c;
    struct policy *p;
    bool has_quorum;
    uint64_t line;
    size_t n;
    struct bytes tokens[TOKENS_MAX];
    struct tai_error *error;
};

static enum tai_err complain(const struct reader *r, enum tai_err code, const char *text, struct bytes detail)
{
    return error_set_line(r->error, code, "policy", r->line, text, detail);
}

static enum tai_err malformed(const struct reader *r, const char *text)
{
    return complain(r, TAI_ERR_FORMAT, text, bytes_of(NULL, 0));
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Splits at runs of space and tab. False when there are more words than any line may have. */
static bool tokens_split(struct reader *r, struct bytes line)
{
    r->n = 0;
    for (size_t i = 0; i < line.len;) {
        while (i < line.len && is_blank(line.data[i]))
            i++;
        size_t from = i;
        while (i < line.len && !is_blank(line.data[i]))
            i++;
        if (i == from)
            break;
        if (r->n == TOKENS_MAX)
            return false;
        r->tokens[r->n++] = bytes_of(line.data + from, i - from);
    }
    return true;
}

static bool same_key(const struct vkey *a, const struct vkey *b)
{
    bool same_material = a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
    /* Name and id together say whose signature it is; two keys that share both could not be told apart. */
    return same_material || (bytes_equal(a->name, b->name) && memcmp(a->id, b->id, NOTE_KEY_ID) == 0);
}

static bool key_known(const struct policy *p, const struct vkey *key)
{
    for (size_t i = 0; i < p->n_logs; i++)
        if (same_key(&p->logs[i].key, key))
            return true;
    for (size_t i = 0; i < p->n_witnesses; i++)
        if (same_key(&p->witnesses[i].key, key))
            return true;
    return false;
}

static enum tai_err key_read(struct reader *r, struct bytes text, struct vkey *ret_key)
{
    struct tai_error why;
    enum tai_err err = vkey_parse(r->c, text, ret_key, &why);
    if (err != TAI_OK)
        return complain(r, err, why.text, bytes_of(NULL, 0));
    if (key_known(r->p, ret_key))
        return complain(r, TAI_ERR_FORMAT, "this key is in the policy already", text);
    return TAI_OK;
}

static enum tai_err log_read(struct reader *r)
{
    struct policy *p = r->p;
    if (r->n < 2 || r->n > 3)
        return malformed(r, "a log line is \"log <vkey> [<url>]\"");
    if (p->n_logs == LIMIT_LOGS)
        return complain(r, TAI_ERR_SPACE, "too many logs", bytes_of(NULL, 0));
    struct policy_log *log = &p->logs[p->n_logs];
    enum tai_err err = key_read(r, r->tokens[1], &log->key);
    if (err != TAI_OK)
        return err;
    if (log->key.type != NOTE_ED25519)
        return complain(r, TAI_ERR_FORMAT, "a log's key must be of type 0x01", r->tokens[1]);
    log->vkey_text = r->tokens[1];
    log->url = r->n == 3 ? r->tokens[2] : bytes_of(NULL, 0);
    p->n_logs++;
    return TAI_OK;
}

static size_t witness_find(const struct policy *p, struct bytes name)
{
    for (size_t i = 0; i < p->n_witnesses; i++)
        if (bytes_equal(p->witnesses[i].name, name))
            return i;
    return SIZE_MAX;
}

static size_t group_find(const struct policy *p, struct bytes name)
{
    for (size_t i = 0; i < p->n_groups; i++)
        if (bytes_equal(p->groups[i].name, name))
            return i;
    return SIZE_MAX;
}

static enum tai_err name_check(const struct reader *r, struct bytes name)
{
    if (bytes_equal_str(name, "none"))
        return malformed(r, "\"none\" is not a name to give");
    if (witness_find(r->p, name) != SIZE_MAX || group_find(r->p, name) != SIZE_MAX)
        return complain(r, TAI_ERR_FORMAT, "this name is defined already", name);
    return TAI_OK;
}

static enum tai_err witness_read(struct reader *r)
{
    struct policy *p = r->p;
    if (r->n < 3 || r->n > 4)
        return malformed(r, "a witness line is \"witness <name> <vkey> [<url>]\"");
    if (p->n_witnesses == LIMIT_WITNESSES)
        return complain(r, TAI_ERR_SPACE, "too many witnesses", bytes_of(NULL, 0));
    enum tai_err err = name_check(r, r->tokens[1]);
    if (err != TAI_OK)
        return err;
    struct policy_witness *w = &p->witnesses[p->n_witnesses];
    err = key_read(r, r->tokens[2], &w->key);
    if (err != TAI_OK)
        return err;
    if (w->key.type == NOTE_ED25519)
        return complain(r, TAI_ERR_FORMAT, "a witness's key must be of type 0x04 or 0x06", r->tokens[2]);
    if (w->key.type == NOTE_COSIGNATURE_MLDSA44 && r->c->mldsa44_verify == NULL)
        return malformed(r, "ML-DSA-44 needs OpenSSL 3.5 or newer");
    w->name = r->tokens[1];
    w->vkey_text = r->tokens[2];
    w->url = r->n == 4 ? r->tokens[3] : bytes_of(NULL, 0);
    w->group = POLICY_NO_GROUP;
    p->n_witnesses++;
    return TAI_OK;
}

static bool threshold_read(struct bytes text, size_t members, size_t *ret_threshold)
{
    uint64_t k;
    if (bytes_equal_str(text, "any"))
        k = 1;
    else if (bytes_equal_str(text, "all"))
        k = members;
    else if (!text_read_u64(text, members, &k) || k == 0)
        return false;
    *ret_threshold = (size_t)k;
    return true;
}

/* Makes the witness or group `name` a member of the group that is being defined. */
static enum tai_err member_add(struct reader *r, struct bytes name)
{
    struct policy *p = r->p;
    size_t w = witness_find(p, name), g = group_find(p, name);
    if (w == SIZE_MAX && g == SIZE_MAX)
        return complain(r, TAI_ERR_FORMAT, "a member that is not defined above", name);
    int *group = w != SIZE_MAX ? &p->witnesses[w].group : &p->groups[g].group;
    if (*group != POLICY_NO_GROUP)
        return complain(r, TAI_ERR_FORMAT, "a name may be a member only once", name);
    *group = (int)p->n_groups;
    return TAI_OK;
}

static enum tai_err group_read(struct reader *r)
{
    struct policy *p = r->p;
    if (r->n < 4)
        return malformed(r, "a group line is \"group <name> <all|any|k> <member> ...\"");
    if (p->n_groups == LIMIT_GROUPS)
        return complain(r, TAI_ERR_SPACE, "too many groups", bytes_of(NULL, 0));
    enum tai_err err = name_check(r, r->tokens[1]);
    if (err != TAI_OK)
        return err;
    struct policy_group g = {.name = r->tokens[1], .members = r->n - 3, .group = POLICY_NO_GROUP};
    if (!threshold_read(r->tokens[2], g.members, &g.threshold))
        return malformed(r, "a group's threshold is \"all\", \"any\" or a number from 1 to its members");
    for (size_t i = 3; i < r->n; i++) {
        err = member_add(r, r->tokens[i]);
        if (err != TAI_OK)
            return err;
    }
    p->groups[p->n_groups++] = g;
    return TAI_OK;
}

static enum tai_err quorum_read(struct reader *r)
{
    struct policy *p = r->p;
    if (r->n != 2)
        return malformed(r, "a quorum line is \"quorum <name>\"");
    if (r->has_quorum)
        return malformed(r, "a second quorum line");
    r->has_quorum = true;
    if (bytes_equal_str(r->tokens[1], "none")) {
        p->quorum = POLICY_QUORUM_NONE;
        return TAI_OK;
    }
    size_t w = witness_find(p, r->tokens[1]), g = group_find(p, r->tokens[1]);
    if (w == SIZE_MAX && g == SIZE_MAX)
        return complain(r, TAI_ERR_FORMAT, "a quorum that is not defined above", r->tokens[1]);
    p->quorum = w != SIZE_MAX ? POLICY_QUORUM_WITNESS : POLICY_QUORUM_GROUP;
    p->quorum_index = w != SIZE_MAX ? w : g;
    return TAI_OK;
}

static enum tai_err line_read(struct reader *r, struct bytes line)
{
    for (size_t i = 0; i < line.len; i++)
        if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7F)
            return malformed(r, "a control character");
    for (size_t i = 0; i < line.len && line.data[i] != '#'; i++) {
        if (is_blank(line.data[i]))
            continue;
        if (!tokens_split(r, line))
            return complain(r, TAI_ERR_SPACE, "too many words on the line", bytes_of(NULL, 0));
        if (bytes_equal_str(r->tokens[0], "log"))
            return log_read(r);
        if (bytes_equal_str(r->tokens[0], "witness"))
            return witness_read(r);
        if (bytes_equal_str(r->tokens[0], "group"))
            return group_read(r);
        if (bytes_equal_str(r->tokens[0], "quorum"))
            return quorum_read(r);
        return complain(r, TAI_ERR_FORMAT, "an unknown word", r->tokens[0]);
    }
    return TAI_OK; /* empty, or a comment */
}

enum tai_err policy_parse(const struct crypto *c, struct bytes text, struct policy *ret_policy,
                          struct tai_error *error)
{
    struct reader r = {.c = c, .p = ret_policy, .error = error};
    struct lines l = {text};
    struct bytes line;
    if (text.len > LIMIT_POLICY)
        return error_set(error, TAI_ERR_SPACE, "the policy is longer than any policy");
    ret_policy->n_logs = ret_policy->n_witnesses = ret_policy->n_groups = 0;
    while (lines_next(&l, &line)) {
        r.line++;
        enum tai_err err = line_read(&r, line);
        if (err != TAI_OK)
            return err;
    }
    r.line++;
    if (l.rest.len > 0)
        return malformed(&r, "the last line has no end");
    if (!r.has_quorum)
        return error_set(error, TAI_ERR_FORMAT, "the policy has no quorum line");
    return TAI_OK;
}

bool policy_quorum_met(const struct policy *p, const bool cosigned[LIMIT_WITNESSES])
{
    size_t votes[LIMIT_GROUPS] = {0};
    if (p->quorum == POLICY_QUORUM_NONE)
        return true;
    if (p->quorum == POLICY_QUORUM_WITNESS)
        return cosigned[p->quorum_index];
    for (size_t i = 0; i < p->n_witnesses; i++)
        if (cosigned[i] && p->witnesses[i].group != POLICY_NO_GROUP)
            votes[p->witnesses[i].group]++;
    for (size_t i = 0; i < p->n_groups; i++)
        if (votes[i] >= p->groups[i].threshold && p->groups[i].group != POLICY_NO_GROUP)
            votes[p->groups[i].group]++;
    return votes[p->quorum_index] >= p->groups[p->quorum_index].threshold;
}
