/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/usage.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

int usage_wrong(const char *command, const char *what, const char *detail)
{
    int name = (int)strcspn(command, " ");
    fprintf(stderr, "%.*s: %s%s\nTry '%s --help'.\n", name, command, what, detail, command);
    return 2;
}

int usage_refused(const char *command, int c, char *const *argv)
{
    const char *word = argv[optind - 1];
    if (c == ':')
        return usage_wrong(command, "a value is missing after ", word);
    if (optopt > 0 && optopt < 256 && strchr(word, '=') == NULL) {
        char letter[2] = {(char)optopt, 0};
        return usage_wrong(command, "unknown option -", letter);
    }
    return usage_wrong(command, "unknown or ambiguous option ", word);
}
