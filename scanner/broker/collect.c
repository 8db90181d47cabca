#define _GNU_SOURCE
#include "broker/collect.h"

#include "base/memory.h"
#include "broker/collected_places.h"
#include "broker/incomplete.h"
#include "broker/untraced.h"
#include "match/match.h"
#include "rule/rule.h"

#include <stdlib.h>
#include <string.h>

void collection_init(struct collection *collection, const struct rule_set *rules, const struct match_program *program)
{
	memset(collection, 0, sizeof(*collection));
	collection->rules = rules;
	collection->matcher = matcher_new(program);
}

void finding_free(struct finding *finding)
{
	for (size_t i = 0; i < finding->place_count; i++)
		place_release(&finding->places[i]);
	secret_free(finding->secret);
	free(finding->places);
	free(finding->encoding);
	free(finding->refs);
	free(finding->revocation.message);
	free(finding);
}

/* What a new finding takes, with the room for its first places and its secret's slot. */
#define FINDING_BYTES (sizeof(struct finding) + 8 * sizeof(struct place) + 256)

void collection_release(struct collection *collection)
{
	for (size_t i = 0; i < collection->finding_count; i++)
		finding_free(collection->findings[i]);
	for (size_t i = 0; i < collection->incomplete_count; i++) {
		free(collection->incomplete[i].path);
		free(collection->incomplete[i].detail);
	}
	for (size_t i = 0; i < collection->target_count; i++)
		free(collection->targets[i].path);
	untraced_release(collection);
	free(collection->findings);
	free(collection->marked);
	free(collection->finding_of_key);
	free(collection->targets);
	free(collection->incomplete);
	key_table_release(&collection->known);
	matcher_free(collection->matcher);
}

/* ---- hits ---- */

/* The finding of this credential, new or known. Returns its index, or -1 when it is no credential of the rule. */
static long find_or_add(struct collection *collection, const struct rule *rule, const void *bytes, size_t size)
{
	enum confidence confidence;
	struct finding *finding;
	uint32_t number;
	bool is_new;

	if (!matcher_confirm(collection->matcher, rule, bytes, size, &confidence))
		return -1;
	finding = memory_allocate_zeroed(1, sizeof(*finding));
	finding->secret = secret_new(bytes, size);
	finding->rule = rule;
	finding->confidence = confidence;
	secret_fingerprint(finding->secret, finding->fingerprint);
	number = key_table_add(&collection->known, rule->index, finding->fingerprint, &is_new);
	if (is_new) {
		memory_grow(collection->findings, collection->finding_count, collection->finding_capacity);
		collection->findings[collection->finding_count++] = finding;
		collection->held_bytes += FINDING_BYTES;
	} else {
		finding_free(finding);
	}
	return (long)number;
}

/* Remember which finding the scan process's key number means. */
static int note_key(struct collection *collection, uint32_t key, size_t finding, struct error *error)
{
	/* numbers are given one after the other, so one far beyond the count of hits was made up */
	if (key >= COLLECT_FINDINGS_MAX + 1u)
		return error_set(error, ERROR_MALFORMED, "the scan process numbered a key %u", (unsigned)key);
	if (key >= collection->key_capacity) {
		size_t capacity = (size_t)key + key / 2 + 64;

		collection->finding_of_key =
			memory_resize(collection->finding_of_key, capacity, sizeof(*collection->finding_of_key));
		memset(collection->finding_of_key + collection->key_capacity, 0,
		       (capacity - collection->key_capacity) * sizeof(*collection->finding_of_key));
		collection->key_capacity = capacity;
	}
	collection->finding_of_key[key] = (uint32_t)finding + 1;
	return 0;
}

