/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one NTP server of this machine through the driver of references and says what came of it:
 *
 *     ntp_read ADDRESS SECONDS [KEY-FILE KEY-NUMBER]
 *     samples=9 untrue=0 off_ns=-1200 error_ns=61000 stratum=2 reference=7f000001 why=-
 *
 * "untrue": samples whose interval does not hold this machine's UTC, by a TAI-UTC of 37 s. Exit code 0 when some came and all were
 * true, 1 when none came, 3 when one was untrue, 2 when the driver could not be opened. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ntp_rig.h"

static bool never(const void *ctx)
{
    (void)ctx;
    return false;
}

int main(int argc, char **argv)
{
    struct ntp_rig rig;
    struct tai_error error;
    if (argc != 3 && argc != 5) {
        (void)fputs("usage: ntp_read ADDRESS SECONDS [KEY-FILE KEY-NUMBER]\n", stderr);
        return 2;
    }
    ntp_rig_init(&rig, argv[1], INT64_C(250000000), argc == 5 ? argv[3] : NULL,
                 argc == 5 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0);
    if (ntp_rig_open(&rig, &error) != TAI_OK) {
        (void)fprintf(stderr, "ntp_read: %s\n", error.text);
        ntp_rig_close(&rig);
        return 2;
    }
    (void)ntp_rig_run(&rig, strtod(argv[2], NULL), never, NULL);
    (void)printf("samples=%u untrue=%u off_ns=%lld error_ns=%lld stratum=%u reference=%08x why=%s\n",
                 rig.samples, rig.untrue, (long long)rig.off_ns, (long long)rig.sample.error_ns,
                 (unsigned)rig.view.stratum, (unsigned)rig.view.reference_id,
                 rig.why == NULL ? "-" : rig.why);
    ntp_rig_close(&rig);
    return rig.untrue > 0 ? 3 : rig.samples == 0 ? 1 : 0;
}
