/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config_references.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"

/* ns. What ntp and the kernel's keeper do not state of themselves is below this. */
enum { ACCURACY_STATED_NS = 1000 };
/* 1980-01-06 and 2170-01-01. */
#define WEEKS_FROM_MIN_S INT64_C(315964800)
#define WEEKS_FROM_MAX_S INT64_C(6311433600)
#define POLL_NS          INT64_C(16000000000)

const char *const config_reference_words[] = {"system-clock", "kernel", "gpsd", "ntp",
                                              "shm",          "sock",   "pps",  NULL};

const char *const config_reference_kind_words[] = {"gps", "upstream", "assumed", NULL};

#define ROW(n, kind, field)                                                                                  \
    .section = "", .name = (n), .type = (kind), .offset = offsetof(struct config_reference, field)

/* clang-format off: one setting to a line. */
static const struct setting keys[] = {
    {ROW("driver", SETTING_WORD, driver), .words = config_reference_words},
    {ROW("name", SETTING_NAME, name)},
    {ROW("kind", SETTING_WORD, kind), .words = config_reference_kind_words},
    {ROW("group", SETTING_COUNT, group), .min = 1, .max = 65535},
    {ROW("accuracy_us", SETTING_US, accuracy_us), .min = 1, .max = 3600000000},
    {ROW("accuracy_ns", SETTING_NS, accuracy_ns), .min = 1, .max = 3600000000000},
    {ROW("delay_ns", SETTING_NS, delay_ns), .min = 0, .max = 1000000000},
    {ROW("address", SETTING_TEXT, address)},
    {ROW("server", SETTING_TEXT, server)},
    {ROW("device", SETTING_TEXT, device)},
    {ROW("path", SETTING_PATH, path)},
    {ROW("key_file", SETTING_PATH, key_file)},
    {ROW("key_id", SETTING_COUNT, key_id), .min = 1, .max = UINT32_MAX},
    {ROW("unit", SETTING_COUNT, unit), .min = 0, .max = 255},
    /* A server of others is asked at most every 4 s, and at least as often as the filter needs. */
    {ROW("poll_s", SETTING_S, poll_ns), .min = 1, .max = 1024},
    {ROW("serial_delay_ms", SETTING_MS, serial_delay_ns), .min = 0, .max = 2000},
    {ROW("serial_accuracy_ms", SETTING_MS, serial_accuracy_ns), .min = 1, .max = 60000},
    {ROW("pulses_only", SETTING_FLAG, pulses_only)},
    {ROW("weeks_from", SETTING_DATE, weeks_from_posix_s)},
    {ROW("surveyed", SETTING_FLAG, surveyed)},
};
/* clang-format on */
enum { KEYS = sizeof keys / sizeof keys[0] };
_Static_assert((int)KEYS <= (int)SETTINGS_KEYS_MAX, "every key has its line");

/* ---- Which driver takes which key ---- */

#define BIT(driver) (1U << CONFIG_REFERENCE_##driver)
#define ALL         ((1U << CONFIG_REFERENCE_DRIVERS) - 1)

static const struct use {
    const char *name;
    unsigned drivers;
} uses[] = {{"address", BIT(GPSD)},
            {"server", BIT(NTP)},
            {"device", BIT(GPSD) | BIT(PPS)},
            {"path", BIT(SOCK)},
            {"kind", BIT(SHM) | BIT(SOCK) | BIT(PPS)},
            {"key_file", BIT(NTP)},
            {"key_id", BIT(NTP)},
            {"unit", BIT(SHM)},
            {"poll_s", BIT(NTP)},
            {"serial_delay_ms", BIT(GPSD)},
            {"serial_accuracy_ms", BIT(GPSD)},
            {"pulses_only", BIT(GPSD)},
            {"weeks_from", BIT(GPSD)},
            {"surveyed", BIT(GPSD)}};

static unsigned drivers_of(const char *name)
{
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
        if (strcmp(uses[i].name, name) == 0)
            return uses[i].drivers;
    return ALL;
}

static bool applies(const void *element, const struct setting *key)
{
    const struct config_reference *r = element;
    return (drivers_of(key->name) & 1U << r->driver) != 0;
}

/* The first driver that takes it. */
static const char *word_for(unsigned drivers)
{
    for (unsigned i = 0; i < CONFIG_REFERENCE_DRIVERS; i++)
        if ((drivers & 1U << i) != 0)
            return config_reference_words[i];
    return "";
}

static enum tai_err check_keys(const struct settings *s, const struct config_reference *r)
{
    for (size_t i = 0; i < KEYS; i++)
        if (s->lines[i] != 0 && !applies(r, &keys[i]))
            return settings_refuse(s, s->lines[i], TAI_ERR_FORMAT,
                                   "%s has no effect with driver: %s; it is for %s", keys[i].name,
                                   config_reference_words[r->driver], word_for(drivers_of(keys[i].name)));
    return TAI_OK;
}

/* ---- What a driver must have ---- */

