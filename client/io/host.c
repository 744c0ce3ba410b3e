/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/host_state.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "client/io/records.h"
#include "client/io/says.h"
#include "client/io/tracking_log.h"
#include "client/io/libevent.h"
#include "sdk/base/error.h"
#include "sdk/io/log.h"
#include "sdk/io/page.h"
#include "sdk/sync/line.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_REFUSED = 78 };
enum { NS_PER_US = 1000 };

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

static void step(struct host *h, struct engine_event *event);

/* ---- Addresses ---- */

static struct udp_address to_udp(const struct engine_address *a)
{
    struct udp_address u = {.family = a->family, .port = a->port, .scope = a->scope};
    memcpy(u.bytes, a->bytes, sizeof u.bytes);
    return u;
}

static struct engine_address to_engine(const struct udp_address *u)
{
    struct engine_address a = {.family = u->family, .port = u->port, .scope = u->scope};
    memcpy(a.bytes, u->bytes, sizeof a.bytes);
    return a;
}

static struct way_back *way_of(struct host *h, const struct udp_address *peer)
{
    uint32_t sum = peer->port;
    for (size_t i = 0; i < sizeof peer->bytes; i++)
        sum = sum * 31 + peer->bytes[i];
    return &h->ways[sum % RETURNS_MAX];
}

/* ---- Actions ---- */

static void do_persists(struct host *h, const struct engine_persist *persists, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool ok = records_write(h->settings, &persists[i]);
        struct engine_event event = {.kind = ENGINE_PERSISTED};
        event.u.persisted.token = persists[i].token;
        event.u.persisted.ok = ok;
        host_now(h, &event.now);
        step(h, &event);
    }
}

static void do_send(struct host *h, const struct engine_send *send, struct udp_stamp *ret_stamp)
{
    struct udp_address to = to_udp(&send->to);
    const struct way_back *way = way_of(h, &to);
    bool known = udp_address_equal(&way->peer, &to);
    enum udp_sent sent = udp_send(&h->udp, &to, known ? &way->own : NULL, bytes_of(send->bytes, send->len),
                                  send->token, ret_stamp);
    if (sent != UDP_SENT && known) /* the own address may be gone */
        *way_of(h, &to) = (struct way_back){0};
}

static void be_ready(struct host *h)
{
    if (h->is_ready)
        return;
    h->is_ready = true;
    if (h->settings->ready != NULL)
        h->settings->ready(h->settings->ctx);
}

static enum page_role role_of(enum view_state state)
{
    switch (state) {
    case VIEW_STARTING:
        return PAGE_ROLE_STARTING;
    case VIEW_FOLLOWING:
        return PAGE_ROLE_FOLLOWING;
    case VIEW_FALLBACK:
        return PAGE_ROLE_FALLBACK;
    case VIEW_FREE:
        return PAGE_ROLE_FREE;
    case VIEW_MASTER:
        return PAGE_ROLE_MASTER;
    case VIEW_ALONE:
        return PAGE_ROLE_ALONE;
    }
    return PAGE_ROLE_NONE;
}

static uint8_t counted(uint32_t n)
{
    return (uint8_t)(n < PAGE_COUNT_MAX ? n : PAGE_COUNT_MAX);
}

/* For those who have the page and may not ask the control socket: the stamp process and its /metrics. */
static struct page_cluster cluster_now(struct host *h, enum view_state state)
{
    struct view_cluster cluster;
    h->settings->engine.cluster(h->settings->engine.engine, h->last.raw, &cluster);
    return (struct page_cluster){.role = role_of(state),
                                 .has_margin = true,
                                 .margin = counted(cluster.margin),
                                 .servers_up = counted(cluster.servers_up),
                                 .servers = counted(cluster.servers)};
}

/* Where the half-width comes from, for the same readers. */
static struct page_make make_now(struct host *h, const struct view_tracking *t)
{
    struct page_make make = {.said = true,
                             .has_reference = t->reference.present,
                             .kind = (enum taistamp_clock_source)t->reference.kind,
                             .references = t->reference.present,
                             .holdover_ns = t->reference.present ? 0 : -1,
                             .upstream_ns = t->budget.upstream_ns,
                             .path_ns = t->budget.path_ns,
                             .stamps_ns = t->budget.stamps_ns,
                             .age_ns = t->budget.age_ns,
                             .slew_ns = t->budget.slew_ns};
    if (h->settings->make != NULL)
        h->settings->make(h->settings->ctx, h->last.raw, &make);
    return make;
}

