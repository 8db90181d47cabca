/*
 * What a range of commits adds. Each commit is looked at by itself, because a key that one commit of a push adds and
 * the next removes has been pushed all the same.
 */
#include "source/changes.h"

#include "base/memory.h"
#include "git/commit.h"

#include <stdlib.h>

static void scan_commit(const struct source_events *events, struct repository *repository, const struct object_id *id,
			struct source_counts *counts)
{
	char hex[2 * OBJECT_ID_SIZE + 1];
	struct chunk chunk = { .object = "", .commit = hex, .reachable = true };
	struct change_list list = { 0 };
	struct commit commit = { 0 };
	unsigned char *bytes = NULL;
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
	chunk.author = commit.author;
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
	free(bytes);
}

int source_range(const struct source_events *events, struct repository *repository, const char *range,
		 struct source_counts *counts, struct error *error)
{
	struct object_id *commits = NULL;
	size_t count = 0;
	int result = repository_range(repository, range, &commits, &count, error);

	/* what could be listed before the walk broke off is scanned all the same */
	for (size_t i = 0; i < count && !*events->stop; i++)
		scan_commit(events, repository, &commits[i], counts);
	free(commits);
	return result;
}
