/* SPDX-License-Identifier: Apache-2.0 */
/* tai-stamp stamp and flush: one request for however many files.
 *
 * The order keeps every promise on a bad day: hash, reserve counters and journal (outbox.h), ask the server, verify,
 * write receipts, and only then let go of the journal. Until the journal is written an interrupt leaves nothing behind;
 * while the server is waited for it removes the journal; while receipts are written it waits. What was queued before
 * stays queued by its old records until the new journal stands for it or its receipts are written. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/tai-stamp/commands.h"
#include "tools/tai-stamp/deliver.h"
#include "tools/tai-stamp/describe.h"
#include "tools/file.h"
#include "tools/tai-stamp/home.h"
#include "tools/tai-stamp/items.h"
#include "tools/network.h"
#include "tools/tai-stamp/state.h"
#include "tools/text.h"

/* ---- Interrupts ---- */

static char
    journal_path[4096]; /* what an interrupt removes; "" for nothing. A signal handler has no arguments. */

static void on_interrupt(int number)
{
    static const char message[] = "\ninterrupted; nothing was written\n";

    (void)number;
    if (journal_path[0] != '\0')
        unlink(journal_path);
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        _exit(EXIT_INTERRUPTED);
    _exit(EXIT_INTERRUPTED);
}

static void interrupts_set(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(how, &set, NULL);
}

