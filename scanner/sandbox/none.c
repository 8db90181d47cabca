/*
 * What every Linux kernel lets a process give up. With --sandbox off it is all there is, and otherwise the ground for the rest: Landlock and
 * seccomp ask for no new privileges, and neither takes back a descriptor that is already open. (Core dumps are off since the program's first
 * line: base/secret.h.)
 */
#define _GNU_SOURCE
#include "sandbox/layer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The variables that scanning asks for: where the user's and the repository's files are, how the terminal and the checkers want it. */
static bool is_asked_for(const char *variable)
{
	static const char *const names[] = { "HOME=", "XDG_CONFIG_HOME=", "TERM=", "TZ=", "LANG=", "LC_", "SSL_CERT_", "STAUNCH_", "GIT_DIR=",
					     "GIT_COMMON_DIR=", "GIT_INDEX_FILE=", "GIT_OBJECT_DIRECTORY=", "GIT_ALTERNATE_OBJECT_DIRECTORIES=",
					     "GIT_WORK_TREE=", "GIT_NAMESPACE=", "GIT_CEILING_DIRECTORIES=", "GIT_DISCOVERY_ACROSS_FILESYSTEM=",
					     "ASAN_", "UBSAN_", "TSAN_", "LSAN_" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strncmp(variable, names[i], strlen(names[i])))
			return true;
	}
	return false;
}

/* Environments hold tokens (VERCEL_TOKEN, those of a CI job). Overwrite all that is not asked for: this process's copy only. */
static void forget_environment(void)
{
	for (char **variable = environ; variable && *variable; variable++) {
		if (!is_asked_for(*variable))
			explicit_bzero(*variable, strlen(*variable));
	}
}

/* Have a standard descriptor lead nowhere. */
static int redirect_to_null(int descriptor, int flags, struct error *error)
{
	int null = open("/dev/null", flags | O_CLOEXEC);

	if (null < 0 || dup2(null, descriptor) < 0)
		return error_set_errno(error, "cannot open /dev/null for the scan process");
	close(null);
	return 0;
}

static int close_from_to(int first, int last)
{
	if (first > last || !close_range((unsigned)first, (unsigned)last, 0))
		return 0;
	for (int fd = first; fd <= last && fd < sysconf(_SC_OPEN_MAX); fd++) /* before Linux 5.9 */
		close(fd);
	return 0;
}

static bool is_needed(const struct sandbox_needs *needs, int descriptor)
{
	for (size_t i = 0; i < needs->descriptor_count; i++) {
		if (needs->descriptors[i] == descriptor)
			return true;
	}
	return false;
}

/* Close all above 2 but the needed ones. */
static void close_others(const struct sandbox_needs *needs)
{
	int first = STDERR_FILENO + 1, highest = STDERR_FILENO;

	for (size_t i = 0; i < needs->descriptor_count; i++) {
		if (needs->descriptors[i] > highest)
			highest = needs->descriptors[i];
	}
	for (int fd = first; fd <= highest; fd++) {
		if (is_needed(needs, fd)) {
			close_from_to(first, fd - 1);
			first = fd + 1;
		}
	}
	close_from_to(first, 0x7fffffff);
}

int none_enter(const struct sandbox_needs *needs, struct error *error)
{
	/* nothing that this process could be made to run gains rights from a set-user-id bit */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_set_errno(error, "cannot give up new privileges");
	/* standard output is the reports', standard input whoever asks questions' */
	if (redirect_to_null(STDOUT_FILENO, O_WRONLY, error) ||
	    (!needs->standard_input && redirect_to_null(STDIN_FILENO, O_RDONLY, error)))
		return ERROR_IO;
	close_others(needs);
	forget_environment();
	return 0;
}
