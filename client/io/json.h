/* SPDX-License-Identifier: Apache-2.0 */
/* jansson for the control socket: the one place of client/ that includes its header. */
#ifndef CLIENT_IO_JSON_H
#define CLIENT_IO_JSON_H

#include <jansson.h>

#endif