static void interrupts_catch(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* ---- The server ---- */

/* NULL: none can be used; *ret_code and a message say why. */
static const struct pin *choose_server(const struct options *o, const struct pins *pins, int *ret_code)
{
    const char *named = o->server != NULL ? o->server : getenv("TAISTAMP_SERVER");
    const struct pin *pin = NULL;
    size_t n_urls = 0;
    char *url;

    if (named == NULL || named[0] == '\0')
        named = pins->default_url;
    for (size_t i = 0; named == NULL && i < pins->n; i++) {
        if (pins->list[i].url[0] == '\0')
            continue;
        pin = n_urls == 0 ? &pins->list[i] : NULL; /* the only one, or none */
        n_urls++;
    }
    if (pin != NULL)
        return pin;
    if (named == NULL) {
        fputs(n_urls == 0
                  ? "tai-stamp: no server is known yet. Pin one first:\n  tai-stamp trust URL\n"
                  : "tai-stamp: which server? Use --server URL ('tai-stamp trust --list' shows them)\n",
              stderr);
        *ret_code = EXIT_USAGE;
        return NULL;
    }
    url = pins_clean_url(named);
    if (url == NULL) {
        char *shown = text_escape(named);

        fprintf(stderr, "tai-stamp: %s is not the URL of a server (http://... or https://...)\n", shown);
        free(shown);
        *ret_code = EXIT_USAGE;
        return NULL;
    }
    pin = pins_by_url(pins, url);
    if (pin == NULL) {
        fprintf(
            stderr,
            "tai-stamp: the keys of %s are not pinned, so its answer could not be believed. Pin them first:\n"
            "  tai-stamp trust %s\n",
            url, url);
        *ret_code = EXIT_UNTRUSTED;
    }
    free(url);
    return pin;
}

/* ---- The request ---- */

struct request {
    taistamp_stamping *stamping;
    struct item **which; /* the items of the batch, in order */
    size_t n;
    struct outbox_record journal;
};

static bool say_error(const struct tai_error *error)
{
    fprintf(stderr, "tai-stamp: %s\n", error->text);
    return false;
}

/* Items in the order of a batch; the same content as it was named. */
static int in_order(const void *a, const void *b)
{
    const struct item *one = *(struct item *const *)a, *other = *(struct item *const *)b;
    int order = outbox_order(&one->job.digest, &other->job.digest);

    return order != 0 ? order : (one > other) - (one < other);
}

/* Where outbox_done puts the record. */
static char *list_of(const struct request *r)
{
    const char *base = text_base_name(r->journal.path);
    char *below = text_printf("batches/%.*s.list", (int)(strlen(base) - strlen(".todo")), base);
    char *list = home_data(below);

    free(below);
    return list;
}

/* Fills a session with the pending items and their counters. The state lock is held. */
static bool fill_session(struct items *items, struct request *r, struct tai_error *error)
{
    uint8_t secret[TAISTAMP_SECRET_LEN];
    struct outbox_counters *counters;
    enum tai_err err = state_secret(secret, error);

    if (err != TAI_OK)
        return say_error(error);
    err = taistamp_stamping_new(secret, NULL, &r->stamping);
    explicit_bzero(secret, sizeof secret);
    counters = outbox_counters_load();
    r->which = text_alloc(items->n * sizeof(struct item *));
    for (size_t i = 0; i < items->n; i++)
        if (items->list[i].state == ITEM_PENDING)
            r->which[r->n++] = &items->list[i];
    qsort(r->which, r->n, sizeof(struct item *), in_order);
    for (size_t i = 0; i < r->n && err == TAI_OK; i++) {
        struct item *item = r->which[i];

        item->counter =
            item->from_queue ? item->queued.counter : outbox_counters_next(counters, &item->job.digest);
        err = taistamp_stamping_add(r->stamping, &item->job.digest,
                                    item->path != NULL ? text_base_name(item->path) : NULL, item->counter);
    }
    outbox_counters_free(counters);
    if (err != TAI_OK)
        fprintf(stderr, "tai-stamp: the files cannot be made into one request: %s\n", taistamp_err_name(err));
    return err == TAI_OK;
}

static bool write_journal(struct request *r)
{
    struct outbox_item *entries = text_alloc(r->n * sizeof *entries);
    int err = 0;

    for (size_t i = 0; i < r->n; i++) {
        const struct item *item = r->which[i];

        entries[i] = (struct outbox_item){.digest = item->job.digest, .counter = item->counter};
        if (taistamp_stamping_commitment(r->stamping, i, entries[i].commitment) != TAI_OK)
            err = EINVAL;
        entries[i].path = item->path != NULL ? file_absolute(item->path) : NULL;
        entries[i].receipt =
            item->receipt != NULL && strcmp(item->receipt, "-") != 0 ? file_absolute(item->receipt) : NULL;
    }
    interrupts_set(SIG_BLOCK);
    if (err == 0)
        err = outbox_write(entries, r->n, &r->journal);
    if (err == 0 && strlen(r->journal.path) < sizeof journal_path)
        memcpy(journal_path, r->journal.path, strlen(r->journal.path) + 1);
    interrupts_set(SIG_UNBLOCK);
    for (size_t i = 0; i < r->n; i++) {
        free(entries[i].path);
        free(entries[i].receipt);
    }
    free(entries);
    if (err != 0)
        fprintf(stderr, "tai-stamp: the journal of this request cannot be written, so nothing was sent: %s\n",
                strerror(err));
    return err == 0;
}

/* Items whose file is away stay queued: they get a record of their own before the old ones go. */
static bool requeue_left(struct items *items)
{
    struct outbox_item *left = text_alloc(items->n * sizeof *left);
    struct outbox_record record;
    size_t n = 0;
    int err = 0;

    for (size_t i = 0; i < items->n; i++)
        if (items->list[i].state == ITEM_LEFT)
            left[n++] = items->list[i].queued;
    if (n > 0) {
        err = outbox_write(left, n, &record);
        if (err == 0)
            outbox_leave(&record);
    }
    free(left);
    return err == 0;
}

/* The old records of the queue go: what was in them is stamped, given up with a message, or in a new record. */
static void settle_queue(struct items *items)
{
    outbox_release(&items->queue, requeue_left(items));
}

/* Under the lock: counters and journal. */
static bool prepare(struct items *items, struct request *r)
{
    struct tai_error error = {0};
    int lock = state_lock(&error);
    bool ok;

    if (lock < 0)
        return say_error(&error);
    ok = fill_session(items, r, &error) && (r->n == 0 || write_journal(r));
    if (ok && r->n == 0)
        settle_queue(items);
    state_unlock(lock);
    return ok;
}

static void fail_all(const struct options *o, struct request *r, int code, const char *why)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->n <= 10 || o->json)
            items_fail(o, r->which[i], code, "%s%s", why, r->which[i]->from_queue ? "; it stays queued" : "");
        else {
            r->which[i]->state = ITEM_FAILED;
            r->which[i]->code = code;
        }
    if (r->n > 10 && !o->json)
        fprintf(stderr, "tai-stamp: %zu files were not stamped: %s\n", r->n, why);
}

