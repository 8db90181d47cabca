#define _GNU_SOURCE
#include "broker/claims.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"

#include <stdlib.h>
#include <string.h>

void claims_init(struct claims *claims, const struct broker_options *options, const struct report_result *result,
		 atomic_int *stop, int stop_value)
{
	*claims = (struct claims){ .options = options, .result = result, .stop = stop, .stop_value = stop_value };
	claims->items = memory_allocate_zeroed(result->finding_count, sizeof(*claims->items));
}

static void key_release(struct ledger_key *key)
{
	for (size_t i = 0; i < key->source_count; i++)
		free((char *)key->sources[i].path);
	free((struct ledger_source *)key->sources);
	free((char *)key->secret);
	free((char *)key->places);
	*key = (struct ledger_key){ 0 };
}

void claims_release(struct claims *claims)
{
	ledger_close(claims->ledger);
	for (size_t i = 0; i < claims->count; i++) {
		key_release(&claims->items[i].key);
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

/* ---- keys ---- */

/* The absolute paths of all targets, without links and dots, so that a repository has one name. */
static void find_targets(struct claims *claims)
{
	const struct report_result *result = claims->result;

	claims->target_paths = memory_allocate_zeroed(result->target_count + 1, sizeof(*claims->target_paths));
	for (size_t i = 0; i < result->target_count; i++) {
		if (strcmp(result->targets[i].kind, "stdin") != 0)
			claims->target_paths[i] = path_resolve(result->targets[i].path);
	}
}

/*
 * A path as the ledger may hold it. One that holds a credential cannot be stored, and shortened it leads nowhere, so the
 * folder that can be named is stored in its place. Takes path over.
 */
static char *storable(const struct report_result *result, char *path)
{
	struct buffer masked = BUFFER_INIT;

	for (;;) {
		char *slash = strrchr(path, '/');

		buffer_clear(&masked);
		report_add_masked(&masked, result, path);
		if (strcmp(masked.bytes, path) == 0 || !slash || slash == path)
			break;
		*slash = '\0';
	}
	if (strcmp(masked.bytes, path) != 0)
		path[1] = '\0'; /* only "/" is left */
	buffer_release(&masked);
	return path;
}

/*
 * The path of a file without links and dots, so that it has one name, too: what is below a target is reached without links. The file
 * system is not asked about a path that the scan process told. The caller frees it; NULL when it is not known.
 */
static char *path_of_file(const struct claims *claims, const struct place *place)
{
	const char *target = claims->result->targets[place->target].path, *resolved = claims->target_paths[place->target];
	const char *below = place->path;
	size_t length = strcmp(target, ".") == 0 ? 0 : strlen(target);

	if (!resolved || !below || strncmp(below, target, length) != 0)
		return memory_copy_string(resolved);
	if (length && !below[length]) /* a name that holds a credential may be a link's, and not that of the file it leads to */
		return place->kind == PLACE_PATH ? path_resolve_folder(target) : memory_copy_string(resolved);
	if (length && target[length - 1] != '/' && below[length] != '/')
		return memory_copy_string(resolved);
	below += length;
	return memory_format("%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, below + strspn(below, "/"));
}

static struct ledger_source source_of(const struct claims *claims, const struct place *place)
{
	const struct target *target = &claims->result->targets[place->target];
	char *path = NULL;

	if (strcmp(target->kind, "stdin") == 0)
		return (struct ledger_source){ "stdin", NULL };
	if (strcmp(target->kind, "dir") == 0 || strcmp(target->kind, "file") == 0) {
		path = path_of_file(claims, place);
		return (struct ledger_source){ "file", path ? storable(claims->result, path) : NULL };
	}
	path = memory_copy_string(claims->target_paths[place->target]);
	return (struct ledger_source){ "git", path ? storable(claims->result, path) : NULL };
}

static bool same_source(const struct ledger_source *a, const struct ledger_source *b)
{
	return strcmp(a->kind, b->kind) == 0 && strcmp(a->path ? a->path : "", b->path ? b->path : "") == 0;
}

/* Where the finding stands, each file and repository once. */
static void find_sources(const struct claims *claims, const struct finding *finding, struct ledger_key *key)
{
	struct ledger_source *sources = memory_allocate_zeroed(finding->place_count + 1, sizeof(*sources));

	for (size_t i = 0; i < finding->place_count; i++) {
		struct ledger_source source = source_of(claims, &finding->places[i]);
		bool known = false;

		for (size_t j = 0; j < key->source_count && !known; j++)
			known = same_source(&sources[j], &source);
		if (known)
			free((char *)source.path);
		else
			sources[key->source_count++] = source;
	}
	key->sources = sources;
}

static void make_key(struct claims *claims, struct claim *claim)
{
	const struct finding *finding = claim->finding;
	struct ledger_key *key = &claim->key;
	struct buffer text = BUFFER_INIT;

	if (key->fingerprint)
		return;
	key->fingerprint = finding->fingerprint;
	key->rule = finding->rule->id;
	key->endpoint = revoke_endpoint_of(&claims->options->revoke, finding->rule);
	key->provider = finding->rule->provider;
	key->confidence = confidence_name(finding->confidence);
	report_shorten(&text, finding);
	key->secret = memory_copy_string(text.bytes);
	buffer_clear(&text);
	report_add_places(&text, claims->result, finding);
	key->places = memory_copy_string(text.bytes);
	key->places_total = finding->places_total;
	find_sources(claims, finding, key);
	buffer_release(&text);
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
		find_targets(claims);
	selection->count = 0;
	selection->claims = memory_allocate_zeroed(claims->count, sizeof(*selection->claims));
	selection->keys = memory_allocate_zeroed(claims->count, sizeof(*selection->keys));
	selection->statuses = memory_allocate_zeroed(claims->count, sizeof(*selection->statuses));
	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->items[i];

		if (claim->stage != CLAIM_OPEN || (selecting == SELECT_THEIRS && !claim->owner) ||
		    (selecting == SELECT_NOT_THEIRS && claim->owner))
			continue;
		make_key(claims, claim);
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
