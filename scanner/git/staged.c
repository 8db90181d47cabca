/*
 * What the next commit would add: the index against the tree of HEAD. A folder of which the cache tree says that it is
 * what HEAD has is passed over, so that the work follows the size of the change, not of the repository.
 */
#include "git/repository.h"

#include "base/memory.h"
#include "git/index_file.h"
#include "git/libgit2.h"
#include "git/tree.h"

#include <stdlib.h>
#include <sys/stat.h>

/* Folders inside folders in a tree. */
#define TREE_DEPTH_MAX 4096

struct staged {
	struct repository *repository;
	struct index_file index;
	struct index_entry entry; /* the current one, when has_entry */
	bool has_entry;
	struct buffer folder; /* the path of the current folder, with its '/' */
	repository_change *visit;
	void *context;
	struct error *error;
};

/* An open tree, and its current entry. */
struct tree_cursor {
	unsigned char *bytes; /* owned; NULL: nothing is in it */
	size_t size, position;
	struct tree_entry entry;
	bool has_entry;
};

static int cursor_next(struct tree_cursor *cursor, const struct staged *staged)
{
	int result = cursor->bytes ? tree_next(cursor->bytes, cursor->size, &cursor->position, &cursor->entry) : 0;

	cursor->has_entry = result == 1;
	if (result < 0)
		return error_set(staged->error, ERROR_MALFORMED, "cannot compare the index with HEAD: the tree of '%s' is malformed",
				 staged->folder.length ? staged->folder.bytes : "/");
	return 0;
}

static int cursor_open(struct tree_cursor *cursor, const struct staged *staged, const struct object_id *id)
{
	enum object_kind kind = OBJECT_TREE;
	int result = 0;

	*cursor = (struct tree_cursor){ 0 };
	if (id)
		result = repository_read(staged->repository, id, &kind, &cursor->bytes, &cursor->size, staged->error);
	if (!result && kind != OBJECT_TREE)
		result = error_set(staged->error, ERROR_MALFORMED, "cannot compare the index with HEAD: '%s' is no tree",
				   staged->folder.length ? staged->folder.bytes : "/");
	return result ? result : cursor_next(cursor, staged);
}

static int next_entry(struct staged *staged)
{
	int result = index_file_next(&staged->index, &staged->entry, staged->error);

	staged->has_entry = result == 1;
	return result < 0 ? result : 0;
}

/* Tell of a file of the current folder. */
static int tell(struct staged *staged, const char *name, size_t length, const struct object_id *before,
		const struct object_id *after)
{
	char *path = memory_format("%s%.*s", staged->folder.length ? staged->folder.bytes : "", (int)length, name);
	int result = staged->visit(staged->context, path, before, after);

	free(path);
	return result;
}

static void enter(struct staged *staged, const char *name, size_t length)
{
	buffer_add(&staged->folder, name, length);
	buffer_add_char(&staged->folder, '/');
}

static void leave(struct staged *staged, size_t length)
{
	staged->folder.length = length;
	staged->folder.bytes[length] = '\0';
}

/* Every file below a tree: what HEAD has (or, of a sparse folder, what the next commit has) where the other side has nothing. */
static int tell_tree(struct staged *staged, const char *name, size_t name_length, const struct object_id *id, bool is_after,
		     unsigned depth)
{
	size_t length = staged->folder.length;
	struct tree_cursor cursor;
	int result;

	if (depth > TREE_DEPTH_MAX)
		return error_set(staged->error, ERROR_LIMIT, "cannot compare the index with HEAD: folders are nested too deeply");
	enter(staged, name, name_length);
	result = cursor_open(&cursor, staged, id);
	while (!result && cursor.has_entry) {
		const struct tree_entry *entry = &cursor.entry;
		struct object_id below;

		memcpy(&below, entry->id, sizeof(below));
		if (entry->kind == TREE_ENTRY_TREE)
			result = tell_tree(staged, entry->name, entry->name_length, &below, is_after, depth + 1);
		else if (entry->kind == TREE_ENTRY_BLOB)
			result = tell(staged, entry->name, entry->name_length, is_after ? NULL : &below, is_after ? &below : NULL);
		if (!result)
			result = cursor_next(&cursor, staged);
	}
	free(cursor.bytes);
	leave(staged, length);
	return result;
}

