/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/taictl/show.h"
#include "tools/taictl/units.h"

/* printf pads by bytes, and the Greek letter has two. */
static void cell(const char *text, int width)
{
    int shown = 0;
    for (const char *c = text; *c != 0; c++)
        shown += ((unsigned char)*c & 0xC0) != 0x80;
    printf("%s%*s", text, shown < width ? width - shown : 1, "");
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text != NULL ? text : "-";
}

static void verdict(const json_t *s)
{
    const char *reason = json_string_value(json_object_get(s, "reason"));
    const char *word = text_of(s, "verdict");
    printf("%s", word);
    if (reason != NULL)
        printf(": %s by %s", reason, units_width(json_object_get(s, "reason_ns")).text);
    if (json_is_object(json_object_get(s, "reference")))
        printf(" [own reference: %s]", text_of(json_object_get(s, "reference"), "kind"));
    putchar('\n');
}

void show_sources(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "sources");
    if (json_array_size(list) == 0) {
        puts("No other nodes in the cluster; where this one gets the time from: taictl references");
        return;
    }
    printf("%-16s %-13s %-10s %-10s %-8s %-8s %s\n", "Node", "Offset", "\xc2\xb1", " Delay", "Poll", "Age",
           "Verdict");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        cell(units_node(json_object_get(s, "node")).text, 17);
        cell(units_offset(json_object_get(s, "offset_ns")).text, 14);
        cell(units_width(json_object_get(s, "half_width_ns")).text, 11);
        cell(units_width(json_object_get(s, "delay_ns")).text, 11);
        cell(units_age(json_object_get(s, "poll_ns")).text, 9);
        cell(units_age(json_object_get(s, "age_ns")).text, 9);
        verdict(s);
    }
}

void show_sourcestats(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "sources");
    printf("%-16s %-8s %-9s %-13s %-10s %-10s %-10s %-10s %s\n", "Node", "Samples", "Span", "Rate", "Skew",
           "Wander", "Sigma", "Sent", "Lost/bad");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        cell(units_node(json_object_get(s, "node")).text, 17);
        printf("%-8" JSON_INTEGER_FORMAT " ", json_integer_value(json_object_get(s, "samples")));
        cell(units_age(json_object_get(s, "window_ns")).text, 10);
        cell(units_rate(json_object_get(s, "rate_ps_per_s")).text, 14);
        cell(units_spread(json_object_get(s, "skew_ps_per_s")).text, 11);
        cell(units_spread(json_object_get(s, "wander_ps_per_s")).text, 11);
        cell(units_width(json_object_get(s, "sigma_ns")).text, 11);
        printf("%-10" JSON_INTEGER_FORMAT " %" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT "\n",
               json_integer_value(json_object_get(s, "sent")), json_integer_value(json_object_get(s, "lost")),
               json_integer_value(json_object_get(s, "bad")));
    }
}
