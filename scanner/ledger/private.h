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

struct heartbeat;

struct ledger {
	struct location location;
	struct database *database; /* owned */
	struct owner self;
	const char *version;
	bool enrolled; /* this run has its row */
	int64_t lease_seconds;
	struct heartbeat *heartbeat; /* owned; NULL: none */
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

/* ---- heartbeat.c ---- */

int heartbeat_start(struct heartbeat **heartbeat, const struct ledger *ledger, atomic_int *lost, int lost_value,
		    struct error *error);
void heartbeat_stop(struct heartbeat *heartbeat); /* NULL is allowed */

#endif
