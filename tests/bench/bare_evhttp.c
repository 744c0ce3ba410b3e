/* SPDX-License-Identifier: Apache-2.0 */
/* The limit that evhttp itself sets: reads a POST and answers 201 with a body of the given length, and does nothing
 * else. The same headers as a real answer, evhttp's own defaults everywhere.
 *
 *     bare_evhttp BODY_LENGTH          prints where it listens */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/libevent.h"

struct bare {
    size_t len;
    char *body;
};

static void on_request(struct evhttp_request *req, void *arg)
{
    const struct bare *b = arg;
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *input = evhttp_request_get_input_buffer(req);
    evbuffer_drain(input, evbuffer_get_length(input));
    evhttp_add_header(headers, "Location", "/v1/stamps/1234567");
    evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
    evbuffer_add(evhttp_request_get_output_buffer(req), b->body, b->len);
    evhttp_send_reply(req, 201, "Created", NULL);
}

int main(int argc, char **argv)
{
    struct bare b = {.len = argc == 2 ? strtoul(argv[1], NULL, 10) : 700};
    struct event_base *base = event_base_new();
    struct evhttp *http = base != NULL ? evhttp_new(base) : NULL;
    b.body = malloc(b.len + 1);
    if (http == NULL || b.body == NULL)
        return 2;
    memset(b.body, 'r', b.len);
    evhttp_set_gencb(http, on_request, &b);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    if (bound == NULL)
        return 2;
    struct sockaddr_in sa;
    socklen_t len = sizeof sa;
    if (getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&sa, &len) != 0)
        return 2;
    printf("127.0.0.1:%u\n", (unsigned)ntohs(sa.sin_port));
    fflush(stdout);
    return event_base_dispatch(base) < 0 ? 2 : 0;
}
