/* SPDX-License-Identifier: Apache-2.0 */
/* The election under a seeded world, the same with each protection taken away, and how long things take. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/election_sim.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static struct sim sim;

/* The defaults, with the long times cut short, so that hand-overs and exiles happen within a run. */
static struct election_settings busy_settings(struct prop *p)
{
    struct election_settings s;
    election_settings_init(&s);
    s.margin_ns = lease_margin_min(s.lease_ns);
    s.timeout_ns_min = (int64_t)prop_below(p, 100) * MS;
    s.deputy_delay_ns = (int64_t)prop_below(p, 60) * MS;
    s.handover_hold_ns = 2 * S;
    s.backoff_ns_min = 1 * S;
    s.backoff_ns_max = 4 * S;
    s.exile_ns = 3 * S;
    return s;
}

static void trouble(struct sim *s)
{
    struct prop *p = &s->prop;
    unsigned node = (unsigned)prop_below(p, s->n);
    switch (prop_below(p, 12)) {
    case 0:
        sim_cut(s, (uint32_t)prop_below(p, UINT64_C(1) << s->n));
        break;
    case 1:
        sim_cut(s, 0);
        break;
    case 2:
    case 3:
        sim_crash(s, node);
        break;
    case 4:
    case 5:
        sim_restart(s, node);
        break;
    case 6:
        s->nodes[node].paused_until = s->now + (int64_t)prop_below(p, 4000) * MS;
        break;
    case 7:
        s->loss_percent = (unsigned)prop_below(p, 40);
        s->repeat_percent = (unsigned)prop_below(p, 30);
        break;
    case 8:
        s->delay_ns_max = s->delay_ns_min + 1 + (int64_t)prop_below(p, 600) * MS;
        break;
    case 9:
        s->delay_ns_min = 0;
        s->delay_ns_max = 1 + (int64_t)prop_below(p, 5) * MS;
        s->disk_ns_max = 1 + (int64_t)prop_below(p, 200) * MS;
        break;
    case 10:
        sim_accuse(s, node);
        if (prop_below(p, 2) == 0)
            sim_accuse(s, (node + 1) % s->n);
        break;
    default:
        if (prop_below(p, 4) == 0)
            sim_leave(s, node);
        else
            election_set_quality(&s->nodes[node].election, (uint8_t)prop_below(p, 6));
        break;
    }
}

/* One world: trouble for 20 to 60 s, then it heals and progress is demanded. NULL, or the rule that was broken. */
static const char *world(uint64_t seed, unsigned n, enum sim_mutant mutant)
{
    struct prop p = {seed};
    struct election_settings settings = busy_settings(&p);
    sim_start(&sim, prop_u64(&p), n, mutant, &settings);
    /* At most f of them say yes to everything and nothing else. */
    for (unsigned i = 0; i < (n - 1) / 3 && prop_below(&p, 2) == 0; i++)
        sim.nodes[prop_below(&p, n)].liar = true;
    unsigned troubles = 20 + (unsigned)prop_below(&p, 60);
    for (unsigned i = 0; i < troubles && sim.broken == NULL; i++) {
        sim_run(&sim, (int64_t)prop_below(&p, 1500) * MS);
        trouble(&sim);
    }
    sim_heal(&sim);
    int64_t waited = 0;
    do {
        sim_run(&sim, S / 2);
        waited += S / 2;
    } while (sim.broken == NULL && sim_agreed(&sim) == sim.n && waited < 30 * S);
    if (sim.broken == NULL && sim_agreed(&sim) == sim.n)
        return "no progress within 30 s of the healing";
    return sim.broken;
}

/* Nothing but the edge of the lease: the master's clock is slow, the voters' fast, network and disks take microseconds,
 * nobody waits longer than the promise, and the master is cut off. */
