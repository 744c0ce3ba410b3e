/* SPDX-License-Identifier: Apache-2.0 */
/* The pure halves of the drivers: NTP's shared memory, chronyd's samples, the numbering of pulses, when to look. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/clock/core/beat.h"
#include "server/clock/core/pulse.h"
#include "server/clock/core/shm_segment.h"
#include "server/clock/core/sock_sample.h"

#define S INT64_C(1000000000)

/* ---- Shared memory ---- */

static struct shm_segment segment(void)
{
    return (struct shm_segment){.mode = 1,
                                .count = 2,
                                .clock_s = 1500000000,
                                .clock_us = 123456,
                                .clock_ns = 123456789,
                                .receive_s = 1500000000,
                                .receive_us = 654321,
                                .receive_ns = 654321098,
                                .valid = 1};
}

static enum shm_verdict read_once(struct shm_reader *reader, const struct shm_segment *s,
                                  struct shm_sample *ret)
{
    return shm_read(reader, s, s, ret);
}

START_TEST(test_shm_sample)
{
    struct shm_reader reader = {.has_last = false};
    struct shm_segment s = segment();
    struct shm_sample sample;
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_SAMPLE);
    ck_assert_int_eq(sample.posix_s, 1500000000);
    ck_assert_int_eq(sample.ns, 123456789);
    ck_assert_int_eq(sample.receive_ns, 1500000000654321098);
    ck_assert_int_eq(sample.resolution_ns, 1);
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_NO_NEWS);
    s.count = 4; /* the same time again, written again: news */
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_SAMPLE);
    s.receive_s++;
    s.clock_s++; /* a writer that never counts */
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_SAMPLE);
}
END_TEST

/* What older writers leave in the ns fields. */
START_TEST(test_shm_microseconds)
{
    struct shm_reader reader = {.has_last = false};
    struct shm_segment s = segment();
    struct shm_sample sample;
    s.clock_ns = 0;
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_SAMPLE);
    ck_assert_int_eq(sample.ns, 123456000);
    ck_assert_int_eq(sample.receive_ns, 1500000000654321098);
    ck_assert_int_eq(sample.resolution_ns, 1000);
    s.count++;
    s.receive_ns = UINT32_MAX;
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_SAMPLE);
    ck_assert_int_eq(sample.receive_ns, 1500000000654321000);
}
END_TEST

START_TEST(test_shm_torn)
{
    struct shm_reader reader = {.has_last = false};
    struct shm_segment s = segment(), again = s;
    struct shm_sample sample;
    again.count++;
    ck_assert_int_eq(shm_read(&reader, &s, &again, &sample), SHM_TORN);
    again = s;
    again.receive_us = 1; /* mode 1 goes by the count */
    ck_assert_int_eq(shm_read(&reader, &s, &again, &sample), SHM_SAMPLE);
    s.mode = again.mode = 0;
    s.count = again.count = 9;
    ck_assert_int_eq(shm_read(&reader, &s, &again, &sample), SHM_TORN);
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_SAMPLE);
}
END_TEST

/* Not valid: another reader has taken it, or it is being written. Once it stands still it counts. */
START_TEST(test_shm_not_valid)
{
    struct shm_reader reader = {.has_last = false};
    struct shm_segment s = segment();
    struct shm_sample sample;
    s.valid = 0;
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_TORN);
    s.receive_us++; /* the writer was at it */
    s.receive_ns += 1000;
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_TORN);
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_SAMPLE);
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_NO_NEWS);
    struct shm_segment empty = {.mode = 1};
    ck_assert_int_eq(read_once(&reader, &empty, &sample), SHM_NO_NEWS);
}
END_TEST

