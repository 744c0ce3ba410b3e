/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/io/address.h"
#include "sdk/io/log.h"
#include "sdk/io/sync_settings.h"
#include "sdk/time/civil.h"
#include "server/config_keys.h"

enum { NS_PER_MS = 1000000 };
/* As the timekeeper has it where nothing is said. */

_Static_assert((int)CONFIG_LISTEN_MAX == (int)SETTINGS_LISTEN_MAX, "as many as the reader fills");

static const char LISTEN_DEFAULT[] = "127.0.0.1:8023";

bool config_listen_is_loopback(const char *address)
{
    struct address a;
    return address_parse(address, 0, &a) && address_is_loopback(&a);
}

static void set_defaults(struct taid_config *c)
{
    c->log_level = LOG_NOTICE;
    c->sync.mode = SYNC_MODE_PAGE;
    c->sync.reference = SYNC_DRIVER_NONE;
    c->sync.quarantine_ns = CONFIG_QUARANTINE_NS;
    c->sync.not_before_posix_s = build_posix_s - build_posix_s % SECONDS_PER_DAY;
    c->sync.serve_shm = CONFIG_NO_UNIT;
    c->sync.oscillator = SYNC_OSCILLATOR_PC;
    c->sync.rate_bound_ppm = SYNC_RATE_BOUND_PPM;
    c->sync.poll_ns = SYNC_POLL_NS;
    c->sync.client_poll_ns_max = SYNC_CLIENT_POLL_NS_MAX;
    c->sync.peer_poll_ns = SYNC_PEER_POLL_NS;
    c->sync.heartbeat_ns = SYNC_HEARTBEAT_NS;
    c->sync.lease_ns = SYNC_LEASE_NS;
    c->sync.election_ns_min = SYNC_ELECTION_NS_MIN;
    c->sync.election_ns_max = SYNC_ELECTION_NS_MAX;
    c->sync.step_threshold_ns = SYNC_STEP_THRESHOLD_NS;
    c->stamp.max_error_ns = (int64_t)1000 * NS_PER_MS;
    c->stamp.connections_max = 16384;
    c->stamp.pending_max = 16384;
    c->stamp.request_ms = 10000;
    c->stamp.idle_ms = 60000;
    c->stamp.answer_ms = 10000;
    c->stamp.body_bytes_max = 4096;
    c->stamp.header_bytes_max = 8192;
    c->stamp.output_bytes_max = 1048576;
}

static bool resolve_references(struct taid_config *c)
{
    bool ok = true;
    for (size_t i = 0; ok && i < c->sync.references_count; i++)
        ok = settings_path_resolve(c->data_dir, &c->sync.references[i].path, NULL) &&
             settings_path_resolve(c->data_dir, &c->sync.references[i].key_file, NULL);
    return ok && settings_path_resolve(c->data_dir, &c->sync.serve_sock, NULL);
}

static bool resolve_paths(struct taid_config *c, const char *path)
{
    char *folder = NULL;
    if (!settings_path_folder(path, &c->path, &folder))
        return false;
    bool ok = settings_path_resolve(folder, &c->data_dir, ".");
    free(folder);
    return ok && settings_path_resolve(c->data_dir, &c->key_dir, "keys") &&
           settings_path_resolve(c->data_dir, &c->policy_path, "policy") &&
           settings_path_resolve(c->data_dir, &c->clock.page, "run/clock") &&
           settings_path_resolve(c->data_dir, &c->clock.leap_file, NULL) &&
           settings_path_resolve(c->data_dir, &c->sync.cluster, NULL) &&
           settings_path_resolve(c->sync.node_key != NULL ? c->data_dir : c->key_dir, &c->sync.node_key,
                                 "node.key") &&
           settings_path_resolve(c->data_dir, &c->sync.state_dir, "sync") &&
           settings_path_resolve(c->sync.drift_file != NULL ? c->data_dir : c->sync.state_dir,
                                 &c->sync.drift_file, "drift") &&
           settings_path_resolve(c->data_dir, &c->sync.control, "run/control") &&
           settings_path_resolve(c->data_dir, &c->sync.tracking_log, NULL) && resolve_references(c);
}

/* ---- what depends on more than one key ---- */

static long long ms(int64_t ns)
{
    return (long long)(ns / NS_PER_MS);
}

/* The line of a key, or of another where the first does not stand in the file. */
static unsigned line_of(const struct settings *s, const char *name, const char *other)
{
    unsigned line = settings_line(s, "sync", name);
    return line != 0 ? line : settings_line(s, "sync", other);
}

