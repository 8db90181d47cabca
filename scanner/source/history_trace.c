/*
 * From the objects that hold something to the commits and paths that hold them; and what history names and the database lacks.
 */
#include "base/buffer.h"
#include "base/memory.h"
#include "git/commit.h"
#include "git/id_table.h"
#include "git/repository.h"
#include "git/trace.h"
#include "source/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An object that a reference, or a tag, names and that is no commit. */
struct named {
	bool is_tag;
	struct object_id target; /* of a tag */
};

struct tracing {
	struct source_history *history;
	const struct source_trace_events *events;
	uint32_t missing_key; /* the key of all missing objects: above those of credentials */
	unsigned char *missing_told; /* by place in history->missing */
	struct id_table *named_ids; /* numbers of those in named */
	struct named *named;        /* owned: what references name that is no commit, named_count of them */
	size_t named_count, named_capacity;
	struct trace_hit *hits;
	size_t hit_count;
	struct trace_tip *tips; /* their names are owned */
	size_t tip_count, tip_capacity;
	struct object_id *trees; /* that references name */
	size_t tree_count, tree_capacity;
	bool *is_note; /* owned; by commit: only references to notes lead there */
	bool builds_on_more; /* a bundle with prerequisites: what it lacks is there, as was told */
	bool is_partial; /* the clone left objects out on purpose */
	struct place place; /* scratch: strings borrowed for one event */
	struct object_id author_of; /* the commit whose author is in author */
	char *author;
};

/* The author of a commit, read again: only the commits that places name need one. */
static const char *author_of(struct tracing *tracing, const struct object_id *id)
{
	unsigned char *bytes = NULL;
	enum object_kind kind;
	size_t size;

	if (tracing->author && !object_id_compare(&tracing->author_of, id))
		return tracing->author;
	free(tracing->author);
	tracing->author = NULL;
	if (!repository_read(tracing->history->repository, id, &kind, &bytes, &size, NULL))
		tracing->author = commit_author((char *)bytes, size);
	tracing->author_of = *id;
	free(bytes);
	return tracing->author;
}

static void tell_missing(struct tracing *tracing, size_t number, const char *path, const struct commit_node *commit)
{
	const struct source_events *events = tracing->history->events;
	char hex[2 * OBJECT_ID_SIZE + 1], commit_hex[2 * OBJECT_ID_SIZE + 1] = "";
	char detail[256];

	if (tracing->missing_told[number] || tracing->builds_on_more)
		return;
	tracing->missing_told[number] = 1;
	object_id_format(&tracing->history->missing[number], hex);
	if (commit)
		object_id_format(&commit->id, commit_hex);
	snprintf(detail, sizeof(detail), "%s%s names it and it is not in the object database%s",
		 commit ? "commit " : "a tree that a reference leads to", commit_hex,
		 tracing->is_partial ? " (a partial clone): git fetch --refetch --no-filter brings it" : "");
	events->incomplete(events->context, "missing-object", hex, path, detail);
}

/* A pointer of Git LFS, and its file was not fetched. path and commit may be NULL. */
static void tell_missing_file(const struct tracing *tracing, struct large_file *file, const char *path, const struct commit_node *commit)
{
	const struct source_events *events = tracing->history->events;
	char hex[2 * OBJECT_ID_SIZE + 1], commit_hex[2 * OBJECT_ID_SIZE + 1] = "";
	char detail[320];

	if (file->told)
		return;
	file->told = true;
	object_id_format(&file->pointer, hex);
	if (commit)
		object_id_format(&commit->id, commit_hex);
	snprintf(detail, sizeof(detail), "%s%s%s" LARGE_FILE_MISSING ": git lfs fetch --all brings it",
		 commit ? "in commit " : "", commit_hex, commit ? " " : "");
	events->incomplete(events->context, "missing-lfs-object", hex, path, detail);
}

/* A blob of refs/notes is a note; its path is the id of what it is about. */
static enum place_kind kind_of(const struct tracing *tracing, const struct commit_node *commit)
{
	return commit && tracing->is_note[commit - tracing->history->graph.nodes] ? PLACE_NOTE : PLACE_BLOB;
}

