/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client before anything is sent: what it refuses to be made of, and what its errors may hold. Talking to servers
 * is tried through tai-stamp (tests/cli). */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <taistamp.h>

START_TEST(test_options)
{
    static const char url[] = "http://127.0.0.1:1";
    struct taistamp_net_options options = {.ca_file = "/nowhere/ca.pem"};
    taistamp_net *net = NULL;
    struct tai_error error;
    ck_assert_int_eq(taistamp_net_new(url, &options, &net, &error), TAI_ERR_ARGUMENT);
    ck_assert_int_eq(taistamp_net_new(url, &options, &net, NULL), TAI_ERR_ARGUMENT);
    options.size = sizeof options - 1;
    ck_assert_int_eq(taistamp_net_new(url, &options, &net, &error), TAI_ERR_ARGUMENT);
    ck_assert_ptr_null(net);           /* untouched */
    options.size = sizeof options + 8; /* of a newer header: what is known here counts */
    ck_assert_int_eq(taistamp_net_new(url, &options, &net, &error), TAI_OK);
    taistamp_net_free(net);
    ck_assert_int_eq(taistamp_net_new(url, NULL, &net, &error), TAI_OK);
    taistamp_net_free(net);
    taistamp_net_free(NULL);
}
END_TEST

START_TEST(test_urls)
{
    static const char *const urls[] = {NULL,
                                       "",
                                       "stamp.example",
                                       "file:///etc/passwd",
                                       "ftp://stamp.example",
                                       "HTTP",
                                       "https:/stamp.example"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        taistamp_net *net = NULL;
        struct tai_error error = {.text = ""};
        ck_assert_int_eq(taistamp_net_new(urls[i], NULL, &net, &error), TAI_ERR_ARGUMENT);
        ck_assert_ptr_null(net);
        ck_assert_uint_gt(strlen(error.text), 10);
    }
}
END_TEST

START_TEST(test_error_text)
{
    static const char *const urls[] = {"http://\x1b[2J\n.example", "http://127.0.0.1:1/\xC2\x9B\xFF"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        taistamp_net *net;
        struct tai_error error = {.text = ""};
        char *body;
        size_t len;
        ck_assert_int_eq(taistamp_net_new(urls[i], NULL, &net, &error), TAI_OK);
        ck_assert_int_eq(taistamp_net_get(net, "policy", 100, &body, &len, &error), TAI_ERR_ARGUMENT);
        ck_assert_int_ne(taistamp_net_get(net, "/policy", 100, &body, &len, &error), TAI_OK);
        ck_assert_uint_gt(strlen(error.text), 10);
        for (const char *p = error.text; *p != 0; p++)
            ck_assert_msg(*p >= 0x20 && *p < 0x7f, "byte %02x in: %s", (unsigned)(unsigned char)*p,
                          error.text);
        taistamp_net_free(net);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net");
    TCase *t = tcase_create("net");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_options);
    tcase_add_test(t, test_urls);
    tcase_add_test(t, test_error_text);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
