/* SPDX-License-Identifier: Apache-2.0 */
/* The other nodes as an engine takes them: from the cluster file and the own key, with the key of each pair.
 *
 * The keys of pairs lie in malloc'ed memory of ours and are wiped when it is released. */
#ifndef CLIENT_IO_MEMBERS_H
#define CLIENT_IO_MEMBERS_H

#include "client/core/engine.h"
#include "sdk/io/membership.h"
#include "sdk/io/udp.h"

struct members {
    struct membership membership;
    struct engine_member *list;
    size_t count;
    struct crypto crypto;
};

/* Loads cluster file and node key, derives the keys of pairs and opens the table of cryptographic functions. What
 * membership_load and membership_pair say; on failure nothing is held. */
TAISTAMP_MUST_CHECK enum tai_err members_open(const char *cluster_path, const char *key_path,
                                              const char *node, enum membership_role role,
                                              struct members *ret_members, struct tai_error *error);
void members_close(struct members *members);

/* Fills what the cluster file decides: self, server, cluster, epoch, members, preferred, crypto, and a fresh seed.
 * TAI_ERR_CRYPTO without randomness. The settings borrow from `members`. */
TAISTAMP_MUST_CHECK enum tai_err members_settings(const struct members *members,
                                                  struct engine_settings *settings, struct tai_error *error);
/* The sockets: at the addresses of `listen` (numeric, at most one of each family, with one port for both), or with none of them at
 * `port` (0: any) of all addresses; and with a filter, so that the kernel drops all but messages of this cluster to this
 * node. TAI_ERR_FORMAT. */
TAISTAMP_MUST_CHECK enum tai_err members_udp(const struct members *members, char *const *listen,
                                             size_t listen_count, uint16_t port, struct udp_settings *ret_udp,
                                             struct tai_error *error);
/* The name in the cluster file; NULL: none such. For host_settings, with `members` as ctx. */
const char *members_name(const struct members *members, sync_node_t node);

#endif
