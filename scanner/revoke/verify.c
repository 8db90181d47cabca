/*
 * Asking a provider whether a credential is dead, once its report was accepted (--verify).
 *
 * The question uses the credential, so it is asked only where the user wants that. Only the status of the answer
 * counts; its body, which may tell what an account holds, is thrown away as it comes in (request.discard_answer).
 * A provider may take a moment: a credential that still lives is asked about VERIFY_ASKS times in all.
 */
#include "revoke/run.h"

#include "base/memory.h"
#include "revoke/http.h"
#include "revoke/request.h"
#include "revoke/retry.h"
#include "rule/rule.h"

#include <stdlib.h>
#include <time.h>

/* What is seen is all that was left to be known of the credential. The message is taken over. */
static void item_verified(struct run *run, struct item *item, enum verification verified, char *message)
{
	item->finding->revocation.verified = verified;
	item_note(item, message);
	if (run->events->verified)
		run->events->verified(run->events->context, item->finding);
	item_settle(run, item, item->finding->revocation.state);
}

static void settle(struct run *run, const struct parcel *parcel, enum verification verified, char *message)
{
	item_verified(run, &run->items[parcel->items[0]], verified, message);
}

void verify_or_settle(struct run *run, size_t index, enum revocation_state state)
{
	struct item *item = &run->items[index];
	const struct prepared *prepared = item->prepared;
	struct parcel *parcel;

	item->finding->revocation.state = state;
	if (!prepared->verify) {
		if (prepared->verify_error.code)
			item_verified(run, item, VERIFICATION_UNKNOWN, memory_copy_string(prepared->verify_error.message));
		else
			item_settle(run, item, state);
		return;
	}
	parcel = parcel_new(run, prepared, schedule_server(&run->schedule, request_server(prepared->verify)));
	parcel->verifies = true;
	parcel_add(parcel, index);
	schedule_add(&run->schedule, parcel->server, parcel->number);
}

void verify_start(struct run *run, struct parcel *parcel, int64_t now)
{
	int64_t timeout_ms = (int64_t)run->revoker->options.timeout_seconds * 1000;
	const struct secret *secret = run->items[parcel->items[0]].finding->secret;
	struct request request;
	struct error error;
	int code = request_make(&request, parcel->prepared->verify, secret, &error);

	if (timeout_ms > run->deadline - now)
		timeout_ms = run->deadline - now;
	request.discard_answer = true;
	if (code == 0)
		code = http_start(run->revoker->http, &request, parcel->number, timeout_ms, &error);
	if (code < 0) {
		schedule_end(&run->schedule, parcel->server);
		settle(run, parcel, VERIFICATION_UNKNOWN, memory_copy_string(error.message));
		return;
	}
	parcel->asked++;
}

/* What the last answer said, for people. */
static char *words_of(struct run *run, const struct parcel *parcel, const struct http_outcome *outcome)
{
	const struct secret *secret = run->items[parcel->items[0]].finding->secret;
	const struct answer_secrets all = { &secret, 1 };

	if (outcome->result == HTTP_ANSWERED)
		return memory_format("HTTP %u", outcome->status);
	return answer_words(outcome->detail, &all);
}

void verify_ended(struct run *run, struct parcel *parcel, const struct http_outcome *outcome)
{
	const struct rule *rule = parcel->prepared->rule;
	bool is_answer = outcome->result == HTTP_ANSWERED;
	bool alive = is_answer && rule_status_listed(&rule->alive, outcome->status);
	int64_t now = run_now_ms(), wait_ms = run->revoker->retry_base_ms << parcel->asked, asked;

	if (is_answer && retry_after_parse(outcome->retry_after, (int64_t)time(NULL), &asked) && asked > 0) {
		wait_ms = wait_ms > asked * 1000 ? wait_ms : asked * 1000;
		schedule_hold(&run->schedule, parcel->server, now + wait_ms);
	}
	if (outcome->result == HTTP_UNFINISHED)
		settle(run, parcel, VERIFICATION_UNKNOWN, memory_copy_string(reasons_stopped.unverified));
	else if (is_answer && rule_status_listed(&rule->dead, outcome->status))
		settle(run, parcel, VERIFICATION_DEAD, NULL);
	else if (parcel->asked < VERIFY_ASKS && outcome->result != HTTP_UNTRUSTED && now + wait_ms < run->deadline)
		schedule_add_again(&run->schedule, parcel->server, parcel->number, now + wait_ms);
	else if (alive)
		settle(run, parcel, VERIFICATION_ALIVE, NULL);
	else
		settle(run, parcel, VERIFICATION_UNKNOWN, words_of(run, parcel, outcome));
}

void verify_give_up(struct run *run, struct parcel *parcel, const char *why)
{
	settle(run, parcel, VERIFICATION_UNKNOWN, memory_copy_string(why));
}
