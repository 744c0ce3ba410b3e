/* SPDX-License-Identifier: Apache-2.0 */
/* Two node keys made of the keys of RFC 8032 section 7.1 and RFC 7748 section 6.1. Token, checksums and the key of the
 * pair were computed by another program in another language. Everybody knows them: for tests alone. */
#ifndef TESTS_UNIT_NODE_FILES_H
#define TESTS_UNIT_NODE_FILES_H

#define NODE_A_TOKEN                                                                                         \
    "tainode1-AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1EahSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmovv4rp"
#define NODE_A_LINES                                                                                         \
    "ed25519 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n"                             \
    "x25519 77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a\n"
#define NODE_A_FILE                                                                                          \
    "taistamp node key v1\n" NODE_A_LINES "public " NODE_A_TOKEN "\n"                                        \
    "crc32c d22992d5\n"

#define NODE_B_TOKEN                                                                                         \
    "tainode1-AT1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08eko6C"
#define NODE_B_FILE                                                                                          \
    "taistamp node key v1\n"                                                                                 \
    "ed25519 4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb\n"                             \
    "x25519 5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb\n"                              \
    "public " NODE_B_TOKEN "\n"                                                                              \
    "crc32c c7e18d96\n"

/* In cluster 0x0123456789abcdef, as nodes 2 and 70000. */
#define NODE_PAIR_HEX "8b9b0d4e05d292c23274f8e8ff6ea6c3fafe6e251fe09178ed6282fe7052f9e9"

#endif