void host_take_word(const struct host_settings *s, struct view_tracking *t)
{
    if (t->line.status != TAISTAMP_STATUS_RELATIVE || s->assume_error_ns < 0)
        return;
    const tai_bound_t word = {s->assume_error_ns};
    t->line.status = TAISTAMP_STATUS_ASSUMED;
    t->line.source = TAISTAMP_CLOCK_ASSUMED;
    line_widen(&t->line, word.ns);
    t->now = line_interval(&t->line, (tai_mono_t){t->now_raw_ns});
    t->half_width_ns = line_half_width(&t->line, (tai_mono_t){t->now_raw_ns}).ns;
    t->budget.upstream_ns = taistamp_bound_add((tai_bound_t){t->budget.upstream_ns}, word).ns;
}

static void do_publish(struct host *h, const struct engine_actions *a)
{
    struct view_tracking tracking;
    h->settings->engine.tracking(h->settings->engine.engine, h->last.raw, &tracking);
    tracking.line = a->line;
    host_take_word(h->settings, &tracking);
    struct line_page_context context = {.timeline = h->last.timeline.id,
                                        .realtime_minus_raw_ns = h->last.realtime_ns - h->last.raw.ns,
                                        .term = a->term,
                                        .master = a->master.id};
    memcpy(context.boot_id, h->boot_id, sizeof context.boot_id);
    struct clock_line line;
    if (!line_page_leap(&tracking.leap, tracking.line.tai, &context) && h->has_published)
        return;
    if (!line_to_page(&tracking.line, &context, &line))
        return; /* out of the page's ranges: what was there expires */
    line.cluster = cluster_now(h, tracking.state);
    line.make = make_now(h, &tracking);
    page_write(h->page.page, &line);
    if (!h->has_published && page_status_has_interval(line.status)) {
        h->has_published = true;
        if (h->settings->published != NULL)
            h->settings->published(h->settings->ctx);
        be_ready(h);
    }
}

static void do_steer(struct host *h, const struct engine_steer *s)
{
    if (!h->settings->steer)
        return;
    struct tai_error error;
    if (steer_apply(&h->steer, s, &error) != TAI_OK) {
        log_error("clock: %s", error.text);
        h->failed = h->ending = true;
    }
    host_ordered(h, s->rate_ps_per_s);
}

static void arm(struct host *h, int64_t raw_ns, int64_t wake_ns)
{
    int64_t wait = wake_ns - raw_ns;
    wait = wait < 0 ? 0 : wait > SECOND_NS ? SECOND_NS : wait;
    struct timeval at = {.tv_sec = wait / SECOND_NS,
                         .tv_usec = (wait % SECOND_NS + NS_PER_US - 1) / NS_PER_US};
    if (at.tv_usec == SECOND_NS / NS_PER_US)
        at = (struct timeval){.tv_sec = at.tv_sec + 1};
    evtimer_add(h->timer, &at);
}

/* Everything that one event leads to. Stamps that are there at once are handed in after all sends have left. */
static void step(struct host *h, struct engine_event *event)
{
    struct engine_actions *a = &h->actions;
    /* A step within this wake-up, such as a record made durable, may have read the clocks anew: time does not go back. */
    if (h->started && event->now.timeline.id == h->last.timeline.id && event->now.raw.ns < h->last.raw.ns)
        event->now = h->last;
    h->last = event->now;
    memset(a, 0, offsetof(struct engine_actions, persists));
    h->settings->engine.step(h->settings->engine.engine, event, a);
    if (a->steer)
        do_steer(h, &a->steering);
    struct udp_stamp stamps[ENGINE_SENDS_MAX];
    size_t stamped = 0;
    for (size_t i = 0; i < a->sends_count; i++) {
        struct udp_stamp stamp = {0};
        do_send(h, &a->sends[i], &stamp);
        if (stamp.token != 0)
            stamps[stamped++] = stamp;
    }
    if (a->publish)
        do_publish(h, a);
    for (size_t i = 0; i < a->reports_count; i++)
        says_log(&a->reports[i], h->settings);
    int64_t wake_ns = a->wake.ns < h->second_raw_ns ? a->wake.ns : h->second_raw_ns;
    arm(h, event->now.raw.ns, wake_ns);
    if (a->persists_count > 0) {
        struct engine_persist persists[2];
        size_t n = a->persists_count;
        memcpy(persists, a->persists, n * sizeof *persists);
        do_persists(h, persists, n);
    }
    for (size_t i = 0; i < stamped; i++) {
        struct engine_event sent = {.kind = ENGINE_SENT, .now = event->now};
        sent.u.sent.token = stamps[i].token;
        sent.u.sent.stamp_realtime_ns = stamps[i].realtime_ns;
        step(h, &sent);
    }
}

