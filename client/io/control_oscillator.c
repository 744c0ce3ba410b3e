/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to the verb "oscillator". */
#include <inttypes.h>

#include "client/io/control_json.h"
#include "sdk/sync/oscillator.h"

static json_t *ns(int64_t v)
{
    return v == INT64_MAX ? json_null() : json_sprintf("%" PRId64, v);
}

static json_t *learnt(const struct view_oscillator *v)
{
    if (v->learnt_s == 0)
        return json_null();
    bool warm = v->has_temperature;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "seconds", (json_int_t)v->learnt_s,
                     "rate_ps_per_s", (json_int_t)v->rate_ps_per_s, "rate_sigma_ps_per_s",
                     (json_int_t)v->rate_sigma_ps_per_s, "wander_fs_per_s", (json_int_t)v->wander_fs_per_s,
                     "ageing_fs_per_s_day", (json_int_t)v->ageing_fs_per_s_day, "ageing_sigma_fs_per_s_day",
                     (json_int_t)v->ageing_sigma_fs_per_s_day, "coefficient_fs_per_s_k",
                     warm ? json_integer((json_int_t)v->coefficient_fs_per_s_k) : json_null(),
                     "coefficient_sigma_fs_per_s_k",
                     warm ? json_integer((json_int_t)v->coefficient_sigma_fs_per_s_k) : json_null());
}

static json_t *held(const struct view_oscillator *v)
{
    if (!v->holds)
        return json_null();
    json_t *later = json_array();
    for (size_t i = 0; i < VIEW_FORECASTS; i++)
        (void)json_array_append_new(later,
                                    json_pack("{s:I, s:o}", "after_s", (json_int_t)v->forecasts[i].after_s,
                                              "half_width_ns", ns(v->forecasts[i].half_width_ns)));
    return json_pack("{s:o, s:o, s:i, s:o}", "held_ns", ns(v->held_ns), "half_width_ns", ns(v->half_width_ns),
                     "growth_ppb", (int)v->growth.ppb, "forecast", later);
}

static json_t *allan(const struct view_oscillator *v)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < v->allan_count; i++)
        (void)json_array_append_new(rows, json_pack("{s:I, s:I, s:I}", "tau_s", (json_int_t)v->allan[i].tau_s,
                                                    "deviation_fs_per_s",
                                                    (json_int_t)v->allan[i].deviation_fs_per_s, "differences",
                                                    (json_int_t)v->allan[i].differences));
    return rows;
}

json_t *control_json_oscillator(const struct control_owner *owner)
{
    struct view_oscillator v;
    if (owner->oscillator == NULL || !owner->oscillator(owner->ctx, &v))
        return json_pack("{s:i, s:s, s:s}", "v", 1, "error", "not_found", "message",
                         "this process models no oscillator: it has no references of its own");
    return json_pack("{s:i, s:s, s:i, s:i, s:o, s:o, s:o, s:o}", "v", 1, "class",
                     oscillator_name((enum oscillator_class)v.class), "declared_ppb", (int)v.declared.ppb,
                     "floor_ppb", (int)v.floor.ppb, "temperature_mk",
                     v.has_temperature ? json_integer((json_int_t)v.temperature_mk) : json_null(), "learnt",
                     learnt(&v), "holdover", held(&v), "allan", allan(&v));
}
