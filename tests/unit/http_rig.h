/* SPDX-License-Identifier: Apache-2.0 */
/* A stamp process of its own on a free port, and a client that can misbehave. Failures fail the test. */
#ifndef TESTS_UNIT_HTTP_RIG_H
#define TESTS_UNIT_HTTP_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "server/config.h"

struct rig {
    struct taid_config config; /* change what you like before rig_start */
    char dir[64];
    pid_t pid;
    int port;
    char where[200]; /* what its ready line says */
};

/* Fills in the defaults. */
void rig_prepare(struct rig *rig);
void rig_start(struct rig *rig);
/* SIGTERM; gives the exit code (1000 + signal when it died of one). Removes the folder. */
int rig_stop(struct rig *rig);
/* Waits for its end without asking for it. */
int rig_wait(struct rig *rig);
/* Resident memory of the server, kB. */
long rig_memory_kb(const struct rig *rig);

int rig_connect(const struct rig *rig);
void rig_send(int fd, const void *data, size_t len);
void rig_send_text(int fd, const char *text);

struct rig_answer {
    int status;    /* 0: the connection ended without an answer */
    char code[64]; /* of a problem */
    char head[2048];
    char body[4096]; /* cut */
    size_t body_len;
    bool closed; /* the server said Connection: close */
};
/* Reads one answer, waiting at most 20 s in all. `has_body` is false for answers to HEAD. */
void rig_read(int fd, bool has_body, struct rig_answer *ret_answer);
/* Connects, sends, reads, closes. */
void rig_exchange(const struct rig *rig, const void *data, size_t len, struct rig_answer *ret_answer);
/* True when the server ends the connection within `ms`; what it sends meanwhile is thrown away. */
bool rig_ends(int fd, int ms);

/* POST /v1/stamps with a good body. */
extern const char rig_good_post[];

#endif
