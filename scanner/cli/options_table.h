/*
 * The table itself: commands, options and exit codes. Parsing (options.c), --help (help.c), the manual page (manual.c) and the
 * completions of shells (completion.c) all read it, so none of them can know what another does not. Private to cli/.
 */
#ifndef STAUNCH_CLI_OPTIONS_TABLE_H
#define STAUNCH_CLI_OPTIONS_TABLE_H

#include <stddef.h>

struct command_row {
	const char *name;
	unsigned bit;         /* command_bit */
	const char *operands; /* "a|b|c": one of these verbs. Otherwise files, where there are any */
	const char *help;
	const char *names; /* what may follow a verb, separated by spaces, "" for nothing that a shell knows; NULL: files */
};

enum option_kind {
	OPTION_FLAG,       /* bool */
	OPTION_TEXT,       /* const char * */
	OPTION_LIST,       /* struct string_list, repeatable */
	OPTION_NUMBER,     /* unsigned */
	OPTION_LONG,       /* unsigned long */
	OPTION_CONFIDENCE, /* enum confidence */
	OPTION_COLOR,      /* enum report_color */
	OPTION_SANDBOX,    /* enum sandbox_mode */
};

struct option_row {
	char short_name; /* 0: none */
	const char *name, *argument, *help;
	unsigned commands; /* command_bits */
	enum option_kind kind;
	size_t target; /* offset in struct options */
	unsigned long minimum, maximum;
	const char *words; /* the arguments that there are, separated by spaces; NULL: others */
};

struct exit_row {
	unsigned code;
	const char *help;
};

extern const struct command_row command_rows[];
extern const struct option_row option_rows[];
extern const struct exit_row exit_rows[];
extern const size_t command_row_count, option_row_count, exit_row_count;

/* Whether a command's operands begin with a verb. */
#define COMMAND_HAS_VERBS(row) (strchr((row)->operands, '|') != NULL)

/* What an argument is called tells what a shell can offer for it. */
enum argument_kind {
	ARGUMENT_WORDS, /* those of the row */
	ARGUMENT_FORMAT, /* one of the row's words, and perhaps ":FILE" */
	ARGUMENT_FILE,
	ARGUMENT_RULE,
	ARGUMENT_OTHER,
};
enum argument_kind option_argument_kind(const struct option_row *row);

#endif