/* What stands next in the current folder of the index: a file, or a folder and all its entries. */
struct next_name {
	const char *name;
	size_t length;
	bool is_folder;
};

static bool next_name(const struct staged *staged, struct next_name *next)
{
	size_t skipped = staged->folder.length;
	const char *slash;

	if (!staged->has_entry || staged->entry.path_length <= skipped ||
	    (skipped && memcmp(staged->entry.path, staged->folder.bytes, skipped) != 0))
		return false;
	next->name = staged->entry.path + skipped;
	slash = strchr(next->name, '/');
	next->is_folder = slash != NULL;
	next->length = slash ? (size_t)(slash - next->name) : staged->entry.path_length - skipped;
	return true;
}

/* The order of trees and of the index alike: by bytes, a folder as if its name ended in '/'. */
static int compare_names(const struct next_name *a, const struct tree_entry *b)
{
	size_t shorter = a->length < b->name_length ? a->length : b->name_length;
	int order = memcmp(a->name, b->name, shorter);
	unsigned char after_a, after_b;

	if (order)
		return order;
	after_a = a->length > shorter ? (unsigned char)a->name[shorter] : a->is_folder ? '/' : 0;
	after_b = b->name_length > shorter ? (unsigned char)b->name[shorter] : b->kind == TREE_ENTRY_TREE ? '/' : 0;
	return (after_a > after_b) - (after_a < after_b);
}

/* HEAD has it and the index does not, or has something else there. */
static int take_removed(struct staged *staged, struct tree_cursor *cursor, unsigned depth)
{
	const struct tree_entry *entry = &cursor->entry;
	struct object_id id;
	int result = 0;

	memcpy(&id, entry->id, sizeof(id));
	if (entry->kind == TREE_ENTRY_TREE)
		result = tell_tree(staged, entry->name, entry->name_length, &id, false, depth + 1);
	else if (entry->kind == TREE_ENTRY_BLOB)
		result = tell(staged, entry->name, entry->name_length, &id, NULL);
	return result ? result : cursor_next(cursor, staged);
}

/* A file of the index; cursor stands on HEAD's of the same name when same is set. */
static int take_file(struct staged *staged, const struct next_name *next, struct tree_cursor *cursor, bool same)
{
	const struct index_entry *entry = &staged->entry;
	bool added = !entry->stage && !entry->intent_to_add && (S_ISREG(entry->mode) || S_ISLNK(entry->mode));
	struct object_id before;
	bool has_before = same && cursor->entry.kind == TREE_ENTRY_BLOB;
	int result = 0;

	if (has_before)
		memcpy(&before, cursor->entry.id, sizeof(before));
	if (!(has_before && added && object_id_compare(&before, &entry->id) == 0) && (has_before || added))
		result = tell(staged, next->name, next->length, has_before ? &before : NULL, added ? &entry->id : NULL);
	if (!result)
		result = next_entry(staged);
	/* the sides of a conflict follow each other under one name */
	if (!result && same)
		result = cursor_next(cursor, staged);
	return result;
}

static int compare_folder(struct staged *staged, const struct index_folder *known, const struct object_id *tree, unsigned depth);

/* A folder that a sparse index holds as one entry. */
static int take_sparse(struct staged *staged, const struct next_name *next, const struct object_id *head)
{
	struct object_id id = staged->entry.id;
	char *name = memory_copy_bytes(next->name, next->length);
	int result = 0;

	if (!head || object_id_compare(head, &id) != 0) {
		result = tell_tree(staged, name, next->length, &id, true, 0);
		if (!result && head)
			result = tell_tree(staged, name, next->length, head, false, 0);
	}
	free(name);
	return result ? result : next_entry(staged);
}

