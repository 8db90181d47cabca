/*
 * Run a command and say what it cost: wall time, processor time of it and all its children, and the most memory
 * that one of its processes held. For tests/bench/run, which so needs no other program for it.
 *
 *     measure [-a] COMMAND [ARGUMENT...]
 *
 * Prints "WALL_US CPU_US RESIDENT_KIB STATUS" to standard output. The command's own goes to /dev/null.
 *
 * With -a the command is looked at while it runs, every 2 ms: "ANONYMOUS_KIB STATUS" is the most that it and all below it held
 * at once of memory that is no file's (RssAnon and RssShmem of /proc/PID/status, which, unlike smaps_rollup, costs the command
 * next to nothing). Mapped packs are not in it. What comes and goes between two looks is missed, and pages that two processes
 * share since one forked are counted twice.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static int64_t us(const struct timeval *time)
{
	return (int64_t)time->tv_sec * 1000000 + time->tv_usec;
}

static void run(char **command)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (nowhere < 0 || dup2(nowhere, STDIN_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0) {
		perror("measure: /dev/null");
		_exit(127);
	}
	execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

/* The number behind a label of a process's status, or -1. */
static long status_read(const char *text, const char *label)
{
	const char *at = strstr(text, label);

	return at ? strtol(at + strlen(label), NULL, 10) : -1;
}

/* Anonymous memory, in KiB, of process and all below it. Processes come and go meanwhile: what cannot be read counts nothing. */
static long anonymous_read(pid_t process)
{
	char path[64], text[4096], *at;
	long sum = 0;
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)process);
	file = fopen(path, "r");
	if (!file)
		return 0;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	if (status_read(text, "RssAnon:") > 0)
		sum += status_read(text, "RssAnon:") + status_read(text, "RssShmem:");
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)process, (int)process);
	file = fopen(path, "r");
	if (!file)
		return sum;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	for (at = text; *at;) {
		char *end;
		long child = strtol(at, &end, 10);

		if (end == at)
			break;
		sum += anonymous_read((pid_t)child);
		at = end;
	}
	return sum;
}

/* Wait for the child's end, looking at it meanwhile. Returns the most that was seen. */
static long anonymous_watch(pid_t child, int *status)
{
	const struct timespec pause = { 0, 2000000 };
	long most = 0;

	while (waitpid(child, status, WNOHANG) == 0) {
		long now = anonymous_read(child);

		if (now > most)
			most = now;
		nanosleep(&pause, NULL);
	}
	return most;
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	bool anonymous = argc > 1 && !strcmp(argv[1], "-a");
	struct rusage usage;
	int64_t start;
	int status;
	pid_t child;

	argv += anonymous;
	argc -= anonymous;
	if (argc < 2) {
		fprintf(stderr, "usage: measure [-a] COMMAND [ARGUMENT...]\n");
		return 2;
	}
	start = now_us();
	child = fork();
	if (child == 0)
		run(argv + 1);
	if (child > 0 && anonymous) {
		long most = anonymous_watch(child, &status);

		printf("%ld %d\n", most, exit_code(status));
		return 0;
	}
	if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
		perror("measure");
		return 1;
	}
	printf("%" PRId64 " %" PRId64 " %ld %d\n", now_us() - start, us(&usage.ru_utime) + us(&usage.ru_stime),
	       usage.ru_maxrss, exit_code(status));
	return 0;
}
