/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/vmclock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAGIC = 0x4b4c4356,
    GENERATION_FLAG = 1 << 8,
    BYTES_LEAST = 104, /* without the generation */
    BYTES_WITH_GENERATION = 112,
    MAP_BYTES = 4096,
    TRIES = 1000 /* an update takes the hypervisor less than a microsecond */
};

/* Shared with the hypervisor: every access is one relaxed load. */
static uint32_t load32(const void *page, size_t at)
{
    return atomic_load_explicit((const _Atomic uint32_t *)page + at / 4, memory_order_relaxed);
}

static uint64_t load64(const void *page, size_t at)
{
    return atomic_load_explicit((const _Atomic uint64_t *)page + at / 8, memory_order_relaxed);
}

static bool is_ours(const void *page)
{
    /* On a big-endian machine the magic is another number, and the device not used. */
    return load32(page, 0) == MAGIC && load32(page, 4) >= BYTES_LEAST && (load32(page, 8) & 0xffff) == 1;
}

void vmclock_open(const char *path, struct vmclock *ret_vmclock)
{
    struct stat st;
    *ret_vmclock = (struct vmclock){.page = NULL};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    /* A file in place of the device must be long enough to be mapped. */
    bool fits = fstat(fd, &st) == 0 && (S_ISCHR(st.st_mode) || st.st_size >= MAP_BYTES);
    void *page = fits ? mmap(NULL, MAP_BYTES, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    close(fd);
    if (page == MAP_FAILED)
        return;
    if (!is_ours(page)) {
        munmap(page, MAP_BYTES);
        return;
    }
    ret_vmclock->page = page;
    ret_vmclock->has_generation =
        (load64(page, 24) & GENERATION_FLAG) != 0 && load32(page, 4) >= BYTES_WITH_GENERATION;
}

void vmclock_close(struct vmclock *vmclock)
{
    if (vmclock->page != NULL)
        munmap((void *)(uintptr_t)vmclock->page, MAP_BYTES);
    vmclock->page = NULL;
}

bool vmclock_read(const struct vmclock *vmclock, struct vmclock_marks *ret_marks)
{
    for (int i = 0; vmclock->page != NULL && i < TRIES; i++) {
        uint32_t before = load32(vmclock->page, 12);
        atomic_thread_fence(memory_order_acquire);
        struct vmclock_marks marks = {.disruption = load64(vmclock->page, 16)};
        if (vmclock->has_generation)
            marks.generation = load64(vmclock->page, 104);
        atomic_thread_fence(memory_order_acquire);
        if (before % 2 == 0 && load32(vmclock->page, 12) == before) {
            *ret_marks = marks;
            return true;
        }
    }
    return false;
}
