/*
 * Files and folders, on all threads: each task is a folder, or some of the files of a large one. A worker that reads a folder
 * pushes its subfolders for others and scans the files itself while their names are warm.
 *
 * Links are not followed: files are opened below their open folder with O_NOFOLLOW. A folder that is swapped for a link while the walk
 * goes on can still lead it elsewhere; the sandbox of the scan process is what bounds that.
 */
#define _GNU_SOURCE
#include "base/log.h"
#include "base/memory.h"
#include "source/scope.h"
#include "source/window.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder with more files is cut into tasks of this many, so that one flat folder does not leave a core idle. */
#define FILES_PER_TASK 256

struct task {
	struct task *next;
	char *path;    /* of the folder; ends in '/' but for "" */
	char **names;  /* NULL: read the folder. Otherwise name_count files of it */
	size_t name_count;
	bool is_start; /* the folder that the user named */
	struct scope *scope; /* NULL outside repositories or when nothing is left out; borrowed from the walk */
};

struct walk {
	const struct source_events *events;
	const struct source_trees *others;
	bool ignored, submodules;
	pthread_mutex_t lock;    /* guards all below */
	pthread_cond_t changed;  /* signalled when a task is added and when the last one is done */
	struct task *tasks;
	unsigned tasks_open;     /* queued or being worked on */
	struct scope **scopes;   /* owned: all that were opened, until the walk ends */
	size_t scope_count, scope_capacity;
	struct source_counts counts;
};

struct walker {
	struct walk *walk;
	unsigned worker;
	char *buffer; /* WINDOW_SIZE bytes */
	struct source_counts counts;
};

static void task_push(struct walk *walk, const char *path, char **names, size_t name_count, struct scope *scope)
{
	struct task *task = memory_allocate_zeroed(1, sizeof(*task));

	task->path = memory_copy_string(path);
	task->names = names;
	task->name_count = name_count;
	task->scope = scope;
	pthread_mutex_lock(&walk->lock);
	task->next = walk->tasks;
	walk->tasks = task;
	walk->tasks_open++;
	pthread_cond_signal(&walk->changed);
	pthread_mutex_unlock(&walk->lock);
}

static void task_free(struct task *task)
{
	for (size_t i = 0; i < task->name_count; i++)
		free(task->names[i]);
	free(task->names);
	free(task->path);
	free(task);
}

static void tell_unread(const struct walk *walk, const char *what, const char *path, int number)
{
	struct error error;

	errno = number;
	error_set_errno(&error, "cannot read");
	walk->events->incomplete(walk->events->context, what, "", path, error.message);
}

/* ---- one file ---- */

/* Scan an open regular file and close it. */
static void scan_open_file(struct walker *walker, int fd, const char *path)
{
	struct chunk chunk = { .kind = PLACE_FILE, .path = path, .object = "", .commit = "", .reachable = true, .descriptor = &fd };
	struct stat status;

	if (fstat(fd, &status)) {
		tell_unread(walker->walk, "unreadable-file", path, errno);
	} else if (S_ISREG(status.st_mode)) {
		walker->counts.objects++;
		walker->walk->events->progress->objects++;
		if (window_read(walker->walk->events, walker->worker, fd, (uint64_t)status.st_size, walker->buffer, &chunk,
				&walker->counts.bytes))
			tell_unread(walker->walk, "unreadable-file", path, errno);
	}
	close(fd);
}

/* A name can hold a key as well as a file can. */
static void scan_name(struct walker *walker, const char *path, const char *name)
{
	struct chunk chunk = {
		.kind = PLACE_PATH,
		.path = path,
		.object = "",
		.commit = "",
		.reachable = true,
		.bytes = name,
		.size = strlen(name),
		.first = true,
		.last = true,
	};

	walker->walk->events->chunk(walker->walk->events->context, walker->worker, &chunk);
}

/* Where a link leads is looked at as the content that git makes of it, and not followed. */
static void scan_link(struct walker *walker, int folder, const char *name, const char *path)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(folder, name, text, sizeof(text));
	struct chunk chunk = { .kind = PLACE_FILE, .path = path, .object = "", .commit = "", .reachable = true,
			       .bytes = text, .first = true, .last = true };

	if (length <= 0)
		return; /* gone by now */
	chunk.size = (size_t)length;
	walker->walk->events->chunk(walker->walk->events->context, walker->worker, &chunk);
}

static void scan_file(struct walker *walker, int folder, const struct task *task, const char *name)
{
	char *path = memory_format("%s%s", task->path, name);
	int fd;

	if (!scope_leaves_out(task->scope, path, false)) {
		scan_name(walker, path, name);
		/* O_NONBLOCK: a FIFO put in the file's place must not hold the scan up */
		fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd >= 0)
			scan_open_file(walker, fd, path);
		else if (errno == ELOOP)
			scan_link(walker, folder, name, path);
		else if (errno != ENXIO) /* a socket by now: nothing to read */
			tell_unread(walker->walk, "unreadable-file", path, errno);
	}
	free(path);
}

/* ---- one folder ---- */

