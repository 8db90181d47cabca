/* What the ledger holds, what of it is listed, and ledgers of other versions. */
#define _GNU_SOURCE
#include "ledger_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#define LISTED_MAX 8

/* What a list gave. */
struct listed {
	size_t count;
	char fingerprints[LISTED_MAX][SECRET_FINGERPRINT_SIZE];
	void (*check)(const struct ledger_record *record); /* NULL: nothing more */
};

static int take(void *context, const struct ledger_record *record)
{
	struct listed *listed = context;

	assert_true(listed->count < LISTED_MAX);
	strcpy(listed->fingerprints[listed->count++], record->key.fingerprint);
	if (listed->check)
		listed->check(record);
	return 0;
}

static size_t count_listed(struct ledger *ledger, const struct ledger_filter *filter)
{
	struct listed listed = { 0 };
	struct error error = { 0 };

	if (ledger_list(ledger, filter, take, &listed, &error))
		fail_msg("%s", error.message);
	return listed.count;
}

static void check_everything(const struct ledger_record *record)
{
	const struct ledger_key expected = fixture_key_of(0);
	char user[256], host[256] = "";

	assert_string_equal(record->key.fingerprint, expected.fingerprint);
	assert_string_equal(record->key.rule, expected.rule);
	assert_string_equal(record->key.endpoint, expected.endpoint);
	assert_string_equal(record->key.provider, expected.provider);
	assert_string_equal(record->key.secret, expected.secret);
	assert_string_equal(record->key.confidence, expected.confidence);
	assert_string_equal(record->key.places, expected.places);
	assert_int_equal(record->key.places_total, 1);
	assert_int_equal(record->key.source_count, 3);
	assert_string_equal(record->key.sources[0].kind, "file");
	assert_string_equal(record->key.sources[0].path, "/srv/100%41/caf\xe9\n/\xc3\xa4");
	assert_string_equal(record->key.sources[1].kind, "git");
	assert_string_equal(record->key.sources[1].path, "/srv/repository");
	assert_string_equal(record->key.sources[2].kind, "stdin");
	assert_null(record->key.sources[2].path);
	assert_string_equal(record->state, "rejected");
	assert_string_equal(record->message, "HTTP 400 bad_request: no");
	assert_int_equal(record->http_status, 400);
	assert_in_range(record->found, time(NULL) - 30, time(NULL) + 1);
	assert_in_range(record->updated, record->found, time(NULL) + 1);
	assert_string_equal(record->version, "9.9.9");
	gethostname(host, sizeof(host) - 1);
	assert_string_equal(record->host, host);
	snprintf(user, sizeof(user), "%s", record->user);
	assert_true(strlen(user) > 0);
	assert_int_equal(strlen(record->run), 32);
	assert_int_equal(record->attempt_count, 2);
	assert_int_equal(record->attempts[0].number, 1);
	assert_string_equal(record->attempts[0].state, "pending");
	assert_int_equal(record->attempts[0].http_status, 503);
	assert_string_equal(record->attempts[0].message, "HTTP 503");
	assert_int_equal(record->attempts[0].duration_ms, 51);
	assert_in_range(record->attempts[0].started, time(NULL) - 30, time(NULL));
	assert_string_equal(record->attempts[0].run, record->run);
	assert_string_equal(record->attempts[0].version, "9.9.9");
	assert_string_equal(record->attempts[1].state, "rejected");
	assert_int_equal(record->attempts[1].http_status, 400);
	assert_string_equal(record->attempts[1].host, host);
	assert_string_equal(record->verified, "dead");
	assert_int_equal(record->verification_count, 2);
	assert_string_equal(record->verifications[0].verified, "unknown");
	assert_string_equal(record->verifications[0].message, "HTTP 503");
	assert_int_equal(record->verifications[0].attempt, 2);
	assert_string_equal(record->verifications[0].run, record->run);
	assert_string_equal(record->verifications[1].verified, "dead");
	assert_string_equal(record->verifications[1].message, "");
	assert_in_range(record->verifications[1].asked, time(NULL) - 30, time(NULL) + 1);
	assert_int_equal(strlen(record->verifications[1].run), 32);
	assert_string_not_equal(record->verifications[1].run, record->run);
	assert_string_equal(record->verifications[1].host, host);
	assert_string_equal(record->verifications[1].version, "9.9.9");
}

