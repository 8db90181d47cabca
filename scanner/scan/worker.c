#define _GNU_SOURCE
#include "scan/worker.h"

#include "base/memory.h"
#include "rule/rule.h"

#include <stdlib.h>
#include <string.h>

/* Go on with the content of a level. */
static void level_enter(struct scan_worker *worker, unsigned number)
{
	while (worker->level_count <= number) {
		memory_grow(worker->levels, worker->level_count, worker->level_capacity);
		worker->levels[worker->level_count++] = (struct scan_level){ 0 };
	}
	worker->level = &worker->levels[number];
	if (!worker->level->matcher)
		worker->level->matcher = matcher_new(worker->program);
}

void scan_worker_init(struct scan_worker *worker, struct scan_shared *shared, const struct match_program *program)
{
	memset(worker, 0, sizeof(*worker));
	worker->shared = shared;
	worker->program = program;
	level_enter(worker, 0);
}

unsigned scan_shared_key_count(struct scan_shared *shared)
{
	unsigned count;

	pthread_mutex_lock(&shared->lock);
	count = (unsigned)shared->keys.count;
	pthread_mutex_unlock(&shared->lock);
	return count;
}

static void forget_waiting(struct scan_worker *worker)
{
	for (size_t i = 0; i < worker->waiting_count; i++) {
		secret_free(worker->waiting[i].secret);
		place_release(&worker->waiting[i].place);
	}
	worker->waiting_count = worker->old_count = 0;
}

/* Let go of the wrapped hits behind the first so many. */
static void drop_wrapped(struct scan_worker *worker, size_t kept)
{
	for (; worker->wrapped_count > kept; worker->wrapped_count--) {
		secret_free(worker->wrapped[worker->wrapped_count - 1].hit.secret);
		place_release(&worker->wrapped[worker->wrapped_count - 1].hit.place);
	}
}

void scan_worker_release(struct scan_worker *worker)
{
	forget_waiting(worker);
	drop_wrapped(worker, 0);
	for (size_t i = 0; i < worker->level_count; i++)
		matcher_free(worker->levels[i].matcher);
	free(worker->levels);
	free(worker->wrapped);
	free(worker->inside_keys);
	free(worker->waiting);
	free(worker->old_keys);
}

/* ---- lines ---- */

/* Sixteen bytes at once, which both compilers know how to compare on all processors. */
typedef unsigned char byte_group __attribute__((vector_size(16)));

/* Whole content in windows is counted through even where nothing is found, and memchr() stops at each line. */
static uint64_t count_newlines(const char *bytes, size_t size)
{
	const byte_group newlines = (byte_group){ 0 } + (unsigned char)'\n';
	uint64_t count = 0;

	while (size >= sizeof(byte_group)) {
		size_t groups = size / sizeof(byte_group) < UINT8_MAX ? size / sizeof(byte_group) : UINT8_MAX;
		byte_group counts = { 0 }, group;

		for (size_t i = 0; i < groups; i++, bytes += sizeof(group)) {
			memcpy(&group, bytes, sizeof(group));
			counts -= (byte_group)(group == newlines); /* true is -1 */
		}
		for (size_t i = 0; i < sizeof(counts); i++)
			count += counts[i];
		size -= groups * sizeof(group);
	}
	while (size)
		count += bytes[--size] == '\n';
	return count;
}

/* Count the lines of the chunk up to `end`, going on from where the last count stopped. */
static void count_lines(struct scan_worker *worker, size_t end)
{
	const char *bytes = worker->chunk->bytes, *last;

	if (end < worker->counted) { /* two rules can find things out of order */
		worker->line = worker->level->chunk_line;
		worker->line_start = worker->level->chunk_line_start;
		worker->counted = 0;
	}
	last = memrchr(bytes + worker->counted, '\n', end - worker->counted);
	if (last) {
		worker->line += count_newlines(bytes + worker->counted, (size_t)(last + 1 - bytes) - worker->counted);
		worker->line_start = worker->chunk->offset + (uint64_t)(last + 1 - bytes);
	}
	worker->counted = end;
}

static void begin_lines(struct scan_worker *worker)
{
	level_enter(worker, worker->chunk->level);
	if (worker->chunk->first) {
		worker->level->inside_start = worker->inside_count;
		worker->level->chunk_line = 1;
		worker->level->chunk_line_start = 0;
	}
	worker->line = worker->level->chunk_line;
	worker->line_start = worker->level->chunk_line_start;
	worker->counted = 0;
}

/* ---- hits ---- */

static void tell_hit(struct scan_worker *worker, uint32_t rule, uint32_t key, const struct secret *secret,
		     const struct place *place, bool traced)
{
	struct channel_message message = {
		.type = CHANNEL_HIT,
		.rule = rule,
		.key = key,
		.secret = secret_bytes(secret),
		.secret_size = secret_length(secret),
		.traced = traced,
		.place = *place,
	};

	channel_write(worker->shared->channel, &message);
}

