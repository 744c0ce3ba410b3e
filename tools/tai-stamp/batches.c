/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/batches.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/tai-stamp/home.h"
#include "tools/tai-stamp/outbox.h"
#include "tools/tai-stamp/remake.h"
#include "tools/text.h"

/* One list. Between `lines` and `end` are its lines. */
struct list {
    char *path;
    const char *map, *lines, *end;
    size_t size;
};

/* A list of which a receipt was made: the next one is likely to be of the same. */
struct opened {
    size_t list; /* index; valid while `content.items` is set */
    struct outbox_content content;
    taistamp_stamping *session; /* NULL: nothing can be made of it */
};

enum { OPENED_MAX = 4, TAIL = TAISTAMP_RECEIPT_MAX + 256 };

struct batches {
    struct list *lists;
    size_t n;
    struct opened opened[OPENED_MAX];
    size_t next; /* of `opened`, to be replaced */
};

static bool map_list(const char *path, struct list *ret_list)
{
    static const char end_mark[] = "\nend ";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct list list = {.map = MAP_FAILED};
    struct stat st;
    size_t tail;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        list.size = (size_t)st.st_size;
        list.map = mmap(NULL, list.size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (fd >= 0)
        close(fd);
    if (list.map == MAP_FAILED)
        return false;
    tail = list.size > TAIL ? list.size - TAIL : 0;
    list.lines = memchr(list.map, '\n', list.size);
    list.end = memmem(list.map + tail, list.size - tail, end_mark, sizeof end_mark - 1);
    if (list.lines == NULL || list.end == NULL) {
        munmap((void *)(uintptr_t)list.map, list.size);
        return false;
    }
    list.lines++;
    list.end++;
    list.path = text_copy(path);
    *ret_list = list;
    return true;
}

struct batches *batches_open(void)
{
    struct batches *b = text_alloc(sizeof *b);
    char *folder = home_data("batches");
    struct dirent **names;
    int n = folder != NULL ? scandir(folder, &names, NULL, alphasort) : -1;

    for (int i = 0; i < n; i++) {
        if (text_ends_with(names[i]->d_name, ".list")) {
            char *path = text_printf("%s/%s", folder, names[i]->d_name);

            if ((b->n & (b->n - 1)) == 0)
                b->lists = text_grow(b->lists, b->n == 0 ? 1 : b->n * 2, sizeof *b->lists);
            b->n += map_list(path, &b->lists[b->n]);
            free(path);
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    free(folder);
    return b;
}

static void forget(struct opened *opened)
{
    taistamp_stamping_free(opened->session);
    outbox_content_free(&opened->content);
    *opened = (struct opened){0};
}

void batches_close(struct batches *batches)
{
    if (batches == NULL)
        return;
    for (size_t i = 0; i < OPENED_MAX; i++)
        forget(&batches->opened[i]);
    for (size_t i = 0; i < batches->n; i++) {
        munmap((void *)(uintptr_t)batches->lists[i].map, batches->lists[i].size);
        free(batches->lists[i].path);
    }
    free(batches->lists);
    free(batches);
}

/* The first line that starts with `key`; NULL: none does. Bisection over bytes, each step from the start of a line. */
static const char *find_line(const struct list *list, const char *key, size_t key_len)
{
    const char *low = list->lines, *high = list->end;

    while (low < high) {
        const char *line = low + (high - low) / 2;
        size_t left;

        while (line > low && line[-1] != '\n')
            line--;
        left = (size_t)(list->end - line);
        if (memcmp(line, key, left < key_len ? left : key_len) < 0) {
            const char *newline = memchr(line, '\n', left);

            low = newline != NULL ? newline + 1 : list->end;
        } else {
            high = line;
        }
    }
    return (size_t)(list->end - low) >= key_len && memcmp(low, key, key_len) == 0 ? low : NULL;
}

bool batches_algorithm(const struct batches *batches, enum taistamp_algorithm algorithm)
{
    char *key = text_printf("%s:", taistamp_algorithm_name(algorithm));
    bool found = false;

    for (size_t i = 0; i < batches->n && !found; i++)
        found = find_line(&batches->lists[i], key, strlen(key)) != NULL;
    free(key);
    return found;
}

static size_t make_key(const struct taistamp_digest *digest, char ret_key[TAISTAMP_DIGEST_TEXT + 1])
{
    size_t len;

    taistamp_digest_print(digest, ret_key);
    len = strlen(ret_key);
    ret_key[len++] = ' '; /* over the NUL: the key is not a string */
    return len;
}

uint64_t batches_next_counter(const struct batches *batches, const struct taistamp_digest *digest)
{
    char key[TAISTAMP_DIGEST_TEXT + 1];
    size_t key_len = make_key(digest, key);
    uint64_t next = 0;

    for (size_t i = 0; i < batches->n; i++) {
        const struct list *list = &batches->lists[i];
        const char *line = find_line(list, key, key_len);

        while (line != NULL && (size_t)(list->end - line) > key_len && memcmp(line, key, key_len) == 0) {
            uint64_t counter = strtoull(line + key_len, NULL, 10);

            if (counter >= next)
                next = counter + 1;
            line = memchr(line, '\n', (size_t)(list->end - line));
            line = line != NULL ? line + 1 : NULL;
        }
    }
    return next;
}

/* The session of a list, made when it is first asked for. */
static struct opened *open_list(struct batches *b, size_t list, const struct pins *pins)
{
    struct tai_error error = {0};
    struct opened *opened;

    for (size_t i = 0; i < OPENED_MAX; i++)
        if (b->opened[i].content.items != NULL && b->opened[i].list == list)
            return &b->opened[i];
    opened = &b->opened[b->next];
    b->next = (b->next + 1) % OPENED_MAX;
    forget(opened);
    opened->list = list;
    if (outbox_read(b->lists[list].path, &opened->content))
        opened->session = remake_session(&opened->content, pins, &error);
    return opened;
}

bool batches_receipt(struct batches *batches, const struct pins *pins, const struct taistamp_digest *digest,
                     char **ret_text, size_t *ret_len, char **ret_where)
{
    char key[TAISTAMP_DIGEST_TEXT + 1];
    size_t key_len = make_key(digest, key);

    for (size_t i = 0; i < batches->n; i++) {
        const struct opened *opened;

        if (find_line(&batches->lists[i], key, key_len) == NULL)
            continue;
        opened = open_list(batches, i, pins);
        for (size_t j = 0; opened->session != NULL && j < opened->content.n; j++) {
            if (taistamp_digest_equal(&opened->content.items[j].digest, digest) &&
                taistamp_stamping_receipt(opened->session, j, ret_text, ret_len) == TAI_OK) {
                *ret_where = text_copy(batches->lists[i].path);
                return true;
            }
        }
    }
    return false;
}
