/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/time/page.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"

enum {
    W_MAGIC,
    W_VERSION,
    W_GENERATION,
    W_FLAGS,
    W_BOOT_0,
    W_BOOT_1,
    W_TIMELINE,
    W_AS_OF,
    W_TAI,
    W_HALF_WIDTH,
    W_RATES,
    W_VOID_AFTER,
    W_RELATION,
    W_TAI_UTC,
    W_NEXT_LEAP,
    W_TERM,
    W_MASTER,
    W_USED
};

/* A write takes some 20 ns: a reader that comes second this often has met a writer that was interrupted. */
enum { READ_TRIES = 100 };

/* "TAIC" and the version, above the three enums of the flags word. */
#define FLAGS_MARK UINT64_C(0x5441494301)
enum { FLAGS_BITS = 24, FLAGS_BYTE = 0xFF };

static uint64_t magic_word(void)
{
    uint64_t word;
    memcpy(&word, "TAICLOCK", sizeof word);
    return word;
}

static uint64_t load(const struct clock_page *page, int word)
{
    return atomic_load_explicit(&page->words[word], memory_order_relaxed);
}

static void store(struct clock_page *page, int word, uint64_t value)
{
    atomic_store_explicit(&page->words[word], value, memory_order_relaxed);
}

static uint64_t pair(int32_t low, int32_t high)
{
    return (uint64_t)(uint32_t)high << 32 | (uint32_t)low;
}

/* Two's complement without implementation-defined conversion; compilers make it a plain move. */
static int64_t i64_of(uint64_t v)
{
    int64_t i;
    memcpy(&i, &v, sizeof i);
    return i;
}

static int32_t i32_of(uint64_t v)
{
    uint32_t u = (uint32_t)v;
    int32_t i;
    memcpy(&i, &u, sizeof i);
    return i;
}

bool page_status_has_interval(enum taistamp_status status)
{
    return status <= TAISTAMP_STATUS_RELATIVE;
}

static bool within(int64_t v, int64_t max)
{
    return v >= -max && v <= max;
}

/* One test per range: they are all but free, being predicted. */
static bool line_valid(const struct clock_line *l)
{
    if (l->status >= TAISTAMP_STATUS_EXPIRED || l->utc > TAISTAMP_UTC_UNKNOWN ||
        l->source > TAISTAMP_CLOCK_ASSUMED)
        return false;
    if (l->as_of.ns < 0 || l->void_after.ns < l->as_of.ns ||
        l->void_after.ns - l->as_of.ns > PAGE_LIFE_NS_MAX)
        return false;
    if (!within(l->rate.ppb, PAGE_RATE_PPB_MAX) || l->growth.ppb < 0 || l->growth.ppb > PAGE_GROWTH_PPB_MAX)
        return false;
    if (l->half_width.ns < 0 || (page_status_has_interval(l->status) && l->half_width.ns > PAGE_WIDTH_NS_MAX))
        return false;
    return within(l->tai.ns, PAGE_INSTANT_NS_MAX) && within(l->realtime_minus_raw_ns, PAGE_INSTANT_NS_MAX) &&
           within(l->next_leap.ns, PAGE_INSTANT_NS_MAX) && within(l->tai_utc_s, PAGE_TAI_UTC_S_MAX) &&
           within(l->next_tai_utc_s, PAGE_TAI_UTC_S_MAX);
}

static void store_line(struct clock_page *page, const struct clock_line *l)
{
    uint64_t boot[2];
    memcpy(boot, l->boot_id, sizeof boot);
    store(page, W_FLAGS,
          (uint64_t)l->status | (uint64_t)l->utc << 8 | (uint64_t)l->source << 16 | FLAGS_MARK << FLAGS_BITS);
    store(page, W_BOOT_0, boot[0]);
    store(page, W_BOOT_1, boot[1]);
    store(page, W_TIMELINE, l->timeline);
    store(page, W_AS_OF, (uint64_t)l->as_of.ns);
    store(page, W_TAI, (uint64_t)l->tai.ns);
    store(page, W_HALF_WIDTH, (uint64_t)l->half_width.ns);
    store(page, W_RATES, pair(l->rate.ppb, l->growth.ppb));
    store(page, W_VOID_AFTER, (uint64_t)l->void_after.ns);
    store(page, W_RELATION, (uint64_t)l->realtime_minus_raw_ns);
    store(page, W_TAI_UTC, pair(l->tai_utc_s, l->next_tai_utc_s));
    store(page, W_NEXT_LEAP, (uint64_t)l->next_leap.ns);
    store(page, W_TERM, l->term);
    store(page, W_MASTER, l->master);
}

/* Makes the generation odd before any field changes; one that is odd already was left so by a writer that
 * died. */
