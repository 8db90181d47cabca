/* Claims: who sends what, over SQLite and PostgreSQL alike. */
#define _GNU_SOURCE
#include "ledger_fixture.h"

#include <signal.h>
#include <sys/wait.h>

static void claimed_by_one(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key key = fixture_key_of(0);
	struct ledger_status status;
	char *owner = memory_format("process %d of ", getpid());

	assert_standing(one, &key, LEDGER_FREE, REVOCATION_PENDING);
	assert_claim(one, &key, LEDGER_OURS);
	status = fixture_claim(other, &key, true); /* not even with --resend */
	assert_int_equal(status.standing, LEDGER_THEIRS);
	assert_memory_equal(status.owner, owner, strlen(owner));
	ledger_status_release(&status);
	assert_standing(other, &key, LEDGER_THEIRS, REVOCATION_PENDING);
	assert_claim(one, &key, LEDGER_OURS); /* asked twice, it still is */
	ledger_close(other);
	ledger_close(one);
	free(owner);
}

/* Whatever settled it, the next run knows all of it, and does not get it. */
static void settled_for_good(void **state)
{
	static const struct {
		enum revocation_state state;
		unsigned http_status;
		const char *message;
	} outcomes[] = { { REVOCATION_ACCEPTED, 202, NULL },
			 { REVOCATION_GONE, 404, NULL },
			 { REVOCATION_REJECTED, 403, "HTTP 403 forbidden: \xe2\x80\xa6no" } };
	const struct fixture *fixture = fixture_of(state);

	for (unsigned i = 0; i < 3; i++) {
		struct ledger *ledger = fixture_open(fixture);
		const struct ledger_key key = fixture_key_of(i);
		struct ledger_status status;

		assert_claim(ledger, &key, LEDGER_OURS);
		fixture_attempt(ledger, &key, 1, REVOCATION_PENDING, 503, "HTTP 503");
		fixture_attempt(ledger, &key, 2, outcomes[i].state, outcomes[i].http_status, outcomes[i].message);
		ledger_close(ledger);
		ledger = fixture_open(fixture);
		status = fixture_claim(ledger, &key, false);
		assert_int_equal(status.standing, LEDGER_SETTLED);
		assert_int_equal(status.state, outcomes[i].state);
		assert_int_equal(status.http_status, outcomes[i].http_status);
		assert_int_equal(status.attempts, 2);
		assert_in_range(status.at, time(NULL) - 30, time(NULL) + 1);
		if (outcomes[i].message)
			assert_string_equal(status.message, outcomes[i].message);
		else
			assert_null(status.message);
		ledger_status_release(&status);
		assert_standing(ledger, &key, LEDGER_SETTLED, outcomes[i].state);
		ledger_close(ledger);
	}
}

static void given_back(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key key = fixture_key_of(0);
	struct ledger_status status = { 0 };
	struct error error = { 0 };

	assert_claim(one, &key, LEDGER_OURS);
	fixture_attempt(one, &key, 1, REVOCATION_PENDING, 0, "no answer: caf\xe9"); /* no UTF-8 */
	assert_int_equal(ledger_give_back(one, &key, "no answer: caf\xe9; too late", &error), 0);
	assert_int_equal(ledger_look_up(other, &key, 1, &status, &error), 0);
	assert_int_equal(status.standing, LEDGER_FREE);
	assert_string_equal(status.message, "no answer: caf\xef\xbf\xbd; too late");
	ledger_status_release(&status);
	assert_claim(other, &key, LEDGER_OURS);
	/* what is another's is not given back */
	assert_int_equal(ledger_give_back(one, &key, NULL, &error), 0);
	assert_standing(one, &key, LEDGER_THEIRS, REVOCATION_PENDING);
	ledger_close(other);
	ledger_close(one);
}

static void unique_on_fingerprint_rule_and_endpoint(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	struct ledger_key keys[4] = { fixture_key_of(0), fixture_key_of(1), fixture_key_of(0), fixture_key_of(0) };

	keys[2].rule = "other-key";
	keys[3].endpoint = "https://example.test/other";
	assert_claim(one, &keys[0], LEDGER_OURS);
	fixture_attempt(one, &keys[0], 1, REVOCATION_ACCEPTED, 200, NULL);
	assert_claim(other, &keys[0], LEDGER_SETTLED);
	for (unsigned i = 1; i < 4; i++)
		assert_claim(other, &keys[i], LEDGER_OURS);
	ledger_close(other);
	ledger_close(one);
}