static void tell_place(void *context, const struct trace_place *traced)
{
	struct tracing *tracing = context;
	struct source_history *history = tracing->history;
	const struct object_id *missing = NULL;
	struct large_file *file = large_files_find(&history->large_files, traced->object);
	struct place *place = &tracing->place;

	if (file && file->missing)
		tell_missing_file(tracing, file, traced->path, traced->commit);
	if (history->missing_count)
		missing = bsearch(traced->object, history->missing, history->missing_count, sizeof(*missing), object_id_compare);
	if (missing) {
		/* what only an unreachable tree names may be gone for good: git prunes such things one by one */
		if (traced->reachable)
			tell_missing(tracing, (size_t)(missing - history->missing), traced->path, traced->commit);
		return;
	}
	memset(place, 0, sizeof(*place));
	place->kind = traced->is_name ? PLACE_PATH : kind_of(tracing, traced->commit);
	place->reachable = traced->reachable;
	place->path = (char *)traced->path;
	object_id_format(traced->object, place->object);
	if (traced->commit) {
		object_id_format(&traced->commit->id, place->commit);
		place->author = (char *)author_of(tracing, &traced->commit->id);
		place->has_date = true;
		place->date = traced->commit->author_date;
	}
	tracing->events->place(tracing->events->context, place);
}

static void fill_sighting(struct sighting *sighting, const struct commit_node *commit)
{
	object_id_format(&commit->id, sighting->commit);
	sighting->date = commit->author_date;
}

static void tell_life(void *context, const struct trace_life *traced)
{
	struct tracing *tracing = context;
	struct buffer refs = BUFFER_INIT;
	struct source_life life = { .key = traced->key,
				    .commits_total = traced->commits_total,
				    .refs_total = traced->tip_count,
				    .at_head = traced->at_head };

	if (traced->key >= tracing->missing_key)
		return;
	fill_sighting(&life.first_seen, traced->first);
	fill_sighting(&life.last_seen, traced->last);
	if (traced->removed)
		fill_sighting(&life.removed, traced->removed);
	for (size_t i = 0; i < traced->tip_count && i < SOURCE_REFS_MAX; i++)
		buffer_add_format(&refs, "%s\n", traced->tips[i]->name);
	life.refs = refs.bytes;
	tracing->events->life(tracing->events->context, &life);
	buffer_release(&refs);
}

static void tell_limited(void *context, const char *detail)
{
	const struct tracing *tracing = context;
	const struct source_events *events = tracing->history->events;

	events->incomplete(events->context, "trace-limit", "", NULL, detail);
}

/* ---- references ---- */

static void add_tip(struct tracing *tracing, const char *name, uint32_t commit, bool is_reflog)
{
	memory_grow(tracing->tips, tracing->tip_count, tracing->tip_capacity);
	tracing->tips[tracing->tip_count++] = (struct trace_tip){ memory_copy_string(name), commit, is_reflog };
}

/* A reference leads to this object itself. */
static void tell_named(struct tracing *tracing, enum place_kind kind, const char *hex)
{
	memset(&tracing->place, 0, sizeof(tracing->place));
	tracing->place.kind = kind;
	tracing->place.reachable = true;
	strcpy(tracing->place.object, hex);
	tracing->events->place(tracing->events->context, &tracing->place);
}

/* What a reference names, that is no commit, is looked at. */
static void take_named(struct tracing *tracing, const char *name, const struct object_id *id, struct named *named)
{
	struct source_history *history = tracing->history;
	const struct source_events *events = history->events;
	char hex[2 * OBJECT_ID_SIZE + 1];
	unsigned char *bytes = NULL;
	enum object_kind kind;
	struct error error;
	size_t size;

	object_id_format(id, hex);
	if (repository_object_kind(history->repository, id, &kind, &error)) {
		/* a damaged object was told of by the walk */
		if (!object_database_has(history->database, id))
			events->incomplete(events->context, "missing-object", hex, name,
					   "a reference names it and it is not in the object database");
	} else if (kind == OBJECT_BLOB) {
		tell_named(tracing, PLACE_BLOB, hex);
	} else if (kind == OBJECT_TREE) {
		memory_grow(tracing->trees, tracing->tree_count, tracing->tree_capacity);
		tracing->trees[tracing->tree_count++] = *id;
	} else if (kind == OBJECT_TAG && !repository_read(history->repository, id, &kind, &bytes, &size, NULL)) {
		tell_named(tracing, PLACE_TAG_MESSAGE, hex);
		named->target = *id;
		named->is_tag = !tag_parse_target(&named->target, (char *)bytes, size, NULL);
	}
	free(bytes);
}

/* A reference names something that is no commit. Returns whether it is a tag, whose target is then in *id. However many name it, it is looked at once. */
static bool follow_tag(struct tracing *tracing, const char *name, struct object_id *id)
{
	uint32_t number = id_table_add(tracing->named_ids, id);

	if (number == tracing->named_count) {
		struct named named = { 0 };

		take_named(tracing, name, id, &named);
		memory_grow(tracing->named, tracing->named_count, tracing->named_capacity);
		tracing->named[tracing->named_count++] = named;
	}
	if (tracing->named[number].is_tag)
		*id = tracing->named[number].target;
	return tracing->named[number].is_tag;
}

