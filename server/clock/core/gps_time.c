/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/gps_message.h"

#include "sdk/time/arith.h"
#include "sdk/time/civil.h"

enum { DATE_LEN = 19, YEAR_MIN = 1972, YEAR_MAX = 2199, DECIMALS_MAX = 9 };

/* `count` decimal digits at `at`; -1 where one is not. */
static int32_t digits(struct bytes text, size_t at, size_t count)
{
    int32_t v = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        v = v * 10 + (text.data[i] - '0');
    }
    return v;
}

static bool separators(struct bytes text)
{
    static const char form[] = "0000-00-00T00:00:00";
    for (size_t i = 0; i < DATE_LEN; i++)
        if (form[i] != '0' && text.data[i] != (uint8_t)form[i])
            return false;
    return true;
}

/* ".123Z" or "Z" at the end of the text. */
static bool decimals(struct bytes text, int32_t *ret_ns)
{
    size_t count = text.len - DATE_LEN - 1;
    if (text.data[text.len - 1] != 'Z')
        return false;
    if (count == 0) {
        *ret_ns = 0;
        return true;
    }
    if (text.data[DATE_LEN] != '.' || count < 2 || count > DECIMALS_MAX + 1)
        return false;
    int32_t v = digits(text, DATE_LEN + 1, count - 1);
    if (v < 0)
        return false;
    for (size_t i = count - 1; i < DECIMALS_MAX; i++)
        v *= 10;
    *ret_ns = v;
    return true;
}

bool gps_time_read(struct bytes text, int64_t *ret_utc_s, int32_t *ret_utc_ns)
{
    int32_t ns;
    if (text.len <= DATE_LEN || !separators(text) || !decimals(text, &ns))
        return false;
    int32_t year = digits(text, 0, 4);
    struct civil c = {.year = year,
                      .month = digits(text, 5, 2),
                      .day = digits(text, 8, 2),
                      .hour = digits(text, 11, 2),
                      .minute = digits(text, 14, 2),
                      .second = digits(text, 17, 2)};
    if (year < YEAR_MIN || year > YEAR_MAX || c.second == 60 || !civil_valid(&c))
        return false;
    *ret_utc_s = civil_to_seconds(&c);
    *ret_utc_ns = ns;
    return true;
}

static void into_era(int64_t *utc_s, int64_t from_s)
{
    int64_t within;
    (void)arith_div_floor(*utc_s - from_s, GPS_ERA_S, &within);
    *utc_s = from_s + within;
}

void gps_message_era(struct gps_message *message, int64_t from_s)
{
    if (from_s == 0)
        return;
    if (message->class == GPS_TPV && message->u.tpv.has_time)
        into_era(&message->u.tpv.utc_s, from_s);
    else if (message->class == GPS_TOFF || message->class == GPS_PPS)
        into_era(&message->u.edge.real_s, from_s);
}
