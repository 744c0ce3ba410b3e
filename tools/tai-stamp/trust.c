/* SPDX-License-Identifier: Apache-2.0 */
/* tai-stamp trust: pinning the keys of a server, once, after somebody has compared a fingerprint. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/json.h"
#include "tools/tai-stamp/commands.h"
#include "tools/tai-stamp/describe.h"
#include "tools/file.h"
#include "tools/network.h"
#include "tools/tai-stamp/pins.h"
#include "tools/text.h"

/* A policy that is offered: from a server, or from a file. */
struct offer {
    char *url; /* "" for a file */
    char *text;
    size_t len;
    taistamp_policy *policy;
    char fingerprint[65];
};

static void offer_free(struct offer *offer)
{
    free(offer->url);
    free(offer->text);
    taistamp_policy_free(offer->policy);
}

/* -1: fetched; else the exit code, and the reason was said. */
static int fetch(const struct options *o, struct offer *offer)
{
    struct taistamp_net_options options = {
        .size = sizeof options, .total_ms = o->timeout_ms, .ca_file = o->ca_file};
    struct tai_error error = {0};
    taistamp_net *net = NULL;
    struct network network;
    enum tai_err err = network_load(&network, &error);

    if (err == TAI_OK)
        err = network.new(offer->url, &options, &net, &error);
    if (net != NULL) {
        err = network.get(net, "/policy", PINS_POLICY_MAX, &offer->text, &offer->len, &error);
        network.free(net);
    }
    if (err == TAI_OK)
        return -1;
    fprintf(stderr, "tai-stamp: %s\n", error.text);
    return err == TAI_ERR_UNTRUSTED                               ? EXIT_UNTRUSTED
           : err == TAI_ERR_ARGUMENT                              ? EXIT_USAGE
           : err == TAI_ERR_UNAVAILABLE || err == TAI_ERR_TIMEOUT ? EXIT_UNREACHABLE
                                                                  : EXIT_FAILED;
}

static int get_offer(const struct options *o, const char *what, struct offer *offer)
{
    struct tai_error error = {0};
    int code = -1, err;

    offer->url = pins_clean_url(what);
    if (offer->url != NULL) {
        code = fetch(o, offer);
    } else {
        offer->url = text_copy("");
        err = file_load(what, PINS_POLICY_MAX, &offer->text, &offer->len);
        if (err != 0) {
            char *shown = text_escape(what);

            fprintf(stderr, "tai-stamp: %s: %s (neither a URL nor a policy file)\n", shown, strerror(err));
            free(shown);
            code = EXIT_USAGE;
        }
    }
    if (code < 0 && taistamp_policy_parse(offer->text, offer->len, &offer->policy, &error) != TAI_OK) {
        fprintf(stderr, "tai-stamp: this is not a valid policy: %s\n", error.text);
        code = EXIT_FAILED;
    }
    if (code < 0)
        pins_fingerprint(offer->policy, offer->text, offer->len, offer->fingerprint);
    return code;
}

static json_t *policy_json(const char *url, const taistamp_policy *policy, const char *fingerprint)
{
    json_t *object = json_object(), *keys = json_array();
    struct taistamp_policy_key key;

    json_object_set_new(object, "url", url[0] != '\0' ? json_string(url) : json_null());
    json_object_set_new(object, "fingerprint", json_string(fingerprint));
    for (size_t i = 0; taistamp_policy_key(policy, i, &key) == TAI_OK; i++) {
        json_t *entry = json_object();
        char hex[65];

        text_hex(key.fingerprint, sizeof key.fingerprint, hex);
        json_object_set_new(entry, "role", json_string(key.is_witness ? "witness" : "log"));
        json_object_set_new(entry, "name", json_string(key.name));
        json_object_set_new(entry, "fingerprint", json_string(hex));
        json_object_set_new(entry, "vkey", json_string(key.vkey));
        json_array_append_new(keys, entry);
    }
    json_object_set_new(object, "keys", keys);
    return object;
}

