/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/timekeeper_witness.h"

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

static const int64_t spans_ns[WITNESS_LEVELS] = {64 * NS_PER_S, 1024 * NS_PER_S, 16384 * NS_PER_S,
                                                 86400 * NS_PER_S};

/* Young copies are of no use yet: their time passes in larger pieces. */
#define YOUNG_NS (16 * NS_PER_S)

void witnesses_clear(struct witnesses *all)
{
    for (unsigned i = 0; i < WITNESS_LEVELS; i++)
        all->old[i].set = all->young[i].set = all->says[i] = false;
}

static void second(struct witness *w, sync_timeline_t timeline, tai_mono_t raw,
                   struct holdover_temperature temperature, int64_t pieces_ns)
{
    if (!w->set)
        return;
    if (w->holdover.timeline.id != timeline.id)
        w->set = false;
    else if (raw.ns - w->holdover.now.ns >= pieces_ns)
        holdover_second(&w->holdover, timeline, raw, temperature);
}

void witnesses_second(struct witnesses *all, sync_timeline_t timeline, tai_mono_t raw,
                      struct holdover_temperature temperature)
{
    for (unsigned i = 0; i < WITNESS_LEVELS; i++) {
        struct witness *old = &all->old[i];
        second(old, timeline, raw, temperature, 0);
        second(&all->young[i], timeline, raw, temperature, YOUNG_NS);
        all->says[i] = old->set && holdover_predict(&old->holdover, &all->predictions[i]);
    }
}

static void mark(const struct holdover *holdover, const struct flywheel *flywheel, struct flywheel_mark *ret)
{
    int64_t rate, sigma, offset;
    ret->set = false;
    if (holdover_rate(holdover, &rate, &sigma) && rate <= SYNC_RATE_PS_MAX && rate >= -SYNC_RATE_PS_MAX &&
        arith_sub(holdover->accepted_tai_ns, holdover->accepted_ns, &offset))
        flywheel_mark(flywheel, offset, rate, ret);
}

void witnesses_copy(struct witnesses *all, tai_mono_t raw, const struct holdover *holdover,
                    const struct flywheel *flywheel)
{
    for (unsigned i = 0; i < WITNESS_LEVELS; i++) {
        struct witness *young = &all->young[i];
        if (young->set && raw.ns - young->made_ns < spans_ns[i])
            continue;
        if (young->set) {
            all->old[i] = *young;
            all->says[i] = false; /* in a second it does */
        }
        young->set = true;
        young->made_ns = raw.ns;
        young->holdover = *holdover;
        mark(holdover, flywheel, &young->mark);
    }
}

bool witnesses_predict(const struct witnesses *all, unsigned level,
                       struct holdover_prediction *ret_prediction)
{
    BUG_UNLESS(level < WITNESS_LEVELS);
    if (!all->says[level])
        return false;
    *ret_prediction = all->predictions[level];
    return true;
}

void witnesses_return_to(struct witnesses *all, unsigned level, struct holdover *ret_holdover)
{
    BUG_UNLESS(level < WITNESS_LEVELS && all->old[level].set);
    int64_t made = all->old[level].made_ns;
    *ret_holdover = all->old[level].holdover;
    for (unsigned i = 0; i < WITNESS_LEVELS; i++) {
        all->old[i].set = all->old[i].set && all->old[i].made_ns <= made;
        all->says[i] = all->says[i] && all->old[i].set;
        all->young[i].set = all->young[i].set && all->young[i].made_ns <= made;
    }
}
