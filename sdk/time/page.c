/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/time/page.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/time/arith.h"
#include "sdk/time/page_quick.h"

/* A write takes some 20 ns: a reader that comes second this often has met a writer that was interrupted. */
enum { READ_TRIES = 100 };

static uint64_t magic_word(void)
{
    uint64_t word;
    memcpy(&word, "TAICLOCK", sizeof word);
    return word;
}

static void store(struct clock_page *page, int word, uint64_t value)
{
    atomic_store_explicit(&page->words[word], value, memory_order_relaxed);
}

static uint64_t pair(int32_t low, int32_t high)
{
    return (uint64_t)(uint32_t)high << 32 | (uint32_t)low;
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
        l->source > TAISTAMP_CLOCK_ASSUMED || l->cluster.role > PAGE_ROLE_ALONE ||
        l->cluster.margin > PAGE_COUNT_MAX)
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

const char *page_role_name(enum page_role role)
{
    static const char *const names[] = {"none",         "starting", "following", "fallback",
                                        "free-running", "master",   "alone"};
    size_t i = (size_t)role;
    return i < sizeof names / sizeof *names ? names[i] : "none";
}

static uint64_t cluster_word(const struct page_cluster *c)
{
    return (uint64_t)c->role | (c->has_margin ? (uint64_t)c->margin + 1 : 0) << 8 |
           (uint64_t)c->servers_up << 16 | (uint64_t)c->servers << 24;
}

/* Whatever stands there means something: a role of a later version is none of ours. */
static struct page_cluster cluster_of(uint64_t word)
{
    uint64_t role = word & PAGE_FLAGS_BYTE, margin = word >> 8 & PAGE_FLAGS_BYTE;
    return (struct page_cluster){
        .role = role <= PAGE_ROLE_ALONE ? (enum page_role)role : PAGE_ROLE_NONE,
        .has_margin = margin != 0,
        .margin = margin != 0 ? (uint8_t)(margin - 1) : 0,
        .servers_up = (uint8_t)(word >> 16 & PAGE_FLAGS_BYTE),
        .servers = (uint8_t)(word >> 24 & PAGE_FLAGS_BYTE),
    };
}

enum { MAKE_SAID = 1, MAKE_NONE = 0xFF /* no own reference */ };

static void store_make(struct clock_page *page, const struct page_make *m)
{
    uint64_t kind = m->has_reference ? (uint64_t)m->kind : MAKE_NONE;
    uint64_t leap = m->leap_heard ? (uint64_t)m->leap_differs + 1 : 0;
    store(page, PAGE_W_MAKE,
          m->said ? MAKE_SAID | kind << 8 | (uint64_t)m->references << 16 | leap << 24 : 0);
    store(page, PAGE_W_HOLDOVER, (uint64_t)m->holdover_ns);
    store(page, PAGE_W_UPSTREAM, (uint64_t)m->upstream_ns);
    store(page, PAGE_W_PATH, (uint64_t)m->path_ns);
    store(page, PAGE_W_STAMPS, (uint64_t)m->stamps_ns);
    store(page, PAGE_W_AGE, (uint64_t)m->age_ns);
    store(page, PAGE_W_SLEW, (uint64_t)m->slew_ns);
}

static int64_t load_part(const struct clock_page *page, int word)
{
    int64_t ns = page_i64(page_load(page, word));
    return ns < 0 ? 0 : ns;
}

/* Whatever stands there means something, as with the cluster. */
static struct page_make load_make(const struct clock_page *page)
{
    uint64_t word = page_load(page, PAGE_W_MAKE), kind = word >> 8 & PAGE_FLAGS_BYTE;
    struct page_make m = {.said = (word & PAGE_FLAGS_BYTE) == MAKE_SAID};
    if (!m.said)
        return m;
    m.has_reference = kind <= TAISTAMP_CLOCK_ASSUMED;
    m.kind = m.has_reference ? (enum taistamp_clock_source)kind : TAISTAMP_CLOCK_ASSUMED;
    m.references = (uint8_t)(word >> 16 & PAGE_FLAGS_BYTE);
    uint64_t leap = word >> 24 & PAGE_FLAGS_BYTE;
    m.leap_heard = leap != 0;
    m.leap_differs = leap != 0 ? (uint8_t)(leap - 1) : 0;
    int64_t holdover_ns = page_i64(page_load(page, PAGE_W_HOLDOVER));
    m.holdover_ns = holdover_ns < 0 ? -1 : holdover_ns;
    m.upstream_ns = load_part(page, PAGE_W_UPSTREAM);
    m.path_ns = load_part(page, PAGE_W_PATH);
    m.stamps_ns = load_part(page, PAGE_W_STAMPS);
    m.age_ns = load_part(page, PAGE_W_AGE);
    m.slew_ns = load_part(page, PAGE_W_SLEW);
    return m;
}

