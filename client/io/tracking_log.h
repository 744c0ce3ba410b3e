/* SPDX-License-Identifier: Apache-2.0 */
/* A line a second about the own clock, for plots and for whoever looks for a fault. The first line, "# name name ...",
 * names the columns; "-" stands where there is no value. The file is appended to and reopened by nobody: rotate it with
 * copytruncate. Columns:
 *
 *     realtime_ns half_width_ns system_ns rate_ps_per_s system_rate_ps_per_s status state master term */
#ifndef CLIENT_IO_TRACKING_LOG_H
#define CLIENT_IO_TRACKING_LOG_H

#include "client/io/host.h"

struct tracking_log;

TAISTAMP_MUST_CHECK enum tai_err tracking_log_open(const char *path, struct tracking_log **ret_log,
                                                   struct tai_error *error);
void tracking_log_close(struct tracking_log *log);
/* A failed write is reported once; the clock goes on. */
void tracking_log_line(struct tracking_log *log, const struct host_settings *settings,
                       const struct engine_now *now);

#endif
