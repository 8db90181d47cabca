#define _GNU_SOURCE
#include "broker/sending.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

void settlement_set_message(struct finding *finding, const char *message)
{
	free(finding->revocation.message);
	finding->revocation.message = memory_copy_string(message);
}

void settlement_tell(struct settlement *settlement)
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

void settlement_rest(struct settlement *settlement, enum revocation_state state, const char *message)
{
	struct claims *claims = settlement->claims;

	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->items[i];

		if (claim->stage != CLAIM_OPEN)
			continue;
		claim->finding->revocation.state = state;
		settlement_set_message(claim->finding, message);
		claims_give_up(claims, claim);
		claim->stage = CLAIM_SETTLED;
	}
	settlement_tell(settlement);
}

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
		settlement_set_message(finding, "not sent: the ledger cannot record it any more");
	claims_give_up(sending->settlement->claims, claim);
	claim->stage = CLAIM_SETTLED;
	settlement_tell(sending->settlement);
}

void settlement_send(struct settlement *settlement, enum claim_stage stage, struct revoker *revoker, atomic_int *stop)
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
	settlement_tell(settlement);
}

void settlement_wait_for_others(struct settlement *settlement, struct revoker *revoker, atomic_int *stop)
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
			settlement_rest(settlement, REVOCATION_PENDING, error.message);
			return;
		}
		if (changed) {
			settlement_tell(settlement);
			settlement_send(settlement, CLAIM_OPEN, revoker, stop);
			until = now_ms() + WAIT_SECONDS * 1000;
		} else if (now_ms() >= until) {
			break;
		}
		if (claims_count(claims, CLAIM_OPEN))
			nanosleep(&pause, NULL); /* a signal ends it early */
	}
	leave_to_others(settlement, *stop ? "" : " and has not settled it in time");
}
