/* SPDX-License-Identifier: Apache-2.0 */
/* Full tiles become files, behind the back of the commits.
 *
 * A tile file is derived: everything in it follows from committed rows, so nobody waits for it and a lost one
 * is made again. What matters is that a file under its final name is whole: temporary file, fsync, rename,
 * fsync of the folder. A thread does that, for some tiles at once or for what has gathered in a second, because each
 * tile by itself would cost the disk two commits of its journal, and the commits of the log wait for the same disk.
 * What is not written yet can be looked up in the queue. If the queue is full, or a write fails, the tile stays
 * unwritten (with a warning in the log) until it is asked for or the log starts anew.
 *
 * Thread rule: add and find from one thread. */
#ifndef SERVER_STAMP_IO_TILEWRITER_H
#define SERVER_STAMP_IO_TILEWRITER_H

#include "sdk/base/crypto.h"
#include "sdk/io/file.h"
#include "server/stamp/core/tilepath.h"

struct tile_writer;

/* `dir` is the folder of tiles. Both must outlive the writer. TAI_ERR_MEMORY. */
TAISTAMP_MUST_CHECK enum tai_err tile_writer_start(const struct file_ops *files, const char *dir,
                                                   struct tile_writer **ret_writer);
/* Writes what is queued, then ends. */
void tile_writer_stop(struct tile_writer *writer);
void tile_writer_add(struct tile_writer *writer, unsigned level, uint64_t index,
                     const struct hash hashes[TILE_WIDTH]);
/* Copies a tile that is queued or being written. */
bool tile_writer_find(struct tile_writer *writer, unsigned level, uint64_t index,
                      struct hash ret_hashes[TILE_WIDTH]);

/* The file itself. Reading says false for a file that is missing or not a tile's length; what it holds is not
 * checked. */
bool tile_file_read(const struct file_ops *files, const char *dir, unsigned level, uint64_t index,
                    struct hash ret_hashes[TILE_WIDTH]);
/* Makes the folders, too; durable on TAI_OK. */
TAISTAMP_MUST_CHECK enum tai_err tile_file_write(const struct file_ops *files, const char *dir,
                                                 unsigned level, uint64_t index,
                                                 const struct hash hashes[TILE_WIDTH],
                                                 struct tai_error *error);

#endif
