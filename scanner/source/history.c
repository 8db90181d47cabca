/*
 * The whole object database: what every commit, reachable or not, ever held.
 *
 * Blobs, commits and tags are handed out to be searched. Trees are read to learn whether anything they name is missing: a shallow or
 * partial clone must not pass for a clean one.
 */
#include "base/memory.h"
#include "git/commit.h"
#include "git/delta_fresh.h"
#include "git/id_table.h"
#include "git/repository.h"
#include "git/tree_list.h"
#include "source/container_kind.h"
#include "source/git_folder.h"
#include "source/history.h"

#include <stdlib.h>
#include <string.h>

/*
 * Objects known to be there, by 64 bits of their ids: neighbouring trees name the same ones over and over, and a look into the
 * index of a large pack misses the processor's cache several times.
 */
#define PRESENT_SLOTS 32768

/* Ids that are looked up together: by the time the last one is known, the parts of the index that the first ones need have come to the cache. */
#define NAMED_COUNT 64

/* No credential is shorter. */
#define NAME_LENGTH_MIN 16

/* One thread's share. */
struct history_worker {
	struct source_history *history;
	struct tree_list tree;
	struct source_counts counts;
	uint64_t bytes_shown; /* of counts.bytes, those that progress knows */
	uint64_t present[PRESENT_SLOTS];
	struct object_id named[NAMED_COUNT]; /* by trees, and still to be looked up: named_count of them */
	unsigned named_count;
};

/* The note on a blob in which there is nothing to look for. */
static struct object_note plain = { .owners = 1 };

static void note_missing(struct source_history *history, const struct object_id *id)
{
	pthread_mutex_lock(&history->lock);
	if (id_table_add(history->missing_ids, id) == history->missing_count) {
		memory_grow(history->missing, history->missing_count, history->missing_capacity);
		history->missing[history->missing_count++] = *id;
	}
	pthread_mutex_unlock(&history->lock);
}

static void note_large_tree(struct source_history *history, const struct object_id *id)
{
	pthread_mutex_lock(&history->lock);
	memory_grow(history->large_trees, history->large_tree_count, history->large_tree_capacity);
	history->large_trees[history->large_tree_count++] = *id;
	pthread_mutex_unlock(&history->lock);
}

static enum chunk_result hand_out(struct source_history *history, unsigned worker, const struct object_piece *piece,
				  enum place_kind kind, const char *hex)
{
	struct chunk chunk = {
		.kind = kind,
		.object = hex,
		.commit = "",
		.traced = true,
		.bytes = piece->bytes,
		.size = piece->size,
		.offset = piece->offset,
		.first = piece->first,
		.last = piece->last,
	};

	return history->events->chunk(history->events->context, worker, &chunk);
}

/* Whether a blob made from one that is no container is one. */
static bool becomes_container(const struct source_events *events, const struct object_change *change)
{
	unsigned char made[CONTAINER_HEAD_SIZE];
	const unsigned char *head;
	size_t size = delta_head(change->base, change->delta, change->delta_size, made, sizeof(made), &head);

	/* nearly every one begins as the other does */
	if (head == change->base && size == sizeof(made))
		return false;
	return events->is_container(events->context, head, size);
}

/* A blob made from a plain one: what is new in it is looked at. */
static enum change_answer glance_blob(struct source_history *history, unsigned worker, const struct object_change *change)
{
	const struct source_events *events = history->events;

	if (change->object_size >= LARGE_FILE_POINTER_MIN && change->object_size <= LARGE_FILE_POINTER_MAX)
		return CHANGE_VISIT; /* it may have become a pointer */
	if ((events->is_container && becomes_container(events, change)) || change->seams->are_more ||
	    events->glance(events->context, worker, change->delta, change->delta_size) ||
	    events->glance(events->context, worker, change->seams->bytes, change->seams->size))
		return CHANGE_VISIT;
	if (change->note)
		*change->note = object_note_share(&plain);
	return CHANGE_SETTLED;
}

