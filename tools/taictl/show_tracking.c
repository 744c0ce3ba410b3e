/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "taistamp.h"
#include "tools/taictl/show.h"
#include "tools/taictl/units.h"

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text != NULL ? text : "-";
}

static void row(const char *name, const char *text)
{
    printf("%-14s %s\n", name, text);
}

static void show_state(const json_t *o)
{
    char line[200];
    const char *state = text_of(o, "state");
    json_int_t term = json_integer_value(json_object_get(o, "term"));
    if (strcmp(state, "following") == 0)
        snprintf(line, sizeof line, "following %s (term %" JSON_INTEGER_FORMAT ", deputy %s)",
                 units_node(json_object_get(o, "master")).text, term,
                 units_node(json_object_get(o, "deputy")).text);
    else if (strcmp(state, "master") == 0)
        snprintf(line, sizeof line, "master (term %" JSON_INTEGER_FORMAT ", deputy %s)", term,
                 units_node(json_object_get(o, "deputy")).text);
    else if (strcmp(state, "fallback") == 0)
        snprintf(line, sizeof line, "no master is believed: going on by the midpoint of the peers");
    else if (strcmp(state, "free-running") == 0)
        snprintf(line, sizeof line, "free-running: too few peers, the half-width grows");
    else if (strcmp(state, "starting") == 0)
        snprintf(line, sizeof line, "starting: no time yet");
    else if (strcmp(state, "alone") == 0)
        snprintf(line, sizeof line,
                 "alone: the only server, or by the own reference until there is a master");
    else
        snprintf(line, sizeof line, "%s", state);
    row("State", line);
}

static void show_status(const json_t *o)
{
    char line[200];
    const char *status = text_of(o, "status");
    if (strcmp(status, "relative") == 0)
        snprintf(line, sizeof line, "relative: the cluster's own time; its distance to TAI is not known");
    else if (strcmp(status, "unknown") == 0 || strcmp(status, "disrupted") == 0 ||
             strcmp(status, "expired") == 0)
        snprintf(line, sizeof line, "%s: there is no interval now", status);
    else if (strcmp(status, "single-reference") == 0)
        snprintf(line, sizeof line, "single-reference: one reference alone vouches for it (%s)",
                 text_of(o, "source"));
    else if (strcmp(status, "assumed") == 0)
        snprintf(line, sizeof line, "assumed: it rests on an operator's word about the error of a clock");
    else
        snprintf(line, sizeof line, "%s (%s)", status, text_of(o, "source"));
    row("Status", line);
}

static void show_time(const json_t *o)
{
    int64_t earliest, latest;
    char text[TAISTAMP_TIME_TEXT], line[200];
    const json_t *interval = json_object_get(o, "tai");
    if (!units_ns(json_object_get(interval, "earliest_ns"), &earliest) ||
        !units_ns(json_object_get(interval, "latest_ns"), &latest))
        return;
    tai_t middle = {earliest + (latest - earliest) / 2};
    if (taistamp_time_print(middle, TAISTAMP_TAI, 6, NULL, text, NULL) != TAI_OK)
        return;
    bool relative = strcmp(text_of(o, "status"), "relative") == 0;
    snprintf(line, sizeof line, "%s \xc2\xb1 %s", text,
             units_width(json_object_get(o, "half_width_ns")).text);
    row(relative ? "Cluster time" : "Time", line);
}

static void show_budget(const json_t *o)
{
    static const struct {
        const char *key, *name;
    } parts[] = {{"upstream_ns", "upstream"},
                 {"path_ns", "path"},
                 {"stamps_ns", "stamps"},
                 {"age_ns", "age"},
                 {"slew_ns", "slew"}};
    const json_t *budget = json_object_get(o, "budget");
    char line[300];
    size_t used = 0;
    if (!json_is_object(budget))
        return;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && used < sizeof line; i++) {
        int n = snprintf(line + used, sizeof line - used, "%s%s %s", i == 0 ? "" : " + ", parts[i].name,
                         units_width(json_object_get(budget, parts[i].key)).text);
        used += n < 0 ? 0 : (size_t)n;
    }
    row("Half-width of", line);
}

static void show_rates(const json_t *o)
{
    char line[200];
    const json_t *rate = json_object_get(o, "rate_ps_per_s"), *skew = json_object_get(o, "skew_ps_per_s");
    const json_t *system = json_object_get(o, "system_ns");
    bool known = json_is_integer(skew);
    if (json_is_integer(rate)) {
        snprintf(line, sizeof line, "%s%s%s against the raw clock", units_rate(rate).text,
                 known ? " \xc2\xb1 " : "", known ? units_spread(skew).text : "");
        row("Rate", line);
    }
    if (json_is_string(system)) {
        struct units_text off = units_offset(system);
        const json_t *told = json_object_get(o, "system_rate_ps_per_s");
        bool steered = json_integer_value(told) != 0; /* mode page leaves it alone */
        snprintf(line, sizeof line, "%s %s this time%s%s", off.text + 1,
                 off.text[0] == '-' ? "ahead of" : "behind", steered ? ", told to run at " : "",
                 steered ? units_rate(told).text : "");
        row("System clock", line);
    }
}

