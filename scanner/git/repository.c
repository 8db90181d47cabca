/*
 * libgit2 reads configuration and references for us, but its view of history is one object at a time; the walk over all
 * objects is pack_walk's.
 */
#define _GNU_SOURCE
#include "git/repository.h"

#include "base/library.h"
#include "base/memory.h"
#include "git/bundle.h"
#include "git/inflate.h"
#include "git/libgit2.h"
#include "git/loose.h"
#include "git/pack_walk.h"
#include "git/roots.h"
#include "git/tracked.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int libgit2_error(struct error *error, int number, const char *what, const char *subject)
{
	const git_error *said = git_error_last();
	const char *message = said && said->message ? said->message : "no reason given";
	enum error_code code = ERROR_MALFORMED;

	if (number == GIT_ENOTFOUND)
		code = ERROR_NOT_FOUND;
	else if (strstr(message, "unsupported"))
		code = ERROR_UNSUPPORTED;
	else if (said && said->klass == GIT_ERROR_OS)
		code = ERROR_IO;
	return error_set(error, code, "%s '%s': %s", what, subject, message);
}

/* Extensions of the repository format that change nothing in how objects and references are read. */
static const char *harmless_extensions[] = { "partialclone", "preciousobjects", "worktreeconfig", "relativeworktrees" };

static void library_start(void)
{
	libgit2_refuse_fifos();
	libgit2_without_certificates(true);
	git_libgit2_init();
	libgit2_without_certificates(false);
	/* ownership is checked by git because git runs what a configuration says; nothing here does */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, harmless_extensions,
			 sizeof(harmless_extensions) / sizeof(*harmless_extensions));
	git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
}

/* ---- object directories ---- */

static void add_object_directory(struct repository *repository, const char *path, unsigned depth);

static void add_alternates(struct repository *repository, const char *objects, unsigned depth)
{
	char *name = memory_format("%s/info/alternates", objects), *text = roots_read_file(name), *rest = text, *line;
	struct stat status;

	/* larger than any that git writes */
	repository->alternates_cut |= !text && !stat(name, &status) && S_ISREG(status.st_mode) && status.st_size >= ROOTS_FILE_MAX;
	while ((line = strsep(&rest, "\n"))) {
		char *path;

		if (!line[0] || line[0] == '#')
			continue;
		if (++repository->alternate_lines > ROOTS_ALTERNATE_LINES_MAX) {
			repository->alternates_cut = true;
			break;
		}
		path = roots_path_from(objects, line);
		add_object_directory(repository, path, depth + 1);
		free(path);
	}
	free(text);
	free(name);
}

static void add_object_directory(struct repository *repository, const char *path, unsigned depth)
{
	char *real = realpath(path, NULL);
	char **directories = repository->object_directories;
	bool known = false;

	/* one that does not exist is kept under its name: whoever walks it says that it is not there */
	if (!real)
		real = memory_copy_string(path);
	for (size_t i = 0; i < repository->object_directory_count; i++)
		known |= !strcmp(directories[i], real);
	if (!known && (depth > ROOTS_ALTERNATE_DEPTH_MAX || repository->object_directory_count >= ROOTS_ALTERNATES_MAX))
		known = repository->alternates_cut = true;
	if (known) {
		free(real);
		return;
	}
	repository->object_directories =
		memory_resize(directories, repository->object_directory_count + 1, sizeof(*directories));
	repository->object_directories[repository->object_directory_count++] = real;
	add_alternates(repository, real, depth);
}

/* The variables that git sets for a hook: what a push brings waits in a folder of its own (git-receive-pack(1), quarantine). */
static void add_environment_directories(struct repository *repository)
{
	const char *objects = getenv("GIT_OBJECT_DIRECTORY"), *alternates = getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES");
	char *list = memory_copy_string(alternates ? alternates : ""), *rest = list, *path;

	if (objects && *objects)
		add_object_directory(repository, objects, 0);
	while ((path = strsep(&rest, ":"))) {
		if (*path)
			add_object_directory(repository, path, 0);
	}
	free(list);
}

