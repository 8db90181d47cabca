/*
 * Giving a new key away: to standard output, or to a command's standard input.
 *
 * The key goes from its pages to the descriptor without a copy in stdio's buffers. The command inherits the environment (which may hold the
 * user's own VERCEL_TOKEN) and no descriptor beyond the first three.
 */
#define _GNU_SOURCE
#include "cli/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

int keys_hand_over_check(const char *command, struct error *error)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (command)
		return *command ? 0 : error_set(error, ERROR_CONFIGURATION, "--to-command is empty");
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) /* main.c puts something unwritable in the place of a closed one */
		return error_set(error, ERROR_IO, "standard output is closed, and the new key is to go there");
	if (poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLNVAL)))
		return error_set(error, ERROR_IO, "nobody reads standard output, and the new key is to go there");
	return 0;
}

/* Write the key and a line break. Returns 0, or -1 with errno. */
static int write_line(int descriptor, const struct secret *key)
{
	size_t length = secret_length(key), written = 0;

	while (written < length + 1) {
		size_t left = written < length ? length - written : 0;
		struct iovec parts[2] = { { (char *)secret_bytes(key) + length - left, left }, { (char *)"\n", 1 } };
		ssize_t size = writev(descriptor, parts, 2);

		if (size >= 0) {
			written += (size_t)size;
		} else if (errno == EAGAIN) { /* whoever shares this pipe has made it non-blocking */
			struct pollfd wait = { .fd = descriptor, .events = POLLOUT };

			poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

static int to_standard_output(const struct secret *key, struct error *error)
{
	if (write_line(STDOUT_FILENO, key) < 0)
		return error_set_errno(error, "standard output did not take it");
	/* some file systems tell of a full disk only here; what is no file cannot be synchronised */
	if (fsync(STDOUT_FILENO) < 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		return error_set_errno(error, "standard output did not take it");
	return 0;
}

/* In the child: become the command. */
static void run_command(const char *command, int input)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigaction(SIGPIPE, &action, NULL); /* ignored signals stay ignored over exec */
	sigaction(SIGXFSZ, &action, NULL);
	if (dup2(input, STDIN_FILENO) >= 0) {
		close_range(3, ~0u, 0);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	}
	_exit(127);
}

static int wait_for(pid_t process)
{
	int status;

	while (waitpid(process, &status, 0) < 0) {
		if (errno != EINTR) /* a signal goes to the command too, which decides */
			return -1;
	}
	return status;
}

static int judge(int status, int unread, struct error *error)
{
	if (status == -1)
		return error_set(error, ERROR_IO, "the command's end could not be waited for");
	if (WIFSIGNALED(status))
		return error_set(error, ERROR_IO, "the command was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return error_set(error, ERROR_IO, "the command ended with status %d", WEXITSTATUS(status));
	if (unread)
		return error_set(error, ERROR_IO, "the command ended without reading the key");
	return 0;
}

/*
 * This process keeps the pipe's reading end too: so writing cannot fail while the command starts (a key is shorter than what a pipe holds), and
 * what the command left unread can be counted once it has ended.
 */
static int to_command(const struct secret *key, const char *command, struct error *error)
{
	int ends[2], unread = 0, code;
	pid_t process;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(error, "cannot make a pipe to the command");
	process = fork();
	if (process == 0)
		run_command(command, ends[0]);
	if (process < 0) {
		code = error_set_errno(error, "cannot start the command");
		close(ends[1]);
	} else {
		int written = write_line(ends[1], key), status;

		close(ends[1]);
		status = wait_for(process);
		if (ioctl(ends[0], FIONREAD, &unread) < 0)
			unread = 0; /* nothing known against it */
		code = judge(status, unread, error);
		if (!code && written < 0)
			code = error_set(error, ERROR_IO, "the key could not be written to the command");
	}
	close(ends[0]);
	return code;
}

int keys_hand_over(const struct secret *key, const char *command, struct error *error)
{
	return command ? to_command(key, command, error) : to_standard_output(key, error);
}
