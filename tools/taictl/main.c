/* SPDX-License-Identifier: Apache-2.0 */
/* taictl: what a running taid or tai-client knows of the time. */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tools/taictl/ask.h"
#include "tools/taictl/options.h"
#include "tools/taictl/show.h"
#include "tools/taictl/waitsync.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static const char *verb_asked(enum verb verb)
{
    switch (verb) {
    case VERB_TRACKING:
    case VERB_WAITSYNC:
        return "tracking";
    case VERB_SOURCES:
    case VERB_SOURCESTATS:
        return "sources";
    case VERB_CLUSTER:
        return "cluster";
    case VERB_OSCILLATOR:
        return "oscillator";
    case VERB_GPS:
        return "gps";
    case VERB_REFERENCES:
        return "references";
    case VERB_MAKESTEP:
        return "makestep";
    case VERB_BURST:
        return "burst";
    }
    return "";
}

static void show(const struct options *o, const json_t *answer)
{
    switch (o->verb) {
    case VERB_TRACKING:
    case VERB_WAITSYNC:
        show_tracking(answer, o->verbose);
        return;
    case VERB_SOURCES:
        show_sources(answer);
        return;
    case VERB_SOURCESTATS:
        show_sourcestats(answer);
        return;
    case VERB_CLUSTER:
        show_cluster(answer);
        return;
    case VERB_OSCILLATOR:
        show_oscillator(answer);
        return;
    case VERB_GPS:
        show_gps(answer);
        return;
    case VERB_REFERENCES:
        show_references(answer);
        return;
    case VERB_MAKESTEP:
        puts("the system clock is being set");
        return;
    case VERB_BURST:
        puts("all nodes are polled");
        return;
    }
}

/* One question and its answer on standard output. */
static int once(const struct options *o, struct asker *asker)
{
    struct tai_error error;
    json_t *answer;
    enum tai_err err = ask(asker, verb_asked(o->verb), &answer, &error);
    if (err != TAI_OK) {
        fprintf(stderr, "taictl: %s\n", error.text);
        return err == TAI_ERR_REFUSED ? EXIT_NO : EXIT_UNREACHABLE;
    }
    if (o->svg != NULL) {
        bool drawn = svg_oscillator(answer, o->svg);
        json_decref(answer);
        return drawn ? EXIT_OK : EXIT_NO;
    }
    if (o->json) {
        bool written = o->watch ? json_finish_line(answer) : json_finish(answer);
        return written ? EXIT_OK : EXIT_NO;
    }
    if (!o->quiet)
        show(o, answer);
    json_decref(answer);
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_NO;
}

static int watch(const struct options *o, struct asker *asker)
{
    bool screen = isatty(STDOUT_FILENO) && !o->json;
    struct timespec pause = {o->watch_ms / 1000, o->watch_ms % 1000 * 1000000};
    int code = EXIT_OK;
    while (!interrupted && code == EXIT_OK) {
        if (screen)
            fputs("\033[H\033[J", stdout);
        code = once(o, asker);
        if (!screen && !o->json && !o->quiet && code == EXIT_OK)
            putchar('\n');
        if (code == EXIT_OK)
            nanosleep(&pause, NULL);
    }
    return interrupted ? EXIT_INTERRUPTED : code;
}

int main(int argc, char **argv)
{
    struct options o;
    struct tai_error error = {0};
    struct asker asker;
    int code;
    if (!options_read(argc, argv, &o, &code))
        return code;
    if (o.verb == VERB_WAITSYNC)
        return waitsync(&o);
    if (ask_open(o.control, &asker, &error) != TAI_OK) {
        fprintf(stderr, "taictl: %s\n", error.text);
        return EXIT_UNREACHABLE;
    }
    if (o.watch) {
        struct sigaction action = {.sa_handler = on_interrupt};
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
    }
    code = o.watch ? watch(&o, &asker) : once(&o, &asker);
    ask_close(&asker);
    return code;
}