static void queue_all(const struct options *o, struct items *items, struct request *r,
                      const struct tai_error *error)
{
    journal_path[0] = '\0';
    settle_queue(items);
    outbox_leave(&r->journal);
    for (size_t i = 0; i < r->n; i++) {
        r->which[i]->state = ITEM_QUEUED;
        if (o->json)
            items_report_json(r->which[i], "queued", error->text, NULL, NULL);
        else if (!o->quiet && (r->n <= 10 || o->verbose > 0))
            fprintf(stderr, "%s: queued\n", r->which[i]->label);
    }
    if (!o->json)
        fprintf(stderr,
                "tai-stamp: %s\n%zu %s NOT stamped. %s queued and will be sent with the next stamp, or by "
                "'tai-stamp "
                "flush'.\nThe proof will only say when it was sent, so do not wait long.\n",
                error->text, r->n, text_plural(r->n, "file was", "files were"),
                text_plural(r->n, "It is", "They are"));
}

/* `tls`: it did not come to an answer, because the certificate is not trusted. */
static void untrusted(const struct options *o, struct request *r, const struct pin *pin, bool tls,
                      const struct tai_error *error)
{
    if (tls)
        fprintf(
            stderr,
            "tai-stamp: %s\nNothing was sent. --ca-file names the authority of a server that has its own.\n",
            error->text);
    else
        fprintf(
            stderr,
            "tai-stamp: THE ANSWER IS NOT SIGNED BY THE PINNED KEY of %s. Nothing was written.\n  %s\n"
            "This may be a new installation, or somebody who pretends to be that server. Ask its operator;\n"
            "'tai-stamp trust %s' shows the pinned and the present keys.\n",
            pin->url, error->text, pin->url);
    fail_all(o, r, EXIT_UNTRUSTED, "not stamped");
}

/* Whether it is the server's certificate that is not trusted: then nothing can be got from it either. */
static bool tls_untrusted(const struct network *network, taistamp_net *net)
{
    struct tai_error ignored;
    char *body = NULL;
    size_t len;
    bool untrusted = network->get(net, "/healthz", 4096, &body, &len, &ignored) == TAI_ERR_UNTRUSTED;

    free(body);
    return untrusted;
}

static int send_request(const struct options *o, struct items *items, const struct pin *pin,
                        struct request *r)
{
    struct taistamp_net_options options = {
        .size = sizeof options, .total_ms = o->timeout_ms, .ca_file = o->ca_file};
    struct tai_error error = {0};
    taistamp_net *net = NULL;
    struct network network;
    enum tai_err err = network_load(&network, &error);
    const char *answer;
    size_t answer_len;
    bool safe, recorded, tls = false;
    char *list;

    if (err == TAI_OK)
        err = network.new(pin->url, &options, &net, &error);
    if (net != NULL) {
        err = network.stamp(net, r->stamping, pin->policy, pin->trust, items->judge.leaps, &error);
        tls = err == TAI_ERR_UNTRUSTED && tls_untrusted(&network, net);
        network.free(net);
    }
    if (err == TAI_ERR_UNAVAILABLE || err == TAI_ERR_TIMEOUT) {
        queue_all(o, items, r, &error);
        return EXIT_UNREACHABLE;
    }
    if (err != TAI_OK) {
        journal_path[0] = '\0';
        outbox_done(&r->journal, false);
        if (err == TAI_ERR_UNTRUSTED)
            untrusted(o, r, pin, tls, &error);
        else
            fail_all(o, r, err == TAI_ERR_ARGUMENT ? EXIT_USAGE : EXIT_FAILED, error.text);
        return -1;
    }
    interrupts_set(SIG_BLOCK);
    recorded = taistamp_stamping_answer(r->stamping, &answer, &answer_len) == TAI_OK &&
               outbox_answer(&r->journal, answer, answer_len) == 0;
    list = recorded && r->n > 1 ? list_of(r) : NULL;
    safe = deliver(o, items, r->stamping, r->which, r->n, list);
    free(list);
    if (safe)
        outbox_done(&r->journal, r->n > 1);
    else
        outbox_leave(&r->journal);
    settle_queue(items);
    journal_path[0] = '\0';
    interrupts_set(SIG_UNBLOCK);
    return -1;
}