/* Whether the repository allows it here. What a trace tells of later is looked at again, by its path. */
static bool is_allowed(const struct scan_worker *worker, const struct match *match, const char *fingerprint)
{
	const struct allowed *allowed = worker->shared->allowed;
	const struct chunk *chunk = worker->chunk;

	/* a name has no room for a mark beside it */
	return allowed_fingerprint(allowed, fingerprint) || allowed_path(allowed, chunk->path) ||
	       (chunk->kind != PLACE_PATH && allowed_mark(allowed, chunk->bytes, chunk->size, match->start, match->end,
							  MATCH_BEFORE, MATCH_AFTER));
}

/* The credential's number; and where a trace will be wanted, that its object holds it. */
static uint32_t number_key(struct scan_worker *worker, uint32_t rule, const char *fingerprint)
{
	struct scan_shared *shared = worker->shared;
	uint32_t key;
	bool is_new;

	pthread_mutex_lock(&shared->lock);
	key = key_table_add(&shared->keys, rule, fingerprint, &is_new);
	if (worker->chunk->traced && !(shared->traced_count && shared->traced[shared->traced_count - 1].key == key &&
				       !strcmp(shared->traced[shared->traced_count - 1].object, worker->chunk->object))) {
		struct source_hit *hit;

		memory_grow(shared->traced, shared->traced_count, shared->traced_capacity);
		hit = &shared->traced[shared->traced_count++];
		hit->key = key;
		strcpy(hit->object, worker->chunk->object);
	}
	pthread_mutex_unlock(&shared->lock);
	return key;
}

static void hit_wait(struct scan_worker *worker, uint32_t rule, uint32_t key, struct secret *secret,
		     const struct place *place)
{
	struct waiting_hit *hit;

	memory_grow(worker->waiting, worker->waiting_count, worker->waiting_capacity);
	hit = &worker->waiting[worker->waiting_count++];
	hit->rule = rule;
	hit->key = key;
	hit->secret = secret;
	place_copy(&hit->place, place);
}

/* A hit with its secret, which is taken over. */
static void take_hit(struct scan_worker *worker, uint32_t rule, uint32_t key, struct secret *secret, const struct place *place,
		     bool traced)
{
	if (worker->shared->settles) {
		hit_wait(worker, rule, key, secret, place);
		return;
	}
	tell_hit(worker, rule, key, secret, place, traced);
	secret_free(secret);
}

/* So many hits in contents that wrap others are held; further ones are told even if they stand in one of those, too. */
#define WRAPPED_MAX 10000

/* A credential stands in a content of this level, which is inside another one. */
static void note_inside(struct scan_worker *worker, unsigned level, uint32_t key)
{
	/* many times in a row is once, for that other one */
	if (worker->inside_count > worker->levels[level - 1].inside_start && worker->inside_keys[worker->inside_count - 1] == key)
		return;
	memory_grow(worker->inside_keys, worker->inside_count, worker->inside_capacity);
	worker->inside_keys[worker->inside_count++] = key;
}

/* A hit in a content that wraps others waits for their end. Its secret is taken over. */
static void hit_wrap(struct scan_worker *worker, uint32_t rule, uint32_t key, struct secret *secret, const struct place *place)
{
	struct wrapped_hit *wrapped;

	memory_grow(worker->wrapped, worker->wrapped_count, worker->wrapped_capacity);
	wrapped = &worker->wrapped[worker->wrapped_count++];
	*wrapped = (struct wrapped_hit){ .hit = { .secret = secret, .rule = rule, .key = key },
					 .level = worker->chunk->level,
					 .traced = worker->chunk->traced };
	place_copy(&wrapped->hit.place, place);
}

static void match_to_hit(void *context, const struct match *match)
{
	struct scan_worker *worker = context;
	const struct chunk *chunk = worker->chunk;
	struct secret *secret = secret_new(match->secret, match->secret_size);
	char fingerprint[SECRET_FINGERPRINT_SIZE];
	uint32_t key;
	struct place place = {
		.target = worker->shared->target,
		.kind = chunk->kind,
		.reachable = chunk->reachable,
		.path = (char *)chunk->path,
		.archive_path = (char *)chunk->archive_path,
		.encoding = (char *)match->encoding,
		.author = (char *)chunk->author,
		.has_date = chunk->has_date,
		.date = chunk->date,
		.offset = chunk->offset + match->start,
	};

	worker->found++;
	secret_fingerprint(secret, fingerprint);
	key = number_key(worker, match->rule->index, fingerprint);
	if (chunk->level && !chunk->wraps)
		note_inside(worker, chunk->level, key);
	place.allowed = is_allowed(worker, match, fingerprint);
	strcpy(place.object, chunk->object);
	strcpy(place.commit, chunk->commit);
	count_lines(worker, match->start);
	place.line = worker->line;
	place.column = place.offset - worker->line_start + 1;
	if (chunk->old && place.allowed) {
		/* where it was allowed it was no leak: taking the mark away, or moving it elsewhere, is what makes it one */
	} else if (chunk->old) {
		memory_grow(worker->old_keys, worker->old_count, worker->old_capacity);
		worker->old_keys[worker->old_count++] = key;
	} else {
		if (chunk->wraps && worker->wrapped_count < WRAPPED_MAX)
			hit_wrap(worker, match->rule->index, key, secret, &place);
		else
			take_hit(worker, match->rule->index, key, secret, &place, chunk->traced);
		secret = NULL; /* taken over */
	}
	secret_free(secret);
}

