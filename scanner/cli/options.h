/*
 * The command line: one table of options (options_table.h), from which parsing, --help, the manual page and the completions come.
 */
#ifndef STAUNCH_CLI_OPTIONS_H
#define STAUNCH_CLI_OPTIONS_H

#include "base/error.h"
#include "finding.h"
#include "report/report.h"
#include "revoke/revoke.h"
#include "sandbox/sandbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Bits of struct option_row.commands: where an option makes sense. */
enum command_bit {
	COMMAND_SCAN = 1 << 0,
	COMMAND_GIT = 1 << 1,
	COMMAND_DIR = 1 << 2,
	COMMAND_STDIN = 1 << 3,
	COMMAND_REVOKE = 1 << 4,
	COMMAND_RULES = 1 << 5,
	COMMAND_KEYS = 1 << 6,
	COMMAND_REPORT = 1 << 7,
	COMMAND_LEDGER = 1 << 8,
	COMMAND_HOOK = 1 << 9,
};

/* A list of arguments, in the order given. The strings are argv's or the table's. */
struct string_list {
	char **items; /* owned; count of them */
	size_t count, capacity;
};

struct options {
	unsigned command;             /* one command_bit */
	struct string_list operands;  /* what follows the command */
	bool maybe_command;           /* none was given, and the first operand may be a mistyped one */
	bool dry_run, yes, own_keys, verify, ignored, no_submodules, quiet, verbose, no_progress, exit_zero, staged, ci, help, version, man;
	bool revoke, all_hooks, force; /* of hook */
	bool no_repo_config;
	const char *completion; /* the shell */
	const char *baseline, *write_baseline;
	struct string_list formats, rules, enable, disable, ranges, endpoints, verify_endpoints;
	const char *name;             /* --name; NULL: not given, as with all texts below */
	unsigned jobs;
	unsigned archive_depth;
	enum confidence min_confidence;
	enum report_color color;
	enum sandbox_mode sandbox;
	unsigned cpu_limit_seconds; /* 0: none */
	unsigned decode_depth;      /* forms that are looked into, one in the other */
	unsigned long max_revocations;
	const char *reporter_email, *comment, *ca_file;
	const char *ledger; /* NULL: the default one */
	bool no_ledger, resend;
	const char *state, *rule, *since, *repository; /* what `ledger` lists; NULL: all */
	unsigned timeout_seconds, retries;
	const char *team, *api_url, *project, *expires, *budget, *refresh, *to_command; /* of `keys` */
	bool include_byok;
};

/*
 * Parse argv (argc of them, the program's name first) into *options, whose strings are borrowed from argv and the environment. Returns 0, or
 * ERROR_CONFIGURATION with a message for the user. Release it in either case.
 */
int options_parse(struct options *options, int argc, char **argv, struct error *error);
void options_release(struct options *options);

/* The command that a word is likely to be meant as, or NULL. */
const char *options_nearest_command(const char *word);

/* The help text: all commands, options and exit codes. */
void options_print_help(FILE *to);

/* The manual page, in roff, for man(7). */
void options_print_manual(FILE *to);

/* What bash, zsh or fish reads to complete the command line. Returns 0, or ERROR_CONFIGURATION for another shell. */
int options_print_completion(FILE *to, const char *shell, struct error *error);

#endif
