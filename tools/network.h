/* SPDX-License-Identifier: Apache-2.0 */
/* libtaistamp-net, loaded when a server is really asked.
 *
 * The library brings libcurl and some thirty others with it, whose loading takes longer than a whole verification, and
 * most runs need no network at all. It is looked for where the program's other libraries are. */
#ifndef TOOLS_NETWORK_H
#define TOOLS_NETWORK_H

#include <stdbool.h>

#include "taistamp/net.h"

/* The functions of taistamp/net.h, by the names that they have there after the prefix. */
struct network {
    __typeof__(&taistamp_net_new) new;
    __typeof__(&taistamp_net_free) free;
    __typeof__(&taistamp_net_stamp) stamp;
    __typeof__(&taistamp_net_get) get;
};

/* TAI_ERR_UNSUPPORTED: the library is not installed, or is of another version. It stays loaded. */
TAISTAMP_MUST_CHECK enum tai_err network_load(struct network *ret_network, struct tai_error *error);

#endif
