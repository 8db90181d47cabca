#define _GNU_SOURCE
#include "cli/options.h"

#include "base/memory.h"
#include "broker/broker.h"
#include "cli/options_check.h"
#include "cli/options_table.h"
#include "match/match.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALL_SCANS (COMMAND_SCAN | COMMAND_GIT | COMMAND_DIR | COMMAND_STDIN)
#define ALL_RUNS (ALL_SCANS | COMMAND_REVOKE | COMMAND_HOOK)
#define SENDING (ALL_RUNS | COMMAND_KEYS | COMMAND_LEDGER) /* `ledger retry` is a run */
#define ALL (SENDING | COMMAND_RULES | COMMAND_REPORT)

/* ---- the table ---- */

const struct command_row command_rows[] = {
	{ "scan", COMMAND_SCAN, "[PATH...]", "a repository root: history, index and files; any other path: its files", NULL },
	{ "git", COMMAND_GIT, "[REPO]", "every object of a repository, reachable or not", NULL },
	{ "dir", COMMAND_DIR, "PATH...", "files and folders", NULL },
	{ "stdin", COMMAND_STDIN, "", "standard input", NULL },
	{ "revoke", COMMAND_REVOKE, "", "credentials on standard input, one a line", NULL },
	{ "keys", COMMAND_KEYS, "list|create|delete|rotate", "the team's own keys, with VERCEL_TOKEN", "" },
	{ "hook", COMMAND_HOOK, "install|uninstall|run", "pre-commit, pre-push and pre-receive: stop a key before it leaks", "pre-commit pre-push pre-receive" },
	{ "rules", COMMAND_RULES, "list|check|test", "the rules in force", NULL },
	{ "report", COMMAND_REPORT, "FILE.json", "another format from a saved JSON report, or with --ledger of what a ledger holds", NULL },
	{ "ledger", COMMAND_LEDGER, "list|export|verify|retry", "what was found and sent, and the pending ones again", NULL },
};
const size_t command_row_count = sizeof(command_rows) / sizeof(*command_rows);

