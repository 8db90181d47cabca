/*
 * hook install and uninstall: where git looks for hooks, and what may be put there.
 */
#define _GNU_SOURCE
#include "cli/hook.h"

#include "base/log.h"
#include "base/memory.h"
#include "git/repository.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct hook hook_all[] = {
	{ "pre-commit", "this commit", false },
	{ "pre-push", "this push", true },
	{ "pre-receive", "this push", true },
	{ NULL, NULL, false },
};

const struct hook *hook_find(const char *name)
{
	for (const struct hook *hook = hook_all; hook->name; hook++) {
		if (!strcmp(hook->name, name))
			return hook;
	}
	return NULL;
}

/* The hooks that the command names, or what is meant without a name. */
struct selection {
	const struct hook *hooks[8];
	size_t count;
};

static int select_hooks(struct selection *selection, const struct options *options, bool is_bare, struct error *error)
{
	selection->count = 0;
	for (size_t i = 1; i < options->operands.count; i++) {
		const struct hook *hook = hook_find(options->operands.items[i]);

		if (!hook)
			return error_set(error, ERROR_CONFIGURATION, "there is no hook '%s': staunch has pre-commit, pre-push and pre-receive",
					 options->operands.items[i]);
		if (selection->count < sizeof(selection->hooks) / sizeof(*selection->hooks))
			selection->hooks[selection->count++] = hook;
	}
	if (options->all_hooks && selection->count)
		return error_set(error, ERROR_CONFIGURATION, "--all and the name of a hook exclude each other");
	for (const struct hook *hook = hook_all; options->all_hooks && hook->name; hook++)
		selection->hooks[selection->count++] = hook;
	if (!selection->count)
		selection->hooks[selection->count++] = hook_find(is_bare ? "pre-receive" : "pre-commit");
	return 0;
}

/* ---- install ---- */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

/* Folders that are not this repository's alone, or not for us to write into. */
static int check_folder(const struct hooks_path *hooks, const struct options *options, struct error *error)
{
	if (options->force)
		return 0;
	if (hooks->is_shared)
		return error_set(error, ERROR_CONFIGURATION,
				 "core.hooksPath is '%s' for all your repositories, not for this one alone: --force installs the hook for all of them",
				 hooks->path);
	if (ends_with(hooks->path, "/.husky/_"))
		return error_set(error, ERROR_CONFIGURATION,
				 "husky writes '%s' anew each time: put `staunch hook run pre-commit` into .husky/pre-commit instead (--force installs all the same)",
				 hooks->path);
	return 0;
}

static void tell_installed(const struct hooks_path *hooks, const char *work_path, const struct hook *hook, enum hook_state was)
{
	log_note("%s: %s in '%s'", hook->name, was == HOOK_OURS ? "installed already, and written again" : "installed", hooks->path);
	if (was == HOOK_OTHER && hook_earlier_is_run(hooks->path, hook))
		log_note("%s: the hook that was there is kept as %s.before-staunch, and runs %s", hook->name, hook->name,
			 hook->reads_input ? "after it" : "before it");
	else if (was == HOOK_OTHER)
		log_note("%s: the hook that was there is kept as %s.before-staunch; it is not executable, so it does not run, as before",
			 hook->name, hook->name);
	if (hooks->configured && work_path && !strncmp(hooks->path, work_path, strlen(work_path)) &&
	    strncmp(hooks->path + strlen(work_path), ".git/", 5) != 0)
		log_note("%s: that folder belongs to the working tree: do not commit the file, it names this machine's staunch", hook->name);
}

static int install(const struct hooks_path *hooks, const char *work_path, const struct hook *hook, const struct options *options,
		   struct error *error)
{
	char *program = realpath("/proc/self/exe", NULL);
	struct buffer script = BUFFER_INIT, switches = BUFFER_INIT;
	enum hook_state was;
	int result;

	buffer_add_string(&switches, options->revoke ? " --revoke" : "");
	buffer_add_string(&switches, options->no_repo_config ? " --no-repo-config" : "");
	hook_write_script(&script, hook, program ? program : "/usr/local/bin/staunch", switches.bytes);
	result = hook_file_install(hooks->path, hook, script.bytes, script.length, &was, error);
	if (!result)
		tell_installed(hooks, work_path, hook, was);
	buffer_release(&script);
	buffer_release(&switches);
	free(program);
	return result;
}

/* ---- uninstall ---- */

static int uninstall(const struct hooks_path *hooks, const struct hook *hook, struct error *error)
{
	enum hook_state was;
	bool restored;
	int result = hook_file_uninstall(hooks->path, hook, &was, &restored, error);

	if (result)
		return result;
	if (was == HOOK_OURS)
		log_note("%s: removed%s", hook->name, restored ? ", and what was there before is back" : "");
	else
		log_note("%s: no hook of staunch is in '%s'%s", hook->name, hooks->path,
			 was == HOOK_OTHER ? ": the one there is somebody else's" : "");
	return 0;
}

/* ---- the command ---- */

static enum exit_code change_hooks(const struct options *options, bool is_install)
{
	struct repository *repository = NULL;
	struct hooks_path hooks = { 0 };
	struct selection selection;
	struct error error;
	int result = repository_open(&repository, ".", REPOSITORY_FROM_ENVIRONMENT, &error);

	if (result == ERROR_NOT_FOUND)
		error_set(&error, ERROR_NOT_FOUND, "hooks belong to a git repository, and this folder is in none");
	if (!result)
		result = repository_hooks_path(repository, &hooks, &error);
	if (!result)
		result = select_hooks(&selection, options, !repository_work_path(repository), &error);
	if (!result && is_install)
		result = check_folder(&hooks, options, &error);
	for (size_t i = 0; !result && i < selection.count; i++)
		result = is_install ? install(&hooks, repository_work_path(repository), selection.hooks[i], options, &error)
				    : uninstall(&hooks, selection.hooks[i], &error);
	if (result)
		log_error("%s", error.message);
	free(hooks.path);
	repository_close(repository);
	return result ? EXIT_USAGE : EXIT_CLEAN;
}

enum exit_code command_hook(const struct options *options, const struct rule_set *rules)
{
	const char *verb = options->operands.items[0];

	if (!strcmp(verb, "run"))
		return hook_run(options, rules);
	return change_hooks(options, verb[0] == 'i');
}
