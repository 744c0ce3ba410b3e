/* SPDX-License-Identifier: Apache-2.0 */
/* taistamp: receipts that prove when a file existed, and a clock that says how wrong it may be.
 *
 * Include this. Link with -ltaistamp, and with -ltaistamp-net for taistamp/net.h. Compiled examples: docs/examples. */
#ifndef TAISTAMP_H
#define TAISTAMP_H

#include "taistamp/base.h"
#include "taistamp/clock.h"
#include "taistamp/hash.h"
#include "taistamp/net.h"
#include "taistamp/proof.h"
#include "taistamp/stamp.h"
#include "taistamp/time.h"

#endif
