/* SPDX-License-Identifier: Apache-2.0 */
/* The core's reports as log lines for a person. */
#ifndef SERVER_CLOCK_IO_REPORT_H
#define SERVER_CLOCK_IO_REPORT_H

#include "server/clock/core/reference.h"

void report_log(const struct reference_report *report, const struct keeper_evidence *evidence);

#endif