/* ---- Events ---- */

static void hand_in_kernel(struct host *h, const struct engine_now *now)
{
    struct engine_event event = {.kind = ENGINE_KERNEL, .now = *now};
    struct steer_state state;
    steer_read(&h->steer, &state);
    event.u.kernel.known = state.known;
    event.u.kernel.rate_ps_per_s = state.rate_ps_per_s;
    event.u.kernel.rival = h->settings->steer && state.rival;
    h->steered_by_others = !h->settings->steer || !state.known || state.rival;
    step(h, &event);
}

static void hand_in_leap(struct host *h, const struct engine_now *now)
{
    struct view_tracking tracking;
    h->settings->engine.tracking(h->settings->engine.engine, now->raw, &tracking);
    bool known = tracking.line.status <= TAISTAMP_STATUS_ASSUMED && tracking.state != VIEW_STARTING;
    tai_t middle = {tracking.now.earliest.ns + (tracking.now.latest.ns - tracking.now.earliest.ns) / 2};
    if (leap_watch_look(&h->leaps, now->realtime_ns, known ? &middle : NULL, &h->own_leap)) {
        struct engine_event event = {.kind = ENGINE_LEAP, .now = *now};
        event.u.leap = h->own_leap;
        step(h, &event);
    }
    if (!known)
        middle.ns = now->realtime_ns + tracking.leap.tai_utc_s * SECOND_NS;
    h->leap = leap_watch_later(&h->own_leap, &tracking.leap, middle);
}

static void say_breaks(struct host *h)
{
    uint32_t breaks = clocks_breaks(&h->clocks);
    if (breaks != 0)
        log_warning("clock: the raw timeline ended:%s%s%s%s",
                    breaks & CLOCKS_SLEPT ? " the machine slept" : "",
                    breaks & CLOCKS_SOURCE_CHANGED ? " another clocksource" : "",
                    breaks & CLOCKS_VM_DISRUPTED ? " moved to another host" : "",
                    breaks & CLOCKS_VM_RESTORED ? " restored from a snapshot" : "");
}

static void each_second(struct host *h, const struct engine_now *now)
{
    h->second_raw_ns = now->raw.ns + SECOND_NS;
    if (now->raw.ns >= h->ready_raw_ns)
        be_ready(h);
    say_breaks(h);
    hand_in_leap(h, now);
    hand_in_kernel(h, now);
    struct engine_event event = {.kind = ENGINE_REFERENCE, .now = *now};
    if (h->settings->second != NULL &&
        h->settings->second(h->settings->ctx, now, &h->leap, &event.u.reference))
        step(h, &event);
    if (h->tracking_log != NULL)
        tracking_log_line(h->tracking_log, h->settings, now);
}

static void start(struct host *h, const struct engine_now *now)
{
    h->started = true;
    h->second_raw_ns = now->raw.ns;
    h->ready_raw_ns = now->raw.ns + HOST_READY_NS;
    if (!records_load(h->settings, now, &h->actions)) {
        h->failed = h->ending = true;
        return;
    }
    struct engine_event event = {.kind = ENGINE_START, .now = *now};
    (void)leap_watch_look(&h->leaps, now->realtime_ns, NULL, &h->own_leap);
    h->leap = h->own_leap;
    struct engine_event leap = {.kind = ENGINE_LEAP, .now = *now};
    leap.u.leap = h->leap;
    step(h, &event);
    step(h, &leap);
    h->steered_by_others = true; /* until the kernel was asked */
    h->opened = true;
    h->refused = h->settings->opened != NULL && !h->settings->opened(h->settings->ctx, h);
    h->ending = h->ending || h->refused;
}

