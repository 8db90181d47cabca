/*
 * git's own files: what stands in a git folder beside the objects.
 *
 * They are looked at as they lie, all of them, because git and its tools write much more there than is written down anywhere: only what another
 * walk reads better is left out by name. Links are not followed; of one, its text is looked at.
 */
#define _GNU_SOURCE
#include "base/memory.h"
#include "git/repository.h"
#include "source/git_folder.h"
#include "source/window.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Folders in folders; git's own nest no deeper than the names of references do. */
#define DEPTH_MAX 256

/*
 * What is what, by the start of its path in the git folder; the first row that fits counts. A name that ends in '/' is a folder with all below it.
 */
static const struct git_file_row {
	const char *name;
	enum { OWN, LOG, CONTENT, OBJECTS, OTHERS } is;
} git_files[] = {
	{ "objects/info/alternates", OWN },
	{ "objects/info/http-alternates", OWN },
	{ "objects/", OBJECTS },    /* every object is walked (history.c); what else lies there is looked at */
	{ "refs/", OTHERS },        /* names are asked of libgit2 below; in the files stand ids */
	{ "packed-refs", OTHERS },
	{ "index", OTHERS },        /* read by its entries (history_index.c) */
	{ "modules/", OTHERS },     /* repositories of their own */
	{ "lfs/objects/", OTHERS }, /* by the pointers that history has of them (large_files.c) */
	{ "logs/", LOG },
	{ "lfs/", CONTENT },        /* unfinished downloads */
	{ "annex/", CONTENT },
	{ "lost-found/", CONTENT }, /* git fsck --lost-found */
	{ "rr-cache/", CONTENT },   /* both sides of conflicts that git-rerere(1) remembers */
	{ "", OWN },                /* config, config.worktree, description, COMMIT_EDITMSG, MERGE_MSG, FETCH_HEAD, hooks, rebase-merge, … */
};

/* In that of a linked working tree there are no objects: what lies there is nobody's. References have its name and are not asked of libgit2. */
static const struct git_file_row tree_files[] = {
	{ "index", OTHERS },
	{ "modules/", OTHERS },
	{ "logs/", LOG },
	{ "objects/", CONTENT },
	{ "lfs/", CONTENT },
	{ "", OWN },
};

struct git_walk {
	const struct source_events *events;
	const char *folder; /* the git folder, ending in '/' */
	const char *front; /* what places show before the path in the git folder */
	const struct source_trees *others;
	char *buffer;      /* WINDOW_SIZE bytes */
	uint64_t bytes;    /* not reported: they are no object's */
};

/* Whether these are so many hexadecimal digits and nothing else. */
static bool is_hex(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdef") == length && !text[length];
}

/* Whether a path in objects/ is that of an object that has a file of its own, finished or not. */
static bool is_loose(const char *path)
{
	const char *name = path + strlen("objects/xx/");

	return !strncmp(path, "objects/", strlen("objects/")) && strlen(path) > strlen("objects/xx/") && name[-1] == '/' &&
	       (is_hex(name, 2 * OBJECT_ID_SIZE - 2) || !strncmp(name, "tmp_obj_", strlen("tmp_obj_")));
}

/* Whether a path in objects/ is one under which git keeps objects, and tables of them: all that is walked by history.c, or has no text in it. */
static bool is_objects(const char *path, bool is_folder)
{
	static const char *const endings[] = { ".pack", ".idx", ".rev", ".bitmap", ".mtimes", ".midx", ".graph" };
	static const char *const starts[] = { "pack/tmp_pack_", "pack/tmp_idx_", "pack/tmp_rev_", "pack/multi-pack-index", "info/commit-graph",
					      "tmp_objdir-", "incoming-" };
	const char *dot = strrchr(path, '.'), *below = path + strlen("objects/");
	bool is = false;

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts) && !is; i++)
		is = !strncmp(below, starts[i], strlen(starts[i]));
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings) && !is && !is_folder && dot; i++)
		is = !strcmp(dot, endings[i]) && (!strncmp(below, "pack/", strlen("pack/")) || !strncmp(below, "info/", strlen("info/")));
	return is || is_loose(path);
}

