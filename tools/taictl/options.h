/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of taictl. */
#ifndef TOOLS_TAICTL_OPTIONS_H
#define TOOLS_TAICTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum exit_code {
    EXIT_OK = 0,
    EXIT_NO = 1,          /* waitsync: not in time; a command that was refused */
    EXIT_USAGE = 2,       /* wrong use */
    EXIT_UNREACHABLE = 4, /* nobody answers at the control socket */
    EXIT_INTERRUPTED = 130
};

enum verb {
    VERB_TRACKING,
    VERB_SOURCES,
    VERB_SOURCESTATS,
    VERB_CLUSTER,
    VERB_REFERENCES,
    VERB_OSCILLATOR,
    VERB_GPS,
    VERB_WAITSYNC,
    VERB_MAKESTEP,
    VERB_BURST
};

struct options {
    enum verb verb;
    const char *control; /* NULL: $TAISTAMP_CONTROL, then the usual places */
    bool json, quiet, verbose;
    bool watch;
    int64_t watch_ms;      /* between two answers */
    int64_t max_error_ns;  /* waitsync: half-width to reach; INT64_MAX: any */
    int64_t timeout_ms;    /* waitsync; 0: for ever */
    bool relative_is_fine; /* waitsync: status relative counts */
    const char *svg;       /* oscillator: write the picture there; NULL: text */
};

/* True to go on; false when the command is done, with its exit code. */
bool options_read(int argc, char **argv, struct options *ret_options, int *ret_exit);

#endif
