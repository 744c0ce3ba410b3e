/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/base/error.h"

#include "sdk/base/text.h"

enum tai_err error_set(struct tai_error *e, enum tai_err code, const char *text)
{
    if (e == NULL)
        return code;
    struct out o = out_of(e->text, sizeof e->text - 1);
    text_show(bytes_of_str(text), &o);
    e->code = code;
    e->text[o.len] = 0;
    return code;
}

enum tai_err error_set_detail(struct tai_error *e, enum tai_err code, const char *text, struct bytes detail)
{
    if (e == NULL)
        return code;
    struct out o = out_of(e->text, sizeof e->text - 1);
    text_show(bytes_of_str(text), &o);
    text_show(BYTES_LIT(": "), &o);
    text_show(detail, &o);
    e->code = code;
    e->text[o.len] = 0;
    return code;
}

enum tai_err error_set_line(struct tai_error *e, enum tai_err code, const char *what, uint64_t line,
                            const char *text, struct bytes detail)
{
    char whole[160];
    struct out o = out_of(whole, sizeof whole);
    out_str(&o, what);
    out_str(&o, " line ");
    out_u64(&o, line);
    out_str(&o, ": ");
    out_str(&o, text);
    const char *said = out_terminate(&o) ? whole : text;
    return detail.len == 0 ? error_set(e, code, said) : error_set_detail(e, code, said, detail);
}

const char *taistamp_err_name(enum tai_err code)
{
    static const char *const names[] = {
        [TAI_OK] = "ok",
        [TAI_ERR_ARGUMENT] = "argument",
        [TAI_ERR_FORMAT] = "format",
        [TAI_ERR_RANGE] = "range",
        [TAI_ERR_SPACE] = "space",
        [TAI_ERR_UNKNOWN] = "unknown",
        [TAI_ERR_NOT_FOUND] = "not_found",
        [TAI_ERR_PERMISSION] = "permission",
        [TAI_ERR_IO] = "io",
        [TAI_ERR_NO_SPACE] = "no_space",
        [TAI_ERR_CRYPTO] = "crypto",
        [TAI_ERR_CORRUPT] = "corrupt",
        [TAI_ERR_CONFLICT] = "conflict",
        [TAI_ERR_UNAVAILABLE] = "unavailable",
        [TAI_ERR_TIMEOUT] = "timeout",
        [TAI_ERR_REFUSED] = "refused",
        [TAI_ERR_UNTRUSTED] = "untrusted",
        [TAI_ERR_INVALID] = "invalid",
        [TAI_ERR_CHANGED] = "changed",
        [TAI_ERR_UNSUPPORTED] = "unsupported",
        [TAI_ERR_MEMORY] = "memory",
        [TAI_ERR_INTERRUPTED] = "interrupted",
    };
    size_t i = (size_t)code;
    return i < sizeof names / sizeof *names ? names[i] : "other";
}

const char *taistamp_version(void)
{
    return TAISTAMP_VERSION;
}
