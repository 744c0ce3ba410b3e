/* SPDX-License-Identifier: Apache-2.0 */
#include "server/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"

enum { RETRY_MS = 50, RUN_MODE = 0755, FILE_MODE = 0644 };

static char *run_path(const struct taid_config *config, const char *name, const char *suffix)
{
    char *path = NULL;
    return asprintf(&path, "%s/run/%s%s", config->data_dir, name, suffix) < 0 ? NULL : path;
}

static enum tai_err no_memory(struct tai_error *error)
{
    return error_set(error, TAI_ERR_MEMORY, "out of memory");
}

/* The clock process makes its page in there; the supervisor's own files do not mind who owns the folder,
 * because root follows no link in it. */
static enum tai_err make_run(const struct taid_config *config, struct tai_error *error)
{
    char *path = file_path(config->data_dir, "run");
    if (path == NULL)
        return no_memory(error);
    enum tai_err err = TAI_OK;
    if (mkdir(path, RUN_MODE) != 0 && errno != EEXIST)
        err = file_error(error, errno, "cannot make", path);
    int fd = err == TAI_OK ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (err == TAI_OK && fd < 0)
        err = file_error(error, errno, "cannot open", path);
    if (err == TAI_OK && geteuid() == 0 && config->clock.user != NULL) {
        const struct passwd *entry = getpwnam(config->clock.user);
        if (entry != NULL && fchown(fd, entry->pw_uid, entry->pw_gid) != 0)
            err = file_error(error, errno, "cannot give to clock.user", path);
    }
    if (fd >= 0)
        close(fd);
    free(path);
    return err;
}

static pid_t read_pid(int fd)
{
    char text[24];
    ssize_t n = pread(fd, text, sizeof text, 0);
    uint64_t pid = 0;
    if (n < 2 || text[n - 1] != '\n' || !text_read_u64(bytes_of(text, (size_t)n - 1), INT32_MAX, &pid))
        return 0;
    return (pid_t)pid;
}

static void write_pid(int fd)
{
    char text[24];
    struct out o = out_of(text, sizeof text);
    out_i64(&o, getpid());
    out_char(&o, '\n');
    /* Best effort: the lock holds without it, only a refusal could not name us. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, o.data, o.len, 0) != (ssize_t)o.len)
        log_warning("cannot write the process id into the lock file: %s", strerror(errno));
}

static bool is_alive(pid_t pid)
{
    return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

static enum tai_err refuse_in_use(const char *path, pid_t pid, struct tai_error *error)
{
    char text[80];
    struct out o = out_of(text, sizeof text);
    out_str(&o, "another taid");
    if (pid > 0) {
        out_str(&o, " (pid ");
        out_i64(&o, pid);
        out_str(&o, ")");
    }
    out_str(&o, " runs on this data directory");
    out_terminate(&o);
    return error_set_detail(error, TAI_ERR_CONFLICT, text, bytes_of_str(path));
}

/* `how`: LOCK_EX or LOCK_SH. */
static enum tai_err take(const char *path, int how, unsigned wait_ms, int *ret_fd, struct tai_error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return file_error(error, errno, "cannot open", path);
    for (unsigned waited = 0; flock(fd, how | LOCK_NB) != 0; waited += RETRY_MS) {
        pid_t pid = read_pid(fd);
        if (errno != EWOULDBLOCK && errno != EINTR) {
            enum tai_err err = file_error(error, errno, "cannot lock", path);
            close(fd);
            return err;
        }
        if (waited >= wait_ms || is_alive(pid)) {
            close(fd);
            return refuse_in_use(path, pid, error);
        }
        nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * 1000000L}, NULL);
    }
    *ret_fd = fd;
    return TAI_OK;
}

enum tai_err lock_take(const struct taid_config *config, const char *part, unsigned wait_ms,
                       struct lock *ret_lock, struct tai_error *error)
{
    enum tai_err err = make_run(config, error);
    if (err != TAI_OK)
        return err;
    char *whole = run_path(config, "lock", ""), *own = run_path(config, part != NULL ? part : "", ".lock");
    struct lock lock = {-1, -1};
    err = whole == NULL || own == NULL ? no_memory(error) : TAI_OK;
    if (err == TAI_OK)
        err = take(whole, part != NULL ? LOCK_SH : LOCK_EX, wait_ms, &lock.whole, error);
    if (err == TAI_OK && part != NULL)
        err = take(own, LOCK_EX, wait_ms, &lock.part, error);
    free(whole);
    free(own);
    if (err != TAI_OK) {
        lock_release(&lock);
        return err;
    }
    write_pid(part != NULL ? lock.part : lock.whole);
    *ret_lock = lock;
    return TAI_OK;
}

void lock_release(struct lock *lock)
{
    if (lock->part >= 0)
        close(lock->part);
    if (lock->whole >= 0)
        close(lock->whole);
    *lock = (struct lock){-1, -1};
}

/* Of who holds it alone. */
static pid_t holder(char *path)
{
    int fd = path != NULL ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    free(path);
    if (fd < 0)
        return 0;
    pid_t pid = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK ? read_pid(fd) : 0;
    close(fd);
    return pid;
}

pid_t lock_owner(const struct taid_config *config)
{
    /* Shared holds (processes alone in the foreground) do not count: only the supervisor writes its pid in
     * here. */
    return holder(run_path(config, "lock", ""));
}

pid_t lock_part_owner(const struct taid_config *config, const char *part)
{
    return holder(run_path(config, part, ".lock"));
}

void lock_tell(const struct taid_config *config, const char *name, const char *text)
{
    char *path = run_path(config, name, "");
    if (path == NULL)
        return;
    struct tai_error error;
    if (text == NULL)
        unlink(path);
    else if (file_write(&file_posix, path, FILE_MODE, FILE_REPLACE, bytes_of_str(text), &error) != TAI_OK)
        log_warning("%s", error.text);
    free(path);
}
