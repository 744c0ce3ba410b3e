/* SPDX-License-Identifier: Apache-2.0 */
/* The system clock from systemd-timesyncd and back to it, for who starts a server by hand. */
#include "client/io/takeover_command.h"
#include "sdk/io/sync_settings.h"
#include "server/verbs.h"

enum tai_err clock_take_over(const struct taid_config *config, bool leave, bool yes)
{
    const struct takeover_command command = {.program = "taid",
                                             .folder = config->sync.state_dir,
                                             .leave = leave,
                                             .steers = config->sync.cluster != NULL &&
                                                       config->sync.mode == SYNC_MODE_SYSTEM,
                                             .yes = yes};
    return takeover_command(&command);
}
