/*
 * References and reflogs: the names that lead into history. A reference that cannot be read is told, because it
 * may be the only one that leads to what would otherwise be called unreachable.
 */
#include "git/repository.h"

#include "base/memory.h"
#include "git/bundle.h"
#include "git/id_table.h"
#include "git/libgit2.h"
#include "git/roots.h"

#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Whether the HEAD of a linked working tree is a branch's name. libgit2 1.5 follows the name before it asks, and says that it never is. */
static bool is_branch(git_repository *git, const char *tree)
{
	char *path = memory_format("%sworktrees/%s/HEAD", git_repository_commondir(git), tree), *text = roots_read_file(path);
	bool is = text && !strncmp(text, "ref:", strlen("ref:"));

	free(text);
	free(path);
	return is;
}

/*
 * HEAD itself, and those of linked working trees, where they name a commit and not a branch that comes by itself.
 * The commit need not be there: that is for the visitor to say. Returns the visitor's value, or libgit2's for a
 * HEAD that cannot be read.
 */
static int visit_detached_heads(git_repository *git, repository_reference *visit, void *context)
{
	git_strarray names = { 0 };
	struct object_id target;
	git_reference *head = NULL;
	int result = git_reference_lookup(&head, git, "HEAD");

	if (!result && git_reference_type(head) == GIT_REFERENCE_DIRECT) {
		object_id_from_git(&target, git_reference_target(head));
		result = visit(context, "HEAD", &target);
	}
	git_reference_free(head);
	git_worktree_list(&names, git); /* without linked working trees the list stays empty */
	for (size_t i = 0; i < names.count && !result; i++) {
		git_reference *reference = NULL;

		if (!is_branch(git, names.strings[i]) && git_repository_head_detached_for_worktree(git, names.strings[i]) == 1 &&
		    !git_repository_head_for_worktree(&reference, git, names.strings[i]) &&
		    git_reference_target(reference)) {
			char *name = memory_format("worktrees/%s/HEAD", names.strings[i]);

			object_id_from_git(&target, git_reference_target(reference));
			result = visit(context, name, &target);
			free(name);
		}
		git_reference_free(reference);
	}
	git_strarray_dispose(&names);
	return result;
}

/*
 * libgit2 passes over a reference it cannot read. Returns libgit2's number for the first such one, whose name is
 * then in *name, or 0.
 */
static int find_broken(git_repository *git, char **name)
{
	char *folder = memory_format("%srefs", git_repository_commondir(git));
	char *const paths[] = { folder, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;
	int number = 0;

	while (walk && !number && (entry = fts_read(walk))) {
		const char *relative = entry->fts_path + strlen(folder) - strlen("refs");
		git_reference *reference = NULL;

		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
			git_error_set_str(GIT_ERROR_OS, strerror(entry->fts_errno));
			*name = memory_copy_string(relative);
			number = GIT_ERROR;
		}
		if (entry->fts_info != FTS_F && entry->fts_info != FTS_DEFAULT) /* a FIFO is no reference either */
			continue;
		number = git_reference_lookup(&reference, git, relative);
		if (number == GIT_EINVALIDSPEC)
			number = 0; /* its name says that it is none: one that git is writing (.lock), a .DS_Store */
		if (number)
			*name = memory_copy_string(relative);
		git_reference_free(reference);
	}
	if (walk)
		fts_close(walk);
	free(folder);
	return number;
}

/* HEAD is left out where it is no more than the name of a branch: a bundle does not say which. Names may come many times. */
static int visit_bundle(const struct bundle *bundle, repository_reference *visit, void *context)
{
	struct id_table *told = id_table_new();
	int result = 0;

	for (size_t i = 0; i < bundle->reference_count; i++) {
		if (strcmp(bundle->references[i].name, "HEAD") != 0)
			id_table_add(told, &bundle->references[i].id);
	}
	for (size_t i = 0; i < bundle->reference_count && !result; i++) {
		const struct bundle_reference *reference = &bundle->references[i];
		bool is_head = !strcmp(reference->name, "HEAD");

		if (is_head && id_table_find(told, &reference->id) != ID_NONE)
			continue;
		if (is_head)
			id_table_add(told, &reference->id);
		result = visit(context, reference->name, &reference->id);
	}
	id_table_free(told);
	return result;
}