const struct option_row option_rows[] = {
#define TARGET(member) offsetof(struct options, member), 0, 0, NULL
#define TARGET_RANGE(member, low, high) offsetof(struct options, member), low, high, NULL
#define TARGET_WORDS(member, words) offsetof(struct options, member), 0, 0, words
	{ 'n', "dry-run", NULL, "find and report, send nothing (also STAUNCH_DRY_RUN=1)", SENDING, OPTION_FLAG, TARGET(dry_run) },
	{ 'y', "yes", NULL, "do not ask before revoking, or before deleting or rotating a key", SENDING, OPTION_FLAG, TARGET(yes) },
	{ 'f', "format", "FMT[:FILE]", "human, json, jsonl, sarif, gitlab, junit, csv, html or github; repeatable; FILE - is standard output", SENDING | COMMAND_REPORT, OPTION_LIST, TARGET_WORDS(formats, "human json jsonl sarif gitlab junit csv html github") },
	{ 'j', "jobs", "N", "worker threads; default: the processors this process may use", ALL_SCANS | COMMAND_HOOK | COMMAND_LEDGER, OPTION_NUMBER, TARGET_RANGE(jobs, 1, 256) },
	{ 0, "staged", NULL, "only what the next commit would add", COMMAND_GIT, OPTION_FLAG, TARGET(staged) },
	{ 0, "range", "A..B", "only what these commits add; repeatable", COMMAND_GIT, OPTION_LIST, TARGET(ranges) },
	{ 0, "ci", NULL, "only what this CI job is about, from the variables that its system sets", COMMAND_GIT, OPTION_FLAG, TARGET(ci) },
	{ 0, "name", "LABEL", "the path that places on standard input show; the name of a key to create", COMMAND_STDIN | COMMAND_KEYS, OPTION_TEXT, TARGET(name) },
	{ 0, "ignored", NULL, "look into files that git ignores too", COMMAND_SCAN | COMMAND_DIR, OPTION_FLAG, TARGET(ignored) },
	{ 0, "no-submodules", NULL, "leave out submodules: their history, and their files", COMMAND_SCAN | COMMAND_GIT | COMMAND_DIR, OPTION_FLAG, TARGET(no_submodules) },
	{ 0, "archive-depth", "N", "archives inside each other that are looked into; default 4, 0 for none", ALL_SCANS | COMMAND_HOOK | COMMAND_LEDGER, OPTION_NUMBER, TARGET_RANGE(archive_depth, 0, 16) },
	{ 0, "min-confidence", "LEVEL", "certain, likely (default) or possible: what is revoked", ALL_RUNS, OPTION_CONFIDENCE, TARGET_WORDS(min_confidence, "certain likely possible") },
	{ 0, "rules", "FILE|DIR", "more rules; repeatable", ALL, OPTION_LIST, TARGET(rules) },
	{ 0, "enable", "RULE|PACK", "use this rule or this provider's rules; repeatable", ALL, OPTION_LIST, TARGET(enable) },
	{ 0, "disable", "RULE|PACK", "do not use it; repeatable", ALL, OPTION_LIST, TARGET(disable) },
	{ 0, "baseline", "FILE", "known keys, neither reported nor sent: a JSON report or a list of fingerprints", ALL_SCANS | COMMAND_HOOK, OPTION_TEXT, TARGET(baseline) },
	{ 0, "write-baseline", "FILE", "write what is found, and what --baseline knows, as a list of fingerprints; sends nothing", ALL_SCANS, OPTION_TEXT, TARGET(write_baseline) },
	{ 0, "no-repo-config", NULL, "ignore .staunchignore and inline marks: a stranger may have written them", ALL_SCANS | COMMAND_HOOK | COMMAND_LEDGER, OPTION_FLAG, TARGET(no_repo_config) },
	{ 0, "revoke", NULL, "hook: have what is found revoked too; otherwise it is only stopped", COMMAND_HOOK, OPTION_FLAG, TARGET(revoke) },
	{ 0, "all", NULL, "hook install, uninstall: all three hooks", COMMAND_HOOK, OPTION_FLAG, TARGET(all_hooks) },
	{ 0, "force", NULL, "hook install: also where it affects more than this repository", COMMAND_HOOK, OPTION_FLAG, TARGET(force) },
	{ 0, "ledger", "URI", "where to remember what was sent: a path, file: or postgresql:// URI", SENDING | COMMAND_REPORT, OPTION_TEXT, TARGET(ledger) },
	{ 0, "no-ledger", NULL, "remember nothing: what earlier runs have sent is sent again", ALL_RUNS | COMMAND_KEYS, OPTION_FLAG, TARGET(no_ledger) },
	{ 0, "resend", NULL, "send also what earlier runs have settled", ALL_RUNS, OPTION_FLAG, TARGET(resend) },
	{ 0, "state", "STATE", "of ledger list, export and report: claimed, pending, accepted, gone or rejected", COMMAND_LEDGER | COMMAND_REPORT, OPTION_TEXT, TARGET_WORDS(state, "claimed pending accepted gone rejected") },
	{ 0, "rule", "RULE", "of ledger and report: found by this rule", COMMAND_LEDGER | COMMAND_REPORT, OPTION_TEXT, TARGET(rule) },
	{ 0, "since", "DATE", "of ledger and report: changed since 2026-11-02, 2026-11-02T10:00:00Z, or 7d or 12h ago", COMMAND_LEDGER | COMMAND_REPORT, OPTION_TEXT, TARGET(since) },
	{ 0, "repository", "PATH", "of ledger and report: found in this repository, file or folder", COMMAND_LEDGER | COMMAND_REPORT, OPTION_TEXT, TARGET(repository) },
	{ 0, "max-revocations", "N", "send nothing when there are more keys than this; default 1000", ALL_RUNS | COMMAND_LEDGER, OPTION_LONG, TARGET_RANGE(max_revocations, 0, 1000000) },
	{ 0, "reporter-email", "E", "sent along with each report", SENDING, OPTION_TEXT, TARGET(reporter_email) },
	{ 0, "comment", "TEXT", "sent along with each report", SENDING, OPTION_TEXT, TARGET(comment) },
	{ 0, "own-keys", NULL, "have keys of kind 'self' revoke themselves, which uses them: only where they are yours", ALL_RUNS | COMMAND_LEDGER, OPTION_FLAG, TARGET(own_keys) },
	{ 0, "verify", NULL, "ask the provider afterwards whether each key is dead, which uses it", ALL_RUNS | COMMAND_LEDGER, OPTION_FLAG, TARGET(verify) },
	{ 0, "endpoint", "RULE=URL", "send a rule's reports elsewhere; plain http only to a loopback address", SENDING, OPTION_LIST, TARGET(endpoints) },
	{ 0, "verify-endpoint", "RULE=URL", "ask elsewhere whether a rule's keys are dead; likewise", ALL_RUNS | COMMAND_LEDGER, OPTION_LIST, TARGET(verify_endpoints) },
	{ 0, "ca-file", "FILE", "certificates to trust instead of the system's (PEM)", SENDING, OPTION_TEXT, TARGET(ca_file) },
	{ 0, "timeout", "SECONDS", "of one attempt to send; default 30", SENDING, OPTION_NUMBER, TARGET_RANGE(timeout_seconds, 1, 3600) },
	{ 0, "retries", "N", "attempts after the first; default 4", SENDING, OPTION_NUMBER, TARGET_RANGE(retries, 0, 20) },
	{ 0, "team", "ID", "whose keys; default: VERCEL_TEAM_ID", COMMAND_KEYS, OPTION_TEXT, TARGET(team) },
	{ 0, "project", "ID", "the project that the new key is for; default: all of the team's", COMMAND_KEYS, OPTION_TEXT, TARGET(project) },
	{ 0, "expires", "WHEN", "of the new key: 12h, 90d, 8w, or a date, 2027-01-31", COMMAND_KEYS, OPTION_TEXT, TARGET(expires) },
	{ 0, "budget", "AMOUNT", "what the new key may spend, in US dollars", COMMAND_KEYS, OPTION_TEXT, TARGET(budget) },
	{ 0, "refresh", "PERIOD", "of the budget: daily, weekly, monthly or none", COMMAND_KEYS, OPTION_TEXT, TARGET_WORDS(refresh, "daily weekly monthly none") },
	{ 0, "include-byok", NULL, "what is spent over the team's own provider keys counts too", COMMAND_KEYS, OPTION_FLAG, TARGET(include_byok) },
	{ 0, "to-command", "COMMAND", "rotate: give the new key to this command's standard input", COMMAND_KEYS, OPTION_TEXT, TARGET(to_command) },
	{ 0, "api-url", "URL", "keys: where the provider's API is; plain http only to a loopback address", COMMAND_KEYS, OPTION_TEXT, TARGET(api_url) },
	{ 0, "sandbox", "MODE", "require, auto (default) or off: what the scan process gives up", ALL_SCANS | COMMAND_HOOK | COMMAND_LEDGER, OPTION_SANDBOX, TARGET_WORDS(sandbox, "require auto off") },
	{ 0, "decode-depth", "N", "look into up to N forms, one in the other (base64, UTF-16, hex, escapes and the like); default: 2, 0: none", ALL_SCANS | COMMAND_HOOK | COMMAND_LEDGER, OPTION_NUMBER, TARGET_RANGE(decode_depth, 0, MATCH_DEPTH_MAX) },
	{ 0, "cpu-limit", "SECONDS", "of processor time that the scan may take; default: none", ALL_SCANS | COMMAND_HOOK | COMMAND_LEDGER, OPTION_NUMBER, TARGET_RANGE(cpu_limit_seconds, 1, 31536000) },
	{ 'q', "quiet", NULL, "errors only on standard error", ALL, OPTION_FLAG, TARGET(quiet) },
	{ 'v', "verbose", NULL, "say what is being done", ALL, OPTION_FLAG, TARGET(verbose) },
	{ 0, "color", "WHEN", "auto (default), always or never", ALL_RUNS | COMMAND_LEDGER | COMMAND_REPORT, OPTION_COLOR, TARGET_WORDS(color, "auto always never") },
	{ 0, "no-progress", NULL, "do not show on a terminal how far the scan is", ALL_SCANS | COMMAND_HOOK | COMMAND_LEDGER, OPTION_FLAG, TARGET(no_progress) },
	{ 0, "exit-zero", NULL, "exit with 0 instead of 1", ALL_SCANS | COMMAND_REVOKE | COMMAND_LEDGER | COMMAND_REPORT, OPTION_FLAG, TARGET(exit_zero) },
	{ 0, "version", NULL, "print the version; with --verbose those of the libraries too, and the sandbox in force", ALL, OPTION_FLAG, TARGET(version) },
	{ 0, "completion", "SHELL", "print what has a shell complete this command line: bash, zsh or fish", ALL, OPTION_TEXT, TARGET_WORDS(completion, "bash zsh fish") },
	{ 0, "man", NULL, "print the manual page: staunch --man | man -l -", ALL, OPTION_FLAG, TARGET(man) },
	{ 'h', "help", NULL, "print this", ALL, OPTION_FLAG, TARGET(help) },
};
/* An image of layers, an archive in it with a package in it with another one: deeper than that only hostile ones are. */
#define ARCHIVE_DEPTH_DEFAULT 4
#define ROW_COUNT (sizeof(option_rows) / sizeof(*option_rows))
const size_t option_row_count = ROW_COUNT;

