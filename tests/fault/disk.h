/* SPDX-License-Identifier: Apache-2.0 */
/* A disk in memory that behaves as badly as a real one may.
 *
 * It serves struct file_ops and, under the name "fault", a SQLite VFS. What was written counts as durable only after
 * fdatasync or fsync of the file, and a name only after fsync of its folder. When the power goes, each write that was
 * not synchronised is there, or missing, or torn at a multiple of 512 bytes, each on its own; of the names that were not
 * synchronised a beginning of their order is there. A failed fsync loses what it should have saved, while reads go on
 * showing it and the next fsync succeeds, as Linux has it.
 *
 * Every operation that changes something is counted; faults are set by that count, so that a test can walk through all
 * places. Thread-safe. */
#ifndef TESTS_FAULT_DISK_H
#define TESTS_FAULT_DISK_H

#include "sdk/io/file.h"

enum disk_fault {
    DISK_FINE,
    DISK_POWER,      /* from operation `at` on nothing happens any more */
    DISK_KILL,       /* the same, as a process that was killed sees it: what it wrote before stays */
    DISK_FULL,       /* from operation `at` on writes find no room, overwriting neither (copy on write) */
    DISK_NO_GROWTH,  /* the same, but what a file has may be overwritten, as most file systems have it */
    DISK_SYNC_FAILS, /* the first synchronisation from operation `at` on fails, once */
    DISK_READ_ONLY   /* always */
};

void disk_reset(void); /* empty, no fault */
const struct file_ops *disk_files(void);
const char *disk_vfs(void);                        /* registers the VFS at first */
void disk_fault(enum disk_fault fault, size_t at); /* restarts the count */
size_t disk_count(void);
bool disk_hit(void); /* the fault has struck */
/* The power goes (if it has not yet) and comes back: picks what is left by `seed`, closes all files, ends the fault. */
void disk_crash(uint64_t seed);
/* Only what processes hold is gone; all that was written stays. */
void disk_kill(void);

/* The content of a file as it lies on the disk; NULL without it. Changes are damage. */
uint8_t *disk_content(const char *path, size_t *ret_len);
void disk_cut(const char *path, size_t len);
void disk_remove(const char *path);
/* Copies of the whole disk, and of one file, from a copy back to the disk. */
struct disk_copy;
struct disk_copy *disk_save(void);
void disk_restore(const struct disk_copy *copy);
void disk_restore_file(const struct disk_copy *copy, const char *path);
void disk_copy_free(struct disk_copy *copy);

#endif
