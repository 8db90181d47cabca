/*
 * The layers in their order: each is entered as early as the next ones allow, and Landlock last, because what may be read is known only
 * after a look at where a repository's parts lie.
 */
#include "sandbox/layer.h"

#include "base/sanitizer.h"

#include <unistd.h>

const char *sandbox_mode_name(enum sandbox_mode mode)
{
	static const char *const names[] = { "auto", "require", "off" };

	return names[mode];
}

int sandbox_prepare(struct sandbox *sandbox, enum sandbox_mode mode, unsigned cpu_seconds, unsigned jobs, struct error *error)
{
	*sandbox = (struct sandbox){ .mode = mode, .cpu_seconds = cpu_seconds, .ruleset = -1 };
	if (mode == SANDBOX_OFF)
		return 0;
	sandbox->landlock_abi = landlock_version();
	sandbox->seccomp = seccomp_is_available();
	sandbox->memory_limit = limits_memory(jobs);
	if (mode == SANDBOX_REQUIRE && !sandbox_is_whole(sandbox))
		return error_set(error, ERROR_UNSUPPORTED, "--sandbox require: %s: nothing was scanned", sandbox_missing(sandbox));
	return 0;
}

bool sandbox_is_whole(const struct sandbox *sandbox)
{
	return sandbox->landlock_abi && sandbox->seccomp;
}

const char *sandbox_missing(const struct sandbox *sandbox)
{
	if (sandbox->mode == SANDBOX_OFF)
		return "the sandbox was switched off: the scan process can do all that you can";
	if (!sandbox->landlock_abi && !sandbox->seccomp)
		return "this kernel has neither Landlock nor seccomp: the scan process can do all that you can";
	if (!sandbox->landlock_abi)
		return "this kernel has no Landlock: the scan process can read every file that you can";
	if (!sandbox->seccomp)
		return "this kernel has no seccomp: the scan process can make every call that needs no file";
	return "nothing is missing";
}

void sandbox_allow(struct sandbox *sandbox, const char *path, enum sandbox_right right)
{
	if (sandbox->ruleset >= 0)
		landlock_allow(sandbox, path, right);
}

/* What a sanitizer reads to stop all threads, to look through their memory, and to name functions in what it says. */
static void allow_sanitizer(struct sandbox *sandbox)
{
#ifdef BUILT_WITH_SANITIZER
	static const char *const paths[] = { "/proc/self", "/proc/self/exe", "/usr/lib", "/lib", "/lib64" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		sandbox_allow(sandbox, paths[i], SANDBOX_READ_LINKED);
#else
	(void)sandbox;
#endif
}

static int enter_landlock(struct sandbox *sandbox, const struct sandbox_needs *needs, struct error *error)
{
	int result;

	sandbox->ruleset = landlock_begin(sandbox->landlock_abi, error);
	if (sandbox->ruleset < 0)
		return ERROR_IO;
	needs->allow(needs->context, sandbox);
	allow_sanitizer(sandbox);
	result = landlock_enter(sandbox->ruleset, error);
	close(sandbox->ruleset);
	sandbox->ruleset = -1;
	return result;
}

int sandbox_enter(struct sandbox *sandbox, const struct sandbox_needs *needs, struct error *error)
{
	int result = none_enter(needs, error);

	if (!result)
		result = limits_enter(sandbox, error);
	if (!result && sandbox->seccomp)
		result = seccomp_enter(error);
	if (!result && sandbox->landlock_abi)
		result = enter_landlock(sandbox, needs, error);
	return result;
}