struct names {
	char **files, **folders; /* links are among the files */
	size_t file_count, file_capacity, folder_count, folder_capacity;
	bool has_git; /* a `.git`: the folder is the root of a working tree */
	bool has_head; /* it may be a git folder */
};

static void sort_entry(struct names *names, int folder, const struct dirent *entry)
{
	unsigned char type = entry->d_type;
	struct stat status;

	if (type == DT_UNKNOWN && !fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW))
		type = S_ISDIR(status.st_mode) ? DT_DIR : S_ISREG(status.st_mode) ? DT_REG : DT_LNK;
	if (!strcmp(entry->d_name, ".git")) {
		names->has_git = true;
	} else if (type == DT_DIR) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			return;
		memory_grow(names->folders, names->folder_count, names->folder_capacity);
		names->folders[names->folder_count++] = memory_copy_string(entry->d_name);
	} else if (type == DT_REG || type == DT_LNK || type == DT_UNKNOWN) {
		names->has_head |= !strcmp(entry->d_name, "HEAD");
		memory_grow(names->files, names->file_count, names->file_capacity);
		names->files[names->file_count++] = memory_copy_string(entry->d_name);
	}
}

static void names_release(struct names *names)
{
	for (size_t i = 0; i < names->file_count; i++)
		free(names->files[i]);
	for (size_t i = 0; i < names->folder_count; i++)
		free(names->folders[i]);
	free(names->files);
	free(names->folders);
}

/* Keep a scope until the walk ends. NULL is allowed. */
static struct scope *keep_scope(struct walk *walk, struct scope *scope)
{
	if (scope) {
		pthread_mutex_lock(&walk->lock);
		memory_grow(walk->scopes, walk->scope_count, walk->scope_capacity);
		walk->scopes[walk->scope_count++] = scope;
		pthread_mutex_unlock(&walk->lock);
	}
	return scope;
}

static void push_folders(struct walker *walker, const struct names *names, const char *path, struct scope *scope)
{
	for (size_t i = 0; i < names->folder_count; i++) {
		char *below = memory_format("%s%s", path, names->folders[i]);

		if (!scope_leaves_out(scope, below, true)) {
			char *folder = memory_format("%s/", below);

			scan_name(walker, below, names->folders[i]);
			task_push(walker->walk, folder, NULL, 0, scope);
			free(folder);
		}
		free(below);
		free(names->folders[i]);
	}
	free(names->folders);
}

