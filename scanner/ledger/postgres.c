/*
 * The ledger in a PostgreSQL database, in the schema "staunch", for several machines that share one.
 *
 * Claims are made in exclusive transactions, which one advisory lock keeps apart: the rows of two runs then never wait
 * for each other crosswise. An URI may hold a password, so nothing of what libpq says of one that it cannot read is
 * shown, and of what it says of a connection not the password.
 */
#define _GNU_SOURCE
#include "base/buffer.h"
#include "base/library.h"
#include "base/memory.h"
#include "ledger/database.h"

#include <libpq-fe.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The advisory lock's number: "staunch" in ASCII. Whoever else locks this number in the same database waits for us. */
#define ADVISORY_LOCK "32497998017815400"

#define FUNCTIONS(FUNCTION)      \
	FUNCTION(conninfoParse)  \
	FUNCTION(conninfoFree)   \
	FUNCTION(connectdbParams) \
	FUNCTION(status)         \
	FUNCTION(errorMessage)   \
	FUNCTION(finish)         \
	FUNCTION(setNoticeProcessor) \
	FUNCTION(exec)           \
	FUNCTION(execParams)     \
	FUNCTION(resultStatus)   \
	FUNCTION(resultErrorField) \
	FUNCTION(clear)          \
	FUNCTION(ntuples)        \
	FUNCTION(nfields)        \
	FUNCTION(getvalue)       \
	FUNCTION(cmdTuples)      \
	FUNCTION(freemem)        \
	FUNCTION(libVersion)

/* PQexec() is library.exec() here, and so on. */
static struct {
#define FIELD(name) __typeof__(PQ##name) *name;
	FUNCTIONS(FIELD)
#undef FIELD
} library;
static bool loaded;

struct postgres {
	struct database base;
	PGconn *connection;
};

static int load(struct error *error)
{
	static const struct library_function functions[] = {
#define ENTRY(name) { "PQ" #name, offsetof(__typeof__(library), name) },
		FUNCTIONS(ENTRY)
#undef ENTRY
	};
	static const struct library_wanted wanted = { LIBRARY_POSTGRES, "libpq5", "reaches a shared ledger", functions, sizeof(functions) / sizeof(*functions), false };
	int result = loaded ? 0 : library_load(&wanted, &library, error);

	loaded = !result;
	return result;
}

/* The first line of a message; later ones are hints at length. */
static int fail_with(enum error_code code, const char *message, struct error *error)
{
	return error_set(error, code, "%.*s", (int)strcspn(message, "\n"), message);
}

static int fail(struct postgres *postgres, const PGresult *answer, struct error *error)
{
	const char *state = answer ? library.resultErrorField(answer, PG_DIAG_SQLSTATE) : NULL;
	const char *message = answer ? library.resultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	/* https://www.postgresql.org/docs/15/errcodes-appendix.html */
	if (library.status(postgres->connection) != CONNECTION_OK)
		return error_set(error, ERROR_NETWORK, "the connection to its server is lost");
	if (state && (strcmp(state, "55P03") == 0 || strcmp(state, "57014") == 0))
		return error_set(error, ERROR_IO, "another process has had it locked for %d seconds", DATABASE_LOCK_SECONDS);
	if (state && strcmp(state, "53100") == 0)
		return error_set(error, ERROR_IO, "its disk is full");
	return fail_with(ERROR_IO, message ? message : library.errorMessage(postgres->connection), error);
}

static void postgres_close(struct database *database)
{
	struct postgres *postgres = (struct postgres *)database;

	library.finish(postgres->connection);
	free(postgres);
}

static void give_rows(const PGresult *answer, database_row *row, void *context)
{
	int rows = library.ntuples(answer), count = library.nfields(answer);
	struct database_column columns[DATABASE_COLUMNS_MAX];

	for (int i = 0; row && i < rows; i++) {
		for (int j = 0; j < count && j < DATABASE_COLUMNS_MAX; j++) {
			columns[j].text = library.getvalue(answer, i, j); /* "" for NULL */
			columns[j].number = strtoll(columns[j].text, NULL, 10);
		}
		row(context, columns);
	}
}

static int postgres_run(struct database *database, const char *sql, const struct database_value *values, size_t count,
			database_row *row, void *context, struct error *error)
{
	struct postgres *postgres = (struct postgres *)database;
	const char *texts[DATABASE_VALUES_MAX];
	char numbers[DATABASE_VALUES_MAX][24];
	PGresult *answer;
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%" PRId64, values[i].number);
		texts[i] = values[i].text ? values[i].text : numbers[i];
	}
	answer = library.execParams(postgres->connection, sql, (int)count, NULL, texts, NULL, NULL, 0);
	switch (library.resultStatus(answer)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		give_rows(answer, row, context);
		database->changed = strtoll(library.cmdTuples(answer), NULL, 10);
		break;
	default:
		result = fail(postgres, answer, error);
	}
	library.clear(answer);
	return result;
}

static int postgres_begin(struct database *database, bool exclusive, struct error *error)
{
	int result = postgres_run(database, "BEGIN", NULL, 0, NULL, NULL, error);

	if (!result && exclusive) {
		result = postgres_run(database, "SELECT pg_advisory_xact_lock(" ADVISORY_LOCK ")", NULL, 0, NULL, NULL, error);
		if (result)
			database_end(database, result, error);
	}
	return result;
}

static void take_number(void *context, const struct database_column *columns)
{
	*(int64_t *)context = columns[0].number;
}

