/*
 * scan, git, dir, stdin and revoke: what is looked at, and how the broker is to go about it.
 */
#define _GNU_SOURCE
#include "cli/commands.h"

#include "base/log.h"
#include "base/memory.h"
#include "cli/ci.h"
#include "git/repository.h"
#include "ledger/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct targets {
	struct scan_target *items; /* owned; count of them */
	size_t count, capacity;
};

static void add_target(struct targets *targets, struct scan_target target)
{
	memory_grow(targets->items, targets->count, targets->capacity);
	targets->items[targets->count++] = target;
}

static bool exists_below(const char *path, const char *name)
{
	char *whole = memory_format("%s/%s", path, name);
	struct stat status;
	bool exists = !lstat(whole, &status);

	free(whole);
	return exists;
}

/* Whether path is the root of a repository: a working tree with its `.git`, or a bare one. Names only: nothing is parsed here. */
static bool is_repository_root(const char *path)
{
	return exists_below(path, ".git") ||
	       (exists_below(path, "HEAD") && exists_below(path, "objects") && exists_below(path, "refs"));
}

static void add_scan_target(struct targets *targets, const char *path)
{
	/* the files are looked at in any case: a folder can look like a bare repository, and one can hold more than git's files */
	if (is_repository_root(path))
		add_target(targets, (struct scan_target){ .kind = SCAN_GIT, .path = path, .exact = true, .with_trees = true });
	add_target(targets, (struct scan_target){ .kind = SCAN_FILES, .path = path });
}

static void add_git_targets(struct targets *targets, const struct options *options)
{
	struct scan_target target = { .kind = options->staged ? SCAN_STAGED : SCAN_GIT,
				      .path = options->operands.count ? options->operands.items[0] : ".",
				      .from_environment = !options->operands.count };

	target.exact = options->operands.count && exists_below(target.path, ".git");

	for (size_t i = 0; i < options->ranges.count; i++) {
		target.kind = SCAN_RANGE;
		target.range = options->ranges.items[i];
		add_target(targets, target);
	}
	if (!options->ranges.count)
		add_target(targets, target);
}

static int list_targets(struct targets *targets, const struct options *options, struct error *error)
{
	struct stat status;
	int failure;

	for (size_t i = 0; i < options->operands.count; i++) {
		const char *path = options->operands.items[i], *command;

		if (!stat(path, &status))
			continue;
		failure = errno;
		command = failure == ENOENT && !i && options->maybe_command ? options_nearest_command(path) : NULL;
		if (failure == ENOENT && !i && options->maybe_command && !command && !strpbrk(path, "/."))
			return error_set(error, ERROR_NOT_FOUND,
					 "'%s' is no command, and there is no such file or folder (staunch --help lists what there is)", path);
		return error_set(error, ERROR_NOT_FOUND, "cannot read '%s': %s%s%s%s", path, strerror(failure),
				 command ? ": did you mean the command '" : "", command ? command : "", command ? "'?" : "");
	}
	switch (options->command) {
	case COMMAND_GIT:
		add_git_targets(targets, options);
		break;
	case COMMAND_STDIN:
		add_target(targets, (struct scan_target){ .kind = SCAN_STREAM, .path = options->name ? options->name : "(standard input)" });
		break;
	case COMMAND_SCAN:
		if (!options->operands.count)
			add_scan_target(targets, ".");
		for (size_t i = 0; i < options->operands.count; i++)
			add_scan_target(targets, options->operands.items[i]);
		break;
	case COMMAND_DIR:
		for (size_t i = 0; i < options->operands.count; i++)
			add_target(targets, (struct scan_target){ .kind = SCAN_FILES, .path = options->operands.items[i] });
		break;
	}
	return 0;
}

/* "RULE=URL" into its parts. The name is a copy, owned by the caller; the URL is borrowed. option is how it was given. */
static int parse_endpoint(struct revoke_endpoint *endpoint, const char *option, const char *text,
			  const struct rule_set *rules, struct error *error)
{
	const char *equals = strchr(text, '=');
	struct error why;

	if (!equals)
		return error_set(error, ERROR_CONFIGURATION, "--%s '%s': want RULE=URL", option, text);
	endpoint->rule_id = memory_copy_bytes(text, (size_t)(equals - text));
	endpoint->url = equals + 1;
	if (!rule_set_find(rules, endpoint->rule_id))
		return error_set(error, ERROR_CONFIGURATION, "--%s '%s': there is no rule '%s': staunch rules list shows them",
				 option, text, endpoint->rule_id);
	if (revoke_check_url(endpoint->url, &why))
		return error_set(error, ERROR_CONFIGURATION, "--%s '%s': %s", option, text, why.message);
	return 0;
}

/* All arguments of an option that takes "RULE=URL" into *endpoints, as long as the list, which the caller owns in either case. */
static int parse_endpoints(struct revoke_endpoint **endpoints, const char *option, const struct string_list *texts,
			   const struct rule_set *rules, struct error *error)
{
	int result = 0;

	*endpoints = memory_allocate_zeroed(texts->count, sizeof(**endpoints));
	for (size_t i = 0; i < texts->count && !result; i++)
		result = parse_endpoint(&(*endpoints)[i], option, texts->items[i], rules, error);
	return result;
}

