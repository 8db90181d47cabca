#include "source/changes.h"

#include "base/memory.h"
#include "source/large_files.h"

#include <stdlib.h>
#include <string.h>

int change_list_add(void *context, const char *path, const struct object_id *before, const struct object_id *after)
{
	struct change_list *list = context;
	struct change *change;

	memory_grow(list->changes, list->count, list->capacity);
	change = &list->changes[list->count++];
	*change = (struct change){ .path = memory_copy_string(path), .has_before = before, .has_after = after };
	if (before)
		change->before = *before;
	if (after)
		change->after = *after;
	return 0;
}

void change_list_release(struct change_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->changes[i].path);
	free(list->changes);
	*list = (struct change_list){ 0 };
}

/* Content larger than this is handed out in windows: the prefilter counts in 32 bits. */
#define CHUNK_MAX ((size_t)1 << 30)

unsigned change_hand_out_windows(const struct source_events *events, const unsigned char *bytes, size_t size,
				 struct chunk *chunk)
{
	unsigned found = 0;

	chunk->offset = 0;
	do {
		chunk->first = chunk->offset == 0;
		chunk->last = size - chunk->offset <= CHUNK_MAX;
		chunk->bytes = bytes + chunk->offset;
		chunk->size = chunk->last ? size - chunk->offset : CHUNK_MAX;
		found += events->chunk(events->context, 0, chunk) == CHUNK_FOUND;
		chunk->offset += chunk->size - events->overlap;
	} while (!chunk->last);
	chunk->offset = 0;
	return found;
}

/* Whether what is looked at is a push that is coming in. */
static bool is_incoming(const struct repository *repository)
{
	size_t count;
	char *const *directories = repository_object_directories(repository, &count);

	for (size_t i = 0; i < count; i++) {
		if (repository_is_incoming(directories[i]))
			return true;
	}
	return false;
}

unsigned change_hand_out_large_file(const struct source_events *events, const struct repository *repository, const unsigned char *bytes,
				    size_t size, const struct chunk *like, struct source_counts *counts)
{
	struct large_file file = { .missing = false };
	bool found;

	if (!large_file_parse(&file, bytes, size))
		return 0;
	found = large_file_hand_out(&file, events, repository_common_folder(repository), like, &counts->bytes);
	if (file.missing && !like->old && !is_incoming(repository))
		events->incomplete(events->context, "missing-lfs-object", like->object, like->path,
				   LARGE_FILE_MISSING ": git lfs fetch brings it");
	return found;
}

unsigned change_hand_out_name(const struct source_events *events, const struct chunk *like)
{
	struct chunk chunk = *like;

	chunk.kind = PLACE_PATH;
	chunk.object = "";
	chunk.bytes = chunk.path;
	chunk.size = strlen(chunk.path);
	chunk.first = chunk.last = true;
	return events->chunk(events->context, 0, &chunk) == CHUNK_FOUND;
}

/* Read one blob and hand it out. Returns what was found in it. */
static unsigned hand_out(const struct source_events *events, struct repository *repository,
			 const struct object_id *id, struct chunk *chunk, struct source_counts *counts)
{
	char hex[2 * OBJECT_ID_SIZE + 1];
	struct repository_object object;
	struct error error;
	unsigned found = 0;

	object_id_format(id, hex);
	chunk->object = hex;
	if (repository_object_open(repository, id, &object, &error)) {
		events->incomplete(events->context,
				   error.code == ERROR_NOT_FOUND ? "missing-object" : "unreadable-object", hex,
				   chunk->path, error.message);
	} else {
		counts->objects++;
		counts->bytes += object.size;
		found = change_hand_out_windows(events, object.bytes, object.size, chunk);
		found += change_hand_out_large_file(events, repository, object.bytes, object.size, chunk, counts);
		repository_object_close(&object);
	}
	return found;
}

void change_list_hand_out(const struct change_list *list, const struct source_events *events,
			  struct repository *repository, const struct chunk *like, struct source_counts *counts)
{
	struct chunk chunk = *like;
	unsigned found = 0;

	for (size_t i = 0; i < list->count && !*events->stop; i++) {
		const struct change *change = &list->changes[i];

		chunk.path = change->path;
		if (change->has_after && !change->has_before)
			found += change_hand_out_name(events, &chunk);
		if (change->has_after)
			found += hand_out(events, repository, &change->after, &chunk, counts);
	}
	chunk.old = true;
	for (size_t i = 0; i < list->count && found; i++) {
		const struct change *change = &list->changes[i];

		chunk.path = change->path;
		if (!change->has_before)
			continue;
		change_hand_out_name(events, &chunk);
		hand_out(events, repository, &change->before, &chunk, counts);
	}
	events->settle(events->context, 0);
}