/* ---- The end ---- */

static int conclude(const struct options *o, const struct items *items, double seconds)
{
    size_t count[ITEM_QUEUED + 1] = {0};
    int worst = EXIT_OK;

    for (size_t i = 0; i < items->n; i++) {
        count[items->list[i].state]++;
        if (items->list[i].state == ITEM_FAILED &&
            (worst == EXIT_OK || items->list[i].code == EXIT_UNTRUSTED))
            worst = items->list[i].code;
    }
    if (items->n > 10 && !o->json && !o->quiet) {
        if (count[ITEM_STAMPED] > 0)
            printf("%zu %s stamped in one request", count[ITEM_STAMPED],
                   text_plural(count[ITEM_STAMPED], "file", "files"));
        else
            fputs("No file was stamped", stdout);
        if (count[ITEM_SKIPPED] > 0)
            printf(", %zu had a valid receipt already", count[ITEM_SKIPPED]);
        if (count[ITEM_FAILED] + items->walk_failed > 0)
            printf(", %zu NOT stamped", count[ITEM_FAILED] + items->walk_failed);
        printf(" (%.1f s)\n", seconds);
    }
    if (count[ITEM_FAILED] + items->walk_failed == 0)
        return EXIT_OK;
    if (worst == EXIT_UNTRUSTED)
        return worst;
    if (count[ITEM_STAMPED] + count[ITEM_SKIPPED] > 0)
        return EXIT_PARTIAL;
    return worst != EXIT_OK ? worst : EXIT_USAGE;
}

static int stamp_items(const struct options *o, struct items *items, const struct timespec *start)
{
    struct request r = {0};
    struct timespec end;
    const struct pin *pin = NULL;
    bool pending = false;
    int code = -1;

    for (size_t i = 0; i < items->n; i++)
        pending = pending || items->list[i].state == ITEM_PENDING;
    if (pending) {
        pin = choose_server(o, &items->judge.pins, &code);
        if (pin == NULL)
            return code;
    }
    /* With nothing to send the queue may still have changed: dropped items leave it. */
    if ((pending || items->queue.n > 0) && !prepare(items, &r))
        code = EXIT_FAILED;
    else if (r.n > 0 && pin != NULL)
        code = send_request(o, items, pin, &r);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (code < 0)
        code = conclude(o, items,
                        (double)(end.tv_sec - start->tv_sec) + (double)(end.tv_nsec - start->tv_nsec) / 1e9);
    taistamp_stamping_free(r.stamping);
    free(r.which);
    return code;
}

int command_stamp(const struct options *o)
{
    bool only_queue = o->command == COMMAND_FLUSH || o->retry;
    struct timespec start;
    struct items items;
    int code;

    clock_gettime(CLOCK_MONOTONIC, &start);
    if (only_queue ? o->n_args > 0 || o->files_from != NULL || o->digest != NULL
                   : o->n_args == 0 && o->files_from == NULL && o->digest == NULL) {
        fputs(only_queue ? "tai-stamp: flush and --retry send the queue and take no files\n"
                         : "tai-stamp: stamp what? Give files, or '-' for standard input\n",
              stderr);
        return EXIT_USAGE;
    }
    interrupts_catch();
    code = items_collect(o, only_queue, &items);
    if (code >= 0)
        return code;
    if (only_queue && items.n == 0 && !o->quiet && !o->json)
        puts("Nothing is queued.");
    code = stamp_items(o, &items, &start);
    items_free(&items);
    return code;
}
