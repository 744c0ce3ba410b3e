/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 at random moments under load: no acknowledged stamp may be lost or changed.
 *
 *     kill TAID KILLS [SEED]
 *
 * Starts a real taid in a folder of its own, stamps from several threads without pause, kills the supervisor
 * or one of its processes after a random while, starts again, and so on. After each start a few acknowledged
 * receipts are asked for again; at the end all of them are, the whole tree is fetched as tiles and rebuilt,
 * and every checkpoint that anybody was ever shown must be the root of its size in it. TAI must strictly
 * increase over all entries. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sdk/base/text.h"
#include "sdk/io/openssl.h"
#include "sdk/proof/entry.h"
#include "sdk/proof/merkle.h"
#include "taistamp.h"

enum { WORKERS = 4, URL_MAX = 128, PATH_TEXT = 512, TILE = 256 };

/* What a client was promised. `tail` is the receipt from its index line on: index, path, checkpoint. */
struct ack {
    uint64_t index, size;
    struct hash root, leaf;
    char *tail;
};

static struct {
    const char *taid;
    char dir[PATH_TEXT];
    char url[URL_MAX];
    unsigned generation; /* of url */
    taistamp_policy *policy;
    pthread_mutex_t lock; /* url, generation, acks */
    struct ack *acks;
    size_t ack_count, ack_cap;
    atomic_bool stop;
} run = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t seed_state;

