/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/timekeeper_record.h"

#include "sdk/base/bug.h"
#include "sdk/base/text.h"
#include "sdk/time/arith.h"

static const char magic[] = "taistamp-references-1";

/* Of a rate in fs/s and all that is like it (sdk/sync/trend.h); of a count of seconds, which ends in 2262 as tai_t does. */
#define FS_MAX      (INT64_C(1) << 53)
#define SECONDS_MAX (INT64_MAX / NS_PER_S)

static bool read_number(struct bytes word, int64_t max, int64_t *ret_v)
{
    bool negative = bytes_strip_prefix(&word, "-");
    uint64_t size;
    if (!text_read_u64(word, (uint64_t)max, &size) || (negative && size == 0))
        return false;
    *ret_v = negative ? -(int64_t)size : (int64_t)size;
    return true;
}

/* The line after its name: takes "name " off, or says that it is another line. */
static bool next_value(struct lines *lines, const char *name, struct bytes *ret_value)
{
    struct bytes line;
    if (!lines_next(lines, &line) || !bytes_strip_prefix(&line, name) || !bytes_strip_prefix(&line, " "))
        return false;
    *ret_value = line;
    return true;
}

static bool read_measured(struct lines *lines, const char *name, int64_t *ret_v, int64_t *ret_sigma)
{
    struct bytes value, number, sigma;
    return next_value(lines, name, &value) && bytes_split(value, ' ', &number, &sigma) &&
           bytes_strip_prefix(&sigma, "+-") && read_number(number, FS_MAX, ret_v) &&
           read_number(sigma, FS_MAX, ret_sigma) && *ret_sigma >= 0;
}

static bool read_plain(struct lines *lines, const char *name, int64_t max, int64_t *ret_v)
{
    struct bytes value;
    return next_value(lines, name, &value) && read_number(value, max, ret_v) && *ret_v >= 0;
}

/* What the holdover asserts of what it is given. */
static bool is_usable(const struct trend_rates *r)
{
    return r->rate_sigma_fs_per_s > 0 && r->ageing_sigma_fs_per_s_day > 0 &&
           r->coefficient_sigma_fs_per_s_k > 0;
}

static bool read_timeline(struct lines *lines, sync_timeline_t *ret_timeline)
{
    struct bytes value;
    return next_value(lines, "timeline", &value) && text_read_u64(value, UINT64_MAX, &ret_timeline->id);
}

bool timekeeper_record_parse(struct bytes text, struct timekeeper_memory *ret_memory)
{
    struct timekeeper_memory m = {.learnt = false};
    struct trend_rates *r = &m.oscillator.rates;
    struct lines lines = {text};
    struct bytes first;
    int64_t known_s = 0, learnt_s = 0, written_s = 0;
    bool ok =
        lines_next(&lines, &first) && bytes_equal_str(first, magic) &&
        read_plain(&lines, "known", SECONDS_MAX, &known_s) &&
        read_measured(&lines, "rate", &r->rate_fs_per_s, &r->rate_sigma_fs_per_s) &&
        read_measured(&lines, "ageing", &r->ageing_fs_per_s_day, &r->ageing_sigma_fs_per_s_day) &&
        read_measured(&lines, "coefficient", &r->coefficient_fs_per_s_k, &r->coefficient_sigma_fs_per_s_k) &&
        read_plain(&lines, "wander", FS_MAX, &r->wander_fs_per_s) &&
        read_plain(&lines, "temperature", FS_MAX, &m.oscillator.temperature_mk) &&
        read_plain(&lines, "seconds", SECONDS_MAX, &learnt_s) &&
        read_plain(&lines, "written", SECONDS_MAX, &written_s) &&
        read_timeline(&lines, &m.oscillator.timeline) && lines.rest.len == 0;
    if (!ok || (learnt_s > 0 && !is_usable(r)))
        return false;
    m.known.ns = known_s * NS_PER_S;
    m.learnt = learnt_s > 0;
    m.oscillator.learnt_s = (uint64_t)learnt_s;
    m.oscillator.written_tai_s = (uint64_t)written_s;
    *ret_memory = m;
    return true;
}

static void put_number(struct out *out, const char *name, int64_t v, int64_t max)
{
    BUG_UNLESS(v >= -max && v <= max);
    out_str(out, name);
    out_i64(out, v);
}

static void put_measured(struct out *out, const char *name, int64_t v, int64_t sigma)
{
    BUG_UNLESS(sigma >= 0);
    put_number(out, name, v, FS_MAX);
    put_number(out, " +-", sigma, FS_MAX);
    out_char(out, '\n');
}

static void put_plain(struct out *out, const char *name, int64_t v, int64_t max)
{
    BUG_UNLESS(v >= 0);
    put_number(out, name, v, max);
    out_char(out, '\n');
}

void timekeeper_record_print(const struct timekeeper_memory *memory, struct out *out)
{
    static const struct holdover_memory nothing;
    const struct holdover_memory *o = memory->learnt ? &memory->oscillator : &nothing;
    const struct trend_rates *r = &o->rates;
    BUG_UNLESS(o->learnt_s <= (uint64_t)SECONDS_MAX && o->written_tai_s <= (uint64_t)SECONDS_MAX);
    out_str(out, magic);
    out_char(out, '\n');
    put_plain(out, "known ", memory->known.ns / NS_PER_S, SECONDS_MAX);
    put_measured(out, "rate ", r->rate_fs_per_s, r->rate_sigma_fs_per_s);
    put_measured(out, "ageing ", r->ageing_fs_per_s_day, r->ageing_sigma_fs_per_s_day);
    put_measured(out, "coefficient ", r->coefficient_fs_per_s_k, r->coefficient_sigma_fs_per_s_k);
    put_plain(out, "wander ", r->wander_fs_per_s, FS_MAX);
    put_plain(out, "temperature ", o->temperature_mk, FS_MAX);
    put_plain(out, "seconds ", (int64_t)o->learnt_s, SECONDS_MAX);
    put_plain(out, "written ", (int64_t)o->written_tai_s, SECONDS_MAX);
    out_str(out, "timeline ");
    out_u64(out, o->timeline.id);
    out_char(out, '\n');
}
