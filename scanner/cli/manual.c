/*
 * The manual page staunch(1), in the macros of man(7), which both groff and mandoc render. What the table holds comes from there; the
 * rest is here, as roff.
 */
#include "cli/options.h"
#include "cli/options_table.h"

#include <string.h>

static const char heading[] =
	".TH STAUNCH 1 " STAUNCH_DATE " \"staunch " STAUNCH_VERSION "\" \"User Commands\"\n"
	".SH NAME\n"
	"staunch \\- find leaked credentials in files and git history, and revoke them\n"
	".SH SYNOPSIS\n"
	".B staunch\n"
	".RI [ COMMAND ]\n"
	".RI [ OPTION ...]\n"
	".RI [ ARGUMENT ...]\n"
	".SH DESCRIPTION\n"
	"staunch looks for credentials that have leaked: in files, on standard input,\n"
	"in what a commit or a push would add, and in every object of a git repository.\n"
	"Each one that it is certain of or finds likely is reported to its provider,\n"
	"which makes it stop working, at once and for good.\n"
	"On a terminal it asks before; without one it does not:\n"
	".B \\-\\-dry\\-run\n"
	"shows what it would do and sends nothing.\n"
	".PP\n"
	"A credential is never shown, logged or stored whole.\n"
	"What was sent is remembered in a ledger, so that each is sent once.\n"
	"Rules for other providers than Vercel's AI Gateway are there and off:\n"
	".B staunch rules list\n"
	"shows them.\n"
	".SH COMMANDS\n"
	"Without a command it is\n"
	".BR scan ,\n"
	"of the folder it is called in.\n";

static const char environment[] =
	".SH ENVIRONMENT\n"
	".TP\n"
	".B STAUNCH_DRY_RUN\n"
	"Anything but 0 and nothing is as\n"
	".BR \\-\\-dry\\-run .\n"
	".TP\n"
	".BR VERCEL_TOKEN ,\\  VERCEL_TEAM_ID\n"
	"The access token and the team that\n"
	".B staunch keys\n"
	"acts for.\n"
	".TP\n"
	".BR https_proxy ,\\  ALL_PROXY ,\\  NO_PROXY\n"
	"The proxy through which reports are sent.\n"
	".TP\n"
	".BR CURL_CA_BUNDLE ,\\  SSL_CERT_FILE ,\\  SSL_CERT_DIR\n"
	"Certificates to trust, as\n"
	".BR \\-\\-ca\\-file .\n"
	".TP\n"
	".B NO_COLOR\n"
	"Set to anything: no colours, unless\n"
	".B \\-\\-color\n"
	"says so.\n"
	".TP\n"
	".BR GIT_DIR ,\\  GIT_WORK_TREE ,\\  GIT_INDEX_FILE\n"
	"And git's other variables: which repository and which index are meant.\n"
	".SH FILES\n"
	".TP\n"
	".I $XDG_STATE_HOME/staunch/ledger.db\n"
	"The ledger, below\n"
	".I ~/.local/state\n"
	"where XDG_STATE_HOME is not set.\n"
	".TP\n"
	".I .staunchignore\n"
	"In the root of a repository: fingerprints and paths that may stand there, an\n"
	"entry a line, and behind\n"
	".B #\n"
	"a reason; in it, perhaps,\n"
	".BI until= DATE\\fR.\n"
	".PP\n"
	"A line with\n"
	".B staunch:allow\n"
	"in it allows the key that stands on it.\n";

static const char examples[] =
	".SH EXAMPLES\n"
	".TP\n"
	".B staunch \\-\\-dry\\-run\n"
	"What the repository here leaks, and ever did.\n"
	".TP\n"
	".B staunch hook install\n"
	"Stop commits that would add a key.\n"
	".TP\n"
	".B staunch git \\-\\-ci \\-\\-dry\\-run \\-f sarif:staunch.sarif\n"
	"In a CI job: what the push or pull request brings.\n"
	".TP\n"
	".B staunch report saved.json \\-f html:page.html\n"
	"A page to look at, from an earlier run's JSON report.\n"
	".SH SEE ALSO\n"
	".BR git (1),\n"
	".BR githooks (5)\n";

