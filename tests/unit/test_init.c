/* SPDX-License-Identifier: Apache-2.0 */
/* taid init: what it makes, that it makes it once, and that a disk which fails at any call leaves nothing behind. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/io/file.h"
#include "server/config.h"
#include "server/init.h"
#include "taistamp/proof.h"

static char base[64], dir[96];

static void setup(void)
{
    snprintf(base, sizeof base, "/tmp/taistamp-init-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    snprintf(dir, sizeof dir, "%s/log", base);
}

static void remove_folder(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlink(name) != 0)
            remove_folder(name);
    }
    if (d != NULL)
        closedir(d);
    rmdir(path);
}

static void teardown(void)
{
    remove_folder(base);
}

static int entries(const char *path)
{
    int n = 0;
    DIR *d = opendir(path);
    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL)
        closedir(d);
    return n - 2;
}

static mode_t mode_of(const char *name)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s%s", dir, name);
    ck_assert_msg(stat(path, &st) == 0, "%s", path);
    return st.st_mode & 07777;
}

/* ---- a disk that fails ---- */

struct faulty {
    int calls;   /* so far */
    int fail_at; /* this call, from 1, and with `forever` all after it */
    bool forever;
    int error;
};

static bool fails(struct faulty *f)
{
    f->calls++;
    return f->forever ? f->calls >= f->fail_at : f->calls == f->fail_at;
}

static int f_open(void *ctx, const char *path, int flags, mode_t mode)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.open(file_posix.ctx, path, flags, mode);
}

static int f_close(void *ctx, int fd)
{
    (void)ctx;
    return file_posix.close(file_posix.ctx, fd);
}

static ssize_t f_pread(void *ctx, int fd, void *buf, size_t len, uint64_t at)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.pread(file_posix.ctx, fd, buf, len, at);
}

static ssize_t f_pwrite(void *ctx, int fd, const void *buf, size_t len, uint64_t at)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.pwrite(file_posix.ctx, fd, buf, len, at);
}

static int f_truncate(void *ctx, int fd, uint64_t size)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.truncate(file_posix.ctx, fd, size);
}

static int f_fdatasync(void *ctx, int fd)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.fdatasync(file_posix.ctx, fd);
}

static int f_fsync(void *ctx, int fd)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.fsync(file_posix.ctx, fd);
}

static int f_stat(void *ctx, int fd, struct file_stat *ret_stat)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.stat(file_posix.ctx, fd, ret_stat);
}

static int f_lock(void *ctx, int fd)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.lock(file_posix.ctx, fd);
}

static int f_rename(void *ctx, const char *from, const char *to)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.rename(file_posix.ctx, from, to);
}

static int f_rename_new(void *ctx, const char *from, const char *to)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.rename_new(file_posix.ctx, from, to);
}

static int f_unlink(void *ctx, const char *path)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.unlink(file_posix.ctx, path);
}

static int f_mkdir(void *ctx, const char *path, mode_t mode)
{
    struct faulty *f = ctx;
    return fails(f) ? -f->error : file_posix.mkdir(file_posix.ctx, path, mode);
}

static struct file_ops faulty_ops(struct faulty *f)
{
    return (struct file_ops){f,          f_open,       f_close,  f_pread, f_pwrite,
                             f_truncate, f_fdatasync,  f_fsync,  f_stat,  f_lock,
                             f_rename,   f_rename_new, f_unlink, f_mkdir, NULL};
}

/* ---- tests ---- */

static enum tai_err init(const struct file_ops *files, struct init_result *ret, struct tai_error *error)
{
    struct init_options o = {.dir = dir,
                             .host = "log.example.org",
                             .listen = "[::1]:0",
                             .url = "https://log.example.org",
                             .assume_error_ms = "250",
                             .files = files};
    error->text[0] = 0;
    return init_run(&o, ret, error);
}

static void assert_whole(const struct init_result *made)
{
    char path[128];
    struct taid_config *config = NULL;
    struct tai_error error;
    ck_assert_int_eq(entries(dir), 3);
    ck_assert_int_eq(mode_of("/keys"), 0700);
    ck_assert_int_eq(mode_of("/keys/log.key"), 0600);
    ck_assert_int_eq(mode_of("/keys/log.head"), 0600);
    ck_assert_int_eq(mode_of("/keys/log.origin"), 0600);
    ck_assert_int_eq(mode_of("/taid.yaml"), 0644);
    ck_assert_int_eq(mode_of("/policy"), 0644);
    snprintf(path, sizeof path, "%s/taid.yaml", dir);
    ck_assert_msg(config_load(path, &config, &error) == TAI_OK, "%s", error.text);
    ck_assert_str_eq(config->data_dir, dir);
    ck_assert_uint_eq(config->stamp.listen_count, 1);
    ck_assert_str_eq(config->stamp.listen[0], "[::1]:0");
    ck_assert_int_eq(config->clock.assume_error_ns, 250000000);
    config_free(config);

    ck_assert_int_eq(strncmp(made->origin, "log.example.org/taistamp/", 25), 0);
    ck_assert_uint_eq(strspn(made->origin + 25, "0123456789abcdef"), 16);
    ck_assert_uint_eq(strlen(made->origin), 41);
    char *text = NULL;
    size_t len = 0;
    taistamp_policy *policy = NULL;
    struct taistamp_policy_key key;
    snprintf(path, sizeof path, "%s/policy", dir);
    ck_assert_int_eq(file_read(&file_posix, path, 65536, &text, &len, &error), TAI_OK);
    ck_assert_int_eq(taistamp_policy_parse(text, len, &policy, &error), TAI_OK);
    ck_assert_uint_eq(taistamp_policy_logs(policy), 1);
    ck_assert_uint_eq(taistamp_policy_witnesses(policy), 0);
    ck_assert_int_eq(taistamp_policy_key(policy, 0, &key), TAI_OK);
    ck_assert_str_eq(key.name, made->origin);
    ck_assert_str_eq(key.vkey, made->vkey);
    ck_assert_str_eq(key.url, "https://log.example.org");
    taistamp_policy_free(policy);
    free(text);
}

