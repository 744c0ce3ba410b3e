/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "tools/taictl/show.h"
#include "tools/taictl/units.h"

#define N JSON_INTEGER_FORMAT
/* A reference that is wider says nothing (docs/CLOCK.md). */
#define GIVEN_UP_NS INT64_C(1000000000)

static json_int_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

/* A rate given in 10^-15 as people read it. */
static struct units_text fine(const json_t *value, bool sign)
{
    if (!json_is_integer(value))
        return (struct units_text){"-"};
    struct units_text t = {""};
    double ppb = (double)json_integer_value(value) / 1e6;
    if (fabs(ppb) >= 0.01 || ppb == 0) {
        json_t *ps = json_integer(json_integer_value(value) / 1000);
        t = sign ? units_rate(ps) : units_spread(ps);
        json_decref(ps);
    } else {
        snprintf(t.text, sizeof t.text, sign ? "%+.1e" : "%.1e", ppb * 1e-9);
    }
    return t;
}

static void show_learnt(const json_t *o)
{
    const json_t *l = json_object_get(o, "learnt"), *kelvin = json_object_get(o, "temperature_mk");
    if (!json_is_object(l)) {
        printf("%-14s nothing so far (it takes ten minutes with a source that counts)\n", "Learnt");
        return;
    }
    json_t *seconds = json_sprintf("%" N "000000000", number(l, "seconds"));
    printf("%-14s over %s\n", "Learnt", units_age(seconds).text);
    json_decref(seconds);
    printf("%-14s %s \xc2\xb1 %s (+: slower than TAI)\n", "Rate",
           units_rate(json_object_get(l, "rate_ps_per_s")).text,
           units_spread(json_object_get(l, "rate_sigma_ps_per_s")).text);
    printf("%-14s %.1e per root second\n", "Wander", (double)number(l, "wander_fs_per_s") * 1e-15);
    printf("%-14s %s \xc2\xb1 %s a day\n", "Ageing",
           fine(json_object_get(l, "ageing_fs_per_s_day"), true).text,
           fine(json_object_get(l, "ageing_sigma_fs_per_s_day"), false).text);
    if (!json_is_integer(kelvin)) {
        printf("%-14s no sensor\n", "Temperature");
        return;
    }
    printf("%-14s %.1f \xc2\xb0"
           "C; %s \xc2\xb1 %s per kelvin\n",
           "Temperature", (double)json_integer_value(kelvin) / 1000 - 273.15,
           fine(json_object_get(l, "coefficient_fs_per_s_k"), true).text,
           fine(json_object_get(l, "coefficient_sigma_fs_per_s_k"), false).text);
}

static void show_holdover(const json_t *o)
{
    const json_t *h = json_object_get(o, "holdover"), *row;
    size_t i;
    if (!json_is_object(h)) {
        printf("%-14s nothing to hold: no source was believed on this timeline\n", "Holdover");
        return;
    }
    int64_t held_ns;
    bool alone = units_ns(json_object_get(h, "held_ns"), &held_ns) && held_ns > 0;
    printf("%-14s \xc2\xb1 %s now, ", "Holdover", units_width(json_object_get(h, "half_width_ns")).text);
    if (alone)
        printf("by the oscillator alone for %s\n", units_age(json_object_get(h, "held_ns")).text);
    else
        puts("with a source that counts");
    json_array_foreach(json_object_get(h, "forecast"), i, row)
    {
        json_t *after = json_sprintf("%" N "000000000", number(row, "after_s"));
        struct units_text width = units_width(json_object_get(row, "half_width_ns"));
        int64_t ns;
        bool kept = units_ns(json_object_get(row, "half_width_ns"), &ns) && ns <= GIVEN_UP_NS;
        printf("%-14s %s%s in %s without any source\n", "", kept ? "\xc2\xb1 " : "",
               kept ? width.text : "given up (wider than 1 s)", units_age(after).text);
        json_decref(after);
    }
}

void show_oscillator(const json_t *o)
{
    const char *class = json_string_value(json_object_get(o, "class"));
    const json_t *allan = json_object_get(o, "allan"), *row;
    size_t i;
    json_t *declared = json_integer(number(o, "declared_ppb") * 1000);
    json_t *floor = json_integer(number(o, "floor_ppb") * 1000);
    printf("%-14s %s: within \xc2\xb1 %s as declared, never held to better than %s\n", "Oscillator",
           class != NULL ? class : "-", units_spread(declared).text, units_spread(floor).text);
    json_decref(declared);
    json_decref(floor);
    show_learnt(o);
    show_holdover(o);
    if (json_array_size(allan) == 0)
        return;
    printf("%-14s %8s %12s %12s\n", "Allan", "tau", "deviation", "differences");
    json_array_foreach(allan, i, row)
    {
        printf("%-14s %6" N " s %12.2e %12" N "\n", "", number(row, "tau_s"),
               (double)number(row, "deviation_fs_per_s") * 1e-15, number(row, "differences"));
    }
}