static const struct git_file_row *row_of(const char *path, bool is_folder)
{
	const char *below = strncmp(path, "worktrees/", strlen("worktrees/")) ? NULL : strchr(path + strlen("worktrees/"), '/');
	const struct git_file_row *row = below ? tree_files : git_files;

	if (below) /* worktrees/NAME/ */
		path = below + 1;
	for (; *row->name; row++) {
		size_t length = strlen(row->name);

		if (row->name[length - 1] != '/' ? !is_folder && !strcmp(path, row->name) :
						   !strncmp(path, row->name, length))
			break;
	}
	return row;
}

static void tell_unread(const struct git_walk *walk, const char *what, const char *path, int number)
{
	char *shown = memory_format("%s%s", walk->front, path);
	struct error error;

	errno = number;
	error_set_errno(&error, "cannot read");
	walk->events->incomplete(walk->events->context, what, "", shown, error.message);
	free(shown);
}

/* A FIFO or a device. */
static void tell_irregular(const struct git_walk *walk, const char *path)
{
	char *shown = memory_format("%s%s", walk->front, path);

	walk->events->incomplete(walk->events->context, "unreadable-file", "", shown, "it is a FIFO or a device, as git makes none: remove it");
	free(shown);
}

/* Hand out a text that is here as a whole. path as places show it. */
static void hand_out(const struct source_events *events, enum place_kind kind, const char *path, const char *text, size_t size)
{
	struct chunk chunk = { .kind = kind,
			       .path = path,
			       .object = "",
			       .commit = "",
			       .reachable = true,
			       .bytes = text,
			       .size = size,
			       .first = true,
			       .last = true };

	events->chunk(events->context, 0, &chunk);
}

static void read_file(struct git_walk *walk, int folder, const char *name, const char *path, enum place_kind kind)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *shown = memory_format("%s%s", walk->front, path);
	struct chunk chunk = { .kind = kind, .path = shown, .object = "", .commit = "", .reachable = true };
	struct stat status;

	if (fd < 0 || fstat(fd, &status)) {
		if (errno != ENOENT && errno != ELOOP && errno != ENXIO) /* git makes and removes such files all the time */
			tell_unread(walk, "unreadable-file", path, errno);
	} else if (S_ISREG(status.st_mode) &&
		   window_read(walk->events, 0, fd, (uint64_t)status.st_size, walk->buffer, &chunk, &walk->bytes)) {
		tell_unread(walk, "unreadable-file", path, errno);
	}
	if (fd >= 0)
		close(fd);
	free(shown);
}

static void read_link(const struct git_walk *walk, int folder, const char *name, const char *path, enum place_kind kind)
{
	char text[PATH_MAX], *shown = memory_format("%s%s", walk->front, path);
	ssize_t length = readlinkat(folder, name, text, sizeof(text));

	if (length > 0)
		hand_out(walk->events, kind, shown, text, (size_t)length);
	free(shown);
}

/* Whether it is a working tree that is walked on its own. */
static bool is_others(const struct git_walk *walk, const char *path)
{
	char *whole = walk->others->count ? memory_format("%s%s", walk->folder, path) : NULL;
	bool is = whole && source_trees_have(walk->others, whole);

	free(whole);
	return is;
}

static void walk_folder(struct git_walk *walk, int folder, const char *path, unsigned depth);