static void resent_when_asked(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key key = fixture_key_of(0);
	struct ledger_status status;

	assert_claim(one, &key, LEDGER_OURS);
	fixture_attempt(one, &key, 1, REVOCATION_ACCEPTED, 200, NULL);
	status = fixture_claim(other, &key, true);
	assert_int_equal(status.standing, LEDGER_OURS);
	ledger_status_release(&status);
	fixture_attempt(other, &key, 1, REVOCATION_GONE, 410, NULL);
	assert_standing(one, &key, LEDGER_SETTLED, REVOCATION_GONE);
	ledger_close(other);
	ledger_close(one);
}

/* What was accepted stays so when it is sent again in vain: the provider is away, says no, or the run dies. */
static void a_failed_resend_changes_nothing(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture);
	const struct ledger_key key = fixture_key_of(0);
	struct ledger_status status = { 0 };
	struct error error = { 0 };

	assert_claim(one, &key, LEDGER_OURS);
	fixture_attempt(one, &key, 1, REVOCATION_ACCEPTED, 200, NULL);
	fixture_run(one, "UPDATE claims SET updated = 1762077600");
	for (unsigned way = 0; way < 3; way++) {
		struct ledger *again = fixture_open(fixture);

		status = fixture_claim(again, &key, true);
		assert_int_equal(status.standing, LEDGER_OURS);
		ledger_status_release(&status);
		assert_standing(one, &key, LEDGER_THEIRS, REVOCATION_PENDING);
		fixture_attempt(again, &key, 2, way == 1 ? REVOCATION_REJECTED : REVOCATION_PENDING, way == 1 ? 401 : 503, "no");
		if (way == 0)
			assert_int_equal(ledger_give_back(again, &key, "no; no time is left", &error), 0);
		if (way == 2)
			fixture_run(one, "UPDATE runs SET lease_until = 0"); /* as if it had died */
		assert_int_equal(ledger_look_up(one, &key, 1, &status, &error), 0);
		assert_int_equal(status.standing, LEDGER_SETTLED);
		assert_int_equal(status.state, REVOCATION_ACCEPTED);
		assert_int_equal(status.http_status, 200);
		assert_int_equal(status.at, 1762077600);
		assert_int_equal(status.attempts, way + 2);
		assert_null(status.message);
		ledger_status_release(&status);
		assert_claim(one, &key, LEDGER_SETTLED);
		ledger_close(again);
	}
	/* another good answer counts */
	status = fixture_claim(one, &key, true);
	ledger_status_release(&status);
	fixture_attempt(one, &key, 5, REVOCATION_GONE, 404, NULL);
	assert_standing(one, &key, LEDGER_SETTLED, REVOCATION_GONE);
	ledger_close(one);
}

static void assert_verified(struct ledger *ledger, const struct ledger_key *key, enum verification verified)
{
	struct ledger_status status = { 0 };
	struct error error = { 0 };

	assert_int_equal(ledger_look_up(ledger, key, 1, &status, &error), 0);
	assert_int_equal(status.verified, verified);
	ledger_status_release(&status);
}

