/* SPDX-License-Identifier: Apache-2.0 */
/* The store in one SQLite file: WAL, synchronous=FULL, locked for this process alone.
 *
 * SQLite finds torn pages in its WAL by a checksum and treats everything from there on as never written,
 * silently: the head slot beside the key is what notices. The WAL is copied into the database (a checkpoint
 * in SQLite's words) by tidy, preferably when nobody waits, and whole by renew: pages of a WAL whose fsync failed, or
 * never came, are in the system's memory only, and a new fsync does not bring them to the disk. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/crc32c.h"
#include "sdk/base/error.h"
#include "server/stamp/io/store.h"

enum {
    APPLICATION_ID = 0x54414953, /* "TAIS" */
    SCHEMA_VERSION = 1,
    WAL_PAGES_IDLE = 64, /* copied back when nobody has asked for a while: a quarter of a megabyte */
    WAL_PAGES_BUSY =
        256 /* copied back in any case: 1 MB, a few milliseconds, for which the next commit waits */
};

struct store_sqlite {
    pthread_mutex_t mutex;
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *size, *insert, *insert_checkpoint, *range;
    int wal_pages;
    bool failed;
};

static enum tai_err sqlite_err(int code)
{
    switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TAI_ERR_CONFLICT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return TAI_ERR_CORRUPT;
    case SQLITE_FULL:
        return TAI_ERR_NO_SPACE;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return TAI_ERR_PERMISSION;
    case SQLITE_NOMEM:
        return TAI_ERR_MEMORY;
    default:
        return TAI_ERR_IO;
    }
}

static enum tai_err fail(struct store_sqlite *s, struct tai_error *error, const char *what)
{
    enum tai_err err = sqlite_err(sqlite3_extended_errcode(s->db));
    const char *hint = err == TAI_ERR_CONFLICT     ? " (another taid, or another program, has it open)"
                       : err == TAI_ERR_CORRUPT    ? " (restore the newest backup of the data folder)"
                       : err == TAI_ERR_NO_SPACE   ? " (make room on the disk)"
                       : err == TAI_ERR_PERMISSION ? " (taid must be able to write it and its folder)"
                                                   : "";
    char text[300];
    snprintf(text, sizeof text, "%s: %s%s", what, sqlite3_errmsg(s->db), hint);
    return error_set(error, err, text);
}

/* Binds by position: the few types that rows here have. */
static bool bind_int(sqlite3_stmt *st, int at, int64_t v)
{
    return sqlite3_bind_int64(st, at, v) == SQLITE_OK;
}

static bool bind_blob(sqlite3_stmt *st, int at, struct bytes b)
{
    return sqlite3_bind_blob64(st, at, b.data, b.len, SQLITE_STATIC) == SQLITE_OK;
}

/* Runs a statement that returns no row. */
static bool run(sqlite3_stmt *st)
{
    bool done = sqlite3_step(st) == SQLITE_DONE;
    return sqlite3_reset(st) == SQLITE_OK && done;
}

static struct bytes column_blob(sqlite3_stmt *st, int at)
{
    const void *data = sqlite3_column_blob(st, at); /* before the length: it may convert */
    return bytes_of(data, (size_t)sqlite3_column_bytes(st, at));
}

static uint32_t checkpoint_crc(uint64_t size, struct bytes note)
{
    uint8_t head[8];
    be64_write(head, size);
    return crc32c(note) ^ crc32c(bytes_of(head, sizeof head));
}

/* ---- Appending ---- */

static enum tai_err check_size(struct store_sqlite *s, uint64_t expected, struct tai_error *error)
{
    int r = sqlite3_step(s->size);
    uint64_t size = r == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s->size, 0) : 0;
    if ((r != SQLITE_ROW && r != SQLITE_DONE) || sqlite3_reset(s->size) != SQLITE_OK)
        return fail(s, error, "cannot read the log's size");
    if (size != expected)
        return error_set(error, TAI_ERR_CONFLICT,
                         "the database has another size than the log: something else wrote to it");
    return TAI_OK;
}

