/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/proof/trust.h"

#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/proof/entry.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/words.h"

/* Keys, as bits of what has been seen. */
enum top_key { TOP_MAX_LAG = 1, TOP_MIN_CLOCK = 2, TOP_MAX_HALF_WIDTH = 4, TOP_F = 8, TOP_CLOSED = 16 };
enum closed_key { CLOSED_ORIGIN = 1, CLOSED_SIZE = 2, CLOSED_ROOT = 4, CLOSED_ALL = 7 };

struct reader {
    struct trust *t;
    struct tai_error *error;
    uint64_t line;
    unsigned top_seen;
    bool in_closed;     /* the top key above is `closed` */
    bool in_item;       /* an item has begun */
    size_t dash_indent; /* of the items' dashes, once in_item */
    size_t key_indent;  /* of the items' keys */
    unsigned item_seen;
};

/* One logical line: indentation, perhaps a dash, key and value. */
struct pair {
    size_t dash_indent; /* where the dash stands; meaningful with `dash` */
    size_t key_indent;
    bool dash;
    struct bytes key;
    struct bytes value; /* without quotes; empty when there is none */
    bool has_value, quoted;
};

static enum tai_err complain(const struct reader *r, enum tai_err code, const char *text, struct bytes detail)
{
    return error_set_line(r->error, code, "trust file", r->line, text, detail);
}

static enum tai_err malformed(const struct reader *r, const char *text)
{
    return complain(r, TAI_ERR_FORMAT, text, bytes_of(NULL, 0));
}

/* ---- Lines ---- */

/* No control characters, nothing that YAML takes for a line break or refuses: NEL, LS, PS, BOM, U+FFFE,
 * U+FFFF. */
static bool line_clean(struct bytes b)
{
    static const char *const refused[] = {"\xE2\x80\xA8", "\xE2\x80\xA9", "\xEF\xBB\xBF", "\xEF\xBF\xBE",
                                          "\xEF\xBF\xBF"};
    for (size_t i = 0; i < b.len; i++) {
        if (b.data[i] < 0x20 || b.data[i] == 0x7F)
            return false;
        if (b.data[i] == 0xC2 && i + 1 < b.len && b.data[i + 1] < 0xA0)
            return false; /* U+0080 to U+009F */
        for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
            struct bytes rest = bytes_of(b.data + i, b.len - i);
            if (bytes_strip_prefix(&rest, refused[k]))
                return false;
        }
    }
    return utf8_valid(b);
}

static size_t spaces(struct bytes b, size_t from)
{
    size_t n = from;
    while (n < b.len && b.data[n] == ' ')
        n++;
    return n;
}

static bool plain_char(uint8_t c)
{
    static const char others[] = "._/+=-:";
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return true;
    for (size_t i = 0; others[i] != 0; i++)
        if (c == (uint8_t)others[i])
            return true;
    return false;
}

/* Reads a scalar at `at`; gives where it ends. False for anything but the forms this module takes. */
static bool scalar_read(struct bytes line, size_t at, struct pair *p, size_t *ret_end)
{
    uint8_t first = line.data[at];
    size_t end = at;
    p->quoted = first == '"' || first == '\'';
    if (p->quoted) {
        for (end = at + 1; end < line.len && line.data[end] != first; end++)
            if (line.data[end] == '\\' || line.data[end] >= 0x7F)
                return false;
        if (end == line.len)
            return false;
        p->value = bytes_of(line.data + at + 1, end - at - 1);
        *ret_end = end + 1;
        return true;
    }
    while (end < line.len && plain_char(line.data[end]))
        end++;
    if (end == at || first == '-' || first == ':' || first == '=' || line.data[end - 1] == ':')
        return false;
    p->value = bytes_of(line.data + at, end - at);
    *ret_end = end;
    return true;
}

