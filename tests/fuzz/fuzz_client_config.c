/* SPDX-License-Identifier: Apache-2.0 */
/* tai-client.yaml: whatever is taken prints to something that is taken again and prints the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/io/client_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct client_config *config)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (f == NULL)
        abort();
    client_config_print(config, f);
    fclose(f);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client_config *config = NULL;
    struct tai_error error = {0};
    if (client_config_parse("/etc/c.yaml", data, size, &config, &error) != TAI_OK) {
        if (config != NULL || error.text[0] == 0)
            abort();
        return 0;
    }
    char *once = print(config);
    client_config_free(config);
    config = NULL;
    if (client_config_parse("/etc/c.yaml", once, strlen(once), &config, &error) != TAI_OK)
        abort();
    char *twice = print(config);
    if (strcmp(once, twice) != 0)
        abort();
    client_config_free(config);
    free(once);
    free(twice);
    return 0;
}
