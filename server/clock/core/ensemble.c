/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/ensemble.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

#define FS_PER_PS   1000
#define PS_PER_S    INT64_C(1000000000000)
#define STEP_NS_MAX (10 * NS_PER_S)
#define SETTLED_FS  (ENSEMBLE_SKEW_PS_MAX / 10 * FS_PER_PS)

static int64_t clamp_rate(int64_t ps)
{
    return ps > SYNC_RATE_PS_MAX ? SYNC_RATE_PS_MAX : ps < -SYNC_RATE_PS_MAX ? -SYNC_RATE_PS_MAX : ps;
}

/* Rounded to nearest, away from zero at a half: no drift to one side. b > 0. */
static int64_t div_near(int64_t a, int64_t b)
{
    return a >= 0 ? (a + b / 2) / b : -((-a + b / 2) / b);
}

int64_t ensemble_rate_times(int64_t a_ps, int64_t b_ps)
{
    int64_t a = clamp_rate(a_ps), b = clamp_rate(b_ps);
    return clamp_rate(a + b + div_near(a * b, PS_PER_S)); /* 10^18 fits */
}

int64_t ensemble_rate_over(int64_t a_ps, int64_t b_ps)
{
    int64_t a = clamp_rate(a_ps), b = clamp_rate(b_ps);
    int64_t d = a - b; /* (a - b)(1 - b + b^2): the next term is 2 * 10^-12 at most */
    int64_t second = div_near(d * b, PS_PER_S);
    return clamp_rate(d - second + div_near(second * b, PS_PER_S));
}

void ensemble_init(struct ensemble *e, sync_node_t self, uint32_t servers, uint32_t f)
{
    BUG_UNLESS(servers >= 1 && servers <= ENSEMBLE_MEMBERS_MAX && f < servers);
    memset(e, 0, sizeof *e);
    e->self = self;
    e->servers = servers;
    e->f = f;
    e->members[0].node = self;
}

const struct ensemble_member *ensemble_member_of(const struct ensemble *e, sync_node_t node)
{
    for (size_t i = 0; i < ENSEMBLE_MEMBERS_MAX; i++)
        if (e->members[i].node.id == node.id)
            return &e->members[i];
    return NULL;
}

/* The member's place, taken when it is new; NULL when all are taken. */
static struct ensemble_member *member_place(struct ensemble *e, sync_node_t node)
{
    for (size_t i = 0; i < ENSEMBLE_MEMBERS_MAX; i++) {
        if (e->members[i].node.id == 0)
            e->members[i] = (struct ensemble_member){.node = node};
        if (e->members[i].node.id == node.id)
            return &e->members[i];
    }
    return NULL;
}

void ensemble_continue(struct ensemble *e, int64_t rate_ps_per_s, bool learned)
{
    e->rate_fs = clamp_rate(rate_ps_per_s) * FS_PER_PS;
    struct ensemble_member *own = &e->members[0];
    if (!learned)
        return;
    e->founded = true;
    if (own->learned)
        return;
    own->learned = true;
    own->frequency_fs = e->rate_fs;
    own->watched_ns = ENSEMBLE_LEARN_NS;
}

void ensemble_told(struct ensemble *e, sync_node_t node, int64_t frequency_ps_per_s)
{
    struct ensemble_member *m = member_place(e, node);
    if (m == NULL || m->learned || node.id == e->self.id)
        return;
    m->learned = true;
    m->frequency_fs = clamp_rate(frequency_ps_per_s) * FS_PER_PS;
    m->watched_ns = ENSEMBLE_LEARN_NS;
}

void ensemble_forget(struct ensemble *e, sync_node_t node)
{
    if (node.id == e->self.id) {
        ensemble_init(e, e->self, e->servers, e->f);
        return;
    }
    for (size_t i = 1; i < ENSEMBLE_MEMBERS_MAX; i++)
        if (e->members[i].node.id == node.id)
            e->members[i] = (struct ensemble_member){.node = node};
}

static void sort(int64_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        int64_t v = values[i];
        size_t j = i;
        for (; j > 0 && values[j - 1] > v; j--)
            values[j] = values[j - 1];
        values[j] = v;
    }
}

static int64_t distance_to(int64_t near, int64_t low, int64_t high)
{
    return near < low ? low - near : near > high ? near - high : 0;
}

