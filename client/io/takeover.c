/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/takeover.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/base/error.h"
#include "sdk/io/file.h"

enum { STATE_BYTES_MAX = 256, WORDS_MAX = 8 };
#define STATE_HEAD "taistamp-takeover 1\n"

struct found {
    bool enabled, active;
};

/* What a child says that posix_spawnp began and that could not become the program: POSIX lets an implementation find that
 * out only then. No verb of systemctl ends so. */
enum { NOT_RUN = 127 };

/* Runs systemctl with these words, which end with NULL; its exit code, or -1 when it could not be run. */
static int systemctl(const char *const words[WORDS_MAX])
{
    char *argv[WORDS_MAX];
    memcpy(argv, words, sizeof argv); /* posix_spawn changes nothing of it */
    pid_t pid;
    int status = 0;
    if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) != NOT_RUN ? WEXITSTATUS(status) : -1;
}

static int ask(const char *verb)
{
    const char *const words[WORDS_MAX] = {"systemctl", verb, "--quiet", TAKEOVER_SERVICE};
    return systemctl(words);
}

static bool change(const char *verb, bool now)
{
    const char *const words[WORDS_MAX] = {
        "systemctl", verb, "--quiet", "--no-ask-password", TAKEOVER_SERVICE, now ? "--now" : NULL};
    return systemctl(words) == 0;
}

static enum tai_err systemd_here(const struct takeover *t, struct tai_error *error)
{
    if (access(t->booted, F_OK) != 0)
        return error_set(error, TAI_ERR_UNSUPPORTED,
                         "systemd does not run this machine, so nothing can be taken over; stop the other "
                         "program in the way that this system has");
    return TAI_OK;
}

static enum tai_err look(struct found *ret_found, struct tai_error *error)
{
    int enabled = ask("is-enabled"), active = ask("is-active");
    if (enabled < 0 || active < 0)
        return error_set(error, TAI_ERR_UNSUPPORTED, "systemctl cannot be run");
    *ret_found = (struct found){.enabled = enabled == 0, .active = active == 0};
    return TAI_OK;
}

static enum tai_err state_write(const struct takeover *t, struct found found, struct tai_error *error)
{
    char text[STATE_BYTES_MAX];
    struct out out = out_of(text, sizeof text);
    out_str(&out, STATE_HEAD TAKEOVER_SERVICE);
    out_str(&out, found.enabled ? " enabled" : " disabled");
    out_str(&out, found.active ? " active\n" : " inactive\n");
    return file_write(&file_posix, t->state, 0600, FILE_NEW, out_view(&out), error);
}

static enum tai_err state_read(const struct takeover *t, struct found *ret_found, struct tai_error *error)
{
    static const char *const forms[4] = {" disabled inactive\n", " disabled active\n", " enabled inactive\n",
                                         " enabled active\n"};
    char *text;
    size_t len;
    enum tai_err err = file_read(&file_posix, t->state, STATE_BYTES_MAX, &text, &len, error);
    if (err == TAI_ERR_NOT_FOUND)
        return error_set(error, err, "nothing was taken over");
    if (err != TAI_OK)
        return err;
    struct bytes rest = bytes_of(text, len);
    bool ours = bytes_strip_prefix(&rest, STATE_HEAD TAKEOVER_SERVICE);
    unsigned form = 0;
    while (ours && form < 4 && !bytes_equal_str(rest, forms[form]))
        form++;
    free(text);
    if (!ours || form == 4)
        return error_set_detail(error, TAI_ERR_CORRUPT, "this is no record of a take-over",
                                bytes_of_str(t->state));
    *ret_found = (struct found){.enabled = form >= 2, .active = form % 2 == 1};
    return TAI_OK;
}

static enum tai_err stop_service(struct tai_error *error)
{
    if (change("disable", true) && ask("is-active") != 0)
        return TAI_OK;
    return error_set(error, TAI_ERR_REFUSED,
                     "systemctl did not stop systemd-timesyncd; are you root? What was found is recorded");
}

enum tai_err takeover_take(const struct takeover *takeover, struct tai_error *error)
{
    struct found found, recorded;
    enum tai_err err = systemd_here(takeover, error);
    if (err == TAI_OK)
        err = look(&found, error);
    if (err != TAI_OK)
        return err;
    if (!found.enabled && !found.active)
        return error_set(error, TAI_ERR_NOT_FOUND, "systemd-timesyncd neither runs nor is enabled here");
    if (takeover->confirm != NULL &&
        !takeover->confirm(takeover->ctx, "Stop and disable systemd-timesyncd, and steer the system clock "
                                          "in its place? `leave` undoes it."))
        return error_set(error, TAI_ERR_INTERRUPTED, "systemd-timesyncd goes on, as you wished");
    err = state_read(takeover, &recorded, error);
    if (err == TAI_ERR_NOT_FOUND)
        err = state_write(takeover, found, error);
    return err == TAI_OK ? stop_service(error) : err;
}

enum tai_err takeover_leave(const struct takeover *takeover, struct tai_error *error)
{
    struct found found;
    enum tai_err err = state_read(takeover, &found, error);
    if (err == TAI_OK)
        err = systemd_here(takeover, error);
    if (err != TAI_OK)
        return err;
    if ((found.enabled && !change("enable", false)) || (found.active && !change("start", false)))
        return error_set(
            error, TAI_ERR_REFUSED,
            "systemctl did not bring systemd-timesyncd back; are you root? It can be tried again");
    int failed = file_posix.unlink(file_posix.ctx, takeover->state);
    if (failed < 0)
        return file_error(error, failed, "the record of the take-over cannot be removed:", takeover->state);
    return file_sync_parent(&file_posix, takeover->state, error);
}
