/*
 * What fish reads: a line for each thing that can stand somewhere, with the condition under which it can.
 */
#include "cli/completion.h"

#include <string.h>

static const char fish_beginning[] =
	"# fish completion of staunch, made by staunch --completion fish\n"
	"function __staunch_operands\n"
	"\tset -l tokens (commandline -opc)\n"
	"\tset -l skip 0\n"
	"\tset -e tokens[1]\n"
	"\tfor token in $tokens\n"
	"\t\tif test $skip = 1\n"
	"\t\t\tset skip 0\n"
	"\t\t\tcontinue\n"
	"\t\tend\n"
	"\t\tswitch $token\n"
	"\t\t\tcase ";
static const char fish_functions[] =
	"\n"
	"\t\t\t\tset skip 1\n"
	"\t\t\tcase '-*'\n"
	"\t\t\tcase '*'\n"
	"\t\t\t\techo -- $token\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"function __staunch_rules\n"
	"\tstaunch rules list 2>/dev/null | sed '1d;s/ .*//'\n"
	"end\n"
	"# whether the command is one of these; without one it is scan\n"
	"function __staunch_is\n"
	"\tset -l operands (__staunch_operands)\n"
	"\tcontains -- \"$operands[1]\" $argv; and return 0\n"
	"\tcontains -- \"$operands[1]\" ";
static const char fish_counting[] =
	"; and return 1\n"
	"\tcontains -- scan $argv\n"
	"end\n"
	"# __staunch_at COUNT [COMMAND]: whether so many operands stand before, and the first is the command\n"
	"function __staunch_at\n"
	"\tset -l operands (__staunch_operands)\n"
	"\ttest (count $operands) -ge $argv[1]; or return 1\n"
	"\ttest $argv[1] -ge 2; or test (count $operands) -eq $argv[1]; or return 1\n"
	"\tset -q argv[2]; or return 0\n"
	"\ttest \"$operands[1]\" = $argv[2]\n"
	"end\n";

static void print_fish_option(FILE *to, const struct option_row *row)
{
	fputs("complete -c staunch -n '__staunch_is ", to);
	completion_print_commands(to, row->commands, " ");
	fputc('\'', to);
	if (row->short_name)
		fprintf(to, " -s %c", row->short_name);
	fprintf(to, " -l %s -d '", row->name);
	completion_print_quoted(to, row->help, "\\'", "\\");
	fputc('\'', to);
	if (row->argument) {
		switch (option_argument_kind(row)) {
		case ARGUMENT_WORDS:
			fprintf(to, " -x -a '%s'", row->words);
			break;
		case ARGUMENT_FORMAT:
			fprintf(to, " -r -F -a '%s'", row->words);
			break;
		case ARGUMENT_FILE:
			fputs(" -r -F", to);
			break;
		case ARGUMENT_RULE:
			fputs(" -x -a '(__staunch_rules)'", to);
			break;
		case ARGUMENT_OTHER:
			fputs(" -x", to);
			break;
		}
	}
	fputc('\n', to);
}

void completion_print_fish(FILE *to)
{
	fputs(fish_beginning, to);
	completion_print_options_with(to, completion_has_argument, " ");
	fputs(fish_functions, to);
	completion_print_commands(to, ~0u, " ");
	fputs(fish_counting, to);
	for (size_t i = 0; i < command_row_count; i++) {
		const struct command_row *row = &command_rows[i];

		fprintf(to, "complete -c staunch -n '__staunch_at 0' -a %s -d '", row->name);
		completion_print_quoted(to, row->help, "\\'", "\\");
		fputs("'\n", to);
		if (!COMMAND_HAS_VERBS(row))
			continue;
		fprintf(to, "complete -c staunch -f -n '__staunch_at 1 %s' -a '", row->name);
		completion_print_replaced(to, row->operands, '|', ' ');
		fputs("'\n", to);
		if (row->names)
			fprintf(to, "complete -c staunch -f -n '__staunch_at 2 %s' -a '%s'\n", row->name, row->names);
	}
	for (size_t i = 0; i < option_row_count; i++)
		print_fish_option(to, &option_rows[i]);
}
