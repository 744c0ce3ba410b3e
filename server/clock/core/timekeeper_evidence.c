/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/timekeeper_evidence.h"

#define NDEG          INT64_C(1000000000)
#define FAR_MM        INT64_C(1000000000) /* 1000 km: no further distance is told apart */
#define MM_PER_DEGREE INT64_C(111195000)  /* of latitude: mean radius of the earth, 6371 km */

/* cos of 0, 10 ... 90 degrees in 1/1000. */
static const int64_t cosines[] = {1000, 985, 940, 866, 766, 643, 500, 342, 174, 0};

/* In 1/1000, straight between the table's points: 0.4 % too small at most. */
static int64_t cosine(int64_t latitude_ndeg)
{
    int64_t ndeg = latitude_ndeg < 0 ? -latitude_ndeg : latitude_ndeg;
    if (ndeg >= 90 * NDEG)
        return 0;
    int64_t i = ndeg / (10 * NDEG), rest_ndeg = ndeg % (10 * NDEG);
    return cosines[i] + (cosines[i + 1] - cosines[i]) * (rest_ndeg / (NDEG / 100)) / 1000;
}

static int64_t limited(int64_t v, int64_t most)
{
    return v > most ? most : v < -most ? -most : v;
}

/* Of differences up to 10 degrees; more is far. */
static int64_t degrees_mm(int64_t ndeg)
{
    return limited(limited(ndeg, 10 * NDEG) / 1000 * MM_PER_DEGREE / (NDEG / 1000), FAR_MM);
}

/* Rounded down. */
static int64_t root(int64_t v)
{
    int64_t r = 0;
    for (int64_t bit = INT64_C(1) << 31; bit != 0; bit >>= 1)
        if ((r + bit) * (r + bit) <= v)
            r += bit;
    return r;
}

int64_t evidence_distance_mm(const struct evidence_watch *watch, const struct refclock_evidence *evidence)
{
    int64_t around = evidence->longitude_ndeg - watch->longitude_ndeg;
    around = around > 180 * NDEG ? around - 360 * NDEG : around < -180 * NDEG ? around + 360 * NDEG : around;
    int64_t north = degrees_mm(evidence->latitude_ndeg - watch->latitude_ndeg);
    int64_t east = degrees_mm(around) / 1000 * cosine(watch->latitude_ndeg);
    int64_t up = limited(evidence->altitude_mm - watch->altitude_mm, FAR_MM);
    return root(north * north + east * east + up * up);
}

static bool position_is_one(const struct refclock_evidence *e)
{
    return e->has_position && e->mode == 3 && e->latitude_ndeg >= -90 * NDEG &&
           e->latitude_ndeg <= 90 * NDEG && e->longitude_ndeg >= -180 * NDEG &&
           e->longitude_ndeg <= 180 * NDEG && e->altitude_mm > -FAR_MM && e->altitude_mm < FAR_MM;
}

/* The mean moves by 1/n of the distance: an antenna on the date line stays there. */
static void survey(struct evidence_watch *watch, const struct refclock_evidence *e)
{
    int64_t n = ++watch->positions;
    if (n == 1) {
        watch->latitude_ndeg = e->latitude_ndeg;
        watch->longitude_ndeg = e->longitude_ndeg;
        watch->altitude_mm = e->altitude_mm;
        return;
    }
    int64_t around = e->longitude_ndeg - watch->longitude_ndeg;
    around = around > 180 * NDEG ? around - 360 * NDEG : around < -180 * NDEG ? around + 360 * NDEG : around;
    watch->latitude_ndeg += (e->latitude_ndeg - watch->latitude_ndeg) / n;
    watch->longitude_ndeg += around / n;
    watch->altitude_mm += (e->altitude_mm - watch->altitude_mm) / n;
}

static bool has_moved(struct evidence_watch *watch, const struct refclock_evidence *e)
{
    if (!position_is_one(e))
        return false;
    if (watch->positions < EVIDENCE_SURVEY) {
        survey(watch, e);
        return false;
    }
    return evidence_distance_mm(watch, e) > EVIDENCE_MOVED_MM;
}

static bool is_uniform(const struct refclock_evidence *e)
{
    int16_t low = INT16_MAX, high = INT16_MIN;
    unsigned n = 0;
    for (size_t i = 0; i < e->satellites_count && i < REFCLOCK_SATELLITES_MAX; i++) {
        const struct refclock_satellite *s = &e->satellites[i];
        if (!s->used || s->cn0_ddbhz <= 0)
            continue;
        n++;
        low = s->cn0_ddbhz < low ? s->cn0_ddbhz : low;
        high = s->cn0_ddbhz > high ? s->cn0_ddbhz : high;
    }
    return n >= EVIDENCE_SATELLITES && high - low <= EVIDENCE_UNIFORM_DDB;
}

static bool has_dropped(struct evidence_watch *watch, const struct refclock_evidence *e)
{
    /* Where gpsd is gone, or the receiver was unplugged, nobody looks at the sky. */
    bool looks = e->connected && e->device[0] != 0;
    if (looks && watch->used >= EVIDENCE_SATELLITES && e->satellites_used <= watch->used / 2)
        watch->dropped_left = EVIDENCE_DROPPED_FOR;
    else if (watch->dropped_left > 0)
        watch->dropped_left--;
    watch->used = looks ? e->satellites_used : 0;
    return watch->dropped_left > 0;
}

uint8_t evidence_look(struct evidence_watch *watch, bool surveyed, const struct refclock_evidence *evidence)
{
    unsigned bits = 0;
    if (surveyed && has_moved(watch, evidence))
        bits |= TIMEKEEPER_MOVED;
    if (is_uniform(evidence))
        bits |= TIMEKEEPER_UNIFORM;
    if (has_dropped(watch, evidence))
        bits |= TIMEKEEPER_DROPPED;
    if (evidence->jamming >= EVIDENCE_JAMMING)
        bits |= TIMEKEEPER_JAMMING;
    return (uint8_t)bits;
}
