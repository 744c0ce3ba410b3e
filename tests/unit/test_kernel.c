/* SPDX-License-Identifier: Apache-2.0 */
/* Clock and error are of one moment, on a kernel whose state changes between two looks (adjtimex is ours here). */
#include <check.h>
#include <errno.h>
#include <sys/timex.h>

#include "server/clock/io/kernel.h"

/* maxerror at each look; the last one stays. */
static const long *script;
static size_t script_len, looks;

int adjtimex(struct timex *tx)
{
    ck_assert_uint_eq(tx->modes, 0); /* nothing is ever set */
    if (script_len == 0) {
        errno = EPERM;
        return -1;
    }
    size_t i = looks < script_len ? looks : script_len - 1;
    looks++;
    tx->maxerror = script[i];
    tx->status = STA_NANO;
    tx->offset = 7;
    tx->tai = 37;
    return TIME_OK;
}

static struct reference_sample read_with(const long *maxerrors, size_t n)
{
    struct reference_sample sample = {.width = {-1}};
    script = maxerrors;
    script_len = n;
    looks = 0;
    kernel_read(&sample);
    ck_assert_int_ge(sample.width.ns, 0);
    ck_assert_int_gt(sample.realtime_ns, INT64_C(1600000000000000000));
    ck_assert_int_gt(sample.raw.ns, 0);
    return sample;
}

START_TEST(test_one_moment)
{
    static const long steady[] = {1234}, set[] = {1000, 900000}, twice[] = {1000, 900000, 5};
    static const long restless[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    struct reference_sample s = read_with(steady, 1);
    ck_assert(s.kernel.known && s.kernel.maxerror_us == 1234 && s.kernel.offset_ns == 7);
    ck_assert(!s.kernel.unsynchronised && s.kernel.tai_offset_s == 37);
    ck_assert_uint_eq(looks, 2);
    s = read_with(set, 2);
    ck_assert(s.kernel.known && s.kernel.maxerror_us == 900000);
    s = read_with(twice, 3);
    ck_assert(s.kernel.known && s.kernel.maxerror_us == 5);
    ck_assert(!read_with(restless, 10).kernel.known);
    ck_assert(!read_with(NULL, 0).kernel.known);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel");
    TCase *tcase = tcase_create("kernel");
    tcase_add_test(tcase, test_one_moment);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
