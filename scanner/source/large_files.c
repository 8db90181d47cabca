#define _GNU_SOURCE
#include "source/large_files.h"

#include "base/memory.h"
#include "source/window.h"

#include <stdatomic.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void large_files_init(struct large_files *files)
{
	*files = (struct large_files){ 0 };
	pthread_mutex_init(&files->lock, NULL);
}

void large_files_release(struct large_files *files)
{
	free(files->files);
	pthread_mutex_destroy(&files->lock);
}

/* ---- pointers ---- */

static bool is_id(const char *text)
{
	return strspn(text, "0123456789abcdef") >= LARGE_FILE_ID_SIZE - 1;
}

/* Lines of "key value": version first, then the others in the order of the alphabet. Returns whether text is a pointer. */
static bool parse_pointer(const char *text, struct large_file *file)
{
	static const char *const versions[] = { "version https://git-lfs.github.com/spec/v", "version http://git-media.io/v/",
						"version https://hawser.github.com/spec/v" };
	const char *id = strstr(text, "\noid sha256:"), *size = strstr(text, "\nsize ");
	bool known = false;

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		known |= !strncmp(text, versions[i], strlen(versions[i]));
	if (!known || !id || !size || !is_id(id + strlen("\noid sha256:")))
		return false;
	memcpy(file->id, id + strlen("\noid sha256:"), LARGE_FILE_ID_SIZE - 1);
	file->id[LARGE_FILE_ID_SIZE - 1] = '\0';
	file->size = strtoull(size + strlen("\nsize "), NULL, 10);
	return true;
}

bool large_file_parse(struct large_file *file, const void *bytes, size_t size)
{
	char text[LARGE_FILE_POINTER_MAX + 1];

	if (size < LARGE_FILE_POINTER_MIN || size > LARGE_FILE_POINTER_MAX || memcmp(bytes, "version http", strlen("version http")) != 0)
		return false;
	memcpy(text, bytes, size);
	text[size] = '\0';
	return parse_pointer(text, file);
}

void large_files_note(struct large_files *files, const struct object_id *blob, const void *bytes, size_t size)
{
	struct large_file file = { .pointer = *blob };

	if (!large_file_parse(&file, bytes, size))
		return;
	pthread_mutex_lock(&files->lock);
	memory_grow(files->files, files->count, files->capacity);
	files->files[files->count++] = file;
	pthread_mutex_unlock(&files->lock);
}

struct large_file *large_files_find(const struct large_files *files, const struct object_id *pointer)
{
	return files->count ? bsearch(pointer, files->files, files->count, sizeof(*files->files), object_id_compare) : NULL;
}

/* ---- the store ---- */

/* As many pointers to one file are followed to where they stand. */
#define POINTERS_MAX 64

struct store {
	struct large_files *files;
	const struct source_events *events;
	struct large_file **by_id; /* owned: the files, by what they point to, then by pointer */
	char *folder;      /* owned: the real path of lfs/objects */
	const char *front; /* what places show for it, ending in '/' */
	atomic_size_t next;
};

struct store_worker {
	struct store *store;
	unsigned worker;
	pthread_t thread;
};

static int compare_by_id(const void *a, const void *b)
{
	const struct large_file *const *x = a, *const *y = b;
	int order = strcmp((*x)->id, (*y)->id);

	return order ? order : object_id_compare(*x, *y);
}

static int compare_with_id(const void *id, const void *file)
{
	return strcmp(id, (*(const struct large_file *const *)file)->id);
}

/* An open file of the store, or -1 with errno set: no link on the way, no FIFO. */
static int open_stored(const char *path, uint64_t *size)
{
	char *real = realpath(path, NULL);
	bool is_link = real && strcmp(real, path) != 0;
	int fd = real && !is_link ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
	struct stat status;

	free(real);
	if (is_link)
		errno = ELOOP;
	if (fd >= 0 && (fstat(fd, &status) || !S_ISREG(status.st_mode))) {
		close(fd);
		errno = EINVAL;
		fd = -1;
	}
	if (fd >= 0)
		*size = (uint64_t)status.st_size;
	return fd;
}

/* What is met while a file is handed out. */
struct met {
	const struct source_events *events; /* whose chunks these are */
	bool found; /* a credential */
};

