/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of tai-leap. */
#ifndef TOOLS_TAI_LEAP_OPTIONS_H
#define TOOLS_TAI_LEAP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum exit_code {
    EXIT_OK = 0,
    EXIT_INVALID = 1,    /* a time that there is not or that is not known, or a damaged table */
    EXIT_USAGE = 2,      /* wrong use, or a missing file */
    EXIT_DOUBTFUL = 3,   /* answered, but the table has expired */
    EXIT_UNREACHABLE = 4 /* update: a server does not answer */
};

/* One time to convert, as it was given. */
enum item_kind { ITEM_TEXT, ITEM_POSIX, ITEM_NTP, ITEM_NS };
struct item {
    enum item_kind kind;
    const char *text;
};

/* One form alone instead of all of them. */
enum form { FORM_ALL, FORM_TAI, FORM_UTC, FORM_TAI64N, FORM_POSIX, FORM_NTP, FORM_NS };

struct options {
    const char *file;  /* NULL: the newest that is found */
    const char *pivot; /* NULL: now */
    enum form form;
    bool json, quiet, verbose;
    struct item *items;
    size_t n_items;
};

/* Fills *ret_options (items: malloc'ed). True to go on; false when the command is done, with its exit code.
 */
bool options_read(int argc, char **argv, struct options *ret_options, int *ret_exit);
void options_free(struct options *o);

#endif
