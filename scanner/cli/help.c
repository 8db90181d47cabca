/*
 * --help, --version, --man and --completion: what the program says of itself.
 */
#include "cli/commands.h"
#include "cli/options_table.h"

#include "base/log.h"
#include "git/repository.h"
#include "ledger/ledger.h"
#include "match/match.h"
#include "revoke/revoke.h"
#include "source/source.h"

#include <stdlib.h>

#define LEFT_WIDTH 31 /* columns of what is explained: the longest one's */

void options_print_help(FILE *to)
{
	char left[64];

	fputs("staunch finds leaked credentials in files and in git history and has them revoked.\n\n"
	      "usage: staunch [COMMAND] [OPTION...] [ARGUMENT...]      without a command: scan, of \".\"\n\n",
	      to);
	for (size_t i = 0; i < command_row_count; i++) {
		snprintf(left, sizeof(left), "%s %s", command_rows[i].name, command_rows[i].operands);
		fprintf(to, "  %-*s %s\n", LEFT_WIDTH, left, command_rows[i].help);
	}
	fputs("\noptions:\n", to);
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		char letter[5] = "    ";

		if (row->short_name)
			snprintf(letter, sizeof(letter), "-%c, ", row->short_name);
		snprintf(left, sizeof(left), "%s--%s %s", letter, row->name, row->argument ? row->argument : "");
		fprintf(to, "  %-*s %s\n", LEFT_WIDTH, left, row->help);
	}
	fputs("\nexit codes:\n", to);
	for (size_t i = 0; i < exit_row_count; i++)
		fprintf(to, "  %-4u %s\n", exit_rows[i].code, exit_rows[i].help);
}

/* What a scan with these options would be under, from the kernel itself. */
static void add_sandbox(struct buffer *lines, const struct options *options)
{
	struct sandbox sandbox;
	struct error error;

	if (sandbox_prepare(&sandbox, options->sandbox, options->cpu_limit_seconds, options->jobs, &error))
		buffer_add_format(lines, "sandbox: none: %s\n", error.message);
	else if (sandbox_is_whole(&sandbox))
		buffer_add_format(lines, "sandbox: Landlock (version %u) and seccomp\n", sandbox.landlock_abi);
	else
		buffer_add_format(lines, "sandbox: %s\n", sandbox_missing(&sandbox));
}

static void print_version(const struct options *options)
{
	struct buffer lines = BUFFER_INIT;

	buffer_add_string(&lines, "staunch " STAUNCH_VERSION "\n");
	if (options->verbose) {
		buffer_add_string(&lines, "libraries:\n");
		git_add_libraries(&lines);
		match_add_libraries(&lines);
		rule_add_libraries(&lines);
		secret_add_libraries(&lines);
		sandbox_add_libraries(&lines);
		source_add_libraries(&lines);
		revoke_add_libraries(&lines);
		ledger_add_libraries(&lines);
		add_sandbox(&lines, options);
	}
	fputs(lines.bytes, stdout);
	buffer_release(&lines);
}

enum exit_code command_tell(const struct options *options)
{
	struct error error;

	if (options->help) {
		options_print_help(stdout);
	} else if (options->version) {
		print_version(options);
	} else if (options->man) {
		options_print_manual(stdout);
	} else if (options_print_completion(stdout, options->completion, &error)) {
		log_error("%s", error.message);
		return EXIT_USAGE;
	}
	return EXIT_CLEAN;
}
