/* SPDX-License-Identifier: Apache-2.0 */
/* Files: reading small ones whole, writing so that a reader sees the old or the new content and never half of it.
 *
 * A file is written as a temporary one in the same folder, made durable, and renamed. Many files at once are written
 * in three steps, file_stage for each, one file_sync for all, file_publish for each, because an fsync per file costs
 * more than all the rest. Failures are the errno value (0: fine); the caller words the message. */
#ifndef TOOLS_FILE_H
#define TOOLS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "taistamp/base.h"

/* Reads a whole regular file of at most `limit` bytes; "-" is standard input. *ret_data is malloc'ed with a NUL after
 * its end. EFBIG: longer; EINVAL: not a regular file. */
TAISTAMP_MUST_CHECK int file_load(const char *path, size_t limit, char **ret_data, size_t *ret_len);

/* mkdir -p with `mode` for what is made. */
TAISTAMP_MUST_CHECK int file_make_folders(const char *path, mode_t mode);

/* Writes temporary file beside `path`; *ret_temp is its malloc'ed name. Nothing is left behind on failure. */
TAISTAMP_MUST_CHECK int file_stage(const char *path, const void *data, size_t len, mode_t mode,
                                   char **ret_temp);
/* Renames. With `keep_existing` an existing `path` is not replaced: EEXIST, and the temporary file is removed. Takes
 * and frees `temp`. */
TAISTAMP_MUST_CHECK int file_publish(char *temp, const char *path, bool keep_existing);
/* Removes a staged file that is not wanted any more. Takes and frees `temp`; NULL is fine. */
void file_discard(char *temp);
/* Makes everything on the file system of `path` (a file or folder) durable. */
TAISTAMP_MUST_CHECK int file_sync(const char *path);

/* All three with fsync of the file and of its folder. */
TAISTAMP_MUST_CHECK int file_save(const char *path, const void *data, size_t len, mode_t mode,
                                  bool keep_existing);

/* Moves an old receipt NAME.tai to the first free NAME.old-N.tai, whose name is the caller's to free. */
TAISTAMP_MUST_CHECK int file_move_aside(const char *receipt, char **ret_name);

bool file_exists(const char *path);
/* `path` as an absolute path: the current folder is put before a relative one; links are left as they are. */
char *file_absolute(const char *path);

#endif
