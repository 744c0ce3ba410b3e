/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, export marks and the version: what every other public header builds on.
 *
 * An operation that can fail returns `enum tai_err`, leaves its outputs untouched on failure and, where it takes a
 * `struct tai_error *` (which may be NULL), fills it with one sentence for a person. The struct belongs to the caller;
 * the library keeps no error state, so every function here may be called from any thread.
 *
 * In all headers: a pointer is not NULL unless its comment says that it may be; every ..._free and ..._close takes
 * NULL; what allocates may also fail with TAI_ERR_MEMORY. Option structs begin with their size as the caller knows it,
 * so that fields can be added later: set it to sizeof the struct and all else to zero. */
#ifndef TAISTAMP_BASE_H
#define TAISTAMP_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TAISTAMP_API          __attribute__((visibility("default")))
#define TAISTAMP_MUST_CHECK   __attribute__((warn_unused_result))
#define TAISTAMP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define TAISTAMP_API
#define TAISTAMP_MUST_CHECK
#define TAISTAMP_PRINTF(f, a)
#endif

/* Interface version of these headers; taistamp_version() is the library's. */
#define TAISTAMP_VERSION "0.1.0"

enum tai_err {
    TAI_OK = 0,
    TAI_ERR_ARGUMENT, /* the caller passed what the function does not take */
    TAI_ERR_FORMAT,   /* text or bytes are not of the form they must have */
    TAI_ERR_RANGE,    /* a value is outside what the type or the rules allow */
    TAI_ERR_SPACE,    /* the caller's buffer or a stated limit is too small */
    TAI_ERR_UNKNOWN, /* the answer is not known (before 1972, beyond the leap table, no bound on the clock) */
    TAI_ERR_NOT_FOUND,   /* no such file, entry or key */
    TAI_ERR_PERMISSION,  /* the system refused access */
    TAI_ERR_IO,          /* reading or writing failed */
    TAI_ERR_NO_SPACE,    /* disk full */
    TAI_ERR_CRYPTO,      /* the cryptographic library failed */
    TAI_ERR_CORRUPT,     /* stored data contradicts itself or what was once signed */
    TAI_ERR_CONFLICT,    /* another process, an older state or another root is in the way */
    TAI_ERR_UNAVAILABLE, /* nobody answers, or the service says not now */
    TAI_ERR_TIMEOUT,     /* took longer than allowed */
    TAI_ERR_REFUSED,     /* the server understood and refused */
    TAI_ERR_UNTRUSTED,   /* a key or server that the caller has not pinned */
    TAI_ERR_INVALID,     /* a proof does not hold */
    TAI_ERR_CHANGED,     /* a file changed while it was read, or is not the one that was stamped */
    TAI_ERR_UNSUPPORTED, /* a form or algorithm that this build does not know */
    TAI_ERR_MEMORY,      /* out of memory */
    TAI_ERR_INTERRUPTED  /* the caller asked to stop */
};

/* One sentence about a failure. Caller-owned; needs no release. */
struct tai_error {
    enum tai_err code;
    char text[400]; /* UTF-8, NUL-terminated, no trailing newline; says what to do where that is known */
};

/* The name of `code`: a stable lower-case word such as "not_found". Static storage. */
TAISTAMP_API const char *taistamp_err_name(enum tai_err code);

/* The library's version, as TAISTAMP_VERSION was when it was built. Static storage. */
TAISTAMP_API const char *taistamp_version(void);

#ifdef __cplusplus
}
#endif
#endif