static uint64_t write_begin(struct clock_page *page)
{
    uint64_t generation = load(page, W_GENERATION) | 1;
    store(page, W_GENERATION, generation);
    atomic_thread_fence(memory_order_release);
    return generation;
}

static void write_end(struct clock_page *page, uint64_t generation)
{
    atomic_store_explicit(&page->words[W_GENERATION], generation + 1, memory_order_release);
}

void page_init(struct clock_page *page)
{
    static const struct clock_line nothing = {
        .status = TAISTAMP_STATUS_UNKNOWN, .utc = TAISTAMP_UTC_UNKNOWN, .next_leap = {PAGE_NEVER}};
    uint64_t generation = write_begin(page);
    store(page, W_MAGIC, magic_word());
    store(page, W_VERSION, PAGE_VERSION);
    store_line(page, &nothing);
    for (int word = W_USED; word < PAGE_WORDS; word++)
        store(page, word, 0);
    write_end(page, generation);
}

void page_write(struct clock_page *page, const struct clock_line *line)
{
    BUG_UNLESS(line_valid(line));
    uint64_t generation = write_begin(page);
    store_line(page, line);
    write_end(page, generation);
}

/* The fields as they are: the copy may be torn. Enums are set by load_flags, from a checked word. */
static uint64_t load_line(const struct clock_page *page, struct clock_line *l)
{
    uint64_t boot[2] = {load(page, W_BOOT_0), load(page, W_BOOT_1)};
    memcpy(l->boot_id, boot, sizeof boot);
    l->timeline = load(page, W_TIMELINE);
    l->as_of.ns = i64_of(load(page, W_AS_OF));
    l->tai.ns = i64_of(load(page, W_TAI));
    l->half_width.ns = i64_of(load(page, W_HALF_WIDTH));
    uint64_t rates = load(page, W_RATES);
    l->rate.ppb = i32_of(rates);
    l->growth.ppb = i32_of(rates >> 32);
    l->void_after.ns = i64_of(load(page, W_VOID_AFTER));
    l->realtime_minus_raw_ns = i64_of(load(page, W_RELATION));
    uint64_t tai_utc = load(page, W_TAI_UTC);
    l->tai_utc_s = i32_of(tai_utc);
    l->next_tai_utc_s = i32_of(tai_utc >> 32);
    l->next_leap.ns = i64_of(load(page, W_NEXT_LEAP));
    l->term = load(page, W_TERM);
    l->master = load(page, W_MASTER);
    return load(page, W_FLAGS);
}

static bool load_flags(uint64_t flags, struct clock_line *l)
{
    uint64_t status = flags & FLAGS_BYTE, utc = flags >> 8 & FLAGS_BYTE, source = flags >> 16 & FLAGS_BYTE;
    if (flags >> FLAGS_BITS != FLAGS_MARK || status > TAISTAMP_STATUS_EXPIRED || utc > TAISTAMP_UTC_UNKNOWN ||
        source > TAISTAMP_CLOCK_ASSUMED)
        return false;
    l->status = (enum taistamp_status)status;
    l->utc = (enum taistamp_utc_status)utc;
    l->source = (enum taistamp_clock_source)source;
    return true;
}

enum page_verdict page_read(const struct clock_page *page, struct clock_line *ret_line,
                            uint64_t *ret_generation)
{
    for (int i = 0; i < READ_TRIES; i++) {
        struct clock_line line;
        uint64_t before = atomic_load_explicit(&page->words[W_GENERATION], memory_order_acquire);
        bool ours = load(page, W_MAGIC) == magic_word() && load(page, W_VERSION) == PAGE_VERSION;
        uint64_t flags = load_line(page, &line);
        atomic_thread_fence(memory_order_acquire);
        if ((before & 1) != 0 || load(page, W_GENERATION) != before)
            continue;
        if (!ours || !load_flags(flags, &line) || !line_valid(&line))
            return PAGE_FOREIGN;
        *ret_line = line;
        if (ret_generation != NULL)
            *ret_generation = before;
        return PAGE_OK;
    }
    return PAGE_BUSY;
}

/* How far REALTIME - RAW is from what the page says, in the direction that excuses most around a leap second.
 */
static bool relation_holds(const struct clock_line *line, tai_t mid, int64_t age, uint64_t relation)
{
    int64_t allowed = PAGE_DISRUPTED_NS + age / PAGE_DISRUPTED_AGE_DIV;
    int64_t moved = i64_of(relation - (uint64_t)line->realtime_minus_raw_ns);
    bool unmoved = within(moved, allowed);
    if (line->next_tai_utc_s == line->tai_utc_s || mid.ns < line->next_leap.ns - PAGE_LEAP_NS)
        return unmoved;
    int64_t jump = (int64_t)(line->tai_utc_s - line->next_tai_utc_s) * NS_PER_S;
    bool jumped = within(i64_of((uint64_t)moved - (uint64_t)jump), allowed);
    return jumped || (unmoved && mid.ns <= line->next_leap.ns + PAGE_LEAP_NS);
}

