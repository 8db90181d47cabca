/*
 * The loop that sends: schedule.h says which credential is next, http.h carries the requests, answer.h reads the
 * answers, retry.h says when to try again. A credential is a job here, named by its place in the caller's array.
 */
#define _GNU_SOURCE
#include "revoke/revoke.h"

#include "base/memory.h"
#include "revoke/answer.h"
#include "revoke/http.h"
#include "revoke/request.h"
#include "revoke/retry.h"
#include "revoke/schedule.h"
#include "rule/rule.h"

#include <stdatomic.h>
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char stopped_unsent[] = "interrupted before it was sent";
static const char stopped_again[] = "interrupted before the next attempt";
static const char no_time_unsent[] = "not sent: the time for all reports together is over";
static const char no_time_again[] = "no time is left to try again";

#define WAIT_MAX_MS 100    /* between two looks at *stop */
#define STOP_GRACE_MS 2000 /* for requests under way once *stop is set: the provider may have done as asked */

/* A rule's request, compiled for the revoker's life. */
struct prepared {
	const struct rule *rule;           /* borrowed */
	struct request_template *template; /* owned; NULL: it cannot be used */
	struct error error;                /* and why not */
};

struct revoker {
	struct revoke_options options;
	struct http *http; /* owned */
	struct prepared *prepared; /* owned: prepared_count of them */
	size_t prepared_count, prepared_capacity;
	int64_t retry_base_ms;
};

struct job {
	struct finding *finding;                 /* borrowed */
	const struct request_template *template; /* borrowed from the revoker */
	size_t server;                           /* its number in the schedule */
	int64_t started, started_ms;             /* of the attempt under way: seconds since the epoch, and our clock */
	bool settled;
};

