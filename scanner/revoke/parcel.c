/*
 * What a request about credentials comes to, for each of them.
 *
 * A batch that its provider rejects for what is in it (400, 413, 422) is sent again in two halves, and so on: one bad
 * credential among 1,000 costs 20 more requests, is rejected alone, and the others are revoked.
 */
#define _GNU_SOURCE
#include "revoke/run.h"

#include "base/memory.h"
#include "revoke/http.h"
#include "revoke/request.h"
#include "revoke/retry.h"
#include "rule/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct reasons reasons_stopped = { "interrupted before it was sent", "interrupted before the next attempt",
					 "interrupted before it was asked" };
const struct reasons reasons_no_time = { "not sent: the time for all reports together is over",
					 "no time is left to try again", "no time was left to ask" };

struct parcel *parcel_new(struct run *run, const struct prepared *prepared, size_t server)
{
	struct parcel *parcel = memory_allocate_zeroed(1, sizeof(*parcel));

	parcel->prepared = prepared;
	parcel->server = server;
	parcel->number = run->parcel_count;
	memory_grow(run->parcels, run->parcel_count, run->parcel_capacity);
	run->parcels[run->parcel_count++] = parcel;
	return parcel;
}

void parcel_add(struct parcel *parcel, size_t item)
{
	memory_grow(parcel->items, parcel->item_count, parcel->item_capacity);
	parcel->items[parcel->item_count++] = item;
}

void parcel_free(struct parcel *parcel)
{
	if (!parcel)
		return;
	free(parcel->items);
	free(parcel);
}

/* The credentials in it; the caller frees the array. */
static const struct secret **secrets_of(const struct run *run, const struct parcel *parcel)
{
	const struct secret **secrets = memory_allocate_zeroed(parcel->item_count, sizeof(*secrets));

	for (size_t i = 0; i < parcel->item_count; i++)
		secrets[i] = run->items[parcel->items[i]].finding->secret;
	return secrets;
}

static void item_give_up(struct run *run, struct item *item, const char *unsent, const char *again)
{
	const char *earlier = item->finding->revocation.message;

	item_note(item, earlier ? memory_format("%s; %s", earlier, again) : memory_copy_string(unsent));
	item_settle(run, item, REVOCATION_PENDING);
}

void parcel_give_up(struct run *run, struct parcel *parcel, const struct reasons *reasons)
{
	if (parcel->verifies) {
		verify_give_up(run, parcel, reasons->unverified);
		return;
	}
	for (size_t i = 0; i < parcel->item_count; i++)
		item_give_up(run, &run->items[parcel->items[i]], reasons->unsent, reasons->again);
}

static void settle_all(struct run *run, const struct parcel *parcel, enum revocation_state state)
{
	for (size_t i = 0; i < parcel->item_count; i++)
		item_settle(run, &run->items[parcel->items[i]], state);
}

/* Send its halves in its place, before anything that was never sent. */
static void split(struct run *run, const struct parcel *parcel, int64_t now)
{
	size_t half = parcel->item_count / 2;

	for (size_t part = 0; part < 2; part++) {
		struct parcel *child = parcel_new(run, parcel->prepared, parcel->server);

		child->failures = parcel->failures;
		for (size_t i = part ? half : 0; i < (part ? parcel->item_count : half); i++)
			parcel_add(child, parcel->items[i]);
		schedule_add_again(&run->schedule, child->server, child->number, now);
	}
}