int repository_each_reference(struct repository *repository, repository_reference *visit, void *context,
			      struct error *error)
{
	git_reference_iterator *iterator = NULL;
	git_reference *reference = NULL;
	char *broken = NULL;
	int number, heads, result;

	if (repository->bundle)
		return visit_bundle(repository->bundle, visit, context);
	number = git_reference_iterator_new(&iterator, repository->git);
	heads = visit_detached_heads(repository->git, visit, context);
	result = heads > 0 ? heads : 0;

	while (!number && !result && !(number = git_reference_next(&reference, iterator))) {
		/* a symbolic reference (refs/remotes/origin/HEAD) leads to one that comes by itself */
		if (git_reference_type(reference) == GIT_REFERENCE_DIRECT) {
			struct object_id target;

			object_id_from_git(&target, git_reference_target(reference));
			result = visit(context, git_reference_name(reference), &target);
		}
		git_reference_free(reference);
	}
	git_reference_iterator_free(iterator);
	if (number == GIT_ITEROVER)
		number = heads;
	if (!result && number)
		result = libgit2_error(error, number, "cannot list the references of",
				       git_repository_path(repository->git));
	else if (!result && (number = find_broken(repository->git, &broken)))
		result = libgit2_error(error, number, "cannot read the reference", broken);
	free(broken);
	return result;
}

int repository_each_name(struct repository *repository, repository_reference *visit, void *context, struct error *error)
{
	git_strarray names = { 0 };
	int number, result = 0;

	if (repository->bundle)
		return visit_bundle(repository->bundle, visit, context);
	number = git_reference_list(&names, repository->git);
	if (number)
		return libgit2_error(error, number, "cannot list the references of", git_repository_path(repository->git));
	for (size_t i = 0; i < names.count && !result; i++)
		result = visit(context, names.strings[i], NULL);
	git_strarray_dispose(&names);
	return result;
}

static int visit_reflog(git_repository *git, const char *reference, repository_reference *visit, void *context)
{
	git_reflog *log = NULL;
	size_t count = 0;
	int result = 0;

	/* a reference without a log has none to read; a broken one must not hide the others */
	if (git_reference_has_log(git, reference) == 1 && !git_reflog_read(&log, git, reference))
		count = git_reflog_entrycount(log);
	for (size_t i = 0; i < count && !result; i++) {
		char *name = memory_format("%s@{%zu}", reference, i);
		struct object_id target;

		object_id_from_git(&target, git_reflog_entry_id_new(git_reflog_entry_byindex(log, i)));
		result = visit(context, name, &target);
		free(name);
	}
	git_reflog_free(log);
	return result;
}

int repository_each_reflog_entry(struct repository *repository, repository_reference *visit, void *context,
				 struct error *error)
{
	git_strarray names = { 0 };
	int number, result;

	if (repository->bundle)
		return 0;
	number = git_reference_list(&names, repository->git);
	if (number)
		return libgit2_error(error, number, "cannot list the references of",
				     git_repository_path(repository->git));
	result = visit_reflog(repository->git, "HEAD", visit, context);
	for (size_t i = 0; i < names.count && !result; i++)
		result = visit_reflog(repository->git, names.strings[i], visit, context);
	git_strarray_dispose(&names);
	return result;
}

int repository_head(struct repository *repository, struct object_id *commit, struct error *error)
{
	git_oid git;
	int number;

	for (size_t i = 0; repository->bundle && i < repository->bundle->reference_count; i++) {
		if (!strcmp(repository->bundle->references[i].name, "HEAD")) {
			*commit = repository->bundle->references[i].id;
			return 0;
		}
	}
	if (repository->bundle)
		return error_set(error, ERROR_NOT_FOUND, "the bundle has no HEAD");
	number = git_reference_name_to_id(&git, repository->git, "HEAD");

	if (number)
		return libgit2_error(error, number, "cannot find the commit of HEAD in",
				     git_repository_path(repository->git));
	object_id_from_git(commit, &git);
	return 0;
}
