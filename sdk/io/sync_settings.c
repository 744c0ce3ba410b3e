/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/sync_settings.h"

#include "sdk/io/address.h"

const char *const sync_mode_words[] = {"page", "system", NULL};
const char *const sync_driver_words[] = {"none", "system-clock", NULL};
const char *const sync_oscillator_words[] = {"pc", "tcxo", "ocxo", "rubidium", NULL};

enum tai_err sync_settings_listen(const struct settings *s, const char *section, char *const *listen,
                                  size_t count)
{
    struct address a, b;
    unsigned line = settings_line(s, section, "listen");
    if (count != 2 || !address_parse(listen[0], 0, &a) || !address_parse(listen[1], 0, &b))
        return TAI_OK;
    if (a.family == b.family)
        return settings_refuse(
            s, line, TAI_ERR_FORMAT,
            "listen takes one IPv4 and one IPv6 address; for several of one family listen on all: "
            "0.0.0.0 or \"[::]\", with the port");
    return a.port == b.port ? TAI_OK
                            : settings_refuse(s, line, TAI_ERR_FORMAT,
                                              "listen takes one port for both addresses, not %u and %u",
                                              (unsigned)a.port, (unsigned)b.port);
}
