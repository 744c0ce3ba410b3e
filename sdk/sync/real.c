/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sync/real.h"

#include <string.h>

static const double ln2 = 0.69314718055994530942;
static const double log_sqrt_2pi = 0.91893853320467274178;

/* IEEE 754 binary64, as everywhere that this runs: 11 bits of exponent above 52 of fraction. */
enum { FRACTION_BITS = 52, EXPONENT_BIAS = 1023, EXPONENT_MASK = 0x7FF };

double real_abs(double x)
{
    return x < 0 ? -x : x;
}

static double power_of_two(int e)
{
    uint64_t bits = (uint64_t)(e + EXPONENT_BIAS) << FRACTION_BITS;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x = m * 2^e with m in [0.75, 1.5), for normal x > 0. */
static double split(double x, int *ret_e)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int e = (int)(bits >> FRACTION_BITS & EXPONENT_MASK) - EXPONENT_BIAS;
    double m = x * power_of_two(-e / 2) * power_of_two(-(e - e / 2));
    if (m >= 1.5) {
        m *= 0.5;
        e++;
    }
    *ret_e = e;
    return m;
}

double real_sqrt(double x)
{
    if (!(x > 1e-300))
        return 0;
    int e;
    double m = split(x, &e);
    if (e % 2 != 0) {
        m *= 2;
        e--;
    }
    /* m in [0.75, 3): a straight line is within 7 %, four steps of Newton's square that error four times. */
    double r = 0.5 + 0.45 * m;
    for (int i = 0; i < 5; i++)
        r = 0.5 * (r + m / r);
    return r * power_of_two(e / 2);
}

double real_exp(double x)
{
    if (x < -700)
        return 0;
    if (x > 700)
        x = 700;
    int n = (int)(x / ln2 + (x < 0 ? -0.5 : 0.5));
    double r = x - n * ln2, sum = 1;
    /* |r| <= 0.35: the 14th term is below 1e-17. */
    for (int k = 13; k > 0; k--)
        sum = 1 + sum * r / k;
    return n < -1000 ? sum * power_of_two(n + 500) * power_of_two(-500) : sum * power_of_two(n);
}

double real_log(double x)
{
    if (!(x > 1e-300))
        return -1e300;
    int e;
    double m = split(x, &e), s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
    /* log m = 2 artanh s, |s| <= 0.2: the terms fall 25-fold each. */
    for (int k = 21; k > 0; k -= 2)
        sum = sum * s2 + 1.0 / k;
    return 2 * s * sum + e * ln2;
}

int64_t real_round(double x)
{
    if (x >= 9.2233720368547748e18)
        return INT64_MAX;
    if (x <= -9.2233720368547748e18)
        return INT64_MIN;
    return (int64_t)(x < 0 ? x - 0.5 : x + 0.5);
}

/* Mass above y over density at y, y >= 2: continued fraction from its far end. */
static double mills_far(double y)
{
    double f = y;
    for (int k = y < 5 ? 60 : 20; k > 0; k--)
        f = y + k / f;
    return 1 / f;
}

/* Mass between 0 and y over density at y, y >= 0 and not far. */
static double mass_near(double y)
{
    double term = y, sum = y;
    for (int k = 3; term > sum * 1e-17; k += 2) {
        term *= y * y / k;
        sum += term;
    }
    return sum;
}

struct real_tail real_tail_below(double a)
{
    double log_density = -0.5 * a * a - log_sqrt_2pi;
    if (a <= -2) {
        double mills = mills_far(-a);
        return (struct real_tail){log_density + real_log(mills), 1 / mills};
    }
    double density = real_exp(log_density);
    if (a >= 2) {
        /* What is left out, so that its smallness is not lost beside 1. */
        double above = a > 38 ? 0 : density * mills_far(a);
        double log_mass = above < 1e-6 ? -above : real_log(1 - above);
        return (struct real_tail){log_mass, density / (1 - above)};
    }
    double mass = a >= 0 ? 0.5 + density * mass_near(a) : 0.5 - density * mass_near(-a);
    return (struct real_tail){real_log(mass), density / mass};
}