static void store_line(struct clock_page *page, const struct clock_line *l)
{
    uint64_t boot[2];
    memcpy(boot, l->boot_id, sizeof boot);
    store(page, PAGE_W_FLAGS,
          (uint64_t)l->status | (uint64_t)l->utc << 8 | (uint64_t)l->source << 16 |
              PAGE_FLAGS_MARK << PAGE_FLAGS_BITS);
    store(page, PAGE_W_BOOT_0, boot[0]);
    store(page, PAGE_W_BOOT_1, boot[1]);
    store(page, PAGE_W_TIMELINE, l->timeline);
    store(page, PAGE_W_AS_OF, (uint64_t)l->as_of.ns);
    store(page, PAGE_W_TAI, (uint64_t)l->tai.ns);
    store(page, PAGE_W_HALF_WIDTH, (uint64_t)l->half_width.ns);
    store(page, PAGE_W_RATES, pair(l->rate.ppb, l->growth.ppb));
    store(page, PAGE_W_VOID_AFTER, (uint64_t)l->void_after.ns);
    store(page, PAGE_W_RELATION, (uint64_t)l->realtime_minus_raw_ns);
    store(page, PAGE_W_TAI_UTC, pair(l->tai_utc_s, l->next_tai_utc_s));
    store(page, PAGE_W_NEXT_LEAP, (uint64_t)l->next_leap.ns);
    store(page, PAGE_W_TERM, l->term);
    store(page, PAGE_W_MASTER, l->master);
    store(page, PAGE_W_CLUSTER, cluster_word(&l->cluster));
    store_make(page, &l->make);
}

/* Makes the generation odd before any field changes; one that is odd already was left so by a writer that
 * died. */
static uint64_t write_begin(struct clock_page *page)
{
    uint64_t generation = page_load(page, PAGE_W_GENERATION) | 1;
    store(page, PAGE_W_GENERATION, generation);
    atomic_thread_fence(memory_order_release);
    return generation;
}

static void write_end(struct clock_page *page, uint64_t generation)
{
    atomic_store_explicit(&page->words[PAGE_W_GENERATION], generation + 1, memory_order_release);
}

void page_init(struct clock_page *page)
{
    static const struct clock_line nothing = {
        .status = TAISTAMP_STATUS_UNKNOWN, .utc = TAISTAMP_UTC_UNKNOWN, .next_leap = {PAGE_NEVER}};
    uint64_t generation = write_begin(page);
    store(page, PAGE_W_MAGIC, magic_word());
    store(page, PAGE_W_VERSION, PAGE_VERSION);
    store_line(page, &nothing);
    for (int word = PAGE_W_USED; word < PAGE_WORDS; word++)
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
    uint64_t boot[2] = {page_load(page, PAGE_W_BOOT_0), page_load(page, PAGE_W_BOOT_1)};
    memcpy(l->boot_id, boot, sizeof boot);
    l->timeline = page_load(page, PAGE_W_TIMELINE);
    l->as_of.ns = page_i64(page_load(page, PAGE_W_AS_OF));
    l->tai.ns = page_i64(page_load(page, PAGE_W_TAI));
    l->half_width.ns = page_i64(page_load(page, PAGE_W_HALF_WIDTH));
    uint64_t rates = page_load(page, PAGE_W_RATES);
    l->rate.ppb = page_i32(rates);
    l->growth.ppb = page_i32(rates >> 32);
    l->void_after.ns = page_i64(page_load(page, PAGE_W_VOID_AFTER));
    l->realtime_minus_raw_ns = page_i64(page_load(page, PAGE_W_RELATION));
    uint64_t tai_utc = page_load(page, PAGE_W_TAI_UTC);
    l->tai_utc_s = page_i32(tai_utc);
    l->next_tai_utc_s = page_i32(tai_utc >> 32);
    l->next_leap.ns = page_i64(page_load(page, PAGE_W_NEXT_LEAP));
    l->term = page_load(page, PAGE_W_TERM);
    l->master = page_load(page, PAGE_W_MASTER);
    l->cluster = cluster_of(page_load(page, PAGE_W_CLUSTER));
    l->make = load_make(page);
    return page_load(page, PAGE_W_FLAGS);
}

static bool load_flags(uint64_t flags, struct clock_line *l)
{
    uint64_t status = flags & PAGE_FLAGS_BYTE, utc = flags >> 8 & PAGE_FLAGS_BYTE,
             source = flags >> 16 & PAGE_FLAGS_BYTE;
    if (flags >> PAGE_FLAGS_BITS != PAGE_FLAGS_MARK || status > TAISTAMP_STATUS_EXPIRED ||
        utc > TAISTAMP_UTC_UNKNOWN || source > TAISTAMP_CLOCK_ASSUMED)
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
        uint64_t before = atomic_load_explicit(&page->words[PAGE_W_GENERATION], memory_order_acquire);
        bool ours =
            page_load(page, PAGE_W_MAGIC) == magic_word() && page_load(page, PAGE_W_VERSION) == PAGE_VERSION;
        uint64_t flags = load_line(page, &line);
        atomic_thread_fence(memory_order_acquire);
        if ((before & 1) != 0 || page_load(page, PAGE_W_GENERATION) != before)
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
    int64_t moved = page_i64(relation - (uint64_t)line->realtime_minus_raw_ns);
    bool unmoved = within(moved, allowed);
    if (line->next_tai_utc_s == line->tai_utc_s || mid.ns < line->next_leap.ns - PAGE_LEAP_NS)
        return unmoved;
    int64_t jump = (int64_t)(line->tai_utc_s - line->next_tai_utc_s) * NS_PER_S;
    bool jumped = within(page_i64((uint64_t)moved - (uint64_t)jump), allowed);
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
