/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tools/taictl/show.h"
#include "tools/taictl/units.h"

/* Of an announcement of leap seconds that needs no remark. */
#define AGREES "agrees with the leap table"

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

static void show_own(const json_t *answer)
{
    const json_t *own = json_object_get(answer, "reference");
    int64_t holdover_ns;
    bool held = units_ns(json_object_get(answer, "holdover_ns"), &holdover_ns);
    json_int_t voices = json_integer_value(json_object_get(answer, "voices"));
    if (!json_is_object(own)) {
        puts("No reference: what the sources say is not (yet) vouched for");
        return;
    }
    printf("Reference  %s \xc2\xb1 %s", text_of(own, "kind"),
           units_width(json_object_get(own, "half_width_ns")).text);
    if (held && holdover_ns > 0)
        printf(", by the oscillator alone for %s", units_age(json_object_get(answer, "holdover_ns")).text);
    else
        printf(", by %" JSON_INTEGER_FORMAT " source%s%s", voices, voices == 1 ? "" : "s",
               json_is_true(json_object_get(answer, "doubt")) ? ", in doubt" : "");
    putchar('\n');
}

static void show_make(const json_t *answer)
{
    static const struct {
        const char *key, *name;
    } parts[] = {{"source_ns", "accuracy"},
                 {"samples_ns", "samples"},
                 {"spread_ns", "spread"},
                 {"holdover_ns", "holdover"},
                 {"doubt_ns", "doubt"}};
    const json_t *budget = json_object_get(answer, "budget");
    if (!json_is_object(json_object_get(answer, "reference")))
        return;
    fputs("Made of    ", stdout);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        printf("%s%s %s", i == 0 ? "" : " + ", parts[i].name,
               units_width(json_object_get(budget, parts[i].key)).text);
    puts("\n");
}

static void show_verdict(const json_t *s)
{
    const char *verdict = text_of(s, "verdict");
    int64_t left_ns;
    printf("%s", verdict);
    if (strcmp(verdict, "accepted") != 0)
        printf(": %s", text_of(s, "why"));
    if (units_ns(json_object_get(s, "quarantine_ns"), &left_ns) && left_ns > 0)
        printf(" (%s left)", units_age(json_object_get(s, "quarantine_ns")).text);
    const json_t *signs = json_object_get(s, "signs");
    for (size_t i = 0; i < json_array_size(signs); i++) {
        const char *sign = json_string_value(json_array_get(signs, i));
        printf(" [%s]", sign != NULL ? sign : "-");
    }
    const char *announces = json_string_value(json_object_get(s, "announces"));
    if (announces != NULL && strcmp(announces, AGREES) != 0)
        printf(" [%s]", announces);
    putchar('\n');
}

void show_references(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "references");
    show_own(answer);
    show_make(answer);
    printf("%-16s %-13s %-13s %-11s %-8s %-6s %s\n", "Source", "Driver", "Offset", "\xc2\xb1", "Samples",
           "Age", "Verdict");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        cell(text_of(s, "name"), 17);
        cell(text_of(s, "driver"), 14);
        cell(units_offset(json_object_get(s, "offset_ns")).text, 14);
        cell(units_width(json_object_get(s, "half_width_ns")).text, 11);
        printf("%-8" JSON_INTEGER_FORMAT " ", json_integer_value(json_object_get(s, "samples")));
        cell(units_age(json_object_get(s, "age_ns")).text, 7);
        show_verdict(s);
    }
}
