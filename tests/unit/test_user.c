/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up the rights of root: what is left, and that there is no way back. Runs in processes of its own; as another
 * user than root only what such a user may do is tried. */
#include <check.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/io/user.h"

static uint64_t permitted(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    /* Valgrind 3.19 knows only of the first of the two that the kernel writes it. Full, so that what is not written shows. */
    const struct __user_cap_data_struct full = {.permitted = UINT32_MAX};
    struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {full, full};
    if (syscall(SYS_capget, &header, caps) != 0)
        return UINT64_MAX;
    return (uint64_t)(caps[1].permitted | caps[1].effective) << 32 | caps[0].permitted | caps[0].effective;
}

/* In a child: 0 if after the change exactly `left` of the capabilities is there and nothing can be gained. */
static int dropped(const char *user, bool steers, uint64_t left)
{
    struct tai_error error;
    if (user_drop(user, steers, &error) != TAI_OK)
        return 1;
    const struct passwd *entry = user != NULL ? getpwnam(user) : NULL;
    if (entry != NULL &&
        (getuid() != entry->pw_uid || geteuid() != entry->pw_uid || getegid() != entry->pw_gid))
        return 2;
    if (geteuid() != 0 && permitted() != left)
        return 3;
    if (geteuid() != 0 && (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0))
        return 4;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 5;
}

static int in_child(const char *user, bool steers, uint64_t left)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(dropped(user, steers, left));
    ck_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(root_becomes_a_user_without_any_right)
{
    if (geteuid() == 0 && getpwnam("nobody") != NULL)
        ck_assert_int_eq(in_child("nobody", false, 0), 0);
}
END_TEST

START_TEST(who_steers_keeps_the_right_to_and_no_other)
{
    uint64_t time = permitted() & UINT64_C(1) << CAP_SYS_TIME; /* a container may lack it */
    if (geteuid() == 0 && getpwnam("nobody") != NULL)
        ck_assert_int_eq(in_child("nobody", true, time), 0);
}
END_TEST

START_TEST(without_a_user_nothing_new_is_gained)
{
    ck_assert_int_eq(in_child(NULL, false, 0), 0);
}
END_TEST

START_TEST(who_is_not_there_is_refused)
{
    struct tai_error error;
    ck_assert_int_eq(user_check("no-such-user-here", &error), TAI_ERR_NOT_FOUND);
    ck_assert_int_eq(user_drop("no-such-user-here", false, &error), TAI_ERR_NOT_FOUND);
    ck_assert_int_eq(user_check(NULL, &error), TAI_OK);
    if (geteuid() != 0)
        ck_assert_int_eq(user_check("root", &error), TAI_ERR_PERMISSION);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("user");
    TCase *tc = tcase_create("rights");
    tcase_add_test(tc, root_becomes_a_user_without_any_right);
    tcase_add_test(tc, who_steers_keeps_the_right_to_and_no_other);
    tcase_add_test(tc, without_a_user_nothing_new_is_gained);
    tcase_add_test(tc, who_is_not_there_is_refused);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
