/*
 * Submodules: those whose git folders lie where git puts them, in modules/ of the git folder, and those that are found by their working trees. The latter go
 * from one to the next: a submodule's own .gitmodules names others, however deep.
 */
#define _GNU_SOURCE
#include "git/repository_others.h"

#include "base/memory.h"
#include "git/index_file.h"
#include "git/roots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names of submodules have slashes in them where their paths do. */
#define NAME_DEPTH_MAX 32

/* Whoever has more working trees, or names more, would have us look for ever. */
#define TREES_MAX 1000
#define NAMES_MAX 10000

struct submodule_search {
	const struct repository_others *others;
	char *common; /* owned: the real path of the common folder */
	char *root;   /* owned: that of the working tree that is walked at the moment */
	char **trees; /* owned, tree_count of them: real paths of working trees that were met */
	size_t tree_count, tree_capacity;
	size_t name_count; /* looked at so far */
};

/* One is met (complaint NULL), or why it is not followed. */
static void tell(const struct submodule_search *search, const char *path, const char *complaint)
{
	search->others->visit(search->others->context, path, complaint);
}

static bool has(const char *folder, const char *name)
{
	char *path = memory_format("%s/%s", folder, name);
	struct stat status;
	bool there = !lstat(path, &status);

	free(path);
	return there;
}

/* Whether a submodule's git folder borrows another one's parts, as git makes none. */
static bool leads_elsewhere(const char *folder)
{
	static const char *const parts[] = { "objects", "refs" };
	bool is_linked = has(folder, "commondir");

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		char *path = memory_format("%s/%s", folder, parts[i]);

		is_linked |= roots_is_link(path);
		free(path);
	}
	return is_linked;
}

/* ---- modules/ ---- */

/* Git folders, and folders that are the front part of a name with slashes. */
static void walk_modules(const struct submodule_search *search, const char *path, unsigned depth)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort);

	if (count < 0 && errno != ENOENT)
		tell(search, path, "it cannot be read");
	for (int i = 0; i < count; i++) {
		char *below = memory_format("%s/%s", path, entries[i]->d_name);
		struct stat status;

		if (!strcmp(entries[i]->d_name, ".") || !strcmp(entries[i]->d_name, "..") || stat(below, &status) || !S_ISDIR(status.st_mode))
			; /* none */
		else if (roots_is_link(below))
			tell(search, below, "it is a link");
		else if (leads_elsewhere(below))
			tell(search, below, "it names the folder of another repository");
		else if (roots_is_git_folder(below))
			tell(search, below, NULL);
		else if (has(below, "HEAD") || has(below, "objects") || depth >= NAME_DEPTH_MAX)
			tell(search, below, "it is no whole repository");
		else
			walk_modules(search, below, depth + 1);
		free(below);
		free(entries[i]);
	}
	free(entries);
}

static void take_modules(const struct submodule_search *search, const char *folder)
{
	char *modules = memory_format("%s/modules", folder);

	if (roots_is_link(modules))
		tell(search, modules, "it is a link");
	else
		walk_modules(search, modules, 0);
	free(modules);
}

/* Submodules of linked working trees have git folders of their own. */
static void take_modules_of_trees(const struct submodule_search *search)
{
	char *path = memory_format("%s/worktrees", search->common);
	struct dirent **entries = NULL;
	int count = roots_is_link(path) ? 0 : scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char *below = memory_format("%s/%s", path, entries[i]->d_name);

		if (entries[i]->d_name[0] != '.' && !roots_is_link(below))
			take_modules(search, below);
		free(below);
		free(entries[i]);
	}
	free(entries);
	free(path);
}

/* Whether a git folder lies where the two above look. */
static bool is_among_modules(const struct submodule_search *search, const char *folder)
{
	const char *below = roots_is_below(folder, search->common) ? folder + strlen(search->common) : "";

	if (!strncmp(below, "/worktrees/", strlen("/worktrees/"))) {
		below = strchr(below + strlen("/worktrees/"), '/');
		below = below ? below : "";
	}
	return !strncmp(below, "/modules/", strlen("/modules/"));
}

/* ---- working trees ---- */

