/* SPDX-License-Identifier: Apache-2.0 */
/* What a commit costs on this disk at least: a batch of entries written over a part of a file that is there, fdatasync,
 * then one record of a head slot, fdatasync; nothing else, nobody else. Where the machine or its disk is busy, this says
 * how much of a figure is theirs.
 *
 *     commit_floor FOLDER BYTES COUNT
 *
 * Prints one JSON object: p50, p99 and longest of COUNT such commits, µs. Removes its files. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PLACES = 16, SLOT = 512 };

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A file of `len` bytes, durable, without a name. */
static int make_file(const char *folder, const char *zeros, size_t len)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/commit_floor.XXXXXX", folder);
    int fd = mkstemp(path);
    if (fd < 0 || unlink(path) != 0)
        return -1;
    for (int i = 0; i < PLACES; i++)
        if (pwrite(fd, zeros, len, (off_t)(len * (size_t)i)) != (ssize_t)len)
            return -1;
    return fsync(fd) == 0 ? fd : -1;
}

static bool write_durably(int fd, const char *data, size_t len, size_t place)
{
    return pwrite(fd, data, len, (off_t)(len * place)) == (ssize_t)len && fdatasync(fd) == 0;
}

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    const size_t len = strtoul(argv[2], NULL, 10), count = strtoul(argv[3], NULL, 10);
    if (len < SLOT || len > 16 << 20 || count == 0 || count > 1000000)
        return 2;
    char *data = calloc(1, len);
    int64_t *took = calloc(count, sizeof *took);
    if (data == NULL || took == NULL)
        return 2;
    int batch = make_file(argv[1], data, len), slot = make_file(argv[1], data, SLOT);
    for (size_t i = 0; i < count; i++) {
        const int64_t began = now_ns();
        data[0] = (char)i;
        if (batch < 0 || slot < 0 || !write_durably(batch, data, len, i % PLACES) ||
            !write_durably(slot, data, SLOT, i % 2)) {
            perror("commit_floor");
            return 1;
        }
        took[i] = now_ns() - began;
    }
    qsort(took, count, sizeof *took, by_size);
    printf("{\"p50_us\":%lld,\"p99_us\":%lld,\"max_us\":%lld}\n", (long long)(took[count / 2] / 1000),
           (long long)(took[count * 99 / 100] / 1000), (long long)(took[count - 1] / 1000));
    free(took);
    free(data);
    return 0;
}