/* "key:", "key: value", "- key: value", with a comment perhaps. */
static bool pair_read(struct bytes line, size_t at, struct pair *p)
{
    *p = (struct pair){.dash = line.data[at] == '-', .dash_indent = at};
    if (p->dash) {
        size_t after = spaces(line, at + 1);
        if (after == at + 1 || after == line.len)
            return false;
        at = after;
    }
    p->key_indent = at;
    size_t end = at;
    while (end < line.len && ((line.data[end] >= 'a' && line.data[end] <= 'z') || line.data[end] == '_'))
        end++;
    if (end == at || end == line.len || line.data[end] != ':')
        return false;
    p->key = bytes_of(line.data + at, end - at);
    size_t value = spaces(line, ++end);
    if (value < line.len && line.data[value] != '#') {
        if (value == end || !scalar_read(line, value, p, &end))
            return false;
        p->has_value = true;
        value = spaces(line, end);
    }
    /* Nothing but a comment may follow, and a comment needs a space before it. */
    return value == line.len || (value > end && line.data[value] == '#');
}

/* ---- Values ---- */

static enum tai_err number_read(const struct reader *r, const struct pair *p, uint64_t max, uint64_t *ret_v)
{
    if (!p->has_value || p->quoted)
        return complain(r, TAI_ERR_FORMAT, "a number is missing or in quotes", p->key);
    uint64_t v;
    if (!text_read_u64(p->value, max, &v))
        return complain(r, TAI_ERR_RANGE, "not a decimal number in range", p->value);
    *ret_v = v;
    return TAI_OK;
}

static enum tai_err clock_read(const struct reader *r, const struct pair *p)
{
    if (!p->has_value || !clock_source_parse(p->value, &r->t->min_clock))
        return malformed(r, "min_clock is one of gps, upstream, quorum, system, assumed");
    return TAI_OK;
}

static enum tai_err top_value(struct reader *r, unsigned key, const struct pair *p)
{
    uint64_t v = 0;
    enum tai_err err = TAI_OK;
    switch (key) {
    case TOP_MAX_LAG:
        err = number_read(r, p, (uint64_t)TRUST_MAX_LAG_LIMIT_S, &v);
        r->t->max_lag_s = (int64_t)v;
        return err;
    case TOP_MIN_CLOCK:
        return clock_read(r, p);
    case TOP_MAX_HALF_WIDTH:
        err = number_read(r, p, INT64_MAX, &v);
        r->t->max_half_width.ns = (int64_t)v;
        return err;
    case TOP_F:
        err = number_read(r, p, LIMIT_WITNESSES, &v);
        r->t->has_f = true;
        r->t->f = (size_t)v;
        return err;
    default:
        r->in_closed = true;
        return p->has_value ? malformed(r, "closed takes a list on the lines below") : TAI_OK;
    }
}

static enum tai_err closed_value(struct reader *r, unsigned key, const struct pair *p)
{
    struct trust_closed *c = &r->t->closed[r->t->n_closed - 1];
    switch (key) {
    case CLOSED_ORIGIN:
        if (!p->has_value || !origin_valid(p->value))
            return malformed(r, "origin is <host>/taistamp/<16 hex digits>");
        for (size_t i = 0; i + 1 < r->t->n_closed; i++)
            if (bytes_equal(r->t->closed[i].origin, p->value))
                return complain(r, TAI_ERR_FORMAT, "a log is closed twice", p->value);
        c->origin = p->value;
        return TAI_OK;
    case CLOSED_SIZE:
        return number_read(r, p, MERKLE_SIZE_MAX, &c->size);
    default:
        if (!p->has_value || !base64_decode_exact(p->value, c->root.b, sizeof c->root.b))
            return malformed(r, "root is the base64 of 32 bytes");
        return TAI_OK;
    }
}

/* The bit of `key` among `names`, or 0. */
static unsigned key_bit(struct bytes key, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes_equal_str(key, names[i]))
            return 1u << i;
    return 0;
}

