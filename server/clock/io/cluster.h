/* SPDX-License-Identifier: Apache-2.0 */
/* The clock process of a server that belongs to a cluster: the node engine behind client/io/host.h.
 *
 * It puts the settings and the cluster file together, makes the engine's memory, and once a second hands in the own
 * reference, if there is one. `clock_run` comes here when the settings name a cluster file. */
#ifndef SERVER_CLOCK_IO_CLUSTER_H
#define SERVER_CLOCK_IO_CLUSTER_H

#include "server/verbs.h"

/* As clock_run in verbs.h. */
int clock_cluster_run(const struct taid_config *config, int ready_fd);

#endif
