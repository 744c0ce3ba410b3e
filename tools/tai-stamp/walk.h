/* SPDX-License-Identifier: Apache-2.0 */
/* From arguments to a list of files: names, folders, lists of names.
 *
 * Below a folder every regular file is taken in the order of names, so that two runs see the same list; symbolic links
 * met there are not followed (a link given by name is). Receipts (*.tai) met below a folder are kept apart: they are
 * never stamped. Our temporary files are left out. What cannot be read is reported and the walk goes on. */
#ifndef TOOLS_TAI_STAMP_WALK_H
#define TOOLS_TAI_STAMP_WALK_H

#include <stdbool.h>
#include <stddef.h>

struct walk {
    char **files;
    size_t n_files;
    char **receipts; /* *.tai met below folders */
    size_t n_receipts;
    size_t links_skipped;
    size_t failed; /* names and folders that could not be read; each was reported */
};

/* Told about each name that cannot be taken, with what to say. */
typedef void (*walk_problem_fn)(void *user, const char *path, const char *what);

/* Adds one argument: a folder is entered when `recursive`, otherwise it is a problem. Any other name is added as it is,
 * even if there is no such file: opening it will say why. */
void walk_add(struct walk *walk, const char *path, bool recursive, walk_problem_fn problem, void *user);
/* Adds the names in the file `list` ("-": standard input), one a line, or separated by NUL. False: `list` cannot be
 * read, and *ret_errno says why. */
bool walk_add_list(struct walk *walk, const char *list, bool null_separated, bool recursive,
                   walk_problem_fn problem, void *user, int *ret_errno);
/* Removes names that occur twice; the first stays. */
void walk_unique(struct walk *walk);
void walk_free(struct walk *walk);

/* The same names in order, for walk_file_named(); free the array, not the names. */
char **walk_sorted(char *const *names, size_t n);
/* Whether `receipt` is called like the receipt of a file that is among the names: "*" names both. */
bool walk_file_named(char *const *sorted, size_t n, const char *receipt);

#endif
