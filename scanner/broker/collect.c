#define _GNU_SOURCE
#include "broker/collect.h"

#include "base/memory.h"
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

static size_t text_bytes(const char *text)
{
	return text ? strlen(text) : 0;
}

/* What a copy of place takes; texts are at most CHANNEL_TEXT_MAX each. */
static uint64_t place_bytes(const struct place *place)
{
	return sizeof(*place) + text_bytes(place->path) + text_bytes(place->archive_path) + text_bytes(place->encoding) +
	       text_bytes(place->author);
}

/* What a new finding takes, with the room for its first places and its secret's slot. */
#define FINDING_BYTES (sizeof(struct finding) + 8 * sizeof(struct place) + 256)

static bool is_full(const struct collection *collection)
{
	return collection->held_bytes >= COLLECT_BYTES_MAX;
}

/* Let go of the hits that still wait for a trace, each after it was told to settle (NULL: nobody is). */
static void release_untraced(struct collection *collection, void settle(struct collection *, struct untraced *))
{
	for (size_t i = 0; i < collection->untraced_count; i++) {
		struct untraced *untraced = &collection->untraced[i];

		if (settle)
			settle(collection, untraced);
		collection->held_bytes -= place_bytes(&untraced->place);
		place_release(&untraced->place);
	}
	collection->untraced_count = 0;
	collection->untraced_sorted = false;
}

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
	release_untraced(collection, NULL);
	free(collection->findings);
	free(collection->marked);
	free(collection->finding_of_key);
	free(collection->untraced);
	free(collection->targets);
	free(collection->incomplete);
	key_table_release(&collection->known);
	matcher_free(collection->matcher);
}

/* ---- what was not scanned ---- */

/* The words that a report may show: the scan process chooses among them, it does not make them up. */
static const char *const incomplete_words[] = {
	"missing-object",    "unreadable-object",     "unreadable-pack",       "unreadable-file",  "unreadable-folder",
	"unreadable-target", "unreadable-references", "unreadable-index",      "shallow-clone",    "trace-limit",
	"match-limit",       "not-found",             "unsupported-repository", "scan-process",    "too-many-hits",
	"unconfirmed-hit",   "no-longer-found",       "missing-lfs-object",     "missing-prerequisite",
	"archive-limit",     "archive-damaged",       "archive-encrypted",      "archive-unsupported",
};