static const char *edge(uint64_t seed, unsigned n, enum sim_mutant mutant)
{
    struct prop p = {seed};
    struct election_settings settings = busy_settings(&p);
    settings.timeout_ns_min = settings.deputy_delay_ns = settings.quality_delay_ns = 0;
    settings.timeout_ns_max = 1 * MS;
    sim_start(&sim, prop_u64(&p), n, mutant, &settings);
    unsigned master = n;
    for (int i = 0; i < 30 && master == n; i++) {
        sim_run(&sim, S);
        master = sim_agreed(&sim);
    }
    if (master == n)
        return "no master at the start";
    sim.delay_ns_min = 1000;
    sim.delay_ns_max = 20000;
    sim.disk_ns_max = 1;
    for (unsigned i = 0; i < n; i++) {
        /* From now on, without a jump of the clock's reading. */
        int64_t shown = sim_clock(&sim, i);
        sim.nodes[i].rate_ppb = i == master ? -500000 : 500000;
        sim.nodes[i].origin_ns += shown - sim_clock(&sim, i);
    }
    sim_run(&sim, 2 * S + (int64_t)prop_below(&p, 500) * MS);
    sim_cut(&sim, UINT32_C(1) << master);
    sim_run(&sim, 5 * S);
    return sim.broken;
}

/* A member is cut off for a minute and comes back: neither term nor master may change. */
static const char *returns(uint64_t seed, unsigned n, enum sim_mutant mutant)
{
    struct election_settings settings;
    election_settings_init(&settings);
    settings.handover_ranks = 0;
    sim_start(&sim, seed, n, mutant, &settings);
    sim_run(&sim, 5 * S);
    unsigned master = sim_agreed(&sim);
    if (master == n)
        return sim.broken != NULL ? sim.broken : "no master after 5 s";
    uint64_t term = sim.nodes[master].election.term;
    unsigned away = (master + 1 + (unsigned)(seed % (n - 1))) % n;
    sim_cut(&sim, UINT32_C(1) << away);
    sim_run(&sim, 60 * S);
    sim_cut(&sim, 0);
    sim_run(&sim, 5 * S);
    if (sim.broken == NULL && (sim_agreed(&sim) != master || sim.nodes[master].election.term != term))
        return "who came back disturbed";
    return sim.broken;
}

typedef const char *world_maker(uint64_t seed, unsigned n, enum sim_mutant mutant);

static const char *worlds(const char *name, world_maker *make, unsigned count, unsigned n_min,
                          enum sim_mutant mutant)
{
    /* A mutant has its fixed seed: whether it is seen early is luck. */
    struct prop p = {20261121};
    if (mutant == SIM_SOUND)
        p = prop_start(name, p.state);
    for (unsigned i = 0; i < count; i++) {
        unsigned n = n_min + (unsigned)prop_below(&p, 8 - n_min);
        uint64_t seed = prop_u64(&p);
        const char *broken = make(seed, n, mutant);
        if (broken != NULL) {
            printf("world %u of n=%u, seed %llu, at %lld ms: %s\n", i, n, (unsigned long long)seed,
                   (long long)(sim.now / MS), broken);
            return broken;
        }
    }
    return NULL;
}

START_TEST(worlds_keep_the_rules)
{
    const char *broken =
        worlds("worlds_keep_the_rules", world, (unsigned)prop_share(10000, 200), 1, SIM_SOUND);
    ck_assert_msg(broken == NULL, "%s", broken);
}
END_TEST

START_TEST(leases_do_not_meet_at_their_edge)
{
    const char *broken =
        worlds("leases_do_not_meet_at_their_edge", edge, (unsigned)prop_share(400, 100), 4, SIM_SOUND);
    ck_assert_msg(broken == NULL, "%s", broken);
}
END_TEST

START_TEST(who_comes_back_disturbs_nobody)
{
    const char *broken =
        worlds("who_comes_back_disturbs_nobody", returns, (unsigned)prop_share(100, 50), 3, SIM_SOUND);
    ck_assert_msg(broken == NULL, "%s", broken);
}
END_TEST

static const struct {
    enum sim_mutant mutant;
    const char *name;
    world_maker *make;
    unsigned n_min;
} mutants[] = {
    {SIM_NO_PERSIST, "no_persist", world, 3},   {SIM_SMALL_QUORUM, "small_quorum", world, 3},
    {SIM_MAJORITY, "majority", world, 5},       {SIM_NO_SILENCE, "no_silence", world, 3},
    {SIM_NO_FENCE, "no_fence", world, 3},       {SIM_NO_MARGIN, "no_margin", edge, 4},
    {SIM_NO_PREVOTE, "no_prevote", returns, 3},
};

