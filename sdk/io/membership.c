/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/membership.h"

#include <stdio.h>

#include "sdk/base/error.h"
#include "sdk/io/yaml.h"

static enum tai_err refuse(const struct membership *m, unsigned line, enum tai_err code,
                           struct tai_error *error, const char *why)
{
    return line == 0 ? error_set_detail(error, code, m->cluster->path, bytes_of_str(why))
                     : yaml_refuse(m->cluster->path, line, code, error, "%s", why);
}

static enum tai_err find_self(struct membership *m, const char *key_path, const char *node,
                              enum membership_role role, struct tai_error *error)
{
    char token[NODEKEY_TEXT_LEN + 1], why[360];
    const struct cluster_node *named = node != NULL ? cluster_find_text(m->cluster, node) : NULL;
    m->self = cluster_find_key(m->cluster, nodekey_public_of(m->key));
    nodekey_public_print(nodekey_public_of(m->key), token);
    if (node != NULL && named == NULL) {
        snprintf(why, sizeof why, "has no node %.64s, which the setting node names", node);
        return refuse(m, 0, TAI_ERR_UNTRUSTED, error, why);
    }
    if (m->self == NULL) {
        snprintf(why, sizeof why, "%s has another key than this machine (%.120s), which is %s",
                 named != NULL ? named->name : "every node", key_path, token);
        return refuse(m, named != NULL ? named->line : 0, TAI_ERR_UNTRUSTED, error, why);
    }
    if (named != NULL && named != m->self) {
        snprintf(why, sizeof why, "the key of this machine is %s's (line %u), but the setting node says %s",
                 m->self->name, m->self->line, named->name);
        return refuse(m, named->line, TAI_ERR_UNTRUSTED, error, why);
    }
    if (m->self->server != (role == MEMBERSHIP_SERVER)) {
        snprintf(why, sizeof why, "%s, this machine, is a %s: run %s on it", m->self->name,
                 m->self->server ? "server" : "client", m->self->server ? "taid" : "tai-client");
        return refuse(m, m->self->line, TAI_ERR_RANGE, error, why);
    }
    return TAI_OK;
}

static enum tai_err load(const char *cluster_path, const char *key_path, const char *node,
                         enum membership_role role, enum nodekey_owner owner,
                         struct membership *ret_membership, struct tai_error *error)
{
    struct membership m = {0};
    enum tai_err err = cluster_load(cluster_path, &m.cluster, error);
    if (err == TAI_OK)
        err = nodekey_load(NULL, key_path, owner, &m.key, error);
    if (err == TAI_OK)
        err = find_self(&m, key_path, node, role, error);
    if (err != TAI_OK) {
        membership_free(&m);
        return err;
    }
    *ret_membership = m;
    return TAI_OK;
}

enum tai_err membership_load(const char *cluster_path, const char *key_path, const char *node,
                             enum membership_role role, struct membership *ret_membership,
                             struct tai_error *error)
{
    return load(cluster_path, key_path, node, role, NODEKEY_OURS, ret_membership, error);
}

enum tai_err membership_look(const char *cluster_path, const char *key_path, const char *node,
                             enum membership_role role, struct membership *ret_membership,
                             struct tai_error *error)
{
    return load(cluster_path, key_path, node, role, NODEKEY_ROOT_LOOKS, ret_membership, error);
}

void membership_free(struct membership *membership)
{
    cluster_free(membership->cluster);
    nodekey_free(membership->key);
    *membership = (struct membership){0};
}

bool membership_speaks_with(const struct membership *membership, const struct cluster_node *other)
{
    return other != membership->self && (membership->self->server || other->server);
}

enum tai_err membership_pair(const struct membership *membership, const struct cluster_node *other,
                             uint8_t ret_key[NODEKEY_PAIR_LEN], struct tai_error *error)
{
    enum tai_err err = nodekey_pair(membership->key, membership->cluster->id, membership->self->node,
                                    other->node, &other->key, ret_key);
    if (err == TAI_ERR_UNTRUSTED)
        return refuse(membership, other->line, err, error,
                      "with this key no secret can be shared: it was not made by keygen");
    return err == TAI_OK ? TAI_OK : error_set(error, err, "cannot derive the key of a pair");
}
