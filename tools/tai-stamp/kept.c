/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/kept.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "taistamp/proof.h"
#include "tools/tai-stamp/batches.h"
#include "tools/file.h"
#include "tools/tai-stamp/home.h"
#include "tools/text.h"

static char *folder_of(const struct taistamp_digest *digest)
{
    char *below =
        text_printf("receipts/%s/%02x", taistamp_algorithm_name(digest->algorithm), digest->bytes[0]);
    char *folder = home_data(below);

    free(below);
    return folder;
}

char *kept_path(const struct taistamp_digest *digest, uint64_t counter)
{
    char hex[2 * sizeof digest->bytes + 1], *folder = folder_of(digest), *path;

    if (folder == NULL)
        return NULL;
    text_hex(digest->bytes + 1, taistamp_algorithm_length(digest->algorithm) - 1, hex);
    path = text_printf("%s/%s.%" PRIu64 ".tai", folder, hex, counter);
    free(folder);
    return path;
}

uint64_t kept_count(const struct taistamp_digest *digest)
{
    for (uint64_t n = 0;; n++) {
        char *path = kept_path(digest, n);
        bool there = path != NULL && file_exists(path);

        free(path);
        if (!there)
            return n;
    }
}

char *kept_find(const struct taistamp_digest *digest)
{
    char hex[2 * sizeof digest->bytes + 1], *folder = folder_of(digest);
    DIR *open_folder = folder != NULL ? opendir(folder) : NULL;
    uint64_t lowest = UINT64_MAX;
    const struct dirent *entry;
    size_t len;

    text_hex(digest->bytes + 1, taistamp_algorithm_length(digest->algorithm) - 1, hex);
    len = strlen(hex);
    while (open_folder != NULL && (entry = readdir(open_folder)) != NULL) {
        const char *name = entry->d_name;
        char *end;
        uint64_t counter;

        if (strncmp(name, hex, len) != 0 || name[len] != '.' || name[len + 1] < '0' || name[len + 1] > '9')
            continue;
        counter = strtoull(name + len + 1, &end, 10);
        if (strcmp(end, ".tai") == 0 && counter < lowest)
            lowest = counter;
    }
    if (open_folder != NULL)
        closedir(open_folder);
    free(folder);
    return lowest == UINT64_MAX ? NULL : kept_path(digest, lowest);
}

struct kept_store {
    const struct pins *pins;
    struct batches *batches; /* NULL until they are asked for */
};

struct kept_store *kept_open(const struct pins *pins)
{
    struct kept_store *store = text_alloc(sizeof *store);

    store->pins = pins;
    return store;
}

/* Most runs ask for none, and one with --policy may not look at the home folder. */
static struct batches *batches_of(struct kept_store *store)
{
    if (store->batches == NULL)
        store->batches = batches_open();
    return store->batches;
}

void kept_close(struct kept_store *store)
{
    if (store == NULL)
        return;
    batches_close(store->batches);
    free(store);
}

bool kept_read(struct kept_store *store, const struct taistamp_digest *digest, struct kept *ret_kept)
{
    struct kept kept = {.where = kept_find(digest)};

    if (kept.where != NULL && file_load(kept.where, TAISTAMP_RECEIPT_MAX, &kept.text, &kept.len) == 0) {
        *ret_kept = kept;
        return true;
    }
    free(kept.where);
    return batches_receipt(batches_of(store), store->pins, digest, &ret_kept->text, &ret_kept->len,
                           &ret_kept->where);
}

void kept_free(struct kept *kept)
{
    free(kept->text);
    free(kept->where);
}

int kept_prepare(const struct taistamp_digest *digest)
{
    char *folder = folder_of(digest);
    int err = folder == NULL ? ENOENT : file_make_folders(folder, 0700);

    free(folder);
    return err;
}

bool kept_any(struct kept_store *store, enum taistamp_algorithm algorithm)
{
    char *below = text_printf("receipts/%s", taistamp_algorithm_name(algorithm)), *folder = home_data(below);
    bool there = (folder != NULL && file_exists(folder)) || batches_algorithm(batches_of(store), algorithm);

    free(below);
    free(folder);
    return there;
}
