/* SPDX-License-Identifier: Apache-2.0 */
/* taid.yaml: every default, every refusal with its line, and the sample that init writes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/io/sync_settings.h"
#include "server/config.h"
#include "server/sample.h"
#include "tests/unit/config_text.h"

static void assert_defaults(const struct taid_config *c)
{
    ck_assert_str_eq(c->path, "/etc/t/taid.yaml");
    ck_assert_str_eq(c->data_dir, "/etc/t");
    ck_assert_str_eq(c->key_dir, "/etc/t/keys");
    ck_assert_str_eq(c->policy_path, "/etc/t/policy");
    ck_assert_str_eq(c->clock.page, "/etc/t/run/clock");
    ck_assert_int_eq(c->sync.quarantine_ns, 30000000000);
    ck_assert_uint_eq(c->stamp.listen_count, 1);
    ck_assert_str_eq(c->stamp.listen[0], "127.0.0.1:8023");
    ck_assert_int_eq(c->stamp.max_error_ns, 1000000000);
    ck_assert_uint_eq(c->stamp.connections_max, 16384);
    ck_assert_uint_eq(c->stamp.pending_max, 16384);
    ck_assert_uint_eq(c->stamp.request_ms, 10000);
    ck_assert_uint_eq(c->stamp.idle_ms, 60000);
    ck_assert_uint_eq(c->stamp.answer_ms, 10000);
    ck_assert_uint_eq(c->stamp.body_bytes_max, 4096);
    ck_assert_uint_eq(c->stamp.header_bytes_max, 8192);
    ck_assert_uint_eq(c->stamp.output_bytes_max, 1048576);
    ck_assert_int_eq(c->log_level, 2);
    ck_assert_str_eq(c->sync.node_key, "/etc/t/keys/node.key");
    ck_assert_int_eq(c->sync.mode, SYNC_MODE_PAGE);
    ck_assert_int_eq(c->sync.oscillator, SYNC_OSCILLATOR_PC);
    ck_assert_uint_eq(c->sync.rate_bound_ppm, 50);
    ck_assert_int_eq(c->sync.poll_ns, 1000 * SYNC_MS);
    ck_assert_int_eq(c->sync.client_poll_ns_max, 16000 * SYNC_MS);
    ck_assert_int_eq(c->sync.peer_poll_ns, 4000 * SYNC_MS);
    ck_assert_int_eq(c->sync.heartbeat_ns, 500 * SYNC_MS);
    ck_assert_int_eq(c->sync.lease_ns, 1500 * SYNC_MS);
    ck_assert_int_eq(c->sync.election_ns_min, 100 * SYNC_MS);
    ck_assert_int_eq(c->sync.election_ns_max, 400 * SYNC_MS);
    ck_assert_int_eq(c->sync.step_threshold_ns, 100 * SYNC_MS);
    ck_assert_str_eq(c->sync.state_dir, "/etc/t/sync");
    ck_assert_str_eq(c->sync.drift_file, "/etc/t/sync/drift");
    ck_assert_str_eq(c->sync.control, "/etc/t/run/control");
}

START_TEST(test_defaults)
{
    static const char *const texts[] = {"clock:\n", "stamp: {}\n", "{}\n", sample_taid_yaml};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct taid_config *c = must_parse(texts[i]);
        assert_defaults(c);
        ck_assert_ptr_null(c->clock.leap_file);
        ck_assert_ptr_null(c->clock.user);
        ck_assert_ptr_null(c->stamp.user);
        ck_assert(!c->clock.has_assume_error);
        ck_assert_ptr_null(c->sync.cluster);
        ck_assert_ptr_null(c->sync.node);
        ck_assert_uint_eq(c->sync.listen_count, 0);
        ck_assert_int_eq(c->sync.reference, SYNC_DRIVER_NONE);
        ck_assert_int_eq(c->sync.system_clock_error_ns, 0);
        config_free(c);
    }
}
END_TEST

/* A comment of the sample that holds a setting: optional spaces, '#', a key without a space behind the '#',
 * ": ". */