static int take_hit(struct collection *collection, const struct channel_message *message, struct error *error)
{
	long number;

	if (message->rule >= collection->rules->count)
		return error_set(error, ERROR_MALFORMED, "the scan process named a rule that does not exist");
	if (collection->finding_count >= COLLECT_FINDINGS_MAX || collection->untraced_count >= COLLECT_UNTRACED_MAX ||
	    collection_is_full(collection)) {
		incomplete_add(collection, "too-many-hits", "more hits than a run can hold: this one was dropped",
			       &message->place);
		return 0;
	}
	number = find_or_add(collection, &collection->rules->rules[message->rule], message->secret, message->secret_size);
	if (number < 0) {
		incomplete_add(collection, "unconfirmed-hit",
			       "the scan process reported what the rule's pattern does not match: it was not sent",
			       &message->place);
		return 0;
	}
	if (!message->traced) {
		collection_add_place(collection, collection->findings[number], &message->place);
		return note_key(collection, message->key, (size_t)number, error);
	}
	untraced_add(collection, (size_t)number, &message->place);
	return note_key(collection, message->key, (size_t)number, error);
}

long collection_add_credential(struct collection *collection, const void *bytes, size_t size, const struct place *place)
{
	for (size_t i = 0; i < collection->rules->count; i++) {
		const struct rule *rule = &collection->rules->rules[i];
		long number = rule->enabled ? find_or_add(collection, rule, bytes, size) : -1;

		if (number >= 0) {
			collection_add_place(collection, collection->findings[number], place);
			return number;
		}
	}
	return -1;
}

/* ---- lives ---- */

static int earlier(const struct sighting *a, const struct sighting *b)
{
	return a->date != b->date ? a->date < b->date : strcmp(a->commit, b->commit) < 0;
}

static int take_life(struct collection *collection, const struct channel_message *message, struct error *error)
{
	struct finding *finding;

	if (!message->first_seen.commit[0] || !message->last_seen.commit[0])
		return error_set(error, ERROR_MALFORMED, "the scan process told the life of a key that no commit holds");
	if (message->key >= collection->key_capacity || !collection->finding_of_key[message->key])
		return 0; /* its hits were not confirmed, or dropped */
	finding = collection->findings[collection->finding_of_key[message->key] - 1];
	if (!finding->first_seen.commit[0] || earlier(&message->first_seen, &finding->first_seen))
		finding->first_seen = message->first_seen;
	if (!finding->last_seen.commit[0] || earlier(&finding->last_seen, &message->last_seen))
		finding->last_seen = message->last_seen;
	if (message->removed.commit[0] &&
	    (!finding->removed.commit[0] || earlier(&finding->removed, &message->removed)))
		finding->removed = message->removed;
	if (message->text && !finding->refs && !collection_is_full(collection)) {
		finding->refs = memory_copy_string(message->text);
		collection->held_bytes += strlen(message->text);
	}
	finding->refs_total += message->refs_total;
	finding->commits_total += message->commits_total;
	finding->at_head |= message->at_head;
	return 0;
}

/* ---- messages ---- */

static int take_target(struct collection *collection, const struct channel_message *message, struct error *error)
{
	static const char *const kinds[] = { "git", "staged", "range", "dir", "stdin" };
	struct target *target;
	size_t kind = 0;

	while (kind < sizeof(kinds) / sizeof(*kinds) && strcmp(kinds[kind], message->kind_word) != 0)
		kind++;
	if (kind == sizeof(kinds) / sizeof(*kinds))
		return error_set(error, ERROR_MALFORMED, "the scan process began a target of no known kind");
	if (collection->target_count >= collection->target_limit)
		return error_set(error, ERROR_MALFORMED, "the scan process began a target that was not asked for");
	untraced_settle(collection);
	memory_grow(collection->targets, collection->target_count, collection->target_capacity);
	target = &collection->targets[collection->target_count++];
	*target = (struct target){ .kind = kinds[kind], .path = memory_copy_string(message->text) };
	return 0;
}

static int take_incomplete(struct collection *collection, const struct channel_message *message, struct error *error)
{
	const char *what = incomplete_word(message->kind_word);

	if (!what)
		return error_set(error, ERROR_MALFORMED, "the scan process left something out for no known reason");
	if (!strcmp(what, "not-found"))
		collection->nothing_found_there = true;
	incomplete_add(collection, what, message->text, &message->place);
	return 0;
}

