/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/gps_report.h"

#include <inttypes.h>

#include "server/json.h"

enum { NOT_SAID = -1000 };

const char *gps_report_verdict(enum refclock_verdict verdict)
{
    static const char *const words[REFCLOCK_VERDICTS] = {[REFCLOCK_SILENT] = "silent",
                                                         [REFCLOCK_ACCEPTED] = "accepted",
                                                         [REFCLOCK_QUARANTINED] = "quarantined",
                                                         [REFCLOCK_SUSPECT] = "suspect",
                                                         [REFCLOCK_ERA] = "era",
                                                         [REFCLOCK_SMEARED] = "smeared",
                                                         [REFCLOCK_REFUSED] = "refused"};
    return (unsigned)verdict < REFCLOCK_VERDICTS ? words[verdict] : "unknown";
}

static json_t *ns(int64_t v)
{
    return json_sprintf("%" PRId64, v);
}

static const char *constellation(uint8_t gnssid)
{
    static const char *const names[] = {"GPS",  "SBAS", "Galileo", "BeiDou",
                                        "IMES", "QZSS", "GLONASS", "NavIC"};
    return gnssid < sizeof names / sizeof *names ? names[gnssid] : "unknown";
}

static json_t *or_null(bool has, int64_t v)
{
    return has ? json_integer((json_int_t)v) : json_null();
}

static json_t *satellites(const struct refclock_evidence *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->satellites_count; i++) {
        const struct refclock_satellite *s = &e->satellites[i];
        json_t *one =
            json_pack("{s:s, s:i, s:o, s:o, s:o, s:b}", "constellation", constellation(s->constellation),
                      "number", (int)s->number, "cn0_ddbhz", or_null(s->cn0_ddbhz > 0, s->cn0_ddbhz),
                      "elevation_deg", or_null(s->elevation_deg > NOT_SAID, s->elevation_deg), "azimuth_deg",
                      or_null(s->azimuth_deg > NOT_SAID, s->azimuth_deg), "used", s->used);
        if (list == NULL || json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return json_pack("{s:i, s:i, s:o}", "seen", (int)e->satellites_seen, "used", (int)e->satellites_used,
                     "list", list);
}

static json_t *serial_delay(const struct refclock_evidence *e)
{
    if (e->serial_delays == 0)
        return json_null();
    return json_pack("{s:o, s:o, s:i, s:s}", "ns", ns(e->serial_delay_ns), "spread_ns",
                     ns(e->serial_delay_spread_ns), "measurements", (int)e->serial_delays, "against",
                     e->serial_delay_pulses ? "pulses" : "node");
}

static json_t *position(const struct refclock_evidence *e)
{
    if (!e->has_position)
        return json_null();
    return json_pack("{s:I, s:I, s:I}", "latitude_ndeg", (json_int_t)e->latitude_ndeg, "longitude_ndeg",
                     (json_int_t)e->longitude_ndeg, "altitude_mm", (json_int_t)e->altitude_mm);
}

/* Takes `value`; false: `o` is no more than it was. */
static bool put(json_t *o, const char *key, json_t *value)
{
    return json_object_set_new(o, key, value) == 0;
}

static json_t *receiver(const struct gps_report_item *item)
{
    const struct refclock_evidence *e = item->evidence;
    json_t *o = json_pack("{s:s, s:s, s:s, s:b, s:i, s:b, s:s, s:s?, s:s?}", "name", item->name, "device",
                          e->device, "receiver", e->receiver, "connected", e->connected, "mode", (int)e->mode,
                          "pulses", e->has_pulse, "verdict", gps_report_verdict(item->verdict), "why",
                          item->why, "withheld_for", e->why);
    json_t *counts =
        json_pack("{s:I, s:I, s:I, s:I}", "pulses", (json_int_t)e->pulses, "serial", (json_int_t)e->serials,
                  "withheld", (json_int_t)e->withheld, "bad", (json_int_t)e->bad);
    if (o == NULL) {
        json_decref(counts);
        return NULL;
    }
    if (put(o, "counts", counts) && put(o, "tai_utc_s", or_null(e->has_leap, e->tai_utc_s)) &&
        put(o, "jamming", or_null(e->jamming >= 0, e->jamming)) &&
        put(o, "time_error_ns", e->time_error_ns > 0 ? ns(e->time_error_ns) : json_null()) &&
        put(o, "serial_delay", serial_delay(e)) && put(o, "position", position(e)) &&
        put(o, "satellites", satellites(e)))
        return o;
    json_decref(o);
    return NULL;
}

json_t *gps_report(const struct gps_report_item *items, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (list == NULL || json_array_append_new(list, receiver(&items[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return json_pack("{s:i, s:o}", "v", 1, "receivers", list);
}
