/*
 * The ledger: what was found and sent, by whom, and what came of it. It decides who sends a credential: whoever has
 * claimed it, and nobody else until that run has settled it or died. README.md says how.
 *
 * A SQLite file or a PostgreSQL database is behind it, whose library is loaded by ledger_open(): a run that finds
 * nothing does not pay for it. It never holds a credential, only fingerprints and shortened forms. One struct ledger is
 * used by one thread.
 *
 * Errors name the ledger (never a password of its URI) and say what is wrong with it. After an error, what the call
 * was to write is not written.
 */
#ifndef STAUNCH_LEDGER_LEDGER_H
#define STAUNCH_LEDGER_LEDGER_H

#include "base/buffer.h"
#include "base/error.h"
#include "finding.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;
struct revocation_attempt;

enum ledger_mode {
	LEDGER_READ,    /* nothing is written, not even to bring an older one up to date */
	LEDGER_UPGRADE, /* one that exists, brought up to date */
	LEDGER_CREATE,  /* made when there is none */
};

/* Check an option's value before anything is scanned. Returns 0 or ERROR_CONFIGURATION. */
int ledger_check_uri(const char *uri, struct error *error);

/*
 * Open the ledger at uri, a path, a file: URI or a postgresql:// URI; NULL: the default, $XDG_STATE_HOME/staunch/ledger.db.
 * A new file and the default's folder are for their owner alone. version is the program's, borrowed for the ledger's life.
 *
 * Returns 0 or: ERROR_NOT_FOUND, there is none (not with LEDGER_CREATE); ERROR_CONFIGURATION, it is of an older version
 * (with LEDGER_READ) or uri cannot be understood; ERROR_UNSUPPORTED, it is of a newer version, or its library is
 * missing; another for one that cannot be used.
 */
int ledger_open(struct ledger **ledger, const char *uri, enum ledger_mode mode, const char *version,
		struct error *error);

/* Close it. What this run has claimed and not settled is free for others. NULL is allowed. */
void ledger_close(struct ledger *ledger);

/* How the ledger is shown: its path, or its URI without user and password. Borrowed. */
const char *ledger_name(const struct ledger *ledger);

/* ---- claims ---- */

/* Where to look again for a credential. path is absolute; NULL for what came from standard input. */
struct ledger_source {
	const char *kind; /* "git", "file" or "stdin" */
	const char *path; /* bytes, not necessarily UTF-8 */
};

/* A credential as the ledger knows it. Everything is borrowed. */
struct ledger_key {
	const char *fingerprint, *rule, *endpoint; /* on which claims are unique */
	const char *provider, *secret /* shortened */, *confidence;
	const char *places; /* JSON, as in the report */
	uint64_t places_total;
	const struct ledger_source *sources; /* source_count of them */
	size_t source_count;
};

enum ledger_standing {
	LEDGER_FREE = 0, /* nobody is at it: never found before, or pending */
	LEDGER_OURS,     /* claimed by this run */
	LEDGER_THEIRS,   /* claimed by another one, which lives */
	LEDGER_SETTLED,  /* accepted, gone or rejected */
};

struct ledger_status {
	enum ledger_standing standing;
	enum revocation_state state; /* of what is settled; otherwise PENDING */
	int64_t at;                  /* when it was settled, or last changed */
	unsigned http_status;
	unsigned attempts;
	enum verification verified; /* what was seen last after that; UNKNOWN: nothing, each time; NONE: nobody asked */
	char *message; /* owned; NULL: nothing to say */
	char *owner;   /* owned; LEDGER_THEIRS: "process 12 of ann on buildhost" */
};
void ledger_status_release(struct ledger_status *status);

/* How things stand with each of keys (count of them); nothing is written. statuses are the caller's, as many and empty. */
int ledger_look_up(struct ledger *ledger, const struct ledger_key *keys, size_t count, struct ledger_status *statuses,
		   struct error *error);

/*
 * Claim each of keys that is free, or with resend also those that are settled, all in one transaction: then this run
 * alone sends those that are OURS in statuses, and must settle or give back each. On an error none is claimed.
 */