void parcel_start(struct run *run, struct parcel *parcel, int64_t now)
{
	int64_t timeout_ms = (int64_t)run->revoker->options.timeout_seconds * 1000;
	const struct secret **secrets = secrets_of(run, parcel);
	struct request request;
	struct error error;
	int code = request_make_batch(&request, parcel->prepared->report, secrets, parcel->item_count, &error);

	free(secrets);
	if (timeout_ms > run->deadline - now)
		timeout_ms = run->deadline - now;
	if (code < 0 && parcel->item_count > 1) { /* one of them cannot be written: find out which */
		schedule_end(&run->schedule, parcel->server);
		split(run, parcel, now);
		return;
	}
	if (code == 0)
		code = http_start(run->revoker->http, &request, parcel->number, timeout_ms, &error);
	if (code < 0) {
		const struct reasons reasons = { error.message, error.message, NULL };

		schedule_end(&run->schedule, parcel->server);
		parcel_give_up(run, parcel, &reasons);
		return;
	}
	parcel->started = (int64_t)time(NULL);
	parcel->started_ms = now;
	for (size_t i = 0; i < parcel->item_count; i++) {
		struct revocation *revocation = &run->items[parcel->items[i]].finding->revocation;

		revocation->attempts++;
		revocation->has_time = true;
		revocation->at = parcel->started;
	}
}

/*
 * Tell of the attempt that has just ended, for each credential, before anything is told that follows from it. A
 * message is kept with each.
 */
static void tell_attempt(struct run *run, const struct parcel *parcel, enum revocation_state state,
			 unsigned http_status, const char *message)
{
	const struct revocation_attempt attempt = { .started = parcel->started,
						    .duration_ms = run_now_ms() - parcel->started_ms,
						    .state = state,
						    .http_status = http_status,
						    .message = message };
	int64_t now = (int64_t)time(NULL);

	for (size_t i = 0; i < parcel->item_count; i++) {
		struct item *item = &run->items[parcel->items[i]];

		item->finding->revocation.at = now;
		if (http_status)
			item->finding->revocation.http_status = http_status;
		item_note(item, message ? memory_copy_string(message) : NULL);
		if (run->events->attempted)
			run->events->attempted(run->events->context, item->finding, &attempt);
	}
}

/* How long to wait before the next attempt. *asked becomes the seconds that the server asked for, 0 if it did not. */
static int64_t wait_before_next(struct run *run, const struct parcel *parcel, const struct http_outcome *outcome,
				int64_t now, int64_t *asked)
{
	int64_t base_ms = run->revoker->retry_base_ms, wait_ms;
	uint64_t random = (uint64_t)now;

	*asked = 0;
	if (getentropy(&random, sizeof(random)) < 0)
		random = (uint64_t)now * 6364136223846793005u; /* only spreads the load */
	if (!retry_after_parse(outcome->retry_after, (int64_t)time(NULL), asked) || *asked <= 0)
		return retry_delay_ms(parcel->failures, base_ms, random);
	/* a little more than asked, so that not every client is back in the same instant */
	wait_ms = *asked * 1000 + retry_delay_ms(1, base_ms, random);
	if (outcome->status == 429 || outcome->status == 503) /* it is about the whole server */
		schedule_hold(&run->schedule, parcel->server, now + wait_ms);
	return wait_ms;
}

/*
 * The last attempt failed in a way that may pass: try again later, unless it is out of attempts or of time.
 */
static void try_again(struct run *run, struct parcel *parcel, const struct http_outcome *outcome)
{
	int64_t now = run_now_ms(), asked, wait_ms;
	char why[64];

	parcel->failures++;
	wait_ms = wait_before_next(run, parcel, outcome, now, &asked);
	if (parcel->failures > run->revoker->options.retries) {
		settle_all(run, parcel, REVOCATION_PENDING);
	} else if (now + wait_ms >= run->deadline && asked > 0) {
		snprintf(why, sizeof(why), "asked to wait %lld s", (long long)asked);
		parcel_give_up(run, parcel, &(struct reasons){ why, why, why });
	} else if (now + wait_ms >= run->deadline) {
		parcel_give_up(run, parcel, &reasons_no_time);
	} else {
		schedule_add_again(&run->schedule, parcel->server, parcel->number, now + wait_ms);
	}
}