/* A setting without the one that makes it count is a mistake that nobody would notice. */
static enum tai_err check_alone(const struct settings *s, const struct taid_config *c)
{
    for (size_t i = 0; c->sync.cluster == NULL && i < config_keys_count; i++)
        /* The key is made by keygen before there is a cluster file. */
        if (s->lines[i] != 0 && strcmp(config_keys[i].section, "sync") == 0 &&
            strcmp(config_keys[i].name, "node_key") != 0)
            return settings_refuse(
                s, s->lines[i], TAI_ERR_FORMAT,
                "sync.%s has no effect without sync.cluster, the path of the cluster file; one "
                "server alone needs one too, with its own line from \"taid keygen\" in it",
                config_keys[i].name);
    return TAI_OK;
}

/* What follows us may keep this machine's clock, which then says what we said, and with a bound of microseconds. */
static enum tai_err check_served_clock(const struct settings *s, const struct taid_config *c,
                                       const char *reference)
{
    bool shm = c->sync.serve_shm != CONFIG_NO_UNIT;
    if (!shm && c->sync.serve_sock == NULL)
        return TAI_OK;
    const char *key = shm ? "serve_shm" : "serve_sock";
    return settings_refuse(s, settings_line(s, "sync", key), TAI_ERR_FORMAT,
                           "%s and the reference %s do not go together: a program that follows taid keeps "
                           "the clock that the reference believes, and taid would hear itself. Take out %s, "
                           "or the reference and name that program's own sources (ntp, gpsd, ...)",
                           key, reference, key);
}

/* A reference that is what this program itself gives out would confirm it for ever, and with a bound that is not its own. */
static enum tai_err check_echo(const struct settings *s, const struct taid_config *c)
{
    for (size_t i = 0; i < c->sync.references_count; i++) {
        const struct config_reference *r = &c->sync.references[i];
        bool shm = r->driver == CONFIG_REFERENCE_SHM && r->unit == c->sync.serve_shm;
        bool sock = r->driver == CONFIG_REFERENCE_SOCK && c->sync.serve_sock != NULL &&
                    strcmp(r->path, c->sync.serve_sock) == 0;
        if (shm || sock)
            return settings_refuse(s, settings_line(s, "sync", shm ? "serve_shm" : "serve_sock"),
                                   TAI_ERR_FORMAT,
                                   "the reference %s would hear this program itself: use another %s", r->name,
                                   shm ? "unit" : "path");
        enum tai_err err = config_reference_is_realtime(r) ? check_served_clock(s, c, r->name) : TAI_OK;
        if (err != TAI_OK)
            return err;
    }
    return c->sync.reference == SYNC_DRIVER_SYSTEM_CLOCK ? check_served_clock(s, c, "system-clock") : TAI_OK;
}

/* The list beside the short form, and beside what its members rest on. */
static enum tai_err check_references(const struct settings *s, const struct taid_config *c)
{
    unsigned line = settings_line(s, "sync", "references");
    if (c->sync.references_count > 0 && c->sync.reference != SYNC_DRIVER_NONE)
        return settings_refuse(
            s, line, TAI_ERR_FORMAT,
            "references and reference: system-clock (line %u) are two ways to say one thing: put this "
            "machine's "
            "clock into the list, as \"- driver: system-clock\" with its accuracy_us, or leave the list out",
            settings_line(s, "sync", "reference"));
    for (size_t i = 0; i < c->sync.references_count && c->sync.mode == SYNC_MODE_SYSTEM; i++)
        if (config_reference_is_realtime(&c->sync.references[i]))
            return settings_refuse(s, settings_line(s, "sync", "mode"), TAI_ERR_FORMAT,
                                   "mode: system steers the clock that the reference %s (from line %u on) "
                                   "believes; use mode: page "
                                   "where another program keeps this machine's clock",
                                   c->sync.references[i].name, line);
    return check_echo(s, c);
}

static enum tai_err check_reference(const struct settings *s, const struct taid_config *c)
{
    unsigned line = line_of(s, "reference", "system_clock_error_us");
    bool system_clock = c->sync.reference == SYNC_DRIVER_SYSTEM_CLOCK;
    if (system_clock && c->sync.system_clock_error_ns == 0)
        return settings_refuse(
            s, line, TAI_ERR_FORMAT,
            "reference: system-clock needs system_clock_error_us: how wrong this machine's clock "
            "may be at most, in microseconds");
    if (!system_clock && c->sync.system_clock_error_ns != 0)
        return settings_refuse(s, settings_line(s, "sync", "system_clock_error_us"), TAI_ERR_FORMAT,
                               "system_clock_error_us has no effect without \"reference: system-clock\"");
    if (system_clock && c->sync.mode == SYNC_MODE_SYSTEM)
        return settings_refuse(
            s, settings_line(s, "sync", "mode"), TAI_ERR_FORMAT,
            "mode: system steers the clock that reference: system-clock (line %u) believes; use "
            "mode: page where another program keeps this machine's clock",
            line);
    return TAI_OK;
}