START_TEST(test_shm_bad)
{
    struct shm_sample sample;
    struct shm_segment bads[9];
    for (size_t i = 0; i < 9; i++)
        bads[i] = segment();
    bads[0].mode = 2;
    bads[1].clock_us = 1000000;
    bads[2].clock_us = -1;
    bads[3].receive_us = INT32_MAX;
    bads[4].clock_s = -1;
    bads[5].receive_s = INT64_MAX;
    bads[6].leap = 4;
    bads[7].leap = -1;
    bads[8].receive_s = -9000000000; /* now less this does not fit */
    for (size_t i = 0; i < 9; i++) {
        struct shm_reader reader = {.has_last = false};
        ck_assert_msg(read_once(&reader, &bads[i], &sample) == SHM_BAD, "case %zu", i);
    }
    struct shm_reader reader = {.has_last = false};
    struct shm_segment s = segment();
    s.leap = 3;
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_UNSYNCED);
    ck_assert_int_eq(read_once(&reader, &s, &sample), SHM_NO_NEWS); /* said once */
}
END_TEST

/* ---- chronyd's samples ---- */

START_TEST(test_sock_round_trip)
{
    static const int64_t offsets[] = {0, 1, -1, 123456789, -123456789, 37 * S, -S / 2, 4000000 * S + 7};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        struct sock_sample s = {.realtime_ns = 1500000000123456789,
                                .offset_ns = offsets[i],
                                .leap = (int32_t)(i % 3),
                                .pulse = i % 2 == 0},
                           back;
        uint8_t datagram[SOCK_SAMPLE_LEN];
        sock_sample_write(&s, datagram);
        ck_assert(sock_sample_parse(bytes_of(datagram, sizeof datagram), &back));
        ck_assert_int_eq(back.realtime_ns, 1500000000123456000);
        ck_assert_int_eq(back.offset_ns, offsets[i]);
        ck_assert_int_eq(back.resolution_ns, 1);
        ck_assert_int_eq(back.pulse, s.pulse);
        ck_assert_int_eq(back.leap, s.leap);
        for (size_t len = 0; len < SOCK_SAMPLE_LEN; len++)
            ck_assert(!sock_sample_parse(bytes_of(datagram, len), &back));
    }
}
END_TEST

/* The layout is chronyd's: built here by hand. */
static void by_hand(uint8_t datagram[SOCK_SAMPLE_LEN], int64_t s, int64_t us, double offset, int32_t leap)
{
    int32_t pulse = 0, magic = 0x534f434b;
    memset(datagram, 0, SOCK_SAMPLE_LEN);
    memcpy(datagram, &s, 8);
    memcpy(datagram + 8, &us, 8);
    memcpy(datagram + 16, &offset, 8);
    memcpy(datagram + 24, &pulse, 4);
    memcpy(datagram + 28, &leap, 4);
    memcpy(datagram + 36, &magic, 4);
}

START_TEST(test_sock_hostile)
{
    uint8_t d[SOCK_SAMPLE_LEN];
    struct sock_sample s;
    by_hand(d, 1500000000, 999999, -0.25, 2);
    ck_assert(sock_sample_parse(bytes_of(d, sizeof d), &s));
    ck_assert_int_eq(s.realtime_ns, 1500000000999999000);
    ck_assert_int_eq(s.offset_ns, -S / 4);
    by_hand(d, 5, 0, 1.6e9, 0); /* a machine whose clock begins in 1970: a double says that to some 100 ns */
    ck_assert(sock_sample_parse(bytes_of(d, sizeof d), &s));
    ck_assert_int_ge(s.resolution_ns, 239);
    const double nasty[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 1e300, -1e10};
    for (size_t i = 0; i < sizeof nasty / sizeof nasty[0]; i++) {
        by_hand(d, 5, 0, nasty[i], 0);
        ck_assert_msg(!sock_sample_parse(bytes_of(d, sizeof d), &s), "case %zu", i);
    }
    const struct {
        int64_t s, us;
        int32_t leap;
    } bads[] = {{-1, 0, 0}, {INT64_MAX, 0, 0}, {5, -1, 0}, {5, 1000000, 0}, {5, 0, 3}, {5, 0, -1}};
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        by_hand(d, bads[i].s, bads[i].us, 0, bads[i].leap);
        ck_assert_msg(!sock_sample_parse(bytes_of(d, sizeof d), &s), "case %zu", i);
    }
    by_hand(d, 5, 0, 0, 0);
    d[36] ^= 1;
    ck_assert(!sock_sample_parse(bytes_of(d, sizeof d), &s));
    uint8_t longer[SOCK_SAMPLE_LEN + 1] = {0};
    ck_assert(!sock_sample_parse(bytes_of(longer, sizeof longer), &s));
}
END_TEST