const struct exit_row exit_rows[] = {
	{ EXIT_CLEAN, "everything was scanned, no credential found" },
	{ EXIT_FOUND, "credentials found, and each is settled, or listed by a dry run" },
	{ EXIT_USAGE, "usage or configuration error: nothing was scanned" },
	{ EXIT_INCOMPLETE, "incomplete: something could not be scanned, or a credential could not be reported, or was seen to work after that" },
	{ EXIT_INTERRUPTED, "interrupted: what had been found is reported" },
};
const size_t exit_row_count = sizeof(exit_rows) / sizeof(*exit_rows);

/* ---- parsing ---- */

#define FIRST_LONG 256 /* what getopt_long() returns for the first row; letters are below */

static void list_add(struct string_list *list, char *item)
{
	memory_grow(list->items, list->count, list->capacity);
	list->items[list->count++] = item;
}

/* The processors this process may use, which a container or taskset can make fewer than there are. */
static unsigned default_jobs(void)
{
	cpu_set_t allowed;
	int count = 1;

	if (!sched_getaffinity(0, sizeof(allowed), &allowed))
		count = CPU_COUNT(&allowed);
	return count < 1 ? 1 : (unsigned)count;
}

static int bad_value(const struct option_row *row, const char *text, const char *wanted, struct error *error)
{
	return error_set(error, ERROR_CONFIGURATION, "--%s '%s': %s", row->name, text, wanted);
}

