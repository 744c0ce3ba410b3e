/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/file.h"
#include "tools/tai-stamp/home.h"
#include "tools/text.h"

static enum tai_err fail(struct tai_error *error, enum tai_err code, const char *path, const char *why)
{
    char *shown = text_escape(path);

    error->code = code;
    snprintf(error->text, sizeof error->text, "%.200s: %.180s", shown, why);
    free(shown);
    return code;
}

static enum tai_err make_secret(const char *path, struct tai_error *error)
{
    uint8_t secret[TAISTAMP_SECRET_LEN];
    char *folder = home_config("");
    int err = file_make_folders(folder, 0700);

    if (err == 0 && getrandom(secret, sizeof secret, 0) != (ssize_t)sizeof secret)
        err = errno;
    if (err == 0)
        err = file_save(path, secret, sizeof secret, 0600, true);
    explicit_bzero(secret, sizeof secret);
    free(folder);
    /* EEXIST: another process was faster, and its secret is ours too. */
    return err == 0 || err == EEXIST ? TAI_OK : fail(error, TAI_ERR_IO, path, strerror(err));
}

enum tai_err state_secret(uint8_t ret_secret[TAISTAMP_SECRET_LEN], struct tai_error *error)
{
    char *path = home_config("secret"), *data = NULL;
    enum tai_err code = TAI_OK;
    struct stat st;
    size_t len;
    int err;

    if (path == NULL)
        return fail(error, TAI_ERR_NOT_FOUND, "home folder", "not found; set HOME or XDG_CONFIG_HOME");
    if (!file_exists(path))
        code = make_secret(path, error);
    if (code == TAI_OK && stat(path, &st) == 0 && (st.st_mode & 077) != 0)
        code = fail(
            error, TAI_ERR_PERMISSION, path,
            "others may read this secret; make it private with 'chmod 600' (it keeps your digests private)");
    if (code == TAI_OK) {
        err = file_load(path, TAISTAMP_SECRET_LEN, &data, &len);
        if (err != 0 && err != EFBIG)
            code = fail(error, TAI_ERR_IO, path, strerror(err));
        else if (err == EFBIG || len != TAISTAMP_SECRET_LEN)
            code = fail(error, TAI_ERR_CORRUPT, path,
                        "is not 32 bytes long; put a backup in its place, or move it away");
        else
            memcpy(ret_secret, data, TAISTAMP_SECRET_LEN);
    }
    if (data != NULL)
        explicit_bzero(data, TAISTAMP_SECRET_LEN);
    free(data);
    free(path);
    return code;
}

bool state_has_secret(void)
{
    char *path = home_config("secret");
    bool there = path != NULL && file_exists(path);

    free(path);
    return there;
}

int state_lock(struct tai_error *error)
{
    char *folder = home_data(""), *path = home_data("lock");
    int fd = -1, err = folder == NULL ? ENOENT : file_make_folders(folder, 0700);

    if (err == 0) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            err = errno;
    }
    while (err == 0 && flock(fd, LOCK_EX) != 0)
        err = errno == EINTR ? 0 : errno;
    if (err != 0) {
        fail(error, TAI_ERR_IO, path != NULL ? path : "home folder", strerror(err));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    free(path);
    free(folder);
    return fd;
}

void state_unlock(int fd)
{
    if (fd >= 0)
        close(fd);
}