/* A name in a tree that is not plain. It is searched once, under an id of its own, by which the trace finds where it stands. */
static void take_name(struct source_history *history, unsigned worker, const struct tree_entry *entry)
{
	char hex[2 * OBJECT_ID_SIZE + 1];
	struct tree_name name = { .name = entry->name };
	struct chunk chunk = { .kind = PLACE_PATH,
			       .path = entry->name,
			       .object = hex,
			       .commit = "",
			       .traced = true,
			       .bytes = entry->name,
			       .size = entry->name_length,
			       .first = true,
			       .last = true };
	bool is_new;

	tree_name_id(entry->name, &name.id);
	object_id_format(&name.id, hex);
	pthread_mutex_lock(&history->lock);
	is_new = id_table_add(history->name_ids, &name.id) == history->name_count;
	if (is_new) {
		name.name = memory_copy_string(entry->name);
		memory_grow(history->names, history->name_count, history->name_capacity);
		history->names[history->name_count++] = name;
	}
	pthread_mutex_unlock(&history->lock);
	if (is_new)
		history->events->chunk(history->events->context, worker, &chunk);
}

static uint64_t *present_slot(struct history_worker *worker, const struct object_id *id)
{
	return &worker->present[(id->bytes[8] | id->bytes[9] << 8) % PRESENT_SLOTS];
}

/* The first bytes of an id. Ids are hashes: any bits of them are as good as others. */
static uint64_t id_bits(const struct object_id *id)
{
	uint64_t bits;

	memcpy(&bits, id->bytes, sizeof(bits));
	return bits;
}

static void look_up_named(struct history_worker *worker)
{
	struct source_history *history = worker->history;

	for (unsigned i = 0; i < worker->named_count; i++) {
		const struct object_id *id = &worker->named[i];

		if (object_database_has(history->database, id))
			*present_slot(worker, id) = id_bits(id);
		else
			note_missing(history, id);
	}
	worker->named_count = 0;
}

/* A tree_tag: what an entry names is to be looked for, and its name searched. The tag itself is of no use here. */
static uint32_t check_entry(void *context, const struct tree_entry *entry)
{
	struct history_worker *worker = context;
	const struct source_events *events = worker->history->events;
	unsigned number = (unsigned)(worker - worker->history->workers);

	if (entry->name_length >= NAME_LENGTH_MIN && events->glance(events->context, number, entry->name, entry->name_length))
		take_name(worker->history, number, entry);

	/* a free slot is 0, which says nothing of an id that begins with zeroes */
	if (entry->kind == TREE_ENTRY_SUBMODULE ||
	    (id_bits(entry->id) && *present_slot(worker, entry->id) == id_bits(entry->id)))
		return 0;
	object_database_prefetch(worker->history->database, entry->id);
	worker->named[worker->named_count++] = *entry->id;
	if (worker->named_count == NAMED_COUNT)
		look_up_named(worker);
	return 0;
}

static void check_tree(struct source_history *history, unsigned worker, const struct object_id *id,
		       const unsigned char *bytes, size_t size, struct object_note **note)
{
	struct tree_list *list = &history->workers[worker].tree;
	char hex[2 * OBJECT_ID_SIZE + 1];

	if (!tree_list_read(list, bytes, size, check_entry, &history->workers[worker])) {
		if (note)
			*note = tree_list_note(list);
		return;
	}
	object_id_format(id, hex);
	history->events->incomplete(history->events->context, "unreadable-object", hex, NULL, "a tree that is malformed");
}

static enum change_answer check_changed_tree(struct source_history *history, unsigned worker,
					     const struct object_change *change)
{
	struct tree_list *list = &history->workers[worker].tree;

	if (tree_list_change(list, change, change->note != NULL, check_entry, &history->workers[worker]))
		return CHANGE_VISIT; /* which says what is wrong with it */
	if (change->note)
		*change->note = tree_list_note(list);
	return CHANGE_SETTLED;
}

