/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a segment of NTP's shared memory can have been written by root and by this process's user only. Any local user may make
 * a unit that is not there yet. */
#ifndef SERVER_CLOCK_IO_SHM_OWNER_H
#define SERVER_CLOCK_IO_SHM_OWNER_H

#include <stdbool.h>
#include <sys/shm.h>
#include <unistd.h>

/* Units of which gpsd and ntpd make segments for root alone. */
enum { SHM_UNITS_OF_ROOT = 2 };

/* `id` as of shmget. False too where nobody says. */
static inline bool shm_is_ours(int id)
{
    struct shmid_ds about;
    return shmctl(id, IPC_STAT, &about) == 0 &&
           (about.shm_perm.uid == 0 || about.shm_perm.uid == geteuid()) && (about.shm_perm.mode & 022) == 0;
}

#endif
