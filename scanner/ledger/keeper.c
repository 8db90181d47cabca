/*
 * The thread of a run that sends: it records what comes of each request, and keeps the run's claims alive, with a
 * connection of its own.
 *
 * Answers come many at a time, and each transaction waits for the disk: the thread writes all that has come in since the
 * last one in one transaction, while the next requests are under way. At most KEEPER_WAITING_MAX results wait for it;
 * whoever has one more waits too, so that a crash loses no more than those.
 */
#define _GNU_SOURCE
#include "base/memory.h"
#include "ledger/private.h"
#include "revoke/revoke.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEEPER_WAITING_MAX 16

/* An attempt, what --verify saw, or a claim that is given back. */
struct note {
	enum { NOTE_ATTEMPT, NOTE_VERIFICATION, NOTE_GIVE_BACK } kind;
	const struct ledger_key *key; /* borrowed */
	struct revocation_attempt attempt;
	enum verification verified;
	char *message; /* owned; NULL: none */
};

struct keeper {
	struct ledger ledger; /* the run's, with the thread's own connection, which is owned */
	int64_t lease_end;    /* CLOCK_BOOTTIME, seconds: it goes on while the machine sleeps. The thread's */
	atomic_int *lost;
	int lost_value;
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t wake;  /* signalled when there is something to do */
	pthread_cond_t done;  /* signalled when something was done */
	struct note notes[KEEPER_WAITING_MAX];
	size_t count; /* of notes: the first `writing` are being written */
	size_t writing;
	bool ended, failed;
	struct error error; /* why it failed */
};

static int64_t seconds_awake_or_not(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* ---- the thread ---- */

static void renew(struct keeper *keeper)
{
	int64_t began = seconds_awake_or_not();
	const struct database_value values[] = {
		TEXT(keeper->ledger.self.run),
		NUMBER(database_now(keeper->ledger.database) + keeper->ledger.lease_seconds)
	};
	struct error ignored;

	if (!database_run(keeper->ledger.database, "UPDATE runs SET lease_until = $2 WHERE id = $1", values, 2, NULL, NULL,
			  &ignored) &&
	    keeper->ledger.database->changed == 1)
		keeper->lease_end = began + keeper->ledger.lease_seconds;
}

/* Renew the lease when it is time. Returns false when it could not be, and is nearly over. */
static bool stay_alive(struct keeper *keeper)
{
	int64_t lease = keeper->ledger.lease_seconds, left = keeper->lease_end - seconds_awake_or_not();

	/* looked at before it is renewed: whoever slept past the end may have lost claims, and renewing brings none back */
	if (left > 0 && left <= lease * 3 / 4)
		renew(keeper);
	return keeper->lease_end - seconds_awake_or_not() > lease / 8;
}

/* Sending must stop. */
static void give_alarm(struct keeper *keeper)
{
	int running = 0;

	atomic_compare_exchange_strong(keeper->lost, &running, keeper->lost_value);
}

static int write_note(struct ledger *ledger, const struct note *note, struct error *error)
{
	switch (note->kind) {
	case NOTE_ATTEMPT:
		return claim_add_attempt(ledger, note->key, &note->attempt, error);
	case NOTE_VERIFICATION:
		return claim_add_verification(ledger, note->key, note->verified, note->message, error);
	case NOTE_GIVE_BACK:
		break;
	}
	return claim_give_back(ledger, note->key, note->message, error);
}

static int write_notes(struct ledger *ledger, const struct note *notes, size_t count, struct error *error)
{
	int result = database_begin(ledger->database, false, error);

	if (result)
		return result;
	for (size_t i = 0; i < count && !result; i++)
		result = write_note(ledger, &notes[i], error);
	return database_end(ledger->database, result, error);
}

/* Write what waits; the lock is held, but not meanwhile. After a failure what comes is dropped: nobody may believe it is kept. */
static void write_waiting(struct keeper *keeper)
{
	struct error error;
	bool failed = keeper->failed;

	keeper->writing = keeper->count;
	pthread_mutex_unlock(&keeper->lock);
	failed = failed || write_notes(&keeper->ledger, keeper->notes, keeper->writing, &error);
	pthread_mutex_lock(&keeper->lock);
	if (failed && !keeper->failed) {
		keeper->failed = true;
		keeper->error = error;
		give_alarm(keeper);
	}
	for (size_t i = 0; i < keeper->writing; i++)
		free(keeper->notes[i].message);
	keeper->count -= keeper->writing;
	memmove(keeper->notes, keeper->notes + keeper->writing, keeper->count * sizeof(*keeper->notes));
	keeper->writing = 0;
	pthread_cond_broadcast(&keeper->done);
}

/* Wait for something to do, at most a second; the lock is held. */
static void wait_for_work(struct keeper *keeper)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	if (!keeper->count && !keeper->ended)
		pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
}