/* Mark what a reference reaches: a repository_reference visitor. */
static int reach_reference(void *context, const char *name, const struct object_id *target)
{
	struct tracing *tracing = context;
	struct commit_graph *graph = &tracing->history->graph;
	struct object_id id = *target;
	unsigned depth = 0;
	uint32_t node;

	/* a tag of a tag of a tag; git follows any number, and each is one object */
	while ((node = commit_graph_find(graph, &id)) == COMMIT_MISSING && depth++ < 64 && follow_tag(tracing, name, &id))
		;
	if (node != COMMIT_MISSING) {
		if (strncmp(name, "refs/notes/", strlen("refs/notes/")) != 0)
			commit_graph_reach(graph, node);
		add_tip(tracing, name, node, false);
	}
	return 0;
}

/* All other references have been followed: what is reached only now is a note. */
static void reach_notes(struct tracing *tracing)
{
	struct commit_graph *graph = &tracing->history->graph;

	tracing->is_note = memory_allocate_zeroed(graph->count + 1, sizeof(*tracing->is_note));
	for (size_t i = 0; i < graph->count; i++)
		tracing->is_note[i] = !graph->nodes[i].reachable;
	for (size_t i = 0; i < tracing->tip_count; i++)
		commit_graph_reach(graph, tracing->tips[i].commit);
	for (size_t i = 0; i < graph->count; i++)
		tracing->is_note[i] &= graph->nodes[i].reachable;
}

/* A repository_reference visitor. What a reflog names may be gone: git expires it. */
static int note_reflog(void *context, const char *name, const struct object_id *target)
{
	struct tracing *tracing = context;
	uint32_t node = commit_graph_find(&tracing->history->graph, target);

	if (node != COMMIT_MISSING)
		add_tip(tracing, name, node, true);
	return 0;
}

/* A commit is the place of what stands in its own text. */
static void tell_commits(struct tracing *tracing, const struct source_hit *hits, size_t count)
{
	const struct commit_graph *graph = &tracing->history->graph;
	struct place *place = &tracing->place;
	struct object_id id;

	for (size_t i = 0; i < count; i++) {
		uint32_t node = object_id_parse(&id, hits[i].object) ? commit_graph_find(graph, &id) : COMMIT_MISSING;

		if (node == COMMIT_MISSING || (i && !strcmp(hits[i].object, hits[i - 1].object)))
			continue;
		memset(place, 0, sizeof(*place));
		place->kind = PLACE_COMMIT_MESSAGE;
		place->reachable = graph->nodes[node].reachable;
		place->author = (char *)author_of(tracing, &id);
		place->has_date = true;
		place->date = graph->nodes[node].author_date;
		strcpy(place->object, hits[i].object);
		strcpy(place->commit, hits[i].object);
		tracing->events->place(tracing->events->context, place);
	}
}

static void tell_prerequisites(struct tracing *tracing)
{
	const struct source_events *events = tracing->history->events;
	size_t count;
	const struct object_id *ids = repository_prerequisites(tracing->history->repository, &count);
	char hex[2 * OBJECT_ID_SIZE + 1];

	for (size_t i = 0; i < count; i++) {
		object_id_format(&ids[i], hex);
		events->incomplete(events->context, "missing-prerequisite", hex, NULL,
				   "the bundle builds on this commit, which it does not hold, nor all that this leads to: scan a repository that has it too");
	}
	tracing->builds_on_more = count > 0;
}

/* What reachable commits name and the database lacks. */
static void check_commits(struct tracing *tracing)
{
	struct source_history *history = tracing->history;
	const struct source_events *events = history->events;
	const struct commit_graph *graph = &history->graph;
	bool shallow = repository_is_shallow(history->repository);
	char hex[2 * OBJECT_ID_SIZE + 1];

	if (shallow)
		events->incomplete(events->context, "shallow-clone", "", NULL,
				   "the clone is shallow, older history is not here: git fetch --unshallow brings it");
	tell_prerequisites(tracing);
	for (size_t i = 0; i < graph->count; i++) {
		const struct commit_node *node = &graph->nodes[i];

		if (!node->reachable || tracing->builds_on_more)
			continue;
		if (!node->has_tree) {
			object_id_format(&node->tree, hex);
			events->incomplete(events->context, "missing-object", hex, NULL,
					   "a commit names this tree and it is not in the object database");
		}
		for (uint32_t j = 0; j < node->parent_count && !shallow; j++) {
			if (graph->parents[node->first_parent + j] != COMMIT_MISSING ||
			    object_database_has(history->database, &graph->parent_ids[node->first_parent + j]))
				continue; /* a damaged parent was told of by the walk */
			object_id_format(&graph->parent_ids[node->first_parent + j], hex);
			events->incomplete(events->context, "missing-object", hex, NULL,
					   "a commit names this parent and it is not in the object database");
		}
	}
}