static void walk_tree(struct submodule_search *search, const char *tree, const char *folder);

/* Note a working tree. Returns whether it is new. */
static bool note_tree(struct submodule_search *search, const char *tree)
{
	for (size_t i = 0; i < search->tree_count; i++) {
		if (!strcmp(search->trees[i], tree))
			return false;
	}
	memory_grow(search->trees, search->tree_count, search->tree_capacity);
	search->trees[search->tree_count++] = memory_copy_string(tree);
	return true;
}

/* Whether the sandbox, and the folder's owner, let us read it. */
static bool may_read(const char *folder)
{
	char *path = memory_format("%s/HEAD", folder);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool may = fd >= 0 || errno != EACCES;

	if (fd >= 0)
		close(fd);
	free(path);
	return may;
}

/* What is wrong with the git folder of a submodule (its real path), or NULL. is_named: some .gitmodules names it. */
static const char *complaint_of(const struct submodule_search *search, const char *folder, bool is_named)
{
	if (!roots_is_below(folder, search->root) && !roots_is_below(folder, search->common))
		return "the git folder of this submodule lies outside of the repository: name it on its own";
	if (access(folder, R_OK | X_OK))
		return "it cannot be read";
	if (!roots_is_git_folder(folder))
		return "it is no whole repository";
	if (leads_elsewhere(folder))
		return "it names the folder of another repository";
	if (!is_named && !may_read(folder))
		return "the repository has this submodule, and no .gitmodules names it: scan it on its own";
	return NULL;
}

/* The git folder of a submodule's working tree, a real path for the caller to free. NULL: there is none, and *complaint says what is wrong, if anything is. */
static char *find_git_folder(const struct submodule_search *search, const char *tree, const char **complaint)
{
	char *path = memory_format("%s/.git", tree), *pointed = NULL, *folder = NULL;
	struct stat status;

	*complaint = NULL;
	if (stat(path, &status)) {
		if (errno != ENOENT && errno != ENOTDIR)
			*complaint = "it cannot be read"; /* otherwise it is not checked out */
	} else if (S_ISDIR(status.st_mode)) {
		folder = realpath(path, NULL);
	} else if (roots_is_link(path)) {
		*complaint = "it is a link to a file, as git makes none";
	} else {
		if (search->others->read)
			search->others->read(search->others->context, path);
		pointed = roots_read_pointer(tree, ".git", "gitdir:");
		folder = pointed ? realpath(pointed, NULL) : NULL;
		if (!folder)
			*complaint = pointed ? "the git folder that it names is not there" : "it cannot be read, or does not say where the git folder is";
	}
	free(pointed);
	free(path);
	return folder;
}

/* A submodule's working tree, by its real path. What has its git folder in modules/ was met there. */
static void take_tree(struct submodule_search *search, const char *tree, bool is_named)
{
	const char *complaint;
	char *folder = find_git_folder(search, tree, &complaint), *path = memory_format("%s/.git", tree);

	if (folder && strcmp(folder, search->common) != 0 && !is_among_modules(search, folder)) {
		complaint = complaint_of(search, folder, is_named);
		if (!complaint)
			tell(search, folder, NULL);
	}
	if (complaint)
		tell(search, path, complaint);
	else if (folder)
		walk_tree(search, tree, folder);
	free(path);
	free(folder);
}

/* A submodule, by its path in a working tree. */
static void take_path(struct submodule_search *search, const char *tree, const char *name, bool is_named)
{
	char *path = roots_path_from(tree, name), *real = realpath(path, NULL);

	if (!real && errno != ENOENT && errno != ENOTDIR)
		tell(search, path, "it cannot be read");
	else if (real && !roots_is_below(real, search->root))
		tell(search, path, "a link leads out of the working tree");
	else if (real && search->tree_count < TREES_MAX && note_tree(search, real))
		take_tree(search, real, is_named);
	free(real);
	free(path);
}

/* Count a name. Returns whether it may be looked at; the first one that may not is told of. */
static bool count_name(struct submodule_search *search, const char *file)
{
	if (search->name_count++ == NAMES_MAX || search->tree_count == TREES_MAX)
		tell(search, file, "it has more submodules than are looked at: name them on their own");
	return search->name_count <= NAMES_MAX && search->tree_count < TREES_MAX;
}

