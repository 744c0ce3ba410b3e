/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/members.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/io/openssl.h"
#include "sdk/io/sync_settings.h"
#include "sdk/sync/oscillator.h"
#include "sdk/sync/wire.h"

/* The settings' words are numbered as the engine's. */
_Static_assert((int)SYNC_MODE_PAGE == (int)ENGINE_MODE_PAGE &&
                   (int)SYNC_MODE_SYSTEM == (int)ENGINE_MODE_SYSTEM,
               "modes");
_Static_assert((int)SYNC_OSCILLATOR_PC == (int)OSCILLATOR_PC &&
                   (int)SYNC_OSCILLATOR_TCXO == (int)OSCILLATOR_TCXO &&
                   (int)SYNC_OSCILLATOR_OCXO == (int)OSCILLATOR_OCXO &&
                   (int)SYNC_OSCILLATOR_RUBIDIUM == (int)OSCILLATOR_RUBIDIUM,
               "oscillators");

static enum tai_err fill(struct members *m, struct tai_error *error)
{
    const struct membership *own = &m->membership;
    const struct cluster *cluster = own->cluster;
    m->list = calloc(cluster->nodes_count, sizeof *m->list);
    if (m->list == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < cluster->nodes_count; i++) {
        const struct cluster_node *other = &cluster->nodes[i];
        if (other == own->self || !membership_speaks_with(own, other))
            continue;
        struct engine_member *member = &m->list[m->count];
        *member = (struct engine_member){.node = other->node, .server = other->server};
        if (other->server) {
            member->address.family = other->address.family;
            memcpy(member->address.bytes, other->address.bytes, sizeof member->address.bytes);
            member->address.port = other->address.port;
        }
        member->asymmetry_ns = cluster_asymmetry_ns(cluster, own->self->node, other->node);
        enum tai_err err = membership_pair(own, other, member->key, error);
        if (err != TAI_OK)
            return err;
        m->count++;
    }
    return TAI_OK;
}

enum tai_err members_open(const char *cluster_path, const char *key_path, const char *node,
                          enum membership_role role, struct members *ret_members, struct tai_error *error)
{
    struct members m = {0};
    enum tai_err err = membership_load(cluster_path, key_path, node, role, &m.membership, error);
    if (err != TAI_OK)
        return err;
    err = openssl_crypto_open(&m.crypto);
    if (err != TAI_OK) {
        membership_free(&m.membership);
        return error_set(error, err, "the cryptographic library cannot be used");
    }
    err = fill(&m, error);
    if (err != TAI_OK) {
        members_close(&m);
        return err;
    }
    *ret_members = m;
    return TAI_OK;
}

void members_close(struct members *members)
{
    if (members->list != NULL)
        openssl_cleanse(members->list, members->count * sizeof *members->list);
    free(members->list);
    openssl_crypto_close(&members->crypto);
    membership_free(&members->membership);
    *members = (struct members){0};
}

enum tai_err members_settings(const struct members *members, struct engine_settings *settings,
                              struct tai_error *error)
{
    const struct membership *own = &members->membership;
    settings->self = own->self->node;
    settings->server = own->self->server;
    settings->cluster = own->cluster->id;
    settings->epoch = own->cluster->epoch;
    settings->members = members->list;
    settings->members_count = members->count;
    settings->preferred = own->cluster->preferred;
    settings->crypto = &members->crypto;
    enum tai_err err = openssl_random(settings->seed, sizeof settings->seed);
    return err == TAI_OK ? TAI_OK : error_set(error, err, "no randomness");
}

const char *members_name(const struct members *members, sync_node_t node)
{
    const struct cluster_node *found = cluster_find(members->membership.cluster, node);
    return found == NULL ? NULL : found->name;
}

static bool address_is_any(const struct address *a)
{
    static const uint8_t zero[sizeof a->bytes];
    return memcmp(a->bytes, zero, sizeof zero) == 0;
}

static void put_big_endian(uint64_t v, unsigned len, uint8_t *out)
{
    for (unsigned i = 0; i < len; i++)
        out[i] = (uint8_t)(v >> 8 * (len - 1 - i));
}

static void fill_filter(const struct members *members, struct udp_settings *udp)
{
    struct udp_filter *f = &udp->filter;
    udp->has_filter = true;
    *f = (struct udp_filter){.len_min = WIRE_HEADER + WIRE_MAC, .len_max = WIRE_DATAGRAM_MAX, .count = 3};
    f->matches[0] = (struct udp_match){.offset = 0, .len = WIRE_START};
    memcpy(f->matches[0].bytes, wire_start, WIRE_START);
    f->matches[1] = (struct udp_match){.offset = WIRE_AT_CLUSTER, .len = 8};
    put_big_endian(members->membership.cluster->id, 8, f->matches[1].bytes);
    f->matches[2] = (struct udp_match){.offset = WIRE_AT_RECEIVER, .len = 4};
    put_big_endian(members->membership.self->node.id, 4, f->matches[2].bytes);
}

enum tai_err members_udp(const struct members *members, char *const *listen, size_t listen_count,
                         uint16_t port, struct udp_settings *ret_udp, struct tai_error *error)
{
    struct udp_settings udp = {.port = port};
    fill_filter(members, &udp);
    udp.without[UDP_V4] = udp.without[UDP_V6] = listen_count > 0;
    for (size_t i = 0; i < listen_count; i++) {
        struct address a;
        if (!address_parse(listen[i], 0, &a))
            return error_set_detail(error, TAI_ERR_FORMAT,
                                    "not an address to listen at: ", bytes_of_str(listen[i]));
        enum udp_family family = a.family == 4 ? UDP_V4 : UDP_V6;
        udp.without[family] = false;
        if (!address_is_any(&a)) {
            udp.bind[family] = (struct udp_address){.family = a.family};
            memcpy(udp.bind[family].bytes, a.bytes, sizeof a.bytes);
        }
        udp.port = a.port;
    }
    *ret_udp = udp;
    return TAI_OK;
}
