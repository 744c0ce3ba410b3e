/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine reports, as lines of the log: one for each event that a person should know of. Pure code reports
 * in numbers; here they become words, with the names of the cluster file. */
#ifndef CLIENT_IO_SAYS_H
#define CLIENT_IO_SAYS_H

#include "client/io/host.h"

void says_log(const struct engine_report *report, const struct host_settings *settings);

#endif
