/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/tracking_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/io/control_json.h"
#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"
#include "sdk/time/page.h"

struct tracking_log {
    FILE *file;
    bool failed;
};

enum tai_err tracking_log_open(const char *path, struct tracking_log **ret_log, struct tai_error *error)
{
    struct tracking_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    log->file = fopen(path, "ae");
    if (log->file == NULL) {
        int errnum = errno;
        free(log);
        return file_error(error, errnum, "opening", path);
    }
    setvbuf(log->file, NULL, _IOLBF, 0);
    fputs(
        "# realtime_ns half_width_ns system_ns rate_ps_per_s system_rate_ps_per_s status state master term\n",
        log->file);
    *ret_log = log;
    return TAI_OK;
}

void tracking_log_close(struct tracking_log *log)
{
    if (log == NULL)
        return;
    fclose(log->file);
    free(log);
}

void tracking_log_line(struct tracking_log *log, const struct host_settings *settings,
                       const struct engine_now *now)
{
    struct view_tracking t;
    settings->engine.tracking(settings->engine.engine, now->raw, &t);
    host_take_word(settings, &t);
    if (!settings->steer)
        host_see_system_clock(&t);
    char width[24] = "-";
    if (page_status_has_interval(t.line.status))
        snprintf(width, sizeof width, "%" PRId64, t.half_width_ns);
    int n = fprintf(log->file,
                    "%" PRId64 " %s %" PRId64 " %" PRId64 " %" PRId64 " %s %s %" PRIu32 " %" PRIu64 "\n",
                    now->realtime_ns, width, t.system_ns, t.rate_ps_per_s, t.system_rate_ps_per_s,
                    taistamp_status_name(t.line.status), control_state_name(t.state), t.master.id, t.term);
    if (n < 0 && !log->failed)
        log_warning("clock: the tracking log cannot be written");
    log->failed = n < 0;
}
