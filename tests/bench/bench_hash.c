/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing as tai-stamp does it, beside `openssl dgst -sha256` on the same file, and how it scales with cores. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/tai-stamp/hashing.h"
#include "tools/text.h"

enum { FILES = 4, PIECE = 1 << 20, PIECES = 96, ROUNDS = 3 };

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* A file that stays in the page cache: what is measured is hashing, not the disk. */
static void make_file(const char *path)
{
    char *piece = text_alloc(PIECE);
    FILE *f = fopen(path, "wb");

    if (f == NULL)
        die(path);
    for (size_t i = 0; i < PIECE; i++)
        piece[i] = (char)(i * 2654435761U >> 13);
    for (int i = 0; i < PIECES; i++)
        if (fwrite(piece, 1, PIECE, f) != PIECE)
            die(path);
    if (fclose(f) != 0)
        die(path);
    free(piece);
}

static double hash_s(char *const *paths, size_t n, unsigned threads)
{
    struct hashing_job jobs[FILES] = {0};
    double best = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        double start = now_s(), took;

        for (size_t i = 0; i < n; i++)
            jobs[i] = (struct hashing_job){.path = paths[i]};
        hashing_run(jobs, n, TAISTAMP_SHA256, threads, false);
        took = now_s() - start;
        if (!jobs[n - 1].done)
            die("hashing");
        if (took < best)
            best = took;
    }
    return best;
}

static double openssl_s(char *const *paths, size_t n)
{
    char *command = text_copy("openssl dgst -sha256");
    double best = 1e9;

    for (size_t i = 0; i < n; i++) {
        char *longer = text_printf("%s '%s'", command, paths[i]);

        free(command);
        command = longer;
    }
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_s(), took;
        FILE *pipe = popen(command, "r");
        char line[256];

        if (pipe == NULL)
            die("openssl");
        while (fgets(line, sizeof line, pipe) != NULL)
            continue;
        if (pclose(pipe) != 0)
            die("openssl dgst");
        took = now_s() - start;
        if (took < best)
            best = took;
    }
    free(command);
    return best;
}

int main(void)
{
    const char *folder = getenv("TMPDIR");
    char *root = text_printf("%s/taistamp-bench.XXXXXX", folder != NULL ? folder : "/tmp"), *paths[FILES];
    double bytes = (double)FILES * PIECE * PIECES, ours, theirs, both;

    if (mkdtemp(root) == NULL)
        die(root);
    for (int i = 0; i < FILES; i++) {
        paths[i] = text_printf("%s/%d", root, i);
        make_file(paths[i]);
    }
    ours = hash_s(paths, FILES, 1);
    theirs = openssl_s(paths, FILES);
    both = hash_s(paths, FILES, 2);
    printf("{\"name\":\"hash_sha256\",\"value\":%.3f,\"unit\":\"GB/s\",\"peer\":\"openssl "
           "dgst\",\"peer_value\":%.3f,"
           "\"ratio\":%.3f,\"goal\":\">= 0.95 x\"}\n",
           bytes / ours / 1e9, bytes / theirs / 1e9, theirs / ours);
    if (sysconf(_SC_NPROCESSORS_ONLN) >= 2)
        printf("{\"name\":\"hash_two_threads\",\"value\":%.3f,\"unit\":\"GB/s\",\"peer\":\"one thread\","
               "\"peer_value\":%.3f,\"ratio\":%.3f,\"goal\":\">= 1.6 x\"}\n",
               bytes / both / 1e9, bytes / ours / 1e9, ours / both);
    for (int i = 0; i < FILES; i++) {
        unlink(paths[i]);
        free(paths[i]);
    }
    rmdir(root);
    free(root);
    return 0;
}
