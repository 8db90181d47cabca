/*
 * What came of claims: attempts, what --verify saw, and claims that are given back. A row that another run took over meanwhile is left to that
 * one, but for a final answer.
 */
#define _GNU_SOURCE
#include "base/text.h"
#include "ledger/private.h"
#include "revoke/revoke.h"

/* No answer yet. What is sent again keeps the answer that it had. */
static int note_failure(struct ledger *ledger, const struct ledger_key *key, const struct revocation_attempt *attempt,
			const char *message, struct error *error)
{
	const struct database_value values[] = { KEY_VALUES(key), TEXT(ledger->self.run),
						 NUMBER(database_now(ledger->database)), NUMBER(attempt->http_status),
						 TEXT(message) };

	/* when the claim was lost meanwhile, a failure is the other one's to tell */
	return database_run(ledger->database,
			    "UPDATE claims SET updated = $5, http_status = $6, message = $7"
			    " WHERE " KEY_MATCHES " AND owner = $4 AND " IS_NOT_SETTLED,
			    values, 7, NULL, NULL, error);
}

/* A key that was accepted, or is known as gone, and is sent again, cannot be rejected: that is what many providers say of a dead one. */
static int keep_earlier_answer(struct ledger *ledger, const struct ledger_key *key, bool *kept, struct error *error)
{
	const struct database_value values[] = { KEY_VALUES(key), TEXT(ledger->self.run) };
	int result = database_run(ledger->database,
				  "UPDATE claims SET state = settled WHERE " KEY_MATCHES
				  " AND owner = $4 AND state = 'claimed' AND settled IN ('accepted', 'gone')",
				  values, 4, NULL, NULL, error);

	*kept = !result && ledger->database->changed == 1;
	return result;
}

static int settle(struct ledger *ledger, const struct ledger_key *key, const struct revocation_attempt *attempt,
		  const char *message, struct error *error)
{
	const struct database_value values[] = { KEY_VALUES(key),
						 TEXT(ledger->self.run),
						 TEXT(revocation_state_name(attempt->state)),
						 NUMBER(database_now(ledger->database)),
						 NUMBER(attempt->http_status),
						 TEXT(message) };
	bool kept = false;

	if (attempt->state == REVOCATION_PENDING)
		return note_failure(ledger, key, attempt, message, error);
	if (attempt->state == REVOCATION_REJECTED && keep_earlier_answer(ledger, key, &kept, error))
		return error->code;
	/* what the provider said holds also when the claim was lost meanwhile */
	return kept ? 0 :
		      database_run(ledger->database,
				   "UPDATE claims SET owner = $4, state = $5, updated = $6, http_status = $7, message = $8,"
				   " verified = '' WHERE " KEY_MATCHES " AND (owner = $4 OR state IN ('claimed', 'pending'))",
				   values, 8, NULL, NULL, error);
}

/* One more attempt of all runs together, which gives it its number. */
static int insert_attempt(struct ledger *ledger, const struct ledger_key *key, const struct revocation_attempt *attempt,
			  const char *message, struct error *error)
{
	const struct database_value values[] = { KEY_VALUES(key),
						 TEXT(ledger->self.run),
						 NUMBER(attempt->started),
						 NUMBER(attempt->duration_ms),
						 TEXT(revocation_state_name(attempt->state)),
						 NUMBER(attempt->http_status),
						 TEXT(message) };
	int result = database_run(ledger->database, "UPDATE claims SET attempts = attempts + 1 WHERE " KEY_MATCHES, values, 3,
				  NULL, NULL, error);

	return result ? result :
			database_run(ledger->database,
				     "INSERT INTO attempts (fingerprint, rule, endpoint, run, started, duration_ms, state, http_status,"
				     " message, number) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
				     " (SELECT attempts FROM claims WHERE " KEY_MATCHES "))",
				     values, 9, NULL, NULL, error);
}

int claim_add_attempt(struct ledger *ledger, const struct ledger_key *key, const struct revocation_attempt *attempt,
		      struct error *error)
{
	struct buffer message = BUFFER_INIT;
	int result;

