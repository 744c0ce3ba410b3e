/* SPDX-License-Identifier: Apache-2.0 */
/* The host of an engine: the loop that reads the clocks, hands in events and carries out actions.
 *
 * One host runs one engine, that of a lab machine (client/core/follower.h) or of a server (server/clock/core/node.h),
 * on a libevent base in one thread. At each wake-up it reads RAW, REALTIME and BOOTTIME once, in a sandwich, and gives
 * that reading to the engine with what woke it. It decides nothing about time.
 *
 *     socket readable  -> ENGINE_PACKET, at most HOST_BURST of them, then late transmit stamps -> ENGINE_SENT
 *     timer            -> ENGINE_TIMER; each second also ENGINE_KERNEL, and what the owner's `second` brings
 *     action persist   -> durable file, then at once ENGINE_PERSISTED
 *
 * The first reading of the clocks is made at the first wake-up, not before (clknetsim's clocks are odd until then), so
 * ENGINE_START is the first timer's work.
 *
 * Signals: SIGTERM and SIGINT end the loop after ENGINE_STOP; SIGHUP calls the owner's `reload`. They set a flag and
 * break the loop: no self-pipe. One host per process.
 *
 * What it needs besides: libevent with poll or select under a simulator (EVENT_NOEPOLL=1). */
#ifndef CLIENT_IO_HOST_H
#define CLIENT_IO_HOST_H

#include "client/core/view.h"
#include "client/io/control.h"
#include "sdk/io/udp.h"
#include "sdk/time/page.h"
#include "taistamp/base.h"

enum { HOST_BURST = 32, HOST_RECORDS_MAX = 4 };
#define HOST_READY_NS INT64_C(5000000000)

/* The engine behind the host. */
struct host_engine {
    void *engine;
    void (*step)(void *engine, const struct engine_event *event, struct engine_actions *ret_actions);
    /* Views at raw reading `raw`, which is now. */
    void (*tracking)(const void *engine, tai_mono_t raw, struct view_tracking *ret_view);
    size_t (*sources)(const void *engine, tai_mono_t raw, struct view_source *ret_views, size_t cap);
    void (*cluster)(const void *engine, tai_mono_t raw, struct view_cluster *ret_view);
};

/* Where a record of the engine is kept. */
struct host_record {
    enum engine_record record;
    const char *path;
};

struct event_base;
struct host;
struct json_t;
struct leap_table;

struct host_settings {
    struct host_engine engine;
    sync_node_t self;
    struct udp_settings udp;
    bool steer;               /* mode system: actions that steer are carried out */
    const char *page;         /* the clock page to write */
    const char *control;      /* path of the control socket; NULL: none */
    const char *tracking_log; /* one line each second; NULL: none */
    /* One for each kind that the engine persists. */
    struct host_record records[HOST_RECORDS_MAX];
    size_t records_count;
    const char *leap_file; /* NULL: the newest found */
    /* The operator's word for how far the time of a cluster without references is from TAI, ns: such a line is published
     * as "assumed", wider by this. Negative: nobody said, and it stays "relative". */
    int64_t assume_error_ns;
    void *ctx; /* of the calls below, each of which may be NULL */
    const char *(*name)(void *ctx, sync_node_t node);
    /* Once a second, after the clocks were read: true to hand in the reference it filled. */
    bool (*second)(void *ctx, const struct engine_now *now, const struct sync_leap *leap,
                   struct sync_reference *ret_reference);
    /* What is known of the own oscillator; false: nothing is modelled. */
    bool (*oscillator)(void *ctx, struct view_oscillator *ret_view);
    /* Once, at the first wake-up, after ENGINE_START: the owner may put work of its own on the loop and ask what stands below.
     * False: it cannot go on, and has said why; the host ends and a person must look. `closed` is called once afterwards,
     * before the loop is freed. An owner that sets `opened` has stamps placed. */
    bool (*opened)(void *ctx, struct host *host);
    void (*closed)(void *ctx);
    void (*reload)(void *ctx);
    /* What ENGINE_SAYS_ELECTION with this value means, in words, and whether a person must look; NULL: nothing to log. */
    const char *(*election)(void *ctx, int64_t value, bool *ret_alarming);
    /* Once: after the first line with an interval was published, or HOST_READY_NS after the start without one. A server
     * that hears nobody is ready all the same: it says "unknown", and that is an answer. */
    void (*ready)(void *ctx);
    /* Once: after the first line with an interval was published. */
    void (*published)(void *ctx);
    /* What the owner knows of its own reference, for the clock page: how many of its sources count, since when none does,
     * and how many of them announce other leap seconds than the table has.
     * The rest is filled in. */
    void (*make)(void *ctx, tai_mono_t raw, struct page_make *make);
    /* The answer to a verb of the control socket that is the owner's own, as control_answer has them; NULL: it has no such. */
    struct json_t *(*answer)(void *ctx, const char *verb);
    /* After each step: true ends the loop (tai-client --once). */
    bool (*done)(void *ctx);
};

/* Runs until a signal or `done`. Returns an exit code: 0; 1: failed in a way that a new start may cure; 78: refuses to
 * run until a person has looked (page or port in use, no permission). The settings outlive the call. */
int host_run(const struct host_settings *settings);
/* The operator's word, settings->assume_error_ns, on how far a cluster without references is from TAI: makes of a relative line, as the
 * engine shows it, what is published and what those who ask are told. The parts of the half-width still add up to it. */
void host_take_word(const struct host_settings *settings, struct view_tracking *view);
/* Fills in how far the line is from this machine's own clock now: in mode page the engine does not look, for nobody steers by
 * it, and people ask all the same. */
void host_see_system_clock(struct view_tracking *view);

/* ---- For the owner's own work between `opened` and `closed`, from the loop's thread ---- */

struct event_base *host_base(struct host *host);
/* The clocks, read now. */
void host_now(struct host *host, struct engine_now *ret_now);
/* Where a stamp of CLOCK_REALTIME, at most a minute old, lies on the raw timeline, within +-*ret_width_ns. Where nobody but
 * this process steers REALTIME, the way it went between two readings is known, and the width is theirs; else it may
 * have run up to 1000 ppm differently from the nearest one on. False (untouched): rawmap_locate says why. */
bool host_locate(struct host *host, int64_t realtime_ns, tai_mono_t *ret_raw, int64_t *ret_width_ns);
/* The leap table in short, the machine's own or the cluster's, whichever expires later; and the machine's own in whole, NULL where
 * there is none, valid until the next wake-up. */
void host_leap(const struct host *host, struct sync_leap *ret_leap);
const struct leap_table *host_leaps(const struct host *host);

#endif
