/* SPDX-License-Identifier: Apache-2.0 */
/* Orders to the kernel's clock, against a kernel of our own: adjtimex(2) is replaced, nothing of this machine is set. */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/timex.h>

#include "client/io/steer.h"
#include "tests/unit/prop.h"

/* What the replaced kernel holds, by the rules of Linux kernel/time/ntp.c. */
static struct {
    long freq, tick, offset, slew;
    long maxerror, esterror, tai;
    int status;
    int64_t stepped_ns;
    int calls, sets;
    int refuse; /* errno for what sets */
} kernel;

int adjtimex(struct timex *tx)
{
    kernel.calls++;
    if (tx->modes != 0) {
        kernel.sets++;
        if (kernel.refuse != 0) {
            errno = kernel.refuse;
            return -1;
        }
    }
    if (tx->modes == ADJ_OFFSET_SINGLESHOT) {
        kernel.slew = tx->offset;
        tx->modes = 0;
    }
    ck_assert((tx->modes & ADJ_SETOFFSET) == 0 || tx->modes == (ADJ_SETOFFSET | ADJ_NANO));
    if ((tx->modes & ADJ_SETOFFSET) != 0) {
        ck_assert(tx->time.tv_usec >= 0 && tx->time.tv_usec < 1000000000);
        kernel.stepped_ns += tx->time.tv_sec * INT64_C(1000000000) + tx->time.tv_usec;
        kernel.status |= STA_UNSYNC;
        kernel.maxerror = 16000000;
    }
    if ((tx->modes & ADJ_STATUS) != 0)
        kernel.status = (kernel.status & STA_NANO) | tx->status;
    if ((tx->modes & ADJ_NANO) != 0)
        kernel.status |= STA_NANO;
    if ((tx->modes & ADJ_FREQUENCY) != 0) {
        ck_assert(tx->freq >= -32768000 && tx->freq <= 32768000);
        kernel.freq = tx->freq;
    }
    if ((tx->modes & ADJ_TICK) != 0) {
        ck_assert(tx->tick >= 9000 && tx->tick <= 11000);
        kernel.tick = tx->tick;
    }
    if ((tx->modes & ADJ_MAXERROR) != 0)
        kernel.maxerror = tx->maxerror;
    if ((tx->modes & ADJ_ESTERROR) != 0)
        kernel.esterror = tx->esterror;
    if ((tx->modes & ADJ_TAI) != 0)
        kernel.tai = tx->constant;
    if ((tx->modes & ADJ_OFFSET) != 0 && (kernel.status & STA_PLL) != 0)
        kernel.offset = tx->offset;
    tx->freq = kernel.freq;
    tx->tick = kernel.tick;
    tx->offset = kernel.offset;
    tx->status = kernel.status;
    tx->maxerror = kernel.maxerror;
    tx->esterror = kernel.esterror;
    tx->tai = (int)kernel.tai;
    return TIME_OK;
}

static void fresh(void)
{
    memset(&kernel, 0, sizeof kernel);
    kernel.tick = 10000;
    kernel.status = STA_UNSYNC;
    kernel.maxerror = 16000000;
}

static struct steer opened(void)
{
    struct steer steer;
    ck_assert_int_eq(steer_open(&steer, true, NULL), TAI_OK);
    return steer;
}

