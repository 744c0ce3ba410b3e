/* SPDX-License-Identifier: Apache-2.0 */
/* What a bounded clock reading costs beside clock_gettime(CLOCK_REALTIME): short batches of each in turn on one
 * processor, the median batch of each. The page is rewritten once a second, as taid does. One JSON object on
 * standard output. Only batches run; a batch that lost its processor is an outlier that no median sees. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sdk/io/page.h"

enum { BATCH = 2000, ROUNDS = 15000 };

static int64_t monotonic_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void write_line(struct page_writer *writer)
{
    struct page_clocks now;
    page_clocks_read(true, &now);
    struct clock_line line = {
        .as_of = now.raw,
        .tai = {now.realtime_ns + INT64_C(37000000000)},
        .half_width = {1000000},
        .rate = {12345},
        .growth = {500000},
        .void_after = {now.raw.ns + INT64_C(60000000000)},
        .realtime_minus_raw_ns = now.realtime_ns - now.raw.ns,
        .tai_utc_s = 37,
        .next_tai_utc_s = 37,
        .next_leap = {PAGE_NEVER},
        .status = TAISTAMP_STATUS_SINGLE_REFERENCE,
        .source = TAISTAMP_CLOCK_SYSTEM,
    };
    if (page_boot_id(line.boot_id, NULL) != TAI_OK)
        exit(1);
    page_write(writer->page, &line);
}

static double read_batch(const taistamp_clock *clock)
{
    struct taistamp_reading reading = {.status = TAISTAMP_STATUS_UNKNOWN};
    int64_t start = monotonic_ns();
    for (int i = 0; i < BATCH; i++)
        if (taistamp_clock_read(clock, &reading) != TAI_OK ||
            reading.status != TAISTAMP_STATUS_SINGLE_REFERENCE) {
            fprintf(stderr, "bench_clock: a reading failed: %s\n", taistamp_status_name(reading.status));
            exit(1);
        }
    return (double)(monotonic_ns() - start) / BATCH;
}

static double gettime_batch(void)
{
    struct timespec t;
    int64_t start = monotonic_ns();
    for (int i = 0; i < BATCH; i++)
        clock_gettime(CLOCK_REALTIME, &t);
    return (double)(monotonic_ns() - start) / BATCH;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static void run(struct page_writer *writer, const taistamp_clock *clock)
{
    static double ours[ROUNDS], peer[ROUNDS];
    int64_t written = 0;
    for (int i = 0; i < ROUNDS; i++) {
        if (monotonic_ns() - written >= 1000000000) {
            write_line(writer);
            written = monotonic_ns();
        }
        ours[i] = read_batch(clock);
        peer[i] = gettime_batch();
    }
    double a = median(ours, ROUNDS), b = median(peer, ROUNDS);
    printf(
        "{\"name\":\"clock_read\",\"value\":%.2f,\"unit\":\"ns\",\"peer\":\"clock_gettime(CLOCK_REALTIME)\","
        "\"peer_value\":%.2f,\"ratio\":%.3f,\"goal\":\"<= 1.5 x\"}\n",
        a, b, a / b);
}

int main(void)
{
    char folder[] = "/tmp/taistamp-bench-XXXXXX", path[64];
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/clock", folder);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        fprintf(stderr, "bench_clock: not pinned to one processor\n");
    struct tai_error error;
    struct page_writer writer;
    taistamp_clock *clock;
    if (page_writer_open(path, &writer, &error) != TAI_OK ||
        taistamp_clock_open(path, &clock, &error) != TAI_OK) {
        fprintf(stderr, "bench_clock: %s\n", error.text);
        return 1;
    }
    run(&writer, clock);
    taistamp_clock_close(clock);
    page_writer_close(&writer);
    unlink(path);
    rmdir(folder);
    return 0;
}
