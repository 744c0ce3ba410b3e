/* SPDX-License-Identifier: Apache-2.0 */
/* Golden vectors through the public interface: what cases.json says is what verification must say.
 *
 * tests/vectors/proof always; further folders of the same shape from TEST_VECTORS (separated by ':'). */
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <taistamp.h>

static taistamp_leaps *leaps;

static char *slurp(const char *dir, const char *name, const char *suffix, size_t *ret_len)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s%s", dir, name, suffix);
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "no %s", path);
    char *text = malloc(1 << 20);
    ck_assert_ptr_nonnull(text);
    *ret_len = fread(text, 1, 1 << 20, f);
    fclose(f);
    return text;
}

/* What one case came to. `word` is a verdict's name, or where reading refused: "policy", "trust", "format". */
struct outcome {
    const char *word;
    struct taistamp_verification v;
};

static void verify_file(const char *dir, const char *name, taistamp_receipt *receipt, taistamp_policy *policy,
                        taistamp_trust *trust, struct outcome *o)
{
    struct taistamp_receipt_info info;
    struct taistamp_digest digest;
    struct tai_error error;
    char path[4096];
    taistamp_receipt_info(receipt, &info);
    snprintf(path, sizeof path, "%s/%s.file", dir, name);
    int fd = open(path, O_RDONLY);
    ck_assert_msg(fd >= 0, "no %s", path);
    ck_assert_int_eq(taistamp_hash_fd(fd, info.digest.algorithm, NULL, NULL, &digest, &error), TAI_OK);
    close(fd);
    ck_assert_int_eq(taistamp_verify_digest(receipt, &digest, policy, trust, leaps, &o->v), TAI_OK);
    o->word = taistamp_verdict_name(o->v.verdict);
}

static struct outcome run_case(const char *dir, const char *name, const char *policy_name,
                               const char *trust_name)
{
    struct outcome o = {.word = "policy"};
    struct tai_error error;
    taistamp_policy *policy = NULL;
    taistamp_trust *trust = NULL;
    taistamp_receipt *receipt = NULL;
    size_t len;
    char *text = slurp(dir, policy_name, "", &len);
    bool ok = taistamp_policy_parse(text, len, &policy, &error) == TAI_OK;
    free(text);
    if (ok && trust_name != NULL) {
        o.word = "trust";
        text = slurp(dir, trust_name, "", &len);
        ok = taistamp_trust_parse(text, len, &trust, &error) == TAI_OK;
        free(text);
    }
    if (ok) {
        o.word = "format";
        text = slurp(dir, name, ".tai", &len);
        ok = taistamp_receipt_parse(text, len, &receipt, &error) == TAI_OK;
        free(text);
    }
    if (ok)
        verify_file(dir, name, receipt, policy, trust, &o);
    else
        ck_assert_msg(strlen(error.text) > 10, "%s: no sentence about the failure", name);
    taistamp_receipt_free(receipt);
    taistamp_trust_free(trust);
    taistamp_policy_free(policy);
    return o;
}

static const char *string_of(const json_t *c, const char *key, const char *otherwise)
{
    const json_t *v = json_object_get(c, key);
    return v == NULL ? otherwise : json_string_value(v);
}

static void check_ns(const char *name, const char *what, const json_t *c, const char *key, int64_t ns)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)ns);
    ck_assert_msg(strcmp(string_of(c, key, "none"), text) == 0, "%s: %s is %s", name, what, text);
}

static void check_valid(const char *name, const json_t *c, const struct taistamp_verification *v)
{
    const json_t *independent = json_object_get(c, "independent_tai");
    bool is_void = json_is_true(json_object_get(c, "claim_void"));
    ck_assert_msg(v->verdict == (is_void ? TAISTAMP_CLAIM_VOID : TAISTAMP_VALID), "%s: %s: %s", name,
                  taistamp_verdict_name(v->verdict), v->reason);
    check_ns(name, "t", c, "t", v->t.ns);
    check_ns(name, "h", c, "h", v->h.ns);
    ck_assert_str_eq(taistamp_clock_name(v->clock), string_of(c, "clock", ""));
    ck_assert_msg((json_int_t)v->index == json_integer_value(json_object_get(c, "index")), "%s: index", name);
    ck_assert_msg((json_int_t)v->size == json_integer_value(json_object_get(c, "size")), "%s: size", name);
    ck_assert_msg(v->has_independent == json_is_string(independent), "%s: an independent time or none", name);
    if (json_is_string(independent))
        check_ns(name, "independent", c, "independent_tai", v->independent.ns);
}

static size_t run_folder(const char *dir)
{
    json_error_t why;
    char path[4096];
    size_t i;
    json_t *c;
    snprintf(path, sizeof path, "%s/cases.json", dir);
    json_t *root = json_load_file(path, 0, &why);
    ck_assert_msg(root != NULL, "%s: %s", path, why.text);
    json_t *cases = json_object_get(root, "cases");
    json_array_foreach(cases, i, c)
    {
        const char *name = string_of(c, "name", "");
        struct outcome o = run_case(dir, name, string_of(c, "policy", "policy"), string_of(c, "trust", NULL));
        if (json_is_true(json_object_get(c, "valid"))) {
            ck_assert_msg(strcmp(o.word, "policy") != 0 && strcmp(o.word, "trust") != 0 &&
                              strcmp(o.word, "format") != 0,
                          "%s: refused as %s", name, o.word);
            check_valid(name, c, &o.v);
            continue;
        }
        ck_assert_msg(strcmp(o.word, "valid") != 0 && strcmp(o.word, "claim_void") != 0,
                      "%s (%s, %s) was accepted: %s", name, string_of(c, "policy", "policy"),
                      string_of(c, "trust", "-"), string_of(c, "why", ""));
        const char *verdict = string_of(c, "verdict", o.word); /* our own vectors say which refusal */
        ck_assert_msg(strcmp(o.word, verdict) == 0, "%s (%s): %s instead of %s", name,
                      string_of(c, "policy", "policy"), o.word, verdict);
    }
    size_t n = json_array_size(cases);
    json_decref(root);
    printf("%s: %zu cases\n", dir, n);
    return n;
}

START_TEST(test_own)
{
    ck_assert_uint_ge(run_folder(TEST_SRCDIR "/tests/vectors/proof"), 60);
}
END_TEST

START_TEST(test_given)
{
    const char *given = getenv("TEST_VECTORS");
    char *list = strdup(given == NULL ? "" : given), *rest = list, *dir;
    while ((dir = strsep(&rest, ":")) != NULL)
        if (*dir != 0)
            ck_assert_uint_gt(run_folder(dir), 0);
    free(list);
    /* A folder of vectors beside the source tree is used when it is there; the project does not need it. */
    if (access(TEST_SRCDIR "/../shared/data/vectors/cases.json", R_OK) == 0)
        ck_assert_uint_gt(run_folder(TEST_SRCDIR "/../shared/data/vectors"), 0);
}
END_TEST

static void setup(void)
{
    struct tai_error error;
    enum tai_err err = taistamp_leaps_load(TEST_SRCDIR "/leapseconds/leap-seconds.list", &leaps, &error);
    ck_assert_msg(err == TAI_OK, "%s", error.text);
}

static void teardown(void)
{
    taistamp_leaps_free(leaps);
}

int main(void)
{
    Suite *s = suite_create("vectors");
    TCase *t = tcase_create("vectors");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_own);
    tcase_add_test(t, test_given);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