static bool insert_rows(struct store_sqlite *s, const struct store_batch *b, struct bytes checkpoint)
{
    sqlite3_stmt *st = s->insert;
    bool ok = bind_int(st, 1, (int64_t)b->first) && bind_int(st, 2, (int64_t)b->count) &&
              bind_int(st, 3, b->last_tai.ns) && bind_blob(st, 4, hash_bytes(&b->digest)) &&
              bind_blob(st, 5, b->entries) && run(st);
    sqlite3_clear_bindings(st);
    if (!ok || checkpoint.len == 0)
        return ok;
    st = s->insert_checkpoint;
    ok = bind_int(st, 1, (int64_t)b->first) && bind_blob(st, 2, checkpoint) &&
         bind_int(st, 3, checkpoint_crc(b->first, checkpoint)) && run(st);
    sqlite3_clear_bindings(st);
    return ok;
}

static enum tai_err append_locked(struct store_sqlite *s, const struct store_batch *b,
                                  struct bytes checkpoint, struct tai_error *error)
{
    if (s->failed)
        return error_set(error, TAI_ERR_IO, "the database failed before: it must be opened anew");
    if (!run(s->begin))
        return fail(s, error, "cannot begin a commit");
    enum tai_err err = check_size(s, b->first, error);
    if (err == TAI_OK && !insert_rows(s, b, checkpoint))
        err = fail(s, error, "cannot write to the database");
    if (err == TAI_OK && !run(s->commit))
        err = fail(s, error, "cannot commit to the database");
    return err;
}

static enum tai_err sqlite_append(void *ctx, const struct store_batch *batch, struct bytes checkpoint,
                                  struct tai_error *error)
{
    struct store_sqlite *s = ctx;
    pthread_mutex_lock(&s->mutex);
    enum tai_err err = append_locked(s, batch, checkpoint, error);
    if (err != TAI_OK)
        s->failed = true;
    pthread_mutex_unlock(&s->mutex);
    return err;
}

/* First everything goes into the database; then a commit that changes nothing starts the WAL anew, durably. Without
 * that, of a WAL that had lost its end the beginning would stay on the disk, and the next start would put those old
 * pages over the new ones. */
static enum tai_err sqlite_renew(void *ctx, struct tai_error *error)
{
    struct store_sqlite *s = ctx;
    char version[48];
    snprintf(version, sizeof version, "PRAGMA user_version = %d", SCHEMA_VERSION);
    pthread_mutex_lock(&s->mutex);
    bool ok = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK &&
              sqlite3_exec(s->db, version, NULL, NULL, NULL) == SQLITE_OK;
    enum tai_err err = ok ? TAI_OK : fail(s, error, "cannot copy the write-ahead log into the database");
    s->failed = s->failed || !ok;
    pthread_mutex_unlock(&s->mutex);
    return err;
}

static enum tai_err sqlite_tidy(void *ctx, bool idle, struct tai_error *error)
{
    struct store_sqlite *s = ctx;
    enum tai_err err = TAI_OK;
    pthread_mutex_lock(&s->mutex);
    if (s->failed) {
        err = error_set(error, TAI_ERR_IO, "the database failed before: it must be opened anew");
    } else if (s->wal_pages >= (idle ? WAL_PAGES_IDLE : WAL_PAGES_BUSY)) {
        s->wal_pages = 0;
        if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK) {
            err = fail(s, error, "cannot copy the write-ahead log into the database");
            s->failed = true;
        }
    }
    pthread_mutex_unlock(&s->mutex);
    return err;
}

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct store_sqlite *)ctx)->wal_pages = pages;
    return SQLITE_OK;
}

/* ---- Reading ---- */