/* A character that roff would take for something else. NULL: it stands for itself. */
static const char *escape(char character)
{
	switch (character) {
	case '\\':
		return "\\e";
	case '-':
		return "\\-";
	case '\'':
		return "\\(aq";
	case '"':
		return "\\(dq";
	case '~':
		return "\\(ti";
	case '^':
		return "\\(ha";
	default:
		return NULL;
	}
}

/* A text, on lines of at most LINE_WIDTH columns. None begins with a "." that would make it a request. */
#define LINE_WIDTH 76
static void print_text(FILE *to, const char *text)
{
	size_t column = 0;

	for (const char *at = text; *at; at++) {
		const char *escaped = escape(*at), *end = strchr(at + 1, ' ');

		if (*at == ' ' && column + (end ? (size_t)(end - at) : strlen(at)) > LINE_WIDTH) {
			fputc('\n', to);
			column = 0;
			continue;
		}
		if (!column && *at == '.')
			fputs("\\&", to);
		if (escaped)
			fputs(escaped, to);
		else
			fputc(*at, to);
		column += escaped ? strlen(escaped) : 1;
	}
}

static void print_in_font(FILE *to, char font, const char *text)
{
	fprintf(to, "\\f%c", font);
	print_text(to, text);
	fputs("\\fR", to);
}

static void print_command(FILE *to, const struct command_row *row)
{
	fputs(".TP\n", to);
	print_in_font(to, 'B', row->name);
	if (*row->operands) {
		fputc(' ', to);
		print_in_font(to, COMMAND_HAS_VERBS(row) ? 'B' : 'I', row->operands);
	}
	fputc('\n', to);
	print_text(to, row->help);
	fputs(".\n", to);
}

/* The commands that an option is for, unless it is for all. */
static void print_commands(FILE *to, unsigned bits)
{
	const char *before = "(";
	size_t count = 0;

	for (size_t i = 0; i < command_row_count; i++)
		count += (bits & command_rows[i].bit) != 0;
	if (count == command_row_count)
		return;
	for (size_t i = 0; i < command_row_count; i++) {
		if (!(bits & command_rows[i].bit))
			continue;
		fputs(before, to);
		fputs(command_rows[i].name, to);
		before = ", ";
	}
	fputs(")\n", to);
}

static void print_option(FILE *to, const struct option_row *row)
{
	char letter[] = { '-', row->short_name, '\0' }, name[64];

	fputs(".TP\n", to);
	if (row->short_name) {
		print_in_font(to, 'B', letter);
		fputs(", ", to);
	}
	snprintf(name, sizeof(name), "--%s", row->name);
	print_in_font(to, 'B', name);
	if (row->argument) {
		fputc(' ', to);
		print_in_font(to, 'I', row->argument);
	}
	fputc('\n', to);
	print_text(to, row->help);
	fputs(".\n", to);
	print_commands(to, row->commands);
}

void options_print_manual(FILE *to)
{
	fputs(heading, to);
	for (size_t i = 0; i < command_row_count; i++)
		print_command(to, &command_rows[i]);
	fputs(".SH OPTIONS\n"
	      "Behind each stand the commands that it is for, unless it is for all.\n"
	      "A long one may be cut short as far as it stays clear which is meant.\n",
	      to);
	for (size_t i = 0; i < option_row_count; i++)
		print_option(to, &option_rows[i]);
	fputs(".SH EXIT STATUS\n", to);
	for (size_t i = 0; i < exit_row_count; i++) {
		fprintf(to, ".TP\n.B %u\n", exit_rows[i].code);
		print_text(to, exit_rows[i].help);
		fputs(".\n", to);
	}
	fputs(environment, to);
	fputs(examples, to);
}