/* ---- Pulses ---- */

static struct tai_interval about(int64_t ns, int64_t half)
{
    return (struct tai_interval){{ns - half}, {ns + half}};
}

START_TEST(test_pulse_number)
{
    tai_t t;
    struct tai_interval known = about(1000000036900000000, 200000000);
    ck_assert(pulse_number(&known, 50, &t)); /* the worked number of the header */
    ck_assert_int_eq(t.ns, 1000000037000000050);
    known = about(5 * S + S / 2 - 1, 400000000);
    ck_assert(pulse_number(&known, 0, &t));
    ck_assert_int_eq(t.ns, 5 * S);
    known = about(5 * S + S / 2, 400000000);
    ck_assert(pulse_number(&known, 0, &t));
    ck_assert_int_eq(t.ns, 6 * S);
    known = about(5 * S, 400000001);
    ck_assert(!pulse_number(&known, 0, &t));
    known = about(-5 * S - 3, 1);
    ck_assert(pulse_number(&known, 0, &t));
    ck_assert_int_eq(t.ns, -5 * S);
    known = (struct tai_interval){{INT64_MAX - 1}, {INT64_MAX}};
    ck_assert(!pulse_number(&known, 0, &t));
    known = (struct tai_interval){{INT64_MIN}, {INT64_MAX}};
    ck_assert(!pulse_number(&known, 0, &t));
}
END_TEST

/* Whatever the second, the fraction and what is known of it: the pulse's own number comes out while what is known is
 * within 0.4 s and true. */
START_TEST(test_pulse_property)
{
    uint64_t x = 88172645463325252U; /* xorshift64; a failure prints the case */
    for (int i = 0; i < 100000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        int64_t second = (int64_t)(x % 4000000000U) * S, fraction = (int64_t)(x >> 33) % S;
        int64_t half = (int64_t)(x >> 17) % 400000001,
                off = half == 0 ? 0 : (int64_t)(x >> 7) % (2 * half) - half;
        struct tai_interval known = about(second + fraction + off, half);
        tai_t t = {0};
        bool numbered = pulse_number(&known, fraction, &t);
        ck_assert_msg(numbered && t.ns == second + fraction, "case %d", i);
    }
}
END_TEST

/* ---- When to look ---- */

/* A source whose news are there `lag` after each second, seen from any start: soon found within 5 ms and the clocks' lag. */
START_TEST(test_beat)
{
    for (int64_t start = 0; start < S; start += 77777777) {
        struct beat beat = {0};
        const int64_t lag = 3000000;
        int64_t at = start, last = -1, looks = 0, worst = 0;
        while (at < 200 * S) {
            int64_t newest = (at - lag) / S; /* of the second whose news are there */
            bool found = at >= lag && newest > last;
            int64_t age = at - newest * S;
            if (found) {
                last = newest;
                worst = at > 120 * S && age > worst ? age : worst;
            }
            at += beat_next(&beat, found, age);
            looks++;
        }
        ck_assert_int_ge(last, 198);
        ck_assert_int_le(worst, lag + BEAT_STEP_NS);
        ck_assert_int_lt(looks, 200 * 3);
    }
    struct beat beat = {0};
    int64_t wait = 0, looks = 0;
    for (; wait < 60 * S; looks++)
        wait += beat_next(&beat, false, 0);
    ck_assert_int_lt(looks, 700); /* a silent source costs ten looks a second */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("refclock_forms");
    TCase *t = tcase_create("refclock_forms");
    tcase_add_test(t, test_shm_sample);
    tcase_add_test(t, test_shm_microseconds);
    tcase_add_test(t, test_shm_torn);
    tcase_add_test(t, test_shm_not_valid);
    tcase_add_test(t, test_shm_bad);
    tcase_add_test(t, test_sock_round_trip);
    tcase_add_test(t, test_sock_hostile);
    tcase_add_test(t, test_pulse_number);
    tcase_add_test(t, test_pulse_property);
    tcase_add_test(t, test_beat);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
