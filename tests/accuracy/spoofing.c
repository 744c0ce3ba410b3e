/* SPDX-License-Identifier: Apache-2.0 */
/* What a spoofer can do to a node's timekeeper, and how soon it is noticed: a table of docs/ACCURACY.md. alarms.c has the
 * other side, how often an honest source is taken for one.
 *
 *     tests/accuracy/spoofing            small, with its promises checked: runs in `make check`
 *     tests/accuracy/spoofing --whole    all cells; minutes. `make spoofing`
 *
 * The receiver: pulses with 0.25 us of noise (one sigma), accuracy 100 ns declared. Errors are of the reference that the node would
 * tell its cluster, against the truth. "Noticed" is the first second with a suspect or with doubt. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/timekeeper_rig.h"

enum { HOUR_S = 3600, DAY_S = 86400, SEEDS_MAX = 12 };
static int failures;

static void check(bool good, const char *what)
{
    if (good)
        return;
    failures++;
    printf("FAIL: %s\n", what);
}

/* ---- One attack ---- */

struct attack {
    int64_t step_ns;
    double drag_ns_per_s;
};

struct outcome {
    bool noticed, excluded; /* excluded: a suspect; else doubted */
    unsigned after_s;
    int64_t worst_ns, width_ns;         /* until then: largest error, and the half-width with it */
    unsigned false_before, false_after; /* seconds: until then, and in the hour after */
    bool taken; /* an hour and five minutes after the notice the lie is the reference */
};

/* A trained node that many attacks can begin from. */
struct trained {
    struct rig rig;
    struct timekeeper *keeper;
};

static struct trained train(enum oscillator_class class, double wander, uint64_t seed, unsigned receivers,
                            unsigned others, unsigned seconds)
{
    struct trained t;
    rig_start(&t.rig, seed, class, wander);
    for (unsigned i = 0; i < receivers; i++)
        (void)rig_add(&t.rig, REFCLOCK_GPSD, 100, 250);
    if (others > 0)
        rig_crystals(&t.rig, others);
    rig_begin(&t.rig, NULL);
    rig_seconds(&t.rig, seconds);
    t.keeper = t.rig.keeper;
    return t;
}

static struct rig copy(const struct trained *t)
{
    struct rig rig = t->rig;
    rig.keeper = malloc(timekeeper_size());
    if (rig.keeper == NULL)
        abort();
    memcpy(rig.keeper, t->keeper, timekeeper_size());
    return rig;
}

static struct outcome attack(const struct trained *t, const struct attack *a, unsigned patience_s)
{
    struct rig rig = copy(t);
    struct outcome o = {.noticed = false};
    rig_clear(&rig);
    rig.sources[0].step_ns = a->step_ns;
    rig.sources[0].drag_ns_per_s = a->drag_ns_per_s;
    while (!o.noticed && o.after_s < patience_s) {
        rig_second(&rig);
        o.after_s++;
        o.excluded = rig_verdict(&rig, 0) != REFCLOCK_ACCEPTED;
        o.noticed = o.excluded || rig.view.doubt;
        int64_t size = llabs(rig.error_ns);
        if (!o.noticed && size > o.worst_ns) {
            o.worst_ns = size;
            o.width_ns = rig.reference.half_width.ns;
        }
    }
    o.false_before = rig.false_seconds;
    if (o.noticed) {
        rig_clear(&rig);
        rig_seconds(&rig, HOUR_S - 1);
        o.false_after = rig.false_seconds;
        rig_seconds(&rig, 300);
        o.taken = !rig.is_true;
    }
    rig_end(&rig);
    return o;
}

/* ---- Tables ---- */

static int by_time(const void *a, const void *b)
{
    const struct outcome *x = a, *y = b;
    return (x->after_s > y->after_s) - (x->after_s < y->after_s);
}

static const char *span(char *text, size_t size, unsigned s)
{
    if (s < 600)
        (void)snprintf(text, size, "%u s", s);
    else if (s < 4 * HOUR_S)
        (void)snprintf(text, size, "%u min", s / 60);
    else
        (void)snprintf(text, size, "%.1f h", s / 3600.0);
    return text;
}

static void row(const char *name, struct outcome *o, unsigned n, bool stays_true)
{
    unsigned missed = 0, excluded = 0, false_after = 0, taken = 0;
    int64_t worst = 0, width = 0;
    char a[32], b[32];
    qsort(o, n, sizeof *o, by_time);
    for (unsigned i = 0; i < n; i++) {
        missed += !o[i].noticed;
        excluded += o[i].excluded;
        false_after += o[i].false_after;
        taken += o[i].taken;
        if (o[i].worst_ns >= worst) {
            worst = o[i].worst_ns;
            width = o[i].width_ns;
        }
    }
    printf("| %s | ", name);
    if (missed == n)
        printf("not in %s | – | ", span(a, sizeof a, o[0].after_s));
    else
        printf("%s (%s) | %s%s | ", span(a, sizeof a, o[n / 2].after_s), span(b, sizeof b, o[n - 1].after_s),
               excluded == 0   ? "doubted"
               : excluded == n ? "excluded"
                               : "either",
               missed > 0 ? ", some never" : "");
    printf("%.2f µs (± %.2f) | ", (double)worst * 1e-3, (double)width * 1e-3);
    if (missed == n)
        printf("it goes on |\n");
    else
        printf("%s |\n", false_after > 0 ? "FALSE SECONDS"
                         : taken == 0    ? "true"
                                         : "true for 1 h, then taken at its word");
    check(false_after == 0, "a second after the notice was false");
    check(!stays_true || taken == 0,
          "taken at its word, although the other servers' oscillators were against it");
    (void)fflush(stdout);
}

