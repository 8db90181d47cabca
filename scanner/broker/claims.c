#define _GNU_SOURCE
#include "broker/claims.h"

#include "base/log.h"
#include "base/memory.h"
#include "broker/claim_key.h"

#include <stdlib.h>

void claims_init(struct claims *claims, const struct broker_options *options, const struct report_result *result,
		 atomic_int *stop, int stop_value)
{
	*claims = (struct claims){ .options = options, .result = result, .stop = stop, .stop_value = stop_value };
	claims->items = memory_allocate_zeroed(result->finding_count, sizeof(*claims->items));
}

void claims_release(struct claims *claims)
{
	ledger_close(claims->ledger);
	for (size_t i = 0; i < claims->count; i++) {
		claim_release_key(&claims->items[i].key);
		free(claims->items[i].owner);
	}
	for (size_t i = 0; claims->target_paths && i < claims->result->target_count; i++)
		free(claims->target_paths[i]);
	free(claims->target_paths);
	free(claims->items);
}

void claims_add(struct claims *claims, size_t number, bool may_send)
{
	claims->items[claims->count++] =
		(struct claim){ .finding = claims->result->findings[number], .number = number, .may_send = may_send };
}

size_t claims_count(const struct claims *claims, enum claim_stage stage)
{
	size_t count = 0;

	for (size_t i = 0; i < claims->count; i++)
		count += claims->items[i].stage == stage;
	return count;
}

/* ---- asking the ledger ---- */

/* The keys and statuses of some of the claims: what calls of the ledger take. */
struct selection {
	struct claim **claims;
	struct ledger_key *keys;
	struct ledger_status *statuses;
	size_t count;
};

/* Of those that are open: all, those that another run has claimed, or the others, as far as is known. */
enum selecting { SELECT_OPEN, SELECT_THEIRS, SELECT_NOT_THEIRS };

static void selection_init(struct selection *selection, struct claims *claims, enum selecting selecting)
{
	if (!claims->target_paths)
		claims_find_targets(claims);
	selection->count = 0;
	selection->claims = memory_allocate_zeroed(claims->count, sizeof(*selection->claims));
	selection->keys = memory_allocate_zeroed(claims->count, sizeof(*selection->keys));
	selection->statuses = memory_allocate_zeroed(claims->count, sizeof(*selection->statuses));
	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->items[i];

		if (claim->stage != CLAIM_OPEN || (selecting == SELECT_THEIRS && !claim->owner) ||
		    (selecting == SELECT_NOT_THEIRS && claim->owner))
			continue;
		claim_make_key(claims, claim);
		selection->keys[selection->count] = claim->key;
		selection->claims[selection->count++] = claim;
	}
}

static void selection_release(struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++)
		ledger_status_release(&selection->statuses[i]);
	free(selection->claims);
	free(selection->keys);
	free(selection->statuses);
}

/*
 * The finding has what another run made of it. The message is taken over. That a key was seen to be alive or dead after its report
 * holds until somebody looks again; that a run could not find out is no knowledge, and its own business.
 */
static void settle_earlier(struct claim *claim, struct ledger_status *status, bool verify)
{
	struct revocation *revocation = &claim->finding->revocation;
	bool reported = status->state == REVOCATION_ACCEPTED || status->state == REVOCATION_GONE;
	bool seen = status->verified == VERIFICATION_DEAD || status->verified == VERIFICATION_ALIVE;

	free(revocation->message);
	*revocation = (struct revocation){ .state = status->state,
					   .http_status = status->http_status,
					   .attempts = status->attempts,
					   .has_time = true,
					   .at = status->at,
					   .earlier = true,
					   .message = status->message };
	status->message = NULL;
	if (seen && reported) {
		revocation->verified = status->verified;
		free(revocation->message);
		revocation->message = memory_copy_string("as an earlier run saw");
	}
	claim->stage = verify && reported && claim->finding->rule->verify.url ? CLAIM_TO_VERIFY : CLAIM_SETTLED;
}

/* Act upon how things stand. Returns whether anything is other than it was. */
static bool note_standings(struct selection *selection, bool settle, bool verify)
{
	bool changed = false;

	for (size_t i = 0; i < selection->count; i++) {
		struct ledger_status *status = &selection->statuses[i];
		struct claim *claim = selection->claims[i];

		changed |= status->standing != LEDGER_THEIRS;
		free(claim->owner);
		claim->owner = status->owner;
		status->owner = NULL;
		claim->ours = status->standing == LEDGER_OURS;
		if (status->standing == LEDGER_SETTLED && (settle || !claim->may_send))
			settle_earlier(claim, status, verify);
	}
	return changed;
}

static int open_for(struct claims *claims, enum ledger_mode mode, struct error *error)
{
	if (claims->ledger && claims->mode >= mode)
		return 0;
	ledger_close(claims->ledger);
	claims->ledger = NULL;
	claims->mode = mode;
	return ledger_open(&claims->ledger, claims->options->ledger_uri, mode, claims->result->version, error);
}

