#define _GNU_SOURCE
#include "broker/settle.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether this run would send the finding. */
static bool is_to_send(const struct finding *finding, const struct broker_options *options)
{
	return finding->confidence >= options->min_confidence && finding->rule->revoke_kind == RULE_REVOKE_REPORT;
}

static void set_message(struct finding *finding, const char *message)
{
	free(finding->revocation.message);
	finding->revocation.message = memory_copy_string(message);
}

static void set_all(struct finding **findings, size_t count, enum revocation_state state, const char *message)
{
	for (size_t i = 0; i < count; i++) {
		findings[i]->revocation.state = state;
		set_message(findings[i], message);
	}
}

/* ---- asking ---- */

/* As many keys as a person reads before answering. */
#define ASK_LISTED_MAX 10

static void list_keys(const struct report_result *result, struct finding *const *findings, size_t count)
{
	struct buffer text = BUFFER_INIT;

	for (size_t i = 0; i < count && i < ASK_LISTED_MAX; i++) {
		const struct place *place = findings[i]->place_count ? &findings[i]->places[0] : NULL;

		buffer_add_string(&text, "  ");
		report_shorten(&text, findings[i]);
		buffer_add_format(&text, "  %s  ", confidence_name(findings[i]->confidence));
		if (place && place->path)
			report_add_harmless(&text, result, place->path);
		buffer_add_char(&text, '\n');
	}
	if (count > ASK_LISTED_MAX)
		buffer_add_format(&text, "  … and %zu more\n", count - ASK_LISTED_MAX);
	fwrite(text.bytes, 1, text.length, stderr);
	buffer_release(&text);
}

/* Ask whether to revoke. Anything but a clear yes is no. */
static bool ask(const struct report_result *result, struct finding *const *findings, size_t count)
{
	char answer[16] = "";

	fprintf(stderr, "\nTo be revoked, which cannot be undone:\n");
	list_keys(result, findings, count);
	fprintf(stderr, "Revoke %s now? [y/N] ", count == 1 ? "this key" : "these keys");
	fflush(stderr);
	clearerr(stdin); /* `revoke` has read it to its end; a terminal goes on */
	if (!fgets(answer, sizeof(answer), stdin))
		fputc('\n', stderr);
	return !strcasecmp(answer, "y\n") || !strcasecmp(answer, "yes\n");
}

static bool someone_is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* ---- telling ---- */

/* Tell all findings up to and with this one (NULL: all there are): those before it that are not sent are settled by nature. */
static void tell_until(struct settlement *settlement, const struct finding *finding)
{
	const struct report_result *result = settlement->result;

	while (settlement->told < result->finding_count) {
		const struct finding *next = result->findings[settlement->told++];

		settlement->tell(settlement->context, result, next);
		if (next == finding)
			break;
	}
}

static void tell_settled(void *context, struct finding *finding)
{
	tell_until(context, finding);
}

/* ---- sending ---- */

static void send_all(struct settlement *settlement, const struct broker_options *options, struct finding **findings,
		     size_t count, const atomic_int *stop)
{
	const struct revoke_events events = { .settled = tell_settled, .context = settlement };
	struct revoker *revoker = NULL;
	struct error error;

	set_all(findings, count, REVOCATION_PENDING, NULL);
	if (revoker_open(&revoker, &options->revoke, &error)) {
		log_error("%s", error.message);
		set_all(findings, count, REVOCATION_PENDING, error.message);
		return;
	}
	log_verbose("reporting %zu keys", count);
	revoker_send(revoker, findings, count, &events, stop);
	revoker_close(revoker);
}

static void decide(struct settlement *settlement, const struct broker_options *options, struct finding **findings,
		   size_t count, const atomic_int *stop)
{
	if (settlement->result->dry_run) {
		set_all(findings, count, REVOCATION_DRY_RUN, NULL);
	} else if (*stop || settlement->result->interrupted) {
		set_all(findings, count, REVOCATION_PENDING, "interrupted before it was sent");
	} else if (count > options->max_revocations) {
		char message[160];

		snprintf(message, sizeof(message),
			 "%zu keys would be sent, more than --max-revocations %lu allows: none was sent", count,
			 options->max_revocations);
		log_error("%s", message);
		set_all(findings, count, REVOCATION_PENDING, message);
	} else if (!options->yes && someone_is_there() && !ask(settlement->result, findings, count)) {
		settlement->result->dry_run = true;
		set_all(findings, count, REVOCATION_DRY_RUN, "not sent: the question was not answered with yes");
	} else {
		send_all(settlement, options, findings, count, stop);
	}
}

void settle(struct settlement *settlement, const struct broker_options *options, const atomic_int *stop)
{
	const struct report_result *result = settlement->result;
	struct finding **sending = memory_allocate(result->finding_count * sizeof(*sending));
	size_t count = 0;

	for (size_t i = 0; i < result->finding_count; i++) {
		settlement->found |= result->findings[i]->confidence >= options->min_confidence;
		if (is_to_send(result->findings[i], options))
			sending[count++] = result->findings[i];
		else
			settlement->unsettled |= options->revoke_stdin; /* its owner wants it revoked */
	}
	if (count)
		decide(settlement, options, sending, count, stop);
	tell_until(settlement, NULL);
	for (size_t i = 0; i < count; i++)
		settlement->unsettled |= sending[i]->revocation.state == REVOCATION_PENDING ||
					 sending[i]->revocation.state == REVOCATION_REJECTED;
	free(sending);
}