static void offer_json(const struct offer *offer, bool pinned)
{
    json_t *object = policy_json(offer->url, offer->policy, offer->fingerprint);

    json_object_set_new(object, "pinned", json_boolean(pinned));
    json_finish_line(object);
}

static void print_policy(FILE *to, const char *url, const taistamp_policy *policy, const char *fingerprint)
{
    struct taistamp_policy_key key;
    bool one = taistamp_policy_logs(policy) == 1 && taistamp_policy_witnesses(policy) == 0;

    fprintf(to, "%s\n", url[0] != '\0' ? url : "a policy file, for verifying only");
    for (size_t i = 0; taistamp_policy_key(policy, i, &key) == TAI_OK; i++) {
        char hex[65], *name = text_escape(key.name);

        text_hex(key.fingerprint, sizeof key.fingerprint, hex);
        fprintf(to, "  %-12s %s\n", key.is_witness ? "witness" : "log", name);
        if (!one)
            fprintf(to, "    its key    %s\n", hex);
        free(name);
    }
    fprintf(to, "  fingerprint  %s%s\n", fingerprint, one ? "" : " (of the whole policy)");
    if (taistamp_policy_witnesses(policy) == 0)
        fputs("  No witnesses: its times rest on this operator's word alone.\n", to);
}

/* Compares fingerprints as people write them: in either case, with colons or blanks between the digits. */
static bool same_fingerprint(const char *typed, const char *hex)
{
    for (; *typed != '\0'; typed++) {
        if (*typed == ':' || *typed == ' ')
            continue;
        if (tolower((unsigned char)*typed) != *hex)
            return false;
        hex++;
    }
    return *hex == '\0';
}

/* -1: accepted; else the exit code. */
static int accept_offer(const struct options *o, const struct offer *offer, const char *typed)
{
    char answer[16];

    if (o->fingerprint != NULL) {
        if (same_fingerprint(o->fingerprint, offer->fingerprint))
            return -1;
        fprintf(stderr,
                "tai-stamp: THE FINGERPRINT DIFFERS; nothing was pinned.\n"
                "  expected  %s\n  offered   %s\n"
                "Either the fingerprint was copied wrongly or this is not the server you think it is.\n",
                o->fingerprint, offer->fingerprint);
        return EXIT_UNTRUSTED;
    }
    print_policy(stderr, offer->url, offer->policy, offer->fingerprint);
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        if (o->json)
            offer_json(offer, false);
        fprintf(stderr,
                "tai-stamp: nobody is here to compare it, so nothing was pinned. If the operator's "
                "fingerprint is the "
                "same:\n  tai-stamp trust %s --fingerprint %s\n",
                typed, offer->fingerprint);
        return EXIT_UNTRUSTED;
    }
    fputs("Compare the fingerprint with the one that the operator gave you by another way.\nIs it the same? "
          "[y/N] ",
          stderr);
    if (fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
        return -1;
    fputs("Nothing was pinned.\n", stderr);
    return EXIT_UNTRUSTED;
}

/* A server or log that is pinned already. -1: it is not; else the exit code. */
static int check_pinned(const struct options *o, const struct pins *pins, const struct offer *offer)
{
    struct taistamp_policy_key key;
    const struct pin *pin = NULL;

    if (offer->url[0] != '\0')
        pin = pins_by_url(pins, offer->url);
    else if (taistamp_policy_key(offer->policy, 0, &key) == TAI_OK)
        pin = pins_by_issuer(pins, key.name);
    if (pin == NULL)
        return -1;
    if (pin->policy_len == offer->len && memcmp(pin->policy_text, offer->text, offer->len) == 0) {
        if (o->fingerprint != NULL && !same_fingerprint(o->fingerprint, offer->fingerprint))
            return accept_offer(o, offer, "");
        if (o->json)
            offer_json(offer, true);
        else if (!o->quiet)
            puts("It is pinned already, with the same keys.");
        return EXIT_OK;
    }
    fprintf(stderr,
            "tai-stamp: THE KEYS HAVE CHANGED since they were pinned. Nothing was changed here.\nPinned:\n");
    {
        char old[65];

        pins_fingerprint(pin->policy, pin->policy_text, pin->policy_len, old);
        print_policy(stderr, pin->url, pin->policy, old);
    }
    fputs("Offered now:\n", stderr);
    print_policy(stderr, offer->url, offer->policy, offer->fingerprint);
    fputs("This may be a new installation, or somebody who pretends to be that server. Ask its operator. To "
          "accept the\n"
          "new keys, forget the old ones first: tai-stamp trust --remove URL. Receipts made under the old "
          "keys then need\n"
          "the old policy (keep a copy of it).\n",
          stderr);
    return EXIT_UNTRUSTED;
}

