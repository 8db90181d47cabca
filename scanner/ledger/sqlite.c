/*
 * The ledger in a SQLite file: the default, with nothing to set up.
 *
 * Write-ahead log, so that readers and the one writer do not wait for each other; synchronous FULL, so that a claim is
 * on the disk before its key is sent, and a settlement before the next one.
 */
#define _GNU_SOURCE
#include "base/library.h"
#include "base/memory.h"
#include "ledger/database.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* "Stau" in the file's header (https://www.sqlite.org/fileformat.html, 1.3.16): this database is a ledger. */
#define APPLICATION_ID 0x53746175

#define FUNCTIONS(FUNCTION)    \
	FUNCTION(open_v2)      \
	FUNCTION(close)        \
	FUNCTION(busy_timeout) \
	FUNCTION(prepare_v2)   \
	FUNCTION(bind_parameter_index) \
	FUNCTION(bind_text)    \
	FUNCTION(bind_int64)   \
	FUNCTION(step)         \
	FUNCTION(reset)        \
	FUNCTION(finalize)     \
	FUNCTION(column_count) \
	FUNCTION(column_text)  \
	FUNCTION(column_int64) \
	FUNCTION(changes)      \
	FUNCTION(get_autocommit) \
	FUNCTION(errmsg)       \
	FUNCTION(extended_errcode) \
	FUNCTION(system_errno) \
	FUNCTION(libversion)

/* sqlite3_open_v2() is library.open_v2() here, and so on. */
static struct {
#define FIELD(name) __typeof__(sqlite3_##name) *name;
	FUNCTIONS(FIELD)
#undef FIELD
} library;
static bool loaded;

#define STATEMENTS_MAX 24 /* more than the ledger has */

struct sqlite {
	struct database base;
	sqlite3 *handle;
	char *path;    /* owned */
	dev_t device;  /* of the file that was opened at path, */
	ino_t file;    /* which is looked for there again */
	struct {
		const char *sql; /* a constant: the pointer names it */
		sqlite3_stmt *statement;
	} statements[STATEMENTS_MAX];
	size_t statement_count;
};

static int load(struct error *error)
{
	static const struct library_function functions[] = {
#define ENTRY(name) { "sqlite3_" #name, offsetof(__typeof__(library), name) },
		FUNCTIONS(ENTRY)
#undef ENTRY
	};
	static const struct library_wanted wanted = { LIBRARY_SQLITE, "libsqlite3-0", "keeps the ledger", functions, sizeof(functions) / sizeof(*functions), false };
	int result = loaded ? 0 : library_load(&wanted, &library, error);

	loaded = !result;
	return result;
}

#define CANNOT_BE_WRITTEN "it cannot be written: it, its folder or its disk is read-only"

/* What went wrong, in words for people. */
static int fail(struct sqlite *sqlite, struct error *error)
{
	int number = library.system_errno(sqlite->handle);

	if (number == ENOSPC || number == EDQUOT)
		return error_set(error, ERROR_IO, "its disk is full");
	switch (library.extended_errcode(sqlite->handle) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(error, ERROR_IO, "another process has had it locked for %d seconds", DATABASE_LOCK_SECONDS);
	case SQLITE_FULL:
		return error_set(error, ERROR_IO, "its disk is full");
	case SQLITE_READONLY:
		return error_set(error, ERROR_IO, CANNOT_BE_WRITTEN);
	case SQLITE_CORRUPT:
		return error_set(error, ERROR_MALFORMED, "it is damaged: move it away to begin a new one");
	case SQLITE_NOTADB:
		return error_set(error, ERROR_MALFORMED, "it is no SQLite database, or is damaged");
	case SQLITE_CANTOPEN:
		return error_set(error, ERROR_IO, "it cannot be opened: %s", number ? strerror(number) : "unknown reason");
	case SQLITE_IOERR:
		return error_set(error, ERROR_IO, "reading or writing it failed: %s",
				 number ? strerror(number) : library.errmsg(sqlite->handle));
	}
	return error_set(error, ERROR_IO, "%s", library.errmsg(sqlite->handle));
}

static void sqlite_close(struct database *database)
{
	struct sqlite *sqlite = (struct sqlite *)database;

	for (size_t i = 0; i < sqlite->statement_count; i++)
		library.finalize(sqlite->statements[i].statement);
	library.close(sqlite->handle);
	free(sqlite->path);
	free(sqlite);
}

