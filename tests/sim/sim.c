/* SPDX-License-Identifier: Apache-2.0 */
/* sim: runs scenarios from seeds and says what the oracle found. docs/SIMULATION.md.
 *
 *     sim --scenario NAME|random [--seed N] [--count K] [--jobs J] [--nodes S] [--clients C] [--seconds T] [--crypto openssl|fast]
 *         [--sabotage KIND] [--keep-going] [-v [-v]]
 *     sim --list
 *
 * Seeds of a run are N, N+1 ... N+K-1. Each job is a process with every J-th seed; results come through pipes. Exit 1 when anything
 * was found; the line that repeats it is printed. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/base/bug.h"
#include "tests/sim/oracle.h"
#include "tests/sim/scenario.h"
#include "tests/sim/show.h"

enum { JOBS_MAX = 64 };

struct run {
    struct scenario_options options;
    uint64_t count;
    unsigned jobs;
    bool keep_going;
    unsigned verbose; /* 2: each published line too */
};

static void print_repeat(const struct run *run, uint64_t seed)
{
    const struct scenario_options *o = &run->options;
    printf("  again: tests/sim/sim --scenario %s --seed %llu", o->name, (unsigned long long)seed);
    if (o->servers >= 0)
        printf(" --nodes %d", o->servers);
    if (o->clients >= 0)
        printf(" --clients %d", o->clients);
    if (o->seconds >= 0)
        printf(" --seconds %g", o->seconds);
    printf("%s%s -v\n", o->true_crypto ? " --crypto openssl" : "", o->toy ? " --toy" : "");
}

/* One scenario; true when nothing was found. */
static bool one(const struct run *run, uint64_t seed, struct figures *into)
{
    static struct scenario scenario;
    static struct oracle oracle;
    static struct world world;
    struct scenario_options options = run->options;
    options.seed = seed;
    if (!scenario_make(&scenario, &options))
        BUG("scenario vanished");
    if (run->verbose > 0)
        show_scenario(stdout, &scenario);
    world_start(&world, &scenario, &oracle, run->verbose > 0 ? stdout : NULL);
    world.trace_lines = run->verbose > 1;
    world_run(&world, WORLD_START_NS + (int64_t)((scenario.attack_s + scenario.heal_s) * 1e9));
    oracle_judge(&world);
    struct figures *figures = &oracle.figures;
    figures->scenarios = 1;
    figures->scenarios_kept = scenario.assumptions;
    figures->failures = oracle.found;
    figures->broken = figures->false_claims > 0 && !scenario.assumptions;
    figures->steps = world.steps;
    figures->datagrams = world.network.carried;
    figures->sim_seconds = (uint64_t)((world.now_ns - WORLD_START_NS) / WORLD_S);
    if (oracle.found) {
        printf("FAIL %s seed %llu: %s\n", scenario.name, (unsigned long long)seed, oracle.what);
        print_repeat(run, seed);
        fflush(stdout);
    }
    if (run->verbose > 0)
        show_world(stdout, &world);
    figures_merge(into, figures);
    bool good = !oracle.found;
    world_end(&world);
    oracle_end(&oracle);
    return good;
}

static void job(const struct run *run, unsigned number, struct figures *into)
{
    for (uint64_t i = number; i < run->count; i += run->jobs)
        if (!one(run, run->options.seed + i, into) && !run->keep_going)
            return;
}

