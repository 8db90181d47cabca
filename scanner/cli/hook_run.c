/*
 * hook run: what git tells a hook, made into what is to be scanned. A hook only stops what it finds a key in; it revokes nothing unless
 * that was asked for, because what never left the machine has not leaked.
 */
#define _GNU_SOURCE
#include "cli/hook.h"

#include "base/log.h"
#include "base/memory.h"
#include "git/repository.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one push brings: the names of commits, all owned. */
struct push {
	char **tips, **known;
	size_t tip_count, tip_capacity, known_count, known_capacity;
	char *known_references; /* owned */
};

static void push_release(struct push *push)
{
	for (size_t i = 0; i < push->tip_count; i++)
		free(push->tips[i]);
	for (size_t i = 0; i < push->known_count; i++)
		free(push->known[i]);
	free(push->tips);
	free(push->known);
	free(push->known_references);
}

/* An object id of either length; only zeros stand for "nothing". */
static bool is_object_id(const char *text)
{
	size_t length = strlen(text);

	return (length == 40 || length == 64) && strspn(text, "0123456789abcdef") == length;
}

static bool is_nothing(const char *id)
{
	return id[strspn(id, "0")] == '\0';
}

/* What a line of standard input names: an object that is new to the other side, and one that it has in its place. */
static int take_line(struct push *push, const struct hook *hook, char *line, struct error *error)
{
	bool is_push = !strcmp(hook->name, "pre-push");
	char *words[4] = { NULL }, *rest = line, *word;
	size_t count = 0;
	const char *fresh, *old;

	while (count < 4 && (word = strsep(&rest, " \n"))) {
		if (*word)
			words[count++] = word;
	}
	/* pre-push: local ref, local id, remote ref, remote id; pre-receive: old id, new id, ref (githooks(5)) */
	fresh = words[1];
	old = is_push ? words[3] : words[0];
	if (count != (is_push ? 4 : 3) || !is_object_id(fresh) || !is_object_id(old))
		return error_set(error, ERROR_MALFORMED, "git should tell the %s hook on standard input what is pushed, and says '%.100s'",
				 hook->name, words[0] ? words[0] : "");
	if (!is_nothing(fresh)) {
		memory_grow(push->tips, push->tip_count, push->tip_capacity);
		push->tips[push->tip_count++] = memory_copy_string(fresh);
	}
	if (!is_nothing(old)) {
		memory_grow(push->known, push->known_count, push->known_capacity);
		push->known[push->known_count++] = memory_copy_string(old);
	}
	return 0;
}

static int read_push(struct push *push, const struct hook *hook, struct error *error)
{
	char *line = NULL;
	size_t capacity = 0;
	int result = 0;

	while (!result && getline(&line, &capacity, stdin) > 0) {
		if (*line != '\n')
			result = take_line(push, hook, line, error);
	}
	if (!result && ferror(stdin))
		result = error_set_errno(error, "cannot read what git tells the %s hook on standard input", hook->name);
	free(line);
	return result;
}

static enum exit_code run_push(const struct options *options, const struct rule_set *rules, const struct hook *hook, bool dry_run)
{
	const char *remote = options->operands.count > 2 ? options->operands.items[2] : "";
	struct push push = { 0 };
	struct commit_choice choice = { .known_may_be_missing = true };
	struct scan_target target = { .kind = SCAN_RANGE, .path = ".", .choice = &choice, .from_environment = true };
	enum exit_code code = EXIT_CLEAN;
	struct error error;

	if (read_push(&push, hook, &error)) {
		log_error("%s: %s is stopped", error.message, hook->what);
		code = EXIT_USAGE;
	} else if (push.tip_count) {
		/* the other side has what its branches were when they were last seen; on the receiving side, all that it has references for */
		if (!strcmp(hook->name, "pre-receive"))
			push.known_references = memory_copy_string("refs/");
		else if (*remote && !strpbrk(remote, "*?[\\:"))
			push.known_references = memory_format("refs/remotes/%s/", remote);
		choice.tips = (const char *const *)push.tips;
		choice.tip_count = push.tip_count;
		choice.known = (const char *const *)push.known;
		choice.known_count = push.known_count;
		choice.known_references = push.known_references;
		code = command_run_targets(options, rules, &target, 1, hook->name, dry_run);
	} /* otherwise references are only deleted */
	push_release(&push);
	return code;
}

enum exit_code hook_run(const struct options *options, const struct rule_set *rules)
{
	const char *name = options->operands.count > 1 ? options->operands.items[1] : NULL;
	const struct hook *hook = name ? hook_find(name) : NULL;
	bool dry_run = options->dry_run || !options->revoke;
	struct scan_target staged = { .kind = SCAN_STAGED, .path = ".", .from_environment = true };

	if (!hook) {
		log_error("hook run wants one of pre-commit, pre-push and pre-receive%s%s%s", name ? ", not '" : "", name ? name : "",
			  name ? "'" : "");
		return EXIT_USAGE;
	}
	if (hook->reads_input)
		return run_push(options, rules, hook, dry_run);
	return command_run_targets(options, rules, &staged, 1, hook->name, dry_run);
}
