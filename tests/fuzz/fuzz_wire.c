/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a datagram: each type is reached by its golden vector in the corpus. What is taken must be written again as
 * the same bytes, and what is refused must leave no trace. */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/io/openssl.h"
#include "sdk/sync/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct crypto *table(void)
{
    static struct crypto crypto;
    if (crypto.sha256 == NULL && openssl_crypto_open(&crypto) != TAI_OK)
        abort();
    return &crypto;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[WIRE_KEY] = {1};
    struct bytes datagram = bytes_of(data, size);
    struct wire_envelope envelope;
    struct wire_header header;
    struct wire_message m;
    uint8_t before[sizeof m];
    memset(&m, 0xa5, sizeof m);
    memcpy(before, &m, sizeof m);
    enum wire_verdict peeked = wire_peek(datagram, &envelope), verdict = wire_decode(datagram, &m);
    BUG_UNLESS(peeked == WIRE_OK ? verdict == WIRE_OK || verdict == WIRE_MALFORMED : verdict == peeked);
    if (verdict != WIRE_OK) {
        const uint8_t *after = (const uint8_t *)&m;
        for (size_t i = 0; i < sizeof m; i++)
            BUG_UNLESS(after[i] == before[i]);
        return 0;
    }
    uint8_t again[WIRE_DATAGRAM_MAX];
    BUG_UNLESS(wire_decode_header(datagram, &header) == WIRE_OK && wire_valid(&m));
    BUG_UNLESS(m.header.type == envelope.type && m.header.sender.id == envelope.sender.id &&
               m.header.cluster == envelope.cluster && m.header.receiver.id == envelope.receiver.id);
    BUG_UNLESS(header.sequence == m.header.sequence && header.term == m.header.term);
    BUG_UNLESS(wire_encode(&m, table(), key, again) == size);
    BUG_UNLESS(memcmp(again, data, size - WIRE_MAC) == 0);
    BUG_UNLESS(wire_authentic(bytes_of(again, size), table(), key));
    return 0;
}
