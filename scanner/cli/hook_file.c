#define _GNU_SOURCE
#include "cli/hook.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the mark that makes a file ours ends at the latest. */
#define HEAD_SIZE 256

struct names {
	char *file, *earlier, *fresh; /* owned */
};

static struct names names_of(const char *folder, const struct hook *hook)
{
	return (struct names){
		.file = memory_format("%s/%s", folder, hook->name),
		.earlier = memory_format("%s/%s.before-staunch", folder, hook->name),
		.fresh = memory_format("%s/%s.staunch-new", folder, hook->name),
	};
}

static void names_release(struct names *names)
{
	free(names->file);
	free(names->earlier);
	free(names->fresh);
}

/* Whether a file is one that we wrote for this hook. */
static bool is_ours(const char *path, const struct hook *hook)
{
	char head[HEAD_SIZE + 1] = "", *mark = memory_format("#!/bin/sh\n# staunch-hook: %s\n", hook->name);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	bool ours = false;

	if (fd >= 0) {
		ssize_t got = read(fd, head, HEAD_SIZE);

		ours = got > 0 && !strncmp(head, mark, strlen(mark));
		close(fd);
	}
	free(mark);
	return ours;
}

static bool exists(const char *path)
{
	struct stat status;

	return !lstat(path, &status);
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !lstat(a, &x) && !lstat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static enum hook_state state_of(const struct names *names, const struct hook *hook)
{
	if (!exists(names->file))
		return HOOK_NONE;
	return is_ours(names->file, hook) ? HOOK_OURS : HOOK_OTHER;
}

bool hook_earlier_is_run(const char *folder, const struct hook *hook)
{
	struct names names = names_of(folder, hook);
	bool run = !access(names.earlier, X_OK);

	names_release(&names);
	return run;
}

/* A new executable file, whole on disk before it gets its name. */
static int write_fresh(const char *path, const char *script, size_t size, struct error *error)
{
	int fd, result = 0;

	unlink(path); /* of an install that was killed */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0)
		return error_set_errno(error, "cannot write the hook '%s'", path);
	while (size && !result) {
		ssize_t written = write(fd, script, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			result = error_set_errno(error, "cannot write the hook '%s'", path);
		} else {
			script += written;
			size -= (size_t)written;
		}
	}
	if (!result && (fchmod(fd, 0755) || fsync(fd))) /* whatever the umask: git runs it for everybody who may come here */
		result = error_set_errno(error, "cannot write the hook '%s'", path);
	if (close(fd) && !result)
		result = error_set_errno(error, "cannot write the hook '%s'", path);
	if (result)
		unlink(path);
	return result;
}

/* Give the hook that is there a second name, under which it stays. */
static int keep_earlier(const struct names *names, struct error *error)
{
	if (same_file(names->file, names->earlier))
		return 0; /* by an install that was killed before it was done */
	if (exists(names->earlier))
		return error_set(error, ERROR_CONFIGURATION,
				 "'%s' is no hook of staunch, and '%s' keeps an earlier one already: remove one of the two", names->file,
				 names->earlier);
	/* a link to itself, and not to where it may lead; file systems without links get a moment without a hook */
	if (linkat(AT_FDCWD, names->file, AT_FDCWD, names->earlier, 0) && rename(names->file, names->earlier))
		return error_set_errno(error, "cannot keep the hook that is there as '%s'", names->earlier);
	return 0;
}

static int make_folder(const char *folder, struct error *error)
{
	struct stat status;

	if (mkdir(folder, 0777) && errno != EEXIST)
		return error_set_errno(error, "cannot make the folder '%s'", folder);
	if (stat(folder, &status))
		return error_set_errno(error, "cannot use '%s' for hooks", folder);
	if (!S_ISDIR(status.st_mode))
		return error_set(error, ERROR_CONFIGURATION,
				 "cannot use '%s' for hooks: it is no folder, so git runs no hooks here (git config core.hooksPath)", folder);
	return 0;
}

int hook_file_install(const char *folder, const struct hook *hook, const char *script, size_t size, enum hook_state *was,
		      struct error *error)
{
	struct names names = names_of(folder, hook);
	struct stat status;
	int result = make_folder(folder, error);

	*was = state_of(&names, hook);
	if (!result && !lstat(names.file, &status) && S_ISDIR(status.st_mode))
		result = error_set(error, ERROR_CONFIGURATION, "cannot write the hook '%s': a folder has that name", names.file);
	if (!result)
		result = write_fresh(names.fresh, script, size, error);
	if (!result && *was == HOOK_OTHER)
		result = keep_earlier(&names, error);
	if (!result && rename(names.fresh, names.file))
		result = error_set_errno(error, "cannot write the hook '%s'", names.file);
	if (result)
		unlink(names.fresh);
	names_release(&names);
	return result;
}

int hook_file_uninstall(const char *folder, const struct hook *hook, enum hook_state *was, bool *restored,
			struct error *error)
{
	struct names names = names_of(folder, hook);
	int result = 0;

	*was = state_of(&names, hook);
	*restored = *was == HOOK_OURS && exists(names.earlier);
	if (*restored && rename(names.earlier, names.file))
		result = error_set_errno(error, "cannot put back the hook '%s'", names.earlier);
	else if (*was == HOOK_OURS && !*restored && unlink(names.file))
		result = error_set_errno(error, "cannot remove the hook '%s'", names.file);
	names_release(&names);
	return result;
}
