/* SPDX-License-Identifier: Apache-2.0 */
#include "server/init.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/io/file.h"
#include "sdk/io/openssl.h"
#include "server/config.h"
#include "server/sample.h"
#include "server/sign/sign.h"
#include "taistamp/proof.h"

enum { DIR_MODE = 0755, KEYS_MODE = 0700, FILE_MODE = 0644, RANDOM_BYTES = 8, POLICY_TEXT = 4096 };

static const char policy_head[] =
    "# What a verifier trusts (C2SP tlog-policy): the log below, made by this server.\n"
    "#\n"
    "# \"quorum none\" means that no witness has to have seen a stamp, so its time rests on the word of the "
    "one who\n"
    "# runs this server. Leave it so in the server's own file: taid asks no witnesses, and refuses to start "
    "on a "
    "policy\n"
    "# that names some, because its clients would reject every receipt.\n"
    "#\n"
    "# A client may add witnesses to a copy of his own, where somebody collects their cosignatures and adds "
    "them "
    "to the\n"
    "# receipts, for example:\n"
    "#\n"
    "#     witness w1 witness.example.org/w1+12345678+BASE64\n"
    "#     group all-of-them all w1\n"
    "#     quorum all-of-them\n";

struct init {
    const struct init_options *options;
    const struct file_ops *files;
    struct tai_error *error;
    struct init_result result;
    bool dir_existed;
    char stage[PATH_MAX]; /* where everything is made first */
};

static enum tai_err no_memory(struct tai_error *error)
{
    return error_set(error, TAI_ERR_MEMORY, "out of memory");
}

static enum tai_err join(struct init *in, const char *folder, const char *name, char ret_path[PATH_MAX])
{
    int n = snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);
    if (n < 0 || n >= PATH_MAX)
        return error_set_detail(in->error, TAI_ERR_ARGUMENT, "the path is too long", bytes_of_str(folder));
    return TAI_OK;
}

/* ---- what is written ---- */

/* Copies `text`, with the line that starts with `start` replaced by `line` (NULL: kept). The sample has that line. */
static char *replace_line(char *text, const char *start, const char *line)
{
    if (text == NULL || line == NULL)
        return text;
    char *at = strstr(text, start);
    char *end = at != NULL ? strchr(at, '\n') : NULL;
    char *made = NULL;
    if (end == NULL || asprintf(&made, "%.*s%s%s", (int)(at - text), text, line, end) < 0)
        made = NULL;
    free(text);
    return made;
}

static enum tai_err make_config_text(struct init *in, const char *path, char **ret_text)
{
    const struct init_options *o = in->options;
    char listen[128] = "", assume[64] = "";
    if (o->listen != NULL)
        snprintf(listen, sizeof listen, "  listen: [\"%s\"]", o->listen);
    if (o->assume_error_ms != NULL)
        snprintf(assume, sizeof assume, "  assume_error_ms: %s", o->assume_error_ms);
    /* What is put between quotes must not be able to end them. */
    if (o->listen != NULL && strpbrk(o->listen, "\"\\\n") != NULL)
        return error_set_detail(in->error, TAI_ERR_ARGUMENT, "not an address", bytes_of_str(o->listen));
    uint64_t ignored = 0;
    if (o->assume_error_ms != NULL && !text_read_u64(bytes_of_str(o->assume_error_ms), 3600000, &ignored))
        return error_set_detail(in->error, TAI_ERR_RANGE,
                                "the assumed error must be a whole number of milliseconds from 1 to 3600000",
                                bytes_of_str(o->assume_error_ms));
    char *text = strdup(sample_taid_yaml);
    text = replace_line(text, "  listen:", o->listen != NULL ? listen : NULL);
    text = replace_line(text, "  #assume_error_ms:", o->assume_error_ms != NULL ? assume : NULL);
    if (text == NULL)
        return no_memory(in->error);
    struct taid_config *config = NULL;
    enum tai_err err = config_parse(path, text, strlen(text), &config, in->error);
    config_free(config);
    if (err != TAI_OK) {
        free(text);
        return err;
    }
    *ret_text = text;
    return TAI_OK;
}

