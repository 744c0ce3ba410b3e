/* SPDX-License-Identifier: Apache-2.0 */
/* The facade of taistamp/clock.h: a mapped page, this boot's id, and two clock readings per call. */
#include "taistamp/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sdk/base/error.h"
#include "sdk/io/page.h"
#include "sdk/time/page_quick.h"

static const char page_default[] = "/run/taistamp/clock";

/* A writer at work is done in some 20 ns, unless it lost its processor: then wait, this often and this long.
 */
enum { BUSY_TRIES = 10, BUSY_WAIT_NS = 50000 };
enum { DOUBT_TRIES = 3 };

/* No generation of a line that can be read: those are even. */
enum { GENERATION_NONE = 1 };

struct taistamp_clock {
    const struct clock_page *page;
    /* The newest line that was looked at in full, was of this boot and has an interval. Threads share it: whichever
     * generation it holds, that line was good. */
    _Atomic uint64_t *good_generation;
    uint8_t boot_id[16];
};

const char *taistamp_status_name(enum taistamp_status status)
{
    static const char *const names[] = {
        [TAISTAMP_STATUS_SYNCHRONISED] = "synchronised",
        [TAISTAMP_STATUS_SINGLE_REFERENCE] = "single-reference",
        [TAISTAMP_STATUS_ASSUMED] = "assumed",
        [TAISTAMP_STATUS_RELATIVE] = "relative",
        [TAISTAMP_STATUS_UNKNOWN] = "unknown",
        [TAISTAMP_STATUS_DISRUPTED] = "disrupted",
        [TAISTAMP_STATUS_EXPIRED] = "expired",
    };
    size_t i = (size_t)status;
    return i < sizeof names / sizeof *names ? names[i] : "other";
}

/* page_read, waiting out a writer that was interrupted between its two generations. */
static enum page_verdict read_patiently(const struct clock_page *page, struct clock_line *ret_line,
                                        uint64_t *ret_generation)
{
    enum page_verdict verdict = PAGE_BUSY;
    for (int i = 0; i < BUSY_TRIES && verdict == PAGE_BUSY; i++) {
        struct timespec wait = {.tv_nsec = BUSY_WAIT_NS};
        nanosleep(&wait, NULL);
        verdict = page_read(page, ret_line, ret_generation);
    }
    return verdict;
}

enum tai_err taistamp_clock_open(const char *path, taistamp_clock **ret_clock, struct tai_error *error)
{
    if (ret_clock == NULL)
        return error_set(error, TAI_ERR_ARGUMENT, "ret_clock must not be NULL");
    if (path == NULL)
        path = secure_getenv("TAISTAMP_CLOCK_PAGE");
    if (path == NULL || *path == 0)
        path = page_default;
    taistamp_clock *clock = calloc(1, sizeof *clock);
    if (clock != NULL)
        clock->good_generation = malloc(sizeof *clock->good_generation);
    if (clock == NULL || clock->good_generation == NULL) {
        free(clock);
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    }
    atomic_init(clock->good_generation, GENERATION_NONE);
    enum tai_err err = page_boot_id(clock->boot_id, error);
    if (err == TAI_OK)
        err = page_map(path, &clock->page, error);
    struct clock_line line;
    if (err == TAI_OK && page_read(clock->page, &line, NULL) == PAGE_FOREIGN)
        err = error_set_detail(error, TAI_ERR_CORRUPT, "this is not a clock page of this version",
                               bytes_of_str(path));
    if (err != TAI_OK) {
        taistamp_clock_close(clock);
        return err;
    }
    *ret_clock = clock;
    return TAI_OK;
}

void taistamp_clock_close(taistamp_clock *clock)
{
    if (clock == NULL)
        return;
    page_unmap(clock->page);
    free(clock->good_generation);
    free(clock);
}

static int64_t ns_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * NS_PER_S + t->tv_nsec;
}

/* A line not seen before (one a second), and every case but the common one. */
static enum tai_err read_slowly(const taistamp_clock *clock, struct taistamp_reading *ret_reading)
{
    struct clock_line line;
    uint64_t generation = GENERATION_NONE;
    enum page_verdict verdict = page_read(clock->page, &line, &generation);
    if (verdict == PAGE_BUSY)
        verdict = read_patiently(clock->page, &line, &generation);
    if (verdict != PAGE_OK)
        return verdict == PAGE_BUSY ? TAI_ERR_UNAVAILABLE : TAI_ERR_CORRUPT;
    bool other_boot =
        line.void_after.ns != 0 && memcmp(line.boot_id, clock->boot_id, sizeof line.boot_id) != 0;
    struct taistamp_reading reading = {.status = TAISTAMP_STATUS_EXPIRED, .utc = TAISTAMP_UTC_UNKNOWN};
    /* The coarse clock stands still while the processor that ticks it is busy elsewhere, and this thread may lose
     * its own between the two readings: nobody's clock was set, so ask the fine one, more than once. */
    for (int i = 0; i < DOUBT_TRIES && !other_boot; i++) {
        struct page_clocks now;
        page_clocks_read(true, &now);
        page_evaluate(&line, now.raw, now.realtime_ns, &reading);
        if (reading.status != TAISTAMP_STATUS_DISRUPTED)
            break;
    }
    if (!other_boot && page_status_has_interval(line.status))
        atomic_store_explicit(clock->good_generation, generation, memory_order_relaxed);
    *ret_reading = reading;
    return TAI_OK;
}

enum tai_err taistamp_clock_read(const taistamp_clock *clock, struct taistamp_reading *ret_reading)
{
    struct timespec raw, realtime;
    uint64_t good = atomic_load_explicit(clock->good_generation, memory_order_relaxed);
    clock_gettime(CLOCK_MONOTONIC_RAW, &raw);
    clock_gettime(CLOCK_REALTIME_COARSE, &realtime);
    if (page_read_quick(clock->page, good, (tai_mono_t){ns_of(&raw)}, ns_of(&realtime), ret_reading))
        return TAI_OK;
    return read_slowly(clock, ret_reading);
}
