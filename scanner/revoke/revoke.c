/*
 * The loop that sends: schedule.h says which request is next, http.h carries it, parcel.c and verify.c see to what
 * came of it (run.h has the picture).
 */
#define _GNU_SOURCE
#include "revoke/run.h"

#include "base/memory.h"
#include "revoke/http.h"
#include "revoke/request.h"
#include "revoke/retry.h"
#include "rule/rule.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MAX_MS 100    /* between two looks at *stop */
#define STOP_GRACE_MS 2000 /* for requests under way once *stop is set: the provider may have done as asked */

int64_t run_now_ms(void)
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
	for (size_t i = 0; i < revoker->prepared_count; i++) {
		request_template_free(revoker->prepared[i]->report);
		request_template_free(revoker->prepared[i]->verify);
		free(revoker->prepared[i]);
	}
	free(revoker->prepared);
	http_close(revoker->http);
	free(revoker);
}

void revoker_set_retry_base(struct revoker *revoker, int64_t base_ms)
{
	revoker->retry_base_ms = base_ms;
}

static const char *override_of(const struct revoke_endpoint *endpoints, size_t count, const struct rule *rule)
{
	for (size_t i = count; i-- > 0;) {
		if (strcmp(endpoints[i].rule_id, rule->id) == 0)
			return endpoints[i].url;
	}
	return NULL;
}

const char *revoke_endpoint_of(const struct revoke_options *options, const struct rule *rule)
{
	const char *url = override_of(options->endpoints, options->endpoint_count, rule);

	return url ? url : rule->revoke.url;
}

/* The requests of a rule, compiled at the first call for it. */
static const struct prepared *prepare(struct revoker *revoker, const struct rule *rule)
{
	const struct revoke_options *options = &revoker->options;
	const struct template_values values = { options->reporter_email, options->comment };
	struct prepared *prepared;

	for (size_t i = 0; i < revoker->prepared_count; i++) {
		if (revoker->prepared[i]->rule == rule)
			return revoker->prepared[i];
	}
	prepared = memory_allocate_zeroed(1, sizeof(*prepared));
	memory_grow(revoker->prepared, revoker->prepared_count, revoker->prepared_capacity);
	revoker->prepared[revoker->prepared_count++] = prepared;
	prepared->rule = rule;
	request_compile(&prepared->report, &rule->revoke,
			override_of(options->endpoints, options->endpoint_count, rule), &values,
			&prepared->report_error);
	if (options->verify && rule->verify.url)
		request_compile(&prepared->verify, &rule->verify,
				override_of(options->verify_endpoints, options->verify_endpoint_count, rule), &values,
				&prepared->verify_error);
	return prepared;
}

void item_settle(struct run *run, struct item *item, enum revocation_state state)
{
	assert(!item->settled);
	item->settled = true;
	item->finding->revocation.state = state;
	for (; run->told < run->count && run->items[run->told].settled; run->told++) {
		if (run->events->settled)
			run->events->settled(run->events->context, run->items[run->told].finding);
	}
}

void item_note(struct item *item, char *message)
{
	free(item->finding->revocation.message);
	item->finding->revocation.message = message;
}

/* ---- what may not be sent any more ---- */

/* Give up everything that is not under way. */
static void give_up_waiting(struct run *run, const struct reasons *reasons)
{
	size_t number;

	while (schedule_drop(&run->schedule, INT64_MIN, &number))
		parcel_give_up(run, run->parcels[number], reasons);
}

/* Give up what waits for a server that asked for more time than there is. */
static void give_up_held(struct run *run)
{
	size_t number;

	while (schedule_drop(&run->schedule, run->deadline, &number)) {
		struct parcel *parcel = run->parcels[number];
		int64_t held_ms = schedule_held_until(&run->schedule, parcel->server) - run_now_ms();
		char again[48], unsent[64];

		snprintf(again, sizeof(again), "asked to wait %lld s", (long long)(held_ms + 999) / 1000);
		snprintf(unsent, sizeof(unsent), "not sent: %s", again);
		parcel_give_up(run, parcel, &(struct reasons){ unsent, again, again });
	}
}

/* ---- the loop ---- */

static void collect(struct run *run, bool (*take)(struct http *, struct http_outcome *))
{
	struct http_outcome outcome;

	while (take(run->revoker->http, &outcome)) {
		parcel_ended(run, run->parcels[outcome.owner], &outcome);
		http_outcome_release(&outcome);
	}
}