static enum chunk_result take_chunk(void *context, unsigned worker, const struct chunk *chunk)
{
	struct met *met = context;
	enum chunk_result result = met->events->chunk(met->events->context, worker, chunk);

	met->found |= result == CHUNK_FOUND;
	return result;
}

/* Hand out what a pointer points to, as chunks like *like; *bytes grows by what was read. Returns whether a credential was found. */
static bool hand_out_file(const struct store *store, unsigned worker, char *buffer, struct large_file *file, const struct chunk *like,
			  uint64_t *bytes)
{
	char *path = memory_format("%s/%.2s/%.2s/%s", store->folder, file->id, file->id + 2, file->id);
	struct met met = { store->events, false };
	struct source_events events = *store->events;
	struct chunk chunk = *like;
	uint64_t size = 0;
	int fd = open_stored(path, &size);

	events.context = &met;
	events.chunk = take_chunk;
	file->missing = fd < 0 || size != file->size;
	if (fd >= 0) {
		if (window_read(&events, worker, fd, size, buffer, &chunk, bytes))
			file->missing = true;
		close(fd);
	}
	free(path);
	return met.found;
}

/* The same as the content of the pointer's blob, wherever in history that is. */
static bool hand_out_as_blob(const struct store *store, unsigned worker, char *buffer, struct large_file *file)
{
	char hex[2 * OBJECT_ID_SIZE + 1];
	const struct chunk like = { .kind = PLACE_BLOB, .object = hex, .commit = "", .traced = true };
	uint64_t bytes = 0;

	object_id_format(&file->pointer, hex);
	return hand_out_file(store, worker, buffer, file, &like, &bytes);
}

/*
 * Pointers to one file. The file is not missing if what is there is all of it. What is there is searched in each case: once, and only if something is found once
 * more for each other pointer, so that its places are told, too.
 */
static void hand_out_group(const struct store *store, unsigned worker, char *buffer, struct large_file **group, size_t count)
{
	bool found = hand_out_as_blob(store, worker, buffer, group[0]);
	uint64_t size = 0;
	size_t at = 1;

	for (; at < count && at < POINTERS_MAX && found && !*store->events->stop; at++)
		hand_out_as_blob(store, worker, buffer, group[at]);
	if (at < count) {
		char *path = memory_format("%s/%.2s/%.2s/%s", store->folder, group[0]->id, group[0]->id + 2, group[0]->id);
		int fd = open_stored(path, &size);

		for (size_t i = at; i < count; i++)
			group[i]->missing = fd < 0 || size != group[i]->size;
		if (fd >= 0)
			close(fd);
		free(path);
	}
	if (found && at < count)
		store->events->incomplete(store->events->context, "trace-limit", "", NULL,
					  "more pointers lead to one file of Git LFS than are followed: not all places of what stands in it are told");
}

static void *work(void *context)
{
	const struct store_worker *worker = context;
	struct store *store = worker->store;
	char *buffer = memory_allocate(WINDOW_SIZE);
	size_t at;

	while ((at = atomic_fetch_add(&store->next, 1)) < store->files->count && !*store->events->stop) {
		struct large_file **first = store->by_id + at;
		size_t count = 1;

		if (at && !strcmp(first[0]->id, first[-1]->id))
			continue; /* whoever has the first one has all */
		while (at + count < store->files->count && !strcmp(first[count]->id, first[0]->id))
			count++;
		hand_out_group(store, worker->worker, buffer, first, count);
	}
	free(buffer);
	return NULL;
}

