/* SPDX-License-Identifier: Apache-2.0 */
/* The record of votes begins with the node key: a server that has a key and no record has lost it. */
#include <stdlib.h>

#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "server/clock/core/node.h"
#include "server/verbs.h"

enum { STATE_MODE = 0700, RECORD_MODE = 0600 };

enum tai_err clock_found(const char *state_dir, struct tai_error *error)
{
    uint8_t record[NODE_VOTE_RECORD_LEN];
    char *path = file_path(state_dir, "vote");
    if (path == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    node_vote_founded(record);
    enum tai_err err = file_make_dirs(&file_posix, state_dir, STATE_MODE, error);
    if (err == TAI_OK)
        err = file_write(&file_posix, path, RECORD_MODE, FILE_NEW, bytes_of(record, sizeof record), error);
    free(path);
    return err == TAI_ERR_CONFLICT ? TAI_OK : err; /* what has been voted stays */
}
