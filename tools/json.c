/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/json.h"

#include <inttypes.h>
#include <stdio.h>

json_t *json_decimal(int64_t v)
{
    return json_sprintf("%" PRId64, v);
}

bool json_finish(json_t *value)
{
    if (value == NULL)
        return false;
    bool done = json_dumpf(value, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF && fflush(stdout) == 0;
    json_decref(value);
    return done;
}
