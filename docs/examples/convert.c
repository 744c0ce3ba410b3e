/* SPDX-License-Identifier: Apache-2.0 */
/* Converts an instant between its text forms.
 *
 *     cc convert.c $(pkg-config --cflags --libs libtaistamp) -o convert
 *     ./convert 2016-12-31T23:59:60Z */
#include <inttypes.h>
#include <stdio.h>

#include <taistamp.h>

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "2016-12-31T23:59:60Z";
    struct tai_error error;
    taistamp_leaps *leaps;
    if (taistamp_leaps_load(NULL, &leaps, &error) != TAI_OK) {
        fprintf(stderr, "convert: %s\n", error.text);
        return 1;
    }
    int status = 1;
    tai_t t;
    char tai[TAISTAMP_TIME_TEXT], utc[TAISTAMP_TIME_TEXT], label[TAISTAMP_TIME_TEXT];
    enum taistamp_utc_status doubt;
    if (taistamp_time_parse(text, leaps, &t, &error) != TAI_OK) {
        fprintf(stderr, "convert: %s\n", error.text);
    } else if (taistamp_time_print(t, TAISTAMP_TAI, 9, NULL, tai, NULL) != TAI_OK) {
        fprintf(stderr, "convert: this instant cannot be printed\n");
    } else {
        taistamp_time_print_tai64n(t, label);
        printf("ns     %" PRId64 "\ntai    %s\ntai64n %s\n", t.ns, tai, label);
        if (taistamp_time_print(t, TAISTAMP_UTC, 9, leaps, utc, &doubt) == TAI_OK)
            printf("utc    %s%s\n", utc,
                   doubt == TAISTAMP_UTC_EXPIRED ? " (the leap table has expired)" : "");
        else
            printf("utc    not known: UTC has leap seconds since 1972 only\n");
        status = 0;
    }
    taistamp_leaps_free(leaps);
    return status;
}
