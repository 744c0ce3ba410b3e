/* SPDX-License-Identifier: Apache-2.0 */
/* taid.yaml: every default, every refusal with its line, and the sample that init writes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config.h"
#include "server/sample.h"

static struct taid_config *must_parse(const char *text)
{
    struct taid_config *c = NULL;
    struct tai_error error = {0};
    enum tai_err err = config_parse("/etc/t/taid.yaml", text, strlen(text), &c, &error);
    ck_assert_msg(err == TAI_OK, "%s", error.text);
    return c;
}

static void assert_defaults(const struct taid_config *c)
{
    ck_assert_str_eq(c->path, "/etc/t/taid.yaml");
    ck_assert_str_eq(c->data_dir, "/etc/t");
    ck_assert_str_eq(c->key_dir, "/etc/t/keys");
    ck_assert_str_eq(c->policy_path, "/etc/t/policy");
    ck_assert_str_eq(c->clock.page, "/etc/t/run/clock");
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
        for (char *p = line; p < end; p++)
            if (p != hash)
                *write++ = *p;
        line = end;
    }
    *write = 0;
    ck_assert_int_eq(found, 18);
    struct taid_config *c = must_parse(text);
    assert_defaults(c);
    ck_assert(c->clock.has_assume_error);
    ck_assert_int_eq(c->clock.assume_error_ns, 500000000);
    ck_assert_str_eq(c->clock.user, "taistamp-clock");
    ck_assert_str_eq(c->stamp.user, "taistamp-stamp");
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
    /* What is printed reads back to the same. */
    char *once = NULL, *twice = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&once, &len);
    config_print(c, f);
    fclose(f);
    config_free(c);
    c = must_parse(once);
    f = open_memstream(&twice, &len);
    config_print(c, f);
    fclose(f);
    ck_assert_str_eq(once, twice);
    ck_assert_ptr_nonnull(strstr(once, "  listen: [\"0.0.0.0:1\", \"[::1]:0\", \"[::1]:0\"]\n"));
    config_free(c);
    free(once);
    free(twice);
}
END_TEST

static const struct bad {
    const char *text;
    enum tai_err code;
    const char *message; /* after "t.yaml:" */
} bads[] = {
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
     "1: unknown key \"listen\"; \"listen\" belongs under \"stamp:\""},
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
};

START_TEST(test_refused)
{
    const struct bad *b = &bads[_i];
    struct taid_config *c = NULL;
    struct tai_error error = {0};
    enum tai_err err = config_parse("t.yaml", b->text, strlen(b->text), &c, &error);
    ck_assert_msg(err == b->code, "case %d: %d %s", _i, err, error.text);
    ck_assert_ptr_null(c);
    char start[200];
    snprintf(start, sizeof start, "t.yaml:%s", b->message);
    ck_assert_msg(strncmp(error.text, start, strlen(start)) == 0, "case %d: %s", _i, error.text);
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