static bool is_commented_setting(const char *line)
{
    line += strspn(line, " ");
    if (line[0] != '#')
        return false;
    size_t n = strspn(line + 1, "abcdefghijklmnopqrstuvwxyz_");
    return n > 0 && line[1 + n] == ':';
}

/* Every setting that the sample shows as a comment can be switched on, and shows the true default. */
START_TEST(test_sample_uncommented)
{
    char *text = strdup(sample_taid_yaml), *write = text;
    ck_assert_ptr_nonnull(text);
    int found = 0;
    for (char *line = text; *line != 0;) {
        char *end = strchr(line, '\n') + 1;
        char *hash = is_commented_setting(line) ? strchr(line, '#') : NULL;
        found += hash != NULL;
        /* What is given out to another clock program does not go with the reference `system-clock` above it. */
        if (hash != NULL && strncmp(hash, "#serve_", 7) == 0)
            hash = NULL;
        for (char *p = line; p < end; p++)
            if (p != hash)
                *write++ = *p;
        line = end;
    }
    *write = 0;
    ck_assert_int_eq(found, 43);
    struct taid_config *c = must_parse(text);
    assert_defaults(c);
    ck_assert(c->clock.has_assume_error);
    ck_assert_int_eq(c->clock.assume_error_ns, 500000000);
    ck_assert_str_eq(c->clock.user, "taistamp-clock");
    ck_assert_str_eq(c->stamp.user, "taistamp-stamp");
    ck_assert_str_eq(c->sync.cluster, "/etc/t/cluster.yaml");
    ck_assert_str_eq(c->sync.node, "alpha");
    ck_assert_uint_eq(c->sync.listen_count, 2);
    ck_assert_int_eq(c->sync.reference, SYNC_DRIVER_SYSTEM_CLOCK);
    ck_assert_int_eq(c->sync.system_clock_error_ns, 1000000);
    config_free(c);
    free(text);
}
END_TEST

START_TEST(test_values)
{
    struct taid_config *c =
        must_parse("data_dir: ./d\nkey_dir: /k\npolicy: ./p\nlog_level: debug\n"
                   "clock:\n  page: pg\n  leap_file: l\n  assume_error_ms: 1\n  user: a_b-1\n"
                   "stamp:\n  listen:\n    - 0.0.0.0:1\n    - \"[::1]:0\"\n    - \"[::1]:0\"\n"
                   "  max_error_ms: 2\n  user: u\n  connections_max: 1\n  pending_max: 1000000\n"
                   "  request_ms: 100\n  idle_ms: 3600000\n  answer_ms: 101\n"
                   "  body_bytes_max: 512\n  header_bytes_max: 1024\n  output_bytes_max: 524288\n");
    ck_assert_str_eq(c->data_dir, "/etc/t/d");
    ck_assert_str_eq(c->key_dir, "/k");
    ck_assert_str_eq(c->policy_path, "/etc/t/d/p");
    ck_assert_str_eq(c->clock.page, "/etc/t/d/pg");
    ck_assert_str_eq(c->clock.leap_file, "/etc/t/d/l");
    ck_assert_int_eq(c->clock.assume_error_ns, 1000000);
    ck_assert_str_eq(c->clock.user, "a_b-1");
    ck_assert_uint_eq(c->stamp.listen_count, 3);
    ck_assert_str_eq(c->stamp.listen[1], "[::1]:0");
    ck_assert_int_eq(c->stamp.max_error_ns, 2000000);
    ck_assert_uint_eq(c->stamp.pending_max, 1000000);
    ck_assert_uint_eq(c->stamp.request_ms, 100);
    ck_assert_uint_eq(c->stamp.idle_ms, 3600000);
    ck_assert_uint_eq(c->stamp.answer_ms, 101);
    ck_assert_uint_eq(c->stamp.body_bytes_max, 512);
    ck_assert_uint_eq(c->stamp.header_bytes_max, 1024);
    ck_assert_uint_eq(c->stamp.output_bytes_max, 524288);
    ck_assert_int_eq(c->log_level, 3);
    char *text = print_twice(c);
    ck_assert_ptr_nonnull(strstr(text, "  listen: [\"0.0.0.0:1\", \"[::1]:0\", \"[::1]:0\"]\n"));
    config_free(c);
    free(text);
}
END_TEST

