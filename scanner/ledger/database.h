/*
 * What the ledger asks of a database: statements with values in them, rows out, transactions. SQLite and PostgreSQL
 * each answer it (sqlite.c, postgres.c); every statement is written once, in the SQL that both understand. Private to
 * ledger/.
 *
 * One connection is used by one thread at a time.
 */
#ifndef STAUNCH_LEDGER_DATABASE_H
#define STAUNCH_LEDGER_DATABASE_H

#include "base/error.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long a lock of another process is waited for, in seconds. */
#define DATABASE_LOCK_SECONDS 10

/* A value for $1, $2 and so on. text NULL: the number. */
struct database_value {
	const char *text; /* borrowed */
	int64_t number;
};
#define DATABASE_VALUES_MAX 20

/* A column of a row; text is "" for NULL, borrowed until the row's function returns. */
struct database_column {
	const char *text;
	int64_t number;
};
#define DATABASE_COLUMNS_MAX 32

/* Called for each row. It runs no statement of the same database. */
typedef void database_row(void *context, const struct database_column *columns);

struct database;

struct database_backend {
	void (*close)(struct database *database);
	int (*run)(struct database *database, const char *sql, const struct database_value *values, size_t count,
		   database_row *row, void *context, struct error *error);
	int (*begin)(struct database *database, bool exclusive, struct error *error);
	int (*read_version)(struct database *database, int64_t *version, struct error *error);
	int (*write_version)(struct database *database, int64_t version, struct error *error);
};

/* The part that all backends' structures begin with. */
struct database {
	const struct database_backend *backend;
	int64_t changed;      /* rows that the last statement inserted or changed */
	int64_t clock_offset; /* seconds by which the database's clock is ahead of this machine's */
};

/*
 * Open a SQLite file or a PostgreSQL database. Errors say in words what is wrong with it, without naming it:
 * ERROR_NOT_FOUND when a file does not exist and mode is not LEDGER_CREATE, else ERROR_IO, ERROR_NETWORK,
 * ERROR_MALFORMED or (no library) ERROR_UNSUPPORTED.
 */
int database_open_sqlite(struct database **database, const char *path, enum ledger_mode mode, struct error *error);
int database_open_postgres(struct database **database, const char *uri, enum ledger_mode mode, struct error *error);
void database_close(struct database *database); /* NULL is allowed */

/*
 * Run one statement; sql is a constant of the program, and values (count of them) are for its $1, $2… row may be NULL.
 * Returns 0 or a negative code.
 */
int database_run(struct database *database, const char *sql, const struct database_value *values, size_t count,
		 database_row *row, void *context, struct error *error);

/*
 * Begin a transaction; an exclusive one is alone among the exclusive ones of all processes. End it with
 * database_end(), which commits when result is 0 and undoes otherwise, and returns result, or the failure to commit.
 */
int database_begin(struct database *database, bool exclusive, struct error *error);
int database_end(struct database *database, int result, struct error *error);

/* The schema's version; 0 in a database that holds nothing, ERROR_MALFORMED in one that holds something else. */
int database_read_version(struct database *database, int64_t *version, struct error *error);
int database_write_version(struct database *database, int64_t version, struct error *error);

/* Seconds since the epoch, on the clock that all who share the database go by. */
int64_t database_now(const struct database *database);

/* For ledger_add_libraries(). */
void database_add_sqlite(struct buffer *lines);
void database_add_postgres(struct buffer *lines);

#endif
