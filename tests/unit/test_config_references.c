/* SPDX-License-Identifier: Apache-2.0 */
/* sync.references of taid.yaml: what each driver takes and needs, every refusal with its line, and that what is printed
 * reads back to the same. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/time/civil.h"
#include "server/config.h"
#include "tests/unit/config_text.h"

#define SYNC "sync:\n  cluster: c\n"
#define LIST SYNC "  references:\n"

static const char ALL[] =
    "data_dir: d\n" LIST
    "    - driver: gpsd\n      accuracy_us: 1\n      delay_ns: 50\n      pulses_only: true\n"
    "      surveyed: true\n      device: /dev/ttyS0\n"
    "    - {driver: gpsd, name: roof, address: \"[::1]:2948\", serial_accuracy_ms: 500, serial_delay_ms: "
    "130, group: 3, weeks_from: 2026-01-01}\n"
    "    - {driver: ntp, name: a, server: ntp.example, poll_s: 8, key_file: k, key_id: 7, group: 3}\n"
    "    - {driver: ntp, name: b, server: \"192.0.2.1:1123\", accuracy_ns: 999}\n"
    "    - {driver: shm, accuracy_ns: 250, unit: 2, kind: gps}\n"
    "    - {driver: sock, path: run/clock.sock, accuracy_us: 3600000000}\n"
    "    - {driver: pps, accuracy_us: 1, kind: assumed}\n"
    "    - {driver: shm, name: b2, accuracy_us: 1, unit: 3}\n"
    "  quarantine_s: 10\n  not_before: 2026-02-28\n  serve_shm: 0\n  serve_sock: run/out.sock\n";

START_TEST(test_all)
{
    struct taid_config *c = must_parse(ALL);
    const struct config_reference *r = c->sync.references;
    ck_assert_uint_eq(c->sync.references_count, CONFIG_REFERENCES_MAX);
    ck_assert_int_eq(r[0].driver, CONFIG_REFERENCE_GPSD);
    ck_assert_str_eq(r[0].name, "gpsd");
    ck_assert_str_eq(r[0].address, "127.0.0.1:2947");
    ck_assert_str_eq(r[0].device, "/dev/ttyS0");
    ck_assert_int_eq(r[0].accuracy_ns, 1000);
    ck_assert_int_eq(r[0].delay_ns, 50);
    ck_assert(r[0].pulses_only && r[0].surveyed && r[0].serial_accuracy_ns == 0 && r[0].group == 0);
    ck_assert_str_eq(r[1].name, "roof");
    ck_assert_str_eq(r[1].address, "[::1]:2948");
    ck_assert_ptr_null(r[1].device);
    ck_assert_int_eq(r[1].accuracy_ns, 500000000);
    ck_assert_int_eq(r[1].serial_accuracy_ns, 500000000);
    ck_assert_int_eq(r[1].serial_delay_ns, 130000000);
    ck_assert(r[0].weeks_from_posix_s == 0 && r[1].weeks_from_posix_s == 1767225600);
    ck_assert(r[1].group == 3 && !r[1].pulses_only && !r[1].surveyed);
    ck_assert_str_eq(r[2].server, "ntp.example");
    ck_assert_str_eq(r[2].key_file, "/etc/t/d/k");
    ck_assert(r[2].key_id == 7 && r[2].poll_ns == 8000000000 && r[2].accuracy_ns == 1000);
    ck_assert(r[3].key_file == NULL && r[3].poll_ns == 16000000000 && r[3].accuracy_ns == 999);
    ck_assert(r[4].unit == 2 && r[4].accuracy_ns == 250);
    ck_assert_int_eq(r[4].kind, CONFIG_REFERENCE_GPS);
    ck_assert_int_eq(r[5].kind, CONFIG_REFERENCE_UPSTREAM); /* nothing says that it is a receiver */
    ck_assert_int_eq(r[6].kind, CONFIG_REFERENCE_ASSUMED);
    ck_assert_str_eq(r[5].path, "/etc/t/d/run/clock.sock");
    ck_assert_int_eq(r[5].accuracy_ns, 3600000000000);
    ck_assert_str_eq(r[6].device, "/dev/pps0");
    ck_assert(r[7].unit == 3 && r[7].accuracy_ns == 1000);
    ck_assert_int_eq(c->sync.quarantine_ns, 10000000000);
    ck_assert_int_eq(c->sync.not_before_posix_s, 1772236800);
    ck_assert_uint_eq(c->sync.serve_shm, 0);
    ck_assert_str_eq(c->sync.serve_sock, "/etc/t/d/run/out.sock");
    char *text = print_twice(c);
    ck_assert_ptr_nonnull(strstr(text, "  references:\n    - driver: gpsd\n      name: \"gpsd\"\n"
                                       "      accuracy_ns: 1000\n      delay_ns: 50\n"));
    ck_assert_ptr_nonnull(strstr(text, "      pulses_only: true\n      surveyed: true\n"));
    ck_assert_ptr_nonnull(strstr(text, "      kind: upstream\n"));
    ck_assert_ptr_nonnull(strstr(text, "  not_before: 2026-02-28\n"));
    ck_assert_ptr_nonnull(strstr(text, "  serve_shm: 0\n"));
    free(text);
    config_free(c);
}
END_TEST