START_TEST(each_protection_is_needed)
{
    const char *broken =
        worlds(mutants[_i].name, mutants[_i].make, 10000, mutants[_i].n_min, mutants[_i].mutant);
    ck_assert_msg(broken != NULL, "%s: nothing was seen", mutants[_i].name);
}
END_TEST

/* ---- how long it takes ---- */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Milliseconds from the loss of the master to the next lease that all follow. */
static int64_t next_master(uint64_t seed, unsigned n, bool leave, bool deputy_too)
{
    struct election_settings s;
    election_settings_init(&s);
    sim_start(&sim, seed, n, SIM_SOUND, &s);
    sim_run(&sim, 10 * S + (int64_t)(seed % 1000) * MS);
    unsigned master = sim_agreed(&sim);
    ck_assert_uint_lt(master, n);
    unsigned deputy = sim.nodes[master].election.deputy.id - 1;
    int64_t start = sim.now;
    if (leave)
        sim_leave(&sim, master);
    else
        sim_crash(&sim, master);
    if (deputy_too)
        sim_crash(&sim, deputy);
    unsigned next = n;
    while ((next == n || next == master) && sim.now - start < 60 * S) {
        sim_run(&sim, 5 * MS);
        next = sim_agreed(&sim);
    }
    ck_assert_ptr_null(sim.broken);
    return (sim.now - start) / MS;
}

static void failovers(const char *what, bool leave, bool deputy_too, unsigned n_min, int64_t limit_ms)
{
    enum { RUNS = 200 };
    static int64_t took[RUNS];
    unsigned runs = (unsigned)prop_rounds(RUNS);
    for (unsigned n = n_min; n <= 7; n++) {
        struct prop p = {n};
        for (unsigned i = 0; i < runs; i++)
            took[i] = next_master(prop_u64(&p), n, leave, deputy_too);
        qsort(took, runs, sizeof *took, by_size);
        printf("%s, n=%u: median %lld ms, worst of %u %lld ms\n", what, n, (long long)took[runs / 2], runs,
               (long long)took[runs - 1]);
        ck_assert_int_le(took[runs - 1], limit_ms);
    }
}

START_TEST(a_new_master_in_time)
{
    failovers("master killed", false, false, 3, 3000);
    failovers("master leaves", true, false, 3, 1000);
    failovers("master and deputy killed", false, true, 6, 5000);
}
END_TEST

START_TEST(handover_does_not_flap)
{
    struct election_settings s;
    election_settings_init(&s);
    sim_start(&sim, 5, 5, SIM_SOUND, &s);
    /* Two members whose quality goes up and down against each other every minute, for six hours. */
    unsigned minutes = (unsigned)prop_share(360, 12);
    for (unsigned minute = 0; minute < minutes; minute++) {
        for (unsigned i = 0; i < 5; i++)
            election_set_quality(&sim.nodes[i].election, (uint8_t)(i > 1 ? 9 : i == minute % 2 ? 1 : 6));
        sim_run(&sim, 60 * S);
    }
    ck_assert_ptr_null(sim.broken);
    printf("%llu masters in %u minutes\n", (unsigned long long)sim.masters, minutes);
    ck_assert_uint_ge(sim.masters, 3);
    ck_assert_uint_le(sim.masters, 16);
    /* A lasting difference is followed. */
    for (unsigned i = 0; i < 5; i++)
        election_set_quality(&sim.nodes[i].election, i == 4 ? 0 : 7);
    sim_run(&sim, 2 * 3600 * S / prop_step(8));
    ck_assert_uint_eq(sim_agreed(&sim), 4);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("election_sim");
    TCase *t = tcase_create("worlds");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, worlds_keep_the_rules);
    tcase_add_test(t, leases_do_not_meet_at_their_edge);
    tcase_add_test(t, who_comes_back_disturbs_nobody);
    tcase_add_test(t, a_new_master_in_time);
    tcase_add_test(t, handover_does_not_flap);
    tcase_add_loop_test(t, each_protection_is_needed, 0, (int)(sizeof mutants / sizeof *mutants));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
