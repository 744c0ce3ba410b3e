/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of tai-stamp that a mistake would hide in: names shown, names stored, walks, the journal and its counters. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/tai-stamp/batches.h"
#include "tools/file.h"
#include "tools/tai-stamp/hashing.h"
#include "tools/tai-stamp/home.h"
#include "tools/tai-stamp/kept.h"
#include "tools/tai-stamp/outbox.h"
#include "tools/tai-stamp/state.h"
#include "tools/text.h"
#include "tools/tai-stamp/walk.h"

static char root[64];

static void set_folder(const char *variable, const char *name)
{
    char *path = text_printf("%s/%s", root, name);

    ck_assert_int_eq(setenv(variable, path, 1), 0);
    free(path);
}

static void make_home(void)
{
    snprintf(root, sizeof root, "/tmp/taistamp-unit.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(chdir(root), 0);
    set_folder("XDG_CONFIG_HOME", "config");
    set_folder("XDG_DATA_HOME", "data");
}

static void remove_home(void)
{
    char *command = text_printf("rm -rf '%s'", root);

    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(system(command), 0);
    free(command);
}

static void put(const char *path, const char *content)
{
    ck_assert_int_eq(file_save(path, content, strlen(content), 0644, false), 0);
}

START_TEST(escape_shows_every_byte_safely)
{
    static const struct {
        const char *name, *shown;
    } table[] = {{"photo.jpg", "photo.jpg"},
                 {"a\nb", "a\\nb"},
                 {"\033[31mred", "\\x1b[31mred"},
                 {"back\\slash", "back\\\\slash"},
                 {"caf\xc3\xa9", "caf\xc3\xa9"},
                 {"\xff\xfe", "\\xff\\xfe"},
                 {"\xc0\xaf", "\\xc0\\xaf"},                  /* overlong */
                 {"\xed\xa0\x80", "\\xed\\xa0\\x80"},         /* a surrogate */
                 {"\xc2\x9b", "\\xc2\\x9b"},                  /* a C1 control that starts a sequence */
                 {"gpj.\xe2\x80\xae", "gpj.\\xe2\\x80\\xae"}, /* turns what follows round */
                 {"\xe2\x82", "\\xe2\\x82"}};                 /* cut */

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *shown = text_escape(table[i].name);

        ck_assert_str_eq(shown, table[i].shown);
        free(shown);
    }
}
END_TEST

START_TEST(percent_comes_back_and_only_so)
{
    static const char *const bad[] = {"%", "%4", "%zz", "%2f", "a b", "%41", "%00", "%2F", "\xc3\xa9"};
    char every[256];

    for (int i = 1; i < 256; i++)
        every[i - 1] = (char)i;
    every[255] = '\0';
    char *coded = text_percent(every), *back = text_unpercent(coded, strlen(coded));
    ck_assert_ptr_nonnull(back);
    ck_assert_str_eq(back, every);
    free(coded);
    free(back);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(text_unpercent(bad[i], strlen(bad[i])) == NULL, "%s was taken", bad[i]);
}
END_TEST

START_TEST(widths_round_up)
{
    static const struct {
        int64_t ns;
        const char *shown;
    } table[] = {{0, "0 ns"},
                 {999, "999 ns"},
                 {1000, "1 \xc2\xb5s"},
                 {1001, "1.01 \xc2\xb5s"},
                 {83003, "83.1 \xc2\xb5s"},
                 {83000, "83 \xc2\xb5s"},
                 {50291538, "50.3 ms"},
                 {999999999, "1000 ms"},
                 {1500000000, "1.50 s"},
                 {INT64_MAX, "unbounded"}};
    char text[TEXT_WIDTH_MAX];

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        text_width(table[i].ns, text);
        ck_assert_str_eq(text, table[i].shown);
    }
}
END_TEST

static void count_problem(void *user, const char *path, const char *what)
{
    (void)path;
    (void)what;
    ++*(int *)user;
}