/* What earlier keepers left is ended, and the rate stays what it was. */
START_TEST(test_take_in_hand)
{
    struct steer_state state;
    fresh();
    kernel.freq = 65536 * 20; /* 20 ppm, and a tick of 2: 220 ppm together */
    kernel.tick = 10002;
    kernel.offset = 12345;
    kernel.slew = 777;
    kernel.status = STA_PLL | STA_INS | STA_NANO;
    steer_state_read(&state);
    ck_assert(state.known && state.leap_scheduled && !state.unsynchronised);
    ck_assert_int_eq(state.rate_ps_per_s, 220000000);
    ck_assert_int_eq(state.offset_ns, 12345);
    struct steer steer = opened();
    steer_read(&steer, &state);
    ck_assert(state.known && !state.rival && !state.leap_scheduled && !state.unsynchronised);
    ck_assert_int_eq(state.rate_ps_per_s, 220000000);
    ck_assert_int_eq(kernel.tick, 10000);
    ck_assert_int_eq(kernel.freq, 65536 * 220);
    ck_assert_int_eq(kernel.offset, 0);
    ck_assert_int_eq(kernel.slew, 0);
    ck_assert_int_eq(kernel.status, STA_NANO);
    /* Beyond what frequency alone can say: as far as it goes. */
    fresh();
    kernel.tick = 10011;
    steer = opened();
    steer_read(&steer, &state);
    ck_assert_int_eq(state.rate_ps_per_s, STEER_RATE_PS_MAX);
    ck_assert(state.unsynchronised);
    ck_assert_int_eq(kernel.stepped_ns, 0);
}
END_TEST

START_TEST(test_reading_sets_nothing)
{
    struct steer steer;
    struct steer_state state;
    fresh();
    kernel.refuse = EPERM;
    ck_assert_int_eq(steer_open(&steer, false, NULL), TAI_OK);
    steer_read(&steer, &state);
    ck_assert(state.known && !state.rival);
    ck_assert_int_eq(kernel.sets, 0);
    struct tai_error error;
    ck_assert_int_eq(steer_open(&steer, true, &error), TAI_ERR_PERMISSION);
    ck_assert_ptr_nonnull(strstr(error.text, "CAP_SYS_TIME"));
}
END_TEST

START_TEST(test_order)
{
    fresh();
    struct steer steer = opened();
    struct steer_state state;
    struct engine_steer order = {
        .rate_ps_per_s = 12500000, .maxerror_ns = 1234001, .esterror_ns = 999, .tai_utc_s = 37};
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
    ck_assert_int_eq(kernel.freq, 819200);
    ck_assert_int_eq(kernel.maxerror, 1235);
    ck_assert_int_eq(kernel.esterror, 1);
    ck_assert_int_eq(kernel.tai, 37);
    ck_assert_int_eq(kernel.stepped_ns, 0);
    steer_read(&steer, &state);
    ck_assert(!state.unsynchronised && !state.rival && state.tai_utc_s == 37);
    order.unsynchronised = true;
    order.tai_utc_s = 0; /* left as it is */
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
    steer_read(&steer, &state);
    ck_assert(state.unsynchronised && state.tai_utc_s == 37);
    /* A half-width beyond words: 16 s, and unsynchronised whatever the order says. */
    order = (struct engine_steer){.maxerror_ns = INT64_MAX, .esterror_ns = 16000000000};
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
    ck_assert(kernel.maxerror == 16000000 && kernel.esterror == 16000000 && kernel.status & STA_UNSYNC);
    order.maxerror_ns = 15999999000;
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
    ck_assert(kernel.maxerror == 15999999 && (kernel.status & STA_UNSYNC) == 0);
    steer_close(&steer);
}
END_TEST

START_TEST(test_steps)
{
    static const int64_t steps[] = {
        0, 1, -1, 999999999, -999999999, -1000000000, INT64_C(-123456789012345678)};
    fresh();
    struct steer steer = opened();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        kernel.stepped_ns = 0;
        struct engine_steer order = {.step = true, .step_ns = steps[i], .maxerror_ns = 5000};
        ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
        ck_assert_int_eq(kernel.stepped_ns, steps[i]);
        /* The step makes the kernel say unsynchronised; the order comes after it. */
        ck_assert(kernel.maxerror == 5 && (kernel.status & STA_UNSYNC) == 0);
        order.step = false;
        ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
        ck_assert_int_eq(kernel.stepped_ns, steps[i]);
    }
}
END_TEST

