/*
 * The sign of life of a run that has claims: its lease is renewed by a thread with a connection of its own, since
 * sending may wait for minutes.
 */
#define _GNU_SOURCE
#include "base/memory.h"
#include "ledger/private.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct heartbeat {
	struct database *database; /* owned; the thread's */
	char run[OWNER_RUN_SIZE];
	int64_t lease_seconds;
	int64_t lease_end; /* CLOCK_BOOTTIME, seconds: it goes on while the machine sleeps */
	atomic_int *lost;
	int lost_value;
	pthread_t thread;
	pthread_mutex_t lock; /* guards ended */
	pthread_cond_t wake;  /* signalled when ended is set */
	bool ended;
};

static int64_t seconds_awake_or_not(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* Wait a second, or until it is over. */
static bool wait_a_second(struct heartbeat *heartbeat)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&heartbeat->lock);
	if (!heartbeat->ended)
		pthread_cond_timedwait(&heartbeat->wake, &heartbeat->lock, &until);
	ended = heartbeat->ended;
	pthread_mutex_unlock(&heartbeat->lock);
	return !ended;
}

static void renew(struct heartbeat *heartbeat)
{
	int64_t began = seconds_awake_or_not();
	const struct database_value values[] = {
		TEXT(heartbeat->run), NUMBER(database_now(heartbeat->database) + heartbeat->lease_seconds)
	};
	struct error ignored;

	if (!database_run(heartbeat->database, "UPDATE runs SET lease_until = $2 WHERE id = $1", values, 2, NULL, NULL,
			  &ignored) &&
	    heartbeat->database->changed == 1)
		heartbeat->lease_end = began + heartbeat->lease_seconds;
}

static void *beat(void *context)
{
	struct heartbeat *heartbeat = context;

	while (wait_a_second(heartbeat)) {
		int64_t left = heartbeat->lease_end - seconds_awake_or_not();
		int expected = 0;

		/* looked at before it is renewed: whoever slept past the end may have lost claims, and renewing brings none back */
		if (left > 0 && left <= heartbeat->lease_seconds * 3 / 4)
			renew(heartbeat);
		if (heartbeat->lease_end - seconds_awake_or_not() <= heartbeat->lease_seconds / 8) {
			atomic_compare_exchange_strong(heartbeat->lost, &expected, heartbeat->lost_value);
			break;
		}
	}
	return NULL;
}

int heartbeat_start(struct heartbeat **started, const struct ledger *ledger, atomic_int *lost, int lost_value,
		    struct error *error)
{
	struct heartbeat *heartbeat = memory_allocate_zeroed(1, sizeof(*heartbeat));
	pthread_condattr_t clock;
	sigset_t all, before;
	int result = ledger_connect(&ledger->location, LEDGER_UPGRADE, &heartbeat->database, error);

	*started = NULL;
	if (result) {
		free(heartbeat);
		return result;
	}
	memcpy(heartbeat->run, ledger->self.run, sizeof(heartbeat->run));
	heartbeat->lease_seconds = ledger->lease_seconds;
	heartbeat->lease_end = seconds_awake_or_not() + 1; /* how long it holds by now is not known: renew it at once */
	heartbeat->lost = lost;
	heartbeat->lost_value = lost_value;
	renew(heartbeat);
	pthread_mutex_init(&heartbeat->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&heartbeat->wake, &clock);
	pthread_condattr_destroy(&clock);
	sigfillset(&all); /* signals are for the thread that sends */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	result = pthread_create(&heartbeat->thread, NULL, beat, heartbeat);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result) {
		database_close(heartbeat->database);
		free(heartbeat);
		return error_set(error, ERROR_IO, "no thread can be started that keeps the claims alive");
	}
	*started = heartbeat;
	return 0;
}

void heartbeat_stop(struct heartbeat *heartbeat)
{
	if (!heartbeat)
		return;
	pthread_mutex_lock(&heartbeat->lock);
	heartbeat->ended = true;
	pthread_cond_signal(&heartbeat->wake);
	pthread_mutex_unlock(&heartbeat->lock);
	pthread_join(heartbeat->thread, NULL);
	pthread_cond_destroy(&heartbeat->wake);
	pthread_mutex_destroy(&heartbeat->lock);
	database_close(heartbeat->database);
	free(heartbeat);
}
