/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks of this machine, and of one that sleeps, changes its clocksource and is moved: clock_gettime is ours where a
 * test says so. */
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "client/io/clocks.h"
#include "sdk/base/bytes.h"

/* Added to the system's clocks: the sleep of a machine, its pause, and a clock being set. */
static int64_t boot_ahead_ns, realtime_ahead_ns;
static bool without_boottime, interrupted;
static int readings;

int clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    if (id == CLOCK_BOOTTIME && without_boottime) {
        errno = EINVAL;
        return -1;
    }
    /* The processor is taken away for 3 ms, at every third reading. */
    if (interrupted && ++readings % 3 == 0) {
        struct timespec end = {.tv_nsec = 3000000};
        nanosleep(&end, NULL);
    }
    if (real(id, t) != 0)
        return -1;
    int64_t ahead = id == CLOCK_BOOTTIME ? boot_ahead_ns : id == CLOCK_REALTIME ? realtime_ahead_ns : 0;
    int64_t ns = t->tv_sec * INT64_C(1000000000) + t->tv_nsec + ahead;
    t->tv_sec = ns / 1000000000;
    t->tv_nsec = ns % 1000000000;
    return 0;
}

/* A folder with a boot id, a clocksource and a VMClock. */
struct machine {
    char folder[64], boot[128], source[128], vmclock[128];
    uint8_t *page; /* the device's memory, as the hypervisor sees it */
};

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void put(uint8_t *page, size_t at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        page[at + i] = (uint8_t)(value >> 8 * i);
}