/* "HTTP 422: …", or NULL where there is nothing to say. The caller frees it. */
static char *message_of(struct run *run, const struct parcel *parcel, const struct http_outcome *outcome)
{
	const struct secret **secrets = secrets_of(run, parcel);
	const struct answer_secrets all = { secrets, parcel->item_count };
	bool untrusted = outcome->result == HTTP_UNTRUSTED;
	char *message, *detail;

	if (outcome->result == HTTP_ANSWERED) {
		message = answer_message(outcome->status, outcome->body.bytes ? outcome->body.bytes : "",
					 outcome->body.length, &all);
	} else {
		detail = answer_words(outcome->detail, &all);
		message = memory_format("%s: %s", untrusted ? "the certificate check failed" : "no answer", detail);
		free(detail);
	}
	free(secrets);
	return message;
}

static void answered(struct run *run, struct parcel *parcel, const struct http_outcome *outcome)
{
	static const enum revocation_state states[] = {
		[ANSWER_ACCEPTED] = REVOCATION_ACCEPTED,
		[ANSWER_GONE] = REVOCATION_GONE,
		[ANSWER_RETRY] = REVOCATION_PENDING,
		[ANSWER_REJECTED] = REVOCATION_REJECTED,
	};
	enum answer_kind kind = answer_classify(parcel->prepared->rule, outcome->status,
						outcome->body.bytes ? outcome->body.bytes : "", outcome->body.length);
	bool splits = kind == ANSWER_REJECTED && parcel->item_count > 1 && answer_blames_content(outcome->status);
	char *message = NULL;

	if (kind == ANSWER_RETRY || kind == ANSWER_REJECTED)
		message = message_of(run, parcel, outcome);
	tell_attempt(run, parcel, splits ? REVOCATION_PENDING : states[kind], outcome->status, message);
	free(message);
	if (splits) {
		split(run, parcel, run_now_ms());
	} else if (kind == ANSWER_RETRY) {
		try_again(run, parcel, outcome);
	} else if (kind == ANSWER_REJECTED) {
		settle_all(run, parcel, REVOCATION_REJECTED);
	} else {
		for (size_t i = 0; i < parcel->item_count; i++)
			verify_or_settle(run, parcel->items[i], states[kind]);
	}
}

static void unanswered(struct run *run, struct parcel *parcel, const struct http_outcome *outcome)
{
	char *message = message_of(run, parcel, outcome);

	tell_attempt(run, parcel, REVOCATION_PENDING, 0, message);
	free(message);
	if (outcome->result == HTTP_UNTRUSTED)
		settle_all(run, parcel, REVOCATION_PENDING);
	else
		try_again(run, parcel, outcome);
}

/* No answer, and none will come: stopped while it was under way. */
static void interrupted(struct run *run, struct parcel *parcel, bool sent)
{
	struct reasons reasons = reasons_stopped;
	const struct finding *first = run->items[parcel->items[0]].finding;
	char *earlier = first->revocation.message && !sent ? memory_copy_string(first->revocation.message) : NULL;

	if (sent)
		reasons.unsent = "interrupted, the answer is not known";
	tell_attempt(run, parcel, REVOCATION_PENDING, 0, reasons.unsent);
	for (size_t i = 0; i < parcel->item_count; i++)
		item_note(&run->items[parcel->items[i]], earlier ? memory_copy_string(earlier) : NULL);
	free(earlier);
	parcel_give_up(run, parcel, &reasons);
}

void parcel_ended(struct run *run, struct parcel *parcel, const struct http_outcome *outcome)
{
	schedule_end(&run->schedule, parcel->server);
	if (parcel->verifies) {
		verify_ended(run, parcel, outcome);
		return;
	}
	switch (outcome->result) {
	case HTTP_ANSWERED:
		answered(run, parcel, outcome);
		break;
	case HTTP_BROKEN:
	case HTTP_UNTRUSTED:
		unanswered(run, parcel, outcome);
		break;
	case HTTP_UNFINISHED:
		interrupted(run, parcel, outcome->sent);
		break;
	}
}
