/*
 * Ledgers for the tests of ledger/: an empty one for each test, in SQLite or in PostgreSQL, and ways to look behind its
 * back.
 *
 * STAUNCH_TEST_POSTGRES in the environment is the folder of a server's socket (tests/postgres); without it the tests
 * over PostgreSQL are skipped, by name.
 */
#ifndef STAUNCH_TESTS_LEDGER_FIXTURE_H
#define STAUNCH_TESTS_LEDGER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "ledger/private.h"
#include "ledger/schema.h"
#include "revoke/revoke.h"

enum fixture_backend { FIXTURE_SQLITE, FIXTURE_POSTGRES };

/* What each test gets: the URI of a ledger that does not exist yet. */
struct fixture {
	enum fixture_backend backend;
	char *uri;
	char folder[64];
};

static unsigned fixture_number;

static inline void fixture_server_run(const char *format, unsigned number)
{
	char *uri = memory_format("postgresql://postgres@/postgres?host=%s", getenv("STAUNCH_TEST_POSTGRES"));
	char *sql = memory_format(format, (unsigned)getpid(), number);
	struct location location;
	struct database *database;
	struct error error = { 0 };

	/* the schema of a ledger is made in passing; nothing minds */
	assert_int_equal(location_parse(&location, uri, &error), 0);
	if (ledger_connect(&location, LEDGER_CREATE, &database, &error) ||
	    database_run(database, sql, NULL, 0, NULL, NULL, &error))
		fail_msg("%s", error.message);
	database_close(database);
	location_release(&location);
	free(sql);
	free(uri);
}

static inline struct fixture *fixture_make(enum fixture_backend backend)
{
	struct fixture *fixture = memory_allocate_zeroed(1, sizeof(*fixture));

	fixture->backend = backend;
	strcpy(fixture->folder, "/tmp/test_ledger_XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	fixture_number++;
	if (backend == FIXTURE_SQLITE) {
		fixture->uri = memory_format("%s/ledger.db", fixture->folder);
	} else if (getenv("STAUNCH_TEST_POSTGRES") && *getenv("STAUNCH_TEST_POSTGRES")) {
		fixture_server_run("CREATE DATABASE unit_%u_%u", fixture_number);
		fixture->uri = memory_format("postgresql://postgres@/unit_%u_%u?host=%s", (unsigned)getpid(), fixture_number,
					     getenv("STAUNCH_TEST_POSTGRES"));
	}
	return fixture;
}

static inline void fixture_remove_files(const struct fixture *fixture)
{
	static const char *const names[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *path = memory_format("%s/%s", fixture->folder, names[i]);

		unlink(path);
		free(path);
	}
}

static inline void fixture_free(struct fixture *fixture)
{
	fixture_remove_files(fixture);
	rmdir(fixture->folder);
	free(fixture->uri);
	free(fixture);
}

static inline int fixture_setup_sqlite(void **state)
{
	*state = fixture_make(FIXTURE_SQLITE);
	return 0;
}

static inline int fixture_setup_postgres(void **state)
{
	*state = fixture_make(FIXTURE_POSTGRES);
	return 0;
}

static inline int fixture_teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

/* The test's fixture; the test is skipped when its database is not here. */
static inline struct fixture *fixture_of(void **state)
{
	struct fixture *fixture = *state;

	if (!fixture->uri) {
		print_message("no PostgreSQL server: %s\n", getenv("STAUNCH_TEST_POSTGRES_MISSING"));
		skip();
	}
	return fixture;
}

/* A test over both databases. */
#define BOTH(test)                                                                                                     \
	{ "sqlite: " #test, test, fixture_setup_sqlite, fixture_teardown, NULL },                                      \
	{ "postgres: " #test, test, fixture_setup_postgres, fixture_teardown, NULL }

/* Each open ledger is a run of its own. */
static inline struct ledger *fixture_open_as(const struct fixture *fixture, enum ledger_mode mode)
{
	struct ledger *ledger;
	struct error error = { 0 };

	if (ledger_open(&ledger, fixture->uri, mode, "9.9.9", &error))
		fail_msg("%s", error.message);
	return ledger;
}

static inline struct ledger *fixture_open(const struct fixture *fixture)
{
	return fixture_open_as(fixture, LEDGER_CREATE);
}

/* A statement behind the ledger's back. / The ledger is to be made anew. */
static inline void fixture_run(struct ledger *ledger, const char *sql)
{
	struct error error = { 0 };

	if (database_run(ledger->database, sql, NULL, 0, NULL, NULL, &error))
		fail_msg("%s", error.message);
}

static inline void fixture_forget(const struct fixture *fixture)
{
	struct ledger *ledger;

	if (fixture->backend == FIXTURE_SQLITE) {
		fixture_remove_files(fixture);
		return;
	}
	ledger = fixture_open(fixture);
	fixture_run(ledger, "DROP SCHEMA staunch CASCADE");
	ledger_close(ledger);
}

static const struct ledger_source fixture_source = { "file", "/home/ann/project/.env" };

/* A key with a fingerprint made of number. The fingerprint is owned by the table below. */
static inline struct ledger_key fixture_key_of(unsigned number)
{
	static char fingerprints[1024][SECRET_FINGERPRINT_SIZE];

	assert_in_range(number, 0, 1023);
	snprintf(fingerprints[number], SECRET_FINGERPRINT_SIZE, "%064x", number + 1);
	return (struct ledger_key){ .fingerprint = fingerprints[number],
				    .rule = "some-key",
				    .endpoint = "https://example.test/report",
				    .provider = "example",
				    .secret = "some_abcd…wxyz",
				    .confidence = "certain",
				    .places = "[{\"target\":0,\"kind\":\"file\",\"path\":\".env\"}]",
				    .places_total = 1,
				    .sources = &fixture_source,
				    .source_count = 1 };
}

static inline struct ledger_status fixture_claim(struct ledger *ledger, const struct ledger_key *key, bool resend)
{
	struct ledger_status status = { 0 };
	struct error error = { 0 };

	if (ledger_claim(ledger, key, 1, resend, &status, &error))
		fail_msg("%s", error.message);
	return status;
}

static inline void assert_claim(struct ledger *ledger, const struct ledger_key *key, enum ledger_standing standing)
{
	struct ledger_status status = fixture_claim(ledger, key, false);

	assert_int_equal(status.standing, standing);
	ledger_status_release(&status);
}

static inline void assert_standing(struct ledger *ledger, const struct ledger_key *key, enum ledger_standing standing,
				   enum revocation_state state)
{
	struct ledger_status status = { 0 };
	struct error error = { 0 };

	if (ledger_look_up(ledger, key, 1, &status, &error))
		fail_msg("%s", error.message);
	assert_int_equal(status.standing, standing);
	assert_int_equal(status.state, state);
	ledger_status_release(&status);
}

static inline void fixture_attempt(struct ledger *ledger, const struct ledger_key *key, unsigned number,
				   enum revocation_state state, unsigned http_status, const char *message)
{
	const struct revocation_attempt attempt = { .started = (int64_t)time(NULL),
						    .duration_ms = 50 + number,
						    .state = state,
						    .http_status = http_status,
						    .message = message };
	struct error error = { 0 };

	if (ledger_add_attempt(ledger, key, &attempt, &error))
		fail_msg("%s", error.message);
}

#endif
