/* SPDX-License-Identifier: Apache-2.0 */
/* The follower against scripted servers: what it follows, what it refuses, and that its interval always holds the truth. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/openssl.h"
#include "tests/unit/tiny_net.h"

static struct crypto crypto;
static struct tiny net;

static void setup(void)
{
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
}

static void teardown(void)
{
    openssl_crypto_close(&crypto);
}

static void tell(const char *what)
{
    struct view_tracking v = tiny_view(&net);
    printf("%s: %.1f s, state %d, status %d, REALTIME rms %.0f ns, max %.0f, line max %.0f, half-width %lld, "
           "accepted %u suspect %u rejected %u, published %llu, jump %lld\n",
           what, (double)net.t / 1e9, (int)v.state, (int)v.line.status, tiny_rms(&net), net.error_max,
           net.line_error_max, (long long)v.half_width_ns, v.corrections_accepted, v.corrections_suspect,
           v.corrections_rejected, (unsigned long long)net.published, (long long)net.biggest_jump_ns);
}

START_TEST(one_server_is_followed_to_a_fraction_of_a_microsecond)
{
    tiny_init(&net, &crypto, 1, 1, ENGINE_MODE_SYSTEM);
    tiny_start(&net);
    tiny_run(&net, 5 * TINY_S);
    tell("one server, at once");
    ck_assert_int_eq(tiny_view(&net).state, VIEW_FOLLOWING);
    tiny_run(&net, 600 * TINY_S);
    tell("one server");
    ck_assert_uint_eq(net.false_intervals, 0);
    ck_assert_uint_eq(net.steps, 1);
    ck_assert_double_lt(tiny_rms(&net), 1000);
    ck_assert_int_le(net.biggest_jump_ns, 5);
    ck_assert_int_lt(tiny_view(&net).half_width_ns, 150000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("follower");
    TCase *c = tcase_create("follower");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, one_server_is_followed_to_a_fraction_of_a_microsecond);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
