/*
 * The parts of an open ledger. Private to ledger/.
 */
#ifndef STAUNCH_LEDGER_PRIVATE_H
#define STAUNCH_LEDGER_PRIVATE_H

#include "base/buffer.h"
#include "ledger/database.h"
#include "ledger/ledger.h"
#include "ledger/location.h"
#include "ledger/owner.h"

struct keeper;

struct ledger {
	struct location location;
	struct database *database; /* owned */
	struct owner self;
	const char *version;
	bool enrolled; /* this run has its row */
	int64_t lease_seconds;
	struct keeper *keeper; /* owned; NULL: none, what is recorded is written at once */
};

/* Values for statements. */
#define TEXT(value) { .text = (value) }
#define NUMBER(value) { .number = (int64_t)(value) }

/* Put the ledger's name before what is wrong with it. Returns the error's code. */
int ledger_fail(const struct ledger *ledger, struct error *error);

/* The columns of a run that RUN_COLUMNS names, from the first one on. */
#define RUN_COLUMNS "r.id, r.host, r.machine, r.username, r.process, r.process_started, r.lease_until"
#define RUN_COLUMN_COUNT 7
void ledger_read_owner(struct owner *owner, const struct database_column *columns);

/* Open one more connection to the ledger, for another thread. */
int ledger_connect(const struct location *location, enum ledger_mode mode, struct database **database,
		   struct error *error);

/* For tests, which have no minute to lose: another lease than LEDGER_LEASE_SECONDS. Before anything is claimed. */
void ledger_set_lease_seconds(struct ledger *ledger, int64_t seconds);

/* Paths as the databases can hold them: bytes that are no UTF-8, controls and '%' as %XX; and back. */
void ledger_encode_path(struct buffer *buffer, const char *path);
void ledger_decode_path(struct buffer *buffer, const char *text);

/* ---- claim.c ---- */

#define KEY_MATCHES "fingerprint = $1 AND rule = $2 AND endpoint = $3"
/* Of a row of claims: there never was a final answer. */
#define IS_NOT_SETTLED "state IN ('claimed', 'pending') AND settled = ''"
#define KEY_VALUES(key) TEXT((key)->fingerprint), TEXT((key)->rule), TEXT((key)->endpoint)

/* Begin a transaction in which this run has its row, from which the lease of its claims is read: anew, for it may have waited longer than the one before lasted. */
int claim_begin(struct ledger *ledger, struct error *error);
/* End it, undone unless result is 0. Returns result, or why it could not be kept. */
int claim_end(struct ledger *ledger, int result, struct error *error);

/* ---- attempt.c ---- */

/* The statements of ledger_add_attempt() and of the two after it, within a transaction. Errors do not name the ledger yet. */
int claim_add_attempt(struct ledger *ledger, const struct ledger_key *key, const struct revocation_attempt *attempt,
		      struct error *error);
int claim_add_verification(struct ledger *ledger, const struct ledger_key *key, enum verification verified,
			   const char *message, struct error *error);
int claim_give_back(struct ledger *ledger, const struct ledger_key *key, const char *message, struct error *error);

/* ---- keeper.c ---- */

/* As ledger_keep_alive(), and while it lives what ledger_add_attempt(), the two after it and ledger_flush() say. */
int keeper_start(struct keeper **keeper, const struct ledger *ledger, atomic_int *lost, int lost_value,
		 struct error *error);
void keeper_stop(struct keeper *keeper); /* writes what waits; NULL is allowed */
int keeper_add_attempt(struct keeper *keeper, const struct ledger_key *key, const struct revocation_attempt *attempt,
		       struct error *error);
int keeper_add_verification(struct keeper *keeper, const struct ledger_key *key, enum verification verified,
			    const char *message, struct error *error);
int keeper_give_back(struct keeper *keeper, const struct ledger_key *key, const char *message, struct error *error);
int keeper_flush(struct keeper *keeper, struct error *error);

#endif