	buffer_add_string(&message, ""); /* so that there is a text in any case */
	text_add_utf8(&message, attempt->message ? attempt->message : "");
	result = insert_attempt(ledger, key, attempt, message.bytes, error);
	if (!result)
		result = settle(ledger, key, attempt, message.bytes, error);
	buffer_release(&message);
	return result;
}

int ledger_add_attempt(struct ledger *ledger, const struct ledger_key *key, const struct revocation_attempt *attempt,
		       struct error *error)
{
	int result;

	if (ledger->keeper)
		return keeper_add_attempt(ledger->keeper, key, attempt, error) ? ledger_fail(ledger, error) : 0;
	result = database_begin(ledger->database, false, error);
	if (!result)
		result = database_end(ledger->database, claim_add_attempt(ledger, key, attempt, error), error);
	return result ? ledger_fail(ledger, error) : 0;
}

int claim_add_verification(struct ledger *ledger, const struct ledger_key *key, enum verification verified,
			   const char *message, struct error *error)
{
	struct buffer text = BUFFER_INIT;
	int result;

	buffer_add_string(&text, ""); /* so that there is a text in any case */
	text_add_utf8(&text, message ? message : "");
	const struct database_value values[] = { KEY_VALUES(key), TEXT(verification_name(verified)), TEXT(ledger->self.run),
						 NUMBER(database_now(ledger->database)), TEXT(text.bytes) };

	/* first the row that is there: it keeps others who do the same from the same number. To learn nothing makes nothing unknown */
	result = database_run(ledger->database,
			      "UPDATE claims SET verified = CASE WHEN $4 = 'unknown' AND verified <> '' THEN verified ELSE $4 END"
			      " WHERE " KEY_MATCHES,
			      values, 4, NULL, NULL, error);
	if (!result)
		result = database_run(ledger->database,
				      "INSERT INTO verifications (fingerprint, rule, endpoint, verified, run, asked, message,"
				      " number, attempt) VALUES ($1, $2, $3, $4, $5, $6, $7,"
				      " (SELECT count(*) + 1 FROM verifications WHERE " KEY_MATCHES "),"
				      " (SELECT attempts FROM claims WHERE " KEY_MATCHES "))",
				      values, 7, NULL, NULL, error);
	buffer_release(&text);
	return result;
}

int ledger_add_verification(struct ledger *ledger, const struct ledger_key *key, enum verification verified,
			    const char *message, struct error *error)
{
	int result;

	if (ledger->keeper)
		return keeper_add_verification(ledger->keeper, key, verified, message, error) ? ledger_fail(ledger, error) : 0;
	result = claim_begin(ledger, error); /* who has claimed nothing has no row yet */
	if (result)
		return ledger_fail(ledger, error);
	return claim_end(ledger, claim_add_verification(ledger, key, verified, message, error), error);
}

int claim_give_back(struct ledger *ledger, const struct ledger_key *key, const char *message, struct error *error)
{
	struct buffer text = BUFFER_INIT;
	int result;

	buffer_add_string(&text, ""); /* so that there is a text in any case */
	text_add_utf8(&text, message ? message : "");
	const struct database_value values[] = { KEY_VALUES(key), TEXT(ledger->self.run),
						 NUMBER(database_now(ledger->database)), TEXT(text.bytes) };

	result = database_run(ledger->database,
			      "UPDATE claims SET updated = CASE WHEN settled = '' THEN $5 ELSE updated END,"
			      " message = CASE WHEN settled = '' THEN $6 ELSE message END,"
			      " state = CASE WHEN settled = '' THEN 'pending' ELSE settled END"
			      " WHERE " KEY_MATCHES " AND owner = $4 AND state = 'claimed'",
			      values, 6, NULL, NULL, error);
	buffer_release(&text);
	return result;
}

int ledger_give_back(struct ledger *ledger, const struct ledger_key *key, const char *message, struct error *error)
{
	int result = ledger->keeper ? keeper_give_back(ledger->keeper, key, message, error) :
				      claim_give_back(ledger, key, message, error);

	return result ? ledger_fail(ledger, error) : 0;
}