static void make_machine(struct machine *m)
{
    strcpy(m->folder, "/tmp/test_clocks.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(m->folder));
    snprintf(m->boot, sizeof m->boot, "%s/boot_id", m->folder);
    snprintf(m->source, sizeof m->source, "%s/source", m->folder);
    snprintf(m->vmclock, sizeof m->vmclock, "%s/vmclock", m->folder);
    write_text(m->source, "tsc\n");
    write_text(m->boot, "0fd5ae4c-7a4f-4a3f-b1e6-4f8a1d2b3c4d\n");
    int fd = open(m->vmclock, O_RDWR | O_CREAT, 0600);
    ck_assert_int_eq(ftruncate(fd, 4096), 0);
    m->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(m->page != MAP_FAILED);
    close(fd);
    put(m->page, 0, 0x4b4c4356, 4);
    put(m->page, 4, 4096, 4);
    put(m->page, 8, 1, 2);
    put(m->page, 16, 1111, 8);
    put(m->page, 24, 1 << 8, 8);
    put(m->page, 104, 2222, 8);
}

static void unmake_machine(struct machine *m)
{
    munmap(m->page, 4096);
    unlink(m->boot);
    unlink(m->source);
    unlink(m->vmclock);
    rmdir(m->folder);
}

static struct clocks_paths paths_of(const struct machine *m)
{
    return (struct clocks_paths){.boot_id = m->boot, .clocksource = m->source, .vmclock = m->vmclock};
}

static uint64_t timeline(struct clocks *clocks)
{
    struct engine_now now;
    clocks_read(clocks, &now);
    return now.timeline.id;
}

START_TEST(test_this_machine)
{
    struct clocks clocks;
    struct engine_now last, now;
    clocks_open(&clocks, 7);
    clocks_read(&clocks, &last);
    for (int i = 0; i < 1000; i++) {
        clocks_read(&clocks, &now);
        ck_assert_uint_eq(now.timeline.id, last.timeline.id);
        ck_assert_int_ge(now.raw.ns, last.raw.ns);
        ck_assert_int_ge(now.width_ns, 1);
        ck_assert_int_lt(now.width_ns, 1000000);
        ck_assert_int_gt(now.realtime_ns, INT64_C(1600000000000000000));
        ck_assert_int_ge(now.boot_ns, last.boot_ns - 100000);
        last = now;
    }
    ck_assert_uint_eq(clocks_breaks(&clocks), 0);
    ck_assert_uint_ne(clocks_source_number(), 0);
    clocks_close(&clocks);
    /* Started again, it is the same; for another node it is not. */
    clocks_open(&clocks, 7);
    ck_assert_uint_eq(timeline(&clocks), last.timeline.id);
    clocks_close(&clocks);
    clocks_open(&clocks, 8);
    ck_assert_uint_ne(timeline(&clocks), last.timeline.id);
    clocks_close(&clocks);
}
END_TEST

/* Being interrupted between two readings is no sleep, and is not called exact. */
START_TEST(test_interrupted)
{
    struct clocks clocks;
    struct engine_now first, now;
    clocks_open(&clocks, 7);
    clocks_read(&clocks, &first);
    interrupted = true;
    for (int i = 0; i < 20; i++) {
        clocks_read(&clocks, &now);
        ck_assert_uint_eq(now.timeline.id, first.timeline.id);
        int64_t slip = (now.boot_ns - now.raw.ns) - (first.boot_ns - first.raw.ns);
        ck_assert_msg(slip > -4000000 && slip < 4000000, "BOOTTIME - RAW moved by %lld", (long long)slip);
        int64_t turn = (now.realtime_ns - now.raw.ns) - (first.realtime_ns - first.raw.ns);
        turn = turn < 0 ? -turn : turn;
        ck_assert_int_le(turn, now.width_ns + first.width_ns + 100000);
    }
    interrupted = false;
    clocks_close(&clocks);
}
END_TEST

START_TEST(test_sleep)
{
    struct machine m;
    struct clocks clocks;
    make_machine(&m);
    struct clocks_paths paths = paths_of(&m);
    clocks_open_at(&clocks, 1, &paths);
    uint64_t before = timeline(&clocks);
    realtime_ahead_ns = 5000000000; /* somebody sets the clock: not our affair */
    ck_assert_uint_eq(timeline(&clocks), before);
    boot_ahead_ns = realtime_ahead_ns = 30000000000;
    uint64_t after = timeline(&clocks);
    ck_assert_uint_ne(after, before);
    ck_assert_uint_eq(clocks_breaks(&clocks), CLOCKS_SLEPT);
    ck_assert_uint_eq(clocks_breaks(&clocks), 0);
    ck_assert_uint_eq(timeline(&clocks), after);
    /* A daemon that is started only now has neither the old id ... */
    struct clocks later;
    clocks_open_at(&later, 1, &paths);
    ck_assert_uint_ne(timeline(&later), before);
    clocks_close(&later);
    /* ... nor does a system without BOOTTIME sleep for ever. */
    clocks_close(&clocks);
    without_boottime = true;
    struct engine_now now;
    clocks_open_at(&clocks, 1, &paths);
    clocks_read(&clocks, &now);
    ck_assert_int_eq(now.boot_ns, now.raw.ns);
    ck_assert_uint_eq(timeline(&clocks), now.timeline.id);
    clocks_close(&clocks);
    unmake_machine(&m);
}
END_TEST

START_TEST(test_breaks)
{
    struct machine m;
    struct clocks clocks;
    make_machine(&m);
    struct clocks_paths paths = paths_of(&m);
    clocks_open_at(&clocks, 1, &paths);
    uint64_t seen[8];
    size_t n = 0;
    seen[n++] = timeline(&clocks);
    write_text(m.source, "hpet\n");
    ck_assert_uint_eq(timeline(&clocks), seen[0]); /* looked at once a second */
    clocks.source_raw_ns -= 1000000000;
    seen[n++] = timeline(&clocks);
    ck_assert_uint_eq(clocks_breaks(&clocks), CLOCKS_SOURCE_CHANGED);
    put(m.page, 12, 2, 4);
    put(m.page, 16, 1112, 8);
    seen[n++] = timeline(&clocks);
    ck_assert_uint_eq(clocks_breaks(&clocks), CLOCKS_VM_DISRUPTED);
    put(m.page, 104, 2223, 8);
    seen[n++] = timeline(&clocks);
    ck_assert_uint_eq(clocks_breaks(&clocks), CLOCKS_VM_RESTORED);
    put(m.page, 16, 1111, 8); /* back to what it was: not back to the old timeline */
    put(m.page, 104, 2222, 8);
    write_text(m.source, "tsc\n");
    clocks.source_raw_ns -= 1000000000;
    seen[n++] = timeline(&clocks);
    ck_assert_uint_eq(clocks_breaks(&clocks),
                      CLOCKS_VM_RESTORED | CLOCKS_VM_DISRUPTED | CLOCKS_SOURCE_CHANGED);
    /* An update that never ends is not waited for, and is no break. */
    put(m.page, 12, 3, 4);
    put(m.page, 16, 9999, 8);
    ck_assert_uint_eq(timeline(&clocks), seen[n - 1]);
    put(m.page, 12, 4, 4);
    put(m.page, 16, 1111, 8);
    write_text(m.boot, "0fd5ae4c-7a4f-4a3f-b1e6-4f8a1d2b3c4e\n");
    clocks_close(&clocks);
    clocks_open_at(&clocks, 1, &paths);
    seen[n++] = timeline(&clocks); /* another boot */
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert_uint_ne(seen[i], seen[k]);
    clocks_close(&clocks);
    unmake_machine(&m);
}
END_TEST

/* What is not a VMClock that we understand is none. */
START_TEST(test_vmclock)
{
    static const struct {
        size_t at;
        uint64_t value;
        size_t bytes;
        bool opens;
    } cases[] = {{0, 0x4b4c4356, 4, true}, {0, 0x56434c4b, 4, false}, {4, 104, 4, true}, {4, 103, 4, false},
                 {8, 2, 2, false},         {8, 0, 2, false},          {24, 0, 8, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct machine m;
        struct vmclock vmclock;
        struct vmclock_marks marks = {.disruption = 5};
        make_machine(&m);
        put(m.page, cases[i].at, cases[i].value, cases[i].bytes);
        vmclock_open(m.vmclock, &vmclock);
        ck_assert_int_eq(vmclock.page != NULL, cases[i].opens);
        ck_assert_int_eq(vmclock_read(&vmclock, &marks), cases[i].opens);
        ck_assert_uint_eq(marks.disruption, cases[i].opens ? 1111 : 5);
        ck_assert_uint_eq(marks.generation, i == 0 ? 2222 : 0);
        vmclock_close(&vmclock);
        ck_assert_int_eq(truncate(m.vmclock, 100), 0);
        vmclock_open(m.vmclock, &vmclock);
        ck_assert_ptr_null(vmclock.page);
        vmclock_open("/nonexistent", &vmclock);
        ck_assert_ptr_null(vmclock.page);
        unmake_machine(&m);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {test_this_machine, test_interrupted, test_sleep, test_breaks, test_vmclock};
    Suite *suite = suite_create("clocks");
    TCase *tcase = tcase_create("clocks");
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
