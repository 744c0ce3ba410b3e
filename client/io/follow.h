/* SPDX-License-Identifier: Apache-2.0 */
/* The follower of a lab machine behind client/io/host.h: settings and cluster file put together, until it is told to stop. */
#ifndef CLIENT_IO_FOLLOW_H
#define CLIENT_IO_FOLLOW_H

#include "client/io/client_config.h"
#include "client/io/options.h"

/* Returns an exit code (enum client_exit). With options->once it ends as soon as a line with an interval was published,
 * prints it, and says 1 when none was in time. */
int follow_run(const struct client_config *config, const struct client_options *options);

#endif
