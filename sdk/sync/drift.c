/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/drift.h"

#include "sdk/base/bug.h"
#include "sdk/base/text.h"

static const char magic[] = "taistamp-drift-1";

/* Larger than any range, so that a number that is only too large is told from what is none. */
#define NUMBER_MAX ((uint64_t)INT64_MAX)

static enum drift_verdict read_number(struct bytes word, uint64_t max, uint64_t *ret_v)
{
    uint64_t v;
    if (!text_read_u64(word, NUMBER_MAX, &v))
        return DRIFT_SYNTAX;
    if (v > max)
        return DRIFT_RANGE;
    *ret_v = v;
    return DRIFT_OK;
}

/* "-12" or "12", but not "-0". */
static enum drift_verdict read_rate(struct bytes word, int64_t *ret_v)
{
    bool negative = bytes_strip_prefix(&word, "-");
    uint64_t size;
    enum drift_verdict verdict = read_number(word, (uint64_t)SYNC_RATE_PS_MAX, &size);
    if (verdict != DRIFT_OK)
        return verdict;
    if (negative && size == 0)
        return DRIFT_SYNTAX;
    *ret_v = negative ? -(int64_t)size : (int64_t)size;
    return DRIFT_OK;
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

static enum drift_verdict read_measured(struct lines *lines, const char *name, int64_t *ret_rate,
                                        int64_t *ret_sigma)
{
    struct bytes value, rate, sigma;
    if (!next_value(lines, name, &value) || !bytes_split(value, ' ', &rate, &sigma) ||
        !bytes_strip_prefix(&sigma, "+-"))
        return DRIFT_SYNTAX;
    enum drift_verdict verdict = read_rate(rate, ret_rate);
    uint64_t size;
    if (verdict == DRIFT_OK)
        verdict = read_number(sigma, (uint64_t)SYNC_RATE_PS_MAX, &size);
    if (verdict == DRIFT_OK)
        *ret_sigma = (int64_t)size;
    return verdict;
}

static enum drift_verdict read_plain(struct lines *lines, const char *name, uint64_t max, uint64_t *ret_v)
{
    struct bytes value;
    return next_value(lines, name, &value) ? read_number(value, max, ret_v) : DRIFT_SYNTAX;
}

enum drift_verdict drift_parse(struct bytes text, struct drift *ret_drift)
{
    struct lines lines = {text};
    struct bytes first;
    struct drift d = {0};
    uint64_t wander = 0;
    if (!lines_next(&lines, &first) || !bytes_equal_str(first, magic))
        return DRIFT_VERSION;
    enum drift_verdict verdict =
        read_measured(&lines, "oscillator", &d.oscillator_ps_per_s, &d.oscillator_sigma_ps_per_s);
    if (verdict == DRIFT_OK)
        verdict = read_plain(&lines, "wander", (uint64_t)SYNC_RATE_PS_MAX, &wander);
    if (verdict == DRIFT_OK)
        verdict = read_measured(&lines, "ensemble", &d.ensemble_ps_per_s, &d.ensemble_sigma_ps_per_s);
    if (verdict == DRIFT_OK)
        verdict = read_plain(&lines, "seconds", DRIFT_SECONDS_MAX, &d.learnt_s);
    if (verdict == DRIFT_OK)
        verdict = read_plain(&lines, "written", DRIFT_SECONDS_MAX, &d.written_tai_s);
    if (verdict == DRIFT_OK && lines.rest.len != 0)
        verdict = DRIFT_SYNTAX;
    if (verdict != DRIFT_OK)
        return verdict;
    d.wander_ps_per_s = (int64_t)wander;
    *ret_drift = d;
    return DRIFT_OK;
}

static bool rate_in_range(int64_t v)
{
    return v >= -SYNC_RATE_PS_MAX && v <= SYNC_RATE_PS_MAX;
}

static bool size_in_range(int64_t v)
{
    return v >= 0 && v <= SYNC_RATE_PS_MAX;
}

static void put_measured(struct out *out, const char *name, int64_t rate, int64_t sigma)
{
    BUG_UNLESS(rate_in_range(rate) && size_in_range(sigma));
    out_str(out, name);
    out_char(out, ' ');
    out_i64(out, rate);
    out_str(out, " +-");
    out_i64(out, sigma);
    out_char(out, '\n');
}

static void put_plain(struct out *out, const char *name, uint64_t v)
{
    out_str(out, name);
    out_char(out, ' ');
    out_u64(out, v);
    out_char(out, '\n');
}

void drift_print(const struct drift *drift, struct out *out)
{
    BUG_UNLESS(size_in_range(drift->wander_ps_per_s));
    BUG_UNLESS(drift->learnt_s <= DRIFT_SECONDS_MAX && drift->written_tai_s <= DRIFT_SECONDS_MAX);
    out_str(out, magic);
    out_char(out, '\n');
    put_measured(out, "oscillator", drift->oscillator_ps_per_s, drift->oscillator_sigma_ps_per_s);
    put_plain(out, "wander", (uint64_t)drift->wander_ps_per_s);
    put_measured(out, "ensemble", drift->ensemble_ps_per_s, drift->ensemble_sigma_ps_per_s);
    put_plain(out, "seconds", drift->learnt_s);
    put_plain(out, "written", drift->written_tai_s);
}