/* Whether the folder's `.git` is the file that a submodule has there. */
static bool is_submodule(int folder)
{
	int fd = openat(folder, ".git", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char text[PATH_MAX + 16];
	ssize_t length = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (length <= 0)
		return false;
	text[length] = '\0';
	return !strncmp(text, "gitdir: ", strlen("gitdir: ")) && strstr(text, "/modules/");
}

bool source_trees_have(const struct source_trees *trees, const char *path)
{
	char *real = trees->count ? realpath(path, NULL) : NULL;
	bool have = false;

	for (size_t i = 0; real && i < trees->count && !have; i++)
		have = !strcmp(trees->paths[i], real);
	free(real);
	return have;
}

/* Whether a folder with a `.git`, or like one, is left to another walk. */
static bool is_others(const struct walk *walk, int fd, const struct task *task)
{
	return !task->is_start && ((!walk->submodules && is_submodule(fd)) || source_trees_have(walk->others, task->path));
}

static void read_folder(struct walker *walker, int fd, struct task *task)
{
	struct names names = { 0 };
	struct error error = { 0 };
	const struct dirent *entry;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* closedir() closes it */
	DIR *folder = copy >= 0 ? fdopendir(copy) : NULL;
	size_t at;

	if (!folder) {
		tell_unread(walker->walk, "unreadable-folder", task->path, errno);
		if (copy >= 0)
			close(copy);
		return;
	}
	while (errno = 0, (entry = readdir(folder)))
		sort_entry(&names, fd, entry);
	if (errno)
		tell_unread(walker->walk, "unreadable-folder", task->path, errno);
	closedir(folder);
	if ((names.has_git || names.has_head) && is_others(walker->walk, fd, task)) {
		names_release(&names);
		return;
	}
	if (names.has_git && !walker->walk->ignored)
		task->scope = keep_scope(walker->walk, scope_open_root(task->path, task->scope, &error));
	if (error.code) {
		walker->walk->events->incomplete(walker->walk->events->context, "unreadable-folder", "",
						*task->path ? task->path : ".", error.message);
		names_release(&names);
		return;
	}
	push_folders(walker, &names, task->path, task->scope);
	/* the first files are this worker's own; what is beyond goes to whoever is free */
	for (at = FILES_PER_TASK; at < names.file_count; at += FILES_PER_TASK) {
		size_t count = names.file_count - at < FILES_PER_TASK ? names.file_count - at : FILES_PER_TASK;
		char **part = memory_allocate(count * sizeof(*part));

		memcpy(part, names.files + at, count * sizeof(*part));
		task_push(walker->walk, task->path, part, count, task->scope);
	}
	task->names = names.files;
	task->name_count = names.file_count < FILES_PER_TASK ? names.file_count : FILES_PER_TASK;
}

static void work_on(struct walker *walker, struct task *task)
{
	int fd = open(*task->path ? task->path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		tell_unread(walker->walk, "unreadable-folder", task->path, errno);
		return;
	}
	if (!task->names)
		read_folder(walker, fd, task);
	for (size_t i = 0; i < task->name_count && !*walker->walk->events->stop; i++)
		scan_file(walker, fd, task, task->names[i]);
	close(fd);
}

static void *work(void *context)
{
	struct walker *walker = context;
	struct walk *walk = walker->walk;

	walker->buffer = memory_allocate(WINDOW_SIZE);
	pthread_mutex_lock(&walk->lock);
	while (walk->tasks_open) {
		struct task *task = walk->tasks;

		if (!task) {
			pthread_cond_wait(&walk->changed, &walk->lock);
			continue;
		}
		walk->tasks = task->next;
		pthread_mutex_unlock(&walk->lock);
		if (!*walk->events->stop)
			work_on(walker, task);
		task_free(task);
		pthread_mutex_lock(&walk->lock);
		if (--walk->tasks_open == 0)
			pthread_cond_broadcast(&walk->changed);
	}
	walk->counts.objects += walker->counts.objects;
	walk->counts.bytes += walker->counts.bytes;
	pthread_mutex_unlock(&walk->lock);
	free(walker->buffer);
	return NULL;
}

/* ---- the target ---- */

/* Run the tasks on events->jobs threads until there is none left. */
static void run(struct walk *walk)
{
	unsigned jobs = walk->events->jobs;
	struct walker *walkers = memory_allocate_zeroed(jobs, sizeof(*walkers));
	pthread_t *threads = memory_allocate_zeroed(jobs, sizeof(*threads));
	unsigned started = 1;

	for (unsigned i = 0; i < jobs; i++)
		walkers[i] = (struct walker){ .walk = walk, .worker = i };
	while (started < jobs && !pthread_create(&threads[started], NULL, work, &walkers[started]))
		started++;
	work(&walkers[0]); /* fewer threads than asked for do the same work */
	for (unsigned i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	free(walkers);
}

static void walk_folder(struct walk *walk, const char *path, struct scope *scope)
{
	size_t length = strlen(path);
	char *folder;

	if (!strcmp(path, "."))
		folder = memory_copy_string(""); /* "src/a.c", not "./src/a.c" */
	else
		folder = memory_format("%s%s", path, length && path[length - 1] == '/' ? "" : "/");
	task_push(walk, folder, NULL, 0, scope);
	walk->tasks->is_start = true;
	free(folder);
	run(walk);
}

static void walk_file(struct walk *walk, const char *path)
{
	struct walker walker = { .walk = walk };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		tell_unread(walk, "unreadable-file", path, errno);
		return;
	}
	walker.buffer = memory_allocate(WINDOW_SIZE);
	scan_name(&walker, path, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	scan_open_file(&walker, fd, path);
	walk->counts = walker.counts;
	free(walker.buffer);
}

static int walk_stream(struct walk *walk, const char *path, struct error *error)
{
	/* a FIFO is waited for here, which open(2) does not do (git/libgit2_open.c) */
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY), result;

	if (fd < 0)
		return error_set_errno(error, "cannot read '%s'", path);
	result = source_stream(walk->events, fd, path, &walk->counts, error);
	close(fd);
	return result;
}

int source_files(const struct source_events *events, const char *path, unsigned choice, const struct source_trees *others,
		 struct source_counts *counts, struct error *error)
{
	struct walk walk = { .events = events,
			     .others = others,
			     .ignored = (choice & SOURCE_FILES_IGNORED) != 0,
			     .submodules = (choice & SOURCE_FILES_SUBMODULES) != 0 };
	struct scope *around = NULL;
	struct error unknown = { 0 };
	bool left_out = false;
	struct stat status;
	int result = 0;

	if (stat(path, &status))
		return error_set_errno(error, "cannot read '%s'", path);
	pthread_mutex_init(&walk.lock, NULL);
	pthread_cond_init(&walk.changed, NULL);
	if (!walk.ignored)
		around = keep_scope(&walk, scope_open_around(path, S_ISDIR(status.st_mode), &left_out, &unknown));
	if (unknown.code)
		result = error_set(error, unknown.code, "%s", unknown.message);
	else if (left_out)
		log_note("'%s' is ignored by git and was left out: --ignored takes it in", path);
	else if (S_ISDIR(status.st_mode))
		walk_folder(&walk, path, around);
	else if (S_ISREG(status.st_mode))
		walk_file(&walk, path);
	else
		result = walk_stream(&walk, path, error); /* `staunch dir <(command)`, /dev/stdin: asked for by name */
	for (size_t i = 0; i < walk.scope_count; i++)
		scope_close(walk.scopes[i]);
	free(walk.scopes);
	counts->objects += walk.counts.objects;
	counts->bytes += walk.counts.bytes;
	pthread_cond_destroy(&walk.changed);
	pthread_mutex_destroy(&walk.lock);
	return result;
}