static _Noreturn void fail(const char *what, const char *detail)
{
    fprintf(stderr, "FAIL: %s: %s (data kept in %s)\n", what, detail, run.dir);
    exit(1);
}

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static void sleep_ms(unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* ---- The clients ---- */

static void parse_checkpoint(const char *checkpoint, struct ack *a)
{
    struct lines l = {bytes_of_str(checkpoint)};
    struct bytes line;
    if (!lines_next(&l, &line) || !lines_next(&l, &line) || !text_read_u64(line, INT64_MAX, &a->size) ||
        !lines_next(&l, &line) || !base64_decode_exact(line, a->root.b, sizeof a->root.b))
        fail("checkpoint", checkpoint);
}

static void remember(const struct crypto *crypto, const char *receipt, size_t len)
{
    struct tai_error error;
    struct taistamp_receipt_info info;
    taistamp_receipt *r;
    if (taistamp_receipt_parse(receipt, len, &r, &error) != TAI_OK)
        fail("a receipt that was handed out does not parse", error.text);
    taistamp_receipt_info(r, &info);
    struct ack a = {.index = info.index, .leaf = merkle_leaf_hash(crypto, bytes_of_str(info.entry))};
    parse_checkpoint(info.checkpoint, &a);
    taistamp_receipt_free(r);
    a.tail = strdup(strstr(receipt, "\nindex ") + 1);
    pthread_mutex_lock(&run.lock);
    if (run.ack_count == run.ack_cap) {
        run.ack_cap = run.ack_cap == 0 ? 4096 : run.ack_cap * 2;
        run.acks = realloc(run.acks, run.ack_cap * sizeof *run.acks);
    }
    if (run.acks == NULL || a.tail == NULL)
        fail("memory", "");
    run.acks[run.ack_count++] = a;
    pthread_mutex_unlock(&run.lock);
}

static void stamp_some(const struct crypto *crypto, taistamp_net *net, uint64_t *random)
{
    uint8_t secret[TAISTAMP_SECRET_LEN];
    struct taistamp_digest digest = {.algorithm = TAISTAMP_SHA256};
    struct tai_error error;
    taistamp_stamping *s;
    for (size_t i = 0; i < sizeof secret; i += 8)
        be64_write(secret + i, random_next(random));
    if (taistamp_stamping_new(secret, NULL, &s) != TAI_OK)
        fail("memory", "");
    size_t files = random_next(random) % 4 == 0 ? 3 : 1;
    for (size_t f = 0; f < files; f++) {
        for (size_t i = 0; i < 32; i += 8)
            be64_write(digest.bytes + i, random_next(random));
        if (taistamp_stamping_add(s, &digest, "x", 0) != TAI_OK)
            fail("adding a file", "");
    }
    enum tai_err err = taistamp_net_stamp(net, s, run.policy, NULL, NULL, &error);
    if (err == TAI_ERR_INVALID || err == TAI_ERR_FORMAT || err == TAI_ERR_UNTRUSTED)
        fail("a receipt does not verify", error.text);
    if (err == TAI_OK) {
        char *text;
        size_t len;
        if (taistamp_stamping_receipt(s, files - 1, &text, &len) != TAI_OK)
            fail("receipt", "not handed out after a good answer");
        remember(crypto, text, len);
        free(text);
    } else {
        sleep_ms(3);
    }
    taistamp_stamping_free(s);
}

static void *worker(void *arg)
{
    uint64_t random = *(uint64_t *)arg;
    unsigned generation = 0;
    taistamp_net *net = NULL;
    struct crypto crypto;
    struct tai_error error;
    if (openssl_crypto_open(&crypto) != TAI_OK)
        fail("crypto", "");
    while (!atomic_load(&run.stop)) {
        pthread_mutex_lock(&run.lock);
        if (generation != run.generation) {
            taistamp_net_free(net);
            net = NULL;
            generation = run.generation;
            if (taistamp_net_new(run.url, NULL, &net, &error) != TAI_OK)
                fail("connection", error.text);
        }
        pthread_mutex_unlock(&run.lock);
        if (net == NULL)
            sleep_ms(3);
        else
            stamp_some(&crypto, net, &random);
    }
    taistamp_net_free(net);
    openssl_crypto_close(&crypto);
    return NULL;
}

/* ---- The server ---- */

static pid_t server_start(void)
{
    char listen_path[PATH_TEXT + 16], config[PATH_TEXT + 16];
    snprintf(listen_path, sizeof listen_path, "%s/run/listen", run.dir);
    snprintf(config, sizeof config, "%s/taid.yaml", run.dir);
    for (int attempt = 0; attempt < 50; attempt++) {
        unlink(listen_path);
        fflush(NULL);
        pid_t pid = fork();
        if (pid < 0)
            fail("fork", strerror(errno));
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            char log[PATH_TEXT + 16];
            snprintf(log, sizeof log, "%s/taid.log", run.dir);
            if (freopen(log, "a", stderr) == NULL)
                _exit(127);
            execl(run.taid, "taid", "--config", config, (char *)NULL);
            _exit(127);
        }
        /* Until it listens, or dies because the killed one's lock is not free yet. */
        for (int wait = 0; wait < 1000; wait++) {
            char where[URL_MAX] = "";
            FILE *f = fopen(listen_path, "r");
            if (f != NULL) {
                if (fscanf(f, "%100s", where) != 1)
                    where[0] = 0;
                fclose(f);
            }
            if (where[0] != 0) {
                pthread_mutex_lock(&run.lock);
                snprintf(run.url, sizeof run.url, "http://%.100s", where);
                run.generation++;
                pthread_mutex_unlock(&run.lock);
                return pid;
            }
            if (waitpid(pid, NULL, WNOHANG) == pid)
                break;
            sleep_ms(10);
        }
        sleep_ms(20);
    }
    fail("taid does not start again", "see taid.log");
}

/* A random child of `parent`, 0 without one. */
static pid_t child_of(pid_t parent)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *f = fopen(path, "r");
    int pid[8], n = 0;
    while (f != NULL && n < 8 && fscanf(f, "%d", &pid[n]) == 1)
        n++;
    if (f != NULL)
        fclose(f);
    return n == 0 ? 0 : pid[random_next(&seed_state) % (unsigned)n];
}

/* ---- What must hold ---- */

static void check_ack(taistamp_net *net, const struct ack *a)
{
    char path[64], *body = NULL;
    size_t len;
    struct tai_error error = {.text = ""};
    snprintf(path, sizeof path, "/v1/stamps/%" PRIu64, a->index);
    enum tai_err err = TAI_ERR_UNAVAILABLE;
    for (int i = 0; i < 500 && (err == TAI_ERR_UNAVAILABLE || err == TAI_ERR_TIMEOUT); i++) {
        if (i > 0)
            sleep_ms(10);
        err = taistamp_net_get(net, path, TAISTAMP_RECEIPT_MAX, &body, &len, &error);
    }
    if (err != TAI_OK)
        fail(path, error.text);
    const char *tail = strstr(body, "\nindex ");
    if (tail == NULL || strcmp(tail + 1, a->tail) != 0)
        fail(path, "not the receipt that was handed out");
    free(body);
}

