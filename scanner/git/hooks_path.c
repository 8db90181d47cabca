/*
 * Where git looks for hooks: core.hooksPath, or the folder `hooks` that all working trees of a repository share
 * (githooks(5)). libgit2 reads neither GIT_CONFIG_GLOBAL nor GIT_CONFIG_SYSTEM, so the files are put together here.
 */
#include "git/repository.h"

#include "base/memory.h"
#include "git/libgit2.h"

#include <stdlib.h>

static void add_file(git_config *config, struct repository *repository, const char *path, git_config_level_t level)
{
	/* one that is not there is empty; one that cannot be read is git's to complain about */
	if (path && *path)
		git_config_add_file_ondisk(config, path, level, repository->git, 0);
}

static void add_found(git_config *config, struct repository *repository, int (*find)(git_buf *), git_config_level_t level)
{
	git_buf path = { 0 };

	if (!find(&path))
		add_file(config, repository, path.ptr, level);
	git_buf_dispose(&path);
}

static void add_files(git_config *config, struct repository *repository)
{
	const char *system = getenv("GIT_CONFIG_SYSTEM"), *global = getenv("GIT_CONFIG_GLOBAL"), *none = getenv("GIT_CONFIG_NOSYSTEM");
	char *path = memory_format("%sconfig", git_repository_commondir(repository->git));
	int per_worktree = 0;

	if (!none || !*none || !strcmp(none, "0") || !strcmp(none, "false")) {
		if (system)
			add_file(config, repository, system, GIT_CONFIG_LEVEL_SYSTEM);
		else
			add_found(config, repository, git_config_find_system, GIT_CONFIG_LEVEL_SYSTEM);
	}
	if (global) {
		add_file(config, repository, global, GIT_CONFIG_LEVEL_GLOBAL);
	} else {
		add_found(config, repository, git_config_find_xdg, GIT_CONFIG_LEVEL_XDG);
		add_found(config, repository, git_config_find_global, GIT_CONFIG_LEVEL_GLOBAL);
	}
	add_file(config, repository, path, GIT_CONFIG_LEVEL_LOCAL);
	free(path);
	if (!git_config_get_bool(&per_worktree, config, "extensions.worktreeconfig") && per_worktree) {
		path = memory_format("%sconfig.worktree", git_repository_path(repository->git));
		add_file(config, repository, path, GIT_CONFIG_LEVEL_APP);
		free(path);
	}
}

/* A relative one counts from where git runs hooks: the top of the working tree, or a bare repository itself. */
static char *make_absolute(struct repository *repository, const char *path)
{
	const char *top = git_repository_workdir(repository->git);

	if (*path == '/')
		return memory_copy_string(path);
	return memory_format("%s%s", top ? top : git_repository_path(repository->git), path);
}

int repository_hooks_path(struct repository *repository, struct hooks_path *hooks, struct error *error)
{
	git_config *config = NULL;
	git_config_entry *entry = NULL;
	git_buf path = { 0 };
	int number = git_config_new(&config), result = 0;

	*hooks = (struct hooks_path){ 0 };
	if (!number) {
		add_files(config, repository);
		number = git_config_get_entry(&entry, config, "core.hookspath");
	}
	if (!number)
		number = git_config_get_path(&path, config, "core.hookspath"); /* with "~/" taken for what it means */
	if (!number && (!path.ptr || !*path.ptr)) {
		result = error_set(error, ERROR_CONFIGURATION,
				   "core.hooksPath is empty, so git runs no hooks here: git config --unset core.hooksPath");
	} else if (!number) {
		hooks->configured = true;
		hooks->is_shared = entry->level < GIT_CONFIG_LEVEL_LOCAL;
		hooks->path = make_absolute(repository, path.ptr);
	} else if (number == GIT_ENOTFOUND) {
		number = 0;
		hooks->path = memory_format("%shooks", git_repository_commondir(repository->git));
	}
	git_buf_dispose(&path);
	git_config_entry_free(entry);
	git_config_free(config);
	if (number)
		result = libgit2_error(error, number, "cannot read core.hooksPath of", git_repository_path(repository->git));
	return result;
}