/* `others`: servers without references, whose oscillators are as good. */
static void drags(enum oscillator_class class, double wander, unsigned others, const double *rates,
                  unsigned rates_count, unsigned seeds, unsigned seconds, unsigned patience_s)
{
    struct trained t[SEEDS_MAX];
    for (unsigned i = 0; i < seeds; i++)
        t[i] = train(class, wander, 100 + i, 1, others, seconds);
    for (unsigned r = 0; r < rates_count; r++) {
        struct outcome o[SEEDS_MAX];
        char name[96];
        const struct attack a = {0, rates[r]};
        for (unsigned i = 0; i < seeds; i++)
            o[i] = attack(&t[i], &a, patience_s);
        (void)snprintf(name, sizeof name, "%s, W %.0e%s | drag %g ns/s", oscillator_name(class), wander,
                       others > 0 ? ", among other servers" : "", rates[r]);
        row(name, o, seeds, others > 0 && rates[r] >= 300);
    }
    for (unsigned i = 0; i < seeds; i++)
        rig_end(&t[i].rig);
}

static void steps(enum oscillator_class class, double wander, unsigned receivers, unsigned seeds,
                  unsigned seconds, unsigned patience_s)
{
    static const struct {
        const char *name;
        struct attack attack;
    } kinds[] = {{"step 10 ms", {10000000, 0}}, {"step 100 µs", {100000, 0}},       {"step 5 µs", {5000, 0}},
                 {"step 1 µs", {1000, 0}},      {"yesterday", {-DAY_S * RIG_S, 0}}, {"drag 10 ns/s", {0, 10}},
                 {"drag 100 ns/s", {0, 100}},   {"drag 1000 ns/s", {0, 1000}}};
    struct trained t[SEEDS_MAX];
    for (unsigned i = 0; i < seeds; i++)
        t[i] = train(class, wander, 200 + i, receivers, 0, seconds);
    for (size_t k = receivers == 1 ? 0 : 5; k < (receivers == 1 ? 5 : sizeof kinds / sizeof *kinds); k++) {
        struct outcome o[SEEDS_MAX];
        char name[96];
        for (unsigned i = 0; i < seeds; i++)
            o[i] = attack(&t[i], &kinds[k].attack, patience_s);
        (void)snprintf(name, sizeof name, "%s, %u receiver%s | %s", oscillator_name(class), receivers,
                       receivers > 1 ? "s, one spoofed" : "", kinds[k].name);
        row(name, o, seeds, false);
    }
    for (unsigned i = 0; i < seeds; i++)
        rig_end(&t[i].rig);
}

/* ---- All of it ---- */

static void tables(bool whole)
{
    static const double pc[] = {5000, 2000, 1000, 300, 100, 30, 10}, tcxo[] = {1000, 300, 100, 30, 10, 3},
                        ocxo[] = {100, 30, 10, 3, 1};
    unsigned seeds = whole ? 8 : 1, seconds = whole ? DAY_S / 2 : 2 * HOUR_S, patience = whole ? DAY_S : 600;
    printf("| oscillator | attack | noticed after: median (slowest) | verdict | worst error before "
           "(half-width) | then |\n|---|---|---|---|---|---|\n");
    drags(OSCILLATOR_PC, 1e-9, 0, pc, whole ? 7 : 4, seeds, seconds, patience);
    drags(OSCILLATOR_TCXO, 1e-10, 0, tcxo, whole ? 6 : 2, seeds, seconds, patience);
    if (whole)
        drags(OSCILLATOR_OCXO, 1e-11, 0, ocxo, 5, seeds, seconds, patience);
    drags(OSCILLATOR_PC, 1e-9, 4, pc + 2, whole ? 3 : 2, seeds, seconds, patience);
    drags(OSCILLATOR_TCXO, 1e-10, 4, tcxo + 1, whole ? 3 : 1, seeds, seconds, patience);
    steps(OSCILLATOR_PC, 1e-9, 1, seeds, seconds, patience);
    steps(OSCILLATOR_PC, 1e-9, 2, seeds, seconds, patience);
    steps(OSCILLATOR_PC, 1e-9, 3, seeds, seconds, patience);
}

int main(int argc, char **argv)
{
    tables(argc > 1 && strcmp(argv[1], "--whole") == 0);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
