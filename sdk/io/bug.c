/* SPDX-License-Identifier: Apache-2.0 */
/* How a process dies of our own mistake: one line on standard error, then abort (a core dump has the rest). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/base/bug.h"

_Noreturn void tai_bug(const char *what, const char *file, int line)
{
    char text[512];
    int n = snprintf(text, sizeof text, "taistamp: internal error at %s:%d: %s\n", file, line, what);
    if (n > 0) {
        ssize_t ignored = write(STDERR_FILENO, text, strnlen(text, sizeof text));
        (void)ignored;
    }
    abort();
}
