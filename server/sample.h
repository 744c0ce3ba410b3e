/* SPDX-License-Identifier: Apache-2.0 */
/* docs/taid.yaml, built in: what `taid init` writes and what is installed as the sample are one text. */
#ifndef SERVER_SAMPLE_H
#define SERVER_SAMPLE_H

extern const char sample_taid_yaml[];

#endif
