/* SPDX-License-Identifier: Apache-2.0 */
/* Logging: one event is one line on standard error, with a UTC time stamp, the program and its process id:
 *
 *     2026-03-01T09:30:00.125Z taid[4711] warning: the stamp process died of signal 9; restarting it in 1 s
 *
 * The loops log; pure code reports to them and never logs. What arrives from outside per packet or per
 * request is counted and not logged. A line leaves in one write(2), so that lines of several processes do not
 * mix. Control characters in a message are shown as \xNN, so that nothing from outside can forge a line.
 * Level and name are the only state, set at the start and inherited over fork; after that any thread may log.
 * Not part of libtaistamp. */
#ifndef SDK_IO_LOG_H
#define SDK_IO_LOG_H

#include "taistamp/base.h"

enum log_level {
    LOG_ERROR = 0,   /* something is broken and a person should look */
    LOG_WARNING = 1, /* it goes on, but not as it should */
    LOG_NOTICE = 2,  /* the few events of a normal life: started, ready, stopped */
    LOG_DEBUG = 3    /* for whoever looks for a fault */
};

/* `name` is kept by reference (a literal). Defaults: LOG_NOTICE, "taid". */
void log_open(const char *name, enum log_level level);
enum log_level log_level(void);
/* One line without LF; cut after 900 bytes. errno is left as it was. */
TAISTAMP_PRINTF(2, 3) void log_line(enum log_level level, const char *format, ...);

#define log_error(...)   log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_NOTICE, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_DEBUG, __VA_ARGS__)

#endif
