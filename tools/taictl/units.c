/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/taictl/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/text.h"

bool units_ns(const json_t *value, int64_t *ret_ns)
{
    const char *text = json_string_value(value);
    if (text == NULL || *text == 0)
        return false;
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (errno != 0 || *end != 0)
        return false;
    *ret_ns = v;
    return true;
}

static const struct units_text none = {"-"};

/* `v` thousandths of the unit below `units`: "1.23 unit" with three digits. */
static struct units_text scaled(int64_t v, const char *const units[4])
{
    struct units_text t = {{0}};
    double size = v < 0 ? -(double)v : (double)v;
    int unit = 0;
    while (size >= 999.5 && unit < 3) {
        size /= 1000;
        unit++;
    }
    int decimals = unit == 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    snprintf(t.text, sizeof t.text, "%c%.*f %s", v < 0 ? '-' : '+', decimals, size, units[unit]);
    return t;
}

struct units_text units_offset(const json_t *value)
{
    static const char *const units[] = {"ns", "\xc2\xb5s", "ms", "s"};
    int64_t ns;
    return units_ns(value, &ns) ? scaled(ns, units) : none;
}

struct units_text units_width(const json_t *value)
{
    struct units_text t = {{0}};
    int64_t ns = 0;
    if (!units_ns(value, &ns))
        return none;
    text_width(ns, t.text);
    return t;
}

struct units_text units_rate(const json_t *value)
{
    static const char *const units[] = {"ppb", "ppm", "permille", "percent"};
    struct units_text t = {""};
    int64_t ps = json_integer_value(value), size = ps < 0 ? -ps : ps;
    if (!json_is_integer(value))
        return none;
    if (size >= 1000000)
        return scaled(ps / 1000, units);
    int decimals = size == 0 || size >= 99950 ? 0 : size >= 9995 ? 1 : 2;
    snprintf(t.text, sizeof t.text, "%c%.*f ppb", ps < 0 ? '-' : '+', decimals, (double)size / 1000);
    return t;
}

struct units_text units_spread(const json_t *value)
{
    struct units_text t = units_rate(value);
    if (t.text[0] == '+')
        memmove(t.text, t.text + 1, strlen(t.text));
    return t;
}

struct units_text units_age(const json_t *value)
{
    static const struct {
        int64_t s, limit_s;
        const char *unit;
    } steps[] = {{1, 100, "s"}, {60, 6000, "min"}, {3600, 172800, "h"}, {86400, INT64_MAX, "d"}};
    struct units_text t = {{0}};
    int64_t ns;
    if (!units_ns(value, &ns))
        return none;
    int64_t s = ns / 1000000000;
    size_t i = 0;
    while (s >= steps[i].limit_s)
        i++;
    if (s < 10 && ns % 1000000000 != 0)
        snprintf(t.text, sizeof t.text, "%.1f s", (double)ns / 1e9);
    else
        snprintf(t.text, sizeof t.text, "%" PRId64 " %s", s / steps[i].s, steps[i].unit);
    return t;
}

struct units_text units_node(const json_t *node)
{
    struct units_text t = {{0}};
    const char *name = json_string_value(json_object_get(node, "name"));
    if (!json_is_object(node))
        return (struct units_text){"none"};
    if (name != NULL)
        snprintf(t.text, sizeof t.text, "%s", name);
    else
        snprintf(t.text, sizeof t.text, "node %" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(node, "id")));
    return t;
}
