/*
 * staunch: options, rules, then the command. Everything else is in the rooms below (README.md, "Where things are").
 */
#include "base/log.h"
#include "base/secret.h"
#include "cli/commands.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	enum exit_code code = EXIT_USAGE;
	struct rule_set rules = { 0 };
	struct options options;
	struct error error;

	secret_protect_process();
	if (options_parse(&options, argc, argv, &error)) {
		log_error("%s (staunch --help lists what there is)", error.message);
		goto out;
	}
	log_set_level(options.quiet ? LOG_QUIET : options.verbose ? LOG_VERBOSE : LOG_NORMAL);
	if (options.help) {
		options_print_help(stdout);
		code = EXIT_CLEAN;
	} else if (options.version) {
		puts("staunch " STAUNCH_VERSION);
		code = EXIT_CLEAN;
	} else if (command_load_rules(&options, &rules, &error)) {
		log_error("%s", error.message);
	} else if (options.command == COMMAND_RULES) {
		code = command_rules(&options, &rules);
	} else {
		code = command_run(&options, &rules);
	}
out:
	if (fflush(stdout) && code == EXIT_CLEAN) {
		log_error("cannot write to standard output");
		code = EXIT_INCOMPLETE;
	}
	rule_set_release(&rules);
	options_release(&options);
	return code;
}
