/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions that stay on: our own mistakes end the process instead of signing something wrong.
 *
 * Use them for what must hold by our own reasoning; never for input. `tai_bug` is not defined here: whoever
 * links pure code says how a process dies (sdk/io/bug.c writes one line to standard error and aborts). */
#ifndef SDK_BASE_BUG_H
#define SDK_BASE_BUG_H

_Noreturn void tai_bug(const char *what, const char *file, int line);

#define BUG_UNLESS(condition) ((condition) ? (void)0 : tai_bug(#condition, __FILE__, __LINE__))
#define BUG(what)             tai_bug(what, __FILE__, __LINE__)

#endif
