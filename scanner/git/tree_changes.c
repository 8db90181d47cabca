#include "git/tree_changes.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Folders inside folders. */
#define DEPTH_MAX 4096

/* ---- one tree ---- */

static const char *name_of(const char *path)
{
	return path && *path ? path : "/";
}

int tree_cursor_next(struct tree_cursor *cursor, const char *path, struct error *error)
{
	int result = cursor->bytes ? tree_next(cursor->bytes, cursor->size, &cursor->position, &cursor->entry) : 0;

	cursor->has_entry = result == 1;
	return result < 0 ? error_set(error, ERROR_MALFORMED, "the tree of '%s' is malformed", name_of(path)) : 0;
}

int tree_cursor_open(struct tree_cursor *cursor, struct repository *repository, const struct object_id *id,
		     const char *path, struct error *error)
{
	enum object_kind kind = OBJECT_TREE;
	int result = 0;

	*cursor = (struct tree_cursor){ 0 };
	if (id)
		result = repository_read(repository, id, &kind, &cursor->bytes, &cursor->size, error);
	if (!result && kind != OBJECT_TREE)
		result = error_set(error, ERROR_MALFORMED, "the tree of '%s' is no tree", name_of(path));
	return result ? result : tree_cursor_next(cursor, path, error);
}

int tree_name_compare(const char *a, size_t a_length, bool a_is_folder, const struct tree_entry *b)
{
	size_t shorter = a_length < b->name_length ? a_length : b->name_length;
	int order = memcmp(a, b->name, shorter);
	unsigned char after_a, after_b;

	if (order)
		return order;
	after_a = a_length > shorter ? (unsigned char)a[shorter] : a_is_folder ? '/' : 0;
	after_b = b->name_length > shorter ? (unsigned char)b->name[shorter] : b->kind == TREE_ENTRY_TREE ? '/' : 0;
	return (after_a > after_b) - (after_a < after_b);
}

/* ---- two trees ---- */

/* An entry of one side, or of both under one name and both folders or both not. */
static int take_entry(struct tree_changes *changes, const struct tree_entry *before, const struct tree_entry *after,
		      unsigned depth)
{
	const struct tree_entry *either = after ? after : before;
	struct object_id before_id, after_id;
	size_t length = changes->folder.length;
	int result = 0;

	if (before)
		memcpy(&before_id, before->id, sizeof(before_id));
	if (after)
		memcpy(&after_id, after->id, sizeof(after_id));
	if (before && after && before->kind == after->kind && object_id_compare(&before_id, &after_id) == 0)
		return 0;
	buffer_add(&changes->folder, either->name, either->name_length);
	if (either->kind == TREE_ENTRY_TREE) {
		buffer_add_char(&changes->folder, '/');
		result = tree_changes_compare(changes, before ? &before_id : NULL, after ? &after_id : NULL, depth + 1);
	} else {
		/* what a submodule names is no content of this repository */
		bool has_before = before && before->kind == TREE_ENTRY_BLOB, has_after = after && after->kind == TREE_ENTRY_BLOB;

		if (has_before || has_after)
			result = changes->visit(changes->context, changes->folder.bytes, has_before ? &before_id : NULL,
						has_after ? &after_id : NULL);
	}
	changes->folder.length = length;
	changes->folder.bytes[length] = '\0';
	return result;
}

int tree_changes_compare(struct tree_changes *changes, const struct object_id *before, const struct object_id *after,
			 unsigned depth)
{
	struct tree_cursor old = { 0 }, new = { 0 };
	const char *path = changes->folder.bytes;
	int result;

	if (depth > DEPTH_MAX)
		return error_set(changes->error, ERROR_LIMIT, "folders are nested too deeply in '%.100s'", name_of(path));
	result = tree_cursor_open(&old, changes->repository, before, path, changes->error);
	if (!result)
		result = tree_cursor_open(&new, changes->repository, after, path, changes->error);
	while (!result && (old.has_entry || new.has_entry)) {
		int order = !old.has_entry   ? -1
			    : !new.has_entry ? 1
					     : tree_name_compare(new.entry.name, new.entry.name_length,
								 new.entry.kind == TREE_ENTRY_TREE, &old.entry);

		result = take_entry(changes, order >= 0 ? &old.entry : NULL, order <= 0 ? &new.entry : NULL, depth);
		if (!result && order >= 0)
			result = tree_cursor_next(&old, changes->folder.bytes, changes->error);
		if (!result && order <= 0)
			result = tree_cursor_next(&new, changes->folder.bytes, changes->error);
	}
	free(old.bytes);
	free(new.bytes);
	return result;
}
