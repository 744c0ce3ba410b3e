/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/show.h"

#include <string.h>

#include "tests/sim/oracle.h"
#include "tests/sim/traitor.h"

void show_scenario(FILE *out, const struct scenario *scenario)
{
    fprintf(
        out,
        "%s seed %llu: %u servers, %u clients, %.0f s and %.0f s; delay %.0f-%.0f us, jitter %.1f us; %s\n",
        scenario->name, (unsigned long long)scenario->seed, scenario->servers, scenario->clients,
        scenario->attack_s, scenario->heal_s, (double)scenario->network.base_ns_min * 1e-3,
        (double)scenario->network.base_ns_max * 1e-3, scenario->network.jitter_ns * 1e-3,
        scenario->assumptions ? "assumptions hold" : "assumptions do not hold");
    for (unsigned i = 0; i < scenario->servers + scenario->clients && i < 24; i++) {
        const struct world_node_plan *plan = &scenario->nodes[i];
        fprintf(out, "  %u: %+.2f ppm (bound %.0f), wander %.1e, REALTIME off by %.3f ms", i + 1,
                plan->oscillator.ppm, plan->oscillator.bound_ppm, plan->oscillator.wander,
                (double)plan->offset_ns * 1e-6);
        if (plan->reference.present)
            fprintf(out, ", reference +-%.1f us off by %.1f us", (double)plan->reference.half_width_ns * 1e-3,
                    (double)plan->reference.error_ns * 1e-3);
        if (plan->traitor != TRAITOR_NONE)
            fprintf(out, ", traitor: %s %.1f us", traitor_name(plan->traitor), (double)plan->lie_ns * 1e-3);
        fputc('\n', out);
    }
}

void show_world(FILE *out, struct world *world)
{
    static const char *const states[] = {"starting", "following", "fallback", "free", "master", "alone"};
    for (uint32_t i = 0; i < world->nodes_count && i < 24; i++) {
        struct world_node *node = &world->nodes[i];
        struct view_tracking view;
        tai_t tai;
        int64_t half;
        if (node->engine == NULL) {
            fprintf(out, "  %u: down\n", i + 1);
            continue;
        }
        memset(&view, 0, sizeof view);
        node->port->tracking(node->engine, (tai_mono_t){machine_raw(&node->machine, world->now_ns)}, &view);
        fprintf(out, "  %u: %s, %s, master %u term %llu", i + 1,
                (unsigned)view.state < 6 ? states[view.state] : "?", taistamp_status_name(view.line.status),
                view.master.id, (unsigned long long)view.term);
        if (oracle_read(world, node, &tai, &half))
            fprintf(out, ", error %.3f us, half-width %.3f us", (double)(tai.ns - world->now_ns) * 1e-3,
                    (double)half * 1e-3);
        fprintf(out, ", rate %.4f ppm (true %.4f)", (double)view.line.rate_ps_per_s * 1e-6,
                -oscillator_rate(&node->machine.oscillator) * 1e6);
        if (node->plan.mode == ENGINE_MODE_SYSTEM)
            fprintf(out, ", system clock off by %.3f us",
                    (double)(machine_realtime(&node->machine, world->now_ns) + MACHINE_TAI_UTC_S * WORLD_S -
                             world->now_ns) *
                        1e-3);
        const struct view_budget *b = &view.budget;
        fprintf(out, "; upstream %.1f path %.1f stamps %.1f age %.1f slew %.1f us",
                (double)b->upstream_ns * 1e-3, (double)b->path_ns * 1e-3, (double)b->stamps_ns * 1e-3,
                (double)b->age_ns * 1e-3, (double)b->slew_ns * 1e-3);
        fprintf(out, "; %llu steps, %llu sent\n", (unsigned long long)node->steps,
                (unsigned long long)node->sent);
    }
}

static void quantiles(FILE *out, const char *what, const struct histogram *h, double scale)
{
    if (h->count > 0)
        fprintf(out, "  %s: median %.4g, 90%% %.4g, 99%% %.4g, largest %.4g\n", what,
                histogram_quantile(h, 0.5) * scale, histogram_quantile(h, 0.9) * scale,
                histogram_quantile(h, 0.99) * scale, histogram_quantile(h, 1) * scale);
}

void show_figures(FILE *out, const char *name, const struct figures *f)
{
    fprintf(out,
            "%s: %llu scenarios (%llu s), %llu failures; %llu steps, %llu datagrams, %llu lines published, "
            "%llu given up\n",
            name, (unsigned long long)f->scenarios, (unsigned long long)f->sim_seconds,
            (unsigned long long)f->failures, (unsigned long long)f->steps, (unsigned long long)f->datagrams,
            (unsigned long long)f->publications, (unsigned long long)f->voids);
    fprintf(out, "  assumptions hold in %llu scenarios: %llu intervals looked at, %llu false",
            (unsigned long long)f->scenarios_kept, (unsigned long long)f->claims_kept,
            (unsigned long long)f->false_kept);
    if (f->scenarios_kept > 0 && f->false_kept == 0)
        fprintf(out, "; so a scenario has one with a probability below %.2g (95 %%, 3/N)",
                3.0 / (double)f->scenarios_kept);
    fprintf(out, "\n");
    if (f->scenarios > f->scenarios_kept)
        fprintf(out, "  outside the assumptions: %llu scenarios, %llu of them with false intervals (%llu)\n",
                (unsigned long long)(f->scenarios - f->scenarios_kept), (unsigned long long)f->broken,
                (unsigned long long)(f->false_claims - f->false_kept));
    fprintf(out, "  %llu measurements of raw clocks looked at", (unsigned long long)f->placements);
    if (f->torn > 0)
        fprintf(out, "; %llu pairs of relative lines kept apart by a lying master",
                (unsigned long long)f->torn);
    fprintf(out, "\n");
    quantiles(out, "half-width / true error", &f->ratio, 1);
    quantiles(out, "half-width, us", &f->width_ns, 1e-3);
    quantiles(out, "true error, us", &f->error_ns, 1e-3);
    quantiles(out, "relative: distance from the master, us", &f->relative_ns, 1e-3);
    quantiles(out, "new master after, s", &f->new_master_ms, 1e-3);
    quantiles(out, "largest spread in 50 s before the master died, us", &f->spread_before_ns, 1e-3);
    quantiles(out, "largest spread after, us", &f->spread_after_ns, 1e-3);
    quantiles(out, "change of cluster time's rate, ppb", &f->rate_change_ppt, 1e-3);
    quantiles(out, "bias of the honest, us", &f->bias_ns, 1e-3);
    quantiles(out, "honest nodes apart, us", &f->skew_ns, 1e-3);
    quantiles(out, "well again after healing, s", &f->settle_ms, 1e-3);
}