static void hand_out_files(struct store *store)
{
	unsigned jobs = store->events->jobs, started = 1;
	struct store_worker *workers = memory_allocate_zeroed(jobs, sizeof(*workers));

	for (unsigned i = 0; i < jobs; i++)
		workers[i] = (struct store_worker){ .store = store, .worker = i };
	while (started < jobs && started < store->files->count &&
	       !pthread_create(&workers[started].thread, NULL, work, &workers[started]))
		started++;
	work(&workers[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	free(workers);
}

/* ---- what no pointer points to ---- */

struct leftovers {
	const struct store *store;
	char *buffer;
};

static void take_stored(const struct leftovers *leftovers, const char *path, const char *name, const char *shown)
{
	struct chunk chunk = { .kind = PLACE_FILE, .path = shown, .object = "", .commit = "", .reachable = true };
	uint64_t size = 0, bytes = 0;
	int fd;

	if (leftovers->store->files->count && bsearch(name, leftovers->store->by_id, leftovers->store->files->count,
						      sizeof(*leftovers->store->by_id), compare_with_id))
		return; /* searched */
	fd = open_stored(path, &size);
	if (fd < 0 || window_read(leftovers->store->events, 0, fd, size, leftovers->buffer, &chunk, &bytes))
		leftovers->store->events->incomplete(leftovers->store->events->context, "unreadable-file", "", shown, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* The store is a folder of folders of folders of files. */
#define STORE_DEPTH 2

/* path and shown end in '/'. */
static void walk_store(const struct leftovers *leftovers, const char *path, const char *shown, unsigned depth)
{
	struct dirent **entries = NULL;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int count = fd < 0 ? 0 : scandirat(fd, ".", &entries, NULL, alphasort);

	if (fd < 0 && errno != ENOENT)
		leftovers->store->events->incomplete(leftovers->store->events->context, "unreadable-folder", "", shown, strerror(errno));
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char *below = memory_format("%s%s", path, name), *below_shown = memory_format("%s%s", shown, name);
		struct stat status;

		if (!strcmp(name, ".") || !strcmp(name, "..") || *leftovers->store->events->stop ||
		    fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW)) {
			/* nothing to look at */
		} else if (S_ISDIR(status.st_mode) && depth < STORE_DEPTH) {
			char *folder = memory_format("%s/", below), *folder_shown = memory_format("%s/", below_shown);

			walk_store(leftovers, folder, folder_shown, depth + 1);
			free(folder_shown);
			free(folder);
		} else {
			take_stored(leftovers, below, name, below_shown);
		}
		free(below_shown);
		free(below);
		free(entries[i]);
	}
	free(entries);
	if (fd >= 0)
		close(fd);
}

static void hand_out_leftovers(const struct store *store)
{
	struct leftovers leftovers = { .store = store, .buffer = memory_allocate(WINDOW_SIZE) };
	char *path = memory_format("%s/", store->folder);

	walk_store(&leftovers, path, store->front, 0);
	free(leftovers.buffer);
	free(path);
}

/* The real path of the store, or NULL: there is none, or a link leads elsewhere, which is told. */
static char *find_store(const struct source_events *events, const char *folder, const char *front)
{
	char *path = memory_format("%slfs/objects", folder), *real = realpath(path, NULL), *own = realpath(folder, NULL);
	char *expected = own ? memory_format("%s/lfs/objects", own) : NULL;

	if (real && (!expected || strcmp(real, expected) != 0)) {
		events->incomplete(events->context, "unreadable-folder", "", front, "a link leads elsewhere, which is not followed");
		free(real);
		real = NULL;
	}
	free(expected);
	free(own);
	free(path);
	return real;
}

void large_files_hand_out(struct large_files *files, const struct source_events *events, const char *folder, const char *front)
{
	char *shown = memory_format("%slfs/objects/", front ? front : "");
	struct store store = { .files = files, .events = events, .front = shown };

	if (files->count)
		qsort(files->files, files->count, sizeof(*files->files), object_id_compare);
	store.by_id = memory_allocate((files->count + 1) * sizeof(*store.by_id));
	for (size_t i = 0; i < files->count; i++)
		store.by_id[i] = &files->files[i];
	if (files->count)
		qsort(store.by_id, files->count, sizeof(*store.by_id), compare_by_id);
	store.folder = folder ? find_store(events, folder, shown) : NULL;
	for (size_t i = 0; i < files->count && !store.folder; i++)
		files->files[i].missing = true;
	if (store.folder) {
		hand_out_files(&store);
		hand_out_leftovers(&store);
	}
	free(store.by_id);
	free(store.folder);
	free(shown);
}

bool large_file_hand_out(struct large_file *file, const struct source_events *events, const char *folder, const struct chunk *like, uint64_t *bytes)
{
	struct store store = { .events = events, .folder = folder ? find_store(events, folder, "lfs/objects/") : NULL };
	char *buffer = memory_allocate(WINDOW_SIZE);
	bool found = false;

	file->missing = !store.folder;
	if (store.folder)
		found = hand_out_file(&store, 0, buffer, file, like, bytes);
	free(buffer);
	free(store.folder);
	return found;
}