static enum tai_err check_accuracy(const struct settings *s, unsigned line, struct config_reference *r)
{
    unsigned us = settings_line(s, "", "accuracy_us"), ns = settings_line(s, "", "accuracy_ns");
    const char *word = config_reference_words[r->driver];
    if (us != 0 && ns != 0)
        return settings_refuse(s, us > ns ? us : ns, TAI_ERR_FORMAT,
                               "accuracy_us and accuracy_ns say the same: leave one of them out");
    if (us != 0)
        r->accuracy_ns = r->accuracy_us;
    r->accuracy_us = 0;
    bool states = r->driver == CONFIG_REFERENCE_NTP || r->driver == CONFIG_REFERENCE_KERNEL;
    /* With serial time alone that accuracy is the source's. */
    if (r->accuracy_ns == 0 && r->driver == CONFIG_REFERENCE_GPSD && !r->pulses_only)
        r->accuracy_ns = r->serial_accuracy_ns;
    if (r->accuracy_ns == 0 && !states)
        return settings_refuse(
            s, line, TAI_ERR_FORMAT,
            "driver: %s needs accuracy_us (or accuracy_ns): how wrong this source may be at most", word);
    if (r->accuracy_ns == 0)
        r->accuracy_ns = ACCURACY_STATED_NS;
    return TAI_OK;
}

static enum tai_err check_driver(const struct settings *s, unsigned line, const struct config_reference *r)
{
    if (r->driver == CONFIG_REFERENCE_NTP && r->server == NULL)
        return settings_refuse(s, line, TAI_ERR_FORMAT, "driver: ntp needs server: a name or an address");
    if (r->driver == CONFIG_REFERENCE_SOCK && r->path == NULL)
        return settings_refuse(s, line, TAI_ERR_FORMAT,
                               "driver: sock needs path: the socket that samples are sent to");
    if ((r->key_file == NULL) != (r->key_id == 0))
        return settings_refuse(s, settings_line(s, "", r->key_id == 0 ? "key_file" : "key_id"),
                               TAI_ERR_FORMAT,
                               "key_file and key_id go together: the file of keys, and which of them to use");
    if (r->weeks_from_posix_s != 0 &&
        (r->weeks_from_posix_s < WEEKS_FROM_MIN_S || r->weeks_from_posix_s > WEEKS_FROM_MAX_S))
        return settings_refuse(s, settings_line(s, "", "weeks_from"), TAI_ERR_RANGE,
                               "weeks_from must be from 1980-01-06, when GPS began, to 2170-01-01");
    if (r->driver == CONFIG_REFERENCE_PPS && r->device != NULL && r->device[0] != '/')
        return settings_refuse(s, settings_line(s, "", "device"), TAI_ERR_FORMAT,
                               "device must be the path of a PPS device, such as /dev/pps0");
    bool serial = r->serial_accuracy_ns != 0, no_serial = r->pulses_only;
    if (r->driver == CONFIG_REFERENCE_GPSD && serial == no_serial)
        return settings_refuse(
            s, serial ? settings_line(s, "", "serial_accuracy_ms") : line, TAI_ERR_FORMAT,
            serial ? "serial_accuracy_ms has no effect with pulses_only: leave one of them out"
                   : "driver: gpsd needs serial_accuracy_ms: how wrong its time without a pulse may "
                     "be at most (many receivers: 500), or pulses_only: true");
    return TAI_OK;
}

static enum tai_err complete(const struct settings *s, struct config_reference *r)
{
    bool ok = r->name != NULL || (r->name = strdup(config_reference_words[r->driver])) != NULL;
    if (r->driver == CONFIG_REFERENCE_GPSD && r->address == NULL)
        ok = ok && (r->address = strdup("127.0.0.1:2947")) != NULL;
    if (r->driver == CONFIG_REFERENCE_PPS && r->device == NULL)
        ok = ok && (r->device = strdup("/dev/pps0")) != NULL;
    return ok ? TAI_OK : error_set(s->error, TAI_ERR_MEMORY, "out of memory");
}

bool config_reference_is_realtime(const struct config_reference *r)
{
    return r->driver == CONFIG_REFERENCE_SYSTEM_CLOCK || r->driver == CONFIG_REFERENCE_KERNEL;
}

static enum tai_err check_beside(const struct settings *s, unsigned line, const struct config_reference *r,
                                 const struct config_reference *other)
{
    if (config_reference_is_realtime(r) && config_reference_is_realtime(other))
        return settings_refuse(
            s, line, TAI_ERR_FORMAT,
            "system-clock and kernel are one clock, this machine's own: leave one of them out");
    if (strcmp(other->name, r->name) == 0)
        return settings_refuse(s, line, TAI_ERR_FORMAT,
                               "two references are called %s: give this one a name of its own (name: ...)",
                               r->name);
    return TAI_OK;
}

static enum tai_err finish(const struct settings *s, unsigned line, const void *first, size_t index)
{
    struct config_reference *r = s->target;
    if (r->driver < 0)
        return settings_refuse(
            s, line, TAI_ERR_FORMAT,
            "a reference needs its driver: system-clock, kernel, gpsd, ntp, shm, sock or pps");
    enum tai_err err = check_keys(s, r);
    if (err == TAI_OK)
        err = check_driver(s, line, r);
    if (err == TAI_OK)
        err = check_accuracy(s, line, r);
    if (err == TAI_OK)
        err = complete(s, r);
    for (size_t i = 0; err == TAI_OK && i < index; i++)
        err = check_beside(s, line, r, (const struct config_reference *)first + i);
    return err;
}

static void defaults(void *element)
{
    struct config_reference *r = element;
    r->driver = -1;
    r->kind = CONFIG_REFERENCE_UPSTREAM;
    r->poll_ns = POLL_NS;
}

const struct setting_list config_references = {.keys = keys,
                                               .keys_count = KEYS,
                                               .size = sizeof(struct config_reference),
                                               .what = "a reference",
                                               .defaults = defaults,
                                               .finish = finish,
                                               .applies = applies};
