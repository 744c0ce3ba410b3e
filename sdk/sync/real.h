/* SPDX-License-Identifier: Apache-2.0 */
/* The few real functions that the estimators need, without the mathematics library (pure code links nothing).
 *
 * For estimates only: no decision and no rigorous bound may rest on them. Relative error below 1e-10 where not said
 * otherwise, checked against the library by tests/unit/test_real.c. Finite arguments; no errno, no state, any
 * thread. */
#ifndef SDK_SYNC_REAL_H
#define SDK_SYNC_REAL_H

#include <stdint.h>

/* Square root; 0 for what is not positive. */
double real_sqrt(double x);
/* e to the x; 0 below -700, e^700 above 700. */
double real_exp(double x);
/* Natural logarithm of x > 0; -1e300 for what is not positive. */
double real_log(double x);
double real_abs(double x);
/* Nearest integer, halves away from zero; saturates at the ends of the type. */
int64_t real_round(double x);

/* The standard normal distribution below `a`: logarithm of its mass, and density over mass there (the inverse Mills
 * ratio), for any a. What a normal variable loses by being cut off at a: its mean moves down by `ratio` standard
 * deviations. Abramowitz and Stegun, 26.2.11 (series) and 26.2.14 (continued fraction). */
struct real_tail {
    double log_mass;
    double ratio;
};
struct real_tail real_tail_below(double a);

#endif
