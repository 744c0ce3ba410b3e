/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/tai-stamp/describe.h"
#include "tools/file.h"
#include "tools/tai-stamp/kept.h"
#include "tools/text.h"

enum { DEVICES_MAX = 16 };

/* A receipt on its way to two places. */
struct parcel {
    struct item *item;
    char *text;
    size_t len;
    char *kept, *kept_temp, *temp;
    int kept_err, err; /* errno values */
};

/* The file systems that were written to, each once. */
struct devices {
    dev_t seen[DEVICES_MAX];
    char *paths[DEVICES_MAX];
    size_t n;
    bool too_many;
};

static void note_device(struct devices *devices, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return;
    for (size_t i = 0; i < devices->n; i++)
        if (devices->seen[i] == st.st_dev)
            return;
    if (devices->n == DEVICES_MAX) {
        devices->too_many = true;
        return;
    }
    devices->seen[devices->n] = st.st_dev;
    devices->paths[devices->n++] = text_copy(path);
}

/* An errno value. More file systems than we count: all of them. */
static int sync_devices(const struct devices *devices)
{
    int err = 0;

    for (size_t i = 0; i < devices->n; i++) {
        /* The path may have been a temporary file that has its own name by now; its folder has not moved. */
        const char *base = text_base_name(devices->paths[i]);
        char *folder = base == devices->paths[i]
                           ? text_copy(".")
                           : text_copy_n(devices->paths[i], (size_t)(base - devices->paths[i]));
        int one = file_sync(folder);

        if (one != 0)
            err = one;
        free(folder);
    }
    if (devices->too_many)
        sync();
    return err;
}

static bool to_stdout(const struct parcel *p)
{
    return p->item->receipt != NULL && strcmp(p->item->receipt, "-") == 0;
}

/* Writes a copy to be kept under a temporary name. */
static void stage_kept(struct parcel *p, struct devices *devices)
{
    p->kept = kept_path(&p->item->job.digest, p->item->counter);
    p->kept_err = p->kept == NULL ? ENOENT : file_stage(p->kept, p->text, p->len, 0600, &p->kept_temp);
    if (p->kept_err == ENOENT && kept_prepare(&p->item->job.digest) == 0)
        p->kept_err = file_stage(p->kept, p->text, p->len, 0600, &p->kept_temp);
    if (p->kept_err == 0)
        note_device(devices, p->kept_temp);
}

/* Writes the copies under temporary names. */
static void stage(struct parcel *p, const char *list, struct devices *devices)
{
    if (list != NULL)
        p->kept = text_copy(list);
    else
        stage_kept(p, devices);
    if (p->item->receipt == NULL || to_stdout(p))
        return;
    p->err = file_stage(p->item->receipt, p->text, p->len, 0644, &p->temp);
    if (p->err == 0)
        note_device(devices, p->temp);
}

/* Gives both copies their names. */
static void publish(const struct options *o, struct parcel *p)
{
    if (p->kept_temp != NULL) {
        p->kept_err = file_publish(p->kept_temp, p->kept, false);
        p->kept_temp = NULL;
    }
    if (p->temp == NULL)
        return;
    if (p->item->aside && file_exists(p->item->receipt)) {
        char *old = NULL;

        p->err = file_move_aside(p->item->receipt, &old);
        if (p->err == 0 && !o->quiet && !o->json) {
            char *shown = text_escape(old);

            printf("%s: the old receipt is now %s\n", p->item->label, shown);
            free(shown);
        }
        free(old);
    }
    if (p->err == 0)
        p->err = file_publish(p->temp, p->item->receipt, true);
    else
        file_discard(p->temp);
    p->temp = NULL;
}