/* Nothing reaches the kernel of an order that is out of bounds. */
START_TEST(test_refused)
{
    static const struct engine_steer orders[] = {
        {.rate_ps_per_s = STEER_RATE_PS_MAX + 1},
        {.rate_ps_per_s = -STEER_RATE_PS_MAX - 1},
        {.rate_ps_per_s = INT64_MIN},
        {.maxerror_ns = -1},
        {.esterror_ns = -1},
        {.tai_utc_s = -1},
        {.tai_utc_s = STEER_TAI_UTC_S_MAX + 1},
        {.step = true, .step_ns = INT64_MIN},
        {.step = true, .step_ns = INT64_MAX},
        {.step = true, .step_ns = 5, .rate_ps_per_s = INT64_MAX},
    };
    fresh();
    struct steer steer = opened();
    int before = kernel.calls;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        ck_assert_int_eq(steer_apply(&steer, &orders[i], NULL), TAI_ERR_RANGE);
    ck_assert_int_eq(kernel.calls, before);
    struct engine_steer order = {.rate_ps_per_s = -STEER_RATE_PS_MAX};
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
    ck_assert_int_eq(kernel.freq, -32768000);
    kernel.refuse = EPERM;
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_ERR_PERMISSION);
    order.step = true;
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_ERR_PERMISSION);
    kernel.refuse = EINVAL;
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_ERR_IO);
}
END_TEST

START_TEST(test_rivals_show)
{
    fresh();
    struct steer steer = opened();
    struct engine_steer order = {.rate_ps_per_s = 1000000, .maxerror_ns = 1000};
    struct steer_state state;
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
    steer_read(&steer, &state);
    ck_assert(!state.rival);
    kernel.maxerror += 500; /* the kernel's own doing */
    kernel.status |= STA_UNSYNC;
    steer_read(&steer, &state);
    ck_assert(!state.rival);
    kernel.freq += 1;
    steer_read(&steer, &state);
    ck_assert(state.rival);
    ck_assert_int_eq(state.rate_ps_per_s, 1000015);
    kernel.freq -= 1;
    kernel.tick += 1;
    steer_read(&steer, &state);
    ck_assert(state.rival && state.rate_ps_per_s == 101000000);
    kernel.tick -= 1;
    kernel.status |= STA_PLL;
    steer_read(&steer, &state);
    ck_assert(state.rival);
    kernel.status = (kernel.status & ~STA_PLL) | STA_INS;
    steer_read(&steer, &state);
    ck_assert(state.rival && state.leap_scheduled);
    order.leap = 1;
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
    steer_read(&steer, &state);
    ck_assert(!state.rival && (kernel.status & STA_INS) != 0);
    order.leap = -1;
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
    ck_assert_int_eq(kernel.status & (STA_INS | STA_DEL), STA_DEL);
    steer_read(&steer, &state);
    ck_assert(!state.rival);
    kernel.status &= ~STA_DEL;
    steer_read(&steer, &state);
    ck_assert(state.rival);
    order.leap = 0;
    ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
    steer_read(&steer, &state);
    ck_assert(!state.rival);
}
END_TEST

/* Told and shown rates agree to half a unit of the kernel's. */
START_TEST(test_rates)
{
    struct prop prop = prop_start("rates", 1);
    fresh();
    struct steer steer = opened();
    for (int i = 0; i < 20000; i++) {
        struct engine_steer order = {.rate_ps_per_s = (int64_t)prop_below(&prop, 2 * STEER_RATE_PS_MAX + 1) -
                                                      STEER_RATE_PS_MAX};
        struct steer_state state;
        ck_assert_int_eq(steer_apply(&steer, &order, NULL), TAI_OK);
        steer_read(&steer, &state);
        int64_t off = state.rate_ps_per_s - order.rate_ps_per_s;
        ck_assert_msg(off >= -8 && off <= 8, "%lld became %lld", (long long)order.rate_ps_per_s,
                      (long long)state.rate_ps_per_s);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {test_take_in_hand, test_reading_sets_nothing, test_order, test_steps,
                                  test_refused,      test_rivals_show,          test_rates};
    Suite *suite = suite_create("steer");
    TCase *tcase = tcase_create("steer");
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
