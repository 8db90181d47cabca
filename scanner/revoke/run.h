/*
 * One call of revoker_send(): the credentials, the requests that tell of them, and what becomes of each. Private to
 * revoke/.
 *
 * A *parcel* is what one request holds: one credential, or a batch of them, of one rule (or of rules whose requests
 * are alike). It goes through the schedule until every credential in it is settled; a batch that is rejected is
 * split, and its halves are parcels of their own. Asking whether a credential is dead (verify.c) is a parcel too.
 */
#ifndef STAUNCH_REVOKE_RUN_H
#define STAUNCH_REVOKE_RUN_H

#include "revoke/answer.h"
#include "revoke/revoke.h"
#include "revoke/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_outcome;
struct request_template;

/* What "interrupted" and "no time" are called, for credentials that were never sent and for those that were. */
struct reasons {
	const char *unsent, *again, *unverified;
};
extern const struct reasons reasons_stopped, reasons_no_time;

/* A rule's requests, compiled for the revoker's life. */
struct prepared {
	const struct rule *rule;         /* borrowed */
	struct request_template *report; /* owned; NULL: it cannot be used */
	struct error report_error;       /* and why not */
	struct request_template *verify; /* owned; NULL: it is not asked, or cannot be */
	struct error verify_error;       /* why not; code 0: it is not asked */
};

struct revoker {
	struct revoke_options options;
	struct http *http;          /* owned */
	struct prepared **prepared; /* owned, as are they: prepared_count of them */
	size_t prepared_count, prepared_capacity;
	int64_t retry_base_ms;
};

/* A credential. */
struct item {
	struct finding *finding; /* borrowed */
	const struct prepared *prepared; /* borrowed from the revoker */
	bool settled;
};

struct parcel {
	const struct prepared *prepared; /* borrowed from the revoker */
	size_t number;           /* its own, in run.parcels and in the schedule */
	size_t server;           /* its server's, in the schedule */
	size_t *items;           /* owned: indices into run.items, ascending; item_count of them */
	size_t item_count, item_capacity;
	unsigned failures;       /* attempts that failed in a way that may pass, its parents' among them */
	bool verifies;           /* it asks whether its one credential is dead */
	unsigned asked;          /* how often it did */
	int64_t started, started_ms; /* of the attempt under way: seconds since the epoch, and the run's clock */
};

struct run {
	struct revoker *revoker;
	struct item *items; /* owned: count of them */
	size_t count, told; /* the first `told` were handed to events->settled */
	struct parcel **parcels; /* owned, as are they: parcel_count of them */
	size_t parcel_count, parcel_capacity;
	struct schedule schedule;
	int64_t deadline;   /* CLOCK_MONOTONIC, milliseconds, as all times here but parcel.started */
	int64_t stopped_at; /* 0: not stopped */
	const struct revoke_events *events;
};

int64_t run_now_ms(void);

/* How long it may take in all, once it has its parcels: revoker_send() says it in words. */
int64_t run_total_ms(struct run *run);

/* ---- parcel.c ---- */

/* A new, empty parcel for this server ("https://host:port"). Borrowed from the run. */
struct parcel *parcel_new(struct run *run, const struct prepared *prepared, size_t server);
void parcel_add(struct parcel *parcel, size_t item);
void parcel_free(struct parcel *parcel);

/* Send what it holds. */
void parcel_start(struct run *run, struct parcel *parcel, int64_t now);

/* Its request has ended. */
void parcel_ended(struct run *run, struct parcel *parcel, const struct http_outcome *outcome);

/* Nothing more is tried; reasons->again stands behind what the last attempt said. */
void parcel_give_up(struct run *run, struct parcel *parcel, const struct reasons *reasons);

/* ---- item, in revoke.c ---- */

/* The credential has its final state. Those that waited for it to be told of in order are told of now. */
void item_settle(struct run *run, struct item *item, enum revocation_state state);

/* Keep a message with the finding; it is taken over. */
void item_note(struct item *item, char *message);

/* ---- verify.c ---- */

/* A report was accepted, or the credential was gone: settle it, or ask first whether it is dead, where that is wanted. */
void verify_or_settle(struct run *run, size_t item, enum revocation_state state);

void verify_start(struct run *run, struct parcel *parcel, int64_t now);
void verify_ended(struct run *run, struct parcel *parcel, const struct http_outcome *outcome);
void verify_give_up(struct run *run, struct parcel *parcel, const char *why);

#endif