static enum tai_err visit_row(sqlite3_stmt *st, store_visit_fn visit, void *user, struct tai_error *error)
{
    struct store_batch b = {.first = (uint64_t)sqlite3_column_int64(st, 0),
                            .count = (size_t)sqlite3_column_int64(st, 1),
                            .last_tai = {sqlite3_column_int64(st, 2)},
                            .entries = column_blob(st, 4),
                            .checkpoint = column_blob(st, 5)};
    struct bytes digest = column_blob(st, 3);
    if (digest.len != sizeof b.digest.b)
        return error_set(error, TAI_ERR_CORRUPT,
                         "a row of the database has no digest (restore the newest backup)");
    memcpy(b.digest.b, digest.data, digest.len);
    if (b.checkpoint.len > 0 &&
        sqlite3_column_int64(st, 6) != (int64_t)checkpoint_crc(b.first + b.count, b.checkpoint))
        return error_set(error, TAI_ERR_CORRUPT,
                         "a stored checkpoint does not match its checksum (restore the newest backup)");
    return visit(user, &b, error);
}

static enum tai_err read_locked(struct store_sqlite *s, uint64_t from, uint64_t to, store_visit_fn visit,
                                void *user, struct tai_error *error)
{
    if (s->failed)
        return error_set(error, TAI_ERR_IO, "the database failed before: it must be opened anew");
    sqlite3_stmt *st = s->range;
    if (!bind_int(st, 1, (int64_t)from) || !bind_int(st, 2, (int64_t)to))
        return fail(s, error, "cannot read the database");
    enum tai_err err = TAI_OK;
    int r;
    while (err == TAI_OK && (r = sqlite3_step(st)) != SQLITE_DONE)
        err =
            r == SQLITE_ROW ? visit_row(st, visit, user, error) : fail(s, error, "cannot read the database");
    sqlite3_reset(st);
    return err;
}

static enum tai_err sqlite_read(void *ctx, uint64_t from, uint64_t to, store_visit_fn visit, void *user,
                                struct tai_error *error)
{
    struct store_sqlite *s = ctx;
    pthread_mutex_lock(&s->mutex);
    enum tai_err err = read_locked(s, from, to, visit, user, error);
    pthread_mutex_unlock(&s->mutex);
    return err;
}

/* ---- Opening ---- */

static void sqlite_close(void *ctx, bool clean)
{
    struct store_sqlite *s = ctx;
    sqlite3_stmt *all[] = {s->begin, s->commit, s->size, s->insert, s->insert_checkpoint, s->range};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sqlite3_finalize(all[i]);
    /* After a failure nothing more is written: the next start decides from what is on the disk. */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, s->failed || !clean ? 1 : 0, NULL);
    sqlite3_close(s->db);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

static enum tai_err exec(struct store_sqlite *s, const char *sql, struct tai_error *error)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return fail(s, error, "cannot open the database");
    return TAI_OK;
}

/* One value that a query returns; -1 without a row. */
static enum tai_err query_int(struct store_sqlite *s, const char *sql, int64_t *ret_v,
                              struct tai_error *error)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
        return fail(s, error, "cannot open the database");
    int r = sqlite3_step(st);
    *ret_v = r == SQLITE_ROW ? sqlite3_column_int64(st, 0) : -1;
    enum tai_err err =
        r == SQLITE_ROW || r == SQLITE_DONE ? TAI_OK : fail(s, error, "cannot open the database");
    sqlite3_finalize(st);
    return err;
}

static enum tai_err make_schema(struct store_sqlite *s, const char *origin, struct tai_error *error)
{
    char *sql = sqlite3_mprintf(
        "BEGIN IMMEDIATE;"
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE batch (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, last_tai INTEGER NOT NULL,"
        " digest BLOB NOT NULL, entries BLOB NOT NULL);"
        "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL, crc INTEGER NOT NULL);"
        "INSERT INTO meta VALUES ('origin', %Q);"
        "PRAGMA application_id = %d; PRAGMA user_version = %d;"
        "COMMIT",
        origin, APPLICATION_ID, SCHEMA_VERSION);
    if (sql == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    enum tai_err err = exec(s, sql, error);
    sqlite3_free(sql);
    return err;
}

static enum tai_err check_origin(struct store_sqlite *s, const char *origin, struct tai_error *error)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(s->db, "SELECT value FROM meta WHERE key = 'origin'", -1, &st, NULL) != SQLITE_OK)
        return fail(s, error, "cannot open the database");
    int r = sqlite3_step(st);
    struct bytes value = r == SQLITE_ROW ? column_blob(st, 0) : bytes_of("", 0);
    enum tai_err err = TAI_OK;
    if (r != SQLITE_ROW && r != SQLITE_DONE)
        err = fail(s, error, "cannot open the database");
    else if (!bytes_equal_str(value, origin))
        err = error_set_detail(
            error, TAI_ERR_CONFLICT,
            "the database is of another log than the key (put data folder and key folder of the "
            "same log together); it says",
            value);
    sqlite3_finalize(st);
    return err;
}

