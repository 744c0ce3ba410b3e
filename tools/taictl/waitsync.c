/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/taictl/waitsync.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/taictl/ask.h"
#include "tools/taictl/units.h"

enum { PAUSE_MS = 200 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_good(const struct options *o, const json_t *answer)
{
    const char *status = json_string_value(json_object_get(answer, "status"));
    int64_t half;
    if (status == NULL || !units_ns(json_object_get(answer, "half_width_ns"), &half))
        return false;
    bool absolute = strcmp(status, "synchronised") == 0 || strcmp(status, "single-reference") == 0 ||
                    strcmp(status, "assumed") == 0;
    bool relative = o->relative_is_fine && strcmp(status, "relative") == 0;
    return (absolute || relative) && half <= o->max_error_ns;
}

/* The half-width of a relative line is against the cluster, and says nothing of what is waited for. */
static void say_why(const struct options *o, const json_t *answer, char *why, size_t room)
{
    const char *status = json_string_value(json_object_get(answer, "status"));
    const char *state = json_string_value(json_object_get(answer, "state"));
    if (status != NULL && strcmp(status, "relative") == 0 && !o->relative_is_fine)
        snprintf(why, room, "status relative, %s: no reference counts yet, the distance to TAI is not known",
                 state != NULL ? state : "-");
    else
        snprintf(why, room, "status %s, %s, half-width %s", status != NULL ? status : "-",
                 state != NULL ? state : "-", units_width(json_object_get(answer, "half_width_ns")).text);
}

/* One look; `why` keeps what is missing. */
static bool look(const struct options *o, char *why, size_t room)
{
    struct asker asker;
    struct tai_error error = {0};
    json_t *answer;
    if (ask_open(o->control, &asker, &error) != TAI_OK) {
        snprintf(why, room, "%s", error.text);
        return false;
    }
    bool asked = ask(&asker, "tracking", &answer, &error) == TAI_OK;
    ask_close(&asker);
    if (!asked) {
        snprintf(why, room, "%s", error.text);
        return false;
    }
    bool good = is_good(o, answer);
    say_why(o, answer, why, room);
    if (good && o->json)
        good = json_finish(json_incref(answer));
    json_decref(answer);
    return good;
}

int waitsync(const struct options *o)
{
    int64_t began = now_ms();
    char why[sizeof(struct tai_error)] = "", said[sizeof why] = "";
    while (!look(o, why, sizeof why)) {
        if (!o->quiet && strcmp(why, said) != 0 && o->verbose)
            fprintf(stderr, "taictl: waiting: %s\n", why);
        memcpy(said, why, sizeof said);
        if (o->timeout_ms > 0 && now_ms() - began >= o->timeout_ms) {
            if (!o->quiet)
                fprintf(stderr, "taictl: not synchronised in time: %s\n", why);
            return EXIT_NO;
        }
        struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
    if (!o->quiet && !o->json)
        printf("%s\n", why);
    return EXIT_OK;
}