/* Whoever asks may say what was seen, without a claim; the last one counts, until there is another report. */
static void what_was_seen_is_kept(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key key = fixture_key_of(0);
	struct ledger_status status;
	struct error error = { 0 };
	atomic_int lost = 0;

	assert_claim(one, &key, LEDGER_OURS);
	assert_int_equal(ledger_keep_alive(one, &lost, 2, &error), 0); /* by the thread */
	fixture_attempt(one, &key, 1, REVOCATION_ACCEPTED, 200, NULL);
	assert_int_equal(ledger_add_verification(one, &key, VERIFICATION_UNKNOWN, "HTTP 503", &error), 0);
	assert_int_equal(ledger_flush(one, &error), 0);
	assert_verified(other, &key, VERIFICATION_UNKNOWN);
	assert_int_equal(ledger_add_verification(other, &key, VERIFICATION_ALIVE, NULL, &error), 0);
	assert_int_equal(ledger_add_verification(one, &key, VERIFICATION_UNKNOWN, "HTTP 503", &error), 0);
	assert_int_equal(ledger_flush(one, &error), 0);
	assert_verified(one, &key, VERIFICATION_ALIVE); /* as far as anybody knows */
	status = fixture_claim(other, &key, true);
	ledger_status_release(&status);
	fixture_attempt(other, &key, 2, REVOCATION_PENDING, 503, "HTTP 503");
	assert_verified(one, &key, VERIFICATION_ALIVE);
	fixture_attempt(other, &key, 3, REVOCATION_ACCEPTED, 200, NULL);
	assert_verified(one, &key, VERIFICATION_NONE);
	assert_int_equal(lost, 0);
	ledger_close(other);
	ledger_close(one);
}

/* ---- owners that die ---- */

/* A process that claims the key and dies without a word; not waited for yet. */
static pid_t claim_and_die(const struct fixture *fixture, const struct ledger_key *key)
{
	pid_t child = fork();

	if (child == 0) {
		struct ledger *ledger;
		struct ledger_status status = { 0 };
		struct error error;

		if (ledger_open(&ledger, fixture->uri, LEDGER_CREATE, "9.9.9", &error) ||
		    ledger_claim(ledger, key, 1, false, &status, &error) || status.standing != LEDGER_OURS)
			_exit(1);
		raise(SIGKILL);
	}
	return child;
}

static void taken_over_from_the_dead(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	const struct ledger_key key = fixture_key_of(0);
	pid_t child = claim_and_die(fixture, &key);
	siginfo_t ended;
	struct ledger *ledger;
	int status;

	/* dead, but not waited for: its number is not free yet */
	assert_int_equal(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT), 0);
	ledger = fixture_open(fixture);
	assert_standing(ledger, &key, LEDGER_FREE, REVOCATION_PENDING);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_standing(ledger, &key, LEDGER_FREE, REVOCATION_PENDING);
	assert_claim(ledger, &key, LEDGER_OURS);
	ledger_close(ledger);
}

static void a_number_used_again_is_another_process(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key key = fixture_key_of(0);

	assert_claim(one, &key, LEDGER_OURS);
	assert_standing(other, &key, LEDGER_THEIRS, REVOCATION_PENDING);
	/* as if a process of this number had begun at another time */
	fixture_run(other, "UPDATE runs SET process_started = process_started - 1");
	assert_claim(other, &key, LEDGER_OURS);
	ledger_close(other);
	ledger_close(one);
}

static void on_another_machine_the_lease_decides(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key key = fixture_key_of(0);

	assert_claim(one, &key, LEDGER_OURS);
	/* no process here has this number, which says nothing about a process there */
	fixture_run(other, "UPDATE runs SET machine = 'elsewhere', process = 4194305");
	assert_claim(other, &key, LEDGER_THEIRS);
	fixture_run(other, "UPDATE runs SET lease_until = lease_until - 61");
	assert_claim(other, &key, LEDGER_OURS);
	ledger_close(other);
	ledger_close(one);
}

/* Also of a run that has waited for others longer than its last one lasted. */
static void each_claim_has_a_whole_lease(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key keys[2] = { fixture_key_of(0), fixture_key_of(1) };

	assert_claim(one, &keys[0], LEDGER_OURS);
	fixture_run(other, "UPDATE runs SET lease_until = 0");
	assert_claim(one, &keys[1], LEDGER_OURS);
	assert_claim(other, &keys[1], LEDGER_THEIRS);
	ledger_close(other);
	ledger_close(one);
}

static void a_closed_ledger_holds_nothing(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key key = fixture_key_of(0);

	assert_claim(one, &key, LEDGER_OURS);
	ledger_close(one);
	assert_claim(other, &key, LEDGER_OURS);
	ledger_close(other);
}

