/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/takeover_command.h"

#include <stdio.h>
#include <unistd.h>

#include "client/io/takeover.h"
#include "sdk/io/log.h"

static bool ask(void *ctx, const char *question)
{
    const struct takeover_command *command = ctx;
    char answer[16];
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr,
                "%s: --take-over asks before it changes anything: run it on a terminal, or with --yes\n",
                command->program);
        return false;
    }
    fprintf(stderr, "%s [y/N] ", question);
    return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

enum tai_err takeover_command(const struct takeover_command *command)
{
    if (!command->leave && !command->steers) {
        log_error("--take-over is for mode: system; with mode: page nobody would steer the system clock");
        return TAI_ERR_REFUSED;
    }
    struct tai_error error;
    struct takeover_command asking = *command;
    struct takeover takeover = {.state = command->state,
                                .booted = "/run/systemd/system",
                                .confirm = command->yes ? NULL : ask,
                                .ctx = &asking};
    enum tai_err err = command->leave ? takeover_leave(&takeover, &error) : takeover_take(&takeover, &error);
    if (err == TAI_OK && command->leave)
        log_notice("systemd-timesyncd is as it was before");
    else if (err == TAI_OK)
        log_notice("systemd-timesyncd is stopped and disabled; '%s leave' undoes it", command->program);
    else if (err == TAI_ERR_NOT_FOUND)
        log_notice("%s", error.text);
    else
        log_error("%s", error.text);
    return err == TAI_OK || err == TAI_ERR_NOT_FOUND ? TAI_OK : TAI_ERR_REFUSED;
}