static void take_entry(struct git_walk *walk, int folder, const char *name, const char *path, unsigned depth)
{
	static const enum place_kind kinds[] = { [OWN] = PLACE_CONFIG, [LOG] = PLACE_REFLOG, [CONTENT] = PLACE_FILE, [OBJECTS] = PLACE_FILE };
	struct stat status;
	const struct git_file_row *row;
	char *shown;

	if (is_loose(path))
		return; /* without a look at what it is: there may be a million of them */
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW))
		return; /* gone by now */
	row = row_of(path, S_ISDIR(status.st_mode));
	if (row->is == OBJECTS && is_objects(path, S_ISDIR(status.st_mode)) && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
		return;
	if (S_ISDIR(status.st_mode) && is_others(walk, path))
		return;
	if (row->is != OTHERS && row->is != LOG) { /* a log is named as its reference is */
		shown = memory_format("%s%s", walk->front, path);
		hand_out(walk->events, PLACE_PATH, shown, name, strlen(name));
		free(shown);
	}
	if (S_ISDIR(status.st_mode)) {
		int below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		char *prefix = memory_format("%s/", path);

		if (depth > DEPTH_MAX)
			errno = ELOOP;
		if (below < 0 || depth > DEPTH_MAX)
			tell_unread(walk, "unreadable-folder", path, errno);
		else
			walk_folder(walk, below, prefix, depth + 1);
		if (below >= 0)
			close(below);
		free(prefix);
	} else if (row->is != OTHERS && S_ISREG(status.st_mode)) {
		read_file(walk, folder, name, path, kinds[row->is]);
	} else if (row->is != OTHERS && S_ISLNK(status.st_mode)) {
		read_link(walk, folder, name, path, kinds[row->is]);
	} else if (row->is != OTHERS && !S_ISSOCK(status.st_mode)) { /* a socket is where a daemon of git listens */
		tell_irregular(walk, path);
	}
}

/* Folders in which nothing is wanted. */
static bool is_passed_over(const char *prefix)
{
	return row_of(prefix, true)->is == OTHERS;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* prefix is the folder's path in the git folder, with its '/'. */
static void walk_folder(struct git_walk *walk, int folder, const char *prefix, unsigned depth)
{
	struct dirent **entries = NULL;
	int count = is_passed_over(prefix) ? 0 : scandirat(folder, ".", &entries, NULL, compare_names);

	if (count < 0)
		tell_unread(walk, "unreadable-folder", prefix, errno);
	for (int i = 0; i < count; i++) {
		char *path = memory_format("%s%s", prefix, entries[i]->d_name);

		if (strcmp(entries[i]->d_name, ".") && strcmp(entries[i]->d_name, "..") && !*walk->events->stop)
			take_entry(walk, folder, entries[i]->d_name, path, depth);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

/* ---- references ---- */

/* A repository_reference visitor. The name leads to an object; that a key stands in it is told without one. */
static int take_name(void *context, const char *name, const struct object_id *target)
{
	const struct source_events *events = context;

	(void)target;
	hand_out(events, PLACE_PATH, name, name, strlen(name));
	return *events->stop;
}

/* ---- the whole ---- */

char *source_git_front(const char *folder, const char *target)
{
	char *real = realpath(folder, NULL), *below = memory_format("%s/.git", target);
	char *named = realpath(target, NULL), *dotted = realpath(below, NULL), *front;

	if (real && named && !strcmp(real, named))
		front = memory_copy_string("");
	else if (real && dotted && !strcmp(real, dotted))
		front = memory_copy_string(".git/");
	else
		front = memory_format("%s/", real ? real : folder);
	free(dotted);
	free(below);
	free(named);
	free(real);
	return front;
}

static void walk_git_folder(const struct source_events *events, const char *path, const char *target, const struct source_trees *others)
{
	struct git_walk walk = { .events = events,
				 .folder = path,
				 .front = source_git_front(path, target),
				 .others = others,
				 .buffer = memory_allocate(WINDOW_SIZE) };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		tell_unread(&walk, "unreadable-folder", "", errno);
	} else {
		walk_folder(&walk, fd, "", 0);
		close(fd);
	}
	free((char *)walk.front);
	free(walk.buffer);
}

int source_git_folder(const struct source_events *events, struct repository *repository, const char *target,
		      const struct source_trees *others, struct error *error)
{
	const char *common = repository_common_folder(repository);

	/* a linked working tree's own folder lies in the common one, among the others' */
	if (common) /* a bundle has names only */
		walk_git_folder(events, common, target, others);
	return repository_each_name(repository, take_name, (void *)events, error);
}
