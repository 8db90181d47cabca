#include "git/tracked.h"

#include "base/memory.h"
#include "git/index_file.h"
#include "git/libgit2.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct path {
	char *text;          /* owned; a sparse folder's ends in '/' */
	struct object_id id; /* of a sparse folder */
};

struct tracked {
	struct path *paths; /* owned: in the order of their bytes */
	size_t count, capacity;
	bool has_sparse;
};

static int compare(const void *a, const void *b)
{
	const struct path *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static void add(struct tracked *tracked, const struct index_entry *entry, bool *is_sorted)
{
	struct path path = { .text = memory_copy_bytes(entry->path, entry->path_length), .id = entry->id };

	memory_grow(tracked->paths, tracked->count, tracked->capacity);
	tracked->paths[tracked->count++] = path;
	*is_sorted &= tracked->count < 2 || compare(&tracked->paths[tracked->count - 2], &path) <= 0;
	tracked->has_sparse |= S_ISDIR(entry->mode);
}

int tracked_load(struct tracked **out, const char *path, const char *folder, struct error *error)
{
	struct tracked *tracked = memory_allocate_zeroed(1, sizeof(*tracked));
	struct index_file index;
	struct index_entry entry;
	struct error why;
	bool is_sorted = true;
	int result = index_file_read(&index, path, folder, &why);

	while (!result && (result = index_file_next(&index, &entry, &why)) == 1) {
		add(tracked, &entry, &is_sorted);
		result = 0;
	}
	index_file_release(&index);
	if (result && result != ERROR_NOT_FOUND) {
		tracked_free(tracked);
		return error_set(error, why.code, "%s", why.message);
	}
	if (!is_sorted) /* git writes none such */
		qsort(tracked->paths, tracked->count, sizeof(*tracked->paths), compare);
	*out = tracked;
	return 0;
}

void tracked_free(struct tracked *tracked)
{
	if (!tracked)
		return;
	for (size_t i = 0; i < tracked->count; i++)
		free(tracked->paths[i].text);
	free(tracked->paths);
	free(tracked);
}

/* The first path that is not before this one, or NULL. */
static const struct path *find(const struct tracked *tracked, const char *text)
{
	size_t low = 0, high = tracked->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(tracked->paths[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < tracked->count ? &tracked->paths[low] : NULL;
}

/* Whether the tree of a folder has what lies below it. One that cannot be read must not hide a file. */
static bool tree_has(struct repository *repository, const struct object_id *id, const char *path)
{
	git_tree_entry *entry = NULL;
	git_tree *tree = NULL;
	git_oid git;
	int number;

	object_id_to_git(&git, id);
	number = git_tree_lookup(&tree, repository->git, &git);
	if (!number)
		number = git_tree_entry_bypath(&entry, tree, path);
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return number != GIT_ENOTFOUND || !tree;
}

static bool sparse_has(const struct tracked *tracked, struct repository *repository, const char *path)
{
	char *above = memory_copy_string(path);
	bool has = false;

	for (char *slash = strchr(above, '/'); slash && !has; slash = strchr(slash + 1, '/')) {
		char kept = slash[1];
		const struct path *found;

		slash[1] = '\0';
		found = find(tracked, above);
		if (found && !strcmp(found->text, above))
			has = tree_has(repository, &found->id, path + (slash + 1 - above));
		slash[1] = kept;
	}
	free(above);
	return has;
}

bool tracked_has(const struct tracked *tracked, struct repository *repository, const char *path, bool is_folder)
{
	const struct path *found = find(tracked, path);
	bool has = found && !strcmp(found->text, path);

	if (!has && is_folder) {
		char *below = memory_format("%s/", path);

		found = find(tracked, below);
		has = found && !strncmp(found->text, below, strlen(below));
		free(below);
	}
	return has || (tracked->has_sparse && sparse_has(tracked, repository, path));
}
