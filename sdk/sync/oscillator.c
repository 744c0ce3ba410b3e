/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/oscillator.h"

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

enum { PS_PER_PPB = 1000, SIGMAS = 5 };

static const struct {
    const char *name;
    int32_t declared_ppb, floor_ppb;
} classes[OSCILLATOR_CLASSES] = {
    [OSCILLATOR_PC] = {"pc", 50000, 1000},
    [OSCILLATOR_TCXO] = {"tcxo", 5000, 100},
    [OSCILLATOR_OCXO] = {"ocxo", 500, 10},
    [OSCILLATOR_RUBIDIUM] = {"rubidium", 5, 1},
};

const char *oscillator_name(enum oscillator_class class)
{
    BUG_UNLESS(class < OSCILLATOR_CLASSES);
    return classes[class].name;
}

bool oscillator_parse(struct bytes name, enum oscillator_class *ret_class)
{
    for (unsigned i = 0; i < OSCILLATOR_CLASSES; i++) {
        if (!bytes_equal_str(name, classes[i].name))
            continue;
        *ret_class = (enum oscillator_class)i;
        return true;
    }
    return false;
}

tai_ppb_t oscillator_declared(enum oscillator_class class)
{
    BUG_UNLESS(class < OSCILLATOR_CLASSES);
    return (tai_ppb_t){classes[class].declared_ppb};
}

tai_ppb_t oscillator_floor(enum oscillator_class class)
{
    BUG_UNLESS(class < OSCILLATOR_CLASSES);
    return (tai_ppb_t){classes[class].floor_ppb};
}

/* Smallest whole number whose square is at least v. */
static int64_t root_up(int64_t v)
{
    int64_t r = 0;
    while (r * r < v)
        r++;
    return r;
}

tai_ppb_t oscillator_growth(enum oscillator_class class, tai_ppb_t declared, int64_t skew_ps_per_s,
                            int64_t wander_ps_per_s, tai_span_t life)
{
    BUG_UNLESS(declared.ppb >= 0 && skew_ps_per_s >= 0 && wander_ps_per_s >= 0 && life.ns >= 0);
    int64_t floor_ppb = classes[class].floor_ppb, most = declared.ppb > floor_ppb ? declared.ppb : floor_ppb;
    /* Around a measured rate the truth is at most the whole declared range away. */
    most *= 2;
    int64_t most_ps = most * PS_PER_PPB;
    int64_t seconds = life.ns / NS_PER_S + 1, root = root_up(seconds < 1000000 ? seconds : 1000000);
    if (skew_ps_per_s > most_ps || wander_ps_per_s > most_ps)
        return (tai_ppb_t){(int32_t)most};
    int64_t measured = (SIGMAS * (skew_ps_per_s + wander_ps_per_s * root) + PS_PER_PPB - 1) / PS_PER_PPB;
    int64_t growth = measured > floor_ppb ? measured : floor_ppb;
    return (tai_ppb_t){(int32_t)(growth < most ? growth : most)};
}

bool oscillator_plausible(tai_ppb_t declared, int64_t rate_ps_per_s)
{
    int64_t bound = (int64_t)declared.ppb * PS_PER_PPB;
    /* One over (1 + rho) is rho squared more than 1 - rho: 1 ppm of rho. */
    bound += bound / 1000;
    return rate_ps_per_s >= -bound && rate_ps_per_s <= bound;
}
