/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/time/tai64.h"

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/time/arith.h"

#define TAI64_EPOCH (UINT64_C(1) << 62)

enum { TAI64_DIGITS = 16, TAI64N_DIGITS = 24, TAI64NA_DIGITS = 32 };

static enum tai_err fail(struct tai_error *error, enum tai_err code, const char *what, struct bytes text)
{
    return error_set_detail(error, code, what, text);
}

enum tai_err tai64_parse(struct bytes text, tai_t *ret_t, struct tai_error *error)
{
    uint8_t raw[12] = {0};
    struct bytes digits = text;
    if (!bytes_strip_prefix(&digits, "@"))
        return fail(error, TAI_ERR_FORMAT, "a TAI64 label starts with @", text);
    if (digits.len == TAI64NA_DIGITS)
        return fail(error, TAI_ERR_UNSUPPORTED, "TAI64NA labels have attoseconds, which are not supported",
                    text);
    if ((digits.len != TAI64_DIGITS && digits.len != TAI64N_DIGITS) ||
        !hex_decode(digits, raw, digits.len / 2))
        return fail(error, TAI_ERR_FORMAT, "a TAI64 label has 16 or 24 lower-case hex digits after its @",
                    text);
    uint64_t label = be64_read(raw);
    uint32_t ns = be32_read(raw + 8);
    if (ns >= NS_PER_S)
        return fail(error, TAI_ERR_FORMAT, "a TAI64N label has fewer than 1000000000 nanoseconds", text);
    if (label >= UINT64_C(1) << 63)
        return fail(error, TAI_ERR_FORMAT, "TAI64 labels from 8000000000000000 on are reserved", text);
    if (!arith_join((int64_t)label - (int64_t)TAI64_EPOCH, ns, &ret_t->ns))
        return fail(error, TAI_ERR_RANGE, "only instants from 1677 to 2262 can be expressed", text);
    return TAI_OK;
}

void taistamp_time_print_tai64n(tai_t t, char ret_text[TAISTAMP_TIME_TEXT])
{
    uint8_t raw[12];
    int64_t ns;
    int64_t s = arith_div_floor(t.ns, NS_PER_S, &ns);
    be64_write(raw, TAI64_EPOCH + (uint64_t)s);
    be32_write(raw + 8, (uint32_t)ns);
    struct out o = out_of(ret_text, TAISTAMP_TIME_TEXT);
    out_char(&o, '@');
    out_hex(&o, bytes_of(raw, sizeof raw));
    BUG_UNLESS(out_terminate(&o));
}
