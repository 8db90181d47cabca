/*
 * The commits of a range, by libgit2's walk, which reads little more than the range; in a shallow clone by one of
 * our own, because libgit2's gives up at the first parent that is not there, and so at the end of every shallow
 * history.
 */
#include "git/repository.h"

#include "base/memory.h"
#include "git/id_table.h"
#include "git/libgit2.h"

#include <stdlib.h>

struct commit_list {
	struct object_id *ids; /* owned by the caller of repository_range(); count of them */
	size_t count, capacity;
};

static void list_add(struct commit_list *list, const git_oid *id)
{
	memory_grow(list->ids, list->count, list->capacity);
	object_id_from_git(&list->ids[list->count++], id);
}

static int walk_range(git_repository *git, const git_revspec *spec, struct commit_list *list)
{
	git_revwalk *walk = NULL;
	git_oid id;
	int number = git_revwalk_new(&walk, git);

	if (!number)
		number = git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
	if (!number)
		number = git_revwalk_push(walk, git_object_id(spec->to));
	if (!number)
		number = git_revwalk_hide(walk, git_object_id(spec->from));
	while (!number && !(number = git_revwalk_next(&id, walk)))
		list_add(list, &id);
	git_revwalk_free(walk);
	return number == GIT_ITEROVER ? 0 : number;
}

/* ---- shallow clones ---- */

struct shallow_walk {
	git_repository *git;
	struct id_table *seen;
	struct descent {
		git_commit *commit;
		unsigned next_parent;
	} *descents; /* owned: from the start down to the current commit, depth of them */
	size_t depth, capacity;
};

/* Go down to a commit, unless it was seen before or is not there: the history was cut here. */
static int step_down(struct shallow_walk *walk, const git_oid *git_id)
{
	git_commit *commit = NULL;
	struct object_id id;
	int number;

	object_id_from_git(&id, git_id);
	if (id_table_find(walk->seen, &id) != ID_NONE)
		return 0;
	id_table_add(walk->seen, &id);
	number = git_commit_lookup(&commit, walk->git, git_id);
	if (number)
		return number == GIT_ENOTFOUND ? 0 : number;
	memory_grow(walk->descents, walk->depth, walk->capacity);
	walk->descents[walk->depth++] = (struct descent){ commit, 0 };
	return 0;
}

/*
 * Go through all commits below start that were not seen before, and list them (list may be NULL) behind their
 * parents.
 */
static int walk_down(struct shallow_walk *walk, const git_object *start, struct commit_list *list)
{
	git_object *commit = NULL;
	int number = git_object_peel(&commit, start, GIT_OBJECT_COMMIT);

	if (!number)
		number = step_down(walk, git_object_id(commit));
	while (walk->depth && !number) {
		struct descent *descent = &walk->descents[walk->depth - 1];

		if (descent->next_parent < git_commit_parentcount(descent->commit)) {
			number = step_down(walk, git_commit_parent_id(descent->commit, descent->next_parent++));
			continue;
		}
		if (list)
			list_add(list, git_commit_id(descent->commit));
		git_commit_free(descent->commit);
		walk->depth--;
	}
	while (walk->depth)
		git_commit_free(walk->descents[--walk->depth].commit);
	git_object_free(commit);
	return number;
}

static int walk_shallow_range(git_repository *git, const git_revspec *spec, struct commit_list *list)
{
	struct shallow_walk walk = { .git = git, .seen = id_table_new() };
	int number = walk_down(&walk, spec->from, NULL);

	if (!number)
		number = walk_down(&walk, spec->to, list);
	id_table_free(walk.seen);
	free(walk.descents);
	return number;
}

/* ---- the range ---- */

int repository_range(struct repository *repository, const char *range, struct object_id **commits, size_t *count,
		     struct error *error)
{
	struct commit_list list = { 0 };
	git_revspec spec = { 0 };
	int number = git_revparse(&spec, repository->git, range), result = 0;

	if (number) {
		result = libgit2_error(error, number, "cannot find the range", range);
	} else if (!(spec.flags & GIT_REVSPEC_RANGE) || (spec.flags & GIT_REVSPEC_MERGE_BASE)) {
		result = error_set(error, ERROR_CONFIGURATION, "'%s' is no range of commits: write A..B", range);
	} else {
		number = repository_is_shallow(repository) ? walk_shallow_range(repository->git, &spec, &list)
							   : walk_range(repository->git, &spec, &list);
		if (number)
			result = libgit2_error(error, number, "cannot walk the range", range);
	}
	git_object_free(spec.from);
	git_object_free(spec.to);
	*commits = list.ids;
	*count = list.count;
	return result;
}