static int postgres_read_version(struct database *database, int64_t *version, struct error *error)
{
	int64_t tables = 0;
	int result = postgres_run(database,
				  "SELECT count(*) FROM information_schema.tables "
				  "WHERE table_schema = 'staunch' AND table_name = 'schema_version'",
				  NULL, 0, take_number, &tables, error);

	*version = 0;
	if (!result && tables)
		result = postgres_run(database, "SELECT version FROM schema_version", NULL, 0, take_number, version, error);
	return result;
}

static int postgres_write_version(struct database *database, int64_t version, struct error *error)
{
	const struct database_value value = { NULL, version };
	int result = postgres_run(database, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)", NULL, 0,
				  NULL, NULL, error);

	if (!result)
		result = postgres_run(database, "DELETE FROM schema_version", NULL, 0, NULL, NULL, error);
	if (!result)
		result = postgres_run(database, "INSERT INTO schema_version (version) VALUES ($1)", &value, 1, NULL, NULL,
				      error);
	return result;
}

static const struct database_backend backend = { postgres_close, postgres_run, postgres_begin, postgres_read_version,
						 postgres_write_version };

/* ---- connecting ---- */

static void ignore_notice(void *context, const char *message)
{
	(void)context;
	(void)message;
}

/* Replace every occurrence of a piece that must not be shown. */
static void hide(char *message, const char *piece)
{
	size_t length = piece ? strlen(piece) : 0;
	char *at = message;

	while (length && (at = strcasestr(at, piece))) {
		memset(at, '*', length);
		at += length;
	}
}

/* What libpq says of a failed connection, without any password of the URI in it. */
static int fail_connection(struct postgres *postgres, const char *uri, struct error *error)
{
	char *message = memory_copy_string(library.errorMessage(postgres->connection)), *ignored = NULL;
	PQconninfoOption *options = library.conninfoParse(uri, &ignored);
	int result;

	for (PQconninfoOption *option = options; option && option->keyword; option++) {
		if (strstr(option->keyword, "password"))
			hide(message, option->val);
	}
	result = fail_with(ERROR_NETWORK, message, error);
	library.conninfoFree(options);
	free(message);
	return result;
}

static int connect_to(struct postgres *postgres, const char *uri, struct error *error)
{
	/* what stands before "dbname" is a default, which the URI may override */
	static const char *const keywords[] = { "connect_timeout",  "tcp_user_timeout", "application_name",
						"client_encoding", "dbname",	   NULL };
	const char *const values[] = { "10", "30000", "staunch", "UTF8", uri, NULL };
	char *ignored = NULL;
	PQconninfoOption *options = library.conninfoParse(uri, &ignored);

	if (ignored)
		library.freemem(ignored); /* it quotes the URI */
	if (!options)
		return error_set(error, ERROR_CONFIGURATION,
				 "its URI is not of the form postgresql://USER@HOST:PORT/DATABASE?OPTION=VALUE");
	library.conninfoFree(options);
	postgres->connection = library.connectdbParams(keywords, values, 1);
	if (library.status(postgres->connection) != CONNECTION_OK)
		return fail_connection(postgres, uri, error);
	library.setNoticeProcessor(postgres->connection, ignore_notice, NULL);
	return 0;
}

/* What holds for the whole session, and whether there is a ledger, which is made if that is wanted. */
static int begin_session(struct postgres *postgres, enum ledger_mode mode, struct error *error)
{
	static const char *const settings[] = { "SET search_path = staunch",
						"SET synchronous_commit = on",
						"SET statement_timeout = '30s'",
						"SET idle_in_transaction_session_timeout = '60s'" };
	char lock_timeout[48];
	int64_t schemas = 0, now = 0;
	int result = 0;

	snprintf(lock_timeout, sizeof(lock_timeout), "SET lock_timeout = '%ds'", DATABASE_LOCK_SECONDS);
	library.clear(library.exec(postgres->connection, lock_timeout));
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings) && !result; i++)
		result = postgres_run(&postgres->base, settings[i], NULL, 0, NULL, NULL, error);
	if (!result)
		result = postgres_run(&postgres->base, "SELECT floor(extract(epoch FROM clock_timestamp()))", NULL, 0,
				      take_number, &now, error);
	postgres->base.clock_offset = now - (int64_t)time(NULL);
	if (!result)
		result = postgres_run(&postgres->base,
				      "SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'staunch'", NULL, 0,
				      take_number, &schemas, error);
	if (result || schemas)
		return result;
	if (mode != LEDGER_CREATE)
		return error_set(error, ERROR_NOT_FOUND, "it does not exist");
	result = postgres_begin(&postgres->base, true, error); /* two that begin at once must not both make it */
	if (result)
		return result;
	result = postgres_run(&postgres->base, "CREATE SCHEMA IF NOT EXISTS staunch", NULL, 0, NULL, NULL, error);
	return database_end(&postgres->base, result, error);
}

int database_open_postgres(struct database **database, const char *uri, enum ledger_mode mode, struct error *error)
{
	struct postgres *postgres;
	int result;

	*database = NULL;
	if (load(error))
		return error->code;
	postgres = memory_allocate_zeroed(1, sizeof(*postgres));
	postgres->base.backend = &backend;
	result = connect_to(postgres, uri, error);
	if (!result)
		result = begin_session(postgres, mode, error);
	if (result) {
		postgres_close(&postgres->base);
		return result;
	}
	*database = &postgres->base;
	return 0;
}

void database_add_postgres(struct buffer *lines)
{
	struct error error;
	char version[48];

	if (load(&error)) {
		library_add_missing(lines, "libpq", &error);
		return;
	}
	snprintf(version, sizeof(version), "%d.%d", library.libVersion() / 10000, library.libVersion() % 10000);
	library_add_version(lines, "libpq", version);
}
