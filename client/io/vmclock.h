/* SPDX-License-Identifier: Apache-2.0 */
/* What the hypervisor says about the machine's counter: the VMClock device.
 *
 * A virtual machine that is moved to another host, or brought back from a snapshot, goes on with another counter:
 * the raw timeline has ended, though no clock inside shows it. Hypervisors with VMClock (QEMU 10, Firecracker, EC2)
 * write so into a page of memory that Linux 6.13 and later shows as /dev/vmclock0:
 *
 *     0  magic "VCLK"     4  size, 32 bits    8  version 1, 16 bits   12  sequence, 32 bits, odd during an update
 *    16  disruption marker, 64 bits          24  flags, 64 bits     104  VM generation, 64 bits, if flag 2^8 is set
 *
 * all little-endian. The marker changes when the counter was disturbed, the generation when the machine was restored
 * or cloned. The time that the device may offer is not used here. Absent is normal, and says nothing.
 *
 * Nothing else on Linux shows this to a program: the VM generation id (ACPI VMGENID) is kept by the kernel for its
 * random numbers; programs may only hear of a change on the uevent socket, too late to be relied on. So without VMClock
 * a pause that stops all clocks alike is not noticed before the next exchange with another machine.
 *
 * Thread rule: one thread. Sources: UAPI.13 VMClock, include/uapi/linux/vmclock-abi.h (whose flag bits hold where the
 * two differ). */
#ifndef CLIENT_IO_VMCLOCK_H
#define CLIENT_IO_VMCLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define VMCLOCK_DEVICE "/dev/vmclock0"

struct vmclock {
    const void *page; /* NULL: there is none */
    bool has_generation;
};

/* What a machine that goes on undisturbed keeps. */
struct vmclock_marks {
    uint64_t disruption, generation; /* generation: 0 where there is none */
};

/* Maps the device; where there is none, or none that we understand, `page` is NULL. */
void vmclock_open(const char *path, struct vmclock *ret_vmclock);
void vmclock_close(struct vmclock *vmclock);
/* False: no device, or it is being written for too long. */
bool vmclock_read(const struct vmclock *vmclock, struct vmclock_marks *ret_marks);

#endif