START_TEST(test_sync_values)
{
    struct taid_config *c = must_parse(
        "data_dir: d\nkey_dir: k\n"
        "sync:\n  cluster: /c\n  node: 7\n  node_key: n\n  listen: \"[::1]:5\"\n  mode: system\n"
        "  oscillator: rubidium\n  rate_bound_ppm: 1000\n  poll_ms: 50\n  client_poll_ms_max: 1024000\n"
        "  peer_poll_ms: 51\n  heartbeat_ms: 20\n  lease_ms: 160\n  election_ms_min: 0\n  election_ms_max: "
        "1\n"
        "  step_threshold_ms: 0\n  state_dir: s\n  control: /run/c\n");
    ck_assert_str_eq(c->sync.cluster, "/c");
    ck_assert_str_eq(c->sync.node, "7");
    ck_assert_str_eq(c->sync.node_key, "/etc/t/d/n");
    ck_assert_str_eq(c->sync.listen[0], "[::1]:5");
    ck_assert_int_eq(c->sync.mode, SYNC_MODE_SYSTEM);
    ck_assert_int_eq(c->sync.oscillator, SYNC_OSCILLATOR_RUBIDIUM);
    ck_assert_uint_eq(c->sync.rate_bound_ppm, 1000);
    ck_assert_int_eq(c->sync.poll_ns, 50 * SYNC_MS);
    ck_assert_int_eq(c->sync.client_poll_ns_max, 1024000 * SYNC_MS);
    ck_assert_int_eq(c->sync.lease_ns, 160 * SYNC_MS);
    ck_assert_int_eq(c->sync.election_ns_min, 0);
    ck_assert_int_eq(c->sync.step_threshold_ns, 0);
    ck_assert_str_eq(c->sync.state_dir, "/etc/t/d/s");
    ck_assert_str_eq(c->sync.drift_file, "/etc/t/d/s/drift");
    ck_assert_str_eq(c->sync.control, "/run/c");
    char *text = print_twice(c);
    ck_assert_ptr_nonnull(strstr(text, "  election_ms_min: 0\n"));
    ck_assert_ptr_nonnull(strstr(text, "  mode: system\n"));
    config_free(c);
    free(text);
}
END_TEST

#define SYNC "sync:\n  cluster: c\n"

