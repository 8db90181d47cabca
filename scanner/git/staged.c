/*
 * What the next commit would add: the index against the tree of HEAD. A folder of which the cache tree says that it is
 * what HEAD has is passed over, so that the work follows the size of the change, not of the repository.
 */
#include "git/repository.h"

#include "base/memory.h"
#include "git/index_file.h"
#include "git/libgit2.h"
#include "git/tree_changes.h"

#include <stdlib.h>
#include <sys/stat.h>

struct staged {
	struct tree_changes changes; /* and with it the path of the current folder */
	struct index_file index;
	struct index_entry entry; /* the current one, when has_entry */
	bool has_entry;
};

static int next_entry(struct staged *staged)
{
	int result = index_file_next(&staged->index, &staged->entry, staged->changes.error);

	staged->has_entry = result == 1;
	return result < 0 ? result : 0;
}

/* Tell of a file of the current folder. */
static int tell(struct staged *staged, const char *name, size_t length, const struct object_id *before,
		const struct object_id *after)
{
	char *path = memory_format("%s%.*s", staged->changes.folder.length ? staged->changes.folder.bytes : "", (int)length, name);
	int result = staged->changes.visit(staged->changes.context, path, before, after);

	free(path);
	return result;
}

static void enter(struct staged *staged, const char *name, size_t length)
{
	buffer_add(&staged->changes.folder, name, length);
	buffer_add_char(&staged->changes.folder, '/');
}

static void leave(struct staged *staged, size_t length)
{
	staged->changes.folder.length = length;
	staged->changes.folder.bytes[length] = '\0';
}

/* A folder that is in HEAD or in the next commit as a tree, and on the other side not, or as another one. */
static int tell_trees(struct staged *staged, const char *name, size_t name_length, const struct object_id *before,
		      const struct object_id *after, unsigned depth)
{
	size_t length = staged->changes.folder.length;
	int result;

	enter(staged, name, name_length);
	result = tree_changes_compare(&staged->changes, before, after, depth);
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
	size_t skipped = staged->changes.folder.length;
	const char *slash;

	if (!staged->has_entry || staged->entry.path_length <= skipped ||
	    (skipped && memcmp(staged->entry.path, staged->changes.folder.bytes, skipped) != 0))
		return false;
	next->name = staged->entry.path + skipped;
	slash = strchr(next->name, '/');
	next->is_folder = slash != NULL;
	next->length = slash ? (size_t)(slash - next->name) : staged->entry.path_length - skipped;
	return true;
}

/* HEAD has it and the index does not, or has something else there. */
static int take_removed(struct staged *staged, struct tree_cursor *cursor, unsigned depth)
{
	const struct tree_entry *entry = &cursor->entry;
	struct object_id id;
	int result = 0;

	memcpy(&id, entry->id, sizeof(id));
	if (entry->kind == TREE_ENTRY_TREE)
		result = tell_trees(staged, entry->name, entry->name_length, &id, NULL, depth + 1);
	else if (entry->kind == TREE_ENTRY_BLOB)
		result = tell(staged, entry->name, entry->name_length, &id, NULL);
	return result ? result : tree_cursor_next(cursor, staged->changes.folder.bytes, staged->changes.error);
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
		result = tree_cursor_next(cursor, staged->changes.folder.bytes, staged->changes.error);
	return result;
}

static int compare_folder(struct staged *staged, const struct index_folder *known, const struct object_id *tree, unsigned depth);

/* A folder that a sparse index holds as one entry. */
static int take_sparse(struct staged *staged, const struct next_name *next, const struct object_id *head)
{
	struct object_id id = staged->entry.id;
	int result = 0;

	if (!head || object_id_compare(head, &id) != 0)
		result = tell_trees(staged, next->name, next->length, head, &id, 0);
	return result ? result : next_entry(staged);
}

/* A folder of the index; cursor stands on HEAD's of the same name when same is set. */
static int take_folder(struct staged *staged, const struct next_name *next, const struct index_folder *known,
		       struct tree_cursor *cursor, bool same, unsigned depth)
{
	const struct index_folder *child = index_file_child(&staged->index, known, next->name, next->length);
	size_t length = staged->changes.folder.length;
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
		result = tree_cursor_next(cursor, staged->changes.folder.bytes, staged->changes.error);
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
	result = tree_cursor_open(&cursor, staged->changes.repository, tree, staged->changes.folder.bytes, staged->changes.error);
	while (!result) {
		bool has_next = next_name(staged, &next);
		int order = !has_next ? 1 : !cursor.has_entry ? -1 : tree_name_compare(next.name, next.length, next.is_folder, &cursor.entry);

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
	struct staged staged = { .changes = { repository, visit, context, error, BUFFER_INIT } };
	struct object_id tree;
	bool has_tree;
	int result = head_tree(repository, &tree, &has_tree, error);

	if (result)
		return result;
	buffer_reserve(&staged.changes.folder, 64);
	result = index_file_read(&staged.index, repository->index_path, git_repository_path(repository->git), error);
	if (result == ERROR_NOT_FOUND) {
		result = 0; /* nothing is staged: the next commit would take everything away and add nothing */
	} else if (!result) {
		result = next_entry(&staged);
		if (!result)
			result = compare_folder(&staged, index_file_root(&staged.index), has_tree ? &tree : NULL, 0);
	}
	index_file_release(&staged.index);
	buffer_release(&staged.changes.folder);
	return result;
}

int repository_each_index_entry(struct repository *repository, repository_index_entry *visit, void *context, struct error *error)
{
	struct index_file index = { 0 };
	struct index_entry entry;
	int result = index_file_read(&index, repository->index_path, git_repository_path(repository->git), error), next = 1;

	while (!result && (next = index_file_next(&index, &entry, error)) == 1)
		result = visit(context, entry.path, &entry.id, (entry.mode & S_IFMT) != MODE_GITLINK && !entry.intent_to_add);
	if (!result && next < 0)
		result = next;
	index_file_release(&index);
	return result == ERROR_NOT_FOUND ? 0 : result;
}

bool repository_head_has(struct repository *repository, const char *path, const struct object_id *id)
{
	git_tree_entry *entry = NULL;
	git_object *tree = NULL;
	struct object_id there;
	bool has = false;

	if (!git_revparse_single(&tree, repository->git, "HEAD^{tree}") && git_object_type(tree) == GIT_OBJECT_TREE &&
	    !git_tree_entry_bypath(&entry, (git_tree *)tree, path)) {
		object_id_from_git(&there, git_tree_entry_id(entry));
		has = !id || !object_id_compare(&there, id);
	}
	git_tree_entry_free(entry);
	git_object_free(tree);
	return has;
}
