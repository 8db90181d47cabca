/*
 * The leaked key that is to be rotated: from standard input to a finding, and from there to its provider.
 */
#define _GNU_SOURCE
#include "cli/keys.h"

#include "base/memory.h"
#include "match/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINE_MAX_BYTES (SECRET_SIZE_MAX + 64)

/* A terminal does not show what is typed. */
static bool hide_typing(struct termios *before)
{
	struct termios hidden;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, before) < 0)
		return false;
	hidden = *before;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
	fputs("The leaked key (it is not shown): ", stderr);
	fflush(stderr);
	return true;
}

/* Read a line, of which LINE_MAX_BYTES are kept, without the blanks at its ends. Returns where it begins in bytes. False: there is no more. */
static bool read_line(char *bytes, char **line, size_t *length)
{
	int character = getc(stdin);
	bool any = character != EOF;

	*line = bytes;
	*length = 0;
	for (; character != EOF && character != '\n'; character = getc(stdin)) {
		if (*length < LINE_MAX_BYTES)
			bytes[(*length)++] = (char)character;
	}
	while (*length && strchr(" \t\r", **line))
		++*line, --*length;
	while (*length && strchr(" \t\r", (*line)[*length - 1]))
		--*length;
	return any;
}

/* Exactly one line that is not blank. From a terminal the first one is taken; what follows are answers. */
static int read_credential(struct finding *finding, struct error *error)
{
	char *bytes = memory_allocate(2 * LINE_MAX_BYTES), *line, *more;
	struct termios before;
	size_t length = 0, more_length = 0;
	bool hidden;

	setvbuf(stdin, NULL, _IONBF, 0); /* stdio's buffer would keep a copy */
	hidden = hide_typing(&before);
	while (read_line(bytes, &line, &length) && !length && !hidden)
		;
	if (hidden) {
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
		fputc('\n', stderr);
	} else if (length) {
		while (read_line(bytes + LINE_MAX_BYTES, &more, &more_length) && !more_length)
			;
	}
	if (length && length <= SECRET_SIZE_MAX && !more_length)
		finding->secret = secret_new(line, length);
	explicit_bzero(bytes, 2 * LINE_MAX_BYTES);
	free(bytes);
	if (finding->secret)
		return 0;
	return error_set(error, ERROR_CONFIGURATION, "keys rotate wants one leaked key on standard input, and %s",
			 more_length ? "there is more than one line" : length ? "the line is too long to be one" : "there is nothing");
}

static int recognise(struct finding *finding, const struct rule_set *rules, struct error *error)
{
	struct match_program *program = NULL;
	struct matcher *matcher;
	bool confirmed;

	finding->rule = rule_set_find(rules, VERCEL_KEY_RULE);
	if (!finding->rule || finding->rule->revoke_kind != RULE_REVOKE_REPORT || !finding->rule->enabled)
		return error_set(error, ERROR_CONFIGURATION, "keys rotate needs the rule '%s', which is switched off or replaced", VERCEL_KEY_RULE);
	if (match_program_compile(&program, rules, error))
		return ERROR_CONFIGURATION;
	matcher = matcher_new(program);
	confirmed = matcher_confirm(matcher, finding->rule, secret_bytes(finding->secret), secret_length(finding->secret), &finding->confidence) &&
		    finding->confidence >= CONFIDENCE_LIKELY;
	matcher_free(matcher);
	match_program_free(program);
	secret_fingerprint(finding->secret, finding->fingerprint);
	return confirmed ? 0 : error_set(error, ERROR_CONFIGURATION, "what stands on standard input is no Vercel AI Gateway key");
}

int keys_read_leaked(const struct keys_session *session, struct finding *finding, struct error *error)
{
	int code = read_credential(finding, error);

	return code ? code : recognise(finding, session->rules, error);
}

void keys_report_leaked(struct keys_session *session, struct finding *finding)
{
	struct place place = { .kind = PLACE_STDIN, .reachable = true, .path = (char *)"(standard input)", .line = 1, .column = 1 };

	finding->places = &place;
	finding->place_count = finding->places_total = 1;
	broker_revoke(&session->broker, finding, session->stop);
	if (finding->revocation.state == REVOCATION_REJECTED && finding->revocation.earlier) {
		struct broker_options again = session->broker;

		again.resend = true;
		broker_revoke(&again, finding, session->stop);
	}
	finding->places = NULL;
	finding->place_count = finding->places_total = 0;
}
