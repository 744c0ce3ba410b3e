/* SPDX-License-Identifier: Apache-2.0 */
/* The thermometer that comes nearest to the oscillator: one of those that Linux shows in /sys/class/hwmon and /sys/class/thermal.
 *
 * Decides: which one. A crystal on the board follows the air of the case over minutes; so sensors of the board come first (its
 * monitoring chip, memory, chip set, the firmware's zone), then unknown ones, and those inside a processor, which jump with each
 * task, last. Those of disks (nvme, drivetemp) are never read: they measure the disk, and each reading is a command to it, for which
 * the caller would wait as long as the disk hangs. Among equals the first by name, so that the same one is taken after a restart: what was learnt of it belongs to it. What it
 * says is averaged over THERMOMETER_MEAN_S, which is nearer to what a crystal feels than a single reading.
 *
 * A virtual machine has none; then nothing is known of temperature and the oscillator's class has to cover it.
 *
 * Sources: Linux Documentation/hwmon/sysfs-interface.rst (temp*_input in millidegrees Celsius) and
 * Documentation/driver-api/thermal/sysfs-api.rst (temp, the same). One thread at a time. */
#ifndef SERVER_CLOCK_IO_THERMOMETER_H
#define SERVER_CLOCK_IO_THERMOMETER_H

#include "server/clock/core/holdover.h"

enum { THERMOMETER_PATH_MAX = 256, THERMOMETER_NAME_MAX = 64, THERMOMETER_MEAN_S = 60 };
#define THERMOMETER_CLASS "/sys/class"

struct thermometer {
    char path[THERMOMETER_PATH_MAX]; /* empty: there is none */
    char name[THERMOMETER_NAME_MAX]; /* of its driver and sensor, for the log */
    bool has_mean;
    int64_t mean_uk; /* microkelvin */
};

/* Looks below `class_folder` (THERMOMETER_CLASS) for the one to read. */
void thermometer_open(const char *class_folder, struct thermometer *ret_thermometer);
/* Once a second. Not known: there is none, or it does not answer with something between -60 and 150 degrees Celsius. */
struct holdover_temperature thermometer_read(struct thermometer *thermometer);

#endif
