/* SPDX-License-Identifier: Apache-2.0 */
/* The clock page as the stamp process reads it: opened when it is there, opened anew when its writer was
 * replaced.
 *
 * The clock process may start after this one, or be restarted and make a new page: a reading without a bound
 * is followed by one attempt to open the page again. Any thread. */
#ifndef SERVER_STAMP_IO_PAGECLOCK_H
#define SERVER_STAMP_IO_PAGECLOCK_H

#include "server/stamp/io/log.h"

struct page_clock;

/* TAI_ERR_MEMORY; a page that is not there yet is no error. */
TAISTAMP_MUST_CHECK enum tai_err page_clock_open(const char *path, struct page_clock **ret_clock);
void page_clock_close(struct page_clock *clock);
/* The `read` of a struct stamp_clock whose ctx is the page clock. Always TAI_OK: without a page the status is
 * unknown. */
enum tai_err page_clock_read(void *ctx, struct taistamp_reading *ret_reading);

#endif