/* Start what may start, or give up what may not any more. */
static void dispatch(struct run *run, int64_t now)
{
	size_t number;

	if (run->stopped_at) {
		give_up_waiting(run, &reasons_stopped);
		return;
	}
	if (now >= run->deadline) {
		give_up_waiting(run, &reasons_no_time);
		return;
	}
	give_up_held(run);
	while (http_has_room(run->revoker->http) && schedule_take(&run->schedule, now, &number)) {
		struct parcel *parcel = run->parcels[number];

		(parcel->verifies ? verify_start : parcel_start)(run, parcel, now);
	}
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
		int64_t now = run_now_ms();

		if (stop && *stop && !run->stopped_at)
			run->stopped_at = now;
		dispatch(run, now);
		if (run->told == run->count)
			break;
		if (http_advance(http, wait_time(run, now), &error) < 0) {
			collect(run, http_abandon);
			give_up_waiting(run, &(struct reasons){ error.message, error.message, error.message });
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

/* ---- setting out ---- */

static bool same_statuses(const struct rule_status_list *a, const struct rule_status_list *b)
{
	return a->count == b->count && (!a->count || memcmp(a->codes, b->codes, a->count * sizeof(*a->codes)) == 0);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/*
 * Whether credentials of two rules can go in one batch: the same request to the same place, and its answers mean the
 * same. (A provider with several kinds of tokens has a rule for each.)
 */
static bool batch_together(const struct revoke_options *options, const struct rule *a, const struct rule *b)
{
	const struct rule_request *one = &a->revoke, *other = &b->revoke;
	bool same = a->batch == b->batch && one->header_count == other->header_count &&
		    strcmp(one->method, other->method) == 0 && same_text(one->body, other->body) &&
		    strcmp(revoke_endpoint_of(options, a), revoke_endpoint_of(options, b)) == 0 &&
		    same_statuses(&a->accepted, &b->accepted) && same_statuses(&a->gone, &b->gone) &&
		    same_statuses(&a->retry, &b->retry) && same_text(a->accepted_json, b->accepted_json) &&
		    same_text(a->gone_json, b->gone_json);

	for (size_t i = 0; same && i < one->header_count; i++)
		same = strcmp(one->headers[i].name, other->headers[i].name) == 0 &&
		       strcmp(one->headers[i].value, other->headers[i].value) == 0;
	return same;
}

/* The limits of a rule hold for its hosts, whichever rule's parcel its credentials go in. */
static void limit_servers(struct run *run, const struct prepared *prepared)
{
	const struct rule *rule = prepared->rule;

	if (prepared->report)
		schedule_limit(&run->schedule, schedule_server(&run->schedule, request_server(prepared->report)),
			       rule->revoke.limits.concurrent, rule->revoke.limits.per_second);
	if (prepared->verify)
		schedule_limit(&run->schedule, schedule_server(&run->schedule, request_server(prepared->verify)),
			       rule->verify.limits.concurrent, rule->verify.limits.per_second);
}

/* The batch that has room for a credential of this rule, or a new parcel. */
static struct parcel *parcel_for(struct run *run, const struct prepared *prepared)
{
	const struct rule *rule = prepared->rule;
	struct parcel *parcel;
	size_t server;

	for (size_t i = run->parcel_count; rule->batch > 1 && i-- > 0;) {
		parcel = run->parcels[i];
		if (!parcel->verifies && parcel->item_count < rule->batch &&
		    (parcel->prepared == prepared ||
		     batch_together(&run->revoker->options, rule, parcel->prepared->rule)))
			return parcel;
	}
	server = schedule_server(&run->schedule, request_server(prepared->report));
	parcel = parcel_new(run, prepared, server);
	schedule_add(&run->schedule, server, parcel->number);
	return parcel;
}

static void item_init(struct run *run, size_t index, struct finding *finding)
{
	struct item *item = &run->items[index];

	assert(finding->rule->revoke_kind != RULE_REVOKE_NONE);
	item->finding = finding;
	item->prepared = prepare(run->revoker, finding->rule);
	limit_servers(run, item->prepared);
	if (finding->revocation.state == REVOCATION_PENDING) {
		free(finding->revocation.message);
		finding->revocation = (struct revocation){ .state = REVOCATION_PENDING };
	}
}

/* Begin with it: what is not to be sent, or cannot be, is settled at once, if need be after a question. */
static void item_begin(struct run *run, size_t index)
{
	struct item *item = &run->items[index];
	enum revocation_state state = item->finding->revocation.state;

	if (state != REVOCATION_PENDING) {
		verify_or_settle(run, index, state);
	} else if (item->prepared->report) {
		parcel_add(parcel_for(run, item->prepared), index);
	} else {
		item_note(item, memory_copy_string(item->prepared->report_error.message));
		item_settle(run, item, REVOCATION_PENDING);
	}
}

int64_t run_total_ms(struct run *run)
{
	const struct revoke_options *options = &run->revoker->options;
	int64_t answer_ms = (int64_t)options->concurrency * RETRY_EACH_MS; /* as slow as retry_total_ms() reckons with */
	int64_t total_ms = retry_total_ms(options->timeout_seconds, options->retries, run->count) +
			   (options->verify ? retry_verify_ms(options->timeout_seconds, run->count) : 0);

	for (size_t i = 0; i < run->parcel_count; i++) {
		if (!run->parcels[i]->verifies)
			total_ms += ((int64_t)options->retries + 1) *
				    schedule_job_ms(&run->schedule, run->parcels[i]->server, answer_ms);
	}
	for (size_t i = 0; i < run->count; i++) {
		const struct request_template *verify = run->items[i].prepared->verify;

		if (verify)
			total_ms += VERIFY_ASKS * schedule_job_ms(&run->schedule,
								  schedule_server(&run->schedule, request_server(verify)),
								  answer_ms);
	}
	return total_ms;
}

void revoker_send(struct revoker *revoker, struct finding **findings, size_t count,
		  const struct revoke_events *events, const atomic_int *stop)
{
	static const struct revoke_events nobody = { NULL, NULL, NULL, NULL };
	struct run run = { .revoker = revoker, .count = count, .events = events ? events : &nobody };
	sigset_t before;

	run.items = memory_allocate_zeroed(count, sizeof(*run.items));
	broken_pipe_block(&before);
	for (size_t i = 0; i < count; i++)
		item_init(&run, i, findings[i]);
	for (size_t i = 0; i < count; i++)
		item_begin(&run, i);
	run.deadline = run_now_ms() + run_total_ms(&run);
	run_loop(&run, stop);
	broken_pipe_restore(&before);
	schedule_release(&run.schedule);
	for (size_t i = 0; i < run.parcel_count; i++)
		parcel_free(run.parcels[i]);
	free(run.parcels);
	free(run.items);
}
