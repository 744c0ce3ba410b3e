/* SPDX-License-Identifier: Apache-2.0 */
/* note_parse and checkpoint_parse on any bytes: what they take is the body, an empty line and the signature lines, and
 * the checkpoint's body is written again the same. */
#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/proof/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct note note;
    uint8_t again[CHECKPOINT_BODY_MAX];
    struct checkpoint p;
    struct tai_error error;
    struct bytes text = bytes_of(data, size);
    if (note_parse(text, &note, &error) != TAI_OK)
        return 0;
    size_t len = note.body.len + 1;
    BUG_UNLESS(note.n > 0 && note.n <= LIMIT_SIGNATURES);
    for (size_t i = 0; i < note.n; i++) {
        BUG_UNLESS(note_name_valid(note.signatures[i].name));
        len += 4 + note.signatures[i].name.len + 1 + note.signatures[i].base64.len + 1;
    }
    BUG_UNLESS(len == size);
    if (checkpoint_parse(note.body, &p, &error) != TAI_OK)
        return 0;
    struct out o = out_of(again, sizeof again);
    checkpoint_emit(&o, &p);
    BUG_UNLESS(!o.overflow && bytes_equal(out_view(&o), note.body));
    return 0;
}
