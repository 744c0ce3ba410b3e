/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/records.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"

enum { RECORD_MODE = 0600 };

static void hand_in(const struct host_settings *settings, enum engine_record record,
                    const struct engine_now *now, struct bytes bytes, struct engine_actions *scratch)
{
    struct engine_event event = {.kind = ENGINE_RECORD, .now = *now};
    event.u.record.record = record;
    event.u.record.bytes = bytes;
    memset(scratch, 0, offsetof(struct engine_actions, persists));
    settings->engine.step(settings->engine.engine, &event, scratch);
}

bool records_load(const struct host_settings *settings, const struct engine_now *now,
                  struct engine_actions *scratch)
{
    for (size_t i = 0; i < settings->records_count; i++) {
        const struct host_record *r = &settings->records[i];
        bool vote = r->record == ENGINE_RECORD_VOTE;
        struct tai_error error;
        char *data;
        size_t len;
        enum tai_err err = file_read(&file_posix, r->path, ENGINE_RECORD_MAX, &data, &len, &error);
        if (err == TAI_OK) {
            hand_in(settings, r->record, now, bytes_of(data, len), scratch);
            free(data);
        } else if (err == TAI_ERR_NOT_FOUND && vote) {
            /* It was founded with the key, so it is lost, and the engine has to know. */
            log_warning(
                "clock: %s is gone: this server votes again once it has followed a master. Where the whole "
                "cluster is new, 'taid keygen --new-state' founds it",
                r->path);
            hand_in(settings, r->record, now, bytes_of("", 0), scratch);
        } else if (err != TAI_ERR_NOT_FOUND) {
            log_error("clock: %s", error.text);
            if (vote)
                return false;
        }
    }
    return true;
}

bool records_write(const struct host_settings *settings, const struct engine_persist *persist)
{
    for (size_t i = 0; i < settings->records_count; i++) {
        const struct host_record *r = &settings->records[i];
        if (r->record != persist->record)
            continue;
        struct tai_error error;
        if (file_write(&file_posix, r->path, RECORD_MODE, FILE_REPLACE,
                       bytes_of(persist->bytes, persist->len), &error) == TAI_OK)
            return true;
        log_error("clock: %s", error.text);
        return false;
    }
    BUG("a record without a file");
}
