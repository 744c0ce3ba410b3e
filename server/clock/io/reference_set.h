/* SPDX-License-Identifier: Apache-2.0 */
/* A node's references put together: the drivers of sync.references on the host's loop, the timekeeper behind them, and what it
 * says for the engine, the log and the control socket.
 *
 *     driver -> refclock_feed -> timekeeper -> sync_reference, once a second -> engine -> line -> page -> entry
 *
 * What the other servers say comes from the engine's own view of them (view_source), so a reference can be compared with theirs.
 * One thread: the loop's, between host_settings.opened and .closed. */
#ifndef SERVER_CLOCK_IO_REFERENCE_SET_H
#define SERVER_CLOCK_IO_REFERENCE_SET_H

#include "client/io/host.h"
#include "sdk/time/page.h"
#include "server/clock/core/announcement.h"
#include "server/clock/core/timekeeper.h"
#include "server/config.h"

struct reference_set;

struct reference_set_settings {
    const struct taid_config *config; /* borrowed, as is the next */
    const struct host_engine *engine; /* asked for its peers and its line */
    uint8_t oscillator;               /* enum oscillator_class */
    tai_ppb_t rate_bound;
};

/* The configuration has references. *ret_set is the caller's (reference_set_free). TAI_ERR_MEMORY, _ARGUMENT. */
TAISTAMP_MUST_CHECK enum tai_err reference_set_new(const struct reference_set_settings *settings,
                                                   struct reference_set **ret_set, struct tai_error *error);
void reference_set_free(struct reference_set *set);

/* Whether the settings of the references can work, as far as that shows without opening anything: for --check-config. TAI_ERR_*
 * as reference_set_open. Any thread. */
TAISTAMP_MUST_CHECK enum tai_err reference_set_check(const struct taid_config *config,
                                                     struct tai_error *error);
/* Opens the drivers. An error is one that no waiting can cure; those that were opened stay so until reference_set_close. */
TAISTAMP_MUST_CHECK enum tai_err reference_set_open(struct reference_set *set, struct host *host,
                                                    struct tai_error *error);
void reference_set_close(struct reference_set *set);
/* Once a second. True: *ret_reference is what the engine is told. */
bool reference_set_second(struct reference_set *set, const struct engine_now *now,
                          const struct sync_leap *leap, struct sync_reference *ret_reference);

void reference_set_view(const struct reference_set *set, tai_mono_t raw, struct timekeeper_view *ret_view);
void reference_set_oscillator(const struct reference_set *set, struct view_oscillator *ret_view);
/* Whether what the source announces of leap seconds is what the leap table says, as of the last second. */
enum announcement reference_set_announcement(const struct reference_set *set, uint8_t source);
/* For the clock page: how many sources count, the age of the holdover, and how many announce other leap seconds. */
void reference_set_make(const struct reference_set *set, tai_mono_t raw, struct page_make *ret_make);
/* What came last; NULL: nothing of this kind. */
const struct refclock_evidence *reference_set_evidence(const struct reference_set *set, uint8_t source);
const struct refclock_upstream *reference_set_upstream(const struct reference_set *set, uint8_t source);

/* What the log said last of a source's verdict. Zeroed: nothing. */
struct reference_said {
    bool has;
    enum refclock_verdict verdict;
    enum timekeeper_reason reason;
};

/* Whether the report has its line: a verdict that a later report of the same second takes back, or that was said last, has none.
 * `said`: of the report's source. */
bool reference_report_is_news(const struct timekeeper_reports *reports, uint32_t index,
                              struct reference_said *said);
/* What a reason's value adds to its words: ", by 9.73 ms", or nothing. */
void reference_report_value(enum timekeeper_reason reason, int64_t value, char *ret_text, size_t room);
/* The log line of a report. `name`: of its source. */
void reference_report_log(const struct timekeeper_report *report, const char *name, const char *said);

#endif