/* Locks the file, makes the tables where it is new, and checks whose it is. */
static enum tai_err prepare_file(struct store_sqlite *s, const char *origin, struct tai_error *error)
{
    enum tai_err err =
        exec(s,
             "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF;"
             "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
             "BEGIN EXCLUSIVE; COMMIT",
             error);
    int64_t id, version, sync, tables;
    if (err == TAI_OK)
        err = query_int(s, "PRAGMA application_id", &id, error);
    if (err == TAI_OK)
        err = query_int(s, "PRAGMA user_version", &version, error);
    if (err == TAI_OK)
        err = query_int(s, "PRAGMA synchronous", &sync, error);
    if (err == TAI_OK)
        err = query_int(s, "SELECT count(*) FROM sqlite_schema", &tables, error);
    if (err != TAI_OK)
        return err;
    if (sync != 2)
        return error_set(error, TAI_ERR_UNSUPPORTED, "this SQLite does not do synchronous=FULL");
    if (id == 0 && tables == 0)
        return make_schema(s, origin, error);
    if (id != APPLICATION_ID)
        return error_set(error, TAI_ERR_CORRUPT, "the file is no database of a taistamp log");
    if (version != SCHEMA_VERSION)
        return error_set(error, TAI_ERR_UNSUPPORTED, "the database was made by another version of taid");
    return check_origin(s, origin, error);
}

static enum tai_err prepare_statements(struct store_sqlite *s, struct tai_error *error)
{
    static const char range[] = "SELECT first, count, last_tai, digest, entries, note, crc FROM batch "
                                "LEFT JOIN checkpoint ON checkpoint.size = batch.first + batch.count "
                                "WHERE first >= coalesce((SELECT max(first) FROM batch WHERE first <= ?1), "
                                "0) AND first < ?2 ORDER BY first";
    const struct {
        sqlite3_stmt **st;
        const char *sql;
    } all[] = {
        {&s->begin, "BEGIN IMMEDIATE"},
        {&s->commit, "COMMIT"},
        {&s->size, "SELECT first + count FROM batch ORDER BY first DESC LIMIT 1"},
        {&s->insert, "INSERT INTO batch VALUES (?1, ?2, ?3, ?4, ?5)"},
        {&s->insert_checkpoint, "INSERT INTO checkpoint VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"},
        {&s->range, range},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (sqlite3_prepare_v3(s->db, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT, all[i].st, NULL) !=
            SQLITE_OK)
            return fail(s, error, "cannot open the database");
    return TAI_OK;
}

enum tai_err store_sqlite_open(const char *path, const char *vfs, const char *origin, struct store *ret_store,
                               struct tai_error *error)
{
    struct store_sqlite *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    pthread_mutex_init(&s->mutex, NULL);
    enum tai_err err;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &s->db, flags, vfs) != SQLITE_OK)
        err = s->db == NULL ? error_set(error, TAI_ERR_MEMORY, "out of memory")
                            : fail(s, error, "cannot open the database");
    else if ((err = prepare_file(s, origin, error)) == TAI_OK)
        err = prepare_statements(s, error);
    if (err != TAI_OK) {
        sqlite_close(s, false);
        return err;
    }
    sqlite3_wal_hook(s->db, on_commit, s);
    *ret_store = (struct store){.ctx = s,
                                .append = sqlite_append,
                                .read = sqlite_read,
                                .renew = sqlite_renew,
                                .tidy = sqlite_tidy,
                                .close = sqlite_close};
    return TAI_OK;
}