static void reading_without_interval(enum taistamp_status status, struct taistamp_reading *ret_reading)
{
    *ret_reading = (struct taistamp_reading){.status = status, .utc = TAISTAMP_UTC_UNKNOWN};
}

void page_evaluate(const struct clock_line *line, tai_mono_t now, int64_t realtime_ns,
                   struct taistamp_reading *ret_reading)
{
    if (now.ns > line->void_after.ns || !page_status_has_interval(line->status)) {
        bool fresh = line->void_after.ns == 0 && line->status == TAISTAMP_STATUS_UNKNOWN;
        bool expired = now.ns > line->void_after.ns && !fresh;
        reading_without_interval(expired ? TAISTAMP_STATUS_EXPIRED : line->status, ret_reading);
        return;
    }
    if (now.ns < line->as_of.ns - PAGE_BACK_NS) {
        reading_without_interval(TAISTAMP_STATUS_DISRUPTED, ret_reading);
        return;
    }
    int64_t elapsed = now.ns - line->as_of.ns;
    int64_t age = elapsed < 0 ? -elapsed : elapsed;
    tai_t mid = {line->tai.ns + elapsed + elapsed * line->rate.ppb / NS_PER_S};
    if (!relation_holds(line, mid, age, (uint64_t)realtime_ns - (uint64_t)now.ns)) {
        reading_without_interval(TAISTAMP_STATUS_DISRUPTED, ret_reading);
        return;
    }
    /* Two roundings of less than 1 ns each: of the advance and of the growth. */
    int64_t half = line->half_width.ns + age * line->growth.ppb / NS_PER_S + 2;
    bool leapt = mid.ns >= line->next_leap.ns;
    *ret_reading = (struct taistamp_reading){
        .tai = {{mid.ns - half}, {mid.ns + half}},
        .status = line->status,
        .source = line->source,
        .tai_utc_s = leapt ? line->next_tai_utc_s : line->tai_utc_s,
        .utc = line->utc,
    };
}

/* What page_read saw under this generation was within its ranges, and a torn or hostile copy is harmless: sums
 * and products wrap, and the generation discards the result. Fewer instructions is what this function is for. */
bool page_read_quick(const struct clock_page *page, uint64_t generation, tai_mono_t now, int64_t realtime_ns,
                     struct taistamp_reading *ret_reading)
{
    if (atomic_load_explicit(&page->words[W_GENERATION], memory_order_acquire) != generation)
        return false;
    uint64_t as_of = load(page, W_AS_OF), tai = load(page, W_TAI), half_width = load(page, W_HALF_WIDTH);
    uint64_t rates = load(page, W_RATES), void_after = load(page, W_VOID_AFTER);
    uint64_t relation = load(page, W_RELATION), next_leap = load(page, W_NEXT_LEAP);
    uint64_t flags = load(page, W_FLAGS), tai_utc = load(page, W_TAI_UTC);
    atomic_thread_fence(memory_order_acquire);
    if (load(page, W_GENERATION) != generation)
        return false;
    uint64_t elapsed = (uint64_t)now.ns - as_of; /* huge when negative */
    int64_t gained = i64_of(elapsed * (uint64_t)(int64_t)i32_of(rates)) / NS_PER_S;
    uint64_t mid = tai + elapsed + (uint64_t)gained;
    uint64_t half = half_width + elapsed * (rates >> 32) / (uint64_t)NS_PER_S + 2;
    /* 488 ppm of the age instead of 500: where it matters, page_evaluate decides. */
    uint64_t moved = (uint64_t)realtime_ns - (uint64_t)now.ns - relation;
    uint64_t allowed = (uint64_t)PAGE_DISRUPTED_NS + (elapsed >> 11);
    if ((elapsed > void_after - as_of) | (moved + allowed > 2 * allowed) |
        (i64_of(mid + (uint64_t)PAGE_LEAP_NS) >= i64_of(next_leap)))
        return false;
    ret_reading->tai.earliest.ns = i64_of(mid - half);
    ret_reading->tai.latest.ns = i64_of(mid + half);
    ret_reading->status = (enum taistamp_status)(flags & FLAGS_BYTE);
    ret_reading->source = (enum taistamp_clock_source)(flags >> 16 & FLAGS_BYTE);
    ret_reading->tai_utc_s = i32_of(tai_utc);
    ret_reading->utc = (enum taistamp_utc_status)(flags >> 8 & FLAGS_BYTE);
    return true;
}
