/*
 * What a commit changes: trees compared by their ids, contents never looked at.
 */
#include "git/repository.h"

#include "base/memory.h"
#include "git/libgit2.h"
#include "git/tree_changes.h"

#include <stdlib.h>

/* One comparison of a commit with one of its parents, handed to the caller's visitor. */
struct comparison {
	struct repository *repository;
	const git_commit *commit; /* with its further parents, which must differ too */
	bool only_before;         /* only what stood there before counts: not the first parent */
	repository_change *visit;
	void *context;
};

/* Whether a parent after the first holds the very blob: then the merge did not bring it. */
static bool some_parent_agrees(const struct comparison *comparison, const char *path, const git_oid *id)
{
	unsigned count = git_commit_parentcount(comparison->commit);
	bool agrees = false;

	for (unsigned i = 1; i < count && !agrees; i++) {
		git_commit *parent = NULL;
		git_tree *tree = NULL;
		git_tree_entry *entry = NULL;

		if (!git_commit_parent(&parent, comparison->commit, i) && !git_commit_tree(&tree, parent) &&
		    !git_tree_entry_bypath(&entry, tree, path))
			agrees = git_oid_equal(git_tree_entry_id(entry), id);
		git_tree_entry_free(entry);
		git_tree_free(tree);
		git_commit_free(parent);
	}
	return agrees;
}

/* Hand on what differs. */
static int take_change(void *context, const char *path, const struct object_id *before, const struct object_id *after)
{
	const struct comparison *comparison = context;
	git_oid id;

	if (after)
		object_id_to_git(&id, after);
	if (after && (comparison->only_before || some_parent_agrees(comparison, path, &id)))
		after = NULL;
	return before || after ? comparison->visit(comparison->context, path, before, after) : 0;
}

/* Compare a commit's tree with that of one parent (number 0 of a root commit: with nothing). */
static int compare_with_parent(struct comparison *comparison, unsigned number, const char *hex, struct error *error)
{
	struct tree_changes changes = { comparison->repository, take_change, comparison, error, BUFFER_INIT };
	struct object_id before, after;
	git_commit *parent = NULL;
	int result = 0;

	if (git_commit_parentcount(comparison->commit) && (result = git_commit_parent(&parent, comparison->commit, number)))
		return libgit2_error(error, result, "cannot compare with its parents the commit", hex);
	if (parent)
		object_id_from_git(&before, git_commit_tree_id(parent));
	object_id_from_git(&after, git_commit_tree_id(comparison->commit));
	comparison->only_before = number > 0;
	buffer_reserve(&changes.folder, 64);
	if (!parent || object_id_compare(&before, &after) != 0)
		result = tree_changes_compare(&changes, parent ? &before : NULL, &after, 0);
	buffer_release(&changes.folder);
	git_commit_free(parent);
	return result;
}

int repository_commit_changes(struct repository *repository, const struct object_id *id, repository_change *visit,
			      void *context, struct error *error)
{
	struct comparison comparison = { repository, NULL, false, visit, context };
	char hex[2 * OBJECT_ID_SIZE + 1];
	git_commit *commit = NULL;
	git_oid git;
	int result;

	object_id_to_git(&git, id);
	object_id_format(id, hex);
	result = git_commit_lookup(&commit, repository->git, &git);
	if (result)
		return libgit2_error(error, result, "cannot compare with its parents the commit", hex);
	comparison.commit = commit;
	for (unsigned i = 0; !result && (i == 0 || i < git_commit_parentcount(commit)); i++)
		result = compare_with_parent(&comparison, i, hex, error);
	git_commit_free(commit);
	return result;
}
