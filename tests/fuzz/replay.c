/* SPDX-License-Identifier: Apache-2.0 */
/* The main of a fuzz target in `make check`: feeds it every file of tests/fuzz/corpus/TARGET (TARGET is the program's
 * name without "fuzz_"), or the files and folders given, each as it is and in a fixed number of damaged versions: cut,
 * with bits flipped, with bytes put in. A target that crashes or stops at an assertion fails the test. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 1 << 20, DAMAGED_VERSIONS = 500 };

static unsigned files_done;

/* SplitMix64 with a fixed start: a run is the same every time. */
static uint64_t random_state = 1;
static uint64_t random_below(uint64_t n)
{
    uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (z ^ z >> 31) % n;
}

/* A copy of exactly its size, so that a sanitizer sees a read past the end. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void feed_damaged(const uint8_t *data, size_t size)
{
    static uint8_t work[FILE_MAX + 1];
    for (int i = 0; size > 0 && i < DAMAGED_VERSIONS; i++) {
        size_t at = (size_t)random_below(size), len = size;
        memcpy(work, data, size);
        switch (random_below(4)) {
        case 0:
            len = at;
            break;
        case 1:
            work[at] ^= (uint8_t)(1u << random_below(8));
            break;
        case 2:
            work[at] = (uint8_t)random_below(256);
            break;
        default:
            memmove(work + at + 1, work + at, size - at);
            work[at] = (uint8_t)random_below(256);
            len++;
            break;
        }
        feed(work, len);
    }
}

static bool replay_file(const char *path)
{
    static uint8_t data[FILE_MAX];
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return false;
    }
    size_t size = fread(data, 1, sizeof data, f);
    bool good = ferror(f) == 0;
    fclose(f);
    if (!good)
        return false;
    feed(data, size);
    feed_damaged(data, size);
    files_done++;
    return true;
}

static bool replay_folder(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    bool good = n >= 0;
    if (!good)
        perror(path);
    for (int i = 0; i < n; i++) {
        char file[4096];
        if (names[i]->d_name[0] != '.') {
            snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
            good = replay_file(file) && good;
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return good;
}

static bool replay(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? replay_folder(path) : replay_file(path);
}

int main(int argc, char **argv)
{
    bool good = true;
    for (int i = 1; i < argc; i++)
        good = replay(argv[i]) && good;
    if (argc < 2) {
        const char *slash = strrchr(argv[0], '/'), *name = slash != NULL ? slash + 1 : argv[0];
        char folder[4096];
        name += strncmp(name, "lt-", 3) == 0 ? 3 : 0; /* libtool's wrapper */
        name += strncmp(name, "fuzz_", 5) == 0 ? 5 : 0;
        snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", TEST_SRCDIR, name);
        good = replay_folder(folder);
    }
    printf("%u files, each with %d damaged versions\n", files_done, DAMAGED_VERSIONS);
    return good && files_done > 0 ? 0 : 1;
}
