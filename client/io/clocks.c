/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/clocks.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sdk/base/crc32c.h"
#include "sdk/time/arith.h"

enum {
    SANDWICHES = 8,
    CLOSE_NS = 2000,   /* a sandwich as tight as this is good enough for BOOTTIME */
    SLEPT_NS = 1000000 /* no pair of readings is as far apart as that eight times over */
};
#define BOOT_PATH   "/proc/sys/kernel/random/boot_id"
#define SOURCE_PATH "/sys/devices/system/clocksource/clocksource0/current_clocksource"

static bool clock_ns(clockid_t id, int64_t *ret_ns)
{
    struct timespec t;
    if (clock_gettime(id, &t) != 0)
        return false;
    *ret_ns = (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
    return true;
}

/* Another clock's reading between two of RAW: the tightest of several, or the first that is tight enough. */
static bool sandwich(clockid_t id, int64_t enough_ns, struct clocks_pair *ret_pair)
{
    int64_t best = INT64_MAX, before, value, after;
    for (int i = 0; i < SANDWICHES && best > enough_ns; i++) {
        if (!clock_ns(CLOCK_MONOTONIC_RAW, &before) || !clock_ns(id, &value) ||
            !clock_ns(CLOCK_MONOTONIC_RAW, &after))
            return false;
        if (after - before >= best)
            continue;
        best = after - before;
        *ret_pair = (struct clocks_pair){{before + best / 2}, value, best / 2 + 1};
    }
    return true;
}

void clocks_pair_read(struct clocks_pair *ret_pair)
{
    if (!sandwich(CLOCK_REALTIME, 0, ret_pair))
        *ret_pair = (struct clocks_pair){.width_ns = INT64_MAX};
}

int64_t clocks_asleep_ns(void)
{
    int64_t least = INT64_MAX, monotonic, boot;
    for (int i = 0; i < SANDWICHES; i++) {
        if (!clock_ns(CLOCK_MONOTONIC, &monotonic) || !clock_ns(CLOCK_BOOTTIME, &boot))
            return 0;
        least = boot - monotonic < least ? boot - monotonic : least;
    }
    return least;
}

static void read_source(int fd, uint8_t name[CLOCKS_SOURCE_BYTES])
{
    uint8_t fresh[CLOCKS_SOURCE_BYTES] = {0};
    if (fd >= 0 && pread(fd, fresh, sizeof fresh, 0) > 0)
        memcpy(name, fresh, sizeof fresh);
}

uint64_t clocks_source_number(void)
{
    uint8_t name[CLOCKS_SOURCE_BYTES];
    int fd = open(SOURCE_PATH, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, name, sizeof name);
    close(fd);
    return n > 0 ? crc32c(bytes_of(name, (size_t)n)) : 0;
}

void clocks_open_at(struct clocks *clocks, uint64_t salt, const struct clocks_paths *paths)
{
    *clocks = (struct clocks){.salt = salt};
    int fd = open(paths->boot_id, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, clocks->boot_id, sizeof clocks->boot_id) < 0)
            memset(clocks->boot_id, 0, sizeof clocks->boot_id);
        close(fd);
    }
    clocks->source_fd = open(paths->clocksource, O_RDONLY | O_CLOEXEC);
    vmclock_open(paths->vmclock, &clocks->vmclock);
}

void clocks_open(struct clocks *clocks, uint64_t salt)
{
    static const struct clocks_paths system = {
        .boot_id = BOOT_PATH, .clocksource = SOURCE_PATH, .vmclock = VMCLOCK_DEVICE};
    clocks_open_at(clocks, salt, &system);
}