static void say_stamped(const struct options *o, const struct items *items, const struct parcel *p, size_t n)
{
    struct taistamp_receipt_info info;
    taistamp_receipt *receipt = NULL;

    p->item->state = ITEM_STAMPED;
    if (o->quiet || to_stdout(p) || (!o->json && n > 10 && o->verbose == 0) ||
        taistamp_receipt_parse(p->text, p->len, &receipt, NULL) != TAI_OK)
        return;
    taistamp_receipt_info(receipt, &info);
    if (o->json) {
        items_report_json(p->item, "stamped", NULL, &info, items->judge.leaps);
    } else {
        char *when = describe_instant(info.t, info.h, items->judge.leaps);
        char *where = text_escape(p->item->receipt != NULL ? p->item->receipt : p->kept);

        printf("%s: stamped at %s; receipt: %s\n", p->item->label, when, where);
        free(where);
        free(when);
    }
    taistamp_receipt_free(receipt);
}

static void conclude(const struct options *o, const struct items *items, struct parcel *p, size_t n)
{
    if (to_stdout(p) && (fwrite(p->text, 1, p->len, stdout) != p->len || fflush(stdout) != 0))
        p->err = errno;
    if (p->err == 0) {
        if (p->kept_err != 0)
            fprintf(stderr, "%s: no copy could be kept by digest: %s\n", p->item->label,
                    strerror(p->kept_err));
        if (p->item->path != NULL && !hashing_unchanged(&p->item->job))
            fprintf(stderr, "%s: was changed after it was read; the receipt is for what it held before\n",
                    p->item->label);
        say_stamped(o, items, p, n);
        return;
    }
    if (p->kept_err == 0) {
        char *kept = text_escape(p->kept);

        items_fail(o, p->item, EXIT_PARTIAL,
                   "stamped, but the receipt cannot be written beside it: %s. It is kept as %s, where "
                   "'tai-stamp verify' "
                   "finds it; -o or --out-dir puts receipts elsewhere",
                   p->err == EEXIST ? "another one has appeared there" : strerror(p->err), kept);
        free(kept);
    } else {
        items_fail(o, p->item, EXIT_PARTIAL, "stamped, but the receipt cannot be written: %s",
                   strerror(p->err));
    }
}

/* As they were named: items lie in one array. */
static int by_item(const void *a, const void *b)
{
    const struct parcel *one = a, *other = b;

    return (one->item > other->item) - (one->item < other->item);
}

bool deliver(const struct options *o, struct items *items, const taistamp_stamping *stamping,
             struct item *const *which, size_t n, const char *list)
{
    struct parcel *parcels = text_alloc(n * sizeof *parcels);
    struct devices devices = {0};
    bool safe = true;
    int err;

    for (size_t i = 0; i < n; i++) {
        struct parcel *p = &parcels[i];

        p->item = which[i];
        if (taistamp_stamping_receipt(stamping, i, &p->text, &p->len) != TAI_OK)
            items_fail(o, p->item, EXIT_FAILED, "its receipt does not verify, so it was not written");
        else
            stage(p, list, &devices);
    }
    err = sync_devices(&devices);
    for (size_t i = 0; i < n && err == 0; i++)
        if (parcels[i].text != NULL)
            publish(o, &parcels[i]);
    if (err == 0)
        err = sync_devices(&devices);
    if (err != 0)
        fprintf(stderr, "tai-stamp: the receipts cannot be made durable: %s\n", strerror(err));
    qsort(parcels, n, sizeof *parcels, by_item);
    for (size_t i = 0; i < n; i++) {
        struct parcel *p = &parcels[i];

        if (p->text != NULL && err == 0)
            conclude(o, items, p, n);
        else if (p->text != NULL)
            items_fail(o, p->item, EXIT_PARTIAL, "its receipt is not safely on the disk: %s", strerror(err));
        safe = safe && err == 0 && (p->text == NULL || p->err == 0 || p->kept_err == 0);
        file_discard(p->temp);
        file_discard(p->kept_temp);
        free(p->kept);
        free(p->text);
    }
    for (size_t i = 0; i < devices.n; i++)
        free(devices.paths[i]);
    free(parcels);
    return safe;
}
