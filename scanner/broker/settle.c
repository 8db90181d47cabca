#define _GNU_SOURCE
#include "broker/settle.h"

#include "base/log.h"
#include "base/memory.h"
#include "broker/claims.h"
#include "broker/question.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void set_message(struct finding *finding, const char *message)
{
	free(finding->revocation.message);
	finding->revocation.message = memory_copy_string(message);
}

/* Whether the finding is to be revoked, by whichever run. */
static bool is_to_revoke(const struct finding *finding, const struct broker_options *options)
{
	return finding->confidence >= options->min_confidence && finding->rule->revoke_kind != RULE_REVOKE_NONE;
}

/* Whether this run would send it. */
static bool may_send(const struct finding *finding, const struct broker_options *options)
{
	return finding->rule->revoke_kind == RULE_REVOKE_REPORT || options->own_keys;
}

/* Whether each finding is one that the user wants revoked: what stands on `revoke`'s input, what `ledger retry` is to send. */
static bool is_wish(const struct broker_options *options)
{
	return options->revoke_stdin || options->wanted_count;
}

/*
 * Whether what was to be revoked is not settled. An accepted report after which the key still works is no end, and where
 * the user wanted to know and does not, somebody has to look.
 */
static bool is_unsettled(const struct revocation *revocation)
{
	return revocation->state == REVOCATION_PENDING || (revocation->state == REVOCATION_REJECTED && !revocation->earlier) ||
	       revocation->verified == VERIFICATION_ALIVE || revocation->verified == VERIFICATION_UNKNOWN;
}

/* ---- telling ---- */

/* Tell all findings, in report order, up to the first one to which something may still happen. */
static void tell_settled(struct settlement *settlement)
{
	const struct report_result *result = settlement->result;
	const struct claims *claims = settlement->claims;

	while (settlement->told < result->finding_count) {
		/* the claims are in the same order: the first that is not told yet */
		while (settlement->claims_told < claims->count &&
		       claims->items[settlement->claims_told].number < settlement->told)
			settlement->claims_told++;
		if (settlement->claims_told < claims->count &&
		    claims->items[settlement->claims_told].number == settlement->told &&
		    claims->items[settlement->claims_told].stage != CLAIM_SETTLED)
			break;
		settlement->tell(settlement->context, result, result->findings[settlement->told++]);
	}
}

/* All that is open becomes this, for this run. */
static void settle_rest(struct settlement *settlement, enum revocation_state state, const char *message)
{
	struct claims *claims = settlement->claims;

	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->items[i];

		if (claim->stage != CLAIM_OPEN)
			continue;
		claim->finding->revocation.state = state;
		set_message(claim->finding, message);
		claims_give_up(claims, claim);
		claim->stage = CLAIM_SETTLED;
	}
	tell_settled(settlement);
}

/* ---- sending ---- */

/* Findings under way, so that what comes of them finds its claim. */
struct sending {
	struct settlement *settlement;
	atomic_int *stop;
	struct claim **by_order;   /* as they are sent */
	struct claim **by_address; /* of their findings, ascending */
	size_t count, settled;
};

static int compare_addresses(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)(*(struct claim *const *)a)->finding, y = (uintptr_t)(*(struct claim *const *)b)->finding;

	return (x > y) - (x < y);
}

static struct claim *claim_of(const struct sending *sending, struct finding *finding)
{
	struct claim wanted = { .finding = finding };
	const struct claim *key = &wanted;

	return *(struct claim **)bsearch(&key, sending->by_address, sending->count, sizeof(*sending->by_address),
					 compare_addresses);
}

static void note_attempt(void *context, struct finding *finding, const struct revocation_attempt *attempt)
{
	struct sending *sending = context;
	struct claims *claims = sending->settlement->claims;
	int running = 0;

	claims_attempted(claims, claim_of(sending, finding), attempt);
	if (claims->failed) /* what would be sent now could not be recorded either */
		atomic_compare_exchange_strong(sending->stop, &running, SETTLE_STOPPED_BY_LEDGER);
}