/* The kernel's clock needs nothing but its driver, where nothing is given out to those that may keep it. */
START_TEST(test_kernel)
{
    struct taid_config *c = must_parse(LIST "    - {driver: kernel}\n    - {driver: ntp, server: h}\n");
    ck_assert_int_eq(c->sync.references[0].driver, CONFIG_REFERENCE_KERNEL);
    ck_assert_int_eq(c->sync.references[0].accuracy_ns, 1000);
    free(print_twice(c));
    config_free(c);
}
END_TEST

START_TEST(test_defaults)
{
    struct taid_config *c = must_parse(SYNC);
    ck_assert_uint_eq(c->sync.references_count, 0);
    ck_assert_uint_eq(c->sync.serve_shm, CONFIG_NO_UNIT);
    ck_assert_ptr_null(c->sync.serve_sock);
    /* The day of the build: not before this test was written, and a whole day. */
    ck_assert_int_eq(c->sync.quarantine_ns, 30000000000);
    ck_assert_int_eq(c->sync.not_before_posix_s % SECONDS_PER_DAY, 0);
    ck_assert_int_le(c->sync.not_before_posix_s, build_posix_s);
    ck_assert_int_gt(c->sync.not_before_posix_s, build_posix_s - SECONDS_PER_DAY);
    char *text = print_twice(c);
    ck_assert_ptr_null(strstr(text, "serve_shm"));
    ck_assert_ptr_null(strstr(text, "references"));
    free(text);
    config_free(c);
    c = must_parse(SYNC "  mode: system\n  references: []\n");
    config_free(c);
}
END_TEST

