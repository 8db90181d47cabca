/*
 * Who sends what. Claims are made in exclusive transactions; a claim that is taken over or settled changes only if it
 * still is what was read of it, because those that settle do not wait for those that claim.
 */
#define _GNU_SOURCE
#include "base/memory.h"
#include "ledger/private.h"
#include "revoke/revoke.h"

#include <string.h>

/* A row of claims with its owner, as it was read. */
struct held {
	bool exists;
	char state[16], owner_run[OWNER_RUN_SIZE];
	bool living;
	struct ledger_status status; /* its texts are owned */
	const struct ledger *ledger;
};

/* What a state is called, back to it. What is not final is pending. */
static enum revocation_state final_state_called(const char *name)
{
	for (int state = REVOCATION_ACCEPTED; state <= REVOCATION_REJECTED; state++) {
		if (strcmp(name, revocation_state_name((enum revocation_state)state)) == 0)
			return (enum revocation_state)state;
	}
	return REVOCATION_PENDING;
}

static enum verification verification_called(const char *name)
{
	for (int verified = VERIFICATION_DEAD; verified <= VERIFICATION_UNKNOWN; verified++) {
		if (strcmp(name, verification_name((enum verification)verified)) == 0)
			return (enum verification)verified;
	}
	return VERIFICATION_NONE;
}

static void take_held(void *context, const struct database_column *columns)
{
	struct held *held = context;
	struct ledger_status *status = &held->status;
	struct owner owner;

	held->exists = true;
	strncpy(held->state, columns[0].text, sizeof(held->state) - 1);
	strncpy(held->owner_run, columns[5].text, sizeof(held->owner_run) - 1);
	ledger_read_owner(&owner, columns + 8);
	status->state = final_state_called(held->state);
	status->verified = verification_called(columns[7].text);
	status->at = columns[1].number;
	status->http_status = (unsigned)columns[2].number;
	status->attempts = (unsigned)columns[3].number;
	status->message = *columns[4].text ? memory_copy_string(columns[4].text) : NULL;
	if (strcmp(held->state, "claimed") != 0 || strcmp(held->owner_run, held->ledger->self.run) == 0)
		return;
	held->living = owner_is_living(&owner, &held->ledger->self, database_now(held->ledger->database));
	if (!held->living)
		status->state = final_state_called(columns[6].text); /* if it was to be sent again, it is what it was before */
	else
		status->owner = memory_format("process %lld of %s on %s", (long long)owner.process, owner.user, owner.host);
}

static int read_held(struct ledger *ledger, const struct ledger_key *key, struct held *held, struct error *error)
{
	const struct database_value values[] = { KEY_VALUES(key) };

	*held = (struct held){ .ledger = ledger, .status = { .state = REVOCATION_PENDING } };
	return database_run(ledger->database,
			    "SELECT c.state, c.updated, c.http_status, c.attempts, c.message, c.owner, c.settled, c.verified,"
			    " " RUN_COLUMNS
			    " FROM claims c LEFT JOIN runs r ON r.id = c.owner WHERE c.fingerprint = $1 AND c.rule = $2"
			    " AND c.endpoint = $3",
			    values, 3, take_held, held, error);
}

static enum ledger_standing standing_of(const struct held *held)
{
	if (held->exists && held->status.state != REVOCATION_PENDING)
		return LEDGER_SETTLED;
	return held->living ? LEDGER_THEIRS : LEDGER_FREE;
}

int ledger_look_up(struct ledger *ledger, const struct ledger_key *keys, size_t count, struct ledger_status *statuses,
		   struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		struct held held;

		if (read_held(ledger, &keys[i], &held, error))
			return ledger_fail(ledger, error);
		statuses[i] = held.status;
		statuses[i].standing = standing_of(&held);
	}
	return 0;
}

/* ---- writing ---- */

int claim_begin(struct ledger *ledger, struct error *error)
{
	const struct owner *self = &ledger->self;
	int64_t now = database_now(ledger->database);
	const struct database_value values[] = {
		TEXT(self->run),  NUMBER(now),		TEXT(ledger->version),	  TEXT(self->host),
		TEXT(self->machine), TEXT(self->user), NUMBER(self->process), NUMBER(self->process_started),
		NUMBER(now + ledger->lease_seconds)
	};
	int result = database_begin(ledger->database, true, error);

	if (result)
		return result;
	result = database_run(ledger->database,
			      "INSERT INTO runs (id, started, version, host, machine, username, process, process_started,"
			      " lease_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
			      " ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until",
			      values, 9, NULL, NULL, error);
	return result ? database_end(ledger->database, result, error) : 0;
}

int claim_end(struct ledger *ledger, int result, struct error *error)
{
	result = database_end(ledger->database, result, error);
	ledger->enrolled |= !result;
	return result ? ledger_fail(ledger, error) : 0;
}