static int pin_new(const struct options *o, const struct pins *pins, const char *what)
{
    struct offer offer = {0};
    struct tai_error error = {0};
    int code = get_offer(o, what, &offer);

    if (code < 0)
        code = check_pinned(o, pins, &offer);
    if (code < 0)
        code = accept_offer(o, &offer, what);
    if (code < 0) {
        if (pins_add(offer.url, offer.text, offer.len, &error) != TAI_OK) {
            fprintf(stderr, "tai-stamp: %s\n", error.text);
            code = EXIT_FAILED;
        } else {
            code = EXIT_OK;
            if (o->json)
                offer_json(&offer, true);
            else if (!o->quiet && o->fingerprint != NULL)
                print_policy(stdout, offer.url, offer.policy, offer.fingerprint);
            if (!o->json && !o->quiet)
                puts("Pinned.");
        }
    }
    offer_free(&offer);
    return code;
}

static int list(const struct options *o, const struct pins *pins)
{
    for (size_t i = 0; i < pins->n; i++) {
        const struct pin *pin = &pins->list[i];
        bool is_default = pins->default_url != NULL && strcmp(pins->default_url, pin->url) == 0;
        char hex[65];

        pins_fingerprint(pin->policy, pin->policy_text, pin->policy_len, hex);
        if (o->json) {
            json_t *object = policy_json(pin->url, pin->policy, hex);

            json_object_set_new(object, "default", json_boolean(is_default));
            json_object_set_new(object, "trust_file", json_boolean(pin->trust_text != NULL));
            json_finish_line(object);
        } else {
            print_policy(stdout, pin->url, pin->policy, hex);
            if (is_default)
                puts("  Stamps go here unless --server or $TAISTAMP_SERVER says otherwise.");
        }
    }
    if (pins->n == 0 && !o->json && !o->quiet)
        puts("Nothing is pinned. 'tai-stamp trust URL' pins a server's keys.");
    return EXIT_OK;
}

static int forget(const struct options *o, const struct pins *pins, const char *what)
{
    char *url = pins_clean_url(what), *shown = text_escape(what);
    const struct pin *pin = url != NULL ? pins_by_url(pins, url) : pins_by_issuer(pins, what);
    struct tai_error error = {0};
    int code = EXIT_OK;

    if (pin == NULL) {
        fprintf(stderr, "tai-stamp: %s is not pinned ('tai-stamp trust --list' shows what is)\n", shown);
        code = EXIT_USAGE;
    } else if (pins_remove(pins, pin, &error) != TAI_OK) {
        fprintf(stderr, "tai-stamp: %s\n", error.text);
        code = EXIT_FAILED;
    } else if (!o->quiet && !o->json) {
        printf("%s is forgotten.\n", shown);
    }
    free(shown);
    free(url);
    return code;
}

int command_trust(const struct options *o)
{
    struct pins pins;
    struct tai_error error = {0};
    int code;

    if (o->list ? o->n_args != 0 || o->remove : o->n_args != 1) {
        fputs("tai-stamp: trust takes one URL or policy file, or --list, or --remove with a URL or origin\n",
              stderr);
        return EXIT_USAGE;
    }
    if (pins_load(&pins, &error) != TAI_OK) {
        fprintf(stderr, "tai-stamp: %s\n", error.text);
        return EXIT_FAILED;
    }
    code = o->list     ? list(o, &pins)
           : o->remove ? forget(o, &pins, o->args[0])
                       : pin_new(o, &pins, o->args[0]);
    pins_free(&pins);
    return code;
}
