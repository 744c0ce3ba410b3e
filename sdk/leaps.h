/* SPDX-License-Identifier: Apache-2.0 */
/* What the opaque taistamp_leaps of taistamp/time.h holds, for the facades that hand its table to pure code.
 */
#ifndef SDK_LEAPS_H
#define SDK_LEAPS_H

#include "sdk/time/leap.h"

enum { LEAPS_ORIGIN = 4096 }; /* room for a path with its NUL (PATH_MAX) */

struct taistamp_leaps {
    struct leap_table table;
    char origin[LEAPS_ORIGIN]; /* the path that was read, or "memory" */
};

/* The table inside, NULL for NULL. Lives as long as `leaps`. */
static inline const struct leap_table *leaps_table(const taistamp_leaps *leaps)
{
    return leaps == NULL ? NULL : &leaps->table;
}

#endif