/* A write that fails leaves nothing behind, not even a lock. */
static void a_failed_write_is_undone(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key keys[2] = { fixture_key_of(0), fixture_key_of(1) };
	const struct revocation_attempt attempt = { .state = REVOCATION_ACCEPTED, .http_status = 200 };
	struct ledger_status status = { 0 };
	struct error error = { 0 };

	assert_claim(one, &keys[0], LEDGER_OURS);
	fixture_run(other, "ALTER TABLE attempts RENAME TO away");
	assert_true(ledger_add_attempt(one, &keys[0], &attempt, &error) < 0);
	assert_non_null(strstr(error.message, "attempts"));
	assert_claim(other, &keys[1], LEDGER_OURS);
	fixture_run(other, "ALTER TABLE away RENAME TO attempts");
	assert_int_equal(ledger_look_up(other, &keys[0], 1, &status, &error), 0);
	assert_int_equal(status.standing, LEDGER_THEIRS);
	assert_int_equal(status.attempts, 0);
	ledger_status_release(&status);
	assert_int_equal(ledger_add_attempt(one, &keys[0], &attempt, &error), 0);
	assert_standing(other, &keys[0], LEDGER_SETTLED, REVOCATION_ACCEPTED);
	ledger_close(other);
	ledger_close(one);
}

/* While claims are kept alive, a thread records: in order, all of it, and what fails is said from then on. */
static void recorded_by_a_thread(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct revocation_attempt attempt = { .state = REVOCATION_ACCEPTED, .http_status = 200 };
	struct ledger_key keys[200];
	struct error error = { 0 };
	atomic_int lost = 0;

	for (unsigned i = 0; i < 200; i++) {
		keys[i] = fixture_key_of(i);
		assert_claim(one, &keys[i], LEDGER_OURS);
	}
	assert_int_equal(ledger_keep_alive(one, &lost, 2, &error), 0);
	for (unsigned i = 0; i < 99; i++) {
		fixture_attempt(one, &keys[i], 1, REVOCATION_PENDING, 503, "HTTP 503");
		fixture_attempt(one, &keys[i], 2, REVOCATION_ACCEPTED, 200, NULL);
	}
	assert_int_equal(ledger_give_back(one, &keys[99], "later", &error), 0);
	assert_int_equal(ledger_flush(one, &error), 0);
	for (unsigned i = 0; i < 99; i++)
		assert_standing(other, &keys[i], LEDGER_SETTLED, REVOCATION_ACCEPTED);
	assert_standing(other, &keys[99], LEDGER_FREE, REVOCATION_PENDING);
	assert_int_equal(lost, 0);
	fixture_run(other, "DROP TABLE attempts");
	ledger_add_attempt(one, &keys[100], &attempt, &error);
	assert_true(ledger_flush(one, &error) < 0);
	assert_non_null(strstr(error.message, "cannot be used"));
	assert_int_equal(lost, 2);
	assert_true(ledger_add_attempt(one, &keys[101], &attempt, &error) < 0);
	ledger_close(one);
	assert_standing(other, &keys[100], LEDGER_FREE, REVOCATION_PENDING);
	ledger_close(other);
}

/* Whoever lost a claim may still say what the provider said, but not undo what another run settled. */
static void a_late_answer(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *late = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key keys[2] = { fixture_key_of(0), fixture_key_of(1) };

	for (unsigned i = 0; i < 2; i++)
		assert_claim(late, &keys[i], LEDGER_OURS);
	fixture_run(other, "UPDATE runs SET lease_until = 1");
	for (unsigned i = 0; i < 2; i++)
		assert_claim(other, &keys[i], LEDGER_OURS);
	fixture_attempt(late, &keys[0], 1, REVOCATION_PENDING, 503, "HTTP 503");
	assert_standing(late, &keys[0], LEDGER_THEIRS, REVOCATION_PENDING);
	fixture_attempt(other, &keys[0], 1, REVOCATION_ACCEPTED, 200, NULL);
	fixture_attempt(late, &keys[0], 2, REVOCATION_REJECTED, 400, "HTTP 400");
	assert_standing(other, &keys[0], LEDGER_SETTLED, REVOCATION_ACCEPTED);
	fixture_attempt(late, &keys[1], 1, REVOCATION_ACCEPTED, 200, NULL);
	assert_standing(other, &keys[1], LEDGER_SETTLED, REVOCATION_ACCEPTED);
	ledger_close(other);
	ledger_close(late);
}