static enum tai_err key_take(const struct reader *r, unsigned bit, unsigned *seen, struct bytes key)
{
    if (bit == 0)
        return complain(r, TAI_ERR_FORMAT, "an unknown key", key);
    if ((*seen & bit) != 0)
        return complain(r, TAI_ERR_FORMAT, "a key for the second time", key);
    *seen |= bit;
    return TAI_OK;
}

/* ---- Structure ---- */

static enum tai_err item_end(const struct reader *r)
{
    if (r->in_item && r->item_seen != CLOSED_ALL)
        return malformed(r, "the closed log above needs origin, size and root");
    if (r->in_closed && !r->in_item)
        return malformed(r, "closed needs at least one log below it");
    return TAI_OK;
}

static enum tai_err item_begin(struct reader *r, const struct pair *p)
{
    if (!r->in_closed)
        return malformed(r, "a list item outside closed");
    if (r->in_item) {
        enum tai_err err = item_end(r);
        if (err != TAI_OK)
            return err;
        if (p->dash_indent != r->dash_indent)
            return malformed(r, "list items must stand in one column");
    }
    if (r->t->n_closed == LIMIT_CLOSED)
        return complain(r, TAI_ERR_SPACE, "too many closed logs", bytes_of(NULL, 0));
    r->in_item = true;
    r->dash_indent = p->dash_indent;
    r->key_indent = p->key_indent;
    r->item_seen = 0;
    r->t->closed[r->t->n_closed++] = (struct trust_closed){.size = 0};
    return TAI_OK;
}

static enum tai_err pair_take(struct reader *r, const struct pair *p)
{
    static const char *const top[] = {"max_lag_s", "min_clock", "max_half_width_ns", "f", "closed"};
    static const char *const closed[] = {"origin", "size", "root"};
    enum tai_err err;
    if (p->dash || p->key_indent > 0) {
        if (p->dash)
            err = item_begin(r, p);
        else if (!r->in_item || p->key_indent != r->key_indent)
            err = malformed(r, "unexpected indentation");
        else
            err = TAI_OK;
        if (err != TAI_OK)
            return err;
        unsigned bit = key_bit(p->key, closed, sizeof closed / sizeof *closed);
        err = key_take(r, bit, &r->item_seen, p->key);
        return err != TAI_OK ? err : closed_value(r, bit, p);
    }
    err = item_end(r);
    if (err != TAI_OK)
        return err;
    r->in_closed = r->in_item = false;
    unsigned bit = key_bit(p->key, top, sizeof top / sizeof *top);
    err = key_take(r, bit, &r->top_seen, p->key);
    return err != TAI_OK ? err : top_value(r, bit, p);
}

void trust_default(struct trust *ret_trust)
{
    ret_trust->max_lag_s = TRUST_MAX_LAG_DEFAULT_S;
    ret_trust->min_clock = TAISTAMP_CLOCK_ASSUMED;
    ret_trust->max_half_width.ns = INT64_MAX;
    ret_trust->has_f = false;
    ret_trust->f = 0;
    ret_trust->n_closed = 0;
}

enum tai_err trust_parse(struct bytes text, struct trust *ret_trust, struct tai_error *error)
{
    struct reader r = {.t = ret_trust, .error = error};
    struct lines l = {text};
    struct bytes line;
    if (text.len > LIMIT_TRUST)
        return error_set(error, TAI_ERR_SPACE, "the trust file is longer than any trust file");
    trust_default(ret_trust);
    while (lines_next(&l, &line)) {
        struct pair p;
        r.line++;
        if (!line_clean(line))
            return malformed(&r, "a tab, a control character, or not UTF-8");
        size_t at = spaces(line, 0);
        if (at == line.len || line.data[at] == '#')
            continue;
        if (!pair_read(line, at, &p))
            return malformed(&r, "not of the form \"key: value\"");
        enum tai_err err = pair_take(&r, &p);
        if (err != TAI_OK)
            return err;
    }
    r.line++;
    return l.rest.len > 0 ? malformed(&r, "the last line has no end") : item_end(&r);
}
