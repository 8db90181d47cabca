/*
 * libgit2 opens whatever has the name of one of git's files, and waits for ever where that is a FIFO into which nobody writes. These names are many (each
 * reference, each log, the indexes of packs, what a configuration includes, all that again behind a `.git` file and in worktrees), so its one call to open(2)
 * lands here: the dynamic linker takes a program's own functions before those of a library. Once libgit2 has been started a FIFO is not waited for but
 * refused, as open(2) refuses a socket; whoever wants to wait for one calls openat(2).
 *
 * Where the linker binds otherwise (macOS) there is none of this, and what repository_open() looks at beforehand is all that stands between.
 */
#define _GNU_SOURCE
#include "git/libgit2.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_bool refuses_fifos;

void libgit2_refuse_fifos(void)
{
	refuses_fifos = true;
}

#ifdef __linux__

static int open_without_waiting(const char *path, int flags, mode_t mode)
{
	bool is_guarded = refuses_fifos && (flags & O_ACCMODE) == O_RDONLY && !(flags & (O_NONBLOCK | O_CREAT | O_PATH | O_DIRECTORY));
	int fd = openat(AT_FDCWD, path, flags | (is_guarded ? O_NONBLOCK | O_NOCTTY : 0), mode);
	struct stat status;

	if (!is_guarded || fd < 0 || fstat(fd, &status) || S_ISREG(status.st_mode))
		return fd;
	if (!S_ISFIFO(status.st_mode)) { /* a device, of which whoever opened it expects that it waits */
		fcntl(fd, F_SETFL, flags & ~O_ACCMODE & ~O_NONBLOCK);
		return fd;
	}
	close(fd);
	errno = ENXIO;
	return -1;
}

/* The C library's functions of these names, which its headers may have made into something else here. */
int library_open(const char *path, int flags, ...) __asm__("open");
int library_open64(const char *path, int flags, ...) __asm__("open64");

static mode_t mode_of(int flags, va_list rest)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? (mode_t)va_arg(rest, unsigned) : 0;
}

int library_open(const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode;

	va_start(rest, flags);
	mode = mode_of(flags, rest);
	va_end(rest);
	return open_without_waiting(path, flags, mode);
}

int library_open64(const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode;

	va_start(rest, flags);
	mode = mode_of(flags, rest);
	va_end(rest);
	return open_without_waiting(path, flags | O_LARGEFILE, mode);
}

#endif
