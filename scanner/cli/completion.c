/*
 * What bash, zsh and (completion_fish.c) fish read to complete a command line of staunch: scripts without a need for anything but the shell, made of the
 * table. Each finds the command among the words, and then offers the options that mean something to it, the words that an option
 * takes, the verbs, and otherwise files. Rules are asked of `staunch rules list` when they are wanted.
 */
#include "cli/completion.h"
#include "cli/options.h"

#include <string.h>

/* ---- what the three share ---- */

enum argument_kind option_argument_kind(const struct option_row *row)
{
	if (!row->argument)
		return ARGUMENT_OTHER;
	if (strchr(row->argument, ':'))
		return ARGUMENT_FORMAT;
	if (row->words)
		return ARGUMENT_WORDS;
	if (strstr(row->argument, "FILE") || strcmp(row->argument, "PATH") == 0)
		return ARGUMENT_FILE;
	if (strncmp(row->argument, "RULE", 4) == 0 && !strchr(row->argument, '='))
		return ARGUMENT_RULE;
	return ARGUMENT_OTHER;
}

void completion_print_replaced(FILE *to, const char *text, char old, char new)
{
	for (; *text; text++)
		fputc(*text == old ? new : *text, to);
}

void completion_print_commands(FILE *to, unsigned bits, const char *between)
{
	const char *before = "";

	for (size_t i = 0; i < command_row_count; i++) {
		if (!(bits & command_rows[i].bit))
			continue;
		fprintf(to, "%s%s", before, command_rows[i].name);
		before = between;
	}
}

void completion_print_quoted(FILE *to, const char *text, const char *quote, const char *escaped)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs(quote, to);
		else if (strchr(escaped, *text))
			fprintf(to, "\\%c", *text);
		else
			fputc(*text, to);
	}
}

size_t completion_print_options_with(FILE *to, bool (*wanted)(const struct option_row *row), const char *between)
{
	size_t count = 0;

	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (!wanted(row))
			continue;
		fprintf(to, "%s--%s", count++ ? between : "", row->name);
		if (row->short_name)
			fprintf(to, "%s-%c", between, row->short_name);
	}
	return count;
}

bool completion_has_argument(const struct option_row *row)
{
	return row->argument != NULL;
}

static bool takes_rule(const struct option_row *row)
{
	return option_argument_kind(row) == ARGUMENT_RULE;
}

static bool takes_anything(const struct option_row *row)
{
	enum argument_kind kind = option_argument_kind(row);

	return row->argument && (kind == ARGUMENT_OTHER || kind == ARGUMENT_FILE);
}

/* ---- bash ---- */

static const char bash_beginning[] =
	"# bash completion of staunch, made by staunch --completion bash\n"
	"_staunch()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= verb= i words= IFS=$' \\t\\n'\n"
	"\tCOMPREPLY=()\n"
	"\t# bash cuts words at \"=\" and \":\"\n"
	"\tif [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	"\tif [[ $cur == : || $prev == : ]]; then return; fi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t--) return ;;\n"
	"\t\t";
static const char bash_operands[] =
	")\n"
	"\t\t\t[[ ${COMP_WORDS[i+1]} != = ]] || ((i++))\n"
	"\t\t\t((i++))\n"
	"\t\t\twhile [[ ${COMP_WORDS[i+1]} == : ]]; do ((i += 2)); done ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) if [[ -z $command ]]; then command=${COMP_WORDS[i]}; else verb=${verb:-${COMP_WORDS[i]}}; fi ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tcase $prev in\n";
static const char bash_end[] =
	"\tesac\n"
	"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	"}\n"
	"# with nothing to offer, files\n"
	"complete -o default -F _staunch staunch\n";

static void print_bash_options(FILE *to, const struct command_row *command)
{
	for (size_t i = 0; i < option_row_count; i++) {
		if (option_rows[i].commands & command->bit)
			fprintf(to, " --%s", option_rows[i].name);
	}
}

static void print_bash(FILE *to)
{
	fputs(bash_beginning, to);
	completion_print_options_with(to, completion_has_argument, "|");
	fputs(bash_operands, to);
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		char letter[] = { '|', '-', row->short_name, '\0' };

		if (row->words)
			fprintf(to, "\t--%s%s) words='%s' ;;\n", row->name, row->short_name ? letter : "", row->words);
	}
	fputc('\t', to);
	completion_print_options_with(to, takes_rule, "|");
	fputs(") words=$(staunch rules list 2>/dev/null | sed '1d;s/ .*//') ;;\n\t", to);
	completion_print_options_with(to, takes_anything, "|");
	fputs(") return ;;\n"
	      "\t*)\n\t\tcase $command:$verb:$cur in\n",
	      to);
	for (size_t i = 0; i < command_row_count; i++) {
		const struct command_row *row = &command_rows[i];

		fprintf(to, "\t\t%s:*:-*) words='", row->name);
		print_bash_options(to, row);
		fputs("' ;;\n", to);
		if (!COMMAND_HAS_VERBS(row))
			continue;
		fprintf(to, "\t\t%s::*) words='", row->name);
		completion_print_replaced(to, row->operands, '|', ' ');
		fputs("' ;;\n", to);
		if (row->names)
			fprintf(to, "\t\t%s:*) words='%s' ;;\n", row->name, row->names);
	}
	fputs("\t\t*:-*) words='", to); /* without a command it is the first, scan */
	print_bash_options(to, &command_rows[0]);
	fputs("' ;;\n\t\t::*) words='", to);
	completion_print_commands(to, ~0u, " ");
	fputs("' ;;\n\t\tesac ;;\n", to);
	fputs(bash_end, to);
}

