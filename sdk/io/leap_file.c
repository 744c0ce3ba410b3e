/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/leap_file.h"

#include <stdlib.h>

#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/openssl.h"

/* Where systems keep the list: tzdata, ntpsec and ntp on Debian, ntp on others, and this library's own copy
 * last. */
static const char *const usual_paths[] = {
    TAISTAMP_STATEDIR "/leap-seconds.list", /* where tai-leap update puts it */
    "/usr/share/zoneinfo/leap-seconds.list",  "/var/lib/ntpsec/leap-seconds.list",
    "/var/lib/ntp/leap-seconds.list",         "/etc/ntp/leap-seconds.list",
    TAISTAMP_PKGDATADIR "/leap-seconds.list",
};

bool leap_file_sha1(void *ctx, struct bytes message, uint8_t ret_hash[LEAP_SHA1_LEN])
{
    (void)ctx;
    return openssl_sha1(message, ret_hash) == TAI_OK;
}

/* Puts the path before the parser's sentence. */
static enum tai_err name_path(struct tai_error *error, const struct tai_error *why, const char *path)
{
    char text[sizeof why->text];
    struct out o = out_of(text, sizeof text);
    out_str(&o, why->text);
    out_str(&o, " (in ");
    out_str(&o, path);
    out_str(&o, ")");
    return error_set(error, why->code, out_terminate(&o) ? text : why->text);
}

enum tai_err leap_file_read(const char *path, struct leap_table *ret_table, struct tai_error *error)
{
    char *data;
    size_t len;
    struct tai_error why = {.code = TAI_OK};
    enum tai_err err = file_read(&file_posix, path, LIMIT_LEAP_FILE, &data, &len, error);
    if (err != TAI_OK)
        return err;
    err = leap_parse(bytes_of(data, len), leap_file_sha1, NULL, ret_table, &why);
    free(data);
    return err == TAI_OK ? TAI_OK : name_path(error, &why, path);
}

const char *leap_file_path(size_t i)
{
    const char *chosen = secure_getenv("TAISTAMP_LEAP_FILE");
    if (chosen != NULL && chosen[0] != 0)
        return i == 0 ? chosen : NULL;
    return i < sizeof usual_paths / sizeof *usual_paths ? usual_paths[i] : NULL;
}

static bool is_newer(const struct leap_table *a, const struct leap_table *b)
{
    if (a->expires_posix_s != b->expires_posix_s)
        return a->expires_posix_s > b->expires_posix_s;
    return a->updated_posix_s > b->updated_posix_s;
}

enum tai_err leap_file_best(const char *const *paths, size_t n, struct leap_table *ret_table,
                            const char **ret_path, struct tai_error *error)
{
    struct leap_table best, table;
    const char *best_path = NULL;
    struct tai_error why = {.code = TAI_ERR_NOT_FOUND, .text = "no leap-second table was found"}, last;
    for (size_t i = 0; i < n; i++) {
        if (leap_file_read(paths[i], &table, &last) != TAI_OK) {
            /* A file that is there and bad says more than one that is not there, unless it is the only one. */
            if (last.code != TAI_ERR_NOT_FOUND || n == 1)
                why = last;
            continue;
        }
        if (best_path != NULL && !is_newer(&table, &best))
            continue;
        best = table;
        best_path = paths[i];
    }
    if (best_path == NULL)
        return error_set(error, why.code, why.text);
    *ret_table = best;
    *ret_path = best_path;
    return TAI_OK;
}

enum tai_err leap_file_newest(struct leap_table *ret_table, const char **ret_path, struct tai_error *error)
{
    const char *paths[sizeof usual_paths / sizeof *usual_paths];
    size_t n = 0;
    for (const char *path; n < sizeof paths / sizeof *paths && (path = leap_file_path(n)) != NULL; n++)
        paths[n] = path;
    return leap_file_best(paths, n, ret_table, ret_path, error);
}
