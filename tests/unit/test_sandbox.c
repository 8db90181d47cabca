/*
 * Goal: each row of Landlock's table takes away what it says, on a kernel that knows it; what was allowed stays readable; a process that has
 * entered the whole sandbox still has what scanning needs. (Ways out are tried from inside the program: tests/cli/sandbox.bats.)
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sandbox/layer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], inside[96], outside[96], linked[96];
static struct error error;

static void write_file(char path[96], const char *below, const char *name)
{
	FILE *file;

	snprintf(path, 96, "%s%s/%s", folder, below, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("content", file);
	fclose(file);
}

static int make_files(void **state)
{
	char path[96];

	(void)state;
	strcpy(folder, "/tmp/staunch-sandbox-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/allowed", folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/allowed/deep", folder);
	mkdir(path, 0700);
	write_file(inside, "/allowed/deep", "file");
	write_file(outside, "", "file");
	snprintf(linked, sizeof(linked), "%s/allowed/link", folder);
	return symlink(outside, linked);
}

static int remove_files(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

/* Under Valgrind a filter sees Valgrind's own calls, too. */
static void need_a_plain_process(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	if (preloaded && strstr(preloaded, "vgpreload")) {
		print_message("skipped: under Valgrind, which makes calls of its own\n");
		skip();
	}
}

/* Run a check in a process of its own. It returns 0, or the number of what went wrong. */
static int in_process(int check(unsigned), unsigned argument)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(check(argument));
	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* ---- Landlock ---- */

static int enter_version(unsigned abi)
{
	char allowed[96], terminal[] = "/dev/ptmx";
	struct sandbox sandbox = { .landlock_abi = abi, .ruleset = landlock_begin(abi, &error) };

	snprintf(allowed, sizeof(allowed), "%s/allowed", folder);
	landlock_allow(&sandbox, allowed, SANDBOX_READ);
	landlock_allow(&sandbox, linked, SANDBOX_READ); /* a link leads nowhere */
	landlock_allow(&sandbox, "/no such file", SANDBOX_READ);
	landlock_allow(&sandbox, terminal, SANDBOX_READ);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || landlock_enter(sandbox.ruleset, &error);
}

static bool refused(long result, int number)
{
	return result < 0 && errno == number;
}

static int connect_to_nobody(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(1), .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address));
}

static int check_version(unsigned abi)
{
	char other[112];
	unsigned number;
	int device;

	snprintf(other, sizeof(other), "%s.other", inside);
	if (enter_version(abi))
		return 1;
	if (open(inside, O_RDONLY) < 0)
		return 2;
	if (!refused(open(outside, O_RDONLY), EACCES) || !refused(open("/etc/passwd", O_RDONLY), EACCES) ||
	    !refused(open(linked, O_RDONLY), EACCES) || !refused(open(folder, O_RDONLY | O_DIRECTORY), EACCES))
		return 3;
	if (!refused(open(inside, O_WRONLY), EACCES) || !refused(open(other, O_CREAT | O_RDWR, 0600), EACCES) ||
	    !refused(unlink(inside), EACCES) || !refused(mkdir(other, 0700), EACCES) || !refused(symlink("/", other), EACCES))
		return 4;
	if (!refused(rename(inside, outside), EACCES)) /* version 1 refuses it without a right of that name */
		return 5;
	/* what a version does not know it does not take away: otherwise the row would not be what takes it */
	if (abi >= 3 ? !refused(truncate(outside, 7), EACCES) || !refused(truncate(inside, 7), EACCES) : truncate(outside, 7) != 0)
		return 6;
	if (!refused(connect_to_nobody(), abi >= 4 ? EACCES : ECONNREFUSED))
		return 7;
	device = open("/dev/ptmx", O_RDONLY | O_NOCTTY);
	if (device >= 0 && (abi >= 5 ? !refused(ioctl(device, TIOCGPTN, &number), EACCES) : ioctl(device, TIOCGPTN, &number) != 0))
		return 8;
	if (abi >= 6 ? !refused(kill(getppid(), 0), EPERM) : kill(getppid(), 0) != 0)
		return 9;
	return 0;
}

static void each_version_takes_away_what_it_says(void **state)
{
	unsigned newest = landlock_version();

	(void)state;
	if (!newest) {
		print_message("skipped: this kernel has no Landlock\n");
		skip();
	}
	for (unsigned abi = 1; abi <= newest; abi++) {
		int wrong = in_process(check_version, abi);

		if (wrong)
			fail_msg("version %u: check %d", abi, wrong);
	}
}

