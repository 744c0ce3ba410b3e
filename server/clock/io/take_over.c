/* SPDX-License-Identifier: Apache-2.0 */
/* The system clock from systemd-timesyncd and back to it, for who starts a server by hand. */
#include <stdlib.h>

#include "client/io/takeover_command.h"
#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"
#include "sdk/io/sync_settings.h"
#include "server/verbs.h"

enum { STATE_MODE = 0700 };

enum tai_err clock_take_over(const struct taid_config *config, bool leave, bool yes)
{
    struct tai_error error;
    char *state = file_path(config->sync.state_dir, "takeover");
    enum tai_err err = state == NULL ? error_set(&error, TAI_ERR_MEMORY, "out of memory")
                       : leave       ? TAI_OK
                               : file_make_dirs(&file_posix, config->sync.state_dir, STATE_MODE, &error);
    if (err != TAI_OK)
        log_error("%s", error.text);
    const struct takeover_command command = {.program = "taid",
                                             .state = state,
                                             .leave = leave,
                                             .steers = config->sync.cluster != NULL &&
                                                       config->sync.mode == SYNC_MODE_SYSTEM,
                                             .yes = yes};
    if (err == TAI_OK)
        err = takeover_command(&command);
    free(state);
    return err;
}