START_TEST(walk_leaves_receipts_and_links_out)
{
    struct walk walk = {0};
    int problems = 0;

    ck_assert_int_eq(file_make_folders("d/e", 0755), 0);
    put("d/b", "b");
    put("d/b.tai", "receipt");
    put("d/a\nname", "a");
    put("d/e/c", "c");
    put("d/.tai-stamp-1-0", "left by a kill");
    ck_assert_int_eq(symlink("b", "d/link"), 0);
    ck_assert_int_eq(mkfifo("d/fifo", 0600), 0);
    walk_add(&walk, "d", true, count_problem, &problems);
    walk_add(&walk, "d/b", false, count_problem, &problems);
    walk_add(&walk, "d/e", false, count_problem, &problems);
    walk_unique(&walk);
    ck_assert_uint_eq(walk.n_files, 3);
    ck_assert_str_eq(walk.files[0], "d/a\nname");
    ck_assert_str_eq(walk.files[1], "d/b");
    ck_assert_str_eq(walk.files[2], "d/e/c");
    ck_assert_uint_eq(walk.n_receipts, 1);
    ck_assert_uint_eq(walk.links_skipped, 1);
    ck_assert_int_eq(problems, 2); /* the FIFO, and a folder without -r */
    walk_free(&walk);
}
END_TEST

START_TEST(writing_never_replaces_unasked)
{
    char *data;
    size_t len;

    put("f", "old");
    ck_assert_int_eq(file_save("f", "new", 3, 0644, true), EEXIST);
    ck_assert_int_eq(file_load("f", 100, &data, &len), 0);
    ck_assert_str_eq(data, "old");
    free(data);
    ck_assert_int_eq(file_load("f", 2, &data, &len), EFBIG);
    ck_assert_int_eq(file_load(".", 2, &data, &len), EISDIR);
    ck_assert_int_eq(file_save("no/such/folder", "x", 1, 0644, false), ENOENT);
    ck_assert_int_eq(system("test -z \"$(ls -A | grep tai-stamp)\""), 0);
}
END_TEST

START_TEST(secret_is_made_once_and_kept_private)
{
    uint8_t first[TAISTAMP_SECRET_LEN], again[TAISTAMP_SECRET_LEN];
    struct tai_error error;
    char *path = home_config("secret");

    ck_assert_int_eq(state_secret(first, &error), TAI_OK);
    ck_assert_int_eq(state_secret(again, &error), TAI_OK);
    ck_assert_mem_eq(first, again, sizeof first);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(state_secret(again, &error), TAI_ERR_PERMISSION);
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_int_eq(truncate(path, 31), 0);
    ck_assert_int_eq(state_secret(again, &error), TAI_ERR_CORRUPT);
    free(path);
}
END_TEST

static struct outbox_item sample(uint8_t byte, uint64_t counter)
{
    struct outbox_item item = {.digest = {.algorithm = TAISTAMP_SHA256}, .counter = counter};

    memset(item.digest.bytes, byte, 32);
    memset(item.commitment, byte ^ 0xff, 32);
    item.path = text_printf("/p/%c\n", 'a' + byte % 26);
    item.receipt = byte % 2 ? text_copy("/p/r.tai") : NULL;
    return item;
}

static void sample_free(struct outbox_item *item)
{
    free(item->path);
    free(item->receipt);
}

START_TEST(journal_becomes_queue_when_let_go)
{
    struct outbox_item items[2] = {sample(1, 0), sample(2, 7)};
    struct outbox_record record;
    struct outbox_queue queue;

    ck_assert_int_eq(outbox_write(items, 2, &record), 0);
    outbox_take(&queue);
    ck_assert_uint_eq(queue.n, 0); /* somebody holds it */
    outbox_release(&queue, false);
    outbox_leave(&record);
    outbox_take(&queue);
    ck_assert_uint_eq(queue.n, 2);
    ck_assert_str_eq(queue.items[0].path, items[0].path);
    ck_assert_ptr_null(queue.items[1].receipt);
    ck_assert_uint_eq(queue.items[1].counter, 7);
    ck_assert_mem_eq(queue.items[1].commitment, items[1].commitment, 32);
    outbox_release(&queue, true);
    outbox_take(&queue);
    ck_assert_uint_eq(queue.n, 0);
    outbox_release(&queue, false);
    sample_free(&items[0]);
    sample_free(&items[1]);
}
END_TEST