/* A row for a key that has none, with state "claimed" or "pending". */
static int insert(struct ledger *ledger, const struct ledger_key *key, const char *state, const char *message,
		  struct error *error)
{
	int64_t now = database_now(ledger->database);
	const struct database_value values[] = { KEY_VALUES(key),	TEXT(key->provider),	    TEXT(key->secret),
						 TEXT(key->confidence), TEXT(key->places),	    NUMBER(key->places_total),
						 TEXT(state),		TEXT(ledger->self.run),	    NUMBER(now),
						 TEXT(message) };

	return database_run(ledger->database,
			    "INSERT INTO claims (fingerprint, rule, endpoint, provider, secret, confidence, places, places_total,"
			    " state, owner, found, updated, http_status, attempts, message)"
			    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, 0, 0, $12)",
			    values, 12, NULL, NULL, error);
}

/*
 * Make the row ours, if it still is what was read of it: changed says whether it was. What settled it stays in it until there is
 * another final answer.
 */
static int take_over(struct ledger *ledger, const struct ledger_key *key, const struct held *held, bool *changed,
		     struct error *error)
{
	const struct database_value values[] = {
		KEY_VALUES(key),     TEXT(key->secret),		  TEXT(key->confidence),   TEXT(key->places),
		NUMBER(key->places_total), TEXT(ledger->self.run), NUMBER(database_now(ledger->database)), TEXT(held->state),
		TEXT(held->owner_run)
	};
	int result = database_run(ledger->database,
				  "UPDATE claims SET secret = $4, confidence = $5, places = $6, places_total = $7, owner = $8,"
				  " updated = CASE WHEN " IS_NOT_SETTLED " THEN $9 ELSE updated END,"
				  " message = CASE WHEN " IS_NOT_SETTLED " THEN '' ELSE message END,"
				  " settled = CASE WHEN state IN ('claimed', 'pending') THEN settled ELSE state END,"
				  " state = 'claimed' WHERE " KEY_MATCHES " AND state = $10 AND owner = $11",
				  values, 11, NULL, NULL, error);

	*changed = !result && ledger->database->changed == 1;
	return result;
}

static int add_sources(struct ledger *ledger, const struct ledger_key *key, struct error *error)
{
	struct buffer path = BUFFER_INIT;
	int result = 0;

	for (size_t i = 0; i < key->source_count && !result; i++) {
		const struct ledger_source *source = &key->sources[i];

		buffer_clear(&path);
		buffer_add_string(&path, "");
		ledger_encode_path(&path, source->path ? source->path : "");
		const struct database_value values[] = { KEY_VALUES(key), TEXT(source->kind),
							 TEXT(path.bytes) };

		result = database_run(ledger->database,
				      "INSERT INTO sources (fingerprint, rule, endpoint, kind, path)"
				      " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
				      values, 5, NULL, NULL, error);
	}
	buffer_release(&path);
	return result;
}

static int claim_one(struct ledger *ledger, const struct ledger_key *key, bool resend, struct ledger_status *status,
		     struct error *error)
{
	bool ours = false;
	int result = 0;

	while (!result && !ours) {
		struct held held;
		enum ledger_standing standing;

		ledger_status_release(status);
		result = read_held(ledger, key, &held, error);
		if (result)
			break;
		*status = held.status;
		standing = standing_of(&held);
		status->standing = standing;
		if (standing == LEDGER_THEIRS || (standing == LEDGER_SETTLED && !resend))
			return 0;
		if (held.exists) /* if it was settled in this very moment, look again */
			result = take_over(ledger, key, &held, &ours, error);
		else
			result = insert(ledger, key, "claimed", "", error), ours = true;
	}
	status->standing = LEDGER_OURS;
	return result ? result : add_sources(ledger, key, error);
}

int ledger_claim(struct ledger *ledger, const struct ledger_key *keys, size_t count, bool resend,
		 struct ledger_status *statuses, struct error *error)
{
	int result = claim_begin(ledger, error);

	if (result)
		return ledger_fail(ledger, error);
	for (size_t i = 0; i < count && !result; i++)
		result = claim_one(ledger, &keys[i], resend, &statuses[i], error);
	result = claim_end(ledger, result, error);
	for (size_t i = 0; i < count && result; i++)
		ledger_status_release(&statuses[i]);
	return result;
}

int ledger_add_pending(struct ledger *ledger, const struct ledger_key *keys, size_t count, const char *message,
		       struct error *error)
{
	int result = claim_begin(ledger, error);

	if (result)
		return ledger_fail(ledger, error);
	for (size_t i = 0; i < count && !result; i++) {
		struct held held;

		result = read_held(ledger, &keys[i], &held, error);
		if (!result && !held.exists)
			result = insert(ledger, &keys[i], "pending", message ? message : "", error);
		if (!result && held.status.state == REVOCATION_PENDING)
			result = add_sources(ledger, &keys[i], error);
		ledger_status_release(&held.status);
	}
	return claim_end(ledger, result, error);
}