static const struct config_bad bads[] = {
    {"sync:\n  references: []\n", TAI_ERR_FORMAT, "2: sync.references has no effect without sync.cluster"},
    {SYNC "  serve_shm: 2\n  references:\n    - {driver: shm, unit: 2, accuracy_us: 5}\n", TAI_ERR_FORMAT,
     "3: the reference shm would hear this program itself: use another unit"},
    {SYNC "  references:\n", TAI_ERR_FORMAT, "3: references: is followed by a list"},
    {SYNC "  references: {driver: shm}\n", TAI_ERR_FORMAT, "3: references: is followed by a list"},
    {LIST "    - shm\n", TAI_ERR_FORMAT, "4: a reference of references is written as its settings"},
    {LIST "    - []\n", TAI_ERR_FORMAT, "4: a reference of references is written as its settings"},
    {LIST "    - {}\n", TAI_ERR_FORMAT, "4: a reference needs its driver: system-clock, kernel, gpsd"},
    {LIST "    - accuracy_us: 1\n", TAI_ERR_FORMAT, "4: a reference needs its driver"},
    {LIST "    - driver: gps\n", TAI_ERR_FORMAT,
     "4: driver must be system-clock, kernel, gpsd, ntp, shm, sock or pps"},
    {LIST "    - driver: shm\n      driver: shm\n", TAI_ERR_FORMAT,
     "5: \"driver\" stands here a second time"},
    {LIST "    - driver: shm\n      accuracy: 1\n", TAI_ERR_FORMAT,
     "5: unknown key \"accuracy\"; did you mean \"accuracy_us\"?"},
    {LIST "    - driver: shm\n      acuracy_ns: 1\n", TAI_ERR_FORMAT,
     "5: unknown key \"acuracy_ns\"; did you mean \"accuracy_ns\"?"},
    {LIST "    - driver: shm\n", TAI_ERR_FORMAT, "4: driver: shm needs accuracy_us (or accuracy_ns)"},
    {LIST "    - driver: system-clock\n", TAI_ERR_FORMAT, "4: driver: system-clock needs accuracy_us"},
    {LIST "    - driver: shm\n      accuracy_us: 1\n      accuracy_ns: 1000\n", TAI_ERR_FORMAT,
     "6: accuracy_us and accuracy_ns say the same"},
    {LIST "    - driver: shm\n      accuracy_ns: 0\n", TAI_ERR_RANGE, "5: accuracy_ns must be from 1 to"},
    {LIST "    - driver: shm\n      accuracy_us: 3600000001\n", TAI_ERR_RANGE,
     "5: accuracy_us must be from 1 to"},
    {LIST "    - {driver: shm, accuracy_us: 1, unit: 256}\n", TAI_ERR_RANGE, "4: unit must be from 0 to 255"},
    {LIST "    - {driver: shm, accuracy_us: 1, delay_ns: -5}\n", TAI_ERR_FORMAT,
     "4: delay_ns must be a whole"},
    {LIST "    - {driver: shm, accuracy_us: 1, group: 0}\n", TAI_ERR_RANGE,
     "4: group must be from 1 to 65535"},
    {LIST "    - {driver: shm, accuracy_us: 1, name: a b}\n", TAI_ERR_FORMAT,
     "4: name must be 1 to 31 letters, digits and '-'"},
    {LIST "    - {driver: shm, accuracy_us: 1, name: -b}\n", TAI_ERR_FORMAT, "4: name must be 1 to 31"},
    {LIST "    - driver: shm\n      accuracy_us: 1\n      device: /dev/x\n", TAI_ERR_FORMAT,
     "6: device has no effect with driver: shm; it is for gpsd"},
    {LIST "    - driver: ntp\n      server: h\n      unit: 1\n", TAI_ERR_FORMAT,
     "6: unit has no effect with driver: ntp; it is for shm"},
    {LIST "    - driver: kernel\n      poll_s: 1\n", TAI_ERR_FORMAT,
     "5: poll_s has no effect with driver: kernel"},
    {LIST "    - driver: gpsd\n      kind: gps\n", TAI_ERR_FORMAT,
     "5: kind has no effect with driver: gpsd; it is for shm"},
    {LIST "    - driver: ntp\n      server: h\n      kind: gps\n", TAI_ERR_FORMAT,
     "6: kind has no effect with driver: ntp"},
    {LIST "    - driver: shm\n      kind: system\n", TAI_ERR_FORMAT,
     "5: kind must be gps, upstream or assumed"},
    {LIST "    - driver: ntp\n", TAI_ERR_FORMAT, "4: driver: ntp needs server"},
    {LIST "    - {driver: gpsd, accuracy_us: 1, pulses_only: true, weeks_from: 1980-01-05}\n", TAI_ERR_RANGE,
     "4: weeks_from must be from 1980-01-06"},
    {LIST "    - {driver: gpsd, accuracy_us: 1, pulses_only: true, weeks_from: 2170-01-02}\n", TAI_ERR_RANGE,
     "4: weeks_from must be from 1980-01-06"},
    {LIST "    - {driver: shm, accuracy_us: 1, weeks_from: 2026-01-01}\n", TAI_ERR_FORMAT,
     "4: weeks_from has no effect with driver: shm; it is for gpsd"},
    {LIST "    - {driver: ntp, server: a b}\n", TAI_ERR_FORMAT, "4: server must be 1 to 255 characters"},
    {LIST "    - {driver: ntp, server: [h]}\n", TAI_ERR_FORMAT,
     "4: server must be 1 to 255 characters of ASCII without blanks (an address in [ ] needs quotes)"},
    {LIST "    - driver: ntp\n      server: h\n      key_file: k\n", TAI_ERR_FORMAT,
     "6: key_file and key_id go together"},
    {LIST "    - driver: ntp\n      server: h\n      key_id: 1\n", TAI_ERR_FORMAT,
     "6: key_file and key_id go together"},
    {LIST "    - {driver: ntp, server: h, poll_s: 0}\n", TAI_ERR_RANGE,
     "4: poll_s must be from 1 to 1024, not 0"},
    {LIST "    - driver: sock\n      accuracy_us: 1\n", TAI_ERR_FORMAT, "4: driver: sock needs path"},
    {LIST "    - driver: pps\n      accuracy_us: 1\n      device: pps0\n", TAI_ERR_FORMAT,
     "6: device must be the path of a PPS device"},
    {LIST "    - driver: gpsd\n      accuracy_us: 1\n", TAI_ERR_FORMAT,
     "4: driver: gpsd needs serial_accuracy_ms"},
    {LIST "    - driver: gpsd\n      pulses_only: true\n", TAI_ERR_FORMAT,
     "4: driver: gpsd needs accuracy_us"},
    {LIST "    - driver: gpsd\n      accuracy_us: 1\n      pulses_only: true\n      serial_accuracy_ms: 1\n",
     TAI_ERR_FORMAT, "7: serial_accuracy_ms has no effect with pulses_only"},
    {LIST "    - driver: gpsd\n      pulses_only: yes\n", TAI_ERR_FORMAT,
     "5: pulses_only must be true or false"},
    {LIST "    - driver: kernel\n    - driver: system-clock\n      accuracy_us: 1\n", TAI_ERR_FORMAT,
     "5: system-clock and kernel are one clock"},
    {LIST "    - {driver: shm, accuracy_us: 1}\n    - {driver: shm, accuracy_us: 1, unit: 1}\n",
     TAI_ERR_FORMAT, "5: two references are called shm"},
    {LIST "    - {driver: shm, accuracy_us: 1, name: a}\n    - {driver: kernel, name: a}\n", TAI_ERR_FORMAT,
     "5: two references are called a"},
    {LIST "    - {driver: kernel}\n  reference: system-clock\n  system_clock_error_us: 5\n", TAI_ERR_FORMAT,
     "3: references and reference: system-clock (line 5) are two ways to say one thing"},
    {LIST "    - {driver: kernel}\n  mode: system\n", TAI_ERR_FORMAT,
     "5: mode: system steers the clock that the reference kernel (from line 3 on) believes"},
    {LIST "    - {driver: pps, accuracy_us: 1, name: a}\n    - {driver: pps, accuracy_us: 1, name: b}\n"
          "    - {driver: pps, accuracy_us: 1, name: c}\n    - {driver: pps, accuracy_us: 1, name: d}\n"
          "    - {driver: pps, accuracy_us: 1, name: e}\n    - {driver: pps, accuracy_us: 1, name: f}\n"
          "    - {driver: pps, accuracy_us: 1, name: g}\n    - {driver: pps, accuracy_us: 1, name: h}\n"
          "    - {driver: pps, accuracy_us: 1, name: i}\n",
     TAI_ERR_SPACE, "12: references takes at most 8"},
    {SYNC "  quarantine_s: 9\n", TAI_ERR_RANGE, "3: quarantine_s must be from 10 to 86400"},
    {SYNC "  not_before: 2026-02-29\n", TAI_ERR_FORMAT, "3: not_before must be a date"},
    {SYNC "  not_before: 1971-12-31\n", TAI_ERR_FORMAT, "3: not_before must be a date"},
    {SYNC "  not_before: 26-01-01\n", TAI_ERR_FORMAT, "3: not_before must be a date"},
    {SYNC "  not_before: 2026-1-01\n", TAI_ERR_FORMAT, "3: not_before must be a date"},
    {SYNC "  not_before: 2026-01-00\n", TAI_ERR_FORMAT, "3: not_before must be a date"},
    {SYNC "  not_before: 2026-01-01T\n", TAI_ERR_FORMAT, "3: not_before must be a date"},
    {SYNC "  not_before: 2026\n", TAI_ERR_FORMAT, "3: not_before must be a date"},
    {SYNC "  not_before: [2026-01-01]\n", TAI_ERR_FORMAT, "3: not_before must be a date"},
    {SYNC "  serve_shm: 256\n", TAI_ERR_RANGE, "3: serve_shm must be from 0 to 255, not 256"},
    {LIST "    - {driver: shm, accuracy_us: 1, unit: 2}\n  serve_shm: 2\n", TAI_ERR_FORMAT,
     "5: the reference shm would hear this program itself: use another unit"},
    {LIST "    - {driver: shm, accuracy_us: 1}\n  serve_shm: 0\n", TAI_ERR_FORMAT,
     "5: the reference shm would hear this program itself"},
    {LIST "    - {driver: sock, accuracy_us: 1, path: run/s}\n  serve_sock: run/s\n", TAI_ERR_FORMAT,
     "5: the reference sock would hear this program itself: use another path"},
    {LIST "    - {driver: ntp, server: h}\n    - {driver: kernel}\n  serve_shm: 0\n", TAI_ERR_FORMAT,
     "6: serve_shm and the reference kernel do not go together"},
    {LIST "    - {driver: kernel, name: k}\n  serve_sock: run/s\n", TAI_ERR_FORMAT,
     "5: serve_sock and the reference k do not go together"},
    {LIST "    - {driver: system-clock, accuracy_us: 9}\n  serve_shm: 3\n", TAI_ERR_FORMAT,
     "5: serve_shm and the reference system-clock do not go together"},
    {SYNC "  reference: system-clock\n  system_clock_error_us: 5\n  serve_sock: run/s\n", TAI_ERR_FORMAT,
     "5: serve_sock and the reference system-clock do not go together"},
    {SYNC "  serve_sock:\n", TAI_ERR_FORMAT, "3: serve_sock must be a path"},
};

START_TEST(test_refused)
{
    must_refuse(&bads[_i], _i);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("config_references");
    TCase *t = tcase_create("config_references");
    tcase_add_test(t, test_all);
    tcase_add_test(t, test_kernel);
    tcase_add_test(t, test_defaults);
    tcase_add_loop_test(t, test_refused, 0, (int)(sizeof bads / sizeof bads[0]));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
