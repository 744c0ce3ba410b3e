/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/file.h"
#include "tools/text.h"

enum { WALK_DEPTH = 512, WALK_LIST_MAX = 1 << 30 };

static void append(char ***list, size_t *n, char *path)
{
    if ((*n & (*n - 1)) == 0) /* grows at each power of two */
        *list = text_grow(*list, *n == 0 ? 1 : *n * 2, sizeof **list);
    (*list)[(*n)++] = path;
}

static void problem_at(struct walk *walk, walk_problem_fn problem, void *user, const char *path,
                       const char *what)
{
    walk->failed++;
    problem(user, path, what);
}

static void enter(struct walk *walk, const char *folder, int depth, walk_problem_fn problem, void *user);

static void meet(struct walk *walk, char *path, int depth, walk_problem_fn problem, void *user)
{
    struct stat st;

    if (lstat(path, &st) != 0) {
        problem_at(walk, problem, user, path, strerror(errno));
    } else if (S_ISDIR(st.st_mode)) {
        enter(walk, path, depth + 1, problem, user);
    } else if (S_ISLNK(st.st_mode)) {
        walk->links_skipped++;
    } else if (S_ISREG(st.st_mode)) {
        if (text_ends_with(path, ".tai"))
            append(&walk->receipts, &walk->n_receipts, path);
        else
            append(&walk->files, &walk->n_files, path);
        return;
    } else {
        problem_at(walk, problem, user, path, "is not a regular file");
    }
    free(path);
}

static void enter(struct walk *walk, const char *folder, int depth, walk_problem_fn problem, void *user)
{
    struct dirent **names;
    size_t len = strlen(folder);
    int n;

    if (depth > WALK_DEPTH) {
        problem_at(walk, problem, user, folder, "folders are nested too deeply");
        return;
    }
    n = scandir(folder, &names, NULL, alphasort);
    if (n < 0) {
        problem_at(walk, problem, user, folder, strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        const char *name = names[i]->d_name;

        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strncmp(name, ".tai-stamp-", 11) != 0)
            meet(walk, text_printf("%s%s%s", folder, len > 0 && folder[len - 1] == '/' ? "" : "/", name),
                 depth, problem, user);
        free(names[i]);
    }
    free(names);
}

void walk_add(struct walk *walk, const char *path, bool recursive, walk_problem_fn problem, void *user)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (recursive)
            enter(walk, path, 0, problem, user);
        else
            problem_at(walk, problem, user, path, "is a folder; -r takes everything in it");
        return;
    }
    append(&walk->files, &walk->n_files, text_copy(path));
}

bool walk_add_list(struct walk *walk, const char *list, bool null_separated, bool recursive,
                   walk_problem_fn problem, void *user, int *ret_errno)
{
    char separator = null_separated ? '\0' : '\n', *data, *p;
    size_t len;
    int err = file_load(list, WALK_LIST_MAX, &data, &len);

    if (err != 0) {
        *ret_errno = err;
        return false;
    }
    for (p = data; p < data + len;) {
        char *end = memchr(p, separator, (size_t)(data + len - p));

        if (end == NULL)
            end = data + len;
        if (memchr(p, '\0', (size_t)(end - p)) != NULL) {
            problem_at(walk, problem, user, p, "a NUL in the list of names; is -0 missing?");
        } else if (end > p) {
            char *name = text_copy_n(p, (size_t)(end - p));

            walk_add(walk, name, recursive, problem, user);
            free(name);
        }
        p = end + 1;
    }
    free(data);
    return true;
}

struct ranked {
    char *path;
    size_t rank;
};

static int by_path(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    int order = strcmp(x->path, y->path);

    return order != 0 ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

void walk_unique(struct walk *walk)
{
    struct ranked *all;
    size_t kept = 0;

    if (walk->n_files < 2)
        return;
    all = text_alloc(walk->n_files * sizeof *all);
    for (size_t i = 0; i < walk->n_files; i++)
        all[i] = (struct ranked){walk->files[i], i};
    qsort(all, walk->n_files, sizeof *all, by_path);
    for (size_t i = 1; i < walk->n_files; i++)
        if (strcmp(all[i].path, all[i - 1].path) == 0)
            walk->files[all[i].rank] = NULL;
    for (size_t i = 0; i < walk->n_files; i++)
        if (walk->files[all[i].rank] == NULL)
            free(all[i].path);
    for (size_t i = 0; i < walk->n_files; i++)
        if (walk->files[i] != NULL)
            walk->files[kept++] = walk->files[i];
    walk->n_files = kept;
    free(all);
}

void walk_free(struct walk *walk)
{
    for (size_t i = 0; i < walk->n_files; i++)
        free(walk->files[i]);
    for (size_t i = 0; i < walk->n_receipts; i++)
        free(walk->receipts[i]);
    free(walk->files);
    free(walk->receipts);
    *walk = (struct walk){0};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **walk_sorted(char *const *names, size_t n)
{
    char **sorted = text_alloc((n + 1) * sizeof *sorted);

    for (size_t i = 0; i < n; i++)
        sorted[i] = names[i];
    qsort(sorted, n, sizeof *sorted, by_name);
    return sorted;
}

bool walk_file_named(char *const *sorted, size_t n, const char *receipt)
{
    char *file;
    bool named;

    if (!text_ends_with(receipt, ".tai"))
        return false;
    file = text_copy_n(receipt, strlen(receipt) - 4);
    named = bsearch(&file, sorted, n, sizeof *sorted, by_name) != NULL;
    free(file);
    return named;
}
