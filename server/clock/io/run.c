/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of the clock process: a sample each second for the core, its line onto the page, its reports into
 * the log. It answers nobody and holds no socket. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/log.h"
#include "sdk/io/page.h"
#include "sdk/leap_watch.h"
#include "sdk/leaps.h"
#include "server/clock/core/reference.h"
#include "server/clock/io/cluster.h"
#include "server/clock/io/evidence.h"
#include "server/clock/io/kernel.h"
#include "server/clock/io/report.h"
#include "server/libevent.h"
#include "server/verbs.h"

enum {
    SAMPLE_S = 1,
    EVIDENCE_SAMPLES = 10, /* a look through /proc with every tenth sample, and when a daemon ends */
    LEAPS_SAMPLES = 3600   /* an updated table is taken up within the hour */
};

struct clock_process {
    const struct taid_config *config;
    struct taid_config *reloaded; /* after SIGHUP: what `config` points to */
    struct event_base *base;
    struct event *timer;
    const char *page; /* path of the page being written */
    struct page_writer writer;
    struct leap_watch leaps;
    struct reference reference;
    struct reference_settings settings;
    struct evidence evidence;
    struct reference_sample sample; /* evidence and timeline stay from one look to the next */
    uint64_t samples;
    int ready_fd;
};

/* Signals set a flag and make the loop return: no self-pipe, no event for them. One clock process per
 * process. */
static volatile sig_atomic_t stop_asked, reload_asked;
static struct event_base *volatile signalled_base;

static void on_signal(int number)
{
    if (number == SIGHUP)
        reload_asked = 1;
    else
        stop_asked = 1;
    if (signalled_base != NULL)
        event_base_loopbreak(signalled_base);
}

static void catch_signals(struct event_base *base)
{
    stop_asked = reload_asked = 0;
    signalled_base = base;
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

static void take_settings(struct clock_process *p)
{
    p->settings.has_assume = p->config->clock.has_assume_error;
    p->settings.assume_error_ns = p->config->clock.assume_error_ns;
    if (p->settings.assume_error_ns > PAGE_WIDTH_NS_MAX / 2)
        p->settings.assume_error_ns = PAGE_WIDTH_NS_MAX / 2;
}

/* True if another table is in use now. */
static bool load_leaps(struct clock_process *p)
{
    p->leaps.path = p->config->clock.leap_file;
    if (!leap_watch_read(&p->leaps))
        return false;
    reference_configure(&p->reference, &p->settings, leaps_table(p->leaps.leaps));
    return true;
}

static void reload(struct clock_process *p)
{
    struct tai_error error;
    struct taid_config *fresh;
    if (config_load(p->config->path, &fresh, &error) != TAI_OK) {
        log_error("clock: the settings stay as they were: %s", error.text);
        return;
    }
    /* Readers have the old page mapped, and the other processes were told of it at their start. */
    if (strcmp(fresh->clock.page, p->page) != 0)
        log_warning("clock: clock.page was changed; %s is written on until taid is restarted", p->page);
    config_free(p->reloaded);
    p->config = p->reloaded = fresh;
    take_settings(p);
    if (!load_leaps(p))
        reference_configure(&p->reference, &p->settings, leaps_table(p->leaps.leaps));
    log_notice("clock: settings read again");
}

static void sample_once(struct clock_process *p)
{
    bool look = p->samples % EVIDENCE_SAMPLES == 0;
    if (look)
        p->sample.timeline = kernel_timeline();
    if (p->samples % LEAPS_SAMPLES == LEAPS_SAMPLES - 1)
        load_leaps(p);
    p->samples++;
    kernel_read(&p->sample);
    /* Only now: the daemon must have been there until the clock had been read. */
    if (look || !evidence_stands(&p->evidence))
        evidence_scan("/proc", &p->evidence);
    p->sample.evidence = p->evidence.found;
    struct reference_actions actions;
    reference_sample(&p->reference, &p->sample, &actions);
    if (actions.publish)
        page_write(p->writer.page, &actions.line);
    for (size_t i = 0; i < actions.report_count; i++)
        report_log(&actions.reports[i], &p->sample.evidence);
    if (p->ready_fd >= 0 && actions.publish) {
        verbs_ready(p->ready_fd, NULL);
        p->ready_fd = -1;
    }
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct clock_process *p = user;
    sample_once(p);
    /* A signal that came just before the loop was entered broke nothing. */
    if (stop_asked || reload_asked)
        event_base_loopbreak(p->base);
}

static int run_loop(struct clock_process *p)
{
    struct timeval every = {.tv_sec = SAMPLE_S};
    p->base = event_base_new();
    p->timer = p->base == NULL ? NULL : event_new(p->base, -1, EV_PERSIST, on_timer, p);
    if (p->timer == NULL || event_add(p->timer, &every) != 0) {
        log_error("clock: the event loop cannot be made");
        return TAID_EXIT_FAILED;
    }
    catch_signals(p->base);
    sample_once(p);
    while (!stop_asked) {
        if (reload_asked) {
            reload_asked = 0;
            reload(p);
        }
        if (event_base_dispatch(p->base) < 0) {
            log_error("clock: the event loop failed");
            return TAID_EXIT_FAILED;
        }
    }
    return TAID_EXIT_OK;
}

static void release(struct clock_process *p)
{
    signalled_base = NULL;
    if (p->timer != NULL)
        event_free(p->timer);
    if (p->base != NULL)
        event_base_free(p->base);
    evidence_release(&p->evidence);
    page_writer_close(&p->writer);
    leap_watch_close(&p->leaps);
    config_free(p->reloaded);
}

int clock_run(const struct taid_config *config, int ready_fd)
{
    if (config->sync.cluster != NULL)
        return clock_cluster_run(config, ready_fd);
    struct tai_error error;
    struct clock_process process = {
        .config = config, .page = config->clock.page, .ready_fd = ready_fd, .writer = {.fd = -1}};
    struct clock_process *p = &process;
    if (page_boot_id(p->settings.boot_id, &error) != TAI_OK) {
        log_error("clock: %s", error.text);
        return TAID_EXIT_REFUSED;
    }
    enum tai_err err = page_writer_open(config->clock.page, &p->writer, &error);
    if (err != TAI_OK) {
        log_error("clock: %s", error.text);
        return err == TAI_ERR_IO || err == TAI_ERR_NO_SPACE ? TAID_EXIT_FAILED : TAID_EXIT_REFUSED;
    }
    take_settings(p);
    reference_init(&p->reference, &p->settings, NULL);
    load_leaps(p);
    int code = run_loop(p);
    release(p);
    return code;
}