static void check_some(size_t n)
{
    struct tai_error error;
    taistamp_net *net;
    if (taistamp_net_new(run.url, NULL, &net, &error) != TAI_OK)
        fail("connection", error.text);
    for (size_t i = 0; i < n; i++) {
        pthread_mutex_lock(&run.lock);
        bool any = run.ack_count > 0;
        struct ack a = any ? run.acks[random_next(&seed_state) % run.ack_count] : (struct ack){.index = 0};
        pthread_mutex_unlock(&run.lock);
        if (any)
            check_ack(net, &a);
    }
    taistamp_net_free(net);
}

static char *get(taistamp_net *net, const char *path, size_t *ret_len)
{
    struct tai_error error;
    char *body;
    if (taistamp_net_get(net, path, 1u << 22, &body, ret_len, &error) != TAI_OK)
        fail(path, error.text);
    return body;
}

static void tile_path(char *text, size_t cap, const char *prefix, uint64_t n, uint64_t size)
{
    int at = snprintf(text, cap, "/tile/%s/", prefix);
    if (n >= 1000)
        at += snprintf(text + at, cap - (size_t)at, "x%03u/", (unsigned)(n / 1000));
    at += snprintf(text + at, cap - (size_t)at, "%03u", (unsigned)(n % 1000));
    if (size - n * TILE < TILE)
        snprintf(text + at, cap - (size_t)at, ".p/%u", (unsigned)(size - n * TILE));
}

/* TAI of the entries of one bundle must increase beyond *last. Their leaf hashes must be those of the tile.
 */
static void check_bundle(const struct crypto *crypto, const char *bundle, size_t len, const char *tile,
                         size_t leaves, int64_t *last)
{
    struct bytes b = bytes_of(bundle, len);
    for (size_t i = 0; i < leaves; i++) {
        size_t n = b.len >= 2 ? be16_read(b.data) : SIZE_MAX;
        if (n > b.len - 2)
            fail("entry bundle", "cut short");
        struct bytes entry = bytes_of(b.data + 2, n);
        struct entry e;
        struct hash leaf = merkle_leaf_hash(crypto, entry);
        if (memcmp(leaf.b, tile + i * SHA256_LEN, SHA256_LEN) != 0 || entry_parse(entry, &e, NULL) != TAI_OK)
            fail("entry bundle", "an entry is not the tile's leaf");
        if (e.t.ns <= *last)
            fail("order", "TAI does not increase");
        *last = e.t.ns;
        b = bytes_of(entry.data + n, b.len - 2 - n);
    }
    if (b.len != 0)
        fail("entry bundle", "too long");
}

