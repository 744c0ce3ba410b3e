/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies a file against its receipt, with no server and no network.
 *
 *     cc verify_offline.c $(pkg-config --cflags --libs libtaistamp) -o verify_offline
 *     ./verify_offline POLICY RECEIPT FILE */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <taistamp.h>

/* A whole small file, NUL-terminated; NULL with a message. */
static char *slurp(const char *path, size_t limit, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    char *text = f != NULL ? malloc(limit + 1) : NULL;
    size_t len = text != NULL ? fread(text, 1, limit + 1, f) : 0;
    bool ok = text != NULL && ferror(f) == 0 && len <= limit;
    if (!ok)
        fprintf(stderr, "verify_offline: %s: %s\n", path, len > limit ? "too long" : strerror(errno));
    if (f != NULL)
        fclose(f);
    if (!ok) {
        free(text);
        return NULL;
    }
    text[len] = 0;
    *ret_len = len;
    return text;
}

/* The verdict on one file; 0 when the proof holds. */
static int judge(const taistamp_receipt *receipt, const taistamp_policy *policy, const taistamp_leaps *leaps,
                 const char *path)
{
    struct tai_error error = {.text = ""};
    struct taistamp_receipt_info info;
    struct taistamp_digest digest;
    struct taistamp_verification v;
    taistamp_receipt_info(receipt, &info);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || taistamp_hash_fd(fd, info.digest.algorithm, NULL, NULL, &digest, &error) != TAI_OK) {
        fprintf(stderr, "verify_offline: %s: %s\n", path, fd < 0 ? strerror(errno) : error.text);
        if (fd >= 0)
            close(fd);
        return 2;
    }
    close(fd);
    if (taistamp_verify_digest(receipt, &digest, policy, NULL, leaps, &v) != TAI_OK)
        return 2;
    if (v.verdict != TAISTAMP_VALID) {
        printf("%s: %s: %s\n", path, taistamp_verdict_name(v.verdict), v.reason);
        return 1;
    }
    char tai[TAISTAMP_TIME_TEXT];
    if (taistamp_time_print(v.t, TAISTAMP_TAI, 6, NULL, tai, NULL) != TAI_OK)
        return 2;
    printf("%s existed no later than %s, give or take %" PRId64 " ns, by %s\n", path, tai, v.h.ns,
           taistamp_clock_name(v.clock));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: verify_offline POLICY RECEIPT FILE\n");
        return 2;
    }
    struct tai_error error;
    taistamp_policy *policy = NULL;
    taistamp_receipt *receipt = NULL;
    taistamp_leaps *leaps = NULL;
    size_t policy_len = 0, receipt_len = 0;
    char *policy_text = slurp(argv[1], 256 * 1024, &policy_len);
    char *receipt_text = slurp(argv[2], TAISTAMP_RECEIPT_MAX, &receipt_len);
    int status = 2;
    if (policy_text == NULL || receipt_text == NULL)
        ;
    else if (taistamp_policy_parse(policy_text, policy_len, &policy, &error) != TAI_OK)
        fprintf(stderr, "verify_offline: %s: %s\n", argv[1], error.text);
    else if (taistamp_receipt_parse(receipt_text, receipt_len, &receipt, &error) != TAI_OK)
        fprintf(stderr, "verify_offline: %s: %s\n", argv[2], error.text);
    else if (taistamp_leaps_load(NULL, &leaps, &error) != TAI_OK)
        fprintf(stderr, "verify_offline: %s\n", error.text);
    else
        status = judge(receipt, policy, leaps, argv[3]);
    taistamp_leaps_free(leaps);
    taistamp_receipt_free(receipt);
    taistamp_policy_free(policy);
    free(receipt_text);
    free(policy_text);
    return status;
}