/* One call of revoker_send(). */
struct run {
	struct revoker *revoker;
	struct job *jobs; /* owned: count of them */
	size_t count, told; /* the first `told` were handed to settled */
	struct schedule schedule;
	int64_t deadline; /* CLOCK_MONOTONIC, milliseconds, as all times here */
	int64_t stopped_at; /* 0: not stopped */
	const struct revoke_events *events;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int revoker_open(struct revoker **opened, const struct revoke_options *options, struct error *error)
{
	struct http *http;
	int code = http_open(&http, options->ca_file, options->concurrency, error);

	*opened = NULL;
	assert(options->timeout_seconds > 0);
	if (code < 0)
		return code;
	*opened = memory_allocate_zeroed(1, sizeof(**opened));
	(*opened)->options = *options;
	(*opened)->http = http;
	(*opened)->retry_base_ms = RETRY_BASE_MS;
	return 0;
}

void revoker_close(struct revoker *revoker)
{
	if (!revoker)
		return;
	for (size_t i = 0; i < revoker->prepared_count; i++)
		request_template_free(revoker->prepared[i].template);
	free(revoker->prepared);
	http_close(revoker->http);
	free(revoker);
}

void revoker_set_retry_base(struct revoker *revoker, int64_t base_ms)
{
	revoker->retry_base_ms = base_ms;
}

static const char *override_of(const struct revoke_options *options, const struct rule *rule)
{
	for (size_t i = options->endpoint_count; i-- > 0;) {
		if (strcmp(options->endpoints[i].rule_id, rule->id) == 0)
			return options->endpoints[i].url;
	}
	return NULL;
}

const char *revoke_endpoint_of(const struct revoke_options *options, const struct rule *rule)
{
	const char *url = override_of(options, rule);

	return url ? url : rule->revoke.url;
}

/* The request of a rule, compiled at the first call for it. Valid until the next call. */
static const struct prepared *prepare(struct revoker *revoker, const struct rule *rule)
{
	const struct revoke_options *options = &revoker->options;
	const struct template_values values = { options->reporter_email, options->comment };
	struct prepared *prepared;

	for (size_t i = 0; i < revoker->prepared_count; i++) {
		if (revoker->prepared[i].rule == rule)
			return &revoker->prepared[i];
	}
	memory_grow(revoker->prepared, revoker->prepared_count, revoker->prepared_capacity);
	prepared = &revoker->prepared[revoker->prepared_count++];
	*prepared = (struct prepared){ .rule = rule };
	request_compile(&prepared->template, &rule->revoke, override_of(options, rule), &values, &prepared->error);
	return prepared;
}

/* The finding has its final state. Those that waited for it to be told of in order are told of now. */
static void job_settle(struct run *run, struct job *job, enum revocation_state state)
{
	assert(!job->settled);
	job->settled = true;
	job->finding->revocation.state = state;
	for (; run->told < run->count && run->jobs[run->told].settled; run->told++) {
		if (run->events->settled)
			run->events->settled(run->events->context, run->jobs[run->told].finding);
	}
}

/* Keep a message; it is taken over. */
static void job_note(struct job *job, char *message)
{
	free(job->finding->revocation.message);
	job->finding->revocation.message = message;
}

/*
 * Nothing more is tried: because of unsent if nothing was sent at all, else because of again, after what the last
 * attempt said.
 */
static void job_give_up(struct run *run, struct job *job, const char *unsent, const char *again)
{
	const char *earlier = job->finding->revocation.message;

	job_note(job, earlier ? memory_format("%s; %s", earlier, again) : memory_copy_string(unsent));
	job_settle(run, job, REVOCATION_PENDING);
}

/* Give up everything that is not under way. */
static void give_up_waiting(struct run *run, const char *unsent, const char *again)
{
	size_t index;

	while (schedule_drop(&run->schedule, INT64_MIN, &index))
		job_give_up(run, &run->jobs[index], unsent, again);
}

/* Give up what waits for a server that asked for more time than there is. */
static void give_up_held(struct run *run)
{
	size_t index;

	while (schedule_drop(&run->schedule, run->deadline, &index)) {
		struct job *job = &run->jobs[index];
		int64_t seconds = (schedule_held_until(&run->schedule, job->server) - now_ms() + 999) / 1000;
		char unsent[64], again[64];

		snprintf(unsent, sizeof(unsent), "not sent: asked to wait %lld s", (long long)seconds);
		snprintf(again, sizeof(again), "asked to wait %lld s", (long long)seconds);
		job_give_up(run, job, unsent, again);
	}
}

static void job_start(struct run *run, size_t index, int64_t now)
{
	struct job *job = &run->jobs[index];
	struct revocation *revocation = &job->finding->revocation;
	int64_t timeout_ms = (int64_t)run->revoker->options.timeout_seconds * 1000;
	struct request request;
	struct error error;
	int code = request_make(&request, job->template, job->finding->secret, &error);

	if (timeout_ms > run->deadline - now)
		timeout_ms = run->deadline - now;
	if (code == 0)
		code = http_start(run->revoker->http, &request, index, timeout_ms, &error);
	if (code < 0) {
		job_give_up(run, job, error.message, error.message);
		return;
	}
	revocation->attempts++;
	revocation->has_time = true;
	revocation->at = job->started = (int64_t)time(NULL);
	job->started_ms = now;
}

/*
 * The job's last attempt failed in a way that may pass: try again later, unless it is out of attempts or of time.
 */
static void job_try_again(struct run *run, struct job *job, const struct http_outcome *outcome)
{
	unsigned attempts = job->finding->revocation.attempts;
	int64_t now = now_ms(), asked = 0, wait_ms;
	uint64_t random = (uint64_t)now;
	bool whole_server = outcome->status == 429 || outcome->status == 503;
	char why[64];

	if (getentropy(&random, sizeof(random)) < 0)
		random = (uint64_t)now * 6364136223846793005u; /* only spreads the load */
	wait_ms = retry_delay_ms(attempts, run->revoker->retry_base_ms, random);
	if (retry_after_parse(outcome->retry_after, (int64_t)time(NULL), &asked) && asked > 0) {
		/* a little more than asked, so that not every client is back in the same instant */
		wait_ms = asked * 1000 + retry_delay_ms(1, run->revoker->retry_base_ms, random);
		if (whole_server)
			schedule_hold(&run->schedule, job->server, now + wait_ms);
	}
	if (attempts > run->revoker->options.retries) {
		job_settle(run, job, REVOCATION_PENDING);
	} else if (now + wait_ms >= run->deadline && asked > 0) {
		snprintf(why, sizeof(why), "asked to wait %lld s", (long long)asked);
		job_give_up(run, job, why, why);
	} else if (now + wait_ms >= run->deadline) {
		job_give_up(run, job, "", no_time_again);
	} else {
		schedule_add_again(&run->schedule, job->server, (size_t)(job - run->jobs), now + wait_ms);
	}
}

/* Tell of the attempt that has just ended, before anything is told that follows from it. */
static void job_tell_attempt(struct run *run, struct job *job, enum revocation_state state, unsigned http_status,
			     const char *message)
{
	const struct revocation_attempt attempt = { .started = job->started,
						    .duration_ms = now_ms() - job->started_ms,
						    .state = state,
						    .http_status = http_status,
						    .message = message };

	if (run->events->attempted)
		run->events->attempted(run->events->context, job->finding, &attempt);
}

static void job_answered(struct run *run, struct job *job, const struct http_outcome *outcome)
{
	static const enum revocation_state states[] = {
		[ANSWER_ACCEPTED] = REVOCATION_ACCEPTED,
		[ANSWER_GONE] = REVOCATION_GONE,
		[ANSWER_RETRY] = REVOCATION_PENDING,
		[ANSWER_REJECTED] = REVOCATION_REJECTED,
	};
	enum answer_kind kind = answer_classify(job->finding->rule, outcome->status);
	char *message = NULL;

	if (kind == ANSWER_RETRY || kind == ANSWER_REJECTED)
		message = answer_message(outcome->status, outcome->body.bytes ? outcome->body.bytes : "",
					 outcome->body.length, job->finding->secret);
	job->finding->revocation.http_status = outcome->status;
	job_note(job, message);
	job_tell_attempt(run, job, states[kind], outcome->status, message);
	if (kind == ANSWER_RETRY)
		job_try_again(run, job, outcome);
	else
		job_settle(run, job, states[kind]);
}

/* No answer, and none will come: stopped while it was under way. */
static void job_interrupted(struct run *run, struct job *job, bool sent)
{
	const char *unsent = sent ? "interrupted, the answer is not known" : stopped_unsent;

	if (sent)
		job_note(job, NULL);
	job_tell_attempt(run, job, REVOCATION_PENDING, 0, unsent);
	job_give_up(run, job, unsent, stopped_again);
}

static void job_unanswered(struct run *run, struct job *job, const struct http_outcome *outcome)
{
	bool untrusted = outcome->result == HTTP_UNTRUSTED;
	char *detail = answer_words(outcome->detail, job->finding->secret);
	char *message = memory_format("%s: %s", untrusted ? "the certificate check failed" : "no answer", detail);

	free(detail);
	job_note(job, message);
	job_tell_attempt(run, job, REVOCATION_PENDING, 0, message);
	if (untrusted)
		job_settle(run, job, REVOCATION_PENDING);
	else
		job_try_again(run, job, outcome);
}

static void job_ended(struct run *run, const struct http_outcome *outcome)
{
	struct job *job = &run->jobs[outcome->owner];

	job->finding->revocation.at = (int64_t)time(NULL);
	switch (outcome->result) {
	case HTTP_ANSWERED:
		job_answered(run, job, outcome);
		break;
	case HTTP_BROKEN:
	case HTTP_UNTRUSTED:
		job_unanswered(run, job, outcome);
		break;
	case HTTP_UNFINISHED:
		job_interrupted(run, job, outcome->sent);
		break;
	}
}

static void collect(struct run *run, bool (*take)(struct http *, struct http_outcome *))
{
	struct http_outcome outcome;

	while (take(run->revoker->http, &outcome)) {
		job_ended(run, &outcome);
		http_outcome_release(&outcome);
	}
}

/* Start what may start, or give up what may not any more. */
static void dispatch(struct run *run, int64_t now)
{
	size_t index;

	if (run->stopped_at) {
		give_up_waiting(run, stopped_unsent, stopped_again);
		return;
	}
	if (now >= run->deadline) {
		give_up_waiting(run, no_time_unsent, no_time_again);
		return;
	}
	give_up_held(run);
	while (http_has_room(run->revoker->http) && schedule_take(&run->schedule, now, &index))
		job_start(run, index, now);
}

/* How long nothing will happen unless an answer comes. */
static int wait_time(const struct run *run, int64_t now)
{
	int64_t next = http_has_room(run->revoker->http) ? schedule_next(&run->schedule) : INT64_MAX;

	if (next <= now)
		return 0;
	if (next == INT64_MAX || next - now > WAIT_MAX_MS)
		return WAIT_MAX_MS;
	return (int)(next - now);
}

static void run_loop(struct run *run, const atomic_int *stop)
{
	struct http *http = run->revoker->http;
	struct error error;

	while (run->told < run->count) {
		int64_t now = now_ms();

		if (stop && *stop && !run->stopped_at)
			run->stopped_at = now;
		dispatch(run, now);
		if (run->told == run->count)
			break;
		if (http_advance(http, wait_time(run, now), &error) < 0) {
			collect(run, http_abandon);
			give_up_waiting(run, error.message, error.message);
		}
		collect(run, http_collect);
		if (run->stopped_at && now >= run->stopped_at + STOP_GRACE_MS)
			collect(run, http_abandon);
	}
}

/*
 * A write to a connection that the other side has closed raises SIGPIPE in some TLS libraries, which must not end
 * the process half-way. Blocks it for this thread, and forgets one that came in between.
 */
static void broken_pipe_block(sigset_t *before)
{
	sigset_t broken_pipe;

	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken_pipe, before);
}

