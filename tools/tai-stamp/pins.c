/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/pins.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/file.h"
#include "tools/tai-stamp/home.h"
#include "tools/text.h"

enum { URL_MAX = 2048 };

static enum tai_err fail(struct tai_error *error, enum tai_err code, const char *what, const char *path,
                         const char *why)
{
    char *shown = text_escape(path);

    error->code = code;
    snprintf(error->text, sizeof error->text, "%s%s: %.160s", what, shown, why);
    free(shown);
    return code;
}

static enum tai_err no_home(struct tai_error *error)
{
    return fail(error, TAI_ERR_NOT_FOUND, "", "home folder", "not found; set HOME or XDG_CONFIG_HOME");
}

char *pins_clean_url(const char *url)
{
    size_t len = strlen(url);

    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return NULL;
    while (len > 0 && url[len - 1] == '/')
        len--;
    if (len > URL_MAX || len < 8 || strpbrk(url, " \t\r\n") != NULL)
        return NULL;
    return text_copy_n(url, len);
}

static void pin_free(struct pin *pin)
{
    free(pin->folder);
    free(pin->url);
    free(pin->policy_text);
    free(pin->trust_text);
    taistamp_policy_free(pin->policy);
    taistamp_trust_free(pin->trust);
}

/* A small text file without the newline at its end; NULL if it cannot be read. */
static char *read_line(const char *path)
{
    char *text;
    size_t len;

    if (file_load(path, URL_MAX, &text, &len) != 0)
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static enum tai_err read_trust(struct pin *pin, struct tai_error *error)
{
    char *path = text_printf("%s/trust.yaml", pin->folder);
    int err = file_load(path, PINS_TRUST_MAX, &pin->trust_text, &pin->trust_len);
    enum tai_err code = TAI_OK;

    if (err == ENOENT) {
        free(path);
        path = home_config("trust.yaml");
        err = path == NULL ? ENOENT : file_load(path, PINS_TRUST_MAX, &pin->trust_text, &pin->trust_len);
    }
    if (err != 0 && err != ENOENT) {
        code = fail(error, TAI_ERR_IO, "", path, strerror(err));
    } else if (err == 0) {
        struct tai_error inner = {0};

        code = taistamp_trust_parse(pin->trust_text, pin->trust_len, &pin->trust, &inner);
        if (code != TAI_OK)
            fail(error, code, "", path, inner.text);
    }
    free(path);
    return code;
}

static enum tai_err pin_read(const char *folder, struct pin *ret_pin, struct tai_error *error)
{
    struct pin pin = {.folder = text_copy(folder)};
    struct tai_error inner = {0};
    char *path = text_printf("%s/url", folder);
    enum tai_err code = TAI_OK;
    int err;

    pin.url = read_line(path);
    if (pin.url == NULL)
        pin.url = text_copy("");
    free(path);
    path = text_printf("%s/policy", folder);
    err = file_load(path, PINS_POLICY_MAX, &pin.policy_text, &pin.policy_len);
    if (err != 0) {
        code = fail(error, TAI_ERR_IO, "", path, strerror(err));
    } else {
        code = taistamp_policy_parse(pin.policy_text, pin.policy_len, &pin.policy, &inner);
        if (code != TAI_OK)
            fail(error, code, "", path, inner.text);
    }
    free(path);
    if (code == TAI_OK)
        code = read_trust(&pin, error);
    if (code == TAI_OK)
        *ret_pin = pin;
    else
        pin_free(&pin);
    return code;
}

enum tai_err pins_load(struct pins *ret_pins, struct tai_error *error)
{
    struct pins pins = {0};
    char *folder = home_config("servers"), *path;
    struct dirent **names = NULL;
    enum tai_err code = TAI_OK;
    int n;

    if (folder == NULL)
        return no_home(error);
    n = scandir(folder, &names, NULL, alphasort);
    if (n < 0 && errno != ENOENT && errno != ENOTDIR)
        code = fail(error, TAI_ERR_IO, "", folder, strerror(errno));
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.' && code == TAI_OK) {
            pins.list = text_grow(pins.list, pins.n + 1, sizeof *pins.list);
            path = text_printf("%s/%s", folder, names[i]->d_name);
            code = pin_read(path, &pins.list[pins.n], error);
            pins.n += code == TAI_OK;
            free(path);
        }
        free(names[i]);
    }
    free(names);
    free(folder);
    if (code != TAI_OK) {
        pins_free(&pins);
        return code;
    }
    path = home_config("default");
    pins.default_url = path != NULL ? read_line(path) : NULL;
    free(path);
    *ret_pins = pins;
    return TAI_OK;
}

void pins_free(struct pins *pins)
{
    for (size_t i = 0; i < pins->n; i++)
        pin_free(&pins->list[i]);
    free(pins->list);
    free(pins->default_url);
    *pins = (struct pins){0};
}

