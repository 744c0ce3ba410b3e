/* SPDX-License-Identifier: Apache-2.0 */
/* Where things lie in the home folder, by the XDG base directory rules.
 *
 *   $XDG_CONFIG_HOME/taistamp  (~/.config/taistamp)       secret, servers/NAME/{url,policy,trust.yaml}, default
 *   $XDG_DATA_HOME/taistamp    (~/.local/share/taistamp)  receipts/, batches/, outbox/, lock
 *
 * A relative path in those variables is ignored, as the rules say. */
#ifndef TOOLS_TAI_STAMP_HOME_H
#define TOOLS_TAI_STAMP_HOME_H

/* "<folder>/<below>", malloc'ed; NULL when no home folder can be found. Nothing is created. */
char *home_config(const char *below);
char *home_data(const char *below);

#endif