static void tell_undecided(struct scan_worker *worker)
{
	struct channel_message message = {
		.type = CHANNEL_INCOMPLETE,
		.kind_word = "match-limit",
		.text = "a rule's pattern took too many steps on this content",
		.place = { .target = worker->shared->target,
			   .path = (char *)worker->chunk->path,
			   .archive_path = (char *)worker->chunk->archive_path },
	};

	strcpy(message.place.object, worker->chunk->object);
	channel_write(worker->shared->channel, &message);
}

enum chunk_result scan_worker_search(struct scan_worker *worker, const struct chunk *chunk, size_t overlap)
{
	worker->chunk = chunk;
	worker->found = 0;
	worker->searched_bytes += chunk->size;
	begin_lines(worker);
	if (matcher_search(worker->level->matcher, chunk->bytes, chunk->size, chunk->first, chunk->last, match_to_hit, worker))
		tell_undecided(worker);
	if (!chunk->last && chunk->size > overlap) {
		/* the next chunk begins here */
		count_lines(worker, chunk->size - overlap);
		worker->level->chunk_line = worker->line;
		worker->level->chunk_line_start = worker->line_start;
	}
	worker->chunk = NULL;
	if (worker->found)
		return CHUNK_FOUND;
	return matcher_met_literal(worker->level->matcher) ? CHUNK_SUSPICIOUS : CHUNK_PLAIN;
}

static int compare_keys(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

bool scan_worker_glance(struct scan_worker *worker, const void *bytes, size_t size)
{
	worker->searched_bytes += size;
	return matcher_glance(worker->levels[0].matcher, bytes, size);
}

/* Whether a hit in a container is made of the end of one member and the header of the next. */
static bool crosses_seam(const struct waiting_hit *hit, const uint64_t *seams, size_t count)
{
	uint64_t start = hit->place.offset, end = start + secret_length(hit->secret);
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (seams[middle] <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && seams[low] < end;
}

void scan_worker_unwrapped(struct scan_worker *worker, unsigned number, const uint64_t *seams, size_t seam_count)
{
	struct scan_level *level = &worker->levels[number];
	size_t inside = worker->inside_count - level->inside_start, first = worker->wrapped_count;
	uint32_t *keys = worker->inside_keys + level->inside_start;

	while (first && worker->wrapped[first - 1].level >= number)
		first--;
	if (inside && first < worker->wrapped_count)
		qsort(keys, inside, sizeof(*keys), compare_keys);
	for (size_t i = first; i < worker->wrapped_count; i++) {
		struct wrapped_hit *wrapped = &worker->wrapped[i];
		uint32_t key = wrapped->hit.key;

		if ((inside && bsearch(&key, keys, inside, sizeof(key), compare_keys)) || crosses_seam(&wrapped->hit, seams, seam_count))
			continue;
		take_hit(worker, wrapped->hit.rule, key, wrapped->hit.secret, &wrapped->hit.place, wrapped->traced);
		wrapped->hit.secret = NULL;
	}
	/* for the contents around this one, what stood here stood inside; it is noted only now, behind what was looked up above */
	for (size_t i = first; number && i < worker->wrapped_count; i++)
		note_inside(worker, number, worker->wrapped[i].hit.key);
	drop_wrapped(worker, first);
	if (!number)
		worker->inside_count = 0;
}

void scan_worker_settle(struct scan_worker *worker)
{
	if (worker->old_count)
		qsort(worker->old_keys, worker->old_count, sizeof(*worker->old_keys), compare_keys);
	for (size_t i = 0; i < worker->waiting_count; i++) {
		const struct waiting_hit *hit = &worker->waiting[i];

		if (!worker->old_count ||
		    !bsearch(&hit->key, worker->old_keys, worker->old_count, sizeof(hit->key), compare_keys))
			tell_hit(worker, hit->rule, hit->key, hit->secret, &hit->place, false);
	}
	forget_waiting(worker);
}
