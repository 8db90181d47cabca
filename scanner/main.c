/*
 * staunch: options, rules, then the command. Everything else is in the rooms below (README.md, "Where things are").
 */
#include "base/log.h"
#include "base/mask.h"
#include "base/memory.h"
#include "base/secret.h"
#include "cli/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * With one of 0 to 2 closed, the next file opened would take its number, and what is meant for a person would land in it. What takes the place
 * refuses to be read or written, as a closed one does.
 */
static void keep_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			_exit(EXIT_INCOMPLETE); /* without /dev/null there is nothing safe to put there, and nobody to tell */
	}
}

/*
 * Have messages and reports shorten what begins like a credential of these rules. When there are none, because an
 * option or a rule is wrong, the built-in ones tell. Returns the list, for the caller to free at the very end.
 */
static const char **mask_literals_of(struct rule_set *rules)
{
	const char **literals = NULL;
	size_t count = 0, capacity = 0;
	struct error ignored;

	if (!rules->count)
		rule_set_load(rules, NULL, 0, &ignored);
	for (size_t i = 0; i < rules->count; i++) {
		for (size_t j = 0; rules->rules[i].enabled && j < rules->rules[i].literal_count; j++) {
			memory_grow(literals, count, capacity);
			literals[count++] = rules->rules[i].literals[j];
		}
	}
	mask_set_literals(literals, count);
	return literals;
}

int main(int argc, char **argv)
{
	enum exit_code code = EXIT_USAGE;
	struct rule_set rules = { 0 };
	const char **literals = NULL;
	struct options options;
	struct error error;
	int failed;

	keep_standard_descriptors();
	secret_protect_process();
	if (options_parse(&options, argc, argv, &error)) {
		literals = mask_literals_of(&rules);
		log_error("%s (staunch --help lists what there is)", error.message);
		goto out;
	}
	log_set_level(options.quiet ? LOG_QUIET : options.verbose ? LOG_VERBOSE : LOG_NORMAL);
	if (options.help || options.version || options.man || options.completion) {
		code = command_tell(&options);
		goto out;
	}
	failed = command_load_rules(&options, &rules, &error);
	literals = mask_literals_of(&rules);
	if (failed)
		log_error("%s", error.message);
	else if (options.command == COMMAND_RULES)
		code = command_rules(&options, &rules);
	else if (options.command == COMMAND_KEYS)
		code = command_keys(&options, &rules);
	else if (options.command == COMMAND_REPORT)
		code = command_report(&options, &rules);
	else if (options.command == COMMAND_LEDGER)
		code = command_ledger(&options, &rules);
	else if (options.command == COMMAND_HOOK)
		code = command_hook(&options, &rules);
	else
		code = command_run(&options, &rules);
out:
	if ((fflush(stdout) || ferror(stdout)) && code == EXIT_CLEAN) { /* what is longer than the buffer has failed before */
		log_error("cannot write to standard output");
		code = EXIT_INCOMPLETE;
	}
	mask_set_literals(NULL, 0);
	free(literals);
	rule_set_release(&rules);
	options_release(&options);
	return code;
}
