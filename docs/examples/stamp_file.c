/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps one file and writes its receipt beside it: what an app does with libtaistamp and libtaistamp-net.
 *
 *     cc stamp_file.c $(pkg-config --cflags --libs libtaistamp libtaistamp-net) -o stamp_file
 *     ./stamp_file http://127.0.0.1:8023 POLICY FILE
 *
 * A real app keeps the secret (32 random bytes, readable by its user only) and counts how often it stamped a
 * digest; then a lost receipt can be made again. This example draws a new secret each time and forgets it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <taistamp.h>

static bool read_policy(const char *path, taistamp_policy **ret_policy)
{
    char text[65536];
    FILE *f = fopen(path, "rb");
    size_t len = f != NULL ? fread(text, 1, sizeof text, f) : 0;
    if (f == NULL || len == sizeof text) {
        fprintf(stderr, "stamp_file: %s: %s\n", path, f == NULL ? strerror(errno) : "too long");
        if (f != NULL)
            fclose(f);
        return false;
    }
    fclose(f);
    struct tai_error error;
    if (taistamp_policy_parse(text, len, ret_policy, &error) == TAI_OK)
        return true;
    fprintf(stderr, "stamp_file: %s: %s\n", path, error.text);
    return false;
}

static bool add_file(taistamp_stamping *stamping, const char *path)
{
    struct tai_error error = {.text = "cannot be opened"};
    struct taistamp_digest digest;
    const char *slash = strrchr(path, '/');
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && taistamp_hash_fd(fd, TAISTAMP_SHA256, NULL, NULL, &digest, &error) == TAI_OK &&
              taistamp_stamping_add(stamping, &digest, slash != NULL ? slash + 1 : path, 0) == TAI_OK;
    if (!ok)
        fprintf(stderr, "stamp_file: %s: %s\n", path, error.text);
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool write_receipt(const taistamp_stamping *stamping, const char *path)
{
    char name[4096];
    char *text = NULL;
    size_t len = 0;
    if (snprintf(name, sizeof name, "%s.tai", path) >= (int)sizeof name ||
        taistamp_stamping_receipt(stamping, 0, &text, &len) != TAI_OK)
        return false;
    FILE *f = fopen(name, "wbx");
    bool ok = f != NULL && fwrite(text, 1, len, f) == len;
    if (f != NULL)
        ok = fclose(f) == 0 && ok;
    if (ok)
        printf("%s\n", name);
    else
        fprintf(stderr, "stamp_file: %s: %s\n", name, strerror(errno));
    free(text);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: stamp_file URL POLICY FILE\n");
        return 2;
    }
    uint8_t secret[TAISTAMP_SECRET_LEN];
    if (getrandom(secret, sizeof secret, 0) != (ssize_t)sizeof secret)
        return 2;
    struct tai_error error;
    taistamp_policy *policy = NULL;
    taistamp_leaps *leaps = NULL;
    taistamp_net *net = NULL;
    taistamp_stamping *stamping = NULL;
    int status = 1;
    if (!read_policy(argv[2], &policy))
        ;
    else if (taistamp_leaps_load(NULL, &leaps, &error) != TAI_OK ||
             taistamp_net_new(argv[1], NULL, &net, &error) != TAI_OK)
        fprintf(stderr, "stamp_file: %s\n", error.text);
    else if (taistamp_stamping_new(secret, NULL, &stamping) != TAI_OK || !add_file(stamping, argv[3]))
        ;
    else if (taistamp_net_stamp(net, stamping, policy, NULL, leaps, &error) != TAI_OK)
        fprintf(stderr, "stamp_file: %s\n", error.text);
    else
        status = write_receipt(stamping, argv[3]) ? 0 : 1;
    taistamp_stamping_free(stamping);
    taistamp_net_free(net);
    taistamp_leaps_free(leaps);
    taistamp_policy_free(policy);
    return status;
}