static void broken_pipe_restore(const sigset_t *before)
{
	static const struct timespec at_once = { 0, 0 };
	sigset_t broken_pipe;

	if (sigismember(before, SIGPIPE))
		return;
	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	while (sigtimedwait(&broken_pipe, NULL, &at_once) > 0)
		;
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

static void job_init(struct run *run, size_t index, struct finding *finding)
{
	struct job *job = &run->jobs[index];
	const struct prepared *prepared = prepare(run->revoker, finding->rule);

	assert(finding->revocation.state == REVOCATION_PENDING && finding->rule->revoke_kind != RULE_REVOKE_NONE);
	free(finding->revocation.message);
	finding->revocation = (struct revocation){ .state = REVOCATION_PENDING };
	job->finding = finding;
	job->template = prepared->template;
	if (job->template) {
		job->server = schedule_server(&run->schedule, request_server(job->template));
		schedule_add(&run->schedule, job->server, index);
	} else {
		job_give_up(run, job, prepared->error.message, "");
	}
}

void revoker_send(struct revoker *revoker, struct finding **findings, size_t count,
		  const struct revoke_events *events, const atomic_int *stop)
{
	const struct revoke_options *options = &revoker->options;
	static const struct revoke_events nobody = { NULL, NULL, NULL };
	struct run run = { .revoker = revoker, .count = count, .events = events ? events : &nobody };
	sigset_t before;

	run.jobs = memory_allocate_zeroed(count, sizeof(*run.jobs));
	run.deadline = now_ms() + retry_total_ms(options->timeout_seconds, options->retries, count);
	broken_pipe_block(&before);
	for (size_t i = 0; i < count; i++)
		job_init(&run, i, findings[i]);
	run_loop(&run, stop);
	broken_pipe_restore(&before);
	schedule_release(&run.schedule);
	free(run.jobs);
}
