/* SPDX-License-Identifier: Apache-2.0 */
/* The clock page as a file in shared memory: mapping it for readers, creating it for the one writer, and the
 * clock readings that go with it.
 *
 * The writer keeps one file for ever and rewrites it in place: it never unlinks, renames or truncates it, so
 * whoever has it mapped sees a restarted writer at once. It holds an flock on the file while it lives; a
 * second writer is refused. If somebody else replaces the file, readers keep the old one mapped; its line
 * expires within seconds and they say so until they open again. */
#ifndef SDK_IO_PAGE_H
#define SDK_IO_PAGE_H

#include "sdk/time/page.h"

/* Maps the page at `path` for reading. TAI_ERR_NOT_FOUND, _PERMISSION, _CORRUPT (no regular file of the right
 * size), _IO. Release with page_unmap. */
TAISTAMP_MUST_CHECK enum tai_err page_map(const char *path, const struct clock_page **ret_page,
                                          struct tai_error *error);
void page_unmap(const struct clock_page *page);

/* The writer's hold on its page. */
struct page_writer {
    struct clock_page *page;
    int fd; /* holds the lock */
};
/* Opens or creates the page (mode 0644; the folder it lies in is made, 0755, if only that is missing), locks
 * it, and makes it say "unknown". The lock goes when the process dies. TAI_ERR_CONFLICT (another process
 * writes it), _PERMISSION, _NOT_FOUND (no such folder), _NO_SPACE, _CORRUPT (something else than a regular
 * file lies there), _IO. */
TAISTAMP_MUST_CHECK enum tai_err page_writer_open(const char *path, struct page_writer *ret_writer,
                                                  struct tai_error *error);
/* Lets go of it; the file stays, and what it says with it, until it expires. */
void page_writer_close(struct page_writer *writer);

/* CLOCK_MONOTONIC_RAW, and a clock of the REALTIME family beside it (some 23 ns for both). */
struct page_clocks {
    tai_mono_t raw;
    int64_t realtime_ns;
};
/* `fine`: CLOCK_REALTIME, which costs 20 ns more than CLOCK_REALTIME_COARSE and does not lag. */
void page_clocks_read(bool fine, struct page_clocks *ret_clocks);

/* The id of the running boot. TAI_ERR_IO where the kernel does not show it. */
TAISTAMP_MUST_CHECK enum tai_err page_boot_id(uint8_t ret_id[16], struct tai_error *error);

#endif