/* A record cut anywhere, or with any byte changed to one that no record holds, is left alone. */
START_TEST(damaged_journal_is_not_taken)
{
    struct outbox_item item = sample(3, 1);
    struct outbox_record record;
    struct outbox_queue queue;
    char *path, *data;
    size_t len;

    ck_assert_int_eq(outbox_write(&item, 1, &record), 0);
    path = text_copy(record.path);
    outbox_leave(&record);
    ck_assert_int_eq(file_load(path, 100000, &data, &len), 0);
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    for (size_t i = 0; i + 1 < len; i++) {
        char was = data[i];

        ck_assert_int_eq(file_save(path, data, i, 0600, false), 0);
        outbox_take(&queue);
        ck_assert_msg(queue.n == 0, "cut at %zu was taken", i);
        outbox_release(&queue, false);
        data[i] = '!';
        ck_assert_int_eq(file_save(path, data, len, 0600, false), 0);
        outbox_take(&queue);
        ck_assert_msg(queue.n == 0, "changed at %zu was taken", i);
        outbox_release(&queue, false);
        data[i] = was;
    }
    free(data);
    free(path);
    sample_free(&item);
}
END_TEST

START_TEST(counters_rise_above_kept_and_reserved)
{
    struct outbox_item reserved = sample(9, 4);
    struct taistamp_digest other = {.algorithm = TAISTAMP_SHA256, .bytes = {5}};
    struct outbox_record record;
    struct outbox_counters *counters;
    char *path = kept_path(&other, 0), *higher = kept_path(&other, 12), *found;

    ck_assert_int_eq(kept_prepare(&other), 0);
    ck_assert_ptr_null(kept_find(&other));
    put(higher, "a receipt after a gap");
    found = kept_find(&other);
    ck_assert_str_eq(found, higher);
    free(found);
    put(path, "a receipt");
    found = kept_find(&other);
    ck_assert_str_eq(found, path);
    free(found);
    free(higher);
    ck_assert_int_eq(outbox_write(&reserved, 1, &record), 0);
    counters = outbox_counters_load();
    ck_assert_uint_eq(outbox_counters_next(counters, &reserved.digest), 5);
    ck_assert_uint_eq(outbox_counters_next(counters, &reserved.digest), 6);
    ck_assert_uint_eq(outbox_counters_next(counters, &other), 1);
    for (uint32_t i = 0; i < 5000; i++) { /* the table grows */
        struct taistamp_digest many = {.algorithm = TAISTAMP_SHA256};

        memcpy(many.bytes, &i, sizeof i);
        many.bytes[31] = 77;
        ck_assert_uint_eq(outbox_counters_next(counters, &many), 0);
    }
    ck_assert_uint_eq(outbox_counters_next(counters, &reserved.digest), 7);
    outbox_counters_free(counters);
    outbox_done(&record, false);
    free(path);
    sample_free(&reserved);
}
END_TEST

/* An answer is added once and found again; a record whose answer is cut anywhere has none, and is queued as before. */
START_TEST(answer_is_whole_or_absent)
{
    static const char answer[] = "proof\nend 7\nanswer 3\n\xe2\x80\x94 sig\n";
    struct outbox_item item = sample(5, 2);
    struct outbox_content content;
    struct outbox_record record;
    struct outbox_queue queue;
    size_t len, bare;
    char *text, *path;

    ck_assert_int_eq(outbox_write(&item, 1, &record), 0);
    path = text_copy(record.path);
    ck_assert_int_eq(file_load(path, 1 << 20, &text, &bare), 0);
    free(text);
    ck_assert_int_eq(outbox_answer(&record, answer, strlen(answer)), 0);
    outbox_leave(&record);
    ck_assert_int_eq(file_load(path, 1 << 20, &text, &len), 0);
    ck_assert(outbox_read(path, &content));
    ck_assert_uint_eq(content.answer_len, strlen(answer));
    ck_assert_mem_eq(content.answer, answer, strlen(answer));
    outbox_content_free(&content);
    outbox_take(&queue); /* it is not to be sent again */
    ck_assert_uint_eq(queue.n, 0);
    outbox_release(&queue, false);
    for (size_t cut = bare; cut < len; cut++) {
        ck_assert_int_eq(file_save(path, text, cut, 0600, false), 0);
        ck_assert(outbox_read(path, &content));
        ck_assert_ptr_null(content.answer);
        ck_assert_uint_eq(content.n, 1);
        outbox_content_free(&content);
    }
    unlink(path);
    free(text);
    free(path);
    sample_free(&item);
}
END_TEST

