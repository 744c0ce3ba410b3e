/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config_keys.h"

#include "sdk/io/sync_settings.h"

#define ROW(s, n, kind, field)                                                                               \
    .section = (s), .name = (n), .type = (kind), .offset = offsetof(struct taid_config, field)

/* clang-format off: one setting to a line. */
/* Ranges: wide enough for every use that makes sense, narrow enough that a slipped digit or a wrong unit is caught. */
const struct setting config_keys[] = {
    {ROW("", "data_dir", SETTING_PATH, data_dir)},
    {ROW("", "key_dir", SETTING_PATH, key_dir)},
    {ROW("", "policy", SETTING_PATH, policy_path)},
    {ROW("", "log_level", SETTING_WORD, log_level), .words = settings_log_levels},
    {.section = "", .name = "clock", .type = SETTING_SECTION},
    {ROW("clock", "page", SETTING_PATH, clock.page)},
    {ROW("clock", "leap_file", SETTING_PATH, clock.leap_file)},
    /* One hour: who cannot say more should not issue stamps. */
    {ROW("clock", "assume_error_ms", SETTING_MS, clock.assume_error_ns), .min = 1, .max = 3600000},
    {ROW("clock", "user", SETTING_USER, clock.user)},
    {.section = "", .name = "sync", .type = SETTING_SECTION},
    {ROW("sync", "cluster", SETTING_PATH, sync.cluster)},
    {ROW("sync", "node", SETTING_NODE, sync.node)},
    {ROW("sync", "node_key", SETTING_PATH, sync.node_key)},
    /* One socket for each family. */
    {ROW("sync", "listen", SETTING_LISTEN, sync.listen), .max = 2,
     .count_offset = offsetof(struct taid_config, sync.listen_count),
     .example = "0.0.0.0:4470 or \"[::]:4470\""},
    {ROW("sync", "mode", SETTING_WORD, sync.mode), .words = sync_mode_words},
    {ROW("sync", "reference", SETTING_WORD, sync.reference), .words = sync_driver_words},
    {ROW("sync", "system_clock_error_us", SETTING_US, sync.system_clock_error_ns), .min = 1,
     .max = 3600000000},
    {ROW("sync", "references", SETTING_LIST, sync.references), .max = CONFIG_REFERENCES_MAX,
     .count_offset = offsetof(struct taid_config, sync.references_count), .list = &config_references},
    {ROW("sync", "quarantine_s", SETTING_S, sync.quarantine_ns), .min = 10, .max = 86400},
    {ROW("sync", "not_before", SETTING_DATE, sync.not_before_posix_s)},
    {ROW("sync", "serve_shm", SETTING_COUNT, sync.serve_shm), .min = 0, .max = 255},
    {ROW("sync", "serve_sock", SETTING_PATH, sync.serve_sock)},
    {ROW("sync", "oscillator", SETTING_WORD, sync.oscillator), .words = sync_oscillator_words},
    {ROW("sync", "rate_bound_ppm", SETTING_COUNT, sync.rate_bound_ppm), .min = 1, .max = 1000},
    {ROW("sync", "poll_ms", SETTING_MS, sync.poll_ns), .min = SYNC_POLL_MS_LEAST, .max = SYNC_POLL_MS_MOST},
    {ROW("sync", "client_poll_ms_max", SETTING_MS, sync.client_poll_ns_max), .min = SYNC_POLL_MS_LEAST,
     .max = SYNC_POLL_MS_MOST},
    {ROW("sync", "peer_poll_ms", SETTING_MS, sync.peer_poll_ns), .min = SYNC_POLL_MS_LEAST,
     .max = SYNC_POLL_MS_MOST},
    {ROW("sync", "heartbeat_ms", SETTING_MS, sync.heartbeat_ns), .min = 20, .max = 60000},
    {ROW("sync", "lease_ms", SETTING_MS, sync.lease_ns), .min = 40, .max = 480000},
    {ROW("sync", "election_ms_min", SETTING_MS, sync.election_ns_min), .min = 0, .max = 60000},
    {ROW("sync", "election_ms_max", SETTING_MS, sync.election_ns_max), .min = 1, .max = 60000},
    {ROW("sync", "step_threshold_ms", SETTING_MS, sync.step_threshold_ns), .min = 0, .max = 3600000},
    {ROW("sync", "state_dir", SETTING_PATH, sync.state_dir)},
    {ROW("sync", "drift_file", SETTING_PATH, sync.drift_file)},
    {ROW("sync", "control", SETTING_PATH, sync.control)},
    {ROW("sync", "tracking_log", SETTING_PATH, sync.tracking_log)},
    {.section = "", .name = "stamp", .type = SETTING_SECTION},
    {ROW("stamp", "listen", SETTING_LISTEN, stamp.listen), .max = CONFIG_LISTEN_MAX,
     .count_offset = offsetof(struct taid_config, stamp.listen_count),
     .example = "127.0.0.1:8023 or \"[::1]:8023\""},
    {ROW("stamp", "max_error_ms", SETTING_MS, stamp.max_error_ns), .min = 1, .max = 3600000},
    {ROW("stamp", "user", SETTING_USER, stamp.user)},
    {ROW("stamp", "connections_max", SETTING_COUNT, stamp.connections_max), .min = 1, .max = 1000000},
    {ROW("stamp", "pending_max", SETTING_COUNT, stamp.pending_max), .min = 1, .max = 1000000},
    {ROW("stamp", "request_ms", SETTING_COUNT, stamp.request_ms), .min = 100, .max = 600000},
    {ROW("stamp", "idle_ms", SETTING_COUNT, stamp.idle_ms), .min = 100, .max = 3600000},
    {ROW("stamp", "answer_ms", SETTING_COUNT, stamp.answer_ms), .min = 100, .max = 600000},
    /* A request is one subject, some 300 bytes. */
    {ROW("stamp", "body_bytes_max", SETTING_COUNT, stamp.body_bytes_max), .min = 512, .max = 1048576},
    {ROW("stamp", "header_bytes_max", SETTING_COUNT, stamp.header_bytes_max), .min = 1024, .max = 65536},
    /* The longest answer, a full entry bundle, has 258 KiB: below 512 KiB it could not be sent. */
    {ROW("stamp", "output_bytes_max", SETTING_COUNT, stamp.output_bytes_max), .min = 524288, .max = 67108864},
};
/* clang-format on */
const size_t config_keys_count = sizeof config_keys / sizeof config_keys[0];
_Static_assert(sizeof config_keys / sizeof config_keys[0] <= SETTINGS_KEYS_MAX, "every key has its line");