static int parse_number(const struct option_row *row, char *text, unsigned long *number, struct error *error)
{
	char wanted[96], *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	if (!errno && *end == '\0' && *text >= '0' && *text <= '9' && *number >= row->minimum && *number <= row->maximum)
		return 0;
	snprintf(wanted, sizeof(wanted), "want a whole number from %lu to %lu", row->minimum, row->maximum);
	return bad_value(row, text, wanted, error);
}

static int store(struct options *options, const struct option_row *row, char *text, struct error *error)
{
	static const char *const colors[] = { "auto", "always", "never" };
	void *target = (char *)options + row->target;
	unsigned long number = 0;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)target = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)target = text;
		return 0;
	case OPTION_LIST:
		list_add(target, text);
		return 0;
	case OPTION_NUMBER:
		if (parse_number(row, text, &number, error))
			return ERROR_CONFIGURATION;
		*(unsigned *)target = (unsigned)number;
		return 0;
	case OPTION_LONG:
		return parse_number(row, text, target, error);
	case OPTION_CONFIDENCE:
		for (int level = CONFIDENCE_POSSIBLE; level <= CONFIDENCE_CERTAIN; level++) {
			if (!strcmp(text, confidence_name((enum confidence)level))) {
				*(enum confidence *)target = (enum confidence)level;
				return 0;
			}
		}
		return bad_value(row, text, "want certain, likely or possible", error);
	case OPTION_COLOR:
		for (int color = 0; color < 3; color++) {
			if (!strcmp(text, colors[color])) {
				*(enum report_color *)target = (enum report_color)color;
				return 0;
			}
		}
		return bad_value(row, text, "want auto, always or never", error);
	case OPTION_SANDBOX:
		for (int mode = SANDBOX_AUTO; mode <= SANDBOX_OFF; mode++) {
			if (!strcmp(text, sandbox_mode_name((enum sandbox_mode)mode))) {
				*(enum sandbox_mode *)target = (enum sandbox_mode)mode;
				return 0;
			}
		}
		return bad_value(row, text, "want require, auto or off", error);
	}
	return 0;
}