int ledger_claim(struct ledger *ledger, const struct ledger_key *keys, size_t count, bool resend,
		 struct ledger_status *statuses, struct error *error);

/*
 * Record an attempt to send a claimed credential. One that settled it (accepted, gone, rejected) settles the claim; but what was
 * accepted or gone before, and is sent again, does not become rejected. key is borrowed until ledger_flush(), here, in
 * ledger_give_back() and in ledger_add_verification().
 *
 * It is on the disk when this function returns; or, while ledger_keep_alive() is in force, soon after: a thread writes what
 * comes in together. An error may then be that of an earlier call, and *lost has been changed.
 */
int ledger_add_attempt(struct ledger *ledger, const struct ledger_key *key, const struct revocation_attempt *attempt,
		       struct error *error);

/* Record whether a credential is dead, as its provider said. That needs no claim. message (NULL: none) is why it is not known. */
int ledger_add_verification(struct ledger *ledger, const struct ledger_key *key, enum verification verified,
			    const char *message, struct error *error);

/*
 * Give up a claim: it is pending, for the next run, or what it was before it was claimed to be sent again. message (NULL: none)
 * says why.
 */
int ledger_give_back(struct ledger *ledger, const struct ledger_key *key, const char *message, struct error *error);

/* Wait until all that was recorded is on the disk. Returns 0, or why some of it is not. */
int ledger_flush(struct ledger *ledger, struct error *error);

/* Record as pending what was found and not sent, unless it is claimed or settled; claims nothing. */
int ledger_add_pending(struct ledger *ledger, const struct ledger_key *keys, size_t count, const char *message,
		       struct error *error);

/*
 * Keep this run's claims alive from now on: a thread renews its lease. When that fails until the lease is nearly over,
 * or the machine slept past it, *lost is changed from 0 to lost_value: then others may claim what this run has, and it
 * must stop sending; likewise when something cannot be recorded. ledger_close() or a second call with NULL ends it.
 */
int ledger_keep_alive(struct ledger *ledger, atomic_int *lost, int lost_value, struct error *error);

/* How long a claim holds without a sign of life, in seconds. It is renewed four times in that time. */
#define LEDGER_LEASE_SECONDS 60

/* ---- reading ---- */

/* What to list; NULL and 0 are no limit. */
struct ledger_filter {
	const char *state; /* "claimed", "pending", "accepted", "gone" or "rejected" */
	const char *rule;
	const char *repository; /* an absolute path: found in it, or in a file below it */
	int64_t since;          /* changed at this time or later */
};

/* An attempt, and the run that made it. */
struct ledger_attempt {
	unsigned number; /* from 1 */
	int64_t started, duration_ms;
	const char *state, *message;
	unsigned http_status;
	const char *run, *host, *user, *version;
};

/* One time that a provider was asked whether the credential is dead, and the run that did. */
struct ledger_verification {
	unsigned attempt; /* the number of the last one before */
	int64_t asked;
	const char *verified, *message;
	const char *run, *host, *user, *version;
};

/*
 * One credential and endpoint, with all that is known. A claim whose run has died shows as what it is then: pending, or what it
 * was before it was to be sent again.
 * Strings are "" where nothing is known.
 */
struct ledger_record {
	struct ledger_key key;
	const char *state, *message;
	const char *verified; /* what was seen last after it was settled: "dead", "alive", "unknown" */
	int64_t found, updated;
	unsigned http_status;
	const char *run, *host, *user, *version; /* of the run that claimed or found it last */
	const struct ledger_attempt *attempts;   /* attempt_count of them, oldest first */
	size_t attempt_count;
	const struct ledger_verification *verifications; /* verification_count of them, oldest first */
	size_t verification_count;
};

/* Called for each record, which is borrowed until it returns. A negative value ends the list. */
typedef int ledger_visit(void *context, const struct ledger_record *record);

/* Visit all that match, the first found first. Returns 0, what visit returned, or another negative code. */
int ledger_list(struct ledger *ledger, const struct ledger_filter *filter, ledger_visit *visit, void *context,
		struct error *error);

/* Lines for --version --verbose: the libraries that this room uses (base/library.h); both databases' are loaded for it. */
void ledger_add_libraries(struct buffer *lines);

#endif
