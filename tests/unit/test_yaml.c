/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/io/yaml.h: what is taken and what is refused, with the line that the message names. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/io/yaml.h"

static enum tai_err parse(const char *text, size_t len, struct yaml_tree **ret_tree, struct tai_error *error)
{
    return yaml_tree_parse("f.yaml", text, len, ret_tree, error);
}

START_TEST(test_tree)
{
    static const char text[] = "# head\na: 1\nb: [x, 'y z']\n\nc:\n  d: \"q\"\n  e:\n";
    struct yaml_tree *tree = NULL;
    struct tai_error error;
    ck_assert_int_eq(parse(text, strlen(text), &tree, &error), TAI_OK);
    const struct yaml_item *root = yaml_tree_root(tree);
    ck_assert_int_eq(root->kind, YAML_KIND_MAP);
    const struct yaml_item *a = root->first, *b = a->next, *c = b->next;
    ck_assert_ptr_null(c->next);
    ck_assert_str_eq(a->key, "a");
    ck_assert_str_eq(a->text, "1");
    ck_assert(a->plain);
    ck_assert_uint_eq(a->line, 2);
    ck_assert_int_eq(b->kind, YAML_KIND_LIST);
    ck_assert_str_eq(b->first->text, "x");
    ck_assert_str_eq(b->first->next->text, "y z");
    ck_assert(!b->first->next->plain);
    ck_assert_int_eq(c->kind, YAML_KIND_MAP);
    ck_assert_uint_eq(c->line, 5);
    ck_assert_str_eq(c->first->text, "q");
    ck_assert_uint_eq(c->first->line, 6);
    ck_assert(!yaml_item_is_empty(c->first));
    ck_assert(yaml_item_is_empty(c->first->next));
    yaml_tree_free(tree);
}
END_TEST

#define S(text) (text), sizeof(text) - 1

static const struct bad {
    const char *text;
    size_t len;
    enum tai_err code;
    const char *message; /* how it starts */
} bads[] = {
    {S(""), TAI_ERR_FORMAT, "f.yaml:1: the file is empty"},
    {S("# only words\n\n"), TAI_ERR_FORMAT, "f.yaml:3: the file is empty"},
    {S("a: 1\nb: 2\na: 3\n"), TAI_ERR_FORMAT, "f.yaml:3: \"a\" stands here a second time (first on line 1)"},
    {S("a: 1\nb: {c: 1,\n c: 2}\n"), TAI_ERR_FORMAT, "f.yaml:3: \"c\" stands here a second time"},
    {S("\"a\": 1\na: 1\n"), TAI_ERR_FORMAT, "f.yaml:2: \"a\" stands here a second time"},
    {S("a: &x 1\nb: 2\n"), TAI_ERR_FORMAT, "f.yaml:1: anchors (&x)"},
    {S("a: &x [1]\n"), TAI_ERR_FORMAT, "f.yaml:1: anchors"},
    {S("a: &x {b: 1}\n"), TAI_ERR_FORMAT, "f.yaml:1: anchors"},
    {S("&x a: 1\n"), TAI_ERR_FORMAT, "f.yaml:1: anchors"},
    {S("b: 1\na: *x\n"), TAI_ERR_FORMAT, "f.yaml:2: aliases (*x)"},
    {S("a: !!int 1\n"), TAI_ERR_FORMAT, "f.yaml:1: tags"},
    {S("a: !x [1]\n"), TAI_ERR_FORMAT, "f.yaml:1: tags"},
    {S("a: !x {b: 1}\n"), TAI_ERR_FORMAT, "f.yaml:1: tags"},
    {S("!x a: 1\n"), TAI_ERR_FORMAT, "f.yaml:1: tags"},
    {S("%YAML 1.1\n---\na: 1\n"), TAI_ERR_FORMAT, "f.yaml:1: directives"},
    {S("%TAG ! tag:x,2000:\n---\na: 1\n"), TAI_ERR_FORMAT, "f.yaml:1: directives"},
    {S("a: 1\n---\nb: 2\n"), TAI_ERR_FORMAT, "f.yaml:2: a second document"},
    {S("a: 1\n...\n---\nb: 2\n"), TAI_ERR_FORMAT, "f.yaml:3: a second document"},
    {S("\xEF\xBB\xBF"
       "a: 1\n"),
     TAI_ERR_FORMAT, "f.yaml:1: starts with a byte-order mark"},
    {S("a: 1\nb: \xC0\x80\n"), TAI_ERR_FORMAT, "f.yaml:2: not UTF-8"},
    {S("a: 1\nb: \xFF"), TAI_ERR_FORMAT, "f.yaml:2: not UTF-8"},
    {S("a: 1\n\nb: \x01\n"), TAI_ERR_FORMAT, "f.yaml:3: control characters"},
    {S("a: \"\\0\"\n"), TAI_ERR_FORMAT, "f.yaml:1: a NUL character"},
    {S("a: 1\n? [x, y]\n: 2\n"), TAI_ERR_FORMAT, "f.yaml:2: a key must be plain text"},
    {S("a: 1\n? {x: y}\n: 2\n"), TAI_ERR_FORMAT, "f.yaml:2: a key must be plain text"},
    {S("a: 1\nb: [1, 2\nc: 3\n"), TAI_ERR_FORMAT, "f.yaml:3: "},
    {S("a: 1\n\tb: 2\n"), TAI_ERR_FORMAT, "f.yaml:2: "},
    {S("a: 'open\n"), TAI_ERR_FORMAT, "f.yaml:"},
    {S("a: [[[[[[[[[1]]]]]]]]]\n"), TAI_ERR_SPACE, "f.yaml:1: nested more than 8 deep"},
};