static void everything_is_kept(void **state)
{
	static const struct ledger_source sources[] = { { "git", "/srv/repository" },
							{ "stdin", NULL },
							{ "file", "/srv/100%41/caf\xe9\n/\xc3\xa4" } };
	const struct fixture *fixture = fixture_of(state);
	struct ledger *ledger = fixture_open(fixture);
	struct ledger_key key = fixture_key_of(0);
	struct listed listed = { .check = check_everything };
	const struct ledger_filter all = { 0 };
	struct error error = { 0 };

	key.sources = sources;
	key.source_count = 3;
	assert_claim(ledger, &key, LEDGER_OURS);
	fixture_attempt(ledger, &key, 1, REVOCATION_PENDING, 503, "HTTP 503");
	fixture_attempt(ledger, &key, 2, REVOCATION_REJECTED, 400, "HTTP 400 bad_request: no");
	assert_int_equal(ledger_add_verification(ledger, &key, VERIFICATION_UNKNOWN, "HTTP 503", &error), 0);
	ledger_close(ledger);
	ledger = fixture_open(fixture); /* another run */
	assert_int_equal(ledger_add_verification(ledger, &key, VERIFICATION_DEAD, NULL, &error), 0);
	ledger_close(ledger);
	ledger = fixture_open_as(fixture, LEDGER_READ);
	assert_int_equal(ledger_list(ledger, &all, take, &listed, &error), 0);
	assert_int_equal(listed.count, 1);
	ledger_close(ledger);
}

static void filters(void **state)
{
	static const struct ledger_source places[] = { { "file", "/srv/app/.env" },
						       { "git", "/srv/app" },
						       { "git", "/srv/app2" } };
	const struct fixture *fixture = fixture_of(state);
	struct ledger *ledger = fixture_open(fixture);
	struct ledger_key keys[3] = { fixture_key_of(0), fixture_key_of(1), fixture_key_of(2) };
	const struct {
		struct ledger_filter filter;
		size_t count;
	} cases[] = {
		{ { 0 }, 3 },
		{ { .state = "accepted" }, 1 },
		{ { .state = "pending" }, 1 },
		{ { .state = "claimed" }, 1 },
		{ { .state = "gone" }, 0 },
		{ { .rule = "some-key" }, 2 },
		{ { .rule = "other-key" }, 1 },
		{ { .rule = "other-key", .state = "accepted" }, 0 },
		{ { .repository = "/srv/app" }, 2 },
		{ { .repository = "/srv/app/.env" }, 1 },
		{ { .repository = "/srv/app2" }, 1 },
		{ { .repository = "/srv/ap" }, 0 },
		{ { .repository = "/srv/%" }, 0 },
		{ { .repository = "/srv" }, 3 },
		{ { .since = (int64_t)time(NULL) - 60 }, 2 },
		{ { .since = (int64_t)time(NULL) + 60 }, 0 },
	};
	struct error error = { 0 };

	for (unsigned i = 0; i < 3; i++) {
		keys[i].sources = &places[i];
		if (i == 2)
			keys[i].rule = "other-key";
		assert_claim(ledger, &keys[i], LEDGER_OURS);
	}
	fixture_attempt(ledger, &keys[0], 1, REVOCATION_ACCEPTED, 200, NULL);
	assert_int_equal(ledger_give_back(ledger, &keys[1], NULL, &error), 0);
	fixture_run(ledger, "UPDATE claims SET updated = updated - 3600 WHERE state = 'accepted'");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (count_listed(ledger, &cases[i].filter) != cases[i].count)
			fail_msg("filter %zu lists %zu, not %zu", i, count_listed(ledger, &cases[i].filter), cases[i].count);
	}
	/* once its run is gone, what was claimed is pending */
	ledger_close(ledger);
	ledger = fixture_open(fixture);
	assert_int_equal(count_listed(ledger, &(struct ledger_filter){ .state = "claimed" }), 0);
	assert_int_equal(count_listed(ledger, &(struct ledger_filter){ .state = "pending" }), 2);
	ledger_close(ledger);
}