int collection_take(struct collection *collection, const struct channel_message *message, struct error *error)
{
	struct target *target = collection->target_count ? &collection->targets[collection->target_count - 1] : NULL;

	if ((message->type == CHANNEL_HELLO) == collection->said_hello || collection->ended)
		return error_set(error, ERROR_MALFORMED, "the scan process sent a message out of turn");
	if (!target && message->type != CHANNEL_HELLO && message->type != CHANNEL_TARGET && message->type != CHANNEL_END)
		return error_set(error, ERROR_MALFORMED, "the scan process sent a hit of no target");
	if (target && message->place.target >= collection->target_count)
		return error_set(error, ERROR_MALFORMED, "the scan process sent a place in no target");
	switch (message->type) {
	case CHANNEL_HELLO:
		collection->said_hello = true;
		if (message->version != CHANNEL_VERSION)
			return error_set(error, ERROR_MALFORMED, "the scan process speaks another version");
		return 0;
	case CHANNEL_TARGET:
		return take_target(collection, message, error);
	case CHANNEL_HIT:
		return take_hit(collection, message, error);
	case CHANNEL_TRACE:
		return untraced_take_trace(collection, message);
	case CHANNEL_LIFE:
		return take_life(collection, message, error);
	case CHANNEL_INCOMPLETE:
		return take_incomplete(collection, message, error);
	case CHANNEL_TARGET_END:
		target->commits = message->commits;
		target->objects = message->objects;
		target->bytes = message->bytes;
		untraced_settle(collection);
		return 0;
	case CHANNEL_END:
		collection->ended = true;
		collection->interrupted = message->interrupted;
		return 0;
	}
	return error_set(error, ERROR_MALFORMED, "the scan process sent a message of no known type");
}

/* ---- the end ---- */

static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	int order = 0;

	if (x->confidence != y->confidence)
		return x->confidence > y->confidence ? -1 : 1;
	if (x->place_count && y->place_count)
		order = place_compare(&x->places[0], &y->places[0]);
	return order ? order : strcmp(x->fingerprint, y->fingerprint);
}

/* Without a trace (files, ranges) the first and last dated places say when it was seen. */
static void sight_from_places(struct finding *finding)
{
	const struct place *first = NULL, *last = NULL;

	for (size_t i = 0; i < finding->place_count; i++) {
		if (!finding->places[i].commit[0])
			continue;
		first = first ? first : &finding->places[i];
		last = &finding->places[i];
	}
	if (finding->first_seen.commit[0] || !first)
		return;
	memcpy(finding->first_seen.commit, first->commit, sizeof(first->commit));
	memcpy(finding->last_seen.commit, last->commit, sizeof(last->commit));
	finding->first_seen.date = first->date;
	finding->last_seen.date = last->date;
}

void collection_finish(struct collection *collection)
{
	untraced_settle(collection);
	for (size_t i = 0; i < collection->finding_count; i++)
		sight_from_places(collection->findings[i]);
	if (collection->finding_count)
		qsort(collection->findings, collection->finding_count, sizeof(*collection->findings), compare_findings);
	incomplete_trim(collection);
}

bool collection_mark(struct collection *collection, const char *rule_id, const char *fingerprint)
{
	bool found = false;

	if (!collection->marked)
		collection->marked = memory_allocate_zeroed(collection->finding_count + 1, sizeof(*collection->marked));
	for (size_t i = 0; i < collection->finding_count && !found; i++) {
		const struct finding *finding = collection->findings[i];

		found = strcmp(finding->fingerprint, fingerprint) == 0 && strcmp(finding->rule->id, rule_id) == 0;
		collection->marked[i] |= found;
	}
	return found;
}

void collection_keep_marked(struct collection *collection)
{
	size_t kept = 0;

	for (size_t i = 0; i < collection->finding_count; i++) {
		if (collection->marked && collection->marked[i])
			collection->findings[kept++] = collection->findings[i];
		else
			finding_free(collection->findings[i]);
	}
	collection->finding_count = kept;
	free(collection->marked);
	collection->marked = NULL;
}
