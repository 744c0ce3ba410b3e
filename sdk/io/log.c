/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sdk/base/bytes.h"

enum { MESSAGE_MAX = 900, HEAD_MAX = 128 };

static const char *name_now = "taid";
static enum log_level level_now = LOG_NOTICE;

void log_open(const char *name, enum log_level level)
{
    name_now = name;
    level_now = level;
}

enum log_level log_level(void)
{
    return level_now;
}

static void put_stamp(struct out *o)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc = {0};
    gmtime_r(&now.tv_sec, &utc);
    char text[48];
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    out_bytes(o, bytes_of(text, n));
    int m = snprintf(text, sizeof text, ".%03dZ ", (int)(now.tv_nsec / 1000000));
    out_bytes(o, bytes_of(text, m > 0 ? (size_t)m : 0));
}

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const words[] = {"error", "warning", "notice", "debug"};
    if (level > level_now)
        return;
    int saved = errno;
    char message[MESSAGE_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);

    char line[HEAD_MAX + 4 * MESSAGE_MAX];
    struct out o = out_of(line, sizeof line);
    put_stamp(&o);
    out_str(&o, name_now);
    out_char(&o, '[');
    out_i64(&o, getpid());
    out_str(&o, "] ");
    out_str(&o, words[level]);
    out_str(&o, ": ");
    for (const char *p = message; *p != 0; p++) {
        uint8_t c = (uint8_t)*p;
        if (c < 0x20 || c == 0x7F) {
            out_str(&o, "\\x");
            out_hex(&o, bytes_of(&c, 1));
        } else {
            out_char(&o, *p);
        }
    }
    out_char(&o, '\n');
    ssize_t ignored = write(STDERR_FILENO, o.data, o.len);
    (void)ignored;
    errno = saved;
}
