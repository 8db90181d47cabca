#define _GNU_SOURCE
#include "scan/needs.h"

#include "base/memory.h"
#include "git/repository_roots.h"
#include "git/repository_size.h"
#include "scan/allowed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A repository_root: context is the sandbox. */
static void allow(void *context, const char *path, enum repository_root_kind kind)
{
	static const enum sandbox_right rights[] = {
		[REPOSITORY_ROOT] = SANDBOX_READ,
		[REPOSITORY_ROOT_LINKED] = SANDBOX_READ_LINKED,
		[REPOSITORY_ROOT_LISTED] = SANDBOX_LIST,
	};

	sandbox_allow(context, path, rights[kind]);
}

static void allow_repository(const struct scan_options *options, const struct scan_target *target, struct sandbox *sandbox)
{
	enum repository_search how = target->exact ? REPOSITORY_EXACT : REPOSITORY_UPWARD;
	unsigned parts = 0;

	if (target->kind == SCAN_GIT && !options->no_submodules)
		parts |= REPOSITORY_ROOTS_SUBMODULES;
	if (target->kind == SCAN_GIT && target->with_trees)
		parts |= REPOSITORY_ROOTS_TREES;
	repository_roots(target->path, target->from_environment ? REPOSITORY_FROM_ENVIRONMENT : how, parts, allow, sandbox);
}

/* The .staunchignore of a target; of a hook's also where git says that the working tree is. */
static void allow_ignore_file(const struct scan_target *target, struct sandbox *sandbox)
{
	const char *work_tree = target->from_environment ? getenv("GIT_WORK_TREE") : NULL;
	const char *paths[] = { target->path, work_tree };

	for (size_t i = 0; i < 2; i++) {
		char *name = paths[i] && *paths[i] ? allowed_file_name(paths[i]) : NULL;

		if (name)
			sandbox_allow(sandbox, name, SANDBOX_READ);
		free(name);
	}
}

static bool is_regular_file(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISREG(status.st_mode);
}

static void allow_targets(void *context, struct sandbox *sandbox)
{
	const struct scan_options *options = context;
	bool has_files = false;

	for (size_t i = 0; i < options->target_count; i++) {
		const struct scan_target *target = &options->targets[i];

		if (target->kind == SCAN_STREAM)
			continue;
		has_files = true;
		if (!options->no_repo_config)
			allow_ignore_file(target, sandbox);
		if (target->kind == SCAN_GIT && !target->from_environment && is_regular_file(target->path))
			sandbox_allow(sandbox, target->path, SANDBOX_READ_LINKED); /* a bundle */
		if (target->kind != SCAN_FILES) {
			allow_repository(options, target, sandbox);
			continue;
		}
		sandbox_allow(sandbox, target->path, SANDBOX_READ_LINKED);
		if (!options->ignored) /* what git ignores there is asked of the repository around it */
			repository_roots(target->path, REPOSITORY_UPWARD, REPOSITORY_ROOTS_IGNORED, allow, sandbox);
	}
	if (has_files)
		repository_user_roots(allow, sandbox);
}

/* The descriptor that a path names, as a shell's `<(command)` does; -1 for other paths. */
static int descriptor_of(const char *path)
{
	static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/" };

	if (!strcmp(path, "/dev/stdin"))
		return STDIN_FILENO;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		size_t length = strlen(folders[i]);

		if (!strncmp(path, folders[i], length) && path[length] >= '0' && path[length] <= '9')
			return atoi(path + length);
	}
	return -1;
}

bool scan_looks_little(const struct scan_target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct scan_target *target = &targets[i];
		bool is_change = target->kind == SCAN_STAGED || target->kind == SCAN_RANGE;

		if (!is_change && (target->kind != SCAN_GIT || !repository_is_small(target->path)))
			return false;
	}
	return true;
}

void scan_needs_init(struct sandbox_needs *needs, const struct scan_options *options, int channel)
{
	int *descriptors = memory_allocate_zeroed(options->target_count + 1, sizeof(*descriptors));

	*needs = (struct sandbox_needs){ .descriptors = descriptors, .allow = allow_targets, .context = (void *)options };
	descriptors[needs->descriptor_count++] = channel;
	for (size_t i = 0; i < options->target_count; i++) {
		int descriptor = options->targets[i].kind == SCAN_FILES ? descriptor_of(options->targets[i].path) : -1;

		if (options->targets[i].kind == SCAN_STREAM || descriptor == STDIN_FILENO)
			needs->standard_input = true;
		else if (descriptor > STDERR_FILENO)
			descriptors[needs->descriptor_count++] = descriptor;
	}
}

void scan_needs_release(struct sandbox_needs *needs)
{
	free((int *)needs->descriptors);
	needs->descriptors = NULL;
}
