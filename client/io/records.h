/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's records on the disk: whole or not at all, durable before the engine hears of it. */
#ifndef CLIENT_IO_RECORDS_H
#define CLIENT_IO_RECORDS_H

#include "client/io/host.h"

/* Hands each record that there is to the engine, as ENGINE_RECORD; `scratch` takes the actions, of which there are none.
 * A file that cannot be read is logged and left alone; a vote that cannot be read ends the process (false): a server that
 * forgot its vote could give it twice. */
TAISTAMP_MUST_CHECK bool records_load(const struct host_settings *settings, const struct engine_now *now,
                                      struct engine_actions *scratch);
/* False when it is not durable. Every record of the engine has a path in the settings. */
TAISTAMP_MUST_CHECK bool records_write(const struct host_settings *settings,
                                       const struct engine_persist *persist);

#endif
