/* SPDX-License-Identifier: Apache-2.0 */
/* One function per command; each returns the exit code. */
#ifndef TOOLS_TAI_STAMP_COMMANDS_H
#define TOOLS_TAI_STAMP_COMMANDS_H

#include "tools/tai-stamp/options.h"

int command_stamp(const struct options *o); /* also flush */
int command_verify(const struct options *o);
int command_info(const struct options *o);
int command_trust(const struct options *o);
int command_restore(const struct options *o);
int command_export(const struct options *o);

#endif
