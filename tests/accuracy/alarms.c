/* SPDX-License-Identifier: Apache-2.0 */
/* How often an honest receiver is taken for a spoofer's, over simulated years: a table of docs/ACCURACY.md.
 *
 *     tests/accuracy/alarms                                                   six hours of each row: runs in `make check`
 *     tests/accuracy/alarms [--row N] [--days N] [--seeds N] [--first N]      a year of one row takes minutes
 *
 * The receiver: pulses with 0.25 us of noise (one sigma), accuracy 100 ns declared. "Suspected": it was dropped. "Doubted": it went on to
 * count, and the published interval covered the holdover as well. "Load": every six hours on average the machine works for an hour, and
 * its crystal is warmed within two minutes. Fails when a receiver is suspected, when nothing is said although it speaks, and when
 * a published interval is without the truth. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/timekeeper_rig.h"

enum { HOUR_S = 3600, DAY_S = 86400, SETTLE_S = 40, LOAD_EVERY_S = 6 * HOUR_S };

struct place {
    const char *name;
    enum oscillator_class class;
    double wander, swing; /* relative; the swing's in a day */
    double load_k, coefficient;
    double sensor_k; /* steps of the thermometer; 0: none */
    unsigned others; /* servers whose oscillators are as good */
};
static const struct place places[] = {
    {"daily swing 50 ppb", OSCILLATOR_PC, 1e-9, 5e-8, 0, 0, 0, 0},
    {"the same, and load of 300 ppb", OSCILLATOR_PC, 1e-9, 5e-8, 3, 1e-7, 0, 0},
    {"the same, thermometer of 1 K", OSCILLATOR_PC, 1e-9, 5e-8, 3, 1e-7, 1, 0},
    {"the load, 4 other servers", OSCILLATOR_PC, 1e-9, 5e-8, 3, 1e-7, 0, 4},
    {"daily swing 5 ppb", OSCILLATOR_TCXO, 1e-10, 5e-9, 0, 0, 0, 0},
    {"the same, and load of 30 ppb", OSCILLATOR_TCXO, 1e-10, 5e-9, 3, 1e-8, 0, 0},
    {"the same, thermometer of 1 K", OSCILLATOR_TCXO, 1e-10, 5e-9, 3, 1e-8, 1, 0},
    {"the load, 4 other servers", OSCILLATOR_TCXO, 1e-10, 5e-9, 3, 1e-8, 0, 4},
};
enum { PLACES = sizeof places / sizeof places[0] };

struct tally {
    uint64_t seconds, suspicions, doubts, absent, wrong;
    uint64_t doubt_seconds;
    double doubt_width, squares; /* sums */
    int64_t widest_ns;           /* in doubt */
};

static struct rig start(const struct place *place, uint64_t seed)
{
    struct rig rig;
    rig_start(&rig, seed, place->class, place->wander);
    (void)rig_add(&rig, REFCLOCK_GPSD, 100, 250);
    rig.swing = place->swing;
    rig.swing_period_s = DAY_S;
    rig.coefficient = place->coefficient;
    rig.sensor_k = place->sensor_k;
    if (place->others > 0)
        rig_crystals(&rig, place->others);
    rig_begin(&rig, NULL);
    rig_seconds(&rig, SETTLE_S);
    rig_clear(&rig);
    return rig;
}

static void note(const struct rig *rig, struct tally *tally)
{
    int64_t width = rig->reference.half_width.ns;
    tally->seconds++;
    tally->squares += (double)rig->error_ns * (double)rig->error_ns;
    if (!rig->view.doubt)
        return;
    tally->doubt_seconds++;
    tally->doubt_width += (double)width;
    tally->widest_ns = width > tally->widest_ns ? width : tally->widest_ns;
}

static void live(const struct place *place, uint64_t seed, uint64_t seconds, struct tally *tally)
{
    struct rig rig = start(place, 300 + seed);
    uint64_t random = 0x9E3779B97F4A7C15u * (seed + 1);
    unsigned works = 0;
    for (uint64_t s = 0; s < seconds; s++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        if (place->load_k > 0 && works == 0 && random >> 33 < (UINT64_C(1) << 31) / LOAD_EVERY_S)
            works = HOUR_S;
        works -= works > 0;
        rig.heat_k = works > 0 ? place->load_k : 0;
        rig_second(&rig);
        note(&rig, tally);
    }
    tally->suspicions += rig.suspicions;
    tally->doubts += rig.doubts;
    tally->absent += rig.absent_seconds;
    tally->wrong += rig.false_seconds;
    rig_end(&rig);
}

static bool show(const struct place *place, const struct tally *t)
{
    double seconds = (double)t->seconds, years = seconds / (365.25 * DAY_S),
           in_doubt = (double)t->doubt_seconds;
    double doubts = t->doubts > 0 ? (double)t->doubts : 1;
    printf("| %s, W %.0e, %s | %.2f | %llu (%.1f) | %llu (%.0f) | %.0f min, %.1f %% | %.2f ms (%.2f) | %llu "
           "| %.0f ns |\n",
           oscillator_name(place->class), place->wander, place->name, years,
           (unsigned long long)t->suspicions, (double)t->suspicions / years, (unsigned long long)t->doubts,
           (double)t->doubts / years, in_doubt / doubts / 60, 100 * in_doubt / seconds,
           t->doubt_seconds > 0 ? t->doubt_width / in_doubt * 1e-6 : 0, (double)t->widest_ns * 1e-6,
           (unsigned long long)t->wrong, sqrt(t->squares / seconds));
    bool good = t->wrong == 0 && t->absent == 0 && t->suspicions == 0;
    if (!good)
        printf("FAIL: an honest receiver: %llu times suspected, %llu seconds false, %llu without any word\n",
               (unsigned long long)t->suspicions, (unsigned long long)t->wrong,
               (unsigned long long)t->absent);
    (void)fflush(stdout);
    return good;
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t v = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        fprintf(stderr, "alarms: %s: not a number\n", text);
        exit(2);
    }
    return v;
}

int main(int argc, char **argv)
{
    uint64_t first = 0, seeds = 1, seconds = 6 * HOUR_S, row = PLACES;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--row") == 0)
            row = number(argv[i + 1]);
        else if (strcmp(argv[i], "--days") == 0)
            seconds = number(argv[i + 1]) * DAY_S;
        else if (strcmp(argv[i], "--seeds") == 0)
            seeds = number(argv[i + 1]);
        else if (strcmp(argv[i], "--first") == 0)
            first = number(argv[i + 1]);
    }
    bool good = true;
    printf("| honest receiver | years | suspected (a year) | doubted (a year) | each for, of all time "
           "| half-width then: mean (largest) | false seconds | RMS error "
           "|\n|---|---|---|---|---|---|---|---|\n");
    for (uint64_t p = 0; p < PLACES; p++) {
        struct tally tally = {0};
        if (row < PLACES && p != row)
            continue;
        for (uint64_t i = 0; i < seeds; i++)
            live(&places[p], first + i, seconds, &tally);
        good = show(&places[p], &tally) && good;
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
