#define _GNU_SOURCE
#include "report/output.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PENDING_MAX (64u << 10)
#define TEMPORARY_NAMES 100

/* Open a new file beside path. Its mode is as the user's umask has it, or that of the file it will replace. */
static int open_temporary(struct output *output, const struct stat *replaced)
{
	for (unsigned i = 0; i < TEMPORARY_NAMES && output->descriptor < 0; i++) {
		free(output->temporary);
		output->temporary = memory_format("%s.%ld-%u.tmp", output->path, (long)getpid(), i);
		output->descriptor = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (output->descriptor < 0 && errno != EEXIST)
			break;
	}
	if (output->descriptor < 0)
		return -1;
	if (replaced) /* another owner's file may refuse this; the report is no less right for it */
		(void)!fchmod(output->descriptor, replaced->st_mode & 0777);
	return 0;
}

/* A closed standard output is known here, before anything is revoked (main.c puts something unwritable in its place). */
static int duplicate_for_writing(int descriptor)
{
	int flags = fcntl(descriptor, F_GETFL);

	if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		return -1;
	}
	return fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
}

static int open_descriptor(struct output *output, const char *file)
{
	struct stat status;

	/* the names for our own descriptors: opened by name, a file behind them would be cut or replaced */
	if (strcmp(file, "-") == 0 || strcmp(file, "/dev/stdout") == 0 || strcmp(file, "/dev/stderr") == 0) {
		output->is_stdout = strcmp(file, "/dev/stderr") != 0;
		output->descriptor = duplicate_for_writing(output->is_stdout ? STDOUT_FILENO : STDERR_FILENO);
		return output->descriptor;
	}
	if (stat(file, &status) < 0) {
		if (errno != ENOENT)
			return -1;
		output->path = memory_copy_string(file);
		return open_temporary(output, NULL);
	}
	if (!S_ISREG(status.st_mode)) {
		output->descriptor = open(file, O_WRONLY | O_CLOEXEC);
		return output->descriptor;
	}
	output->path = realpath(file, NULL); /* what a link leads to is replaced, not the link */
	return output->path ? open_temporary(output, &status) : -1;
}

static void output_release(struct output *output)
{
	free(output->name);
	free(output->path);
	free(output->temporary);
	buffer_release(&output->pending);
	*output = (struct output){ .descriptor = -1 };
}

int output_open(struct output *output, const char *file, struct error *error)
{
	*output = (struct output){ .descriptor = -1 };
	output->name = memory_format(strcmp(file, "-") == 0 ? "to standard output" : "'%s'", file);
	if (open_descriptor(output, file) < 0) {
		error_set_errno(error, "cannot write the report %s", output->name);
		output_release(output);
		return ERROR_IO;
	}
	return 0;
}

int output_open_end(struct output *output, const char *file, struct error *error)
{
	*output = (struct output){ .name = memory_format("'%s'", file) };
	output->descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (output->descriptor < 0) {
		error_set_errno(error, "cannot write the report %s", output->name);
		output_release(output);
		return ERROR_IO;
	}
	return 0;
}

static int write_all(int descriptor, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(descriptor, bytes, length);

		if (written >= 0) {
			bytes += written;
			length -= (size_t)written;
		} else if (errno == EAGAIN) { /* whoever shares this pipe has made it non-blocking */
			struct pollfd wait = { .fd = descriptor, .events = POLLOUT };

			poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

/*
 * A reader that has gone away is an error to report, not a reason to die before everything is settled: SIGPIPE is
 * held back while writing, and the one that a write of ours raised is taken away.
 */
void output_flush(struct output *output)
{
	const struct timespec no_time = { 0, 0 };
	sigset_t pipe_signal, before, waiting;

	if (output->failure || !output->pending.length)
		goto out;
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	sigemptyset(&waiting);
	sigpending(&waiting);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
	if (write_all(output->descriptor, output->pending.bytes, output->pending.length) < 0) {
		output->failure = errno;
		if (output->failure == EPIPE && !sigismember(&waiting, SIGPIPE))
			sigtimedwait(&pipe_signal, NULL, &no_time);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
out:
	buffer_clear(&output->pending);
}

void output_relieve(struct output *output)
{
	if (output->pending.length >= PENDING_MAX)
		output_flush(output);
}

int output_close(struct output *output, bool keep, struct error *error)
{
	int result = 0;

	if (keep)
		output_flush(output);
	/* proof of what was revoked: it has to survive what takes the machine down next */
	if (keep && !output->failure && output->temporary && fsync(output->descriptor) < 0)
		output->failure = errno;
	if (close(output->descriptor) < 0 && !output->failure)
		output->failure = errno;
	if (keep && !output->failure && output->temporary && rename(output->temporary, output->path) < 0)
		output->failure = errno;
	if (output->temporary && (!keep || output->failure))
		unlink(output->temporary);
	if (keep && output->failure) {
		errno = output->failure;
		result = error_set_errno(error, "cannot write the report %s", output->name);
	}
	output_release(output);
	return result;
}
