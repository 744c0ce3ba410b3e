/* SPDX-License-Identifier: Apache-2.0 */
/* jansson for the server: the one place that includes its header. Not RFC 8785: for requests and reports
 * only. */
#ifndef SERVER_JSON_H
#define SERVER_JSON_H

#include <jansson.h>

#endif