/* A folder of the index; cursor stands on HEAD's of the same name when same is set. */
static int take_folder(struct staged *staged, const struct next_name *next, const struct index_folder *known,
		       struct tree_cursor *cursor, bool same, unsigned depth)
{
	const struct index_folder *child = index_file_child(&staged->index, known, next->name, next->length);
	size_t length = staged->folder.length;
	struct object_id id;
	int result;

	if (same)
		memcpy(&id, cursor->entry.id, sizeof(id));
	if (S_ISDIR(staged->entry.mode) && staged->entry.path_length == length + next->length + 1) {
		result = take_sparse(staged, next, same ? &id : NULL);
	} else {
		enter(staged, next->name, next->length);
		result = compare_folder(staged, child, same ? &id : NULL, depth + 1);
		leave(staged, length);
	}
	if (!result && same)
		result = cursor_next(cursor, staged);
	return result;
}

/* Pass over the entries of a folder that is what HEAD has. */
static int skip_entries(struct staged *staged, int64_t count)
{
	int result = 0;

	while (count-- > 0 && staged->has_entry && !result)
		result = next_entry(staged);
	return result;
}

/* Compare what the index has in the current folder with HEAD's tree (NULL: it has none). known is what the cache tree says of it, or NULL. */
static int compare_folder(struct staged *staged, const struct index_folder *known, const struct object_id *tree, unsigned depth)
{
	struct tree_cursor cursor;
	struct next_name next;
	int result;

	if (known && known->entry_count >= 0 && tree && object_id_compare(&known->id, tree) == 0)
		return skip_entries(staged, known->entry_count);
	result = cursor_open(&cursor, staged, tree);
	while (!result) {
		bool has_next = next_name(staged, &next);
		int order = !has_next ? 1 : !cursor.has_entry ? -1 : compare_names(&next, &cursor.entry);

		if (!has_next && !cursor.has_entry)
			break;
		if (order > 0)
			result = take_removed(staged, &cursor, depth);
		else if (next.is_folder)
			result = take_folder(staged, &next, known, &cursor, order == 0, depth);
		else
			result = take_file(staged, &next, &cursor, order == 0);
	}
	free(cursor.bytes);
	return result;
}

/* The tree of HEAD. Returns 0 with *has_tree unset before the first commit. */
static int head_tree(struct repository *repository, struct object_id *tree, bool *has_tree, struct error *error)
{
	git_commit *head = NULL;
	git_oid id;
	int number = git_reference_name_to_id(&id, repository->git, "HEAD"), result = 0;

	if (!number)
		number = git_commit_lookup(&head, repository->git, &id);
	*has_tree = !number;
	if (!number)
		object_id_from_git(tree, git_commit_tree_id(head));
	else if (number != GIT_ENOTFOUND || git_repository_head_unborn(repository->git) != 1)
		result = libgit2_error(error, number, "cannot compare the index with HEAD in",
				       git_repository_path(repository->git));
	git_commit_free(head);
	return result;
}

int repository_staged_changes(struct repository *repository, repository_change *visit, void *context,
			      struct error *error)
{
	struct staged staged = { .repository = repository, .visit = visit, .context = context, .error = error };
	struct object_id tree;
	bool has_tree;
	int result = head_tree(repository, &tree, &has_tree, error);

	if (result)
		return result;
	buffer_reserve(&staged.folder, 64);
	result = index_file_read(&staged.index, repository->index_path, error);
	if (result == ERROR_NOT_FOUND) {
		result = 0; /* nothing is staged: the next commit would take everything away and add nothing */
	} else if (!result) {
		result = next_entry(&staged);
		if (!result)
			result = compare_folder(&staged, index_file_root(&staged.index), has_tree ? &tree : NULL, 0);
	}
	index_file_release(&staged.index);
	buffer_release(&staged.folder);
	return result;
}