void clocks_close(struct clocks *clocks)
{
    if (clocks->source_fd >= 0)
        close(clocks->source_fd);
    clocks->source_fd = -1;
    vmclock_close(&clocks->vmclock);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    /* SplitMix64's finish after each word: the id is told apart, not defended. */
    uint64_t z = (hash ^ value) + 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint64_t mix_bytes(uint64_t hash, const uint8_t *p, size_t words)
{
    for (size_t i = 0; i < words; i++)
        hash = mix(hash, be64_read(p + i * 8));
    return hash;
}

static sync_timeline_t name_timeline(const struct clocks *c)
{
    uint64_t id = mix(0, c->salt);
    id = mix_bytes(id, c->boot_id, sizeof c->boot_id / 8);
    id = mix_bytes(id, c->source, sizeof c->source / 8);
    id = mix(id, (uint64_t)(c->asleep_ns / SLEPT_NS));
    id = mix(id, c->marks.disruption);
    id = mix(id, c->marks.generation);
    id = mix(id, c->breaks);
    return (sync_timeline_t){id != 0 ? id : 1};
}

static uint32_t look_at_sleep(struct clocks *c)
{
    int64_t monotonic, boot;
    if (!clock_ns(CLOCK_MONOTONIC, &monotonic) || !clock_ns(CLOCK_BOOTTIME, &boot) ||
        boot - monotonic - c->asleep_ns <= SLEPT_NS)
        return 0;
    int64_t asleep = clocks_asleep_ns();
    if (asleep - c->asleep_ns <= SLEPT_NS)
        return 0;
    c->asleep_ns = asleep;
    return CLOCKS_SLEPT;
}

static uint32_t look_at_source(struct clocks *c, int64_t raw_ns)
{
    uint8_t before[CLOCKS_SOURCE_BYTES];
    if (raw_ns - c->source_raw_ns < NS_PER_S && raw_ns >= c->source_raw_ns)
        return 0;
    c->source_raw_ns = raw_ns;
    memcpy(before, c->source, sizeof before);
    read_source(c->source_fd, c->source);
    return memcmp(before, c->source, sizeof before) != 0 ? CLOCKS_SOURCE_CHANGED : 0;
}

static uint32_t look_at_vm(struct clocks *c)
{
    struct vmclock_marks marks;
    if (!vmclock_read(&c->vmclock, &marks))
        return 0;
    uint32_t mask = (marks.disruption != c->marks.disruption ? CLOCKS_VM_DISRUPTED : 0u) |
                    (marks.generation != c->marks.generation ? CLOCKS_VM_RESTORED : 0u);
    c->marks = marks;
    /* The first look finds them as they are. */
    uint32_t found = c->has_marks ? mask : 0;
    c->has_marks = true;
    return found;
}

static void start(struct clocks *c, int64_t raw_ns)
{
    c->started = true;
    c->source_raw_ns = raw_ns;
    c->asleep_ns = clocks_asleep_ns();
    read_source(c->source_fd, c->source);
    (void)look_at_vm(c);
    c->timeline = name_timeline(c);
}

void clocks_read(struct clocks *clocks, struct engine_now *ret_now)
{
    struct clocks_pair pair, boot;
    clocks_pair_read(&pair);
    if (!clocks->started)
        start(clocks, pair.raw.ns);
    uint32_t mask = look_at_sleep(clocks) | look_at_source(clocks, pair.raw.ns) | look_at_vm(clocks);
    if (mask != 0) {
        clocks->breaks++;
        clocks->break_mask |= mask;
        clocks->timeline = name_timeline(clocks);
        clocks_pair_read(&pair); /* of the new one */
    }
    bool has_boot = sandwich(CLOCK_BOOTTIME, CLOSE_NS, &boot);
    *ret_now = (struct engine_now){.timeline = clocks->timeline,
                                   .raw = pair.raw,
                                   .realtime_ns = pair.realtime_ns,
                                   .width_ns = pair.width_ns,
                                   .boot_ns = has_boot ? boot.realtime_ns + (pair.raw.ns - boot.raw.ns)
                                                       : pair.raw.ns};
}

uint32_t clocks_breaks(struct clocks *clocks)
{
    uint32_t mask = clocks->break_mask;
    clocks->break_mask = 0;
    return mask;
}
