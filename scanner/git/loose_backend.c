/*
 * Our reader of loose objects under libgit2's roof. libgit2 1.5's own never ends on an object whose zlib stream is cut short, and it waits
 * for ever on a FIFO; ours says what is wrong. It is asked first, and whatever it cannot find others may.
 */
#define _GNU_SOURCE
#include "git/loose.h"

#include "base/memory.h"
#include "git/libgit2.h"
#include "git/pack_walk.h"

#include <git2/sys/odb_backend.h>
#include <stdlib.h>
#include <unistd.h>

/* Above libgit2's pack (2) and loose (1) backends. */
#define PRIORITY 10

/* Windows need no overlap here, but some space. */
#define WINDOW_SIZE ((size_t)1 << 16)

struct loose_backend {
	git_odb_backend parent; /* first: libgit2's view of it */
	const struct repository *repository;
};

/* An object on its way into libgit2's memory. */
struct whole {
	git_odb_backend *backend;
	unsigned char *bytes; /* libgit2's */
	size_t size;
	enum object_kind kind;
	bool out_of_memory;
};

static int collect(void *context, unsigned worker, const struct object_piece *piece)
{
	struct whole *whole = context;

	(void)worker;
	if (piece->first) {
		whole->kind = piece->kind;
		whole->size = piece->object_size;
		whole->bytes = git_odb_backend_data_alloc(whole->backend, whole->size ? whole->size : 1);
		whole->out_of_memory = !whole->bytes;
	}
	if (!whole->out_of_memory && piece->size)
		memcpy(whole->bytes + piece->offset, piece->bytes, piece->size);
	return whole->out_of_memory;
}

static char *path_of(const char *directory, const struct object_id *id)
{
	char hex[2 * OBJECT_ID_SIZE + 1];

	object_id_format(id, hex);
	return memory_format("%s/%.2s/%s", directory, hex, hex + 2);
}

/*
 * From an open object database's packs. libgit2's own reader goes round for ever where deltas are made from each other, so an object whose chain of them
 * leads nowhere is not left to it; one that is too large for ours is.
 */
static int read_packed(void **bytes, size_t *size, git_object_t *type, git_odb_backend *backend, const struct object_id *id)
{
	const struct pack_set *packs = ((struct loose_backend *)backend)->repository->packs;
	unsigned char *read = NULL;
	enum object_kind kind;
	int result = packs ? pack_set_read(packs, id, &kind, &read, size, NULL) : ERROR_NOT_FOUND;

	if (result) {
		bool is_damaged = result != ERROR_NOT_FOUND && !pack_set_kind(packs, id, &kind);

		if (is_damaged)
			git_error_set_str(GIT_ERROR_ODB, "its chain of deltas leads nowhere");
		return is_damaged ? GIT_ERROR : GIT_ENOTFOUND;
	}
	*bytes = git_odb_backend_data_alloc(backend, *size ? *size : 1);
	if (*bytes)
		memcpy(*bytes, read, *size);
	free(read);
	*type = (git_object_t)kind;
	return *bytes ? 0 : GIT_ERROR;
}

static int read_object(void **bytes, size_t *size, git_object_t *type, git_odb_backend *backend, const git_oid *git)
{
	const struct repository *repository = ((struct loose_backend *)backend)->repository;
	int result = GIT_ENOTFOUND;
	struct object_id id;

	object_id_from_git(&id, git);
	for (size_t i = 0; i < repository->object_directory_count && result; i++) {
		const char *directory = repository->object_directories[i];
		struct whole whole = { .backend = backend };
		char *path = path_of(directory, &id);
		struct error error;
		int stopped;

		if (!access(path, F_OK)) {
			unsigned char *window = memory_allocate(WINDOW_SIZE);

			result = loose_read(directory, &id, ~0u, window, WINDOW_SIZE, 0, collect, &whole, 0, &stopped, &error);
			free(window);
			if (result || stopped) {
				git_error_set_str(GIT_ERROR_ODB, result ? error.message : "out of memory");
				git_odb_backend_data_free(backend, whole.bytes);
				result = GIT_ERROR;
			} else {
				*bytes = whole.bytes;
				*size = whole.size;
				*type = (git_object_t)whole.kind;
			}
		}
		free(path);
	}
	return result == GIT_ENOTFOUND ? read_packed(bytes, size, type, backend, &id) : result;
}

static int read_header(size_t *size, git_object_t *type, git_odb_backend *backend, const git_oid *git)
{
	void *bytes = NULL;
	int result = read_object(&bytes, size, type, backend, git);

	if (!result)
		git_odb_backend_data_free(backend, bytes);
	return result;
}

static int exists(git_odb_backend *backend, const git_oid *git)
{
	const struct repository *repository = ((struct loose_backend *)backend)->repository;
	struct object_id id;
	bool found = false;

	object_id_from_git(&id, git);
	for (size_t i = 0; i < repository->object_directory_count && !found; i++) {
		char *path = path_of(repository->object_directories[i], &id);

		found = !access(path, F_OK);
		free(path);
	}
	return found;
}

static void backend_free(git_odb_backend *backend)
{
	free(backend);
}

int loose_backend_add(struct repository *repository)
{
	struct loose_backend *backend = memory_allocate_zeroed(1, sizeof(*backend));
	int number = git_odb_init_backend(&backend->parent, GIT_ODB_BACKEND_VERSION);

	backend->repository = repository;
	backend->parent.read = read_object;
	backend->parent.read_header = read_header;
	backend->parent.exists = exists;
	backend->parent.free = backend_free;
	if (!number)
		number = git_odb_add_backend(repository->odb, &backend->parent, PRIORITY);
	if (number)
		free(backend);
	return number;
}
