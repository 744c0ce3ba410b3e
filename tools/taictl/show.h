/* SPDX-License-Identifier: Apache-2.0 */
/* The answers as text on standard output. */
#ifndef TOOLS_TAICTL_SHOW_H
#define TOOLS_TAICTL_SHOW_H

#include <stdbool.h>

#include "tools/json.h"

void show_tracking(const json_t *answer, bool verbose);
void show_sources(const json_t *answer);
void show_sourcestats(const json_t *answer);
void show_cluster(const json_t *answer);
void show_gps(const json_t *answer);
void show_oscillator(const json_t *answer);
/* The Allan deviation as an SVG file; false: said on standard error. */
bool svg_oscillator(const json_t *answer, const char *path);
void show_references(const json_t *answer);

#endif