static const char *known_word(const char *word)
{
	for (size_t i = 0; i < sizeof(incomplete_words) / sizeof(*incomplete_words); i++) {
		if (!strcmp(incomplete_words[i], word))
			return incomplete_words[i];
	}
	return NULL;
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_incomplete(const void *a, const void *b)
{
	const struct incomplete *x = a, *y = b;
	int order = (x->target > y->target) - (x->target < y->target);

	order = order ? order : strcmp(x->what, y->what);
	order = order ? order : strcmp(x->object, y->object);
	order = order ? order : compare_texts(x->path, y->path);
	return order ? order : compare_texts(x->detail, y->detail);
}

/* Put the entries in order and keep the first COLLECT_INCOMPLETE_MAX: the same ones, in whatever order they came. */
static void trim_incomplete(struct collection *collection)
{
	if (collection->incomplete_count)
		qsort(collection->incomplete, collection->incomplete_count, sizeof(*collection->incomplete),
		      compare_incomplete);
	while (collection->incomplete_count > COLLECT_INCOMPLETE_MAX) {
		collection->incomplete_count--;
		free(collection->incomplete[collection->incomplete_count].path);
		free(collection->incomplete[collection->incomplete_count].detail);
	}
}

static void add_incomplete(struct collection *collection, const char *what, const char *detail,
			   const struct place *place)
{
	struct incomplete *incomplete;

	collection->incomplete_total++;
	if (collection->incomplete_count >= 2 * COLLECT_INCOMPLETE_MAX)
		trim_incomplete(collection);
	memory_grow(collection->incomplete, collection->incomplete_count, collection->incomplete_capacity);
	incomplete = &collection->incomplete[collection->incomplete_count++];
	*incomplete = (struct incomplete){
		.target = place->target,
		.what = what,
		.path = memory_copy_string(place->path),
		.detail = memory_copy_string(detail),
	};
	strcpy(incomplete->object, place->object);
}

void collection_add_incomplete(struct collection *collection, const char *what, const char *detail)
{
	struct place nowhere = { .target = collection->target_count ? (uint32_t)collection->target_count - 1 : 0 };

	add_incomplete(collection, known_word(what), detail, &nowhere);
}

/* ---- places ---- */

/* Whether forms are fewer than others, or in their order before as many: the same ones are the plainest, in whatever order they come. */
static bool is_plainer(const char *encoding, const char *than)
{
	size_t forms = 0, others = 0;

	if (!encoding || !than)
		return !encoding && than;
	for (const char *at = encoding; *at; at++)
		forms += *at == ',';
	for (const char *at = than; *at; at++)
		others += *at == ',';
	return forms != others ? forms < others : strcmp(encoding, than) < 0;
}

/* The finding's own form is that of its plainest place, kept or not. */
static void note_encoding(struct finding *finding, const char *encoding)
{
	if (finding->places_total > 1 && !is_plainer(encoding, finding->encoding))
		return;
	free(finding->encoding);
	finding->encoding = memory_copy_string(encoding);
}

/* A name in a tree has no object of its own: the id by which its hit and its trace found each other was made up for that. */
static void forget_made_up_id(struct place *place)
{
	if (place->kind == PLACE_PATH && !place->archive_path) /* the name of a member is of the object that holds it */
		place->object[0] = '\0';
}

/* Put a copy of place among the finding's, which keep their order and their ceiling: the first one and the newest. */
static void add_place(struct collection *collection, struct finding *finding, const struct place *place)
{
	size_t low = 0, high = finding->place_count;

	if (place->allowed) {
		finding->has_allowed = true;
		return;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = place_compare(place, &finding->places[middle]);

		if (!order)
			return; /* told twice: a damaged object is read again from elsewhere */
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	finding->places_total++;
	note_encoding(finding, place->encoding);
	memory_grow(finding->places, finding->place_count, finding->place_capacity);
	memmove(finding->places + low + 1, finding->places + low, (finding->place_count - low) * sizeof(*finding->places));
	place_copy(&finding->places[low], place);
	collection->held_bytes += place_bytes(place);
	if (++finding->place_count > FINDING_PLACES_MAX) {
		collection->held_bytes -= place_bytes(&finding->places[1]);
		place_release(&finding->places[1]);
		finding->place_count--;
		memmove(finding->places + 1, finding->places + 2, (finding->place_count - 1) * sizeof(*finding->places));
	}
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
	struct untraced *untraced;
	long number;

	if (message->rule >= collection->rules->count)
		return error_set(error, ERROR_MALFORMED, "the scan process named a rule that does not exist");
	if (collection->finding_count >= COLLECT_FINDINGS_MAX || collection->untraced_count >= COLLECT_UNTRACED_MAX ||
	    is_full(collection)) {
		add_incomplete(collection, "too-many-hits", "more hits than a run can hold: this one was dropped",
			       &message->place);
		return 0;
	}
	number = find_or_add(collection, &collection->rules->rules[message->rule], message->secret, message->secret_size);
	if (number < 0) {
		add_incomplete(collection, "unconfirmed-hit",
			       "the scan process reported what the rule's pattern does not match: it was not sent",
			       &message->place);
		return 0;
	}
	if (!message->traced) {
		add_place(collection, collection->findings[number], &message->place);
		return note_key(collection, message->key, (size_t)number, error);
	}
	memory_grow(collection->untraced, collection->untraced_count, collection->untraced_capacity);
	untraced = &collection->untraced[collection->untraced_count++];
	memset(untraced, 0, sizeof(*untraced));
	strcpy(untraced->object, message->place.object);
	untraced->finding = (size_t)number;
	place_copy(&untraced->place, &message->place);
	collection->held_bytes += place_bytes(&message->place);
	collection->untraced_sorted = false;
	return note_key(collection, message->key, (size_t)number, error);
}

long collection_add_credential(struct collection *collection, const void *bytes, size_t size, const struct place *place)
{
	for (size_t i = 0; i < collection->rules->count; i++) {
		const struct rule *rule = &collection->rules->rules[i];
		long number = rule->enabled ? find_or_add(collection, rule, bytes, size) : -1;

		if (number >= 0) {
			add_place(collection, collection->findings[number], place);
			return number;
		}
	}
	return -1;
}

/* ---- the trace ---- */

static int compare_untraced(const void *a, const void *b)
{
	return strcmp(((const struct untraced *)a)->object, ((const struct untraced *)b)->object);
}

/* Every hit in this object stands at the traced place, at its own line and column. */
static int take_trace(struct collection *collection, const struct channel_message *message)
{
	struct untraced wanted = { 0 }, *at;

	if (!collection->untraced_count)
		return 0;
	if (!collection->untraced_sorted) {
		qsort(collection->untraced, collection->untraced_count, sizeof(*collection->untraced), compare_untraced);
		collection->untraced_sorted = true;
	}
	strcpy(wanted.object, message->place.object);
	at = bsearch(&wanted, collection->untraced, collection->untraced_count, sizeof(wanted), compare_untraced);
	while (at && at > collection->untraced && !compare_untraced(at - 1, &wanted))
		at--;
	for (; at && at < collection->untraced + collection->untraced_count && !compare_untraced(at, &wanted); at++) {
		struct place place = message->place;

		if (is_full(collection)) {
			add_incomplete(collection, "too-many-hits", "more places than a run can hold: this one was dropped",
				       &message->place);
			break;
		}
		place.line = at->place.line;
		place.column = at->place.column;
		place.offset = at->place.offset;
		place.archive_path = at->place.archive_path;
		if (at->place.kind == PLACE_PATH) /* the name of a member */
			place.kind = PLACE_PATH;
		place.encoding = at->place.encoding;
		place.allowed |= at->place.allowed; /* by a mark on the line, or as a credential */
		forget_made_up_id(&place);
		at->traced = true;
		add_place(collection, collection->findings[at->finding], &place);
	}
	return 0;
}

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
	if (message->text && !finding->refs && !is_full(collection)) {
		finding->refs = memory_copy_string(message->text);
		collection->held_bytes += strlen(message->text);
	}
	finding->refs_total += message->refs_total;
	finding->commits_total += message->commits_total;
	finding->at_head |= message->at_head;
	return 0;
}

static void settle_one(struct collection *collection, struct untraced *untraced)
{
	forget_made_up_id(&untraced->place);
	if (!untraced->traced)
		add_place(collection, collection->findings[untraced->finding], &untraced->place);
}

/* The current target is walked: what no trace told of stands in its object alone. */
static void settle_untraced(struct collection *collection)
{
	release_untraced(collection, settle_one);
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
	settle_untraced(collection);
	memory_grow(collection->targets, collection->target_count, collection->target_capacity);
	target = &collection->targets[collection->target_count++];
	*target = (struct target){ .kind = kinds[kind], .path = memory_copy_string(message->text) };
	return 0;
}

static int take_incomplete(struct collection *collection, const struct channel_message *message, struct error *error)
{
	const char *what = known_word(message->kind_word);

	if (!what)
		return error_set(error, ERROR_MALFORMED, "the scan process left something out for no known reason");
	if (!strcmp(what, "not-found"))
		collection->nothing_found_there = true;
	add_incomplete(collection, what, message->text, &message->place);
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
		return take_trace(collection, message);
	case CHANNEL_LIFE:
		return take_life(collection, message, error);
	case CHANNEL_INCOMPLETE:
		return take_incomplete(collection, message, error);
	case CHANNEL_TARGET_END:
		target->commits = message->commits;
		target->objects = message->objects;
		target->bytes = message->bytes;
		settle_untraced(collection);
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
	settle_untraced(collection);
	for (size_t i = 0; i < collection->finding_count; i++)
		sight_from_places(collection->findings[i]);
	if (collection->finding_count)
		qsort(collection->findings, collection->finding_count, sizeof(*collection->findings), compare_findings);
	trim_incomplete(collection);
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