START_TEST(test_refused)
{
    const struct bad *b = &bads[_i];
    struct yaml_tree *tree = NULL;
    struct tai_error error = {0};
    ck_assert_msg(parse(b->text, b->len, &tree, &error) == b->code, "case %d: %s", _i, error.text);
    ck_assert_ptr_null(tree);
    ck_assert_int_eq(error.code, b->code);
    ck_assert_msg(strncmp(error.text, b->message, strlen(b->message)) == 0, "case %d: %s", _i, error.text);
}
END_TEST

START_TEST(test_limits)
{
    struct yaml_tree *tree = NULL;
    struct tai_error error = {0};
    size_t cap = YAML_TEXT_MAX + 16, len = 0;
    char *text = malloc(cap);
    ck_assert_ptr_nonnull(text);
    /* Exactly the limit is taken, one byte more is not. */
    memcpy(text, "a: 1\n#", 6);
    memset(text + 6, 'x', cap - 6);
    ck_assert_int_eq(parse(text, YAML_TEXT_MAX, &tree, &error), TAI_OK);
    yaml_tree_free(tree);
    tree = NULL;
    ck_assert_int_eq(parse(text, YAML_TEXT_MAX + 1, &tree, &error), TAI_ERR_SPACE);
    for (int i = 0; i < YAML_ITEMS_MAX - 1; i++)
        len += (size_t)sprintf(text + len, "k%d:\n", i);
    ck_assert_int_eq(parse(text, len, &tree, &error), TAI_OK);
    yaml_tree_free(tree);
    tree = NULL;
    len += (size_t)sprintf(text + len, "more:\n");
    ck_assert_int_eq(parse(text, len, &tree, &error), TAI_ERR_SPACE);
    ck_assert_ptr_null(tree);
    free(text);
}
END_TEST

START_TEST(test_escapes)
{
    struct yaml_tree *tree = NULL;
    struct tai_error error = {0};
    static const char text[] = "\"a\\nb\": 1\n\"a\\nb\": 2\n";
    ck_assert_int_eq(parse(text, strlen(text), &tree, &error), TAI_ERR_FORMAT);
    ck_assert_ptr_null(strchr(error.text, '\n'));
    ck_assert_ptr_nonnull(strstr(error.text, "a\\x0ab"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("yaml");
    TCase *t = tcase_create("yaml");
    tcase_add_test(t, test_tree);
    tcase_add_loop_test(t, test_refused, 0, (int)(sizeof bads / sizeof bads[0]));
    tcase_add_test(t, test_limits);
    tcase_add_test(t, test_escapes);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