/* The statement of this text, compiled once. */
static int prepare(struct sqlite *sqlite, const char *sql, sqlite3_stmt **statement, struct error *error)
{
	for (size_t i = 0; i < sqlite->statement_count; i++) {
		if (sqlite->statements[i].sql == sql) {
			*statement = sqlite->statements[i].statement;
			return 0;
		}
	}
	if (library.prepare_v2(sqlite->handle, sql, -1, statement, NULL) != SQLITE_OK)
		return fail(sqlite, error);
	if (sqlite->statement_count == STATEMENTS_MAX)
		library.finalize(sqlite->statements[--sqlite->statement_count].statement);
	sqlite->statements[sqlite->statement_count].sql = sql;
	sqlite->statements[sqlite->statement_count++].statement = *statement;
	return 0;
}

static void bind(sqlite3_stmt *statement, const struct database_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[24];
		int index;

		snprintf(name, sizeof(name), "$%zu", i + 1);
		index = library.bind_parameter_index(statement, name);
		if (values[i].text)
			library.bind_text(statement, index, values[i].text, -1, SQLITE_STATIC);
		else
			library.bind_int64(statement, index, values[i].number);
	}
}

static void give_row(sqlite3_stmt *statement, database_row *row, void *context)
{
	struct database_column columns[DATABASE_COLUMNS_MAX];
	int count = library.column_count(statement);

	for (int i = 0; i < count && i < DATABASE_COLUMNS_MAX; i++) {
		const unsigned char *text;

		columns[i].number = library.column_int64(statement, i);
		text = library.column_text(statement, i);
		columns[i].text = text ? (const char *)text : "";
	}
	if (row)
		row(context, columns);
}

/* A file without a name can still be written, and nobody would ever read it: a claim in it is none. */
static int check_file(const struct sqlite *sqlite, struct error *error)
{
	struct stat status;

	if (!stat(sqlite->path, &status) && status.st_dev == sqlite->device && status.st_ino == sqlite->file)
		return 0;
	return error_set(error, ERROR_IO, "it was removed or replaced while it was in use");
}

static int sqlite_run(struct database *database, const char *sql, const struct database_value *values, size_t count,
		      database_row *row, void *context, struct error *error)
{
	struct sqlite *sqlite = (struct sqlite *)database;
	sqlite3_stmt *statement;
	int step, result = 0;

	/* a transaction that began well may end */
	if ((library.get_autocommit(sqlite->handle) && check_file(sqlite, error)) || prepare(sqlite, sql, &statement, error))
		return error->code;
	bind(statement, values, count);
	while ((step = library.step(statement)) == SQLITE_ROW)
		give_row(statement, row, context);
	database->changed = library.changes(sqlite->handle);
	if (step != SQLITE_DONE)
		result = fail(sqlite, error);
	library.reset(statement);
	return result;
}

static int sqlite_begin(struct database *database, bool exclusive, struct error *error)
{
	(void)exclusive; /* there is one writer at a time in any case; to begin as one never meets a lock half-way */
	return sqlite_run(database, "BEGIN IMMEDIATE", NULL, 0, NULL, NULL, error);
}

static void take_number(void *context, const struct database_column *columns)
{
	*(int64_t *)context = columns[0].number;
}

static int sqlite_read_version(struct database *database, int64_t *version, struct error *error)
{
	int64_t application = 0, tables = 0;
	struct error ignored;
	/* all at one moment: half of what another run is just making would look like the database of another program */
	int result = sqlite_run(database, "SAVEPOINT version", NULL, 0, NULL, NULL, error);

	if (!result)
		result = sqlite_run(database, "SELECT count(*) FROM sqlite_master", NULL, 0, take_number, &tables, error);
	if (!result)
		result = sqlite_run(database, "PRAGMA application_id", NULL, 0, take_number, &application, error);
	if (!result)
		result = sqlite_run(database, "PRAGMA user_version", NULL, 0, take_number, version, error);
	sqlite_run(database, "RELEASE version", NULL, 0, NULL, NULL, &ignored);
	if (!result && application != APPLICATION_ID && (application || tables || *version))
		result = error_set(error, ERROR_MALFORMED, "it is the database of another program");
	return result;
}

/* Set a number in the file's header. Pragmas take no values, so the statement is written out. */
static int set_pragma(struct sqlite *sqlite, const char *name, int64_t number, struct error *error)
{
	sqlite3_stmt *statement;
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA %s = %lld", name, (long long)number);
	if (library.prepare_v2(sqlite->handle, sql, -1, &statement, NULL) != SQLITE_OK)
		return fail(sqlite, error);
	library.step(statement);
	return library.finalize(statement) == SQLITE_OK ? 0 : fail(sqlite, error);
}

static int sqlite_write_version(struct database *database, int64_t version, struct error *error)
{
	struct sqlite *sqlite = (struct sqlite *)database;
	int result = set_pragma(sqlite, "user_version", version, error);

	return result ? result : set_pragma(sqlite, "application_id", APPLICATION_ID, error);
}

