/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/user.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sdk/base/error.h"

struct account {
    uid_t uid;
    gid_t gid;
};

static enum tai_err account_find(const char *user, struct account *ret_account, struct tai_error *error)
{
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL)
        return error_set_detail(error, TAI_ERR_NOT_FOUND, "there is no such user on this machine",
                                bytes_of_str(user));
    *ret_account = (struct account){entry->pw_uid, entry->pw_gid};
    return TAI_OK;
}

enum tai_err user_check(const char *user, struct tai_error *error)
{
    if (user == NULL)
        return TAI_OK;
    struct account account;
    enum tai_err err = account_find(user, &account, error);
    if (err == TAI_OK && geteuid() != 0 && geteuid() != account.uid)
        err = error_set_detail(error, TAI_ERR_PERMISSION, "only root can start a process as another user",
                               bytes_of_str(user));
    return err;
}

/* Of the capabilities that are there, all but CAP_SYS_TIME go, and that one too unless it is kept. The header has no
 * function of the C library; two words of the call hold 64 capabilities. */
static bool keep_only(bool time)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
    const uint32_t wanted = time ? UINT32_C(1) << CAP_SYS_TIME : 0;
    if (syscall(SYS_capget, &header, caps) != 0)
        return false;
    uint32_t kept = caps[0].permitted & wanted;
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        caps[i] = (struct __user_cap_data_struct){0};
    caps[0].permitted = caps[0].effective = kept;
    /* Ambient ones go with what is no longer inheritable. */
    return syscall(SYS_capset, &header, caps) == 0;
}

static bool is_all(uid_t uid, gid_t gid)
{
    uid_t real, effective, saved;
    gid_t greal, geffective, gsaved;
    return getresuid(&real, &effective, &saved) == 0 && getresgid(&greal, &geffective, &gsaved) == 0 &&
           real == uid && effective == uid && saved == uid && greal == gid && geffective == gid &&
           gsaved == gid;
}

static enum tai_err become(const char *user, const struct account *account, bool steers,
                           struct tai_error *error)
{
    if (prctl(PR_SET_KEEPCAPS, steers, 0, 0, 0) != 0 || initgroups(user, account->gid) != 0 ||
        setresgid(account->gid, account->gid, account->gid) != 0 ||
        setresuid(account->uid, account->uid, account->uid) != 0 ||
        (account->uid != 0 && !keep_only(steers)) || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0)
        return error_set_detail(error, TAI_ERR_PERMISSION, "cannot change to the user", bytes_of_str(user));
    /* The way back must be shut. */
    if (!is_all(account->uid, account->gid) || (account->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0)))
        return error_set_detail(error, TAI_ERR_PERMISSION, "the rights of root could not be given up for",
                                bytes_of_str(user));
    return TAI_OK;
}

enum tai_err user_drop(const char *user, bool steers, struct tai_error *error)
{
    struct account account;
    enum tai_err err = user_check(user, error);
    if (err == TAI_OK && user != NULL && geteuid() == 0) {
        err = account_find(user, &account, error);
        if (err == TAI_OK)
            err = become(user, &account, steers, error);
    } else if (err == TAI_OK && geteuid() != 0 && !keep_only(steers)) {
        err = error_set(error, TAI_ERR_PERMISSION, "cannot give up capabilities");
    }
    if (err != TAI_OK)
        return err;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_set(error, TAI_ERR_PERMISSION, "cannot rule out new privileges (PR_SET_NO_NEW_PRIVS)");
    return TAI_OK;
}