int claims_look_up(struct claims *claims, enum ledger_mode mode, struct error *error)
{
	struct selection selection;
	int result;

	if (claims->options->no_ledger)
		return 0;
	result = open_for(claims, mode, error);
	if (result == ERROR_NOT_FOUND)
		return 0; /* nothing was ever sent */
	if (result)
		return result;
	selection_init(&selection, claims, SELECT_OPEN);
	result = ledger_look_up(claims->ledger, selection.keys, selection.count, selection.statuses, error);
	if (!result)
		note_standings(&selection, !claims->options->resend, claims->options->revoke.verify);
	selection_release(&selection);
	return result;
}

/* Once there is something of ours, keep it alive. */
static int keep_ours(struct claims *claims, struct error *error)
{
	bool ours = false;

	for (size_t i = 0; i < claims->count && !ours; i++)
		ours = claims->items[i].ours;
	if (!ours || claims->kept)
		return 0;
	claims->kept = true;
	return ledger_keep_alive(claims->ledger, claims->stop, claims->stop_value, error);
}

int claims_take(struct claims *claims, struct error *error)
{
	struct selection selection;
	int result;

	if (claims->options->no_ledger) {
		for (size_t i = 0; i < claims->count; i++)
			claims->items[i].ours = true;
		return 0;
	}
	if (open_for(claims, LEDGER_CREATE, error))
		return error->code;
	/* those that have claims need the ledger more: what is theirs is not asked for again */
	selection_init(&selection, claims, SELECT_NOT_THEIRS);
	result = selection.count ? ledger_claim(claims->ledger, selection.keys, selection.count, claims->options->resend,
						selection.statuses, error) :
				   0;
	if (!result)
		note_standings(&selection, true, claims->options->revoke.verify);
	selection_release(&selection);
	return result ? result : keep_ours(claims, error);
}

int claims_take_over(struct claims *claims, bool *changed, struct error *error)
{
	struct selection selection;
	bool free_ones = false;
	int result;

	/* a look first, which disturbs nobody: those that are at it have to write */
	selection_init(&selection, claims, SELECT_THEIRS);
	result = ledger_look_up(claims->ledger, selection.keys, selection.count, selection.statuses, error);
	for (size_t i = 0; i < selection.count && !result; i++)
		free_ones |= selection.statuses[i].standing == LEDGER_FREE;
	if (!result && free_ones) {
		for (size_t i = 0; i < selection.count; i++)
			ledger_status_release(&selection.statuses[i]);
		/* what others have settled meanwhile was sent in this run's time: that counts for --resend too */
		result = ledger_claim(claims->ledger, selection.keys, selection.count, false, selection.statuses, error);
	}
	*changed = !result && note_standings(&selection, true, claims->options->revoke.verify);
	selection_release(&selection);
	return result ? result : keep_ours(claims, error);
}

/* ---- telling it ---- */

static void fail(struct claims *claims, const struct error *error, const char *what)
{
	if (!claims->failed)
		log_error("%s: it does not hold %s", error->message, what);
	claims->failed = true;
}

static const char not_sent[] = "what was sent in this run, so the next run may send it again";

void claims_attempted(struct claims *claims, struct claim *claim, const struct revocation_attempt *attempt)
{
	struct error error;

	if (!claims->ledger)
		return;
	if (ledger_add_attempt(claims->ledger, &claim->key, attempt, &error))
		fail(claims, &error, not_sent);
	else if (attempt->state != REVOCATION_PENDING)
		claim->ours = false;
}

void claims_verified(struct claims *claims, struct claim *claim)
{
	const struct revocation *revocation = &claim->finding->revocation;
	struct error error;

	if (!claims->ledger)
		return;
	if (open_for(claims, LEDGER_UPGRADE, &error) ||
	    ledger_add_verification(claims->ledger, &claim->key, revocation->verified, revocation->message, &error))
		fail(claims, &error, "whether the keys are dead");
}

void claims_end_sending(struct claims *claims)
{
	struct error ignored;

	if (claims->ledger)
		ledger_keep_alive(claims->ledger, NULL, 0, &ignored);
}

void claims_flush(struct claims *claims)
{
	struct error error;

	if (claims->ledger && ledger_flush(claims->ledger, &error))
		fail(claims, &error, not_sent);
}

void claims_give_up(struct claims *claims, struct claim *claim)
{
	struct error error;

	if (!claims->ledger || !claim->ours || claim->finding->revocation.state != REVOCATION_PENDING)
		return;
	claim->ours = false;
	/* if it fails, the claim ends with this run, and the next one takes it over */
	if (ledger_give_back(claims->ledger, &claim->key, claim->finding->revocation.message, &error))
		log_verbose("%s", error.message);
}

void claims_add_pending(struct claims *claims)
{
	struct selection selection;
	struct error error;

	if (claims->options->no_ledger)
		return;
	if (open_for(claims, LEDGER_CREATE, &error)) {
		log_error("%s: it does not hold what is pending", error.message);
		return;
	}
	selection_init(&selection, claims, SELECT_OPEN);
	if (ledger_add_pending(claims->ledger, selection.keys, selection.count,
			       selection.count ? selection.claims[0]->finding->revocation.message : NULL, &error))
		log_error("%s: it does not hold what is pending", error.message);
	selection_release(&selection);
}