/* The file with rights for its owner alone; SQLite gives its companions (-wal, -shm) the same. */
static int create_file(const char *path, struct error *error)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);

	if (descriptor < 0 && errno != EEXIST)
		return error_set_errno(error, "it cannot be created");
	if (descriptor >= 0)
		close(descriptor);
	return 0;
}

/*
 * Switch to the write-ahead log. While another process does the same for the same new file, SQLite answers "busy"
 * without asking its own timeout, so the waiting is done here.
 */
static int use_log(struct sqlite *sqlite, struct error *error)
{
	const struct timespec pause = { 0, 20000000 };
	int result = 0;

	for (int turn = 0; turn < DATABASE_LOCK_SECONDS * 50; turn++) {
		result = sqlite_run(&sqlite->base, "PRAGMA journal_mode = WAL", NULL, 0, NULL, NULL, error);
		if (!result || (library.extended_errcode(sqlite->handle) & 0xff) != SQLITE_BUSY)
			break;
		nanosleep(&pause, NULL);
	}
	return result;
}

static bool is_on_read_only_disk(const char *path)
{
	return access(path, W_OK) && errno == EROFS;
}

/*
 * The name to open it by for reading. To read a write-ahead log SQLite writes an index beside it, and does so even where the log is gone.
 * On a disk that is read-only it is told that nobody changes the file, and needs none (https://www.sqlite.org/uri.html, immutable);
 * where the log is still there that would leave out what it holds. The caller frees it.
 */
static char *name_for_reading(const char *path)
{
	struct buffer name = BUFFER_INIT;
	char *log = memory_format("%s-wal", path);
	struct stat status;

	if (is_on_read_only_disk(path) && (stat(log, &status) || !status.st_size)) {
		buffer_add_string(&name, "file:");
		for (const char *at = path; *at; at++)
			buffer_add_format(&name, isalnum((unsigned char)*at) ? "%c" : "%%%02X", (unsigned char)*at);
		buffer_add_string(&name, "?immutable=1");
	}
	free(log);
	return name.length ? name.bytes : memory_copy_string(path);
}

static int open_file(struct sqlite *sqlite, enum ledger_mode mode, struct error *error)
{
	char *name = mode == LEDGER_READ ? name_for_reading(sqlite->path) : memory_copy_string(sqlite->path);
	int flags = mode == LEDGER_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE, result = 0;

	/* only the one that was made here is a URI: the user's "file:" was taken apart before */
	if (strcmp(name, sqlite->path) != 0)
		flags |= SQLITE_OPEN_URI;
	if (library.open_v2(name, &sqlite->handle, flags, NULL) != SQLITE_OK)
		result = sqlite->handle ? fail(sqlite, error) : error_set(error, ERROR_IO, "no memory for it");
	else
		library.busy_timeout(sqlite->handle, DATABASE_LOCK_SECONDS * 1000);
	free(name);
	return result;
}

static const struct database_backend backend = { sqlite_close, sqlite_run, sqlite_begin, sqlite_read_version,
						 sqlite_write_version };

int database_open_sqlite(struct database **database, const char *path, enum ledger_mode mode, struct error *error)
{
	struct sqlite *sqlite;
	struct stat status;
	int64_t version;
	int result;

	*database = NULL;
	if (mode == LEDGER_CREATE && create_file(path, error))
		return error->code;
	if (stat(path, &status))
		return errno == ENOENT || errno == ENOTDIR ? error_set(error, ERROR_NOT_FOUND, "it does not exist") :
							     error_set_errno(error, "it cannot be opened");
	if (mode != LEDGER_READ && is_on_read_only_disk(path))
		return error_set(error, ERROR_IO, CANNOT_BE_WRITTEN);
	if (load(error))
		return error->code;
	sqlite = memory_allocate_zeroed(1, sizeof(*sqlite));
	sqlite->base.backend = &backend;
	sqlite->path = memory_copy_string(path);
	sqlite->device = status.st_dev;
	sqlite->file = status.st_ino;
	result = open_file(sqlite, mode, error);
	if (!result)
		result = sqlite_read_version(&sqlite->base, &version, error); /* before anything is written into somebody else's */
	if (!result && mode != LEDGER_READ)
		result = use_log(sqlite, error);
	if (!result)
		result = sqlite_run(&sqlite->base, "PRAGMA synchronous = FULL", NULL, 0, NULL, NULL, error);
	if (result) {
		sqlite_close(&sqlite->base);
		return result;
	}
	*database = &sqlite->base;
	return 0;
}

void database_add_sqlite(struct buffer *lines)
{
	struct error error;

	if (load(&error))
		library_add_missing(lines, "SQLite", &error);
	else
		library_add_version(lines, "SQLite", library.libversion());
}
