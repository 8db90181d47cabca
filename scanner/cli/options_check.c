#include "cli/options_check.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/nearest.h"

#include <stdlib.h>
#include <string.h>

/* ---- options ---- */

/* Add " --NAME" of each option that begins with name; returns how many there are. */
static size_t add_beginnings(struct buffer *buffer, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < option_row_count; i++) {
		if (strncmp(option_rows[i].name, name, strlen(name)) != 0)
			continue;
		buffer_add_format(buffer, "%s--%s", count ? ", " : "", option_rows[i].name);
		count++;
	}
	return count;
}

/* What to say of a long option after the words that name it, in an empty buffer: "" when there is no idea. */
static void add_advice(struct buffer *advice, const char *name, bool with_value)
{
	struct nearest nearest = NEAREST_INIT(name);

	for (size_t i = 0; i < option_row_count; i++)
		nearest_offer(&nearest, option_rows[i].name);
	if (nearest.word && !nearest.distance && with_value) {
		buffer_add_format(advice, ": --%s takes no argument", name);
		return;
	}
	buffer_add_string(advice, ": it could be ");
	if (strlen(name) && add_beginnings(advice, name) > 1) /* a beginning that is clear was understood */
		return;
	buffer_clear(advice);
	if (nearest.word)
		buffer_add_format(advice, ": did you mean --%s?", nearest.word);
}

const char *options_argument_name(const char *argument, char letter)
{
	const char *name = argument + strspn(argument, "-");

	for (size_t i = 0; i < option_row_count; i++) {
		if (!option_rows[i].argument)
			continue;
		if (letter ? option_rows[i].short_name == letter : !strncmp(option_rows[i].name, name, strlen(name)))
			return option_rows[i].argument;
	}
	return "";
}

int options_unknown(const char *argument, char letter, struct error *error)
{
	const char *equals = strchr(argument, '=');
	size_t dashes = strspn(argument, "-");
	struct buffer advice = BUFFER_INIT;
	char *name;

	/* with what follows '=' unshown */
	if (!letter && strncmp(argument, "--token", strlen("--token")) == 0)
		return error_set(error, ERROR_CONFIGURATION,
				 "a token is no option, because all arguments show in ps: keys takes it from VERCEL_TOKEN");
	name = equals ? memory_copy_bytes(argument + dashes, (size_t)(equals - argument) - dashes) : memory_copy_string(argument + dashes);
	buffer_add_string(&advice, "");
	if (!letter || strlen(name) > 2) /* "-dry-run" is letters to the parser */
		add_advice(&advice, name, equals != NULL);
	if (letter)
		error_set(error, ERROR_CONFIGURATION, "unknown option '-%c'%s", letter, advice.bytes);
	else
		error_set(error, ERROR_CONFIGURATION, "unknown option '%s'%s", argument, advice.bytes);
	buffer_release(&advice);
	free(name);
	return ERROR_CONFIGURATION;
}

/* ---- commands ---- */

const char *options_nearest_command(const char *word)
{
	struct nearest nearest = NEAREST_INIT(word);

	for (size_t i = 0; i < command_row_count; i++)
		nearest_offer(&nearest, command_rows[i].name);
	return nearest.word;
}

/* "list, check and test" of "list|check|test". */
static void add_verbs(struct buffer *buffer, const char *verbs)
{
	for (const char *at = verbs; *at; at++) {
		if (*at != '|')
			buffer_add_char(buffer, *at);
		else
			buffer_add_string(buffer, strchr(at + 1, '|') ? ", " : " and ");
	}
}

static int check_verb(const struct options *options, const struct command_row *command, struct error *error)
{
	const char *verb = options->operands.count ? options->operands.items[0] : NULL;
	struct nearest nearest = NEAREST_INIT(verb);
	struct buffer verbs = BUFFER_INIT;
	char *copy = memory_copy_string(command->operands), *rest = NULL;
	int result = 0;

	for (char *word = verb ? strtok_r(copy, "|", &rest) : NULL; word; word = strtok_r(NULL, "|", &rest))
		nearest_offer(&nearest, word);
	if (!nearest.word || nearest.distance) {
		add_verbs(&verbs, command->operands);
		if (!verb)
			result = error_set(error, ERROR_CONFIGURATION, "%s wants one of %s", command->name, verbs.bytes);
		else
			result = error_set(error, ERROR_CONFIGURATION, "%s wants one of %s, not '%s'%s%s%s", command->name, verbs.bytes, verb,
					   nearest.word ? ": did you mean " : "", nearest.word ? nearest.word : "", nearest.word ? "?" : "");
	}
	buffer_release(&verbs);
	free(copy);
	return result;
}

int options_check(const struct options *options, const struct command_row *command, struct error *error)
{
	size_t count = options->operands.count;

	if (COMMAND_HAS_VERBS(command) && check_verb(options, command, error))
		return ERROR_CONFIGURATION;
	if ((options->command & (COMMAND_STDIN | COMMAND_REVOKE)) && count)
		return error_set(error, ERROR_CONFIGURATION, "%s takes no arguments, and '%s' is one", command->name,
				 options->operands.items[0]);
	if (options->command == COMMAND_GIT && count > 1)
		return error_set(error, ERROR_CONFIGURATION, "git takes one repository, and '%s' is a second",
				 options->operands.items[1]);
	if (options->command == COMMAND_DIR && !count)
		return error_set(error, ERROR_CONFIGURATION, "dir wants a file or a folder");
	if (options->command == COMMAND_REPORT && count + (options->ledger != NULL) != 1)
		return error_set(error, ERROR_CONFIGURATION, "report wants one file, as -f json:FILE wrote it, or a ledger, as --ledger URI");
	if (options->command == COMMAND_REPORT && count && (options->state || options->rule || options->since || options->repository))
		return error_set(error, ERROR_CONFIGURATION, "--state, --rule, --since and --repository choose from a ledger, not from a saved report");
	if (options->ledger && options->no_ledger)
		return error_set(error, ERROR_CONFIGURATION, "--ledger and --no-ledger exclude each other");
	if (options->resend && options->no_ledger)
		return error_set(error, ERROR_CONFIGURATION, "--resend means nothing without a ledger");
	if (options->staged + options->ci + (options->ranges.count > 0) > 1)
		return error_set(error, ERROR_CONFIGURATION, "--staged, --range and --ci exclude each other");
	for (size_t i = 0; i < options->ranges.count; i++) {
		const char *dots = strstr(options->ranges.items[i], "..");

		if (!dots || dots == options->ranges.items[i] || !dots[2] || dots[2] == '.' || strstr(dots + 2, ".."))
			return error_set(error, ERROR_CONFIGURATION, "--range '%s': want two commits, as A..B",
					 options->ranges.items[i]);
	}
	return 0;
}