static const struct config_bad bads[] = {
    {"", TAI_ERR_FORMAT, "1: the file is empty"},
    {"just words\n", TAI_ERR_FORMAT, "1: the file must consist of settings"},
    {"- a\n- b\n", TAI_ERR_FORMAT, "1: the file must consist of settings"},
    {"log_level: notice\nlog_level: debug\n", TAI_ERR_FORMAT, "2: \"log_level\" stands here a second time"},
    {"clock:\n  page: a\n\tuser: b\n", TAI_ERR_FORMAT, "3: a tab: YAML indents with blanks alone"},
    {"clock:\n  \tpage: a\n", TAI_ERR_FORMAT, "2: a tab: YAML"},
    {"clock:\n  page: a\nclock:\n  user: b\n", TAI_ERR_FORMAT, "3: \"clock\" stands here a second time"},
    {"log_levle: notice\n", TAI_ERR_FORMAT, "1: unknown key \"log_levle\"; did you mean \"log_level\"?"},
    {"\n\nclock:\n  assume-error-ms: 5\n", TAI_ERR_FORMAT,
     "4: unknown key \"clock.assume-error-ms\"; did you mean \"assume_error_ms\"?"},
    {"clock:\n  assume_error: 5\n", TAI_ERR_FORMAT,
     "2: unknown key \"clock.assume_error\"; did you mean \"assume_error_ms\"?"},
    {"clock:\n  Assume_Error_s: 5\n", TAI_ERR_FORMAT,
     "2: unknown key \"clock.Assume_Error_s\"; did you mean \"assume_error_ms\"?"},
    {"listen: 127.0.0.1:1\n", TAI_ERR_FORMAT,
     "1: unknown key \"listen\"; \"listen\" belongs under \"sync:\" or \"stamp:\""},
    {"stamp:\n  log_level: debug\n", TAI_ERR_FORMAT,
     "2: unknown key \"stamp.log_level\"; \"log_level\" stands at the top, not indented"},
    {"stamp:\n  xyzzy: 1\n", TAI_ERR_FORMAT, "2: unknown key \"stamp.xyzzy\""},
    {"<<: {a: 1}\n", TAI_ERR_FORMAT, "1: unknown key \"<<\""},
    {"log_level: 2\n", TAI_ERR_FORMAT, "1: log_level must be error, warning, notice or debug"},
    {"log_level: [debug]\n", TAI_ERR_FORMAT, "1: log_level must be"},
    {"log_level: Notice\n", TAI_ERR_FORMAT, "1: log_level must be"},
    {"clock: 5\n", TAI_ERR_FORMAT, "1: clock: is followed by its settings"},
    {"stamp: []\n", TAI_ERR_FORMAT, "1: stamp: is followed by its settings"},
    {"data_dir:\n", TAI_ERR_FORMAT, "1: data_dir must be a path"},
    {"data_dir: ~\n", TAI_ERR_FORMAT, "1: data_dir must be a path"},
    {"data_dir: \"a\\nb\"\n", TAI_ERR_FORMAT, "1: data_dir: a control character"},
    {"clock:\n  page: {a: b}\n", TAI_ERR_FORMAT, "2: page must be a path"},
    {"clock:\n  user: 0\n", TAI_ERR_FORMAT, "2: user: \"0\" is not the name"},
    {"clock:\n  user: -x\n", TAI_ERR_FORMAT, "2: user: \"-x\" is not the name"},
    {"clock:\n  user: a:b\n", TAI_ERR_FORMAT, "2: user: \"a:b\" is not the name"},
    {"clock:\n  user:\n", TAI_ERR_FORMAT, "2: user must be the name"},
    {"clock:\n  assume_error_ms: 0\n", TAI_ERR_RANGE, "2: assume_error_ms must be from 1 to 3600000, not 0"},
    {"clock:\n  assume_error_ms: 3600001\n", TAI_ERR_RANGE, "2: assume_error_ms must be from 1 to 3600000"},
    {"clock:\n  assume_error_ms: 99999999999999999999\n", TAI_ERR_FORMAT,
     "2: assume_error_ms must be a whole number"},
    {"clock:\n  assume_error_ms: 18446744073709551615\n", TAI_ERR_RANGE, "2: assume_error_ms must be from"},
    {"clock:\n  assume_error_ms: -1\n", TAI_ERR_FORMAT, "2: assume_error_ms must be a whole number"},
    {"clock:\n  assume_error_ms: 010\n", TAI_ERR_FORMAT, "2: assume_error_ms must be a whole number"},
    {"clock:\n  assume_error_ms: 0x10\n", TAI_ERR_FORMAT, "2: assume_error_ms must be a whole number"},
    {"clock:\n  assume_error_ms: 1e3\n", TAI_ERR_FORMAT, "2: assume_error_ms must be a whole number"},
    {"clock:\n  assume_error_ms: 1.5\n", TAI_ERR_FORMAT, "2: assume_error_ms must be a whole number"},
    {"clock:\n  assume_error_ms: '5'\n", TAI_ERR_FORMAT, "2: assume_error_ms must be a whole number"},
    {"clock:\n  assume_error_ms: 5 ms\n", TAI_ERR_FORMAT, "2: assume_error_ms must be a whole number"},
    {"clock:\n  assume_error_ms:\n", TAI_ERR_FORMAT, "2: assume_error_ms must be a whole number"},
    {"clock:\n  assume_error_ms: [5]\n", TAI_ERR_FORMAT, "2: assume_error_ms must be a whole number"},
    {"clock:\n  assume_error_ms: 1000\n", TAI_ERR_RANGE, "2: stamp.max_error_ms (1000) must be above"},
    {"clock:\n  assume_error_ms: 5\nstamp:\n  max_error_ms: 5\n", TAI_ERR_RANGE,
     "4: stamp.max_error_ms (5) must be above clock.assume_error_ms (5)"},
    {"stamp:\n  max_error_ms: 0\n", TAI_ERR_RANGE, "2: max_error_ms must be from 1 to 3600000"},
    {"stamp:\n  connections_max: 0\n", TAI_ERR_RANGE, "2: connections_max must be from 1 to 1000000"},
    {"stamp:\n  connections_max: 4294967297\n", TAI_ERR_RANGE,
     "2: connections_max must be from 1 to 1000000"},
    {"stamp:\n  request_ms: 10\n", TAI_ERR_RANGE, "2: request_ms must be from 100 to 600000"},
    {"stamp:\n  output_bytes_max: 1024\n", TAI_ERR_RANGE, "2: output_bytes_max must be from 524288"},
    {"stamp:\n  listen: []\n", TAI_ERR_FORMAT, "2: listen must be an address or a list"},
    {"stamp:\n  listen: {a: b}\n", TAI_ERR_FORMAT, "2: listen must be an address or a list"},
    {"stamp:\n  listen:\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen: 8023\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen: localhost:8023\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen: 127.0.0.1:65536\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen: 127.0.0.1:08023\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen: 127.0.0.256:1\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen: \":1\"\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen: \"[]:1\"\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen: \"[::1:1\"\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen: \"[\"\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen: \"::1:1\"\n", TAI_ERR_FORMAT, "2: listen takes addresses with a port"},
    {"stamp:\n  listen:\n    - 127.0.0.1:1\n    - \"[::1]\"\n", TAI_ERR_FORMAT,
     "4: listen takes addresses with a port"},
    {"stamp:\n  listen:\n    - 127.0.0.1:1\n    - 127.0.0.1:1\n", TAI_ERR_FORMAT,
     "4: listen: 127.0.0.1:1 stands there twice"},
    {"stamp:\n  listen: [127.0.0.1:1, 127.0.0.1:2, 127.0.0.1:3, 127.0.0.1:4, 127.0.0.1:5,\n"
     "    127.0.0.1:6, 127.0.0.1:7, 127.0.0.1:8,\n    127.0.0.1:9]\n",
     TAI_ERR_SPACE, "4: listen takes at most 8 addresses"},
    {"sync:\n  mode: system\n", TAI_ERR_FORMAT, "2: sync.mode has no effect without sync.cluster"},
    {"sync:\n  cluster:\n", TAI_ERR_FORMAT, "2: cluster must be a path"},
    {SYNC "  mode: both\n", TAI_ERR_FORMAT, "3: mode must be page or system"},
    {SYNC "  node: a b\n", TAI_ERR_FORMAT, "3: node must be the name or id"},
    {SYNC "  node: 0\n", TAI_ERR_FORMAT, "3: node must be the name or id"},
    {SYNC "  reference: gps\n", TAI_ERR_FORMAT, "3: reference must be none or system-clock"},
    {SYNC "  reference: system-clock\n", TAI_ERR_FORMAT,
     "3: reference: system-clock needs system_clock_error_us"},
    {SYNC "  system_clock_error_us: 5\n", TAI_ERR_FORMAT, "3: system_clock_error_us has no effect without"},
    {SYNC "  system_clock_error_us: 5\n  reference: none\n", TAI_ERR_FORMAT,
     "3: system_clock_error_us has no effect without"},
    {SYNC "  reference: system-clock\n  system_clock_error_us: 0\n", TAI_ERR_RANGE,
     "4: system_clock_error_us must be from 1 to 3600000000, not 0"},
    {SYNC "  reference: system-clock\n  system_clock_error_us: 5\n  mode: system\n", TAI_ERR_FORMAT,
     "5: mode: system steers the clock that reference: system-clock (line 3) believes"},
    {SYNC "  oscillator: quartz\n", TAI_ERR_FORMAT, "3: oscillator must be pc, tcxo, ocxo or rubidium"},
    {SYNC "  rate_bound_ppm: 0\n", TAI_ERR_RANGE, "3: rate_bound_ppm must be from 1 to 1000, not 0"},
    {SYNC "  poll_ms: 49\n", TAI_ERR_RANGE, "3: poll_ms must be from 50 to 1024000, not 49"},
    {SYNC "  poll: 100\n", TAI_ERR_FORMAT, "3: unknown key \"sync.poll\"; did you mean \"poll_ms\"?"},
    {SYNC "  poll_ms: 16001\n", TAI_ERR_RANGE,
     "3: client_poll_ms_max (16000) must not be below poll_ms (16001)"},
    {SYNC "  lease_ms: 999\n", TAI_ERR_RANGE, "3: lease_ms (999) must be 2 to 8 times heartbeat_ms (500)"},
    {SYNC "  heartbeat_ms: 187\n", TAI_ERR_RANGE,
     "3: lease_ms (1500) must be 2 to 8 times heartbeat_ms (187)"},
    {SYNC "  election_ms_min: 400\n", TAI_ERR_RANGE,
     "3: election_ms_max (400) must be above election_ms_min (400)"},
    {SYNC "  listen: [\"[::1]:1\", \"[::]:1\"]\n", TAI_ERR_FORMAT,
     "3: listen takes one IPv4 and one IPv6 address"},
    {SYNC "  listen: [0.0.0.0:4470, \"[::]:4471\"]\n", TAI_ERR_FORMAT,
     "3: listen takes one port for both addresses, not 4470 and 4471"},
    {SYNC "  listen: [1.1.1.1:1, \"[::]:1\", 1.1.1.2:1]\n", TAI_ERR_SPACE,
     "3: listen takes at most 2 addresses"},
    {SYNC "  listen: 0.0.0.0\n", TAI_ERR_FORMAT,
     "3: listen takes addresses with a port, such as 0.0.0.0:4470"},
};