static enum tai_err make_origin(struct init *in)
{
    char host[HOST_NAME_MAX + 1] = "";
    const char *name = in->options->host;
    if (name == NULL) {
        if (gethostname(host, sizeof host - 1) != 0 || host[0] == 0)
            return error_set(in->error, TAI_ERR_ARGUMENT, "this machine has no name; say one with --host");
        name = host;
    }
    uint8_t random[RANDOM_BYTES];
    enum tai_err err = openssl_random(random, sizeof random);
    if (err != TAI_OK)
        return error_set(in->error, err, "no random numbers to be had");
    struct out o = out_of(in->result.origin, sizeof in->result.origin);
    out_str(&o, name);
    out_str(&o, "/taistamp/");
    out_hex(&o, bytes_of(random, sizeof random));
    if (!out_terminate(&o))
        return error_set_detail(in->error, TAI_ERR_ARGUMENT, "the host name is too long", bytes_of_str(name));
    return TAI_OK;
}

static enum tai_err read_vkey(struct init *in, const char *key_dir)
{
    struct out o = out_of(in->result.vkey, sizeof in->result.vkey);
    enum tai_err err = signer_read_vkey(in->files, key_dir, &o, in->error);
    if (err == TAI_OK && !out_terminate(&o))
        err = error_set(in->error, TAI_ERR_SPACE, "the log's name is too long");
    return err;
}

/* The policy as a client will read it: what it refuses (a URL with a space) is an error now. */
static enum tai_err make_policy_text(struct init *in, char ret_text[POLICY_TEXT])
{
    const char *url = in->options->url;
    int n = snprintf(ret_text, POLICY_TEXT, "%slog %s%s%s\nquorum none\n", policy_head, in->result.vkey,
                     url != NULL ? " " : "", url != NULL ? url : "");
    if (n < 0 || n >= POLICY_TEXT)
        return error_set(in->error, TAI_ERR_ARGUMENT, "the URL is too long");
    taistamp_policy *policy = NULL;
    enum tai_err err = taistamp_policy_parse(ret_text, (size_t)n, &policy, in->error);
    if (err != TAI_OK)
        return err;
    struct taistamp_policy_key key;
    err = taistamp_policy_key(policy, 0, &key);
    if (err == TAI_OK) {
        hex_encode(bytes_of(key.fingerprint, sizeof key.fingerprint), in->result.fingerprint);
        in->result.fingerprint[64] = 0;
    }
    taistamp_policy_free(policy);
    return err;
}

/* ---- the folder ---- */

/* Whether `dir` is there; if so it must be empty. */
static enum tai_err look_at_dir(struct init *in)
{
    const char *dir = in->options->dir;
    DIR *d = opendir(dir);
    if (d == NULL && errno == ENOENT)
        return TAI_OK;
    if (d == NULL)
        return file_error(in->error, errno, "cannot use", dir);
    in->dir_existed = true;
    enum tai_err err = TAI_OK;
    for (const struct dirent *e; err == TAI_OK && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        bool ours = strcmp(e->d_name, "taid.yaml") == 0 || strcmp(e->d_name, "keys") == 0 ||
                    strcmp(e->d_name, "policy") == 0;
        err = error_set_detail(in->error, TAI_ERR_CONFLICT,
                               ours ? "there is a server already in this folder; nothing was changed"
                                    : "this folder is not empty; a new server needs one of its own",
                               bytes_of_str(dir));
        if (!ours)
            continue;
        break;
    }
    closedir(d);
    return err;
}

static enum tai_err make_stage(struct init *in)
{
    const char *dir = in->options->dir;
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    int n = snprintf(in->stage, sizeof in->stage, in->dir_existed ? "%.*s/.init-%d" : "%.*s.init-%d",
                     (int)len, dir, (int)getpid());
    if (n < 0 || (size_t)n >= sizeof in->stage)
        return error_set_detail(in->error, TAI_ERR_ARGUMENT, "the path is too long", bytes_of_str(dir));
    int err = in->files->mkdir(in->files->ctx, in->stage, DIR_MODE);
    if (err >= 0)
        return TAI_OK;
    in->stage[0] = 0;
    return file_error(in->error, err, "cannot make", dir);
}

static enum tai_err fill_keys(struct init *in)
{
    char keys[PATH_MAX];
    enum tai_err err = join(in, in->stage, "keys", keys);
    if (err != TAI_OK)
        return err;
    int made = in->files->mkdir(in->files->ctx, keys, KEYS_MODE);
    if (made < 0)
        return file_error(in->error, made, "cannot make", keys);
    err = signer_create(in->files, keys, in->result.origin, in->error);
    return err == TAI_OK ? read_vkey(in, keys) : err;
}

