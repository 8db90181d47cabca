#include "ledger/schema.h"

#include <assert.h>
#include <inttypes.h>

/*
 * Each step leads from the version before it to its own; steps that were published are never changed. TEXT and BIGINT
 * are words of both databases. There are no foreign keys: every row can be read by itself.
 */
static const struct step {
	int64_t version;
	const char *sql;
} steps[] = {
	/* who: one row for each run that claimed something. It lives until lease_until, or while its process does */
	{ 1, "CREATE TABLE runs ("
	     " id TEXT PRIMARY KEY, started BIGINT NOT NULL, version TEXT NOT NULL,"
	     " host TEXT NOT NULL, machine TEXT NOT NULL, username TEXT NOT NULL,"
	     " process BIGINT NOT NULL, process_started BIGINT NOT NULL, lease_until BIGINT NOT NULL)" },
	/* what: one row for each credential and endpoint */
	{ 1, "CREATE TABLE claims ("
	     " fingerprint TEXT NOT NULL, rule TEXT NOT NULL, endpoint TEXT NOT NULL,"
	     " provider TEXT NOT NULL, secret TEXT NOT NULL, confidence TEXT NOT NULL,"
	     " places TEXT NOT NULL, places_total BIGINT NOT NULL,"
	     " state TEXT NOT NULL, owner TEXT NOT NULL, found BIGINT NOT NULL, updated BIGINT NOT NULL,"
	     " http_status BIGINT NOT NULL, attempts BIGINT NOT NULL, message TEXT NOT NULL,"
	     " PRIMARY KEY (fingerprint, rule, endpoint),"
	     " CHECK (state IN ('claimed', 'pending', 'accepted', 'gone', 'rejected')))" },
	/* every request that was made, or begun */
	{ 1, "CREATE TABLE attempts ("
	     " fingerprint TEXT NOT NULL, rule TEXT NOT NULL, endpoint TEXT NOT NULL, run TEXT NOT NULL,"
	     " number BIGINT NOT NULL, started BIGINT NOT NULL, duration_ms BIGINT NOT NULL,"
	     " state TEXT NOT NULL, http_status BIGINT NOT NULL, message TEXT NOT NULL,"
	     " PRIMARY KEY (fingerprint, rule, endpoint, number))" },
	/* where to look again for what is pending */
	{ 2, "CREATE TABLE sources ("
	     " fingerprint TEXT NOT NULL, rule TEXT NOT NULL, endpoint TEXT NOT NULL,"
	     " kind TEXT NOT NULL, path TEXT NOT NULL,"
	     " PRIMARY KEY (fingerprint, rule, endpoint, kind, path))" },
	{ 2, "CREATE INDEX claims_by_state ON claims (state)" },
	/* the final answer to the report before, for a claim that is sent again; and what --verify saw since the last one */
	{ 3, "ALTER TABLE claims ADD COLUMN settled TEXT NOT NULL DEFAULT ''" },
	{ 3, "ALTER TABLE claims ADD COLUMN verified TEXT NOT NULL DEFAULT ''" },
	/* every time that a provider was asked whether a credential is dead, which needs no claim */
	{ 3, "CREATE TABLE verifications ("
	     " fingerprint TEXT NOT NULL, rule TEXT NOT NULL, endpoint TEXT NOT NULL, run TEXT NOT NULL,"
	     " number BIGINT NOT NULL, asked BIGINT NOT NULL, attempt BIGINT NOT NULL,"
	     " verified TEXT NOT NULL, message TEXT NOT NULL,"
	     " PRIMARY KEY (fingerprint, rule, endpoint, number))" },
};
#define STEP_COUNT (sizeof(steps) / sizeof(*steps))

static int fail_newer(int64_t version, struct error *error)
{
	return error_set(error, ERROR_UNSUPPORTED,
			 "it was written by a newer staunch (its version is %" PRId64 ", this one knows %d): install that one",
			 version, SCHEMA_VERSION);
}

int schema_upgrade(struct database *database, int64_t version, struct error *error)
{
	int64_t present = 0;
	int result = database_read_version(database, &present, error);

	assert(version > 0 && version <= SCHEMA_VERSION);
	if (result || present == version)
		return result;
	result = database_begin(database, true, error);
	if (result)
		return result;
	result = database_read_version(database, &present, error); /* another run may have been faster */
	if (!result && present > SCHEMA_VERSION)
		result = fail_newer(present, error);
	for (size_t i = 0; i < STEP_COUNT && !result; i++) {
		if (steps[i].version > present && steps[i].version <= version)
			result = database_run(database, steps[i].sql, NULL, 0, NULL, NULL, error);
	}
	if (!result && present < version)
		result = database_write_version(database, version, error);
	return database_end(database, result, error);
}

int schema_check(struct database *database, struct error *error)
{
	int64_t present = 0;
	int result = database_read_version(database, &present, error);

	if (result)
		return result;
	if (!present)
		return error_set(error, ERROR_NOT_FOUND, "it does not exist");
	if (present > SCHEMA_VERSION)
		return fail_newer(present, error);
	if (present < SCHEMA_VERSION)
		return error_set(error, ERROR_CONFIGURATION,
				 "it was written by an older staunch: the next run that sends brings it up to date");
	return 0;
}
