/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of taid.yaml: texts that must be taken, printed, or refused with their words. */
#ifndef TESTS_UNIT_CONFIG_TEXT_H
#define TESTS_UNIT_CONFIG_TEXT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/config.h"

/* A text that is refused, and how the message begins, after "t.yaml:". */
struct config_bad {
    const char *text;
    enum tai_err code;
    const char *message;
};

static inline struct taid_config *must_parse(const char *text)
{
    struct taid_config *c = NULL;
    struct tai_error error = {0};
    enum tai_err err = config_parse("/etc/t/taid.yaml", text, strlen(text), &c, &error);
    ck_assert_msg(err == TAI_OK, "%s", error.text);
    return c;
}

static inline void must_refuse(const struct config_bad *b, int row)
{
    struct taid_config *c = NULL;
    struct tai_error error = {0};
    enum tai_err err = config_parse("t.yaml", b->text, strlen(b->text), &c, &error);
    ck_assert_msg(err == b->code, "case %d: %d %s", row, err, error.text);
    ck_assert_ptr_null(c);
    char start[200];
    snprintf(start, sizeof start, "t.yaml:%s", b->message);
    ck_assert_msg(strncmp(error.text, start, strlen(start)) == 0, "case %d: %s", row, error.text);
}

static inline char *printed(const struct taid_config *c)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    config_print(c, f);
    fclose(f);
    return text;
}

/* What is printed, which must read back to the same. malloc'ed. */
static inline char *print_twice(const struct taid_config *c)
{
    char *once = printed(c);
    struct taid_config *again = must_parse(once);
    char *twice = printed(again);
    ck_assert_str_eq(once, twice);
    config_free(again);
    free(twice);
    return once;
}

#endif