static bool read_all(int fd, void *to, size_t len)
{
    for (size_t got = 0; got < len;) {
        ssize_t n = read(fd, (char *)to + got, len - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static bool run_jobs(const struct run *run, struct figures *into)
{
    static struct figures part;
    int fds[JOBS_MAX];
    pid_t pids[JOBS_MAX];
    bool good = true;
    for (unsigned i = 0; i < run->jobs; i++) {
        int ends[2];
        fflush(stdout);
        if (pipe(ends) != 0 || (pids[i] = fork()) < 0) {
            perror("sim");
            exit(2);
        }
        if (pids[i] == 0) {
            close(ends[0]);
            job(run, i, &part);
            if (write(ends[1], &part, sizeof part) != (ssize_t)sizeof part)
                _exit(2);
            fflush(stdout);
            _exit(0);
        }
        close(ends[1]);
        fds[i] = ends[0];
    }
    for (unsigned i = 0; i < run->jobs; i++) {
        int status = 0;
        bool whole = read_all(fds[i], &part, sizeof part);
        if (whole)
            figures_merge(into, &part);
        close(fds[i]);
        if (waitpid(pids[i], &status, 0) != pids[i] || status != 0 || !whole) {
            printf("FAIL job %u died with status %d; its seeds: %llu + %u + k * %u. Again: --jobs 1 -v\n", i,
                   status, (unsigned long long)run->options.seed, i, run->jobs);
            good = false;
        }
    }
    return good;
}

static void usage(void)
{
    fputs("usage: sim --scenario NAME|random [--seed N] [--count K] [--jobs J] [--nodes S] [--clients C] "
          "[--seconds T]\n"
          "           [--crypto fast|openssl] [--toy] [--sabotage KIND] [--keep-going] [-v [-v]]\n       sim "
          "--list\n",
          stderr);
    exit(2);
}

static void list(void)
{
    const char *name, *about;
    for (unsigned i = 0; (name = scenario_name(i, &about)) != NULL; i++)
        printf("%-16s %s\n", name, about);
    exit(0);
}

static enum sabotage sabotage_named(const char *name)
{
    static const char *const names[SABOTAGES] = {"none",     "interval", "step",  "hlc",     "master",
                                                 "timeline", "late",     "steer", "progress"};
    for (int i = 0; i < SABOTAGES; i++)
        if (strcmp(names[i], name) == 0)
            return (enum sabotage)i;
    usage();
    return SABOTAGE_NONE;
}

static void options_read(struct run *run, int argc, char **argv)
{
    static const struct option longs[] = {{"scenario", required_argument, NULL, 's'},
                                          {"seed", required_argument, NULL, 'n'},
                                          {"count", required_argument, NULL, 'c'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"nodes", required_argument, NULL, 'N'},
                                          {"clients", required_argument, NULL, 'C'},
                                          {"seconds", required_argument, NULL, 't'},
                                          {"crypto", required_argument, NULL, 'y'},
                                          {"toy", no_argument, NULL, 'T'},
                                          {"keep-going", no_argument, NULL, 'k'},
                                          {"sabotage", required_argument, NULL, 'S'},
                                          {"list", no_argument, NULL, 'l'},
                                          {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "v", longs, NULL)) != -1)
        switch (c) {
        case 's':
            run->options.name = optarg;
            break;
        case 'n':
            run->options.seed = strtoull(optarg, NULL, 0);
            break;
        case 'c':
            run->count = strtoull(optarg, NULL, 0);
            break;
        case 'j':
            run->jobs = (unsigned)strtoul(optarg, NULL, 0);
            break;
        case 'N':
            run->options.servers = atoi(optarg);
            break;
        case 'C':
            run->options.clients = atoi(optarg);
            break;
        case 't':
            run->options.seconds = atof(optarg);
            break;
        case 'y':
            run->options.true_crypto = strcmp(optarg, "openssl") == 0;
            break;
        case 'T':
            run->options.toy = true;
            break;
        case 'k':
            run->keep_going = true;
            break;
        case 'S':
            run->options.sabotage = sabotage_named(optarg);
            break;
        case 'l':
            list();
            break;
        case 'v':
            run->verbose++;
            break;
        default:
            usage();
        }
    if (optind != argc || run->options.name == NULL || run->jobs < 1 || run->jobs > JOBS_MAX)
        usage();
}

int main(int argc, char **argv)
{
    static struct figures figures;
    static struct scenario scenario;
    struct run run = {
        .options = {.seed = 1, .servers = -1, .clients = -1, .seconds = -1}, .count = 1, .jobs = 1};
    options_read(&run, argc, argv);
    if (!scenario_make(&scenario, &run.options)) {
        fprintf(stderr, "sim: no scenario %s\n", run.options.name);
        return 2;
    }
    bool good = true;
    if (run.jobs == 1)
        job(&run, 0, &figures);
    else
        good = run_jobs(&run, &figures);
    show_figures(stdout, run.options.name, &figures);
    return good && figures.failures == 0 ? 0 : 1;
}