/* The hits to trace: the caller's but for those in commits, which no tree holds, then one for each missing object, and file of Git LFS. */
static void list_hits(struct tracing *tracing, const struct source_hit *hits, size_t count)
{
	struct source_history *history = tracing->history;

	if (history->missing_count)
		qsort(history->missing, history->missing_count, sizeof(*history->missing), object_id_compare);
	tracing->hits = memory_allocate((count + history->missing_count + history->large_files.count) * sizeof(*tracing->hits));
	for (size_t i = 0; i < count; i++) {
		struct trace_hit *hit = &tracing->hits[tracing->hit_count];

		hit->key = hits[i].key;
		if (object_id_parse(&hit->id, hits[i].object) &&
		    commit_graph_find(&history->graph, &hit->id) == COMMIT_MISSING)
			tracing->hit_count++;
		if (hits[i].key >= tracing->missing_key)
			tracing->missing_key = hits[i].key + 1;
	}
	for (size_t i = 0; i < history->missing_count; i++)
		tracing->hits[tracing->hit_count++] =
			(struct trace_hit){ history->missing[i], tracing->missing_key };
	for (size_t i = 0; i < history->large_files.count; i++) {
		if (history->large_files.files[i].missing)
			tracing->hits[tracing->hit_count++] =
				(struct trace_hit){ history->large_files.files[i].pointer, tracing->missing_key };
	}
	tracing->missing_told = memory_allocate_zeroed(history->missing_count, 1);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct tree_name *)a)->name, ((const struct tree_name *)b)->name);
}

int source_history_trace(struct source_history *history, const struct source_hit *hits, size_t count,
			 const struct source_trace_events *events, struct error *error)
{
	struct tracing tracing = { .history = history,
				   .events = events,
				   .is_partial = repository_is_partial(history->repository) };
	struct trace_events trace = { &tracing, tell_place, tell_life, tell_limited };
	const struct source_events *source = history->events;
	struct trace_request request = { .database = history->database,
					 .graph = &history->graph,
					 .head = COMMIT_MISSING,
					 .jobs = source->jobs,
					 .stop = source->stop };
	struct object_id head;
	struct error why;
	int result;

	tracing.named_ids = id_table_new();
	if (history->name_count)
		qsort(history->names, history->name_count, sizeof(*history->names), compare_names);
	commit_graph_finish(&history->graph);
	list_hits(&tracing, hits, count);
	if (repository_each_reference(history->repository, reach_reference, &tracing, &why))
		source->incomplete(source->context, "unreadable-references", "", NULL, why.message);
	reach_notes(&tracing);
	check_commits(&tracing);
	if (count)
		repository_each_reflog_entry(history->repository, note_reflog, &tracing, NULL);
	if (!repository_head(history->repository, &head, NULL))
		request.head = commit_graph_find(&history->graph, &head);
	tell_commits(&tracing, hits, count);
	request.names = history->names;
	request.name_count = history->name_count;
	request.trees = tracing.trees;
	request.tree_count = tracing.tree_count;
	request.tips = tracing.tips;
	request.tip_count = tracing.tip_count;
	request.hits = tracing.hits;
	request.hit_count = tracing.hit_count;
	result = trace_run(&request, &trace, error);
	for (size_t i = 0; i < history->large_files.count; i++) {
		if (history->large_files.files[i].missing) /* and no tree has its pointer */
			tell_missing_file(&tracing, &history->large_files.files[i], NULL, NULL);
	}
	if (tracing.hit_count)
		qsort(tracing.hits, tracing.hit_count, sizeof(*tracing.hits), object_id_compare);
	history_tell_indexes(history, tracing.hits, tracing.hit_count, events);
	for (size_t i = 0; i < tracing.tip_count; i++)
		free(tracing.tips[i].name);
	free(tracing.tips);
	free(tracing.trees);
	free(tracing.hits);
	free(tracing.missing_told);
	free(tracing.is_note);
	id_table_free(tracing.named_ids);
	free(tracing.named);
	free(tracing.author);
	return result;
}
