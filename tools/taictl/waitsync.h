/* SPDX-License-Identifier: Apache-2.0 */
/* taictl waitsync: asks again and again until the clock is good enough. */
#ifndef TOOLS_TAICTL_WAITSYNC_H
#define TOOLS_TAICTL_WAITSYNC_H

#include "tools/taictl/options.h"

/* Returns an exit code. A process that is not there yet is waited for as well. */
int waitsync(const struct options *options);

#endif