bool pins_policy_names_log(const taistamp_policy *policy, const char *issuer)
{
    struct taistamp_policy_key key;

    for (size_t i = 0; i < taistamp_policy_logs(policy); i++)
        if (taistamp_policy_key(policy, i, &key) == TAI_OK && strcmp(key.name, issuer) == 0)
            return true;
    return false;
}

const struct pin *pins_by_issuer(const struct pins *pins, const char *issuer)
{
    for (size_t i = 0; i < pins->n; i++)
        if (pins_policy_names_log(pins->list[i].policy, issuer))
            return &pins->list[i];
    return NULL;
}

const struct pin *pins_by_url(const struct pins *pins, const char *url)
{
    for (size_t i = 0; i < pins->n; i++)
        if (strcmp(pins->list[i].url, url) == 0)
            return &pins->list[i];
    return NULL;
}

/* The folder's name for a pin: what it is called, on one level. */
static char *folder_name(const char *what)
{
    char *percent = text_percent(what), *name = text_alloc(3 * strlen(percent) + 1), *w = name;

    for (const char *p = percent; *p != '\0'; p++) {
        if (*p == '/') {
            *w++ = '%';
            *w++ = '2';
            *w++ = 'F';
        } else {
            *w++ = *p;
        }
    }
    free(percent);
    if (w - name > 200) /* a name may be 255 bytes long; the rest of the URL is in the file */
        name[200] = '\0';
    return name;
}

static enum tai_err write_pin(const char *folder, const char *url, const char *policy, size_t len,
                              struct tai_error *error)
{
    char *line = text_printf("%s\n", url), *path = text_printf("%s/url", folder);
    int err = file_make_folders(folder, 0700);

    if (err == 0)
        err = file_save(path, line, strlen(line), 0600, false);
    free(path);
    path = text_printf("%s/policy", folder);
    if (err == 0)
        err = file_save(path, policy, len, 0600, false);
    free(path);
    free(line);
    return err == 0 ? TAI_OK : fail(error, TAI_ERR_IO, "cannot write ", folder, strerror(err));
}

static void remove_folder(const char *folder)
{
    static const char *const files[] = {"url", "policy", "trust.yaml"};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = text_printf("%s/%s", folder, files[i]);

        unlink(path);
        free(path);
    }
    rmdir(folder);
}

enum tai_err pins_add(const char *url, const char *policy, size_t len, struct tai_error *error)
{
    struct taistamp_policy_key key;
    taistamp_policy *parsed;
    char *servers = home_config("servers"), *name, *folder, *temp, *path;
    enum tai_err code;

    if (servers == NULL)
        return no_home(error);
    code = taistamp_policy_parse(policy, len, &parsed, error);
    if (code == TAI_OK) {
        code = taistamp_policy_key(parsed, 0, &key);
        name = folder_name(url[0] != '\0' ? url : code == TAI_OK ? key.name : "policy");
        folder = text_printf("%s/%s", servers, name);
        temp = text_printf("%s/.new-%ld", servers, (long)getpid());
        code = write_pin(temp, url, policy, len, error);
        if (code == TAI_OK && rename(temp, folder) != 0)
            code = errno == EEXIST || errno == ENOTEMPTY
                       ? fail(error, TAI_ERR_CONFLICT, "", url, "is pinned already")
                       : fail(error, TAI_ERR_IO, "cannot write ", folder, strerror(errno));
        if (code != TAI_OK)
            remove_folder(temp);
        free(temp);
        free(folder);
        free(name);
        taistamp_policy_free(parsed);
    }
    free(servers);
    path = home_config("default");
    if (code == TAI_OK && url[0] != '\0' && !file_exists(path)) {
        int err = file_save(path, url, strlen(url), 0600, true);

        if (err != 0 && err != EEXIST)
            code = fail(error, TAI_ERR_IO, "cannot write ", path, strerror(err));
    }
    free(path);
    return code;
}

enum tai_err pins_remove(const struct pins *pins, const struct pin *pin, struct tai_error *error)
{
    if (pins->default_url != NULL && strcmp(pins->default_url, pin->url) == 0) {
        char *path = home_config("default");

        unlink(path);
        free(path);
    }
    remove_folder(pin->folder);
    if (file_exists(pin->folder))
        return fail(error, TAI_ERR_IO, "cannot remove ", pin->folder, "something is left in it");
    return TAI_OK;
}

void pins_fingerprint(const taistamp_policy *policy, const char *text, size_t len, char ret_hex[65])
{
    struct taistamp_policy_key key;
    struct taistamp_digest digest;

    ret_hex[0] = '\0';
    if (taistamp_policy_logs(policy) == 1 && taistamp_policy_witnesses(policy) == 0) {
        if (taistamp_policy_key(policy, 0, &key) == TAI_OK)
            text_hex(key.fingerprint, sizeof key.fingerprint, ret_hex);
    } else if (taistamp_hash_bytes(text, len, TAISTAMP_SHA256, &digest) == TAI_OK) {
        text_hex(digest.bytes, 32, ret_hex);
    }
}