/* NULL is allowed. */
static void free_endpoints(const struct revoke_endpoint *endpoints, size_t count)
{
	for (size_t i = 0; endpoints && i < count; i++)
		free((char *)endpoints[i].rule_id);
	free((struct revoke_endpoint *)endpoints);
}

static int check_ca_file(const char *path, struct error *error)
{
	struct stat status;

	if (path && stat(path, &status))
		return error_set_errno(error, "--ca-file '%s'", path);
	return 0;
}

int command_broker_options(const struct options *options, const struct rule_set *rules, struct broker_options *broker,
			   struct error *error)
{
	struct revoke_endpoint *endpoints = NULL, *verify_endpoints = NULL;
	int result;

	*broker = (struct broker_options){
		.rules = rules,
		.revoke_stdin = options->command == COMMAND_REVOKE,
		.jobs = options->jobs,
		.ignored = options->ignored,
		.no_submodules = options->no_submodules,
		.archive_depth = options->archive_depth,
		.dry_run = options->dry_run,
		.yes = options->yes,
		.own_keys = options->own_keys,
		.progress = !options->quiet && !options->no_progress,
		.verbose = options->verbose,
		.sandbox = options->sandbox,
		.cpu_limit_seconds = options->cpu_limit_seconds,
		.decode_depth = options->decode_depth,
		.exit_zero = options->exit_zero,
		.min_confidence = options->min_confidence,
		.max_revocations = options->max_revocations,
		.no_repo_config = options->no_repo_config,
		.baseline = options->baseline,
		.write_baseline = options->write_baseline,
		.formats = options->formats.items,
		.format_count = options->formats.count,
		.color = options->color,
		.revoke = { .endpoint_count = options->endpoints.count,
			    .verify = options->verify,
			    .verify_endpoint_count = options->verify_endpoints.count,
			    .ca_file = options->ca_file,
			    .reporter_email = options->reporter_email,
			    .comment = options->comment,
			    .timeout_seconds = options->timeout_seconds,
			    .retries = options->retries,
			    .concurrency = REVOKE_CONCURRENCY_DEFAULT },
		.ledger_uri = options->ledger,
		.no_ledger = options->no_ledger,
		.resend = options->resend,
	};
	result = parse_endpoints(&endpoints, "endpoint", &options->endpoints, rules, error);
	broker->revoke.endpoints = endpoints;
	if (!result)
		result = parse_endpoints(&verify_endpoints, "verify-endpoint", &options->verify_endpoints, rules, error);
	broker->revoke.verify_endpoints = verify_endpoints;
	if (!result)
		result = check_ca_file(options->ca_file, error);
	if (!result && options->ledger)
		result = ledger_check_uri(options->ledger, error);
	return result;
}

void command_broker_options_release(struct broker_options *broker)
{
	free_endpoints(broker->revoke.endpoints, broker->revoke.endpoint_count);
	free_endpoints(broker->revoke.verify_endpoints, broker->revoke.verify_endpoint_count);
}

enum exit_code command_run_targets(const struct options *options, const struct rule_set *rules,
				   const struct scan_target *targets, size_t count, const char *hook, bool dry_run)
{
	struct broker_options broker;
	struct error error;
	enum exit_code code = EXIT_USAGE;

	if (command_broker_options(options, rules, &broker, &error)) {
		log_error("%s", error.message);
	} else {
		broker.targets = targets;
		broker.target_count = count;
		broker.hook = hook;
		broker.dry_run = dry_run;
		code = broker_run(&broker);
	}
	command_broker_options_release(&broker);
	return code;
}

/* git --ci: one target, the commits that the job is about. */
static enum exit_code run_ci(const struct options *options, const struct rule_set *rules)
{
	struct ci_range range;
	struct error error;
	enum exit_code code = EXIT_USAGE;
	int result = ci_range_find(&range, &error);
	const char *const tips[] = { range.head }, *const known[] = { range.base };
	struct commit_choice choice = { .tips = tips,
					.tip_count = 1,
					.known = known,
					.known_count = range.base != NULL,
					.known_else = range.base_else,
					.all_if_none = range.base_is_branch };
	struct scan_target target = { .kind = SCAN_RANGE,
				      .path = options->operands.count ? options->operands.items[0] : ".",
				      .from_environment = !options->operands.count,
				      .choice = &choice,
				      .if_missing = range.if_missing };

	if (result) {
		log_error("%s", error.message);
	} else {
		if (range.base)
			log_note("%s: %s..%s (%s)", range.system, range.base, range.head, range.why);
		else
			log_note("%s: all that leads to %s, because no variable names a base (%s)", range.system, range.head, range.why);
		code = command_run_targets(options, rules, &target, 1, NULL, options->dry_run || options->write_baseline);
	}
	ci_range_release(&range);
	return code;
}

enum exit_code command_run(const struct options *options, const struct rule_set *rules)
{
	struct targets targets = { 0 };
	enum exit_code code = EXIT_USAGE;
	struct error error;

	if (options->ci)
		return run_ci(options, rules);
	if (list_targets(&targets, options, &error))
		log_error("%s", error.message);
	else
		code = command_run_targets(options, rules, targets.items, targets.count, NULL,
					   options->dry_run || options->write_baseline);
	free(targets.items);
	return code;
}
