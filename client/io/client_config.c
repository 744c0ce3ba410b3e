/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/client_config.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"
#include "sdk/io/sync_settings.h"

#define ROW(n, kind, field)                                                                                  \
    .section = "", .name = (n), .type = (kind), .offset = offsetof(struct client_config, field)

/* clang-format off: one setting to a line. */
static const struct setting keys[] = {
    {ROW("data_dir", SETTING_PATH, data_dir)},
    {ROW("cluster", SETTING_PATH, cluster)},
    {ROW("node_key", SETTING_PATH, node_key)},
    {ROW("node", SETTING_NODE, node)},
    {ROW("listen", SETTING_LISTEN, listen), .max = 2,
     .count_offset = offsetof(struct client_config, listen_count), .example = "0.0.0.0:0 or \"[::]:0\""},
    {ROW("mode", SETTING_WORD, mode), .words = sync_mode_words},
    {ROW("page", SETTING_PATH, page)},
    {ROW("leap_file", SETTING_PATH, leap_file)},
    {ROW("oscillator", SETTING_WORD, oscillator), .words = sync_oscillator_words},
    {ROW("rate_bound_ppm", SETTING_COUNT, rate_bound_ppm), .min = 1, .max = 1000},
    {ROW("peer_poll_ms", SETTING_MS, peer_poll_ns), .min = SYNC_POLL_MS_LEAST, .max = SYNC_POLL_MS_MOST},
    {ROW("step_threshold_ms", SETTING_MS, step_threshold_ns), .min = 0, .max = 3600000},
    {ROW("drift_file", SETTING_PATH, drift_file)},
    {ROW("control", SETTING_PATH, control)},
    {ROW("user", SETTING_USER, user)},
    {ROW("log_level", SETTING_WORD, log_level), .words = settings_log_levels},
};
/* clang-format on */
enum { KEYS = sizeof keys / sizeof keys[0] };

static void set_defaults(struct client_config *c)
{
    c->mode = SYNC_MODE_PAGE;
    c->oscillator = SYNC_OSCILLATOR_PC;
    c->rate_bound_ppm = SYNC_RATE_BOUND_PPM;
    c->peer_poll_ns = SYNC_PEER_POLL_NS;
    c->step_threshold_ns = SYNC_STEP_THRESHOLD_NS;
    c->log_level = LOG_NOTICE;
}

static bool resolve_paths(struct client_config *c, const char *path)
{
    char *folder = NULL;
    if (!settings_path_folder(path, &c->path, &folder))
        return false;
    bool ok = settings_path_resolve(folder, &c->data_dir, ".");
    free(folder);
    return ok && settings_path_resolve(c->data_dir, &c->cluster, "cluster.yaml") &&
           settings_path_resolve(c->data_dir, &c->node_key, "node.key") &&
           settings_path_resolve(c->data_dir, &c->page, "run/clock") &&
           settings_path_resolve(c->data_dir, &c->leap_file, NULL) &&
           settings_path_resolve(c->data_dir, &c->drift_file, "drift") &&
           settings_path_resolve(c->data_dir, &c->control, "run/control");
}

/* What depends on more than one key. */
static enum tai_err finish(const struct settings *s, struct client_config *c)
{
    enum tai_err err = sync_settings_listen(s, "", c->listen, c->listen_count);
    if (err != TAI_OK)
        return err;
    if (!resolve_paths(c, s->path))
        return error_set_detail(s->error, TAI_ERR_IO, "cannot tell the folder of", bytes_of_str(s->path));
    return TAI_OK;
}

enum tai_err client_config_parse(const char *path, const void *text, size_t len,
                                 struct client_config **ret_config, struct tai_error *error)
{
    struct client_config *c = calloc(1, sizeof *c);
    if (c == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    set_defaults(c);
    struct settings s = {.keys = keys, .keys_count = KEYS, .target = c, .path = path, .error = error};
    enum tai_err err = settings_read(&s, text, len);
    if (err == TAI_OK)
        err = finish(&s, c);
    if (err != TAI_OK) {
        client_config_free(c);
        return err;
    }
    *ret_config = c;
    return TAI_OK;
}

enum tai_err client_config_load(const char *path, struct client_config **ret_config, struct tai_error *error)
{
    char *text = NULL;
    size_t len = 0;
    enum tai_err err = settings_file(path, &text, &len, error);
    if (err == TAI_OK)
        err = client_config_parse(path, text, len, ret_config, error);
    free(text);
    return err;
}

char *client_config_kept(const struct client_config *config, const char *name)
{
    const char *slash = strrchr(config->drift_file, '/');
    char *folder = strndup(config->drift_file, slash == NULL ? 0 : (size_t)(slash - config->drift_file));
    char *path = folder == NULL ? NULL : file_path(folder, name);
    free(folder);
    return path;
}

void client_config_free(struct client_config *config)
{
    if (config == NULL)
        return;
    settings_free(keys, KEYS, config);
    free(config->path);
    free(config);
}

void client_config_print(const struct client_config *config, FILE *out)
{
    settings_print(keys, KEYS, config, out);
}