static void note_commit(struct source_history *history, unsigned worker, const struct object_piece *piece,
			const char *hex)
{
	struct commit commit = { 0 };
	struct error error;

	history->workers[worker].counts.commits++;
	if (commit_parse(&commit, (const char *)piece->bytes, piece->size, &error))
		history->events->incomplete(history->events->context, "unreadable-object", hex, NULL, error.message);
	else
		commit_graph_add(&history->graph, &piece->id, &commit, object_database_has(history->database, &commit.tree));
	commit_release(&commit);
}

/* Threads that each added one by one to the same counters would wait for each other. */
#define PROGRESS_STEP 256

static void show_progress(struct source_history *history, struct history_worker *worker)
{
	struct source_progress *progress = history->events->progress;

	if (worker->counts.objects % PROGRESS_STEP)
		return;
	progress->objects += PROGRESS_STEP;
	progress->bytes += worker->counts.bytes - worker->bytes_shown;
	worker->bytes_shown = worker->counts.bytes;
}

static int visit(void *context, unsigned worker, const struct object_piece *piece)
{
	struct source_history *history = context;
	struct source_counts *counts = &history->workers[worker].counts;
	char hex[2 * OBJECT_ID_SIZE + 1];

	counts->bytes += piece->size - (piece->first ? 0 : history->events->overlap);
	counts->objects += piece->first;
	if (piece->first)
		show_progress(history, &history->workers[worker]);
	object_id_format(&piece->id, hex);
	switch (piece->kind) {
	case OBJECT_BLOB:
		if (piece->first && piece->last)
			large_files_note(&history->large_files, &piece->id, piece->bytes, piece->size);
		if (hand_out(history, worker, piece, PLACE_BLOB, hex) == CHUNK_PLAIN && piece->note)
			*piece->note = object_note_share(&plain);
		break;
	case OBJECT_COMMIT:
		if (piece->first)
			note_commit(history, worker, piece, hex);
		hand_out(history, worker, piece, PLACE_COMMIT_MESSAGE, hex);
		break;
	case OBJECT_TAG:
		hand_out(history, worker, piece, PLACE_TAG_MESSAGE, hex);
		break;
	case OBJECT_TREE:
		if (piece->first && piece->last)
			check_tree(history, worker, &piece->id, piece->bytes, piece->size, piece->note);
		else if (piece->first)
			note_large_tree(history, &piece->id);
		break;
	}
	return *history->events->stop;
}

static enum change_answer visit_change(void *context, unsigned worker, const struct object_change *change)
{
	struct source_history *history = context;
	struct source_counts *counts = &history->workers[worker].counts;
	enum change_answer answer;

	if (*history->events->stop)
		return CHANGE_STOP;
	answer = change->kind == OBJECT_TREE ? check_changed_tree(history, worker, change) :
					       glance_blob(history, worker, change);
	if (answer == CHANGE_SETTLED) {
		counts->bytes += change->object_size;
		counts->objects++;
		show_progress(history, &history->workers[worker]);
	}
	return answer;
}

static void damaged(void *context, const struct object_id *id, const char *detail)
{
	struct source_history *history = context;
	char hex[2 * OBJECT_ID_SIZE + 1];

	object_id_format(id, hex);
	history->events->incomplete(history->events->context, "unreadable-object", hex, NULL, detail);
}

