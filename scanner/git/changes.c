/*
 * What a commit, or the next commit, changes: trees compared by their ids, contents never looked at.
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
	const git_commit *commit; /* with its further parents, which must differ too; NULL for the index */
	repository_change *visit;
	void *context;
};

/* Whether a parent after the first holds the very blob (or, for id NULL, lacks the path): then the merge did not bring the change. */
static bool some_parent_agrees(const struct comparison *comparison, const char *path, const git_oid *id)
{
	unsigned count = comparison->commit ? git_commit_parentcount(comparison->commit) : 0;
	bool agrees = false;

	for (unsigned i = 1; i < count && !agrees; i++) {
		git_commit *parent = NULL;
		git_tree *tree = NULL;
		git_tree_entry *entry = NULL;

		if (!git_commit_parent(&parent, comparison->commit, i) && !git_commit_tree(&tree, parent)) {
			int number = git_tree_entry_bypath(&entry, tree, path);

			agrees = id ? number == 0 && git_oid_equal(git_tree_entry_id(entry), id)
				    : number == GIT_ENOTFOUND;
		}
		git_tree_entry_free(entry);
		git_tree_free(tree);
		git_commit_free(parent);
	}
	return agrees;
}

static int visit_deltas(const struct comparison *comparison, git_diff *diff)
{
	size_t count = git_diff_num_deltas(diff);
	int result = 0;

	for (size_t i = 0; i < count && !result; i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);
		struct object_id before, after;
		bool has_before = is_blob(&delta->old_file), has_after = is_blob(&delta->new_file);
		const char *path = has_after ? delta->new_file.path : delta->old_file.path;

		if (!has_before && !has_after)
			continue;
		if (some_parent_agrees(comparison, path, has_after ? &delta->new_file.id : NULL))
			continue;
		object_id_from_git(&before, &delta->old_file.id);
		object_id_from_git(&after, &delta->new_file.id);
		result = comparison->visit(comparison->context, path, has_before ? &before : NULL,
					   has_after ? &after : NULL);
	}
	return result;
}

int repository_staged_changes(struct repository *repository, repository_change *visit, void *context,
			      struct error *error)
{
	struct comparison comparison = { repository->git, NULL, visit, context };
	git_object *tree = NULL;
	git_diff *diff = NULL;
	int number = git_revparse_single(&tree, repository->git, "HEAD^{tree}"), result;

	/* before the first commit everything in the index is new */
	if (number == GIT_ENOTFOUND && git_repository_head_unborn(repository->git) == 1)
		number = 0;
	if (!number)
		number = git_diff_tree_to_index(&diff, repository->git, (git_tree *)tree, NULL, NULL);
	if (number)
		result = libgit2_error(error, number, "cannot compare the index with HEAD in",
				       git_repository_path(repository->git));
	else
		result = visit_deltas(&comparison, diff);
	git_diff_free(diff);
	git_object_free(tree);
	return result;
}

int repository_commit_changes(struct repository *repository, const struct object_id *id, repository_change *visit,
			      void *context, struct error *error)
{
	struct comparison comparison = { repository->git, NULL, visit, context };
	char hex[2 * OBJECT_ID_SIZE + 1];
	git_commit *commit = NULL, *parent = NULL;
	git_tree *tree = NULL, *parent_tree = NULL;
	git_diff *diff = NULL;
	git_oid git;
	int number, result;

	object_id_to_git(&git, id);
	object_id_format(id, hex);
	number = git_commit_lookup(&commit, repository->git, &git);
	if (!number)
		number = git_commit_tree(&tree, commit);
	if (!number && git_commit_parentcount(commit)) {
		number = git_commit_parent(&parent, commit, 0);
		if (!number)
			number = git_commit_tree(&parent_tree, parent);
	}
	if (!number)
		number = git_diff_tree_to_tree(&diff, repository->git, parent_tree, tree, NULL);
	comparison.commit = commit;
	if (number)
		result = libgit2_error(error, number, "cannot compare with its parent the commit", hex);
	else
		result = visit_deltas(&comparison, diff);
	git_diff_free(diff);
	git_tree_free(parent_tree);
	git_tree_free(tree);
	git_commit_free(parent);
	git_commit_free(commit);
	return result;
}

int repository_range(struct repository *repository, const char *range, struct object_id **commits, size_t *count,
		     struct error *error)
{
	git_revspec spec = { 0 };
	git_revwalk *walk = NULL;
	size_t capacity = 0;
	git_oid git;
	int number = git_revparse(&spec, repository->git, range), result = 0;

	*commits = NULL;
	*count = 0;
	if (number) {
		result = libgit2_error(error, number, "cannot find the range", range);
	} else if (!(spec.flags & GIT_REVSPEC_RANGE) || (spec.flags & GIT_REVSPEC_MERGE_BASE)) {
		result = error_set(error, ERROR_CONFIGURATION, "'%s' is no range of commits: write A..B", range);
	} else {
		number = git_revwalk_new(&walk, repository->git);
		if (!number)
			number = git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
		if (!number)
			number = git_revwalk_push(walk, git_object_id(spec.to));
		if (!number)
			number = git_revwalk_hide(walk, git_object_id(spec.from));
		while (!number && !(number = git_revwalk_next(&git, walk))) {
			memory_grow(*commits, *count, capacity);
			object_id_from_git(&(*commits)[(*count)++], &git);
		}
		if (number != GIT_ITEROVER)
			result = libgit2_error(error, number, "cannot walk the range (is the clone too shallow?)", range);
	}
	git_revwalk_free(walk);
	git_object_free(spec.from);
	git_object_free(spec.to);
	return result;
}
