/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/json.h"

#include <inttypes.h>
#include <stdio.h>

json_t *json_decimal(int64_t v)
{
    return json_sprintf("%" PRId64, v);
}

static bool finish(json_t *value, size_t flags)
{
    if (value == NULL)
        return false;
    bool done = json_dumpf(value, stdout, flags) == 0 && putchar('\n') != EOF && fflush(stdout) == 0;
    json_decref(value);
    return done;
}

bool json_finish(json_t *value)
{
    return finish(value, JSON_INDENT(2));
}

bool json_finish_line(json_t *value)
{
    return finish(value, JSON_COMPACT);
}
