/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of times on any text: what is accepted must print to a text that reads as the same instant. */
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/time/rfc3339.h"
#include "sdk/time/tai64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An inserted second, a removed one, and an expiry. */
static const struct leap_table table = {
    .updated_posix_s = 0,
    .expires_posix_s = 1893456000,
    .count = 3,
    .lines = {{63072000, 10}, {78796800, 11}, {1483228800, 10}},
};

static void check_round_trip(tai_t t, const struct leap_table *leaps)
{
    char text[TAISTAMP_TIME_TEXT];
    enum taistamp_utc_status status;
    tai_t back;
    BUG_UNLESS(rfc3339_print(t, TAISTAMP_TAI, 9, leaps, text, &status) == TAI_OK);
    BUG_UNLESS(rfc3339_parse(bytes_of_str(text), leaps, &back, NULL) == TAI_OK && back.ns == t.ns);
    taistamp_time_print_tai64n(t, text);
    BUG_UNLESS(tai64_parse(bytes_of_str(text), &back, NULL) == TAI_OK && back.ns == t.ns);
    if (rfc3339_print(t, TAISTAMP_UTC, 9, leaps, text, &status) != TAI_OK)
        return;
    BUG_UNLESS(rfc3339_parse(bytes_of_str(text), leaps, &back, NULL) == TAI_OK && back.ns == t.ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);
    struct tai_error error;
    tai_t t;
    if (rfc3339_parse(text, &table, &t, &error) == TAI_OK)
        check_round_trip(t, &table);
    if (rfc3339_parse(text, NULL, &t, &error) == TAI_OK)
        check_round_trip(t, NULL);
    if (tai64_parse(text, &t, &error) == TAI_OK)
        check_round_trip(t, &table);
    return 0;
}