/* ---- zsh ---- */

static const char zsh_beginning[] =
	"#compdef staunch\n"
	"# zsh completion of staunch, made by staunch --completion zsh\n"
	"_staunch_rules()\n"
	"{\n"
	"\tlocal -a rules\n"
	"\trules=(${${(f)\"$(staunch rules list 2>/dev/null | sed 1d)\"}%% *})\n"
	"\tcompadd -a rules\n"
	"}\n"
	"_staunch_format()\n"
	"{\n"
	"\tif compset -P '*:'; then _files; else compadd -S '' -- \"$@\"; fi\n"
	"}\n"
	"_staunch()\n"
	"{\n"
	"\tlocal command=scan word skip=\n"
	"\tlocal -a commands options operands\n"
	"\tcommands=(\n";

static void print_zsh_command_search(FILE *to)
{
	fputs("\t)\n"
	      "\tfor word in ${words[2,CURRENT-1]}; do\n"
	      "\t\tif [[ -n $skip ]]; then skip=; continue; fi\n"
	      "\t\tcase $word in\n"
	      "\t\t(--) break ;;\n"
	      "\t\t(",
	      to);
	completion_print_options_with(to, completion_has_argument, "|");
	fputs(") skip=1 ;;\n"
	      "\t\t(-*) ;;\n"
	      "\t\t(",
	      to);
	completion_print_commands(to, ~0u, "|");
	fputs(") command=$word; break ;;\n"
	      "\t\t(*) break ;;\n"
	      "\t\tesac\n"
	      "\tdone\n",
	      to);
}

/* The option as _arguments(1) in zshcompsys takes it. */
static void print_zsh_option(FILE *to, const struct option_row *row)
{
	const char *repeatable = row->kind == OPTION_LIST ? "*" : "";

	fputs("\t[[ $command == (", to);
	completion_print_commands(to, row->commands, "|");
	fputs(") ]] && options+=(", to);
	if (row->short_name && !*repeatable)
		fprintf(to, "'(-%c --%s)'", row->short_name, row->name);
	else if (*repeatable)
		fputs("'*'", to);
	if (row->short_name)
		fprintf(to, "{-%c%s,--%s%s}", row->short_name, row->argument ? "+" : "", row->name, row->argument ? "=" : "");
	else
		fprintf(to, "--%s%s", row->name, row->argument ? "=" : "");
	fputs("'[", to);
	completion_print_quoted(to, row->help, "'\\''", "[]");
	fputc(']', to);
	if (row->argument) {
		fputc(':', to);
		completion_print_quoted(to, row->argument, "'\\''", ":[]");
		fputc(':', to);
		switch (option_argument_kind(row)) {
		case ARGUMENT_WORDS:
			fprintf(to, "(%s)", row->words);
			break;
		case ARGUMENT_FORMAT:
			fprintf(to, "{_staunch_format %s}", row->words);
			break;
		case ARGUMENT_FILE:
			fputs("_files", to);
			break;
		case ARGUMENT_RULE:
			fputs("_staunch_rules", to);
			break;
		case ARGUMENT_OTHER:
			fputc(' ', to);
			break;
		}
	}
	fputs("')\n", to);
}

static void print_zsh(FILE *to)
{
	fputs(zsh_beginning, to);
	for (size_t i = 0; i < command_row_count; i++) {
		fprintf(to, "\t\t'%s:", command_rows[i].name);
		completion_print_quoted(to, command_rows[i].help, "'\\''", "");
		fputs("'\n", to);
	}
	print_zsh_command_search(to);
	for (size_t i = 0; i < option_row_count; i++)
		print_zsh_option(to, &option_rows[i]);
	fputs("\tcase $command in\n", to);
	for (size_t i = 0; i < command_row_count; i++) {
		const struct command_row *row = &command_rows[i];

		if (!COMMAND_HAS_VERBS(row))
			continue;
		fprintf(to, "\t(%s) operands=('2:verb:(", row->name);
		completion_print_replaced(to, row->operands, '|', ' ');
		fputs(")' ", to);
		if (row->names)
			fprintf(to, "'*:name:(%s)') ;;\n", row->names);
		else
			fputs("'*:file:_files') ;;\n", to);
	}
	fputs("\t(*) operands=('*:path:_files') ;;\n"
	      "\tesac\n"
	      "\t_arguments -s -S $options '1: :{_describe command commands; _files}' $operands\n"
	      "}\n"
	      "if [[ $funcstack[1] == _staunch ]]; then _staunch \"$@\"; else compdef _staunch staunch; fi\n",
	      to);
}

int options_print_completion(FILE *to, const char *shell, struct error *error)
{
	if (strcmp(shell, "bash") == 0)
		print_bash(to);
	else if (strcmp(shell, "zsh") == 0)
		print_zsh(to);
	else if (strcmp(shell, "fish") == 0)
		completion_print_fish(to);
	else
		return error_set(error, ERROR_CONFIGURATION, "--completion '%s': want bash, zsh or fish", shell);
	return 0;
}
