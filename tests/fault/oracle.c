/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/oracle.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/openssl.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/receipt.h"
#include "server/sign/slot.h"

const char oracle_origin[] = "log.example/taistamp/0123456789abcdef";
struct rig rig;
struct crypto crypto;
struct tai_error why;
bool older_slot;

void setup(void)
{
    disk_reset();
    ck_assert_int_eq(file_make_dirs(disk_files(), "/log", 0700, NULL), TAI_OK);
    ck_assert_int_eq(file_make_dirs(disk_files(), "/key", 0700, NULL), TAI_OK);
    ck_assert_int_eq(signer_create(disk_files(), "/key", oracle_origin, NULL), TAI_OK);
    ck_assert_int_eq(openssl_crypto_open(&crypto), TAI_OK);
    rig_init(&rig, "/log", "/key");
    rig.vfs = disk_vfs();
    rig.files = disk_files();
}

void teardown(void)
{
    rig_free(&rig);
    openssl_crypto_close(&crypto);
    disk_reset();
}

/* ---- The oracle ---- */

struct tree_check {
    struct merkle_frontier frontier;
    struct hash *roots; /* roots[n]: of the first n leaves */
};

/* The tree as the log serves it: level 0, tile by tile. */
static void read_tree(struct tree_check *t, uint64_t size)
{
    memset(t, 0, sizeof *t);
    t->roots = calloc(size + 1, sizeof *t->roots);
    t->roots[0] = merkle_root(&crypto, &t->frontier);
    for (uint64_t first = 0; first < size; first += 256) {
        unsigned width = size - first < 256 ? (unsigned)(size - first) : 256;
        char path[64];
        snprintf(path, sizeof path, width < 256 ? "0/%03u.p/%u" : "0/%03u", (unsigned)(first / 256), width);
        size_t len;
        enum tai_err err;
        char *tile = rig_tile(&rig, path, &len, &err);
        ck_assert_msg(err == TAI_OK, "tile %s: %s", path, taistamp_err_name(err));
        ck_assert_uint_eq(len, width * 32);
        for (unsigned i = 0; i < width; i++) {
            struct hash leaf;
            memcpy(leaf.b, tile + i * 32, 32);
            merkle_append(&crypto, &t->frontier, &leaf, NULL, NULL);
            t->roots[first + i + 1] = merkle_root(&crypto, &t->frontier);
        }
        free(tile);
    }
}

static void check_receipt(const struct rig_answer *a, const struct tree_check *tree, int64_t *times)
{
    static struct receipt r;
    enum tai_err err;
    char *again = rig_receipt(&rig, a->index, &err);
    ck_assert_msg(err == TAI_OK, "entry %llu: %s", (unsigned long long)a->index, taistamp_err_name(err));
    ck_assert_str_eq(again, a->receipt);
    ck_assert_int_eq(receipt_parse(bytes_of_str(again), RECEIPT_BARE, &r, NULL), TAI_OK);
    ck_assert_uint_eq(be64_read(r.entry.subject.bytes), a->subject);
    ck_assert_uint_le(r.checkpoint.size, tree->frontier.size);
    ck_assert(hash_equal(&r.checkpoint.root, &tree->roots[r.checkpoint.size]));
    ck_assert_int_eq(times[a->index], 0);
    times[a->index] = r.entry.t.ns;
    free(again);
}

/* All answers from number `from` on; whatever the number, once and in the order of time. */
void check_log_from(size_t from)
{
    struct stamp_log_stats stats;
    struct tree_check tree;
    stamp_log_stats(rig.log, &stats);
    read_tree(&tree, stats.size);
    int64_t *times = calloc(stats.size + 1, sizeof *times), last = 0;
    for (size_t i = 0; i < rig.submitted; i++) {
        ck_assert_uint_eq(rig.answers[i].times, 1);
        if (i >= from && rig.answers[i].outcome == STAMP_OK) {
            ck_assert_uint_lt(rig.answers[i].index, stats.size);
            check_receipt(&rig.answers[i], &tree, times);
        }
    }
    for (uint64_t i = 0; i < stats.size; i++) {
        ck_assert(times[i] == 0 || times[i] > last);
        last = times[i] != 0 ? times[i] : last;
    }
    free(times);
    free(tree.roots);
}

void check_log(void)
{
    check_log_from(0);
}

size_t acknowledged(void)
{
    size_t n = 0;
    for (size_t i = 0; i < rig.submitted; i++)
        n += rig.answers[i].outcome == STAMP_OK && rig.answers[i].times == 1;
    return n;
}

void must_open(const char *when, size_t at)
{
    memset(&why, 0, sizeof why);
    enum tai_err err = rig_open(&rig, &why);
    ck_assert_msg(err == TAI_OK, "%s %zu: the log does not open: %s", when, at, why.text);
}

/* What was told to somebody is known beside the key: without that, a lost tail would not be noticed. */
void slot_must_know(const char *when, size_t at)
{
    struct slot slot;
    size_t len;
    const uint8_t *file = disk_content("/key/log.head", &len);
    ck_assert_msg(len == SLOT_FILE && slot_choose(file, &slot), "%s %zu: no valid slot", when, at);
    for (size_t i = 0; i < rig.submitted; i++)
        if (rig.answers[i].outcome == STAMP_OK && rig.answers[i].times == 1)
            ck_assert_msg(rig.answers[i].index < slot.head.size, "%s %zu: the slot is behind", when, at);
}

/* After the bad day all is there, and it goes on. */
void must_be_well(const char *when, size_t at)
{
    if (!older_slot)
        slot_must_know(when, at);
    must_open(when, at);
    check_log();
    size_t before = acknowledged();
    rig_stamp(&rig, 3);
    ck_assert_uint_eq(acknowledged(), before + 3);
    check_log_from(rig.submitted > 6 ? rig.submitted - 6 : 0);
    rig_close(&rig);
}

/* A working day: small batches, one that fills a tile, a restart. Stops at the first failure. */
void workload(void)
{
    static const size_t day[] = {1, 3, 250, 0, 1, 10, 2};
    if (rig_open(&rig, &why) != TAI_OK)
        return;
    for (size_t i = 0; i < sizeof day / sizeof *day && !rig.failed; i++) {
        if (day[i] > 0) {
            rig_stamp(&rig, day[i]);
            continue;
        }
        rig_close(&rig);
        if (rig_open(&rig, &why) != TAI_OK)
            return;
    }
    if (rig.log != NULL)
        rig_close(&rig);
}
