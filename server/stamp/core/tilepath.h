/* SPDX-License-Identifier: Apache-2.0 */
/* Names of tiles and entry bundles, as C2SP tlog-tiles writes them behind "/tile/".
 *
 * "<level>/<index>" or "entries/<index>", the index in groups of three digits, all but the last starting with
 * "x" (1234067 is "x001/x234/067"), then ".p/<width>" for a partial one of 1 to 255. Read strictly: one name
 * per tile, so that a cache holds it once. Pure; any thread. */
#ifndef SERVER_STAMP_CORE_TILEPATH_H
#define SERVER_STAMP_CORE_TILEPATH_H

#include "sdk/base/bytes.h"

enum {
    TILE_WIDTH = 256, /* hashes of a full tile, entries of a full bundle */
    TILE_BITS = 8,    /* levels of the tree that a tile spans */
    TILE_BYTES = TILE_WIDTH * 32,
    TILE_LEVELS = 8,   /* levels of tiles that a tree of fewer than 2^63 leaves can have */
    TILEPATH_TEXT = 64 /* room for any path, with NUL */
};

struct tilepath {
    bool entries; /* a bundle; level is 0 then */
    unsigned level;
    uint64_t index;
    unsigned width; /* 1 to 256 */
};

/* False: not canonical, or of a level or index that no tree has. */
bool tilepath_parse(struct bytes text, struct tilepath *ret_path);
void tilepath_print(const struct tilepath *path, char ret_text[TILEPATH_TEXT]);

#endif
