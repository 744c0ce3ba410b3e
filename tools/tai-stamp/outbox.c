/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/outbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/tai-stamp/batches.h"
#include "tools/file.h"
#include "tools/tai-stamp/home.h"
#include "tools/tai-stamp/kept.h"
#include "tools/text.h"

enum { RECORD_MAX = 1 << 30 };

static const char first_line[] = "taistamp.outbox/v1\n";

static void item_free(struct outbox_item *item)
{
    free(item->path);
    free(item->receipt);
}

static bool read_counter(const char *text, uint64_t *ret_n)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *ret_n = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool read_hex(const char *text, uint8_t *out, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    if (strlen(text) != 2 * len || strspn(text, digits) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
                           (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

/* "-" is NULL. False for what text_percent does not write. */
static bool read_path(const char *text, char **ret_path)
{
    if (strcmp(text, "-") == 0) {
        *ret_path = NULL;
        return true;
    }
    *ret_path = text_unpercent(text, strlen(text));
    return *ret_path != NULL;
}

/* One line, which is cut into its fields. */
static bool read_item(char *line, struct outbox_item *ret_item)
{
    struct outbox_item item = {0};
    char *fields[5], *rest = line;
    bool ok = true;

    for (size_t i = 0; i < 5; i++)
        fields[i] = strsep(&rest, " ");
    if (rest != NULL || fields[4] == NULL)
        return false;
    ok = taistamp_digest_parse(fields[0], &item.digest, NULL) == TAI_OK &&
         read_counter(fields[1], &item.counter) &&
         read_hex(fields[2], item.commitment, sizeof item.commitment) && read_path(fields[3], &item.path) &&
         read_path(fields[4], &item.receipt);
    if (ok)
        *ret_item = item;
    else
        item_free(&item);
    return ok;
}

/* Appends the items of a record's text, which is cut up. False if it is damaged; nothing is appended then. *ret_after is
 * what follows them, NULL for nothing. */
static bool read_items(char *text, struct outbox_item **items, size_t *n, char **ret_after)
{
    size_t before = *n;
    uint64_t promised = UINT64_MAX;
    char *rest = text + strlen(first_line), *line;

    if (strncmp(text, first_line, strlen(first_line)) != 0)
        return false;
    while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
        if (strncmp(line, "end ", 4) == 0) {
            if (!read_counter(line + 4, &promised))
                promised = UINT64_MAX;
            break;
        }
        if ((*n & (*n - 1)) == 0)
            *items = text_grow(*items, *n == 0 ? 1 : *n * 2, sizeof **items);
        if (!read_item(line, &(*items)[*n]))
            break;
        (*n)++;
    }
    *ret_after = rest;
    if (promised == *n - before)
        return true;
    while (*n > before)
        item_free(&(*items)[--*n]);
    return false;
}

/* The answer that follows the items, if it is whole. */
static void read_answer(const char *after, const char *end, struct outbox_content *content)
{
    static const char mark[] = "answer ";
    const char *newline = after != NULL ? memchr(after, '\n', (size_t)(end - after)) : NULL;
    uint64_t len;
    char *number;

    if (newline == NULL || strncmp(after, mark, strlen(mark)) != 0)
        return;
    number = text_copy_n(after + strlen(mark), (size_t)(newline - after) - strlen(mark));
    if (read_counter(number, &len) && len == (uint64_t)(end - newline - 1)) {
        content->answer = text_copy_n(newline + 1, (size_t)len);
        content->answer_len = (size_t)len;
    }
    free(number);
}

bool outbox_read(const char *path, struct outbox_content *ret_content)
{
    struct outbox_content content = {0};
    char *text, *after = NULL;
    size_t len;
    bool ok;

    if (file_load(path, RECORD_MAX, &text, &len) != 0)
        return false;
    ok = read_items(text, &content.items, &content.n, &after);
    if (ok) {
        read_answer(after, text + len, &content);
        *ret_content = content;
    } else {
        free(content.items);
    }
    free(text);
    return ok;
}

void outbox_content_free(struct outbox_content *content)
{
    while (content->n > 0)
        item_free(&content->items[--content->n]);
    free(content->items);
    free(content->answer);
    *content = (struct outbox_content){0};
}

int outbox_order(const struct taistamp_digest *a, const struct taistamp_digest *b)
{
    if (a->algorithm != b->algorithm)
        return strcmp(taistamp_algorithm_name(a->algorithm), taistamp_algorithm_name(b->algorithm));
    return memcmp(a->bytes, b->bytes, taistamp_algorithm_length(a->algorithm));
}

/* Calls `each` with the path of every record. */
static void for_each_record(void (*each)(void *user, const char *path), void *user)
{
    char *folder = home_data("outbox");
    struct dirent **names;
    int n = folder != NULL ? scandir(folder, &names, NULL, alphasort) : -1;

    for (int i = 0; i < n; i++) {
        if (text_ends_with(names[i]->d_name, ".todo")) {
            char *path = text_printf("%s/%s", folder, names[i]->d_name);

            each(user, path);
            free(path);
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    free(folder);
}

/* Opens and locks a record that nobody holds. -1: it is held, or gone. */
static int hold(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat st;

    /* Locked: another process is sending it. Without a name: it was finished between our listing and our lock. */
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void take_record(void *user, const char *path)
{
    struct outbox_queue *queue = user;
    struct outbox_content content = {0};
    int fd = hold(path);

    if (fd < 0)
        return;
    if (!outbox_read(path, &content)) {
        fprintf(stderr, "tai-stamp: %s is damaged and left as it is; stamp its files again\n", path);
        close(fd);
        return;
    }
    if (content.answer != NULL) { /* its receipts could not be made just now, which was said */
        close(fd);
        outbox_content_free(&content);
        return;
    }
    queue->items = text_grow(queue->items, queue->n + content.n + 1, sizeof *queue->items);
    for (size_t i = 0; i < content.n; i++)
        queue->items[queue->n++] = content.items[i];
    free(content.items);
    queue->records = text_grow(queue->records, queue->n_records + 1, sizeof *queue->records);
    queue->records[queue->n_records++] = (struct outbox_record){text_copy(path), fd};
}

struct answered {
    void (*each)(void *user, struct outbox_record *record, const struct outbox_content *content);
    void *user;
};

static void take_answered(void *user, const char *path)
{
    const struct answered *answered = user;
    struct outbox_content content = {0};
    struct outbox_record record = {NULL, hold(path)};

    if (record.fd < 0)
        return;
    if (outbox_read(path, &content) && content.answer != NULL) {
        record.path = text_copy(path);
        answered->each(answered->user, &record, &content);
    } else {
        close(record.fd);
    }
    outbox_content_free(&content);
}

void outbox_each_answered(void (*each)(void *user, struct outbox_record *record,
                                       const struct outbox_content *content),
                          void *user)
{
    struct answered answered = {each, user};

    for_each_record(take_answered, &answered);
}

void outbox_take(struct outbox_queue *ret_queue)
{
    *ret_queue = (struct outbox_queue){0};
    for_each_record(take_record, ret_queue);
}

void outbox_release(struct outbox_queue *queue, bool remove)
{
    for (size_t i = 0; i < queue->n_records; i++) {
        if (remove)
            unlink(queue->records[i].path);
        close(queue->records[i].fd);
        free(queue->records[i].path);
    }
    for (size_t i = 0; i < queue->n; i++)
        item_free(&queue->items[i]);
    free(queue->records);
    free(queue->items);
    *queue = (struct outbox_queue){0};
}

/* ---- Counters ---- */

struct slot {
    struct taistamp_digest digest;
    uint64_t next; /* 0: an empty slot */
};

/* Open addressing; digests are their own hash. */
struct outbox_counters {
    struct slot *slots;
    size_t cap, used; /* cap is a power of two */
    struct batches *batches;
};

static struct slot *find_slot(struct slot *slots, size_t cap, const struct taistamp_digest *digest)
{
    uint64_t start;
    size_t i;

    memcpy(&start, digest->bytes, sizeof start);
    for (i = (size_t)start & (cap - 1); slots[i].next != 0; i = (i + 1) & (cap - 1))
        if (taistamp_digest_equal(&slots[i].digest, digest))
            break;
    return &slots[i];
}

static struct slot *counters_slot(struct outbox_counters *c, const struct taistamp_digest *digest)
{
    if (2 * c->used >= c->cap) {
        size_t cap = c->cap > 0 ? 2 * c->cap : 64;
        struct slot *slots = text_alloc(cap * sizeof *slots);

        for (size_t i = 0; i < c->cap; i++)
            if (c->slots[i].next != 0)
                *find_slot(slots, cap, &c->slots[i].digest) = c->slots[i];
        free(c->slots);
        c->slots = slots;
        c->cap = cap;
    }
    return find_slot(c->slots, c->cap, digest);
}

static void note_counter(struct outbox_counters *c, const struct taistamp_digest *digest, uint64_t next)
{
    struct slot *slot = counters_slot(c, digest);

    if (slot->next == 0)
        c->used++;
    slot->digest = *digest;
    if (slot->next < next)
        slot->next = next;
}

static void note_record(void *user, const char *path)
{
    struct outbox_content content;

    if (!outbox_read(path, &content))
        return;
    for (size_t i = 0; i < content.n; i++)
        note_counter(user, &content.items[i].digest, content.items[i].counter + 1);
    outbox_content_free(&content);
}

struct outbox_counters *outbox_counters_load(void)
{
    struct outbox_counters *c = text_alloc(sizeof *c);

    c->batches = batches_open();
    for_each_record(note_record, c);
    return c;
}

uint64_t outbox_counters_next(struct outbox_counters *counters, const struct taistamp_digest *digest)
{
    const struct slot *slot = counters_slot(counters, digest);
    uint64_t next = slot->next, kept = kept_count(digest);
    uint64_t batched = batches_next_counter(counters->batches, digest);

    if (next < kept)
        next = kept;
    if (next < batched)
        next = batched;
    note_counter(counters, digest, next + 1);
    return next;
}

void outbox_counters_free(struct outbox_counters *counters)
{
    batches_close(counters->batches);
    free(counters->slots);
    free(counters);
}

/* ---- Records ---- */

static void print_item(FILE *to, const struct outbox_item *item)
{
    char digest[TAISTAMP_DIGEST_TEXT], commitment[65];
    char *path = item->path != NULL ? text_percent(item->path) : text_copy("-");
    char *receipt = item->receipt != NULL ? text_percent(item->receipt) : text_copy("-");

    taistamp_digest_print(&item->digest, digest);
    text_hex(item->commitment, sizeof item->commitment, commitment);
    fprintf(to, "%s %" PRIu64 " %s %s %s\n", digest, item->counter, commitment, path, receipt);
    free(receipt);
    free(path);
}

int outbox_write(const struct outbox_item *items, size_t n, struct outbox_record *ret_record)
{
    char *folder = home_data("outbox"), *path = NULL, *text = NULL, *temp = NULL;
    struct timespec now;
    size_t len = 0;
    FILE *memory;
    int err = folder == NULL ? ENOENT : file_make_folders(folder, 0700), fd = -1;

    if (err != 0)
        goto out;
    memory = open_memstream(&text, &len);
    if (memory == NULL) {
        err = errno;
        goto out;
    }
    fputs(first_line, memory);
    for (size_t i = 0; i < n; i++)
        print_item(memory, &items[i]);
    fprintf(memory, "end %zu\n", n);
    if (fclose(memory) != 0) {
        err = errno;
        goto out;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    path = text_printf("%s/%lld.%09ld-%ld.todo", folder, (long long)now.tv_sec, now.tv_nsec, (long)getpid());
    err = file_stage(path, text, len, 0600, &temp);
    if (err != 0)
        goto out;
    /* Locked before it gets its name, so that nobody can take it for queued. */
    fd = open(temp, O_RDWR | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 || fsync(fd) != 0) {
        err = errno;
        file_discard(temp);
        goto out;
    }
    err = file_publish(temp, path, false);
    if (err == 0)
        *ret_record = (struct outbox_record){path, fd};
out:
    if (err != 0) {
        if (fd >= 0)
            close(fd);
        free(path);
    }
    free(text);
    free(folder);
    return err;
}

int outbox_answer(const struct outbox_record *record, const char *answer, size_t len)
{
    char *text = text_printf("answer %zu\n%.*s", len, (int)len, answer);
    size_t left = strlen(text), done = 0;
    struct stat st;
    int err = fstat(record->fd, &st) != 0 ? errno : 0;

    while (err == 0 && done < left) {
        ssize_t n = pwrite(record->fd, text + done, left - done, st.st_size + (off_t)done);

        if (n < 0 && errno != EINTR)
            err = errno;
        done += n > 0 ? (size_t)n : 0;
    }
    if (err == 0 && fdatasync(record->fd) != 0)
        err = errno;
    if (err != 0 && ftruncate(record->fd, st.st_size) != 0)
        fprintf(stderr, "tai-stamp: %s: %s\n", record->path, strerror(errno));
    free(text);
    return err;
}

void outbox_done(struct outbox_record *record, bool batch)
{
    char *folder = home_data("batches");

    if (!batch) {
        unlink(record->path);
    } else {
        const char *base = text_base_name(record->path);
        char *to = text_printf("%s/%.*s.list", folder != NULL ? folder : "", (int)(strlen(base) - 5), base);
        int err = folder == NULL ? ENOENT : file_make_folders(folder, 0700);

        if (err == 0 && rename(record->path, to) != 0)
            err = errno;
        if (err != 0) /* it stays where it is, and the next run tries again */
            fprintf(stderr, "tai-stamp: the list of this batch cannot be kept: %s: %s\n", to, strerror(err));
        free(to);
    }
    free(folder);
    outbox_leave(record);
}

void outbox_leave(struct outbox_record *record)
{
    close(record->fd);
    free(record->path);
    *record = (struct outbox_record){NULL, -1};
}
