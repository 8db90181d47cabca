/*
 * What is staged stands nowhere in history yet, but in an index: that of the working tree, and of each linked one.
 */
#include "base/memory.h"
#include "git/repository.h"
#include "git/trace.h"
#include "source/history.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct indexing {
	const struct source_events *events;
	const struct source_trace_events *trace;
	const struct trace_hit *hits; /* in order; hit_count of them */
	size_t hit_count;
	const struct object_database *database;
	struct repository *repository; /* of this index */
};

static void hand_out_name(const struct indexing *indexing, const char *path)
{
	struct chunk chunk = { .kind = PLACE_PATH,
			       .path = path,
			       .object = "",
			       .commit = "",
			       .reachable = true,
			       .bytes = path,
			       .size = strlen(path),
			       .first = true,
			       .last = true };

	indexing->events->chunk(indexing->events->context, 0, &chunk);
}

static void tell_missing(const struct source_events *events, const char *path, const struct object_id *id)
{
	char hex[2 * OBJECT_ID_SIZE + 1];

	object_id_format(id, hex);
	events->incomplete(events->context, "missing-object", hex, path,
			   "the index names it and it is not in the object database: git add brings it anew, where the file is still there");
}

/* A repository_index_entry visitor. What HEAD has as well stands in history. */
static int take_entry(void *context, const char *path, const struct object_id *id, bool has_object)
{
	const struct indexing *indexing = context;
	const struct source_events *events = indexing->events;

	if (indexing->hit_count && bsearch(id, indexing->hits, indexing->hit_count, sizeof(*indexing->hits), object_id_compare) &&
	    !repository_head_has(indexing->repository, path, id)) {
		struct place place = { .kind = PLACE_INDEX, .reachable = true, .path = (char *)path };

		object_id_format(id, place.object);
		indexing->trace->place(indexing->trace->context, &place);
	}
	if (has_object && !object_database_has(indexing->database, id) && !repository_head_has(indexing->repository, path, id))
		tell_missing(events, path, id);
	if (events->glance(events->context, 0, path, strlen(path)) && !repository_head_has(indexing->repository, path, NULL))
		hand_out_name(indexing, path);
	return *events->stop;
}

static void take_index(struct indexing *indexing, struct repository *repository)
{
	struct error error;

	indexing->repository = repository;
	if (repository_each_index_entry(repository, take_entry, indexing, &error) < 0)
		indexing->events->incomplete(indexing->events->context, "unreadable-index", "", NULL, error.message);
}

/* The index of another working tree of the repository, whose HEAD and index are in this git folder. */
static void take_other(struct indexing *indexing, const struct source_history *history, const char *folder)
{
	struct repository *other = NULL;
	struct error error;

	if (repository_open(&other, folder, REPOSITORY_EXACT, &error)) {
		indexing->events->incomplete(indexing->events->context, "unreadable-index", "", folder, error.message);
	} else if (strcmp(repository_git_folder(other), repository_git_folder(history->repository)) != 0) {
		take_index(indexing, other);
	}
	repository_close(other);
}

void history_tell_indexes(struct source_history *history, const struct trace_hit *hits, size_t count,
			  const struct source_trace_events *trace)
{
	struct indexing indexing = { .events = history->events, .trace = trace, .hits = hits, .hit_count = count, .database = history->database };
	const char *common = repository_common_folder(history->repository);
	char *path = memory_format("%sworktrees", common ? common : "");
	DIR *folder = common ? opendir(path) : NULL;
	const struct dirent *entry;

	if (!common) { /* a bundle */
		free(path);
		return;
	}
	take_index(&indexing, history->repository);
	if (strcmp(common, repository_git_folder(history->repository)) != 0)
		take_other(&indexing, history, common);
	while (folder && (entry = readdir(folder))) {
		char *below = memory_format("%s/%s", path, entry->d_name);

		if (entry->d_name[0] != '.' && !*history->events->stop)
			take_other(&indexing, history, below);
		free(below);
	}
	if (folder)
		closedir(folder);
	free(path);
}
