/*
 * So that a bomb ends the scan process and not the machine.
 *
 * Memory is limited by RLIMIT_DATA, not by RLIMIT_AS: it counts private writable pages (getrlimit(2), since Linux 4.7), so that packs, which
 * are mapped read-only, may be of any size. RLIMIT_NPROC is of no use: it counts the user's processes, not this one's.
 */
#define _GNU_SOURCE
#include "sandbox/layer.h"

#include "base/sanitizer.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Half of the machine, but what a large repository needs even on a small one; and each thread's stack, which counts whole. */
#define MEMORY_MIN (UINT64_C(2) << 30)
#define MEMORY_PER_JOB (UINT64_C(16) << 20)

/* A worker has a few files open at a time; 256 of them are the most there can be. */
#define FILES_MAX 4096

/* What the messages of a scan may add to a file that standard error leads to. */
#define MESSAGES_MAX ((rlim_t)16 << 20)

uint64_t limits_memory(unsigned jobs)
{
	uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t limit = machine / 2 > MEMORY_MIN ? machine / 2 : MEMORY_MIN;

#ifdef BUILT_WITH_SANITIZER
	return 0; /* shadow memory is counted in terabytes */
#endif
	return limit + jobs * MEMORY_PER_JOB;
}

/* Never above what is in force already. */
static int lower_limit(int resource, rlim_t soft, rlim_t hard, struct error *error)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit))
		return error_set_errno(error, "cannot read a resource limit");
	if (hard < limit.rlim_max)
		limit.rlim_max = hard;
	if (soft < limit.rlim_cur)
		limit.rlim_cur = soft;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	if (setrlimit((__rlimit_resource_t)resource, &limit))
		return error_set_errno(error, "cannot set a resource limit");
	return 0;
}

/* Nothing is written to files, but for messages where standard error leads to one. */
static rlim_t file_size_limit(void)
{
	struct stat status;

	if (fstat(STDERR_FILENO, &status) || !S_ISREG(status.st_mode))
		return 0;
	return (rlim_t)status.st_size + MESSAGES_MAX;
}

int limits_enter(const struct sandbox *sandbox, struct error *error)
{
	int result = 0;

	if (sandbox->cpu_seconds) /* one second more, should SIGXCPU be ignored */
		result = lower_limit(RLIMIT_CPU, sandbox->cpu_seconds, (rlim_t)sandbox->cpu_seconds + 1, error);
	if (sandbox->mode == SANDBOX_OFF)
		return result;
	if (!result && sandbox->memory_limit)
		result = lower_limit(RLIMIT_DATA, (rlim_t)sandbox->memory_limit, (rlim_t)sandbox->memory_limit, error);
	if (!result)
		result = lower_limit(RLIMIT_NOFILE, FILES_MAX, FILES_MAX, error);
	if (!result)
		result = lower_limit(RLIMIT_FSIZE, file_size_limit(), file_size_limit(), error);
	if (!result)
		result = lower_limit(RLIMIT_CORE, 0, 0, error);
	return result;
}
