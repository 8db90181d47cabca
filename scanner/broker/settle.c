#define _GNU_SOURCE
#include "broker/settle.h"

#include "base/log.h"
#include "broker/claims.h"
#include "broker/question.h"
#include "broker/sending.h"

#include <stdatomic.h>
#include <stdio.h>

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

/* Not sent in this run, whatever the ledger says. */
static void leave_pending(struct settlement *settlement, const char *message)
{
	struct claims *claims = settlement->claims;

	for (size_t i = 0; i < claims->count; i++) {
		if (claims->items[i].stage == CLAIM_OPEN) {
			claims->items[i].finding->revocation.state = REVOCATION_PENDING;
			settlement_set_message(claims->items[i].finding, message);
		}
	}
	claims_add_pending(claims);
	settlement_rest(settlement, REVOCATION_PENDING, message);
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
		settlement_rest(settlement, REVOCATION_PENDING, error.message);
	} else {
		settlement_tell(settlement);
		settlement_send(settlement, CLAIM_OPEN, revoker, stop);
		settlement_wait_for_others(settlement, revoker, stop);
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
		settlement_send(settlement, CLAIM_TO_VERIFY, revoker, stop);
		revoker_close(revoker);
		return;
	}
	if (ask)
		log_error("%s", error.message);
	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->items[i];

		if (claim->stage == CLAIM_TO_VERIFY && ask) {
			claim->finding->revocation.verified = VERIFICATION_UNKNOWN;
			settlement_set_message(claim->finding, error.message);
		}
		claim->stage = CLAIM_SETTLED; /* as the ledger has it, where nobody is asked */
	}
	settlement_tell(settlement);
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
		settlement_tell(settlement);
	} else if (settlement->result->dry_run) {
		if (count > options->max_revocations)
			log_note("%zu keys are more than --max-revocations %lu allows: a run that sends would send none of them", count,
				 options->max_revocations);
		settlement_rest(settlement, REVOCATION_DRY_RUN, NULL);
	} else if (*stop || settlement->result->interrupted) {
		leave_pending(settlement, "interrupted before it was sent");
	} else if (count > options->max_revocations) {
		char message[160];

		snprintf(message, sizeof(message),
			 "%zu keys would be sent, more than --max-revocations %lu allows: none was sent", count,
			 options->max_revocations);
		log_error("%s", message);
		if (is_unbelievable(count, options))
			settlement_rest(settlement, REVOCATION_PENDING, message);
		else
			leave_pending(settlement, message);
	} else if (question_is_wanted(options) && !question_ask(settlement->result, settlement->claims)) {
		settlement->result->dry_run = true;
		settlement_rest(settlement, REVOCATION_DRY_RUN, "not sent: the question was not answered with yes");
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
		settlement_set_message(claim->finding, "not revoked: it would have to revoke itself, which needs --own-keys");
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
	settlement_rest(settlement, REVOCATION_PENDING, error.message);
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
