/* SPDX-License-Identifier: Apache-2.0 */
/* Files as test data: whole, in memory that ends where the file ends, so that a sanitizer sees a read past it. */
#ifndef TESTS_UNIT_PROOF_FILES_H
#define TESTS_UNIT_PROOF_FILES_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "sdk/base/bytes.h"

static inline struct bytes file_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "no %s", path);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    ck_assert_int_ge(size, 0);
    rewind(f);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(fread(data, 1, (size_t)size, f), (size_t)size);
    fclose(f);
    return bytes_of(data, (size_t)size);
}

static inline struct bytes vector_read(const char *name, const char *suffix)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/vectors/proof/%s%s", TEST_SRCDIR, name, suffix);
    return file_read(path);
}

static inline void file_release(struct bytes b)
{
    free((void *)(uintptr_t)b.data);
}

#endif