static void after(struct host *h)
{
    bool done = h->settings->done != NULL && h->settings->done(h->settings->ctx);
    /* A signal that came just before the loop was entered broke nothing. */
    if (done || h->ending || stop_asked || reload_asked) {
        h->ending = h->ending || done;
        event_base_loopbreak(h->base);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct host *h = user;
    struct engine_event event = {.kind = ENGINE_TIMER};
    host_now(h, &event.now);
    if (!h->started)
        start(h, &event.now);
    if (h->ending) {
        after(h);
        return;
    }
    if (event.now.raw.ns >= h->second_raw_ns)
        each_second(h, &event.now);
    step(h, &event);
    after(h);
}

static void take_datagram(struct host *h, const struct udp_datagram *d)
{
    struct engine_event event = {.kind = ENGINE_PACKET};
    host_now(h, &event.now);
    event.u.packet.from = to_engine(&d->from);
    event.u.packet.bytes = bytes_of(d->bytes, d->len);
    event.u.packet.has_stamp = d->has_stamp;
    event.u.packet.stamp_realtime_ns = d->stamp_realtime_ns;
    if (d->to.family != 0)
        *way_of(h, &d->from) = (struct way_back){d->from, d->to};
    step(h, &event);
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
    (void)what;
    struct host *h = user;
    enum udp_family family = fd == udp_fd(&h->udp, UDP_V4) ? UDP_V4 : UDP_V6;
    uint32_t burst = udp_burst(&h->udp) < HOST_BURST ? udp_burst(&h->udp) : HOST_BURST;
    for (uint32_t i = 0; i < burst; i++) {
        struct udp_datagram datagram;
        enum udp_received got = udp_receive(&h->udp, family, &datagram);
        if (got == UDP_EMPTY)
            break;
        if (got == UDP_RECEIVED && h->started)
            take_datagram(h, &datagram);
    }
    struct udp_stamp stamp;
    while (udp_poll_stamps(&h->udp, family, &stamp)) {
        struct engine_event event = {.kind = ENGINE_SENT};
        host_now(h, &event.now);
        event.u.sent.token = stamp.token;
        event.u.sent.stamp_realtime_ns = stamp.realtime_ns;
        step(h, &event);
    }
    after(h);
}

/* ---- The control socket ---- */

static tai_mono_t raw_now(void)
{
    struct page_clocks now;
    page_clocks_read(false, &now);
    return now.raw;
}

static void control_tracking(void *ctx, struct view_tracking *ret_view)
{
    struct host *h = ctx;
    h->settings->engine.tracking(h->settings->engine.engine, raw_now(), ret_view);
    host_take_word(h->settings, ret_view);
    const struct page_make make = make_now(h, ret_view);
    ret_view->references = make.references;
    ret_view->leap_heard = make.leap_heard;
    ret_view->leap_differs = make.leap_differs;
    ret_view->holdover_ns = make.holdover_ns > 0 ? make.holdover_ns : 0;
    if (!h->settings->steer)
        host_see_system_clock(ret_view);
}

static size_t control_sources(void *ctx, struct view_source *ret_views, size_t cap)
{
    struct host *h = ctx;
    return h->settings->engine.sources(h->settings->engine.engine, raw_now(), ret_views, cap);
}

static void control_cluster(void *ctx, struct view_cluster *ret_view)
{
    struct host *h = ctx;
    h->settings->engine.cluster(h->settings->engine.engine, raw_now(), ret_view);
}

static const char *control_command(void *ctx, enum engine_command command)
{
    struct host *h = ctx;
    if (!h->started)
        return "the clock process is still starting";
    if (command == ENGINE_MAKESTEP && !h->settings->steer)
        return "the system clock is not ours to set: the settings say mode page";
    struct engine_event event = {.kind = ENGINE_COMMAND};
    host_now(h, &event.now);
    event.u.command = command;
    step(h, &event);
    return NULL;
}

static struct json_t *control_own(void *ctx, const char *verb)
{
    struct host *h = ctx;
    return h->settings->answer == NULL || !h->started ? NULL : h->settings->answer(h->settings->ctx, verb);
}

static const char *control_name(void *ctx, sync_node_t node)
{
    struct host *h = ctx;
    return h->settings->name == NULL ? NULL : h->settings->name(h->settings->ctx, node);
}

static bool control_oscillator(void *ctx, struct view_oscillator *ret_view)
{
    struct host *h = ctx;
    return h->settings->oscillator != NULL && h->settings->oscillator(h->settings->ctx, ret_view);
}

static void open_control(struct host *h)
{
    const struct control_owner owner = {h,
                                        control_tracking,
                                        control_sources,
                                        control_cluster,
                                        control_command,
                                        control_name,
                                        control_oscillator,
                                        control_own};
    struct tai_error error;
    if (h->settings->control != NULL &&
        control_open(h->base, h->settings->control, &owner, &h->control, &error) != TAI_OK)
        log_warning("clock: no control socket, taictl will not work: %s", error.text);
}

/* ---- Life ---- */

static int refuse(const struct tai_error *error)
{
    log_error("clock: %s", error->text);
    return error->code == TAI_ERR_IO || error->code == TAI_ERR_NO_SPACE || error->code == TAI_ERR_MEMORY
               ? EXIT_FAILED
               : EXIT_REFUSED;
}

static int open_all(struct host *h)
{
    struct tai_error error;
    const struct host_settings *s = h->settings;
    if (page_boot_id(h->boot_id, &error) != TAI_OK || page_writer_open(s->page, &h->page, &error) != TAI_OK ||
        udp_open(&s->udp, &h->udp, &error) != TAI_OK || steer_open(&h->steer, s->steer, &error) != TAI_OK ||
        (s->tracking_log != NULL && tracking_log_open(s->tracking_log, &h->tracking_log, &error) != TAI_OK))
        return refuse(&error);
    clocks_open(&h->clocks, s->self.id);
    leap_watch_open(&h->leaps, s->leap_file);
    h->base = event_base_new();
    h->timer = h->base == NULL ? NULL : evtimer_new(h->base, on_timer, h);
    if (h->timer == NULL)
        return error_set(&error, TAI_ERR_MEMORY, "the event loop cannot be made"), refuse(&error);
    for (int family = 0; family < UDP_FAMILIES; family++) {
        int fd = udp_fd(&h->udp, (enum udp_family)family);
        if (fd < 0)
            continue;
        h->readable[family] = event_new(h->base, fd, EV_READ | EV_PERSIST, on_readable, h);
        if (h->readable[family] == NULL || event_add(h->readable[family], NULL) != 0)
            return error_set(&error, TAI_ERR_MEMORY, "the event loop cannot wait on a socket"),
                   refuse(&error);
    }
    open_control(h);
    return EXIT_DONE;
}

static int run_loop(struct host *h)
{
    catch_signals(h->base);
    struct timeval soon = {.tv_usec = 1000};
    evtimer_add(h->timer, &soon);
    while (!stop_asked && !h->ending) {
        if (reload_asked) {
            reload_asked = 0;
            if (h->settings->reload != NULL)
                h->settings->reload(h->settings->ctx);
            leap_watch_again(&h->leaps);
        }
        if (event_base_dispatch(h->base) < 0) {
            log_error("clock: the event loop failed");
            return EXIT_FAILED;
        }
    }
    if (h->started) {
        struct engine_event event = {.kind = ENGINE_STOP};
        host_now(h, &event.now);
        step(h, &event);
    }
    if (h->refused)
        return EXIT_REFUSED;
    return h->failed && !stop_asked ? EXIT_FAILED : EXIT_DONE;
}

static void release(struct host *h)
{
    signalled_base = NULL;
    if (h->opened && h->settings->closed != NULL)
        h->settings->closed(h->settings->ctx);
    control_close(h->control);
    for (int family = 0; family < UDP_FAMILIES; family++)
        if (h->readable[family] != NULL)
            event_free(h->readable[family]);
    if (h->timer != NULL)
        event_free(h->timer);
    if (h->base != NULL)
        event_base_free(h->base);
    udp_close(&h->udp);
    clocks_close(&h->clocks);
    steer_close(&h->steer);
    leap_watch_close(&h->leaps);
    tracking_log_close(h->tracking_log);
    page_writer_close(&h->page);
}

int host_run(const struct host_settings *settings)
{
    struct host *h = calloc(1, sizeof *h);
    if (h == NULL) {
        log_error("clock: out of memory");
        return EXIT_FAILED;
    }
    h->settings = settings;
    h->page.fd = -1;
    for (int family = 0; family < UDP_FAMILIES; family++)
        h->udp.sockets[family].fd = -1;
    int code = open_all(h);
    if (code == EXIT_DONE)
        code = run_loop(h);
    release(h);
    free(h);
    return code;
}
