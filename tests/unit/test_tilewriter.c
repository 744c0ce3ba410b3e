/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles on their way to the disk: many together, and none under its name before it is whole. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server/stamp/io/tilewriter.h"

enum { TILES = 40 };

/* What the writer's thread asked the disk for; read after it has ended. */
static struct {
    int begun, synced, named, begun_at_first_sync;
    bool named_too_early;
    int failing_sync; /* this one fails, from 1; 0: none */
} seen;

static int count_write_out(void *ctx, int fd)
{
    seen.begun++;
    return file_posix.write_out(ctx, fd);
}

static int count_fsync(void *ctx, int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return file_posix.fsync(ctx, fd);
    if (seen.synced == 0)
        seen.begun_at_first_sync = seen.begun;
    if (++seen.synced == seen.failing_sync)
        return -5;
    return file_posix.fsync(ctx, fd);
}

static int count_rename(void *ctx, const char *from, const char *to)
{
    seen.named++;
    seen.named_too_early = seen.named_too_early || seen.named > seen.synced;
    return file_posix.rename(ctx, from, to);
}

static int write_tiles(const char *folder)
{
    struct file_ops ops = file_posix;
    ops.write_out = count_write_out;
    ops.fsync = count_fsync;
    ops.rename = count_rename;
    struct hash hashes[TILE_WIDTH] = {0}, there[TILE_WIDTH];
    struct tile_writer *writer;
    ck_assert_int_eq(tile_writer_start(&ops, folder, &writer), TAI_OK);
    for (uint8_t i = 0; i < TILES; i++) {
        hashes[0].b[0] = i;
        tile_writer_add(writer, 0, i, hashes);
    }
    tile_writer_stop(writer);
    int found = 0;
    for (uint8_t i = 0; i < TILES; i++)
        found += tile_file_read(&file_posix, folder, 0, i, there) && there[0].b[0] == i;
    return found;
}

static char folder[40];

static void make_folder(void)
{
    strcpy(folder, "/tmp/test_tilewriter.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(written_together)
{
    memset(&seen, 0, sizeof seen);
    make_folder();
    ck_assert_int_eq(write_tiles(folder), TILES);
    remove_folder();
    ck_assert_int_eq(seen.synced, TILES);
    ck_assert(!seen.named_too_early);
    ck_assert_int_gt(seen.begun_at_first_sync,
                     4); /* 32, if this thread was not stopped for a second meanwhile */
}
END_TEST

/* A tile whose fsync failed gets no name, and the others of its company do. */
START_TEST(one_fails)
{
    memset(&seen, 0, sizeof seen);
    seen.failing_sync = 3;
    make_folder();
    ck_assert_int_eq(write_tiles(folder), TILES - 1);
    remove_folder();
    ck_assert_int_eq(seen.named, TILES - 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tilewriter");
    TCase *t = tcase_create("tilewriter");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, written_together);
    tcase_add_test(t, one_fails);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