static enum tai_err check_times(const struct settings *s, const struct taid_config *c)
{
    const int64_t beat = c->sync.heartbeat_ns, lease = c->sync.lease_ns;
    if (lease < 2 * beat || lease > 8 * beat)
        return settings_refuse(
            s, line_of(s, "lease_ms", "heartbeat_ms"), TAI_ERR_RANGE,
            "lease_ms (%lld) must be 2 to 8 times heartbeat_ms (%lld): less and one lost packet "
            "deposes a master, more and a dead one is missed late",
            ms(lease), ms(beat));
    if (c->sync.election_ns_min >= c->sync.election_ns_max)
        return settings_refuse(
            s, line_of(s, "election_ms_max", "election_ms_min"), TAI_ERR_RANGE,
            "election_ms_max (%lld) must be above election_ms_min (%lld): servers that all stand at "
            "once elect nobody",
            ms(c->sync.election_ns_max), ms(c->sync.election_ns_min));
    if (c->sync.client_poll_ns_max < c->sync.poll_ns)
        return settings_refuse(s, line_of(s, "client_poll_ms_max", "poll_ms"), TAI_ERR_RANGE,
                               "client_poll_ms_max (%lld) must not be below poll_ms (%lld)",
                               ms(c->sync.client_poll_ns_max), ms(c->sync.poll_ns));
    return TAI_OK;
}

/* One socket for each family, at one port. */
static enum tai_err check_sync(const struct settings *s, const struct taid_config *c)
{
    enum tai_err err = check_alone(s, c);
    if (err == TAI_OK)
        err = check_reference(s, c);
    if (err == TAI_OK)
        err = check_references(s, c);
    if (err == TAI_OK)
        err = check_times(s, c);
    return err == TAI_OK ? sync_settings_listen(s, "sync", c->sync.listen, c->sync.listen_count) : err;
}

static enum tai_err finish(const struct settings *s, struct taid_config *c)
{
    c->clock.has_assume_error = c->clock.assume_error_ns != 0;
    unsigned line = settings_line(s, "stamp", "max_error_ms");
    if (c->clock.has_assume_error && c->clock.assume_error_ns >= c->stamp.max_error_ns)
        return settings_refuse(s, line != 0 ? line : settings_line(s, "clock", "assume_error_ms"),
                               TAI_ERR_RANGE,
                               "stamp.max_error_ms (%lld) must be above clock.assume_error_ms (%lld), or no "
                               "stamp could ever be issued",
                               ms(c->stamp.max_error_ns), ms(c->clock.assume_error_ns));
    enum tai_err err = check_sync(s, c);
    if (err != TAI_OK)
        return err;
    if (c->stamp.listen_count == 0) {
        c->stamp.listen[0] = strdup(LISTEN_DEFAULT);
        if (c->stamp.listen[0] == NULL)
            return error_set(s->error, TAI_ERR_MEMORY, "out of memory");
        c->stamp.listen_count = 1;
    }
    if (!resolve_paths(c, s->path))
        return error_set_detail(s->error, TAI_ERR_IO, "cannot tell the folder of", bytes_of_str(s->path));
    return TAI_OK;
}

enum tai_err config_parse(const char *path, const void *text, size_t len, struct taid_config **ret_config,
                          struct tai_error *error)
{
    struct taid_config *c = calloc(1, sizeof *c);
    if (c == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    set_defaults(c);
    struct settings s = {
        .keys = config_keys, .keys_count = config_keys_count, .target = c, .path = path, .error = error};
    enum tai_err err = settings_read(&s, text, len);
    if (err == TAI_OK)
        err = finish(&s, c);
    if (err != TAI_OK) {
        config_free(c);
        return err;
    }
    *ret_config = c;
    return TAI_OK;
}

enum tai_err config_load(const char *path, struct taid_config **ret_config, struct tai_error *error)
{
    char *text = NULL;
    size_t len = 0;
    enum tai_err err = settings_file(path, &text, &len, error);
    if (err == TAI_OK)
        err = config_parse(path, text, len, ret_config, error);
    free(text);
    return err;
}

void config_print(const struct taid_config *config, FILE *out)
{
    for (size_t i = 0; i < config_keys_count; i++) {
        const struct setting *key = &config_keys[i];
        /* Without a cluster the rest of the section has no effect, and would not be read back. */
        bool idle = config->sync.cluster == NULL && strcmp(key->section, "sync") == 0 &&
                    strcmp(key->name, "node_key") != 0;
        if (!idle)
            settings_print(key, 1, config, out);
    }
}

void config_free(struct taid_config *config)
{
    if (config == NULL)
        return;
    settings_free(config_keys, config_keys_count, config);
    free(config->path);
    free(config);
}