static void show_corrections(const json_t *o)
{
    const json_t *c = json_object_get(o, "corrections");
    char line[120];
    snprintf(line, sizeof line,
             "%" JSON_INTEGER_FORMAT " accepted, %" JSON_INTEGER_FORMAT " suspect, %" JSON_INTEGER_FORMAT
             " rejected",
             json_integer_value(json_object_get(c, "accepted")),
             json_integer_value(json_object_get(c, "suspect")),
             json_integer_value(json_object_get(c, "rejected")));
    row("Corrections", line);
}

/* Of an instant of TAI; as of UTC but for half a minute a day. */
static struct units_text date(int64_t ns)
{
    char text[TAISTAMP_TIME_TEXT] = "";
    struct units_text shown;
    (void)!taistamp_time_print((tai_t){ns}, TAISTAMP_TAI, 0, NULL, text, NULL);
    snprintf(shown.text, sizeof shown.text, "%.10s", text);
    return shown;
}

static void show_leap(const json_t *o)
{
    const json_t *leap = json_object_get(o, "leap");
    int64_t expires, next, latest;
    char line[300], coming[100] = "", differ[80] = "";
    json_int_t others = json_integer_value(json_object_get(json_object_get(leap, "announced"), "differ"));
    if (others > 0)
        snprintf(differ, sizeof differ, "; %" JSON_INTEGER_FORMAT " of the references %s other leap seconds",
                 others, others == 1 ? "announces" : "announce");
    if (!units_ns(json_object_get(leap, "expires_ns"), &expires)) {
        row("UTC", "not known: no leap-second table");
        return;
    }
    json_int_t now_s = json_integer_value(json_object_get(leap, "tai_utc_s"));
    if (units_ns(json_object_get(leap, "next_ns"), &next))
        snprintf(coming, sizeof coming, ", %" JSON_INTEGER_FORMAT " s from %s on",
                 json_integer_value(json_object_get(leap, "next_tai_utc_s")), date(next).text);
    bool past =
        units_ns(json_object_get(json_object_get(o, "tai"), "latest_ns"), &latest) && latest >= expires;
    snprintf(line, sizeof line, "TAI-UTC %" JSON_INTEGER_FORMAT " s%s; %s %s%s%s", now_s, coming,
             past ? "DOUBTFUL: the leap-second table expired on" : "the leap-second table holds until",
             date(expires).text, past ? " (tai-leap update)" : "", differ);
    row("UTC", line);
}

void show_tracking(const json_t *o, bool verbose)
{
    show_state(o);
    show_status(o);
    show_time(o);
    show_budget(o);
    show_rates(o);
    show_corrections(o);
    show_leap(o);
    const json_t *reference = json_object_get(o, "reference");
    if (json_is_object(reference)) {
        char line[200];
        int64_t holdover_ns;
        json_int_t count = json_integer_value(json_object_get(o, "references"));
        int n = snprintf(line, sizeof line, "own: %s \xc2\xb1 %s", text_of(reference, "kind"),
                         units_width(json_object_get(reference, "half_width_ns")).text);
        size_t used = n < 0 ? 0 : (size_t)n;
        if (units_ns(json_object_get(o, "holdover_ns"), &holdover_ns) && holdover_ns > 0)
            snprintf(line + used, sizeof line - used, ", by the oscillator alone for %s",
                     units_age(json_object_get(o, "holdover_ns")).text);
        else if (count > 1)
            snprintf(line + used, sizeof line - used, ", by %" JSON_INTEGER_FORMAT " sources", count);
        row("Reference", line);
    }
    if (verbose) {
        const json_t *hlc = json_object_get(o, "hlc");
        printf("%-14s %s (%" JSON_INTEGER_FORMAT " changes)\n", "Timeline", text_of(o, "timeline"),
               json_integer_value(json_object_get(o, "timeline_changes")));
        printf("%-14s %s / %" JSON_INTEGER_FORMAT "\n", "Hybrid clock", text_of(hlc, "ns"),
               json_integer_value(json_object_get(hlc, "count")));
        if (json_is_integer(json_object_get(o, "growth_ppb")))
            printf("%-14s the half-width grows by %" JSON_INTEGER_FORMAT " ns each second\n", "Growth",
                   json_integer_value(json_object_get(o, "growth_ppb")));
    }
}