/* ---- the whole line ---- */

/* The argument with the unknown option: the last one, or while letters of it are left, the next. */
static const char *stopped_at(int argc, char **argv)
{
	const char *next = optind < argc ? argv[optind] : "";

	return optopt > 0 && optopt < FIRST_LONG && next[0] == '-' && next[1] != '-' && strchr(next, optopt) ? next : argv[optind - 1];
}

/* What getopt_long() stopped at. It names a letter in optopt; then argv's last one may hold other letters, or be no option. */
static int bad_option(bool wants_argument, const char *argument, struct error *error)
{
	char letter[] = { '-', (char)optopt, '\0' };
	bool is_letter = optopt != 0 && optopt < FIRST_LONG;

	if (wants_argument)
		return error_set(error, ERROR_CONFIGURATION, "'%s' wants an argument, %s", is_letter ? letter : argument,
				 options_argument_name(argument, is_letter ? letter[1] : 0));
	return options_unknown(argument, is_letter ? letter[1] : 0, error);
}

/*
 * Fill in options and operands. Which rows were used: an option out of place is a mistake, not to be passed over. *leading is how many
 * operands stand before "--", among which alone is a command.
 */
static int parse_rows(struct options *options, bool used[ROW_COUNT], size_t *leading, int argc, char **argv,
		      struct error *error)
{
	struct option names[ROW_COUNT + 1] = { 0 };
	char letters[3 * ROW_COUNT + 3] = "-:"; /* operands in their order, as choice 1 */
	int choice, index;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		size_t length = strlen(letters);

		names[i] = (struct option){ option_rows[i].name, option_rows[i].argument ? required_argument : no_argument, NULL,
					    FIRST_LONG + (int)i };
		if (option_rows[i].short_name)
			snprintf(letters + length, sizeof(letters) - length, "%c%s", option_rows[i].short_name,
				 option_rows[i].argument ? ":" : "");
	}
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while ((choice = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (choice == 1) {
			list_add(&options->operands, optarg);
			continue;
		}
		index = choice - FIRST_LONG;
		for (size_t i = 0; index < 0 && i < ROW_COUNT; i++) {
			if (option_rows[i].short_name == choice)
				index = (int)i;
		}
		if (choice == ':')
			return bad_option(true, argv[optind - 1], error);
		if (choice == '?' || index < 0)
			return bad_option(false, stopped_at(argc, argv), error);
		used[index] = true;
		if (store(options, &option_rows[index], optarg, error))
			return ERROR_CONFIGURATION;
	}
	*leading = options->operands.count;
	for (int i = optind; i < argc; i++)
		list_add(&options->operands, argv[i]);
	return 0;
}

