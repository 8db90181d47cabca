/*
 * What a commit changes: trees compared by their ids, contents never looked at.
 */
#include "git/repository.h"

#include "base/memory.h"
#include "git/libgit2.h"

#include <stdlib.h>

static bool is_blob(const git_diff_file *file)
{
	return !git_oid_is_zero(&file->id) && file->mode != GIT_FILEMODE_COMMIT && file->mode != GIT_FILEMODE_TREE;
}

/* One comparison, handed to the caller's visitor. */
struct comparison {
	git_repository *git;
	const git_commit *commit; /* with its further parents, which must differ too */
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

/* Hand on what differs; with only_before, only what stood there before. */
static int visit_deltas(const struct comparison *comparison, git_diff *diff, bool only_before)
{
	size_t count = git_diff_num_deltas(diff);
	int result = 0;

	for (size_t i = 0; i < count && !result; i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);
		struct object_id before, after;
		bool has_before = is_blob(&delta->old_file);
		bool has_after = is_blob(&delta->new_file) && !only_before &&
				 !some_parent_agrees(comparison, delta->new_file.path, &delta->new_file.id);

		if (!has_before && !has_after)
			continue;
		object_id_from_git(&before, &delta->old_file.id);
		object_id_from_git(&after, &delta->new_file.id);
		result = comparison->visit(comparison->context, has_after ? delta->new_file.path : delta->old_file.path,
					   has_before ? &before : NULL, has_after ? &after : NULL);
	}
	return result;
}

/*
 * Compare a commit's tree with that of one parent (number 0 of a root commit: with nothing). Returns the visitor's
 * value or libgit2's.
 */
static int compare_with_parent(const struct comparison *comparison, git_tree *tree, unsigned number)
{
	git_commit *parent = NULL;
	git_tree *parent_tree = NULL;
	git_diff *diff = NULL;
	int result = 0;

	if (git_commit_parentcount(comparison->commit))
		result = git_commit_parent(&parent, comparison->commit, number);
	if (parent)
		result = git_commit_tree(&parent_tree, parent);
	if (!result)
		result = git_diff_tree_to_tree(&diff, comparison->git, parent_tree, tree, NULL);
	if (!result)
		result = visit_deltas(comparison, diff, number > 0);
	git_diff_free(diff);
	git_tree_free(parent_tree);
	git_commit_free(parent);
	return result;
}

int repository_commit_changes(struct repository *repository, const struct object_id *id, repository_change *visit,
			      void *context, struct error *error)
{
	struct comparison comparison = { repository->git, NULL, visit, context };
	char hex[2 * OBJECT_ID_SIZE + 1];
	git_commit *commit = NULL;
	git_tree *tree = NULL;
	git_oid git;
	int result;

	object_id_to_git(&git, id);
	object_id_format(id, hex);
	result = git_commit_lookup(&commit, repository->git, &git);
	if (!result)
		result = git_commit_tree(&tree, commit);
	comparison.commit = commit;
	for (unsigned i = 0; !result && (i == 0 || i < git_commit_parentcount(commit)); i++)
		result = compare_with_parent(&comparison, tree, i);
	if (result < 0)
		result = libgit2_error(error, result, "cannot compare with its parents the commit", hex);
	git_tree_free(tree);
	git_commit_free(commit);
	return result;
}