static enum tai_err write_stage(struct init *in, const char *name, const char *text)
{
    char path[PATH_MAX];
    enum tai_err err = join(in, in->stage, name, path);
    if (err == TAI_OK)
        err = file_write(in->files, path, FILE_MODE, FILE_NEW, bytes_of_str(text), in->error);
    return err;
}

static enum tai_err fill(struct init *in)
{
    char policy[POLICY_TEXT], path[PATH_MAX];
    char *config = NULL;
    enum tai_err err = join(in, in->options->dir, "taid.yaml", path);
    if (err == TAI_OK)
        err = make_config_text(in, path, &config); /* first: wrong options cost no key */
    if (err == TAI_OK)
        err = make_origin(in);
    if (err == TAI_OK)
        err = make_stage(in);
    if (err == TAI_OK)
        err = fill_keys(in);
    if (err == TAI_OK)
        err = make_policy_text(in, policy);
    if (err == TAI_OK)
        err = write_stage(in, "policy", policy);
    if (err == TAI_OK)
        err = write_stage(in, "taid.yaml", config);
    if (err == TAI_OK)
        err = file_sync_dir(in->files, in->stage, in->error);
    free(config);
    return err;
}

/* ---- into place, or away ---- */

static const char *const parts[] = {"keys", "policy", "taid.yaml"};
enum { PARTS = sizeof parts / sizeof parts[0] };

/* Removes a folder with what is in it, two levels deep: exactly what fill() can have made. */
static void remove_folder(const char *path, int depth)
{
    DIR *d = depth > 0 ? opendir(path) : NULL;
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char name[PATH_MAX];
        int n = snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || n < 0 || (size_t)n >= sizeof name)
            continue;
        if (unlink(name) != 0)
            remove_folder(name, depth - 1);
    }
    if (d != NULL)
        closedir(d);
    rmdir(path);
}

/* Takes away what had been moved into place: nobody has used it yet. Removing works on a full disk, moving back may not. */
static void remove_parts(const struct init *in, int count)
{
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/%s", in->options->dir, parts[i]);
        if (n > 0 && (size_t)n < sizeof path && unlink(path) != 0)
            remove_folder(path, 1);
    }
}

static int move(struct init *in, const char *from_dir, const char *to_dir, const char *name)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (join(in, from_dir, name, from) != TAI_OK || join(in, to_dir, name, to) != TAI_OK)
        return -ENAMETOOLONG;
    return in->files->rename_new(in->files->ctx, from, to);
}

static enum tai_err commit(struct init *in)
{
    const char *dir = in->options->dir;
    if (!in->dir_existed) {
        int err = in->files->rename_new(in->files->ctx, in->stage, dir);
        if (err < 0)
            return file_error(in->error, err, "cannot make", dir);
        snprintf(in->stage, sizeof in->stage, "%s", dir); /* it is this that a failure now has to remove */
        return file_sync_parent(in->files, dir, in->error);
    }
    int done = 0, err = 0;
    while (done < PARTS && (err = move(in, in->stage, dir, parts[done])) >= 0)
        done++;
    enum tai_err result = err < 0 ? file_error(in->error, err, "cannot write into", dir)
                                  : file_sync_dir(in->files, dir, in->error);
    if (result != TAI_OK)
        remove_parts(in, done);
    if (result == TAI_OK)
        rmdir(in->stage);
    return result;
}

enum tai_err init_run(const struct init_options *options, struct init_result *ret_result,
                      struct tai_error *error)
{
    struct init in = {
        .options = options, .files = options->files != NULL ? options->files : &file_posix, .error = error};
    if (options->dir == NULL || options->dir[0] == 0)
        return error_set(error, TAI_ERR_ARGUMENT, "name the folder to make: --dir DIR");
    enum tai_err err = look_at_dir(&in);
    if (err == TAI_OK)
        err = fill(&in);
    if (err == TAI_OK)
        err = commit(&in);
    if (err != TAI_OK) {
        if (in.stage[0] != 0)
            remove_folder(in.stage, 2);
        return err;
    }
    *ret_result = in.result;
    return TAI_OK;
}
