/* SPDX-License-Identifier: Apache-2.0 */
/* A stand-in for the cryptography, for runs where the number of scenarios counts: a keyed mixing function with 256 bits of
 * state. Every property that a simulated attacker could use is the same (it does not know keys and cannot guess codes); it
 * would not stand up to a real one. `sim --crypto openssl` runs with the real functions. */
#ifndef TESTS_SIM_FASTCRYPTO_H
#define TESTS_SIM_FASTCRYPTO_H

#include "sdk/base/crypto.h"

struct crypto fastcrypto(void);

#endif