static void sleep_ms(long milliseconds)
{
	const struct timespec pause = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

static void kept_alive(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	struct ledger *one = fixture_open(fixture), *other = fixture_open(fixture);
	const struct ledger_key key = fixture_key_of(0);
	struct error error = { 0 };
	atomic_int lost = 0;

	ledger_set_lease_seconds(one, 3);
	assert_claim(one, &key, LEDGER_OURS);
	fixture_run(other, "UPDATE runs SET machine = 'elsewhere'");
	assert_int_equal(ledger_keep_alive(one, &lost, 2, &error), 0);
	for (unsigned i = 0; i < 9; i++) {
		assert_standing(other, &key, LEDGER_THEIRS, REVOCATION_PENDING);
		sleep_ms(500);
	}
	assert_int_equal(lost, 0);
	/* from here on it cannot be renewed: it is said before the lease is over */
	fixture_run(other, "DELETE FROM runs");
	for (unsigned i = 0; i < 50 && !lost; i++)
		sleep_ms(100);
	assert_int_equal(lost, 2);
	ledger_close(other);
	ledger_close(one);
}

/* ---- many at once ---- */

#define PROCESSES 8
#define KEYS 500

/* Claim all keys, in an order of its own, write an "x" for each that is ours and an "e" at the end, and live until `until` ends. */
static void claim_all(const struct fixture *fixture, unsigned turn, int to, int until)
{
	struct ledger_key keys[KEYS];
	struct ledger_status statuses[KEYS] = { 0 };
	struct ledger *ledger;
	struct error error = { 0 };
	char byte;

	for (unsigned i = 0; i < KEYS; i++)
		keys[i] = fixture_key_of(turn % 2 ? i : KEYS - 1 - i);
	if (ledger_open(&ledger, fixture->uri, LEDGER_CREATE, "9.9.9", &error) ||
	    ledger_claim(ledger, keys, KEYS, false, statuses, &error)) {
		fprintf(stderr, "%s\n", error.message);
		_exit(write(to, "e", 1) == 1 ? 1 : 2); /* nobody may wait for it */
	}
	for (unsigned i = 0; i < KEYS; i++) {
		if (statuses[i].standing == LEDGER_OURS && write(to, "x", 1) != 1)
			_exit(1);
		ledger_status_release(&statuses[i]);
	}
	if (write(to, "e", 1) != 1 || read(until, &byte, 1) != 0)
		_exit(1);
	ledger_close(ledger);
	_exit(0);
}

/* The ledger does not exist when they begin, so they make it at once too. */
static void many_processes_share_them(void **state)
{
	const struct fixture *fixture = fixture_of(state);
	size_t ours = 0, ended = 0;
	int told[2], alive[2];
	char byte;

	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(alive), 0);
	for (unsigned i = 0; i < PROCESSES; i++) {
		if (fork() == 0) {
			close(alive[1]);
			claim_all(fixture, i, told[1], alive[0]);
		}
	}
	close(told[1]);
	while (ended < PROCESSES && read(told[0], &byte, 1) == 1) {
		ours += byte == 'x';
		ended += byte == 'e';
	}
	close(told[0]);
	close(alive[0]);
	close(alive[1]); /* now they may go: what a closed ledger had claimed would be free for the others */
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(ours, KEYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(claimed_by_one),
		BOTH(settled_for_good),
		BOTH(given_back),
		BOTH(unique_on_fingerprint_rule_and_endpoint),
		BOTH(resent_when_asked),
		BOTH(taken_over_from_the_dead),
		BOTH(a_number_used_again_is_another_process),
		BOTH(on_another_machine_the_lease_decides),
		BOTH(each_claim_has_a_whole_lease),
		BOTH(a_closed_ledger_holds_nothing),
		BOTH(a_late_answer),
		BOTH(a_failed_resend_changes_nothing),
		BOTH(what_was_seen_is_kept),
		BOTH(a_failed_write_is_undone),
		BOTH(recorded_by_a_thread),
		BOTH(kept_alive),
		BOTH(many_processes_share_them),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
