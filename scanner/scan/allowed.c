#define _GNU_SOURCE
#include "scan/allowed.h"

#include "base/log.h"
#include "base/memory.h"
#include "git/repository.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- where it stands ---- */

/* The length of the path of the working tree that holds real, in bytes; 0 outside of one. */
static size_t find_root(const char *real)
{
	size_t length = strlen(real);

	for (;;) {
		char *name = memory_format("%.*s/.git", (int)length, real);
		bool found = !access(name, F_OK);

		free(name);
		if (found)
			return length;
		while (length && real[length - 1] != '/')
			length--;
		if (length <= 1)
			return 0;
		length--;
	}
}

/* The length of the root of what real is in: of its working tree, or, outside of one, of the folder. */
static size_t root_length(const char *real, bool is_folder)
{
	size_t root = find_root(real);

	if (root)
		return root;
	return is_folder ? strlen(real) : (size_t)(strrchr(real, '/') - real);
}

static bool is_folder_at(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

char *allowed_file_name(const char *path)
{
	char *real = realpath(path, NULL), *name = NULL;

	if (real)
		name = memory_format("%.*s/" IGNORE_FILE_NAME, (int)root_length(real, is_folder_at(real)), real);
	free(real);
	return name;
}

/* ---- the file ---- */

static void parse(struct allowed *allowed, const char *text, size_t size, const char *name)
{
	bool silent = allowed->said && !strcmp(allowed->said, name);

	ignore_file_parse(&allowed->file, text, size, name, (int64_t)time(NULL), silent);
	free(allowed->said);
	allowed->said = memory_copy_string(name);
}

/* A file that cannot be read, or is none, allows nothing; and what is said does not stop the scan. */
static void load(struct allowed *allowed, const char *name)
{
	int fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	char *text = NULL;
	size_t size = 0;
	ssize_t got = 1;

	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			log_note("'%s' cannot be read, so it allows nothing: %s", name, strerror(errno));
		return;
	}
	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || (size_t)status.st_size > IGNORE_FILE_SIZE_MAX) {
		log_note("'%s' is no file of at most %zu bytes, so it allows nothing", name, IGNORE_FILE_SIZE_MAX);
	} else {
		text = memory_allocate((size_t)status.st_size + 1);
		while (size < (size_t)status.st_size && got > 0) {
			got = read(fd, text + size, (size_t)status.st_size - size);
			size += got > 0 ? (size_t)got : 0;
		}
		if (got >= 0)
			parse(allowed, text, size, name);
	}
	free(text);
	close(fd);
}

static void load_from_head(struct allowed *allowed, struct repository *repository)
{
	struct repository_object object;
	struct error error;

	if (repository_head_file(repository, IGNORE_FILE_NAME, &object, &error)) {
		if (error.code != ERROR_NOT_FOUND)
			log_note("%s: it allows nothing", error.message);
		return;
	}
	if (object.size <= IGNORE_FILE_SIZE_MAX)
		parse(allowed, (const char *)object.bytes, object.size, "HEAD:" IGNORE_FILE_NAME);
	else
		log_note("'HEAD:" IGNORE_FILE_NAME "' is larger than %zu bytes, so it allows nothing", IGNORE_FILE_SIZE_MAX);
	repository_object_close(&object);
}

void allowed_clear(struct allowed *allowed)
{
	ignore_file_release(&allowed->file);
	free(allowed->walk_front);
	free(allowed->root_front);
	allowed->walk_front = allowed->root_front = NULL;
}

void allowed_release(struct allowed *allowed)
{
	allowed_clear(allowed);
	free(allowed->said);
	allowed->said = NULL;
}

void allowed_load_repository(struct allowed *allowed, struct repository *repository)
{
	const char *top = repository_work_path(repository);
	char *name;

	allowed_clear(allowed);
	if (allowed->off)
		return;
	if (!top) {
		load_from_head(allowed, repository);
		return;
	}
	name = memory_format("%s" IGNORE_FILE_NAME, top);
	load(allowed, name);
	free(name);
}

void allowed_load_files(struct allowed *allowed, const char *path)
{
	char *real = realpath(path, NULL), *name;
	bool is_folder = real && is_folder_at(real);
	size_t root, length;

	allowed_clear(allowed);
	if (allowed->off || !real) {
		free(real);
		return;
	}
	root = root_length(real, is_folder);
	length = strlen(real);
	name = memory_format("%.*s/" IGNORE_FILE_NAME, (int)root, real);
	load(allowed, name);
	free(name);
	/* the walk spells a place as the user began it: "src/a.c" for ".", "../x/a.c" for "../x" */
	if (!is_folder || strcmp(path, ".") == 0)
		allowed->walk_front = memory_copy_string(is_folder ? "" : path);
	else
		allowed->walk_front = memory_format("%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/");
	allowed->root_front = memory_format("%s%s", length > root ? real + root + 1 : "", is_folder && length > root ? "/" : "");
	free(real);
}

bool allowed_fingerprint(const struct allowed *allowed, const char *fingerprint)
{
	return ignore_file_has_fingerprint(&allowed->file, fingerprint);
}

bool allowed_path(const struct allowed *allowed, const char *path)
{
	size_t front = allowed->walk_front ? strlen(allowed->walk_front) : 0;
	char *spelled;
	bool has;

	if (!path || !allowed->file.pattern_count)
		return false;
	if (!allowed->walk_front)
		return ignore_file_has_path(&allowed->file, path);
	if (strncmp(path, allowed->walk_front, front) != 0)
		return false;
	spelled = memory_format("%s%s", allowed->root_front, path + front);
	has = ignore_file_has_path(&allowed->file, spelled);
	free(spelled);
	return has;
}

/* ---- marks ---- */

static bool is_word(char character)
{
	return isalnum((unsigned char)character) || character == '_' || character == '-' || character == ':';
}

static bool holds_mark(const char *text, size_t size, const char *mark)
{
	const char *at = text, *end = text + size;
	size_t length = strlen(mark);

	while ((at = memmem(at, (size_t)(end - at), mark, length))) {
		/* "staunch:allowed" is another word */
		if ((at == text || !is_word(at[-1])) && (at + length == end || !is_word(at[length])))
			return true;
		at++;
	}
	return false;
}

bool allowed_mark(const struct allowed *allowed, const char *bytes, size_t size, size_t start, size_t end, size_t before,
		  size_t after)
{
	size_t low = start > before ? start - before : 0, high = size - start > after ? start + after : size;
	const char *newline;

	if (allowed->off)
		return false;
	newline = memrchr(bytes + low, '\n', start - low);
	if (newline)
		low = (size_t)(newline - bytes) + 1;
	if (high < end)
		high = end;
	newline = memchr(bytes + end, '\n', high - end);
	if (newline)
		high = (size_t)(newline - bytes);
	return holds_mark(bytes + low, high - low, "staunch:allow") || holds_mark(bytes + low, high - low, "gitleaks:allow");
}
