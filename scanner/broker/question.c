#define _GNU_SOURCE
#include "broker/question.h"

#include "broker/claims.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As many keys as a person reads before answering. */
#define ASK_LISTED_MAX 10

static void list_keys(const struct report_result *result, const struct claims *claims)
{
	struct buffer text = BUFFER_INIT;
	size_t listed = 0, count = claims_count(claims, CLAIM_OPEN);

	for (size_t i = 0; i < claims->count && listed < ASK_LISTED_MAX; i++) {
		const struct finding *finding = claims->items[i].finding;
		const struct place *place = finding->place_count ? &finding->places[0] : NULL;

		if (claims->items[i].stage != CLAIM_OPEN)
			continue;
		listed++;
		buffer_add_string(&text, "  ");
		report_shorten(&text, finding);
		buffer_add_format(&text, "  %s  ", confidence_name(finding->confidence));
		if (place && place->path)
			report_add_harmless(&text, result, place->path);
		buffer_add_char(&text, '\n');
	}
	if (count > ASK_LISTED_MAX)
		buffer_add_format(&text, "  … and %zu more\n", count - ASK_LISTED_MAX);
	fwrite(text.bytes, 1, text.length, stderr);
	buffer_release(&text);
}

bool question_ask(const struct report_result *result, const struct claims *claims)
{
	char answer[16] = "";

	fprintf(stderr, "\nTo be revoked, which cannot be undone:\n");
	list_keys(result, claims);
	fprintf(stderr, "Revoke %s now? [y/N] ", claims_count(claims, CLAIM_OPEN) == 1 ? "this key" : "these keys");
	fflush(stderr);
	clearerr(stdin); /* `revoke` has read it to its end; a terminal goes on */
	if (!fgets(answer, sizeof(answer), stdin))
		fputc('\n', stderr);
	return !strcasecmp(answer, "y\n") || !strcasecmp(answer, "yes\n");
}

bool question_is_wanted(const struct broker_options *options)
{
	return !options->yes && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}
