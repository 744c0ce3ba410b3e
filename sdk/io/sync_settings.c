/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/io/sync_settings.h"

#include <stddef.h>

const char *const sync_mode_words[] = {"page", "system", NULL};
const char *const sync_driver_words[] = {"none", "system-clock", NULL};
const char *const sync_oscillator_words[] = {"pc", "tcxo", "ocxo", "rubidium", NULL};
