/* SPDX-License-Identifier: Apache-2.0 */
/* server/clock/core/ntp_keys: what both daemons write is read, all else names its line and never a key. */
#include <check.h>
#include <string.h>

#include "server/clock/core/ntp_keys.h"

static const char good[] = "# keys of the lab\n"
                           "\n"
                           "1 MD5 AVeryOldSecret\n"
                           "  2\tM other#hash # what ntp-keygen adds\n"
                           "10 SHA1 a8bfb2fb8f4b8ac3bb8d9ea23b2bd7a2bd4bfe5a\r\n"
                           "11 SHA1 ASCII:a8bfb2fb8f4b8ac3bb8d9ea23b2bd7a2bd4bfe5a\n"
                           "12 SHA abcdefabcdefabcdefab\n"
                           "20 SHA256 HEX:1DC764E0791B11FA67EFC7ECBC4B0D73\n"
                           "30 AES128 HEX:00112233445566778899aabbccddeeff\n"
                           "31 AES128CMAC 00112233445566778899aabbccddeeff\n"
                           "32 AES256 0123456789abcdefghij0123456789!?\n"
                           "4294967295 SHA512 x";

START_TEST(as_the_daemons_write_it)
{
    static const struct {
        uint32_t id;
        enum mac_algorithm algorithm;
        const char *key;
        uint8_t len;
    } rows[] = {
        {1, MAC_MD5, "AVeryOldSecret", 14},
        {2, MAC_MD5, "other#hash", 10},
        {10, MAC_SHA1, "\xa8\xbf\xb2\xfb\x8f\x4b\x8a\xc3\xbb\x8d\x9e\xa2\x3b\x2b\xd7\xa2\xbd\x4b\xfe\x5a",
         20},
        {11, MAC_SHA1, "a8bfb2fb8f4b8ac3bb8d9ea23b2bd7a2bd4bfe5a", 40},
        {12, MAC_SHA1, "abcdefabcdefabcdefab", 20},
        {20, MAC_SHA256, "\x1d\xc7\x64\xe0\x79\x1b\x11\xfa\x67\xef\xc7\xec\xbc\x4b\x0d\x73", 16},
        {30, MAC_AES128_CMAC, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16},
        {31, MAC_AES128_CMAC, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16},
        {32, MAC_AES256_CMAC, "0123456789abcdefghij0123456789!?", 32},
        {UINT32_MAX, MAC_SHA512, "x", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ntp_key key;
        struct tai_error error;
        ck_assert_msg(ntp_keys_find(bytes_of_str(good), rows[i].id, &key, &error) == TAI_OK, "%s",
                      error.text);
        ck_assert(key.id == rows[i].id && key.algorithm == rows[i].algorithm && key.len == rows[i].len);
        ck_assert_mem_eq(key.bytes, rows[i].key, rows[i].len);
    }
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text;
        enum tai_err code;
        const char *said;
    } rows[] = {
        {"", TAI_ERR_NOT_FOUND, "no key of that number"},
        {"2 MD5 secretA\n", TAI_ERR_NOT_FOUND, "no key of that number"},
        {"1 MD5 secretA\n1 MD5 secretB\n", TAI_ERR_CONFLICT, "2"},
        {"1 secretA\n", TAI_ERR_FORMAT, "NUMBER ALGORITHM KEY"},
        {"1 MD5\n", TAI_ERR_FORMAT, "NUMBER ALGORITHM KEY"},
        {"1 MD5 # secretA\n", TAI_ERR_FORMAT, "NUMBER ALGORITHM KEY"},
        {"1 ROT13 secretA\n", TAI_ERR_FORMAT, "unknown algorithm"},
        {"1 md5 secretA\n", TAI_ERR_FORMAT, "unknown algorithm"},
        {"0 MD5 secretA\n", TAI_ERR_FORMAT, "number"},
        {"01 MD5 secretA\n", TAI_ERR_FORMAT, "number"},
        {"-1 MD5 secretA\n", TAI_ERR_FORMAT, "number"},
        {"4294967296 MD5 secretA\n", TAI_ERR_FORMAT, "number"},
        {"1 MD5 secretA 192.0.2.1\n", TAI_ERR_FORMAT, "list of addresses"},
        {"1 MD5 HEX:123\n", TAI_ERR_FORMAT, "no text and no hex"},
        {"1 MD5 HEX:\n", TAI_ERR_FORMAT, "no text and no hex"},
        {"1 MD5 HEX:12xy\n", TAI_ERR_FORMAT, "no text and no hex"},
        {"1 MD5 secret\x01\n", TAI_ERR_FORMAT, "no text and no hex"},
        {"1 MD5 01234567890123456789012345678901234567890123456789012345678901234\n", TAI_ERR_FORMAT,
         "64 bytes"},
        {"1 AES128 secretA\n", TAI_ERR_FORMAT, "16 bytes for AES128"},
        {"1 AES256 HEX:00112233445566778899aabbccddeeff\n", TAI_ERR_FORMAT, "32 for AES256"},
        {"1 MD5 secretA\n\n# x\n2 MD5\n", TAI_ERR_FORMAT, "4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ntp_key key = {.id = 5};
        struct tai_error error;
        ck_assert_msg(ntp_keys_find(bytes_of_str(rows[i].text), 1, &key, &error) == rows[i].code, "%s",
                      rows[i].text);
        ck_assert_msg(strstr(error.text, rows[i].said) != NULL, "%s: %s", rows[i].text, error.text);
        ck_assert(strstr(error.text, "secret") == NULL);
        ck_assert_uint_eq(key.id, 5);
    }
}
END_TEST

START_TEST(too_many)
{
    char text[NTP_KEYS_MAX * 16 + 64];
    struct out o = out_of(text, sizeof text);
    struct ntp_key key;
    for (uint64_t i = 1; i <= NTP_KEYS_MAX; i++) {
        out_u64(&o, i);
        out_str(&o, " MD5 key\n");
    }
    ck_assert(ntp_keys_find(out_view(&o), 256, &key, NULL) == TAI_OK);
    out_str(&o, "257 MD5 key\n");
    ck_assert(!o.overflow);
    ck_assert(ntp_keys_find(out_view(&o), 256, &key, NULL) == TAI_ERR_SPACE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ntp_keys");
    TCase *t = tcase_create("ntp_keys");
    suite_add_tcase(s, t);
    tcase_add_test(t, as_the_daemons_write_it);
    tcase_add_test(t, refused);
    tcase_add_test(t, too_many);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
