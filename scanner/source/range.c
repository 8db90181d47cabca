/*
 * What a range of commits or a push adds. Each commit is looked at by itself, because a key that one commit of a push adds and
 * the next removes has been pushed all the same.
 */
#include "source/changes.h"

#include "base/log.h"
#include "base/memory.h"
#include "git/commit.h"
#include "git/tree.h"

#include <stdlib.h>
#include <string.h>

static void scan_commit(const struct source_events *events, struct repository *repository, const struct object_id *id,
			struct source_counts *counts)
{
	char hex[2 * OBJECT_ID_SIZE + 1];
	struct chunk chunk = { .object = "", .commit = hex, .reachable = true };
	struct change_list list = { 0 };
	struct commit commit = { 0 };
	unsigned char *bytes = NULL;
	char *author = NULL;
	enum object_kind kind;
	struct error error;
	size_t size;

	object_id_format(id, hex);
	counts->commits++;
	if (repository_read(repository, id, &kind, &bytes, &size, &error) ||
	    commit_parse(&commit, (char *)bytes, size, &error)) {
		events->incomplete(events->context, "unreadable-object", hex, NULL, error.message);
		goto out;
	}
	chunk.author = author = commit_author((char *)bytes, size);
	chunk.has_date = true;
	chunk.date = commit.author_date;
	chunk.kind = PLACE_COMMIT_MESSAGE;
	chunk.object = hex;
	chunk.bytes = bytes;
	chunk.size = size;
	chunk.first = chunk.last = true;
	counts->objects++;
	counts->bytes += size;
	events->chunk(events->context, 0, &chunk);
	events->settle(events->context, 0);
	if (repository_commit_changes(repository, id, change_list_add, &list, &error)) {
		events->incomplete(events->context, "unreadable-object", hex, NULL, error.message);
		goto out;
	}
	chunk.kind = PLACE_BLOB;
	change_list_hand_out(&list, events, repository, &chunk, counts);
out:
	change_list_release(&list);
	commit_release(&commit);
	free(author);
	free(bytes);
}

/* ---- what is pushed beside commits ---- */

/* Folders inside folders in a tree. */
#define TREE_DEPTH_MAX 1024

static void scan_object(const struct source_events *events, struct repository *repository, const struct object_id *id,
			const char *path, unsigned depth, struct source_counts *counts);

static void scan_tree(const struct source_events *events, struct repository *repository,
		      const struct repository_object *tree, const char *path, unsigned depth, struct source_counts *counts)
{
	struct tree_entry entry;
	size_t position = 0;

	while (tree_next(tree->bytes, tree->size, &position, &entry) == 1 && !*events->stop) {
		char *below = memory_format("%s%s%s", path ? path : "", path ? "/" : "", entry.name);
		struct object_id id;

		memcpy(&id, entry.id, sizeof(id));
		if (entry.kind != TREE_ENTRY_SUBMODULE)
			scan_object(events, repository, &id, below, depth + 1, counts);
		free(below);
	}
}

/* A tag, a blob, or a tree with all below it. */
static void scan_object(const struct source_events *events, struct repository *repository, const struct object_id *id,
			const char *path, unsigned depth, struct source_counts *counts)
{
	char hex[2 * OBJECT_ID_SIZE + 1];
	struct chunk chunk = { .object = hex, .commit = "", .path = path, .reachable = true, .first = true, .last = true };
	struct repository_object object = { 0 };
	struct error error = { 0 };

	object_id_format(id, hex);
	if (depth > TREE_DEPTH_MAX)
		error_set(&error, ERROR_LIMIT, "folders are nested too deeply");
	else
		repository_object_open(repository, id, &object, &error);
	if (error.code) {
		events->incomplete(events->context, error.code == ERROR_NOT_FOUND ? "missing-object" : "unreadable-object",
				   hex, path, error.message);
		return;
	}
	counts->objects++;
	counts->bytes += object.size;
	if (object.kind == OBJECT_TREE) {
		scan_tree(events, repository, &object, path, depth, counts);
	} else {
		chunk.kind = object.kind == OBJECT_TAG ? PLACE_TAG_MESSAGE : PLACE_BLOB;
		if (path)
			change_hand_out_name(events, &chunk);
		change_hand_out_windows(events, object.bytes, object.size, &chunk);
		change_hand_out_large_file(events, repository, object.bytes, object.size, &chunk, counts);
		events->settle(events->context, 0);
	}
	repository_object_close(&object);
}

int source_commits(const struct source_events *events, struct repository *repository, const struct commit_choice *choice,
		   struct source_counts *counts, struct error *error)
{
	struct chosen chosen = { 0 };
	int result = repository_choose(repository, choice, &chosen, error);

	if (chosen.took_else)
		log_note("'%s' is not in this clone, as after a push over it: '%s' counts for it", choice->known[0], choice->known_else);
	if (chosen.took_all)
		log_note("nothing lies between '%s' and '%s': all that leads to '%s' is scanned", chosen.took_else ? choice->known_else : choice->known[0],
			 choice->tips[0], choice->tips[0]);
	/* what could be listed before the walk broke off is scanned all the same */
	for (size_t i = 0; i < chosen.commit_count && !*events->stop; i++)
		scan_commit(events, repository, &chosen.commits[i], counts);
	for (size_t i = 0; i < chosen.other_count && !*events->stop; i++)
		scan_object(events, repository, &chosen.others[i], NULL, 0, counts);
	chosen_release(&chosen);
	return result;
}

int source_range(const struct source_events *events, struct repository *repository, const char *range,
		 struct source_counts *counts, struct error *error)
{
	const char *dots = strstr(range, "..");
	char *from = dots ? memory_copy_bytes(range, (size_t)(dots - range)) : NULL;
	const char *tips[] = { dots ? dots + 2 : "" }, *known[] = { from };
	struct commit_choice choice = { .tips = tips, .tip_count = 1, .known = known, .known_count = 1 };
	int result;

	if (!dots || !*from || !*tips[0] || *tips[0] == '.')
		result = error_set(error, ERROR_CONFIGURATION, "'%s' is no range of commits: write A..B", range);
	else
		result = source_commits(events, repository, &choice, counts, error);
	free(from);
	return result;
}
