/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the bounded clock: what time is it, between which bounds?
 *
 *     cc clock_read.c $(pkg-config --cflags --libs libtaistamp) -o clock_read
 *     ./clock_read [PAGE]          the page that taid keeps; without it $TAISTAMP_CLOCK_PAGE or
 * /run/taistamp/clock */
#include <inttypes.h>
#include <stdio.h>

#include <taistamp.h>

int main(int argc, char **argv)
{
    struct tai_error error;
    taistamp_clock *clock;
    if (taistamp_clock_open(argc > 1 ? argv[1] : NULL, &clock, &error) != TAI_OK) {
        fprintf(stderr, "clock_read: %s\n", error.text);
        return 1;
    }
    struct taistamp_reading now;
    enum tai_err err = taistamp_clock_read(clock, &now);
    taistamp_clock_close(clock);
    if (err != TAI_OK) {
        fprintf(stderr, "clock_read: %s; is taid running?\n", taistamp_err_name(err));
        return 1;
    }
    if (now.status > TAISTAMP_STATUS_ASSUMED) {
        printf("nothing is known about the time: %s\n", taistamp_status_name(now.status));
        return 1;
    }
    char earliest[TAISTAMP_TIME_TEXT], latest[TAISTAMP_TIME_TEXT];
    if (taistamp_time_print(now.tai.earliest, TAISTAMP_TAI, 9, NULL, earliest, NULL) != TAI_OK ||
        taistamp_time_print(now.tai.latest, TAISTAMP_TAI, 9, NULL, latest, NULL) != TAI_OK)
        return 1;
    printf("earliest %s\nlatest   %s\nstatus   %s, by %s\n", earliest, latest,
           taistamp_status_name(now.status), taistamp_clock_name(now.source));
    return 0;
}