START_TEST(test_refused)
{
    must_refuse(&bads[_i], _i);
}
END_TEST

START_TEST(test_load)
{
    char dir[] = "/tmp/taistamp-config-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    struct taid_config *c = NULL;
    struct tai_error error = {0};
    char path[200];
    snprintf(path, sizeof path, "%s/none.yaml", dir);
    ck_assert_int_eq(config_load(path, &c, &error), TAI_ERR_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error.text, "none.yaml: No such file"));
    ck_assert_int_eq(config_load(dir, &c, &error), TAI_ERR_FORMAT);
    snprintf(path, sizeof path, "%s/fifo", dir);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(config_load(path, &c, &error), TAI_ERR_FORMAT);
    unlink(path);
    rmdir(dir);
    ck_assert_ptr_null(c);
    /* The sample as it is installed is the one built in. */
    ck_assert_int_eq(config_load(TEST_SRCDIR "/docs/taid.yaml", &c, &error), TAI_OK);
    ck_assert_str_eq(c->data_dir, TEST_SRCDIR "/docs");
    config_free(c);
    FILE *f = fopen(TEST_SRCDIR "/docs/taid.yaml", "r");
    ck_assert_ptr_nonnull(f);
    static char text[65536];
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    ck_assert_str_eq(text, sample_taid_yaml);
}
END_TEST

START_TEST(test_loopback)
{
    static const struct {
        const char *address;
        bool loopback;
    } cases[] = {{"127.0.0.1:1", true},      {"127.1.2.3:1", true},
                 {"0.0.0.0:1", false},       {"10.0.0.1:1", false},
                 {"[::1]:1", true},          {"[::]:1", false},
                 {"[2001:db8::1]:1", false}, {"[::ffff:127.0.0.1]:1", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_int_eq(config_listen_is_loopback(cases[i].address), cases[i].loopback);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("config");
    TCase *t = tcase_create("config");
    tcase_add_test(t, test_defaults);
    tcase_add_test(t, test_sample_uncommented);
    tcase_add_test(t, test_values);
    tcase_add_test(t, test_sync_values);
    tcase_add_loop_test(t, test_refused, 0, (int)(sizeof bads / sizeof bads[0]));
    tcase_add_test(t, test_load);
    tcase_add_test(t, test_loopback);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