static void note_verified(void *context, struct finding *finding)
{
	struct sending *sending = context;

	claims_verified(sending->settlement->claims, claim_of(sending, finding));
}

static void note_settled(void *context, struct finding *finding)
{
	struct sending *sending = context;
	struct claim *claim = sending->by_order[sending->settled++];

	if (finding->revocation.state == REVOCATION_PENDING && *sending->stop == SETTLE_STOPPED_BY_LEDGER &&
	    !finding->revocation.attempts)
		set_message(finding, "not sent: the ledger cannot record it any more");
	claims_give_up(sending->settlement->claims, claim);
	claim->stage = CLAIM_SETTLED;
	tell_settled(sending->settlement);
}

/* Send what is open and ours, or ask about what is to be verified. */
static void send_claims(struct settlement *settlement, enum claim_stage stage, struct revoker *revoker, atomic_int *stop)
{
	struct claims *claims = settlement->claims;
	struct sending sending = { .settlement = settlement, .stop = stop };
	const struct revoke_events events = { note_attempt, note_verified, note_settled, &sending };
	struct finding **findings = memory_allocate(claims->count * sizeof(*findings));

	sending.by_order = memory_allocate(claims->count * sizeof(*sending.by_order));
	sending.by_address = memory_allocate(claims->count * sizeof(*sending.by_address));
	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->items[i];

		if (claim->stage != stage || (stage == CLAIM_OPEN && !claim->ours))
			continue;
		if (stage == CLAIM_OPEN)
			claim->finding->revocation.state = REVOCATION_PENDING;
		findings[sending.count] = claim->finding;
		sending.by_order[sending.count] = sending.by_address[sending.count] = claim;
		sending.count++;
	}
	if (sending.count) {
		qsort(sending.by_address, sending.count, sizeof(*sending.by_address), compare_addresses);
		log_verbose(stage == CLAIM_OPEN ? "reporting %zu keys" : "verifying %zu keys that are settled", sending.count);
		revoker_send(revoker, findings, sending.count, &events, stop);
		claims_flush(settlement->claims);
	}
	free(findings);
	free(sending.by_order);
	free(sending.by_address);
}

/* ---- other runs ---- */

#define WAIT_POLL_MS 200
#define WAIT_SECONDS (LEDGER_LEASE_SECONDS + 15) /* without anything happening; a dead run's claims are free before that */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What other runs have claimed stays theirs: it is pending here. */
static void leave_to_others(struct settlement *settlement, const char *why)
{
	struct claims *claims = settlement->claims;

	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->items[i];

		if (claim->stage != CLAIM_OPEN)
			continue;
		claim->finding->revocation.state = REVOCATION_PENDING;
		free(claim->finding->revocation.message);
		claim->finding->revocation.message =
			memory_format("%s has claimed it%s", claim->owner ? claim->owner : "another run", why);
		claim->stage = CLAIM_SETTLED;
	}
	tell_settled(settlement);
}

/* Wait for other runs to settle what they have claimed, and send what they leave behind. */
static void wait_for_others(struct settlement *settlement, struct revoker *revoker, atomic_int *stop)
{
	const struct timespec pause = { 0, WAIT_POLL_MS * 1000000 };
	struct claims *claims = settlement->claims;
	int64_t until = now_ms() + WAIT_SECONDS * 1000;
	struct error error;
	bool changed;

	if (claims_count(claims, CLAIM_OPEN))
		log_verbose("waiting for another run, which has claimed %zu keys", claims_count(claims, CLAIM_OPEN));
	while (claims_count(claims, CLAIM_OPEN) && !*stop) {
		if (claims_take_over(claims, &changed, &error)) {
			log_error("%s", error.message);
			settle_rest(settlement, REVOCATION_PENDING, error.message);
			return;
		}
		if (changed) {
			tell_settled(settlement);
			send_claims(settlement, CLAIM_OPEN, revoker, stop);
			until = now_ms() + WAIT_SECONDS * 1000;
		} else if (now_ms() >= until) {
			break;
		}
		if (claims_count(claims, CLAIM_OPEN))
			nanosleep(&pause, NULL); /* a signal ends it early */
	}
	leave_to_others(settlement, *stop ? "" : " and has not settled it in time");
}