static void *keep(void *context)
{
	struct keeper *keeper = context;
	bool living = true;

	pthread_mutex_lock(&keeper->lock);
	while (!keeper->ended || keeper->count) {
		wait_for_work(keeper);
		if (keeper->count)
			write_waiting(keeper);
		pthread_mutex_unlock(&keeper->lock);
		if (living && !stay_alive(keeper)) {
			give_alarm(keeper);
			living = false; /* others may have taken the claims; what has been sent is still recorded */
		}
		pthread_mutex_lock(&keeper->lock);
	}
	pthread_mutex_unlock(&keeper->lock);
	return NULL;
}

/* ---- the run's side ---- */

/* Leave a note to be written. Returns 0, or why none is written any more. */
static int leave_note(struct keeper *keeper, const struct note *note, const char *message, struct error *error)
{
	int result = 0;

	pthread_mutex_lock(&keeper->lock);
	while (keeper->count == KEEPER_WAITING_MAX)
		pthread_cond_wait(&keeper->done, &keeper->lock);
	if (keeper->failed) {
		*error = keeper->error;
		result = error->code;
	} else {
		struct note *kept = &keeper->notes[keeper->count++];

		*kept = *note;
		kept->message = memory_copy_string(message);
		kept->attempt.message = kept->message;
		pthread_cond_signal(&keeper->wake);
	}
	pthread_mutex_unlock(&keeper->lock);
	return result;
}

int keeper_add_attempt(struct keeper *keeper, const struct ledger_key *key, const struct revocation_attempt *attempt,
		       struct error *error)
{
	const struct note note = { .kind = NOTE_ATTEMPT, .key = key, .attempt = *attempt };

	return leave_note(keeper, &note, attempt->message, error);
}

int keeper_add_verification(struct keeper *keeper, const struct ledger_key *key, enum verification verified,
			    const char *message, struct error *error)
{
	const struct note note = { .kind = NOTE_VERIFICATION, .key = key, .verified = verified };

	return leave_note(keeper, &note, message, error);
}

int keeper_give_back(struct keeper *keeper, const struct ledger_key *key, const char *message, struct error *error)
{
	const struct note note = { .kind = NOTE_GIVE_BACK, .key = key };

	return leave_note(keeper, &note, message, error);
}

int keeper_flush(struct keeper *keeper, struct error *error)
{
	int result = 0;

	pthread_mutex_lock(&keeper->lock);
	while (keeper->count)
		pthread_cond_wait(&keeper->done, &keeper->lock);
	if (keeper->failed) {
		*error = keeper->error;
		result = error->code;
	}
	pthread_mutex_unlock(&keeper->lock);
	return result;
}

static void init_locks(struct keeper *keeper)
{
	pthread_condattr_t clock;

	pthread_mutex_init(&keeper->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&keeper->wake, &clock);
	pthread_cond_init(&keeper->done, NULL);
	pthread_condattr_destroy(&clock);
}

static void release(struct keeper *keeper)
{
	pthread_cond_destroy(&keeper->done);
	pthread_cond_destroy(&keeper->wake);
	pthread_mutex_destroy(&keeper->lock);
	database_close(keeper->ledger.database);
	free(keeper);
}

int keeper_start(struct keeper **started, const struct ledger *ledger, atomic_int *lost, int lost_value,
		 struct error *error)
{
	struct keeper *keeper = memory_allocate_zeroed(1, sizeof(*keeper));
	sigset_t all, before;
	int result;

	*started = NULL;
	init_locks(keeper);
	keeper->ledger = *ledger;
	keeper->ledger.database = NULL;
	keeper->ledger.keeper = NULL;
	keeper->lost = lost;
	keeper->lost_value = lost_value;
	result = ledger_connect(&ledger->location, LEDGER_UPGRADE, &keeper->ledger.database, error);
	if (result) {
		release(keeper);
		return result;
	}
	keeper->lease_end = seconds_awake_or_not() + 1; /* how long it holds by now is not known: it is renewed at once */
	renew(keeper);
	sigfillset(&all); /* signals are for the thread that sends */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	result = pthread_create(&keeper->thread, NULL, keep, keeper);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result) {
		release(keeper);
		return error_set(error, ERROR_IO, "no thread can be started that keeps the claims alive");
	}
	*started = keeper;
	return 0;
}

void keeper_stop(struct keeper *keeper)
{
	if (!keeper)
		return;
	pthread_mutex_lock(&keeper->lock);
	keeper->ended = true;
	pthread_cond_signal(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	release(keeper);
}
