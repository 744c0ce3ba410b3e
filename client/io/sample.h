/* SPDX-License-Identifier: Apache-2.0 */
/* docs/tai-client.yaml, built in: what `tai-client keygen --dir` writes and what is installed as the sample are one text. */
#ifndef CLIENT_IO_SAMPLE_H
#define CLIENT_IO_SAMPLE_H

extern const char sample_client_yaml[];

#endif