bool repository_is_incoming(const char *directory)
{
	const char *slash = strrchr(directory, '/'), *name = slash ? slash + 1 : directory;

	/* the second since git 2.36 */
	return !strncmp(name, "incoming-", strlen("incoming-")) || !strncmp(name, "tmp_objdir-", strlen("tmp_objdir-"));
}

/*
 * What a push brought and no hook has let in yet, or what was left of it when receiving was ended (git-receive-pack(1), quarantine): the objects are as much here as
 * others that nothing leads to.
 */
static void add_incoming_directories(struct repository *repository, const char *objects)
{
	struct dirent **entries = NULL;
	int count = scandir(objects, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char *path = memory_format("%s/%s", objects, entries[i]->d_name);
		struct stat status;

		if (repository_is_incoming(path) && !lstat(path, &status) && S_ISDIR(status.st_mode))
			add_object_directory(repository, path, 0);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

static void find_object_directories(struct repository *repository, bool from_environment)
{
	char *objects = memory_format("%s/objects", git_repository_commondir(repository->git));

	if (from_environment)
		add_environment_directories(repository);
	add_object_directory(repository, objects, 0);
	add_incoming_directories(repository, objects);
	free(objects);
}

bool repository_alternates_are_cut(const struct repository *repository)
{
	return repository->alternates_cut;
}

char *const *repository_object_directories(const struct repository *repository, size_t *count)
{
	*count = repository->object_directory_count;
	return repository->object_directories;
}

/* ---- opening ---- */

/*
 * libgit2 opens these and would wait for ever for somebody to write into a FIFO of that name. Returns the first of them that is there and no regular
 * file, for the caller to free, or NULL.
 */
static char *find_irregular(const char *git_path)
{
	static const char *const names[] = { "config", "index", "packed-refs", "HEAD", "shallow", "commondir", "gitdir",
					     "config.worktree", "objects/info/alternates", "info/exclude" };
	struct stat status;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *name = memory_format("%s/%s", git_path, names[i]);

		if (!stat(name, &status) && !S_ISREG(status.st_mode))
			return name;
		free(name);
	}
	return NULL;
}

int repository_open_bundle(struct repository **out, const char *path, struct error *error)
{
	struct bundle *bundle = NULL;
	int result = bundle_open(&bundle, path, error);

	if (result)
		return result;
	*out = memory_allocate_zeroed(1, sizeof(**out));
	(*out)->bundle = bundle;
	pthread_mutex_init(&(*out)->lock, NULL);
	return 0;
}

const struct object_id *repository_prerequisites(const struct repository *repository, size_t *count)
{
	*count = repository->bundle ? repository->bundle->prerequisite_count : 0;
	return repository->bundle ? repository->bundle->prerequisites : NULL;
}

int repository_open(struct repository **out, const char *path, enum repository_search search, struct error *error)
{
	static pthread_once_t started = PTHREAD_ONCE_INIT;
	static const unsigned flags[] = {
		[REPOSITORY_EXACT] = GIT_REPOSITORY_OPEN_NO_SEARCH,
		[REPOSITORY_BARE] = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE,
		[REPOSITORY_UPWARD] = GIT_REPOSITORY_OPEN_CROSS_FS,
	};
	struct repository *repository;
	git_repository *git = NULL;
	char *irregular, *index_path = NULL;
	int number;

	irregular = roots_is_git_folder(path) ? find_irregular(path) : NULL; /* a working tree may well hold a folder `config` */
	if (!irregular) {
		char *below = memory_format("%s/.git", path);

		irregular = find_irregular(below);
		free(below);
	}
	if (irregular) {
		error_set(error, ERROR_MALFORMED, "cannot open the repository '%s': '%s' is no regular file", path, irregular);
		free(irregular);
		return ERROR_MALFORMED;
	}
	pthread_once(&started, library_start);
	if (search == REPOSITORY_FROM_ENVIRONMENT)
		number = libgit2_open_from_environment(&git, path, &index_path);
	else
		number = git_repository_open_ext(&git, path, flags[search], NULL);
	if (number)
		free(index_path);
	if (number && git_error_last() && strstr(git_error_last()->message, "extensions.objectformat"))
		return error_set(error, ERROR_UNSUPPORTED,
				 "cannot open the repository '%s': SHA-256 object ids are not supported by this libgit2 (staunch dir scans files there)", path);
	if (number)
		return libgit2_error(error, number, "cannot open the repository", path);
	repository = memory_allocate_zeroed(1, sizeof(*repository));
	repository->git = git;
	repository->index_path = index_path ? index_path : memory_format("%sindex", git_repository_path(git));
	pthread_mutex_init(&repository->lock, NULL);
	find_object_directories(repository, search == REPOSITORY_FROM_ENVIRONMENT);
	number = git_repository_odb(&repository->odb, git);
	if (!number)
		number = loose_backend_add(repository);
	if (number) {
		libgit2_error(error, number, "cannot open the objects of the repository", path);
		repository_close(repository);
		return error ? (int)error->code : ERROR_MALFORMED;
	}
	*out = repository;
	return 0;
}

void repository_close(struct repository *repository)
{
	if (!repository)
		return;
	for (size_t i = 0; i < repository->object_directory_count; i++)
		free(repository->object_directories[i]);
	free(repository->object_directories);
	bundle_free(repository->bundle);
	free(repository->index_path);
	tracked_free(repository->tracked);
	git_odb_free(repository->odb);
	git_repository_free(repository->git);
	pthread_mutex_destroy(&repository->lock);
	free(repository);
}

const char *repository_work_path(const struct repository *repository)
{
	if (repository->bundle)
		return NULL;
	return git_repository_workdir(repository->git);
}

const char *repository_git_folder(const struct repository *repository)
{
	return repository->bundle ? NULL : git_repository_path(repository->git);
}

const char *repository_common_folder(const struct repository *repository)
{
	return repository->bundle ? NULL : git_repository_commondir(repository->git);
}

bool repository_is_shallow(const struct repository *repository)
{
	/* of all working trees: libgit2 looks only in the folder of a linked one, where no such file is */
	char *name = repository->bundle ? NULL : memory_format("%sshallow", git_repository_commondir(repository->git));
	struct stat status;
	bool is_shallow = name && !stat(name, &status) && status.st_size > 0;

	free(name);
	return is_shallow;
}

bool repository_is_partial(const struct repository *repository)
{
	git_config *configuration = NULL;
	git_config_iterator *iterator = NULL;
	git_config_entry *entry;
	int promised = 0;

	if (repository->bundle)
		return repository->bundle->is_filtered;
	/* no pattern: libgit2 1.5 loses memory for each name that does not match one */
	if (!git_repository_config_snapshot(&configuration, repository->git) &&
	    !git_config_iterator_new(&iterator, configuration)) {
		while (!promised && !git_config_next(&entry, iterator)) {
			const char *last = strrchr(entry->name, '.');

			if (!strncmp(entry->name, "remote.", strlen("remote.")) && last && !strcmp(last, ".promisor"))
				git_config_parse_bool(&promised, entry->value);
		}
	}
	git_config_iterator_free(iterator);
	git_config_free(configuration);
	return promised != 0;
}

/* ---- objects ---- */

int repository_object_open(struct repository *repository, const struct object_id *id,
			   struct repository_object *object, struct error *error)
{
	git_odb_object *opened = NULL;
	char hex[2 * OBJECT_ID_SIZE + 1];
	git_oid git;
	unsigned char *bytes = NULL;
	int number = GIT_ENOTFOUND;

	*object = (struct repository_object){ 0 };
	object_id_to_git(&git, id);
	if (repository->odb)
		number = git_odb_read(&opened, repository->odb, &git);
	if (number == GIT_ENOTFOUND && repository->packs &&
	    !pack_set_read(repository->packs, id, &object->kind, &bytes, &object->size, error)) {
		object->bytes = object->made = bytes;
		return 0;
	}
	if (number) {
		object_id_format(id, hex);
		return libgit2_error(error, number, "cannot read the object", hex);
	}
	object->kind = (enum object_kind)git_odb_object_type(opened);
	object->size = git_odb_object_size(opened);
	object->bytes = git_odb_object_data(opened);
	object->handle = opened;
	return 0;
}

int repository_object_kind(struct repository *repository, const struct object_id *id, enum object_kind *kind, struct error *error)
{
	struct repository_object object;
	uint64_t size;
	int result;

	if (repository->packs && pack_set_kind(repository->packs, id, kind))
		return 0;
	for (size_t i = 0; i < repository->object_directory_count; i++) {
		if (!loose_read_header(repository->object_directories[i], id, kind, &size, NULL))
			return 0;
	}
	result = repository_object_open(repository, id, &object, error);
	if (!result)
		*kind = object.kind;
	repository_object_close(&object);
	return result;
}

void repository_object_close(struct repository_object *object)
{
	free(object->made);
	git_odb_object_free(object->handle);
	*object = (struct repository_object){ 0 };
}

int repository_read(struct repository *repository, const struct object_id *id, enum object_kind *kind,
		    unsigned char **bytes, size_t *size, struct error *error)
{
	struct repository_object object;
	int result = repository_object_open(repository, id, &object, error);

	if (result)
		return result;
	*kind = object.kind;
	*size = object.size;
	*bytes = (unsigned char *)memory_copy_bytes(object.bytes, object.size);
	repository_object_close(&object);
	return 0;
}

int repository_head_file(struct repository *repository, const char *path, struct repository_object *object,
			 struct error *error)
{
	char *name = memory_format("HEAD:%s", path);
	git_object *found = NULL;
	struct object_id id;
	int number = repository->bundle ? GIT_ENOTFOUND : git_revparse_single(&found, repository->git, name), result = 0;

	if (number)
		result = libgit2_error(error, number, "cannot read", name);
	else if (git_object_type(found) != GIT_OBJECT_BLOB)
		result = error_set(error, ERROR_NOT_FOUND, "'%s' is no file", name);
	if (!result) {
		object_id_from_git(&id, git_object_id(found));
		result = repository_object_open(repository, &id, object, error);
	}
	git_object_free(found);
	free(name);
	return result;
}

/* ---- index and working tree ---- */

/* Read the index once. */
static int load_tracked(struct repository *repository)
{
	int result = 0;

	pthread_mutex_lock(&repository->lock);
	if (!repository->tracked)
		result = tracked_load(&repository->tracked, repository->index_path, git_repository_path(repository->git), NULL);
	pthread_mutex_unlock(&repository->lock);
	return result;
}

bool repository_tracks(struct repository *repository, const char *path, bool is_folder)
{
	if (load_tracked(repository))
		return true; /* an index that cannot be read must not hide a file */
	return tracked_has(repository->tracked, repository, path, is_folder);
}

bool repository_leaves_out(struct repository *repository, const char *path, bool is_folder)
{
	char *spelled;
	int ignored = 0, number;

	if (repository_tracks(repository, path, is_folder))
		return false;
	spelled = memory_format("%s%s", path, is_folder ? "/" : "");
	pthread_mutex_lock(&repository->lock);
	number = git_ignore_path_is_ignored(&ignored, repository->git, spelled);
	pthread_mutex_unlock(&repository->lock);
	free(spelled);
	return !number && ignored; /* what cannot be decided is looked at */
}

void git_add_libraries(struct buffer *lines)
{
	char version[48];
	int major, minor, revision;

	git_libgit2_version(&major, &minor, &revision);
	snprintf(version, sizeof(version), "%d.%d.%d", major, minor, revision);
	library_add_version(lines, "libgit2", version);
	inflater_add_libraries(lines);
}