/* The first of the leading operands may be a command; without one it is `scan`, and a first one that is no path may be meant as one. */
static const struct command_row *take_command(struct options *options, size_t leading)
{
	for (size_t i = 0; leading && i < command_row_count; i++) {
		if (strcmp(options->operands.items[0], command_rows[i].name) != 0)
			continue;
		options->operands.count--;
		memmove(options->operands.items, options->operands.items + 1,
			options->operands.count * sizeof(*options->operands.items));
		return &command_rows[i];
	}
	options->maybe_command = leading > 0;
	return &command_rows[0];
}

/*
 * Verbs that take less than their command does, and what of it. The rest is for a run: `hook run`, `ledger retry`. "format" stands with
 * `ledger export` because ledger.c says why it means nothing there.
 */
static const struct verb_options {
	unsigned command;
	const char *verb, *names, *instead;
} verb_options[] = {
	{ COMMAND_HOOK, "install", " all force revoke no-repo-config quiet verbose ", ": give it to hook run, in the hook's file" },
	{ COMMAND_HOOK, "uninstall", " all force revoke no-repo-config quiet verbose ", ": give it to hook run, in the hook's file" },
	{ COMMAND_LEDGER, "list", " format ledger state rule since repository quiet verbose ", ": it is for ledger retry" },
	{ COMMAND_LEDGER, "export", " format ledger state rule since repository quiet verbose ", ": it is for ledger retry" },
	{ COMMAND_LEDGER, "verify", " quiet verbose ", ": it wants a file and nothing else" },
};

/* Whether the options that were used mean something to the verb. What is no verb is found later. */
static int check_verb_options(const struct options *options, const struct command_row *command, const bool used[ROW_COUNT],
			      struct error *error)
{
	const struct verb_options *verb = NULL;
	char name[32];

	for (size_t i = 0; i < sizeof(verb_options) / sizeof(*verb_options) && options->operands.count; i++) {
		if (verb_options[i].command == options->command && !strcmp(verb_options[i].verb, options->operands.items[0]))
			verb = &verb_options[i];
	}
	for (size_t i = 0; i < ROW_COUNT && verb; i++) {
		snprintf(name, sizeof(name), " %s ", option_rows[i].name);
		if (used[i] && !strstr(verb->names, name))
			return error_set(error, ERROR_CONFIGURATION, "--%s means nothing to %s %s%s", option_rows[i].name, command->name,
					 verb->verb, verb->instead);
	}
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, struct error *error)
{
	const char *dry_run = getenv("STAUNCH_DRY_RUN");
	bool used[ROW_COUNT] = { false };
	const struct command_row *command;
	size_t leading = 0;

	*options = (struct options){
		.jobs = default_jobs(),
		.min_confidence = CONFIDENCE_LIKELY,
		.max_revocations = 1000,
		.archive_depth = ARCHIVE_DEPTH_DEFAULT,
		.decode_depth = MATCH_DEPTH_DEFAULT,
		.timeout_seconds = REVOKE_TIMEOUT_SECONDS_DEFAULT,
		.retries = REVOKE_RETRIES_DEFAULT,
	};
	if (parse_rows(options, used, &leading, argc, argv, error))
		return ERROR_CONFIGURATION;
	command = take_command(options, leading);
	options->command = command->bit;
	if (options->help || options->version || options->man || options->completion)
		return 0;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (used[i] && !(option_rows[i].commands & options->command))
			return error_set(error, ERROR_CONFIGURATION, "--%s means nothing to %s", option_rows[i].name, command->name);
	}
	if (check_verb_options(options, command, used, error))
		return ERROR_CONFIGURATION;
	/* anything but "" and "0" is meant as yes: a misspelt yes must not send */
	if (dry_run && *dry_run && strcmp(dry_run, "0") != 0)
		options->dry_run = true;
	if (options->verify_endpoints.count && !options->verify)
		return error_set(error, ERROR_CONFIGURATION, "--verify-endpoint means nothing without --verify");
	return options_check(options, command, error);
}

void options_release(struct options *options)
{
	struct string_list *lists[] = { &options->operands, &options->formats, &options->rules,    &options->enable,
					&options->disable,  &options->ranges,  &options->endpoints,
					&options->verify_endpoints };

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		free(lists[i]->items);
}