/* What the line of a .gitmodules says behind `path =`, in place; or NULL. */
static char *path_in(char *line)
{
	char *value, *end;

	line += strspn(line, " \t");
	if (*line == '[' && (end = strchr(line, ']')))
		line = end + 1 + strspn(end + 1, " \t");
	if (strncasecmp(line, "path", strlen("path")) != 0)
		return NULL;
	value = line + strlen("path") + strspn(line + strlen("path"), " \t");
	if (*value != '=')
		return NULL;
	value++;
	value = roots_plain_value(value + strspn(value, " \t"));
	return *value ? value : NULL;
}

/* The submodules that a working tree's .gitmodules names. */
static void take_names(struct submodule_search *search, const char *tree)
{
	char *file = memory_format("%s/.gitmodules", tree), *text = NULL, *rest, *line, *name;
	struct stat status;
	bool is_there = !lstat(file, &status), is_small = is_there && S_ISREG(status.st_mode) && status.st_size < ROOTS_FILE_MAX;

	if (is_small && search->others->read)
		search->others->read(search->others->context, file);
	if (is_small)
		text = roots_read_file(file);
	if (is_there && S_ISLNK(status.st_mode))
		tell(search, file, "it is a link, which git does not follow: submodules that it names are to be scanned on their own");
	else if (is_there && S_ISREG(status.st_mode) && !is_small)
		tell(search, file, "it is too large: submodules that it names are to be scanned on their own");
	else if (is_there && !text)
		tell(search, file, "it cannot be read: submodules that it names are to be scanned on their own");
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		name = path_in(line);
		if (!name)
			continue;
		if (!count_name(search, file))
			break;
		take_path(search, tree, name, true);
	}
	free(text);
	free(file);
}

/* Those that its index has: `git add` of a folder that is a repository makes one without a name. What is wrong with the index others say. */
static void take_entries(struct submodule_search *search, const char *tree, const char *folder)
{
	char *path = memory_format("%s/index", folder), *front = memory_format("%s/", folder);
	struct index_file index = { 0 };
	struct index_entry entry;
	int result = index_file_read(&index, path, front, NULL);

	while (!result && index_file_next(&index, &entry, NULL) == 1) {
		if ((entry.mode & S_IFMT) != MODE_GITLINK)
			continue;
		if (!count_name(search, path))
			break;
		take_path(search, tree, entry.path, false);
	}
	index_file_release(&index);
	free(front);
	free(path);
}

static void walk_tree(struct submodule_search *search, const char *tree, const char *folder)
{
	take_names(search, tree);
	if (search->others->with_indexes)
		take_entries(search, tree, folder);
}

/* A working tree of the repository itself. */
static void walk_root(struct submodule_search *search, const char *tree)
{
	char *real = realpath(tree, NULL), *path = real ? memory_format("%s/.git", real) : NULL, *pointed = NULL;
	struct stat status;

	if (real && note_tree(search, real)) {
		free(search->root);
		search->root = real;
		real = NULL;
		if (!stat(path, &status) && !S_ISDIR(status.st_mode))
			pointed = roots_read_pointer(search->root, ".git", "gitdir:");
		walk_tree(search, search->root, pointed ? pointed : path);
	}
	free(pointed);
	free(path);
	free(real);
}

/* A repository_other: of linked working trees. What is wrong with one others say. */
static void take_linked(void *context, const char *path, const char *complaint)
{
	if (!complaint)
		walk_root(context, path);
}

void repository_submodules(const char *common, const char *work_tree, const struct repository_others *others)
{
	struct submodule_search search = { .others = others, .common = realpath(common, NULL) };

	if (!search.common)
		return;
	take_modules(&search, search.common);
	take_modules_of_trees(&search);
	if (work_tree) {
		walk_root(&search, work_tree);
		repository_linked_trees(search.common, take_linked, &search);
	}
	for (size_t i = 0; i < search.tree_count; i++)
		free(search.trees[i]);
	free(search.trees);
	free(search.root);
	free(search.common);
}
