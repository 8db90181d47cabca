/*
 * What C libraries other than glibc lack. The Makefile has the compiler include this before every file where glibc is not: musl (Alpine) and
 * macOS. On Linux with glibc it is not used, so nothing of it can change what is tested there.
 */
#ifndef STAUNCH_BASE_PLATFORM_H
#define STAUNCH_BASE_PLATFORM_H

#ifdef __linux__
#define _GNU_SOURCE
#include <locale.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* musl names the calls that are alike on 32 bits by macros, which libseccomp's SCMP_SYS(pread64) would take */
#undef pread64

/* close_range(2), which musl does not wrap */
#define close_range(first, last, flags) ((int)syscall(SYS_close_range, (first), (last), (flags)))

/* musl's strptime() knows no locale but the thread's */
static inline char *strptime_l(const char *text, const char *form, struct tm *parts, locale_t locale)
{
	locale_t before = uselocale(locale);
	char *end = strptime(text, form, parts);

	uselocale(before);
	return end;
}
#endif

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As scandir(3), with a name below an open folder; no filter is asked for. (The newest macOS has one.) */
static inline int platform_scandirat(int folder, const char *name, struct dirent ***entries, int (*filter)(const struct dirent *),
				     int (*compare)(const struct dirent **, const struct dirent **))
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	DIR *opened = fd < 0 ? NULL : fdopendir(fd);
	struct dirent **list = NULL, *entry;

	(void)filter;
	if (!opened && fd >= 0)
		close(fd);
	while (opened && (entry = readdir(opened))) {
		struct dirent **longer = realloc(list, ((size_t)count + 1) * sizeof(*list));
		struct dirent *copy = malloc(entry->d_reclen);

		if (!longer || !copy)
			abort(); /* as everywhere when there is no memory (base/memory.h) */
		memcpy(copy, entry, entry->d_reclen);
		list = longer;
		list[count++] = copy;
	}
	if (opened)
		closedir(opened);
	if (count)
		qsort(list, (size_t)count, sizeof(*list), (int (*)(const void *, const void *))compare);
	*entries = list;
	return opened ? count : -1;
}
#define scandirat platform_scandirat

/* glibc's name for what is an int elsewhere */
#define __rlimit_resource_t int

#ifdef __APPLE__
#include <crt_externs.h>
#include <errno.h>
#include <fcntl.h>
#include <libkern/OSByteOrder.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <xlocale.h>

#define be32toh(number) OSSwapBigToHostInt32(number)
#define be64toh(number) OSSwapBigToHostInt64(number)
#define be16toh(number) OSSwapBigToHostInt16(number)
#define htobe32(number) OSSwapHostToBigInt32(number)
#define htobe64(number) OSSwapHostToBigInt64(number)
#define le32toh(number) OSSwapLittleToHostInt32(number)
#define htole32(number) OSSwapHostToLittleInt32(number)
#define le64toh(number) OSSwapLittleToHostInt64(number)
#define htole64(number) OSSwapHostToLittleInt64(number)

#define MAP_POPULATE 0         /* a hint */
#define MADV_DONTDUMP MADV_NORMAL /* no core is written, which setrlimit() sees to */
#define environ (*_NSGetEnviron())

/* that clock goes on while the machine sleeps (clock_gettime(3) of macOS) */
#define CLOCK_BOOTTIME CLOCK_MONOTONIC

/* which processors a process may use is not to be known there: all that are there */
typedef long cpu_set_t;
#define sched_getaffinity(process, size, set) (*(set) = sysconf(_SC_NPROCESSORS_ONLN), 0)
#define CPU_COUNT(set) (*(set))

static inline void explicit_bzero(void *bytes, size_t size)
{
	for (volatile unsigned char *at = bytes; size; size--)
		*at++ = 0;
}

static inline void *memrchr(const void *bytes, int wanted, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes + size;

	while (size--) {
		if (*--at == (unsigned char)wanted)
			return (void *)(uintptr_t)at;
	}
	return NULL;
}

static inline ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
	(void)flags;
	return getentropy(bytes, size) ? -1 : (ssize_t)size; /* at most 256 bytes, which is more than is asked for */
}

static inline int platform_pipe2(int ends[2], int flags)
{
	if (pipe(ends))
		return -1;
	for (int i = 0; i < 2 && (flags & O_CLOEXEC); i++)
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	return 0;
}
#define pipe2 platform_pipe2

static inline int close_range(unsigned first, unsigned last, int flags)
{
	long most = sysconf(_SC_OPEN_MAX);

	(void)flags;
	for (unsigned fd = first; fd <= last && (long)fd < most; fd++)
		close((int)fd);
	return 0;
}

/* With a zero timeout, as it is called: take a signal that is pending, if there is one. */
static inline int sigtimedwait(const sigset_t *signals, void *information, const struct timespec *timeout)
{
	sigset_t pending;
	int taken = 0;

	(void)information, (void)timeout;
	sigpending(&pending);
	for (int number = 1; number < NSIG; number++) {
		if (sigismember(signals, number) == 1 && sigismember(&pending, number) == 1)
			return sigwait(signals, &taken) ? -1 : taken;
	}
	errno = EAGAIN;
	return -1;
}

/* Conditions wait by the calendar's clock there: what is waited until is taken from the clock that was asked for. */
static inline int pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock)
{
	(void)attributes, (void)clock;
	return 0;
}

static inline int platform_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until)
{
	struct timespec now, left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left.tv_sec = until->tv_sec - now.tv_sec;
	left.tv_nsec = until->tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_nsec += 1000000000;
		left.tv_sec--;
	}
	if (left.tv_sec < 0)
		return ETIMEDOUT;
	return pthread_cond_timedwait_relative_np(condition, lock, &left);
}
#define pthread_cond_timedwait platform_timedwait
#endif

/* POSIX's returns a number, GNU's the text */
static inline char *platform_strerror_r(int number, char *text, size_t size)
{
	if (strerror_r(number, text, size))
		*text = '\0';
	return text;
}
#define strerror_r platform_strerror_r

#endif