/* ---- deciding ---- */

/* Not sent in this run, whatever the ledger says. */
static void leave_pending(struct settlement *settlement, const char *message)
{
	struct claims *claims = settlement->claims;

	for (size_t i = 0; i < claims->count; i++) {
		if (claims->items[i].stage == CLAIM_OPEN) {
			claims->items[i].finding->revocation.state = REVOCATION_PENDING;
			set_message(claims->items[i].finding, message);
		}
	}
	claims_add_pending(claims);
	settle_rest(settlement, REVOCATION_PENDING, message);
}

static void send_all(struct settlement *settlement, const struct broker_options *options, atomic_int *stop)
{
	static const char what_to_do[] = "nothing was sent. --ledger names another, --no-ledger goes without";
	struct claims *claims = settlement->claims;
	int running = SETTLE_STOPPED_BY_LEDGER;
	struct revoker *revoker = NULL;
	struct error error;

	/* in this order: nothing is claimed that cannot be sent, and libcurl is loaded before there is a second thread */
	if (revoker_open(&revoker, &options->revoke, &error)) {
		log_error("%s", error.message);
		leave_pending(settlement, error.message);
		return;
	}
	if (claims_take(claims, &error)) {
		log_error("%s: %s", error.message, what_to_do);
		settle_rest(settlement, REVOCATION_PENDING, error.message);
	} else {
		tell_settled(settlement);
		send_claims(settlement, CLAIM_OPEN, revoker, stop);
		wait_for_others(settlement, revoker, stop);
	}
	revoker_close(revoker);
	if (atomic_compare_exchange_strong(stop, &running, 0) && !claims->failed) {
		log_error("the claims in the ledger could not be kept alive: the rest was not sent");
		settlement->unsettled = true;
	}
}

/* Ask about what other runs have settled, where that is wanted. Nothing is claimed any more. */
static void verify_earlier(struct settlement *settlement, const struct broker_options *options, atomic_int *stop)
{
	struct claims *claims = settlement->claims;
	bool ask = !settlement->result->dry_run && !*stop && !settlement->result->interrupted;
	struct revoker *revoker = NULL;
	struct error error;

	if (!claims_count(claims, CLAIM_TO_VERIFY))
		return;
	claims_end_sending(claims);
	if (ask && !revoker_open(&revoker, &options->revoke, &error)) {
		send_claims(settlement, CLAIM_TO_VERIFY, revoker, stop);
		revoker_close(revoker);
		return;
	}
	if (ask)
		log_error("%s", error.message);
	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->items[i];

		if (claim->stage == CLAIM_TO_VERIFY && ask) {
			claim->finding->revocation.verified = VERIFICATION_UNKNOWN;
			set_message(claim->finding, error.message);
		}
		claim->stage = CLAIM_SETTLED; /* as the ledger has it, where nobody is asked */
	}
	tell_settled(settlement);
}

/*
 * Keys that are too many to be sent at all, and so many that no repository has them: the ledger is not asked about them, nor told. A scan process that was taken
 * over can make up a million.
 */
#define UNBELIEVABLE_COUNT 100000

static bool is_unbelievable(size_t count, const struct broker_options *options)
{
	return count > UNBELIEVABLE_COUNT && count > options->max_revocations;
}

