/* SPDX-License-Identifier: Apache-2.0 */
/* tai-client.yaml: every default, the refusals that are its own, and the sample. What it shares with taid.yaml is tested
 * by test_config. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/io/client_config.h"
#include "sdk/io/sync_settings.h"

static struct client_config *must_parse(const char *text)
{
    struct client_config *c = NULL;
    struct tai_error error = {0};
    enum tai_err err = client_config_parse("/etc/t/c.yaml", text, strlen(text), &c, &error);
    ck_assert_msg(err == TAI_OK, "%s", error.text);
    return c;
}

static char *print(const struct client_config *c)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    client_config_print(c, f);
    fclose(f);
    return text;
}

static void assert_defaults(const struct client_config *c)
{
    ck_assert_str_eq(c->path, "/etc/t/c.yaml");
    ck_assert_str_eq(c->data_dir, "/etc/t");
    ck_assert_str_eq(c->cluster, "/etc/t/cluster.yaml");
    ck_assert_str_eq(c->node_key, "/etc/t/node.key");
    ck_assert_str_eq(c->page, "/etc/t/run/clock");
    ck_assert_str_eq(c->drift_file, "/etc/t/drift");
    ck_assert_str_eq(c->control, "/etc/t/run/control");
    ck_assert_int_eq(c->mode, SYNC_MODE_PAGE);
    ck_assert_int_eq(c->oscillator, SYNC_OSCILLATOR_PC);
    ck_assert_uint_eq(c->rate_bound_ppm, 50);
    ck_assert_int_eq(c->peer_poll_ns, 4000 * SYNC_MS);
    ck_assert_int_eq(c->step_threshold_ns, 100 * SYNC_MS);
    ck_assert_int_eq(c->log_level, 2);
}

/* The sample, and the sample with a '#' taken away from every line that holds a setting. */
static char *sample(bool all, int *ret_found)
{
    FILE *f = fopen(TEST_SRCDIR "/docs/tai-client.yaml", "r");
    ck_assert_ptr_nonnull(f);
    char *text = NULL, line[400];
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    *ret_found = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        size_t n = line[0] == '#' ? strspn(line + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
        bool setting = n > 0 && line[1 + n] == ':';
        *ret_found += setting;
        fputs(setting && all ? line + 1 : line, out);
    }
    fclose(f);
    fclose(out);
    return text;
}

START_TEST(test_sample)
{
    int found;
    for (int all = 0; all <= 1; all++) {
        char *text = sample(all, &found);
        struct client_config *c = must_parse(text);
        assert_defaults(c);
        ck_assert_int_eq(found, 15);
        if (all) {
            ck_assert_str_eq(c->node, "scope");
            ck_assert_str_eq(c->user, "taistamp-client");
            ck_assert_uint_eq(c->listen_count, 2);
        } else {
            ck_assert_ptr_null(c->node);
            ck_assert_ptr_null(c->leap_file);
            ck_assert_ptr_null(c->user);
            ck_assert_uint_eq(c->listen_count, 0);
        }
        client_config_free(c);
        free(text);
    }
}
END_TEST

START_TEST(test_values)
{
    struct client_config *c =
        must_parse("data_dir: /var/lib/c\ncluster: /etc/c.yaml\nnode_key: k/n\nnode: 7\nlisten: \"[::]:99\"\n"
                   "mode: system\npage: /run/taistamp/clock\noscillator: tcxo\nrate_bound_ppm: 2\n"
                   "peer_poll_ms: 1024000\nstep_threshold_ms: 0\nlog_level: error\n");
    ck_assert_str_eq(c->cluster, "/etc/c.yaml");
    ck_assert_str_eq(c->node_key, "/var/lib/c/k/n");
    ck_assert_str_eq(c->page, "/run/taistamp/clock");
    ck_assert_str_eq(c->node, "7");
    ck_assert_str_eq(c->listen[0], "[::]:99");
    ck_assert_int_eq(c->mode, SYNC_MODE_SYSTEM);
    ck_assert_int_eq(c->peer_poll_ns, 1024000 * SYNC_MS);
    ck_assert_int_eq(c->step_threshold_ns, 0);
    ck_assert_int_eq(c->log_level, 0);
    char *once = print(c);
    client_config_free(c);
    c = must_parse(once);
    char *twice = print(c);
    ck_assert_str_eq(once, twice);
    client_config_free(c);
    client_config_free(NULL);
    free(once);
    free(twice);
}
END_TEST

static const struct {
    const char *text;
    enum tai_err code;
    const char *message; /* after "c.yaml:" */
} bads[] = {
    {"", TAI_ERR_FORMAT, "1: the file is empty"},
    {"sync:\n  poll_ms: 5\n", TAI_ERR_FORMAT, "1: unknown key \"sync\""},
    {"poll_ms: 1000\n", TAI_ERR_FORMAT, "1: unknown key \"poll_ms\""}, /* a server's */
    {"poll_ms_max: 16000\n", TAI_ERR_FORMAT, "1: unknown key \"poll_ms_max\""},
    {"peer_pol_ms: 5\n", TAI_ERR_FORMAT, "1: unknown key \"peer_pol_ms\"; did you mean \"peer_poll_ms\"?"},
    {"peer_poll_ms: 5\n", TAI_ERR_RANGE, "1: peer_poll_ms must be from 50 to 1024000, not 5"},
    {"listen: [0.0.0.0:0, 127.0.0.1:0]\n", TAI_ERR_FORMAT, "1: listen takes one IPv4 and one IPv6 address"},
    {"listen: [0.0.0.0:0, \"[::]:4471\"]\n", TAI_ERR_FORMAT,
     "1: listen takes one port for both addresses, not 0 and 4471"},
    {"listen: 0.0.0.0\n", TAI_ERR_FORMAT, "1: listen takes addresses with a port, such as 0.0.0.0:0"},
    {"mode: both\n", TAI_ERR_FORMAT, "1: mode must be page or system"},
    {"user: 0\n", TAI_ERR_FORMAT, "1: user: \"0\" is not the name of a user"},
};

START_TEST(test_refused)
{
    struct client_config *c = NULL;
    struct tai_error error = {0};
    enum tai_err err = client_config_parse("c.yaml", bads[_i].text, strlen(bads[_i].text), &c, &error);
    char start[200];
    snprintf(start, sizeof start, "c.yaml:%s", bads[_i].message);
    ck_assert_msg(err == bads[_i].code && strncmp(error.text, start, strlen(start)) == 0, "case %d: %d %s",
                  _i, err, error.text);
    ck_assert_ptr_null(c);
    ck_assert_int_eq(client_config_parse("c.yaml", bads[_i].text, strlen(bads[_i].text), &c, NULL), err);
}
END_TEST

START_TEST(test_load)
{
    struct client_config *c = NULL;
    struct tai_error error = {0};
    ck_assert_int_eq(client_config_load("/nonexistent/c.yaml", &c, &error), TAI_ERR_NOT_FOUND);
    ck_assert_int_eq(client_config_load("/", &c, &error), TAI_ERR_FORMAT);
    ck_assert_int_eq(client_config_load(TEST_SRCDIR "/docs/tai-client.yaml", &c, &error), TAI_OK);
    ck_assert_str_eq(c->data_dir, TEST_SRCDIR "/docs");
    client_config_free(c);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("client_config");
    TCase *t = tcase_create("client_config");
    tcase_add_test(t, test_sample);
    tcase_add_test(t, test_values);
    tcase_add_loop_test(t, test_refused, 0, (int)(sizeof bads / sizeof bads[0]));
    tcase_add_test(t, test_load);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