int64_t ensemble_average(int64_t *values, size_t count, int64_t close, size_t f, int64_t near,
                         size_t *ret_kept)
{
    BUG_UNLESS(count >= 1);
    sort(values, count);
    size_t best = 0, best_count = 0;
    for (size_t i = 0, j = 0; i < count; i++) {
        while (j < count && values[j] - values[i] <= close)
            j++;
        bool nearer =
            j - i == best_count && distance_to(near, values[i], values[j - 1]) <
                                       distance_to(near, values[best], values[best + best_count - 1]);
        if (j - i > best_count || nearer) {
            best = i;
            best_count = j - i;
        }
    }
    size_t drop = f < (best_count - 1) / 2 ? f : (best_count - 1) / 2;
    size_t kept = best_count - 2 * drop;
    int64_t base = values[best + drop], sum = 0; /* differences are within `close`: no overflow */
    for (size_t i = 0; i < kept; i++)
        sum += values[best + drop + i] - base;
    if (ret_kept != NULL)
        *ret_kept = kept;
    return base + div_near(sum, (int64_t)kept);
}

/* Marks who is measured now and what each predicts. */
static void take_readings(struct ensemble *e, const struct ensemble_reading *readings, size_t count,
                          int64_t elapsed)
{
    for (size_t i = 1; i < ENSEMBLE_MEMBERS_MAX; i++) {
        e->members[i].roughly = false;
        e->members[i].present = false;
        e->members[i].weighs = false;
    }
    e->members[0].roughly = true;
    e->members[0].present = true;
    for (size_t i = 0; i < count; i++) {
        struct ensemble_member *m = member_place(e, readings[i].node);
        BUG_UNLESS(readings[i].node.id != e->self.id);
        if (m == NULL || readings[i].skew_ps_per_s > ENSEMBLE_ROUGH_PS_MAX)
            continue;
        m->roughly = true;
        m->measured_ps = clamp_rate(readings[i].rate_ps_per_s);
        m->present = readings[i].skew_ps_per_s <= ENSEMBLE_SKEW_PS_MAX;
        if (m->present)
            m->watched_ns += elapsed;
    }
}

/* y of a member whose timeline gains `against` on ours, when cluster time runs at rate_fs on ours. Finer than ps. */
static int64_t frequency_fs_of(const struct ensemble *e, int64_t against_ps)
{
    int64_t rate_ps = e->rate_fs / FS_PER_PS;
    return ensemble_rate_over(rate_ps, against_ps) * FS_PER_PS + e->rate_fs % FS_PER_PS;
}

/* Founders: the rate goes to the trimmed mean of their oscillators while that is being measured, and is frozen once most
 * are measured well, for a while or all of them. */
static void found(struct ensemble *e, int64_t elapsed)
{
    int64_t rates[ENSEMBLE_MEMBERS_MAX];
    size_t roughly = 0, well = 0;
    for (size_t i = 0; i < ENSEMBLE_MEMBERS_MAX; i++) {
        if (e->members[i].roughly)
            rates[roughly++] = e->members[i].measured_ps;
        if (e->members[i].present)
            well++;
    }
    if (2 * roughly <= e->servers)
        return;
    int64_t mean = ensemble_average(rates, roughly, 2 * SYNC_RATE_PS_MAX, e->f, 0, NULL) * FS_PER_PS;
    e->heading_ps = mean / FS_PER_PS;
    int64_t part = elapsed < ENSEMBLE_FOUNDING_NS ? elapsed : ENSEMBLE_FOUNDING_NS;
    e->rate_fs += (mean - e->rate_fs) / (ENSEMBLE_FOUNDING_NS / 1000000) * (part / 1000000);
    bool settled = mean - e->rate_fs < SETTLED_FS && e->rate_fs - mean < SETTLED_FS;
    e->founding_ns = 2 * well <= e->servers ? 0 : e->founding_ns + elapsed;
    if (2 * well <= e->servers || !settled || (well < e->servers && e->founding_ns < ENSEMBLE_FOUND_NS))
        return;
    for (size_t i = 0; i < ENSEMBLE_MEMBERS_MAX; i++) {
        struct ensemble_member *m = &e->members[i];
        if (!m->present)
            continue;
        m->learned = true;
        m->watched_ns = ENSEMBLE_LEARN_NS;
        m->frequency_fs = frequency_fs_of(e, m->measured_ps);
    }
    e->founded = true;
}

