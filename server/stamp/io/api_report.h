/* SPDX-License-Identifier: Apache-2.0 */
/* The documents that say how the server is: time, status, health and counters, as text in malloc'ed memory. Each
 * returns NULL without memory; the caller frees. */
#ifndef SERVER_STAMP_IO_API_REPORT_H
#define SERVER_STAMP_IO_API_REPORT_H

#include "sdk/time/page.h"
#include "server/stamp/io/http.h"
#include "server/stamp/io/log.h"

struct api_view {
    struct taistamp_reading clock;
    struct clock_line line; /* of the page, for what it says of the cluster; role none: nothing */
    struct stamp_log_stats log;
    struct http_stats http;
    const taistamp_leaps *leaps;
    int64_t max_error_ns;
    int64_t uptime_s;
    bool stopping;
};

/* Would a stamp be issued now? NULL: yes; else one sentence why not. Static storage. */
const char *api_unhealthy(const struct api_view *view);
char *api_time_json(const struct api_view *view);
char *api_status_json(const struct api_view *view);
/* Prometheus text format 0.0.4. */
char *api_metrics_text(const struct api_view *view);

#endif