/* Lists of every length are searched by bisection: what is in them is found, with its highest counter, nothing else. */
START_TEST(batches_find_what_they_hold)
{
    for (size_t n = 1; n <= 24; n++) {
        struct outbox_item items[24];
        struct outbox_record record;
        struct batches *batches;
        char *list, *below;

        for (size_t i = 0; i < n; i++)
            items[i] = sample((uint8_t)(10 * i + 5), i);
        if (n > 3) { /* the same content twice */
            sample_free(&items[3]);
            items[3] = sample((uint8_t)(10 * 2 + 5), 9);
        }
        ck_assert_int_eq(outbox_write(items, n, &record), 0);
        below = text_printf("batches/%.*s.list", (int)(strlen(text_base_name(record.path)) - 5),
                            text_base_name(record.path));
        list = home_data(below);
        ck_assert_int_eq(outbox_answer(&record, "x", 1), 0);
        outbox_done(&record, true);
        batches = batches_open();
        ck_assert(batches_algorithm(batches, TAISTAMP_SHA256));
        ck_assert(!batches_algorithm(batches, TAISTAMP_SHA3_256));
        for (unsigned byte = 0; byte < 250; byte++) {
            struct outbox_item probe = sample((uint8_t)byte, 0);
            uint64_t next = batches_next_counter(batches, &probe.digest);

            if (byte % 10 != 5 || byte / 10 >= n || (n > 3 && byte / 10 == 3))
                ck_assert_uint_eq(next, 0);
            else
                ck_assert_uint_eq(next, n > 3 && byte / 10 == 2 ? 10 : byte / 10 + 1);
            sample_free(&probe);
        }
        batches_close(batches);
        unlink(list);
        free(list);
        free(below);
        for (size_t i = 0; i < n; i++)
            sample_free(&items[i]);
    }
}
END_TEST

START_TEST(hashing_says_why_not)
{
    struct hashing_job jobs[4] = {{.path = "fifo"}, {.path = "none"}, {.path = "."}, {.path = "sparse"}};
    FILE *sparse = fopen("sparse", "w");

    ck_assert_int_eq(mkfifo("fifo", 0600), 0);
    ck_assert_ptr_nonnull(sparse);
    ck_assert_int_eq(ftruncate(fileno(sparse), 100 << 20), 0);
    fclose(sparse);
    hashing_run(jobs, 4, TAISTAMP_SHA256, 3, true);
    ck_assert(!jobs[0].done && strstr(jobs[0].problem, "FIFO") != NULL);
    ck_assert(!jobs[1].done && jobs[1].missing);
    ck_assert(!jobs[2].done && strstr(jobs[2].problem, "folder") != NULL);
    ck_assert(jobs[3].done && hashing_unchanged(&jobs[3]));
    put("sparse", "other");
    ck_assert(!hashing_unchanged(&jobs[3]));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli");
    TCase *pure = tcase_create("text"), *files = tcase_create("files");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(pure, escape_shows_every_byte_safely);
    tcase_add_test(pure, percent_comes_back_and_only_so);
    tcase_add_test(pure, widths_round_up);
    tcase_add_checked_fixture(files, make_home, remove_home);
    tcase_set_timeout(files, 60);
    tcase_add_test(files, walk_leaves_receipts_and_links_out);
    tcase_add_test(files, writing_never_replaces_unasked);
    tcase_add_test(files, secret_is_made_once_and_kept_private);
    tcase_add_test(files, journal_becomes_queue_when_let_go);
    tcase_add_test(files, damaged_journal_is_not_taken);
    tcase_add_test(files, counters_rise_above_kept_and_reserved);
    tcase_add_test(files, answer_is_whole_or_absent);
    tcase_add_test(files, batches_find_what_they_hold);
    tcase_add_test(files, hashing_says_why_not);
    suite_add_tcase(suite, pure);
    suite_add_tcase(suite, files);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