static void decide(struct settlement *settlement, const struct broker_options *options, atomic_int *stop)
{
	size_t count = claims_count(settlement->claims, CLAIM_OPEN);

	if (!count) {
		tell_settled(settlement);
	} else if (settlement->result->dry_run) {
		settle_rest(settlement, REVOCATION_DRY_RUN, NULL);
	} else if (*stop || settlement->result->interrupted) {
		leave_pending(settlement, "interrupted before it was sent");
	} else if (count > options->max_revocations) {
		char message[160];

		snprintf(message, sizeof(message),
			 "%zu keys would be sent, more than --max-revocations %lu allows: none was sent", count,
			 options->max_revocations);
		log_error("%s", message);
		if (is_unbelievable(count, options))
			settle_rest(settlement, REVOCATION_PENDING, message);
		else
			leave_pending(settlement, message);
	} else if (question_is_wanted(options) && !question_ask(settlement->result, settlement->claims)) {
		settlement->result->dry_run = true;
		settle_rest(settlement, REVOCATION_DRY_RUN, "not sent: the question was not answered with yes");
	} else {
		send_all(settlement, options, stop);
	}
}

/* What could be revoked by its own use alone, and no run has: say how. Returns how many of the claims are left to be sent. */
static size_t leave_own_keys(struct settlement *settlement, const struct broker_options *options)
{
	struct claims *claims = settlement->claims;

	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->items[i];

		if (claim->stage != CLAIM_OPEN || claim->may_send)
			continue;
		set_message(claim->finding, "not revoked: it would have to revoke itself, which needs --own-keys");
		settlement->unsettled |= is_wish(options);
		claim->stage = CLAIM_SETTLED;
	}
	return claims_count(claims, CLAIM_OPEN);
}

/* What other runs have settled needs neither a question nor a request. Returns whether the rest may be decided. */
static bool look_up(struct settlement *settlement, const struct broker_options *options)
{
	struct claims *claims = settlement->claims;
	bool sends = false, only_looks;
	struct error error;
	int result = 0;

	for (size_t i = 0; i < claims->count && !sends; i++)
		sends = claims->items[i].may_send;
	only_looks = settlement->result->dry_run || question_is_wanted(options) || !sends;
	if (claims->count && !is_unbelievable(claims->count, options))
		result = claims_look_up(claims, only_looks ? LEDGER_READ : LEDGER_CREATE, &error);
	sends = leave_own_keys(settlement, options) > 0;
	if (!result || (only_looks && result == ERROR_CONFIGURATION))
		return true; /* an older one is brought up to date by a run that sends */
	if (settlement->result->dry_run || !sends) {
		log_note("%s: what earlier runs have settled is not known", error.message);
		return true;
	}
	log_error("%s: nothing was sent. --ledger names another, --no-ledger goes without", error.message);
	settle_rest(settlement, REVOCATION_PENDING, error.message);
	return false;
}

void settle(struct settlement *settlement, const struct broker_options *options, atomic_int *stop)
{
	const struct report_result *result = settlement->result;
	struct claims claims;
	size_t alive = 0;

	claims_init(&claims, options, result, stop, SETTLE_STOPPED_BY_LEDGER);
	settlement->claims = &claims;
	for (size_t i = 0; i < result->finding_count; i++) {
		settlement->found |= result->findings[i]->confidence >= options->min_confidence;
		if (is_to_revoke(result->findings[i], options))
			claims_add(&claims, i, may_send(result->findings[i], options));
		else
			settlement->unsettled |= is_wish(options);
	}
	if (look_up(settlement, options))
		decide(settlement, options, stop);
	verify_earlier(settlement, options, stop);
	for (size_t i = 0; i < claims.count; i++) {
		const struct revocation *revocation = &claims.items[i].finding->revocation;

		settlement->unsettled |= is_unsettled(revocation);
		alive += revocation->verified == VERIFICATION_ALIVE;
	}
	if (alive)
		log_error("%zu of the keys that were reported still work: revoke them at their provider by hand", alive);
	settlement->unsettled |= claims.failed;
	claims_release(&claims);
	settlement->claims = NULL;
}