START_TEST(test_makes_once)
{
    struct init_result made, again;
    struct tai_error error;
    if (_i == 1)
        ck_assert_int_eq(mkdir(dir, 0755), 0); /* an empty folder will do as well */
    ck_assert_msg(init(NULL, &made, &error) == TAI_OK, "%s", error.text);
    assert_whole(&made);
    ck_assert_int_eq(entries(base), 1);
    ck_assert_int_eq(init(NULL, &again, &error), TAI_ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(error.text, "already"));
    assert_whole(&made);
}
END_TEST

START_TEST(test_two_differ)
{
    struct init_result a, b;
    struct tai_error error;
    ck_assert_int_eq(init(NULL, &a, &error), TAI_OK);
    snprintf(dir, sizeof dir, "%s/other", base);
    ck_assert_int_eq(init(NULL, &b, &error), TAI_OK);
    ck_assert_str_ne(a.origin, b.origin);
    ck_assert_str_ne(a.fingerprint, b.fingerprint);
}
END_TEST

START_TEST(test_foreign_folder_is_left_alone)
{
    struct init_result made;
    struct tai_error error;
    char path[128];
    ck_assert_int_eq(mkdir(dir, 0755), 0);
    snprintf(path, sizeof path, "%s/photo.jpg", dir);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    ck_assert_int_eq(init(NULL, &made, &error), TAI_ERR_CONFLICT);
    ck_assert_int_eq(entries(dir), 1);
    ck_assert_int_eq(entries(base), 1);
}
END_TEST

START_TEST(test_wrong_options_cost_nothing)
{
    static const struct {
        struct init_options o;
        enum tai_err code;
    } cases[] = {
        {{.host = "a b"}, TAI_ERR_ARGUMENT},
        {{.host = ""}, TAI_ERR_ARGUMENT},
        {{.host = "h", .listen = "localhost:1"}, TAI_ERR_FORMAT},
        {{.host = "h", .listen = "127.0.0.1:1\", \"0.0.0.0:1"}, TAI_ERR_ARGUMENT},
        {{.host = "h", .assume_error_ms = "0"}, TAI_ERR_RANGE},
        {{.host = "h", .assume_error_ms = "x"}, TAI_ERR_RANGE},
        {{.host = "h", .assume_error_ms = "1000"}, TAI_ERR_RANGE}, /* no stamp could be issued */
        {{.host = "h", .url = "https://a b"}, TAI_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct init_options o = cases[i].o;
        struct init_result made;
        struct tai_error error = {.text = ""};
        o.dir = dir;
        enum tai_err err = init_run(&o, &made, &error);
        ck_assert_msg(err == cases[i].code, "case %zu: %d %s", i, err, error.text);
        ck_assert_msg(error.text[0] != 0, "case %zu", i);
        ck_assert_int_eq(entries(base), 0);
    }
}
END_TEST

START_TEST(test_no_parent)
{
    struct init_result made;
    struct tai_error error;
    snprintf(dir, sizeof dir, "%s/no/log", base);
    ck_assert_int_eq(init(NULL, &made, &error), TAI_ERR_NOT_FOUND);
    ck_assert_int_eq(entries(base), 0);
}
END_TEST

/* Every call in turn fails, alone or with all that follow: an error, and not one file more than before. */
START_TEST(test_failing_disk)
{
    static const int errors[] = {ENOSPC, EIO, EROFS};
    bool existing = _i & 1, forever = _i & 2;
    int total = 0;
    for (int at = 1;; at++) {
        struct faulty f = {.fail_at = at, .forever = forever, .error = errors[at % 3]};
        struct file_ops ops = faulty_ops(&f);
        struct init_result made;
        struct tai_error error;
        if (existing)
            ck_assert_int_eq(mkdir(dir, 0755), 0);
        enum tai_err err = init(&ops, &made, &error);
        if (err == TAI_OK && f.calls < at) {
            total = at;
            break;
        }
        /* A call may fail without harm (looking whether a leftover is there); then everything must be whole. */
        if (err == TAI_OK) {
            assert_whole(&made);
            remove_folder(dir);
            continue;
        }
        ck_assert_msg(error.text[0] != 0, "call %d", at);
        ck_assert_msg(entries(base) == (existing ? 1 : 0), "call %d leaves something: %s", at, error.text);
        if (existing) {
            ck_assert_msg(entries(dir) == 0, "call %d leaves something: %s", at, error.text);
            rmdir(dir);
        }
    }
    ck_assert_int_gt(total, 30); /* the table of operations was really in use */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("init");
    TCase *t = tcase_create("init");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_makes_once, 0, 2);
    tcase_add_test(t, test_two_differ);
    tcase_add_test(t, test_foreign_folder_is_left_alone);
    tcase_add_test(t, test_wrong_options_cost_nothing);
    tcase_add_test(t, test_no_parent);
    tcase_add_loop_test(t, test_failing_disk, 0, 4);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
