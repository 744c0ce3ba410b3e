/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the receipts of one answer: beside the files and by digest, durable before anything is said to be done.
 *
 * Each receipt is verified again, in full and for its own file, before its bytes reach the disk. One or few files are
 * fsynced one by one; for many, all are written, each file system is synced once, all get their names, and the file
 * systems are synced again. If a receipt cannot be put where it belongs (a read-only folder) it is still kept by digest,
 * and the message says where. */
#ifndef TOOLS_TAI_STAMP_DELIVER_H
#define TOOLS_TAI_STAMP_DELIVER_H

#include "taistamp/stamp.h"
#include "tools/tai-stamp/items.h"

/* `which[i]` is the item of the i-th file of `stamping`. `list`: the receipts are kept in this one file (batches.h)
 * already; NULL: each is kept by itself. Items become ITEM_STAMPED or ITEM_FAILED. False when not even
 * the kept copies could be made durable: the journal has to stay. */
bool deliver(const struct options *o, struct items *items, const taistamp_stamping *stamping,
             struct item *const *which, size_t n, const char *list);

#endif
