/* SPDX-License-Identifier: Apache-2.0 */
/* The program sees a datagram from its UDP header on; loads are big-endian and read nothing beyond its end. Each
 * test that fails goes on to the next instruction, which refuses; one that holds skips it. */
#include <linux/filter.h>

#include "sdk/base/bug.h"
#include "sdk/io/udp_socket.h"

enum {
    HEADER_BYTES = 8,
    ACCEPT = 0xffff,                          /* bytes to keep: all */
    PROGRAM_MAX = 6 + UDP_MATCHES_MAX * 3 * 4 /* at most 4 loads for 7 bytes: 4, 2, 1 make 3; one to spare */
};

struct program {
    struct sock_filter code[PROGRAM_MAX];
    uint16_t count;
};

static void emit(struct program *p, struct sock_filter instruction)
{
    BUG_UNLESS(p->count < PROGRAM_MAX);
    p->code[p->count++] = instruction;
}

static void refuse_unless(struct program *p, uint16_t test, uint32_t value)
{
    emit(p, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | test | BPF_K), value, 1, 0));
    emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
}

static void refuse_if(struct program *p, uint16_t test, uint32_t value)
{
    emit(p, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | test | BPF_K), value, 0, 1));
    emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
}

static void add_match(struct program *p, const struct udp_match *m)
{
    BUG_UNLESS(m->len >= 1 && m->len <= UDP_MATCH_BYTES);
    for (uint32_t at = 0; at < m->len;) {
        uint32_t left = m->len - at, step = left >= 4 ? 4 : left >= 2 ? 2 : 1, value = 0;
        for (uint32_t i = 0; i < step; i++)
            value = value << 8 | m->bytes[at + i];
        uint16_t size = step == 4 ? BPF_W : step == 2 ? BPF_H : BPF_B;
        emit(p, (struct sock_filter)BPF_STMT((uint16_t)(BPF_LD | size | BPF_ABS),
                                             HEADER_BYTES + m->offset + at));
        refuse_unless(p, BPF_JEQ, value);
        at += step;
    }
}

bool udp_filter_attach(int fd, const struct udp_filter *filter)
{
    BUG_UNLESS(filter->count <= UDP_MATCHES_MAX && filter->len_min <= filter->len_max &&
               filter->len_max <= UDP_BYTES_MAX);
    struct program p = {.count = 0};
    emit(&p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0));
    refuse_unless(&p, BPF_JGE, (uint32_t)HEADER_BYTES + filter->len_min);
    refuse_if(&p, BPF_JGT, (uint32_t)HEADER_BYTES + filter->len_max);
    for (uint8_t i = 0; i < filter->count; i++) {
        BUG_UNLESS(filter->matches[i].offset + filter->matches[i].len <= filter->len_min);
        add_match(&p, &filter->matches[i]);
    }
    emit(&p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ACCEPT));
    struct sock_fprog program = {.len = p.count, .filter = p.code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}
