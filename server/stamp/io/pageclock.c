/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/pageclock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct page_clock {
    char *path;
    taistamp_clock *clock; /* NULL: not there yet */
    pthread_mutex_t mutex;
};

enum tai_err page_clock_open(const char *path, struct page_clock **ret_clock)
{
    struct page_clock *c = calloc(1, sizeof *c);
    if (c == NULL || (c->path = strdup(path)) == NULL) {
        free(c);
        return TAI_ERR_MEMORY;
    }
    pthread_mutex_init(&c->mutex, NULL);
    *ret_clock = c;
    return TAI_OK;
}

void page_clock_close(struct page_clock *clock)
{
    if (clock == NULL)
        return;
    if (clock->clock != NULL)
        taistamp_clock_close(clock->clock);
    pthread_mutex_destroy(&clock->mutex);
    free(clock->path);
    free(clock);
}

/* True: a reading that says something. */
static bool read_once(struct page_clock *c, struct taistamp_reading *ret_reading)
{
    struct taistamp_reading r;
    if (c->clock == NULL || taistamp_clock_read(c->clock, &r) != TAI_OK)
        return false;
    *ret_reading = r;
    return r.status != TAISTAMP_STATUS_UNKNOWN && r.status != TAISTAMP_STATUS_EXPIRED;
}

enum tai_err page_clock_read(void *ctx, struct taistamp_reading *ret_reading)
{
    struct page_clock *c = ctx;
    struct taistamp_reading r = {.status = TAISTAMP_STATUS_UNKNOWN, .utc = TAISTAMP_UTC_UNKNOWN};
    pthread_mutex_lock(&c->mutex);
    if (!read_once(c, &r)) {
        taistamp_clock *again;
        if (taistamp_clock_open(c->path, &again, NULL) == TAI_OK) {
            if (c->clock != NULL)
                taistamp_clock_close(c->clock);
            c->clock = again;
            read_once(c, &r);
        }
    }
    pthread_mutex_unlock(&c->mutex);
    *ret_reading = r;
    return TAI_OK;
}
