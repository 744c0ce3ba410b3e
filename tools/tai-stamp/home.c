/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/home.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/text.h"

static char *place(const char *variable, const char *usual, const char *below)
{
    const char *base = getenv(variable);

    if (base != NULL && base[0] == '/')
        return text_printf("%s/taistamp/%s", base, below);
    base = getenv("HOME");
    if (base == NULL || base[0] != '/') {
        const struct passwd *user = getpwuid(getuid());

        base = user != NULL ? user->pw_dir : NULL;
    }
    if (base == NULL || base[0] != '/')
        return NULL;
    return text_printf("%s/%s/taistamp/%s", base, usual, below);
}

char *home_config(const char *below)
{
    return place("XDG_CONFIG_HOME", ".config", below);
}

char *home_data(const char *below)
{
    return place("XDG_DATA_HOME", ".local/share", below);
}
