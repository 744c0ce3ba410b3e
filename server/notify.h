/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a service manager that speaks systemd's readiness protocol (sd_notify(3)) how we are: one datagram to
 * the socket that the environment names. Without one, nothing happens. No library is needed for that. */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

/* `state`: "READY=1" or "STOPPING=1". */
void notify_manager(const char *state);

#endif