static void found_and_not_sent(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key keys[3] = { fixture_key_of(0), fixture_key_of(1), fixture_key_of(2) };
	struct error error = { 0 };

	assert_claim(one, &keys[0], LEDGER_OURS);
	assert_claim(one, &keys[1], LEDGER_OURS);
	fixture_attempt(one, &keys[1], 1, REVOCATION_ACCEPTED, 200, NULL);
	/* what is claimed or settled stays so */
	assert_int_equal(ledger_add_pending(other, keys, 3, "too many", &error), 0);
	assert_standing(other, &keys[0], LEDGER_THEIRS, REVOCATION_PENDING);
	assert_standing(other, &keys[1], LEDGER_SETTLED, REVOCATION_ACCEPTED);
	assert_standing(other, &keys[2], LEDGER_FREE, REVOCATION_PENDING);
	assert_int_equal(count_listed(other, &(struct ledger_filter){ .state = "pending" }), 1);
	assert_claim(one, &keys[2], LEDGER_OURS);
	ledger_close(other);
	ledger_close(one);
}

/* ---- versions ---- */

/* A ledger of the first version with a record in it. */
static void make_old(const struct fixture *fixture)
{
	struct location location;
	struct database *database;
	struct error error = { 0 };

	assert_int_equal(location_parse(&location, fixture->uri, &error), 0);
	if (ledger_connect(&location, LEDGER_CREATE, &database, &error) || schema_upgrade(database, 1, &error) ||
	    database_run(database,
			 "INSERT INTO claims VALUES ('ab', 'some-key', 'https://example.test/', 'example', 'some_…', 'likely',"
			 " '[]', 1, 'accepted', 'nobody', 1700000000, 1700000001, 200, 1, '')",
			 NULL, 0, NULL, NULL, &error))
		fail_msg("%s", error.message);
	database_close(database);
	location_release(&location);
}

static int64_t version_of(const struct fixture *fixture)
{
	struct location location;
	struct database *database;
	struct error error = { 0 };
	int64_t version = -1;

	assert_int_equal(location_parse(&location, fixture->uri, &error), 0);
	if (ledger_connect(&location, LEDGER_READ, &database, &error) ||
	    database_read_version(database, &version, &error))
		fail_msg("%s", error.message);
	database_close(database);
	location_release(&location);
	return version;
}

static void an_older_one_is_brought_up_to_date(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	const struct ledger_key key = fixture_key_of(0);
	struct ledger *ledger = NULL;
	struct error error = { 0 };

	make_old(fixture);
	assert_int_equal(version_of(fixture), 1);
	/* who only reads changes nothing */
	assert_int_equal(ledger_open(&ledger, fixture->uri, LEDGER_READ, "9.9.9", &error), ERROR_CONFIGURATION);
	assert_non_null(strstr(error.message, "older staunch"));
	assert_null(ledger);
	assert_int_equal(version_of(fixture), 1);
	ledger = fixture_open_as(fixture, LEDGER_UPGRADE);
	assert_int_equal(version_of(fixture), SCHEMA_VERSION);
	assert_int_equal(count_listed(ledger, &(struct ledger_filter){ .state = "accepted" }), 1);
	assert_claim(ledger, &key, LEDGER_OURS);
	ledger_close(ledger);
	ledger = fixture_open_as(fixture, LEDGER_READ);
	assert_int_equal(count_listed(ledger, &(struct ledger_filter){ 0 }), 2);
	ledger_close(ledger);
}

/* A step that fails leaves the version before it, whole. */
static void a_failed_step_undoes_all(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *ledger = NULL;
	struct location location;
	struct database *database;
	struct error error = { 0 };

	make_old(fixture);
	assert_int_equal(location_parse(&location, fixture->uri, &error), 0);
	assert_int_equal(ledger_connect(&location, LEDGER_CREATE, &database, &error), 0);
	/* in the way of the last step */
	assert_int_equal(database_run(database, "CREATE TABLE claims_by_state (x BIGINT)", NULL, 0, NULL, NULL, &error), 0);
	assert_true(ledger_open(&ledger, fixture->uri, LEDGER_CREATE, "9.9.9", &error) < 0);
	assert_int_equal(version_of(fixture), 1);
	assert_int_equal(database_run(database, "DROP TABLE claims_by_state", NULL, 0, NULL, NULL, &error), 0);
	database_close(database);
	location_release(&location);
	ledger = fixture_open(fixture);
	assert_int_equal(version_of(fixture), SCHEMA_VERSION);
	ledger_close(ledger);
}

