/* SPDX-License-Identifier: Apache-2.0 */
/* Every maximum of the pure code, with its reason. */
#ifndef SDK_BASE_LIMITS_H
#define SDK_BASE_LIMITS_H

enum {
    LIMIT_RECEIPT = 256 * 1024, /* bytes of a receipt (FORMATS) */
    LIMIT_POLICY =
        256 * 1024, /* bytes of a policy file: 32 logs and 64 witnesses with ML-DSA keys fit four times */
    LIMIT_TRUST = 64 * 1024, /* bytes of a trust file */
    LIMIT_ENTRY = 1024,      /* bytes of an entry: seven lines; the origin has 255, a digest 128 hex digits */
    LIMIT_ORIGIN = 255,      /* bytes of an origin (FORMATS) */
    LIMIT_NAME = 255,        /* bytes of a file's base name (NAME_MAX on Linux) */
    LIMIT_PATH_HASHES = 63,  /* hashes of an audit path: a tree has at most 2^63 leaves */
    LIMIT_SIGNATURES = 64,   /* signature lines of a note (FORMATS): a log key and 63 cosignatures */
    LIMIT_LOGS = 32,         /* logs of a policy (tlog-policy asks for 32) */
    LIMIT_WITNESSES = 64,    /* witnesses of a policy (tlog-policy asks for 32) */
    LIMIT_GROUPS = 64,       /* groups of a policy (tlog-policy asks for 32) */
    LIMIT_GROUP_MEMBERS = 64,    /* members of one group */
    LIMIT_CLOSED = 64,           /* closed logs of a trust file */
    LIMIT_DIGEST = 64,           /* bytes of the longest digest, SHA-512 and SHA3-512 */
    LIMIT_LEAPS = 256,           /* lines of a leap table: 28 by 2026, at most two a year */
    LIMIT_LEAP_FILE = 256 * 1024 /* bytes of a leap-seconds.list: 10 kB today */
};

#endif
