/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a caller's `struct tai_error`, without stdio (pure code has no locale and no formatting of its
 * own). */
#ifndef SDK_BASE_ERROR_H
#define SDK_BASE_ERROR_H

#include "sdk/base/bytes.h"
#include "taistamp/base.h"

/* Sets code and text (cut at the end of the field) where `e` is not NULL, and returns `code`, so that a
 * failure leaves in one line: return error_set(e, TAI_ERR_FORMAT, "..."). */
enum tai_err error_set(struct tai_error *e, enum tai_err code, const char *text);
/* The same with the text in two pieces: what is wrong, and the place or value it is about. `detail` comes
 * from input, so control characters and broken UTF-8 in it are shown escaped as \xNN. */
enum tai_err error_set_detail(struct tai_error *e, enum tai_err code, const char *text, struct bytes detail);

#endif