/* Rebuilds the tree from its tiles and holds every promise against it. */
static void check_all(void)
{
    struct tai_error error;
    struct crypto crypto;
    taistamp_net *net;
    size_t len;
    if (taistamp_net_new(run.url, NULL, &net, &error) != TAI_OK || openssl_crypto_open(&crypto) != TAI_OK)
        fail("connection", error.text);
    char *newest = get(net, "/checkpoint", &len);
    struct ack head = {.index = 0};
    parse_checkpoint(newest, &head);
    free(newest);
    struct hash *root = calloc(head.size + 1, sizeof *root), *leaf = calloc(head.size + 1, sizeof *leaf);
    struct merkle_frontier frontier = {.size = 0};
    int64_t last = 0;
    if (root == NULL || leaf == NULL)
        fail("memory", "");
    for (uint64_t n = 0; n * TILE < head.size; n++) {
        char path[PATH_TEXT];
        size_t leaves = head.size - n * TILE < TILE ? (size_t)(head.size - n * TILE) : TILE, bundle_len;
        tile_path(path, sizeof path, "0", n, head.size);
        char *tile = get(net, path, &len);
        if (len != leaves * SHA256_LEN)
            fail(path, "wrong length");
        tile_path(path, sizeof path, "entries", n, head.size);
        char *bundle = get(net, path, &bundle_len);
        check_bundle(&crypto, bundle, bundle_len, tile, leaves, &last);
        for (size_t i = 0; i < leaves; i++) {
            memcpy(leaf[n * TILE + i].b, tile + i * SHA256_LEN, SHA256_LEN);
            merkle_append(&crypto, &frontier, &leaf[n * TILE + i], NULL, NULL);
            root[frontier.size] = merkle_root(&crypto, &frontier);
        }
        free(tile);
        free(bundle);
    }
    if (!hash_equal(&root[head.size], &head.root))
        fail("newest checkpoint", "is not the root of the tiles");
    for (size_t i = 0; i < run.ack_count; i++) {
        const struct ack *a = &run.acks[i];
        if (a->size > head.size || !hash_equal(&root[a->size], &a->root))
            fail("an old checkpoint", "is not consistent with the newest");
        if (!hash_equal(&leaf[a->index], &a->leaf))
            fail("an acknowledged entry", "is not in the log");
        check_ack(net, a);
    }
    printf("%zu acknowledged stamps all there, log size %" PRIu64 "\n", run.ack_count, head.size);
    free(root);
    free(leaf);
    openssl_crypto_close(&crypto);
    taistamp_net_free(net);
}

static void init_server(void)
{
    char command[3 * PATH_TEXT], path[PATH_TEXT + 16], text[8192];
    snprintf(run.dir, sizeof run.dir, "%s/taistamp-kill.XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    if (mkdtemp(run.dir) == NULL)
        fail("mkdtemp", strerror(errno));
    snprintf(command, sizeof command,
             "'%s' init -q --dir '%s' --host kill.test --listen 127.0.0.1:0 --assume-error-ms 100", run.taid,
             run.dir);
    if (system(command) != 0)
        fail("taid init", command);
    snprintf(path, sizeof path, "%s/policy", run.dir);
    FILE *f = fopen(path, "r");
    size_t len = f != NULL ? fread(text, 1, sizeof text, f) : 0;
    struct tai_error error;
    if (f == NULL || taistamp_policy_parse(text, len, &run.policy, &error) != TAI_OK)
        fail("policy", f == NULL ? strerror(errno) : error.text);
    fclose(f);
}

static void server_stop(pid_t pid)
{
    int status;
    kill(pid, SIGTERM);
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("taid did not end in order after SIGTERM", "");
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: kill TAID KILLS [SEED]\n");
        return 2;
    }
    unsigned kills = (unsigned)strtoul(argv[2], NULL, 10), of_children = 0;
    seed_state = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL);
    printf("kill: %u kills, seed %" PRIu64 "\n", kills, seed_state);
    run.taid = argv[1];
    init_server();
    pthread_t thread[WORKERS];
    uint64_t seeds[WORKERS];
    pid_t pid = server_start();
    for (size_t i = 0; i < WORKERS; i++) {
        seeds[i] = random_next(&seed_state);
        if (pthread_create(&thread[i], NULL, worker, &seeds[i]) != 0)
            fail("thread", "");
    }
    for (unsigned k = 0; k < kills; k++) {
        sleep_ms((unsigned)(random_next(&seed_state) % 100));
        pid_t child = random_next(&seed_state) % 4 == 0 ? child_of(pid) : 0;
        if (child > 0) {
            /* One process first, the rest a moment later: the supervisor may or may not have noticed. */
            kill(child, SIGKILL);
            of_children++;
            sleep_ms((unsigned)(random_next(&seed_state) % 30));
        }
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        pid = server_start();
        check_some(3);
    }
    sleep_ms(200);
    atomic_store(&run.stop, true);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(thread[i], NULL);
    check_all();
    server_stop(pid);
    if (run.ack_count < kills)
        fail("load", "fewer stamps than kills: the test did not test");
    char command[PATH_TEXT + 16];
    snprintf(command, sizeof command, "rm -r '%s'", run.dir);
    printf("kill: PASS, %u kills (%u began with one process alone)\n", kills, of_children);
    return system(command) == 0 ? 0 : 1;
}