/* True when it has been far from what was learned for so long that it has to be learned again. */
static bool is_strange(struct ensemble_member *m, int64_t y_fs, int64_t elapsed)
{
    int64_t off = y_fs > m->frequency_fs ? y_fs - m->frequency_fs : m->frequency_fs - y_fs;
    m->strange_ns = off > ENSEMBLE_CLOSE_PS * FS_PER_PS ? m->strange_ns + elapsed : 0;
    return m->strange_ns >= ENSEMBLE_STRANGE_NS;
}

/* Learned frequencies follow the rate: newcomers by a plain mean over what was watched, the others slowly. In units of
 * 0.1 ms, so that 2 * 10^12 fs/s times 10^5 stays below 2^63. */
static void learn(struct ensemble *e, int64_t elapsed)
{
    for (size_t i = 0; i < ENSEMBLE_MEMBERS_MAX; i++) {
        struct ensemble_member *m = &e->members[i];
        if (!m->present)
            continue;
        int64_t y = frequency_fs_of(e, m->measured_ps);
        if (m->watched_ns <= elapsed && !m->learned)
            m->frequency_fs = y;
        if (is_strange(m, y, elapsed)) {
            m->learned = false;
            m->frequency_fs = y;
            m->watched_ns = m->strange_ns = 0;
        }
        int64_t memory = m->watched_ns < ENSEMBLE_MEMORY_NS ? m->watched_ns : ENSEMBLE_MEMORY_NS;
        m->frequency_fs += (y - m->frequency_fs) * (elapsed / 100000) / (memory / 100000 + 1);
        if (!m->learned && m->watched_ns >= ENSEMBLE_LEARN_NS)
            m->learned = true;
    }
}

/* Turns measured rates into predictions, and averages their residuals. */
static void steer(struct ensemble *e, int64_t elapsed)
{
    int64_t residuals[ENSEMBLE_MEMBERS_MAX];
    size_t n = 0, kept = 0;
    int64_t rate_ps = e->rate_fs / FS_PER_PS;
    for (size_t i = 0; i < ENSEMBLE_MEMBERS_MAX; i++) {
        struct ensemble_member *m = &e->members[i];
        m->weighs = m->present && m->learned;
        if (m->weighs)
            residuals[n++] = ensemble_rate_times(m->frequency_fs / FS_PER_PS, m->measured_ps) - rate_ps;
    }
    e->weighing = (uint32_t)n;
    if (n == 0)
        return;
    int64_t mean = ensemble_average(residuals, n, ENSEMBLE_CLOSE_PS, e->f, 0, &kept);
    e->close_width = residuals[n - 1] - residuals[0];
    e->weighing = (uint32_t)kept;
    e->heading_ps = clamp_rate(rate_ps + mean);
    e->rate_fs += mean * FS_PER_PS * (elapsed / 1000000) / (ENSEMBLE_FOLLOW_NS / 1000000);
    if (e->rate_fs / FS_PER_PS != clamp_rate(e->rate_fs / FS_PER_PS))
        e->rate_fs = clamp_rate(e->rate_fs / FS_PER_PS) * FS_PER_PS;
}

static int64_t step_length(tai_span_t elapsed)
{
    BUG_UNLESS(elapsed.ns >= 0);
    return elapsed.ns < STEP_NS_MAX ? elapsed.ns : STEP_NS_MAX;
}

int64_t ensemble_step(struct ensemble *e, tai_span_t elapsed, const struct ensemble_reading *readings,
                      size_t count)
{
    BUG_UNLESS(count < ENSEMBLE_MEMBERS_MAX);
    int64_t ns = step_length(elapsed);
    e->heading_ps = e->rate_fs / FS_PER_PS;
    take_readings(e, readings, count, ns);
    e->members[0].watched_ns += ns;
    if (!e->founded)
        found(e, ns);
    if (e->founded) {
        steer(e, ns);
        learn(e, ns);
    }
    return div_near(e->rate_fs, FS_PER_PS);
}

void ensemble_hold(struct ensemble *e, int64_t rate_ps_per_s)
{
    e->rate_fs = clamp_rate(rate_ps_per_s) * FS_PER_PS;
}

void ensemble_follow(struct ensemble *e, tai_span_t elapsed, const struct ensemble_reading *readings,
                     size_t count, int64_t rate_ps_per_s)
{
    BUG_UNLESS(count < ENSEMBLE_MEMBERS_MAX);
    int64_t ns = step_length(elapsed);
    take_readings(e, readings, count, ns);
    e->members[0].watched_ns += ns;
    e->rate_fs = clamp_rate(rate_ps_per_s) * FS_PER_PS;
    e->founded = true;
    learn(e, ns);
}