/* An object_visit_unfinished: of what was being written, as a file that lies there. */
static int take_unfinished(void *context, const char *path, const struct object_piece *piece, const char *why)
{
	struct source_history *history = context;
	const struct source_events *events = history->events;
	const char *common = repository_common_folder(history->repository);
	size_t length = common && !strncmp(path, common, strlen(common)) ? strlen(common) : 0;
	char *shown = memory_format("%s%s", length ? history->front : "", path + length);
	struct chunk chunk = { .kind = PLACE_FILE, .path = shown, .object = "", .commit = "", .reachable = true };

	if (!piece) {
		events->incomplete(events->context, "unreadable-file", "", shown, why);
	} else {
		chunk.bytes = piece->bytes;
		chunk.size = piece->size;
		chunk.offset = piece->offset;
		chunk.first = piece->first;
		chunk.last = piece->last;
		events->chunk(events->context, 0, &chunk);
	}
	free(shown);
	return *events->stop;
}

static void unreadable(void *context, const char *path, const char *why)
{
	struct source_history *history = context;

	history->events->incomplete(history->events->context, "unreadable-pack", "", path, why);
}

static void check_large_trees(struct source_history *history)
{
	for (size_t i = 0; i < history->large_tree_count; i++) {
		const struct object_id *id = &history->large_trees[i];
		unsigned char *bytes = NULL;
		enum object_kind kind;
		struct error error;
		size_t size;

		if (repository_read(history->repository, id, &kind, &bytes, &size, &error))
			damaged(history, id, error.message);
		else
			check_tree(history, 0, id, bytes, size, NULL);
		free(bytes);
	}
}

int source_history(const struct source_events *events, struct repository *repository, const char *target,
		   struct source_history **out, struct source_counts *counts, struct error *error)
{
	struct source_history *history = memory_allocate_zeroed(1, sizeof(*history));
	struct object_database_walk walk = {
		.kinds = OBJECT_KIND_BIT(OBJECT_BLOB) | OBJECT_KIND_BIT(OBJECT_COMMIT) | OBJECT_KIND_BIT(OBJECT_TREE) |
			 OBJECT_KIND_BIT(OBJECT_TAG),
		.jobs = events->jobs,
		.overlap = events->overlap,
		.stop = events->stop,
		.visit = visit,
		.visit_change = events->seam_texts ? visit_change : NULL,
		.texts = events->seam_texts,
		.damaged = damaged,
		.unfinished = take_unfinished,
		.context = history,
	};
	const char *common = repository_common_folder(repository);
	int result;

	*out = history;
	history->front = common ? source_git_front(common, target) : NULL;
	history->events = events;
	history->repository = repository;
	history->workers = memory_allocate_zeroed(events->jobs, sizeof(*history->workers));
	for (unsigned i = 0; i < events->jobs; i++)
		history->workers[i].history = history;
	pthread_mutex_init(&history->lock, NULL);
	commit_graph_init(&history->graph);
	history->missing_ids = id_table_new();
	history->name_ids = id_table_new();
	large_files_init(&history->large_files);
	result = object_database_open(&history->database, repository, events->jobs, unreadable, history, error);
	if (!result) {
		events->progress->objects_total = object_database_count(history->database);
		result = object_database_walk(history->database, &walk, error);
	}
	if (!result) {
		check_large_trees(history);
		large_files_hand_out(&history->large_files, events, common, history->front);
	}
	for (unsigned i = 0; i < events->jobs; i++) {
		counts->commits += history->workers[i].counts.commits;
		counts->objects += history->workers[i].counts.objects;
		counts->bytes += history->workers[i].counts.bytes;
		look_up_named(&history->workers[i]);
		tree_list_release(&history->workers[i].tree);
	}
	return result;
}

void source_history_free(struct source_history *history)
{
	if (!history)
		return;
	object_database_close(history->database);
	free(history->front);
	commit_graph_release(&history->graph);
	pthread_mutex_destroy(&history->lock);
	free(history->workers);
	id_table_free(history->missing_ids);
	large_files_release(&history->large_files);
	free(history->missing);
	for (size_t i = 0; i < history->name_count; i++)
		free((char *)history->names[i].name);
	free(history->names);
	id_table_free(history->name_ids);
	free(history->large_trees);
	free(history);
}
