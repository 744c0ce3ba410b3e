/* SPDX-License-Identifier: Apache-2.0 */
/* The leap table as a process that goes on for years keeps it: read at the start, looked for again every hour and when asked, and put
 * as what an engine takes. A table that cannot be read, that is older, or that contradicts what was settled leaves the one in use. One thread. */
#ifndef SDK_LEAP_WATCH_H
#define SDK_LEAP_WATCH_H

#include "sdk/sync/sync.h"
#include "taistamp/time.h"

struct leap_watch {
    const char *path; /* NULL: the newest found */
    taistamp_leaps *leaps;
    int64_t read_at_ns; /* REALTIME of the last look; 0: look at once */
};

/* `path` is borrowed. Logs what is wrong with a table that is not taken. */
void leap_watch_open(struct leap_watch *watch, const char *path);
void leap_watch_close(struct leap_watch *watch);
/* Reads the file now; true if another table is in use from here on (the old one is freed). */
bool leap_watch_read(struct leap_watch *watch);
/* The same once an hour by REALTIME `realtime_ns`, at the first call, and when that clock was set back; else false. */
bool leap_watch_hourly(struct leap_watch *watch, int64_t realtime_ns);
/* The next look reads the file again. */
void leap_watch_again(struct leap_watch *watch);
/* Looks hourly. What holds at `tai`, or where that is not known (NULL) at REALTIME `realtime_ns`: the system's clock may be years off at a
 * start, and is ambiguous near a leap second; where it is behind the table's own date, at that date. A leap
 * second stays the next one until it is some seconds past, because the kernel makes it by a clock that is not quite ours. True if that differs from *leap, which is replaced then. Without a table
 * `expires` is 0. */
bool leap_watch_look(struct leap_watch *watch, int64_t realtime_ns, const tai_t *tai, struct sync_leap *leap);
/* The one that expires later; the other server's, `theirs`, moved on at `now` over a leap second in which nobody told us of a next one. */
struct sync_leap leap_watch_later(const struct sync_leap *own, const struct sync_leap *theirs, tai_t now);

#endif
