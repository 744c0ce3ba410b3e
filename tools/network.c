/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/network.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* An object pointer that is a function: POSIX says that dlsym's is one, C has no cast for it. */
static bool find(void *library, const char *name, void *ret_function)
{
    void *found = dlsym(library, name);

    memcpy(ret_function, &found, sizeof found);
    return found != NULL;
}

enum tai_err network_load(struct network *ret_network, struct tai_error *error)
{
    struct network n;
    void *library = dlopen(NETWORK_LIBRARY, RTLD_NOW | RTLD_LOCAL);

    if (library != NULL && find(library, "taistamp_net_new", &n.new) &&
        find(library, "taistamp_net_free", &n.free) && find(library, "taistamp_net_stamp", &n.stamp) &&
        find(library, "taistamp_net_get", &n.get)) {
        *ret_network = n;
        return TAI_OK;
    }
    error->code = TAI_ERR_UNSUPPORTED;
    snprintf(error->text, sizeof error->text, "the part that talks to servers cannot be loaded: %.200s",
             dlerror());
    return TAI_ERR_UNSUPPORTED;
}
