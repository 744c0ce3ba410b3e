/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/track.h"

#include "sdk/base/bug.h"
#include "sdk/sync/real.h"

static const double ps_per_ns = 1000;
static const double rival_rate_ns_per_s = 100000; /* kernels slew a clock by 500 ppm: five sigmas of this */
static const double noise_doubt = 1.5;            /* readings that no fit takes: the noise must be larger */
static const double noise_surprise = 3; /* a fit made with so much less noise than there is was none */
enum { INTERVAL_MEMORY = 8 };

void track_init(struct track *track, const struct track_settings *settings)
{
    BUG_UNLESS(settings->rate_sigma_ps_per_s > 0);
    *track = (struct track){.settings = *settings};
}

static void note_interval(struct track *track, int64_t at_ns)
{
    int64_t gap = at_ns - track->last_ns;
    track->interval_ns = track->interval_ns == 0 ? gap
                                                 : track->interval_ns - track->interval_ns / INTERVAL_MEMORY +
                                                       gap / INTERVAL_MEMORY;
    track->last_ns = at_ns;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double rate_start(const struct track *track)
{
    return (double)track->settings.rate_ps_per_s / ps_per_ns;
}

static double rate_start_sigma(const struct track *track)
{
    return (double)track->settings.rate_sigma_ps_per_s / ps_per_ns;
}

/* The noise that the readings show stands in for the noise expected: at first that of all, since a fit that takes none of them learns
 * nothing; then that of the fit's own. */
static void measure_noise(struct track *track, int64_t offset_ns, double least)
{
    double all = phase_noise_sigma(&track->all_noise), own = phase_noise_sigma(&track->fit_noise);
    if (own > 0) {
        track->measured = true;
        phase_set_noise(&track->fit, larger(own, least));
        return;
    }
    if (all == 0 || track->measured)
        return;
    if (all > noise_surprise * track->fit.noise && track->samples < track->all_noise.readings / 2) {
        phase_start(&track->fit, track->last_ns, offset_ns, rate_start(track), rate_start_sigma(track), all);
        track->samples = 1;
        track->rival_run = 0;
    }
    track->measured = true;
    phase_set_noise(&track->fit, larger(all, least));
}

static void rival_begin(struct track *track, int64_t at_ns, int64_t offset_ns, double physical)
{
    struct phase_estimate e;
    phase_estimate(&track->fit, at_ns, &e);
    double noise = track->fit.noise;
    if (track->rival_run > 0) /* neither fit took it: perhaps all of this is noise */
        noise = larger(noise, track->rival.noise * noise_doubt);
    phase_start(&track->rival, at_ns, offset_ns, e.rate, rival_rate_ns_per_s, noise);
    track->rival_explained = physical <= TRACK_CUT;
    track->rival_run = 1;
}

static enum track_verdict rival_wins(struct track *track)
{
    track->fit = track->rival;
    track->samples = track->rival_run;
    track->fit_noise = (struct phase_noise){.readings = 0};
    track->rival_run = 0;
    track->fits++;
    return track->rival_explained ? TRACK_STEERED : TRACK_JUMPED;
}

static enum track_verdict set_aside(struct track *track, int64_t at_ns, int64_t offset_ns, double physical)
{
    double ignored;
    if (track->rival_run > 0 && phase_surprise(&track->rival, at_ns, offset_ns, &ignored) <= TRACK_CUT) {
        phase_update(&track->rival, at_ns, offset_ns);
        track->rival_run++;
        return track->rival_run >= TRACK_RUN ? rival_wins(track) : TRACK_SET_ASIDE;
    }
    rival_begin(track, at_ns, offset_ns, physical);
    return TRACK_SET_ASIDE;
}

static enum track_verdict begin(struct track *track, int64_t at_ns, int64_t offset_ns, double noise)
{
    phase_start(&track->fit, at_ns, offset_ns, rate_start(track), rate_start_sigma(track), noise);
    track->last_ns = at_ns;
    track->samples = track->fits = 1;
    phase_noise_take(&track->all_noise, at_ns, offset_ns);
    phase_noise_take(&track->fit_noise, at_ns, offset_ns);
    return TRACK_BEGAN;
}

enum track_verdict track_add(struct track *track, int64_t at_ns, int64_t offset_ns, int64_t noise_ns,
                             int64_t least_ns)
{
    BUG_UNLESS(noise_ns > 0 && least_ns >= 0);
    double least = (double)least_ns, physical;
    if (track->samples == 0)
        return begin(track, at_ns, offset_ns, larger((double)noise_ns, least));
    if (at_ns <= track->last_ns)
        return TRACK_OLD;
    note_interval(track, at_ns);
    phase_noise_take(&track->all_noise, at_ns, offset_ns);
    measure_noise(track, offset_ns, least);
    if (phase_surprise(&track->fit, at_ns, offset_ns, &physical) > TRACK_CUT)
        return set_aside(track, at_ns, offset_ns, physical);
    phase_update(&track->fit, at_ns, offset_ns);
    phase_noise_take(&track->fit_noise, at_ns, offset_ns);
    track->samples += track->samples < UINT32_MAX;
    track->rival_run = 0;
    return TRACK_TAKEN;
}

static int64_t rate_limited(int64_t v)
{
    return v > SYNC_RATE_PS_MAX ? SYNC_RATE_PS_MAX : v < -SYNC_RATE_PS_MAX ? -SYNC_RATE_PS_MAX : v;
}

bool track_estimate(const struct track *track, int64_t at_ns, struct track_estimate *ret_estimate)
{
    if (track->samples == 0)
        return false;
    struct phase_estimate e;
    phase_estimate(&track->fit, at_ns, &e);
    *ret_estimate = (struct track_estimate){
        .offset_ns = e.offset_ns,
        .sigma_ns = real_round(e.sigma_ns) + 1,
        .rate_ps_per_s = rate_limited(real_round(e.rate * ps_per_ns)),
        .rate_sigma_ps_per_s = rate_limited(real_round(e.rate_sigma * ps_per_ns) + 1),
        .noise_ns = real_round(track->fit.noise),
        .wander_ps_per_s = real_round(e.wander * ps_per_ns),
    };
    return true;
}