static int check_listing(unsigned unused)
{
	char allowed[96];
	struct sandbox sandbox = { .landlock_abi = 1, .ruleset = landlock_begin(1, &error) };

	(void)unused;
	snprintf(allowed, sizeof(allowed), "%s/allowed", folder);
	landlock_allow(&sandbox, allowed, SANDBOX_LIST);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || landlock_enter(sandbox.ruleset, &error))
		return 1;
	if (open(allowed, O_RDONLY | O_DIRECTORY) < 0)
		return 2;
	return refused(open(inside, O_RDONLY), EACCES) ? 0 : 3;
}

static void a_listed_folder_shows_names_and_no_content(void **state)
{
	(void)state;
	if (!landlock_version()) {
		print_message("skipped: this kernel has no Landlock\n");
		skip();
	}
	assert_int_equal(in_process(check_listing, 0), 0);
}

/* ---- the whole ---- */

static void allow_inside(void *context, struct sandbox *sandbox)
{
	(void)context;
	sandbox_allow(sandbox, inside, SANDBOX_READ);
}

static void *end_thread(void *context)
{
	*(int *)context = 42;
	return NULL;
}

static int check_whole(unsigned needs_input)
{
	struct sandbox_needs needs = { .allow = allow_inside, .standard_input = needs_input };
	struct sandbox sandbox;
	pthread_t thread;
	int seen = 0, input[2], file;
	char *bytes, byte = 'x';

	if (pipe(input) || dup2(input[0], STDIN_FILENO) || write(input[1], &byte, 1) != 1)
		return 1;
	if (sandbox_prepare(&sandbox, SANDBOX_AUTO, 0, 4, &error) || sandbox_enter(&sandbox, &needs, &error))
		return 2;
	file = open(inside, O_RDONLY);
	if (file != STDERR_FILENO + 1) /* all that was open is closed */
		return 3;
	bytes = mmap(NULL, 7, PROT_READ, MAP_PRIVATE, file, 0);
	if (bytes == MAP_FAILED || memcmp(bytes, "content", 7) != 0)
		return 4;
	if (pthread_create(&thread, NULL, end_thread, &seen) || pthread_join(thread, NULL) || seen != 42)
		return 5;
	bytes = malloc((size_t)64 << 20);
	if (!bytes)
		return 6;
	memset(bytes, 1, (size_t)64 << 20);
	free(bytes);
	if ((read(STDIN_FILENO, &byte, 1) == 1) != (needs_input != 0))
		return 7;
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? 9 : 8;
}

static void scanning_goes_on_inside(void **state)
{
	(void)state;
	need_a_plain_process();
	/* the last check is a call that ends the process, where seccomp is there */
	for (unsigned needs_input = 0; needs_input < 2; needs_input++) {
		int ended = in_process(check_whole, needs_input);

		assert_int_equal(ended, seccomp_is_available() ? 1000 + SIGSYS : 8);
	}
}

static int check_abort(unsigned unused)
{
	struct sandbox_needs needs = { .allow = allow_inside };
	struct sandbox sandbox;

	(void)unused;
	if (sandbox_prepare(&sandbox, SANDBOX_AUTO, 0, 1, &error) || sandbox_enter(&sandbox, &needs, &error))
		return 2;
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void a_failed_assertion_ends_as_one(void **state)
{
	(void)state;
	need_a_plain_process();
	assert_int_equal(in_process(check_abort, 0), 1000 + SIGABRT);
}

static int check_limits(unsigned unused)
{
	struct sandbox sandbox = { .cpu_seconds = 7, .memory_limit = UINT64_C(1) << 32 };
	struct rlimit limit;

	(void)unused;
	if (limits_enter(&sandbox, &error))
		return 1;
	if (getrlimit(RLIMIT_CPU, &limit) || limit.rlim_cur != 7 || getrlimit(RLIMIT_DATA, &limit) ||
	    limit.rlim_max != UINT64_C(1) << 32 || getrlimit(RLIMIT_CORE, &limit) || limit.rlim_max != 0)
		return 2;
	return getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_max > 4096;
}

static void limits_are_lowered(void **state)
{
	(void)state;
	need_a_plain_process();
	assert_int_equal(in_process(check_limits, 0), 0);
}

static void off_gives_up_neither_layer(void **state)
{
	struct sandbox sandbox;

	(void)state;
	assert_int_equal(sandbox_prepare(&sandbox, SANDBOX_OFF, 0, 1, &error), 0);
	assert_false(sandbox_is_whole(&sandbox));
	assert_int_equal(sandbox.memory_limit, 0);
	assert_string_equal(sandbox_missing(&sandbox), "the sandbox was switched off: the scan process can do all that you can");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_version_takes_away_what_it_says),
		cmocka_unit_test(a_listed_folder_shows_names_and_no_content),
		cmocka_unit_test(scanning_goes_on_inside),
		cmocka_unit_test(a_failed_assertion_ends_as_one),
		cmocka_unit_test(limits_are_lowered),
		cmocka_unit_test(off_gives_up_neither_layer),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
