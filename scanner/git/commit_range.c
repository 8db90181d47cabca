/*
 * The commits of a range or a push, by libgit2's walk, which reads little more than them; in a shallow clone by one of
 * our own, because libgit2's gives up at the first parent that is not there, and so at the end of every shallow
 * history.
 */
#include "git/repository.h"

#include "base/memory.h"
#include "git/id_table.h"
#include "git/libgit2.h"

#include <stdlib.h>

/* Objects, in the order in which they are to be looked at. */
struct object_list {
	struct object_id *ids; /* owned; count of them */
	size_t count, capacity;
};

static void list_add(struct object_list *list, const git_oid *id)
{
	memory_grow(list->ids, list->count, list->capacity);
	object_id_from_git(&list->ids[list->count++], id);
}

/* What a choice comes down to. */
struct resolved {
	struct object_list tips, known; /* commits */
	struct object_list others;      /* what tips are beside that: tags on the way to a commit, blobs, trees */
};

static void resolved_release(struct resolved *resolved)
{
	free(resolved->tips.ids);
	free(resolved->known.ids);
	free(resolved->others.ids);
}

static int walk_choice(git_repository *git, const struct resolved *resolved, struct object_list *list)
{
	git_revwalk *walk = NULL;
	git_oid id;
	int number = git_revwalk_new(&walk, git);

	if (!number)
		number = git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
	for (size_t i = 0; i < resolved->tips.count && !number; i++) {
		object_id_to_git(&id, &resolved->tips.ids[i]);
		number = git_revwalk_push(walk, &id);
	}
	for (size_t i = 0; i < resolved->known.count && !number; i++) {
		object_id_to_git(&id, &resolved->known.ids[i]);
		number = git_revwalk_hide(walk, &id);
	}
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

/* Go through all commits below start that were not seen before, and list them (list may be NULL) behind their parents. */
static int walk_down(struct shallow_walk *walk, const struct object_id *start, struct object_list *list)
{
	git_oid id;
	int number;

	object_id_to_git(&id, start);
	number = step_down(walk, &id);
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
	return number;
}

static int walk_shallow_choice(git_repository *git, const struct resolved *resolved, struct object_list *list)
{
	struct shallow_walk walk = { .git = git, .seen = id_table_new() };
	int number = 0;

	for (size_t i = 0; i < resolved->known.count && !number; i++)
		number = walk_down(&walk, &resolved->known.ids[i], NULL);
	for (size_t i = 0; i < resolved->tips.count && !number; i++)
		number = walk_down(&walk, &resolved->tips.ids[i], list);
	id_table_free(walk.seen);
	free(walk.descents);
	return number;
}

/* ---- from names to commits ---- */

/* As git has it, a whole object id is never the name of a reference: whoever may push a tag of that name would say what is known already. */
static int find_object(git_object **object, git_repository *git, const char *name)
{
	git_oid id;

	if (strspn(name, "0123456789abcdefABCDEF") != GIT_OID_HEXSZ || name[GIT_OID_HEXSZ])
		return git_revparse_single(object, git, name);
	git_oid_fromstr(&id, name); /* succeeds: these are its digits */
	return git_object_lookup(object, git, &id, GIT_OBJECT_ANY);
}

/* A tip: the commit it leads to, and what lies on the way there. */
static int add_tip(git_repository *git, const char *name, struct resolved *resolved)
{
	git_object *object = NULL;
	int number = find_object(&object, git, name);

	while (!number && git_object_type(object) == GIT_OBJECT_TAG) {
		git_object *target = NULL;

		list_add(&resolved->others, git_object_id(object));
		number = git_tag_target(&target, (git_tag *)object);
		git_object_free(object);
		object = target;
	}
	if (!number)
		list_add(git_object_type(object) == GIT_OBJECT_COMMIT ? &resolved->tips : &resolved->others,
			 git_object_id(object));
	git_object_free(object);
	return number;
}

/* A commit that is known, and so are all behind it. What leads to no commit has nothing behind it. */
static int add_known(git_repository *git, const char *name, struct resolved *resolved)
{
	git_object *object = NULL, *commit = NULL;
	int number = find_object(&object, git, name);

	if (!number && !git_object_peel(&commit, object, GIT_OBJECT_COMMIT))
		list_add(&resolved->known, git_object_id(commit));
	git_object_free(commit);
	git_object_free(object);
	return number;
}

/* A reference that cannot be read, or leads to nothing that is there, only makes for more to look at. */
static void add_known_references(git_repository *git, const char *prefix, struct resolved *resolved)
{
	git_reference_iterator *iterator = NULL;
	char *pattern = memory_format("%s*", prefix);
	git_reference *reference = NULL;

	if (!git_reference_iterator_glob_new(&iterator, git, pattern)) {
		while (!git_reference_next(&reference, iterator)) {
			git_object *commit = NULL;

			if (!git_reference_peel(&commit, reference, GIT_OBJECT_COMMIT))
				list_add(&resolved->known, git_object_id(commit));
			git_object_free(commit);
			git_reference_free(reference);
		}
	}
	git_reference_iterator_free(iterator);
	free(pattern);
}

static int fail_name(int number, const char *name, struct error *error)
{
	if (number == GIT_ENOTFOUND)
		return error_set(error, ERROR_NOT_FOUND, "there is no commit '%s' here: git fetch brings those of other clones", name);
	return libgit2_error(error, number, "cannot find the commit", name);
}

static int resolve(struct repository *repository, const struct commit_choice *choice, struct resolved *resolved,
		   bool *took_else, struct error *error)
{
	git_repository *git = repository->git;
	int number;

	for (size_t i = 0; i < choice->tip_count; i++) {
		number = add_tip(git, choice->tips[i], resolved);
		if (number)
			return fail_name(number, choice->tips[i], error);
	}
	for (size_t i = 0; i < choice->known_count; i++) {
		number = add_known(git, choice->known[i], resolved);
		if (number == GIT_ENOTFOUND && choice->known_else && !repository_is_shallow(repository)) {
			*took_else = true;
			number = add_known(git, choice->known_else, resolved);
		}
		if (number && !(number == GIT_ENOTFOUND && choice->known_may_be_missing))
			return fail_name(number, choice->known[i], error);
	}
	if (choice->known_references)
		add_known_references(git, choice->known_references, resolved);
	return 0;
}

/* ---- the choice ---- */

int repository_choose(struct repository *repository, const struct commit_choice *choice, struct chosen *chosen,
		      struct error *error)
{
	int (*walk)(git_repository *, const struct resolved *, struct object_list *) =
		repository_is_shallow(repository) ? walk_shallow_choice : walk_choice;
	struct resolved resolved = { 0 };
	struct object_list list = { 0 };
	int result, number = 0;

	*chosen = (struct chosen){ 0 };
	result = resolve(repository, choice, &resolved, &chosen->took_else, error);
	if (!result)
		number = walk(repository->git, &resolved, &list);
	if (!result && !number && !list.count && (choice->all_if_none || chosen->took_else) && resolved.tips.count) {
		resolved.known.count = 0;
		chosen->took_all = true;
		number = walk(repository->git, &resolved, &list);
	}
	if (number)
		result = libgit2_error(error, number, "cannot walk the history of", choice->tip_count ? choice->tips[0] : "");
	chosen->commits = list.ids;
	chosen->commit_count = list.count;
	chosen->others = resolved.others.ids;
	chosen->other_count = resolved.others.count;
	resolved.others.ids = NULL;
	resolved_release(&resolved);
	return result;
}

void chosen_release(struct chosen *chosen)
{
	free(chosen->commits);
	free(chosen->others);
	*chosen = (struct chosen){ 0 };
}
