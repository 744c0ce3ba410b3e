/* SPDX-License-Identifier: Apache-2.0 */
/* tai-stamp: stamps files and verifies receipts. Here only the way from the command line to a command. */
#include <signal.h>
#include <stdio.h>

#include "tools/tai-stamp/commands.h"

static int run(const struct options *o)
{
    switch (o->command) {
    case COMMAND_STAMP:
    case COMMAND_FLUSH:
        return command_stamp(o);
    case COMMAND_VERIFY:
        return command_verify(o);
    case COMMAND_INFO:
        return command_info(o);
    case COMMAND_TRUST:
        return command_trust(o);
    case COMMAND_RESTORE:
        return command_restore(o);
    case COMMAND_EXPORT:
        return command_export(o);
    case COMMAND_ALL:
        break;
    }
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct options o;
    int code;

    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of writing, seen below */
    code = options_read(argc, argv, &o);
    if (code < 0)
        code = run(&o);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("tai-stamp: standard output");
        if (code == EXIT_OK)
            code = EXIT_PARTIAL;
    }
    return code;
}
