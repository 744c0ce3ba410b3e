/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a caller's `struct tai_error`, without stdio (pure code has no locale and no formatting of its
 * own). */
#ifndef SDK_BASE_ERROR_H
#define SDK_BASE_ERROR_H

#include "sdk/base/bytes.h"
#include "taistamp/base.h"

/* Sets code and text (cut between characters at the end of the field) where `e` is not NULL, and returns
 * `code`, so that a failure leaves in one line: return error_set(e, TAI_ERR_FORMAT, "..."). Texts hold paths
 * and input: whatever could disturb a terminal or is not UTF-8 is shown escaped (text_show). */
enum tai_err error_set(struct tai_error *e, enum tai_err code, const char *text);
/* The same with the text in two pieces: what is wrong, and the place or value it is about. */
enum tai_err error_set_detail(struct tai_error *e, enum tai_err code, const char *text, struct bytes detail);
/* The same for line `line` of a text that is named `what`: "policy line 7: an unknown word: foo". An empty `detail` is left
 * out. */
enum tai_err error_set_line(struct tai_error *e, enum tai_err code, const char *what, uint64_t line,
                            const char *text, struct bytes detail);

#endif