static void a_newer_one_is_refused(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *ledger = fixture_open(fixture);
	struct error error = { 0 };

	assert_int_equal(database_write_version(ledger->database, SCHEMA_VERSION + 1, &error), 0);
	ledger_close(ledger);
	for (int mode = LEDGER_READ; mode <= LEDGER_CREATE; mode++) {
		assert_int_equal(ledger_open(&ledger, fixture->uri, (enum ledger_mode)mode, "9.9.9", &error), ERROR_UNSUPPORTED);
		assert_non_null(strstr(error.message, "was written by a newer staunch (its version is 4, this one knows 3)"));
	}
	assert_int_equal(version_of(fixture), SCHEMA_VERSION + 1);
}

/* Runs that find no ledger at the same time make one together, and each can use it at once. */
static void many_begin_it_at_once(void **state)
{
	const struct fixture *fixture = fixture_of(state);

	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 8; i++) {
			struct ledger *ledger;
			struct error error;

			if (fork() != 0)
				continue;
			if (ledger_open(&ledger, fixture->uri, LEDGER_CREATE, "9.9.9", &error)) {
				fprintf(stderr, "%s\n", error.message);
				_exit(1);
			}
			ledger_close(ledger);
			_exit(0);
		}
		for (unsigned i = 0; i < 8; i++) {
			int status;

			assert_true(wait(&status) > 0);
			assert_int_equal(status, 0);
		}
		fixture_forget(fixture);
	}
}

/* Make and unmake a ledger's marks, each time in one transaction, until it is ended. */
static void come_and_go(const char *path)
{
	static const char *const statements[] = {
		"BEGIN IMMEDIATE", "CREATE TABLE x (y)", "PRAGMA user_version = 2", "PRAGMA application_id = 1400136053", "COMMIT",
		"BEGIN IMMEDIATE", "DROP TABLE x",	 "PRAGMA user_version = 0", "PRAGMA application_id = 0",	  "COMMIT",
	};
	struct database *database;
	struct error error;

	if (database_open_sqlite(&database, path, LEDGER_CREATE, &error))
		_exit(1);
	for (;;) {
		for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
			if (database_run(database, statements[i], NULL, 0, NULL, NULL, &error))
				_exit(1);
		}
	}
}

/* Half of what another run is just making is not taken for the database of another program. */
static void the_version_is_read_at_one_moment(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct database *database;
	struct error error = { 0 };
	size_t seen[3] = { 0 };
	int64_t version;
	pid_t child;

	assert_int_equal(database_open_sqlite(&database, fixture->uri, LEDGER_CREATE, &error), 0);
	child = fork();
	if (child == 0)
		come_and_go(fixture->uri);
	for (unsigned i = 0; i < 100000 && (i < 3000 || !seen[0] || !seen[2]); i++) {
		if (database_read_version(database, &version, &error)) {
			kill(child, SIGKILL);
			fail_msg("%s", error.message);
		}
		seen[version]++;
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_true(seen[0] && seen[2]); /* the child did come and go */
	database_close(database);
}

static void none_is_made_in_passing(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *ledger;
	struct stat status;
	struct error error = { 0 };

	assert_int_equal(ledger_open(&ledger, fixture->uri, LEDGER_READ, "9.9.9", &error), ERROR_NOT_FOUND);
	assert_int_equal(ledger_open(&ledger, fixture->uri, LEDGER_UPGRADE, "9.9.9", &error), ERROR_NOT_FOUND);
	assert_int_equal(stat(fixture->uri, &status), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(everything_is_kept),
		BOTH(filters),
		BOTH(found_and_not_sent),
		BOTH(an_older_one_is_brought_up_to_date),
		BOTH(a_failed_step_undoes_all),
		BOTH(a_newer_one_is_refused),
		BOTH(many_begin_it_at_once),
		{ "sqlite: the_version_is_read_at_one_moment", the_version_is_read_at_one_moment, fixture_setup_sqlite,
		  fixture_teardown, NULL },
		BOTH(none_is_made_in_passing),
	};

	return cmocka_run_group_tests_name("ledger_list", tests, NULL, NULL);
}
