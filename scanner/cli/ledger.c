/*
 * ledger list, export and verify: what was found and sent. `ledger retry` is in ledger_retry.c.
 */
#define _GNU_SOURCE
#include "cli/ledger.h"

#include "base/log.h"
#include "base/path.h"
#include "cli/ledger_records.h"
#include "ledger/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- what to list ---- */

/* "2026-11-02", "2026-11-02T10:00:00Z", "7d" or "12h" (ago). Returns whether it is one of them. */
static bool parse_since(const char *text, int64_t *since)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d" };
	long long number;
	char *end;

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct tm parts = { 0 };
		const char *rest = strptime(text, forms[i], &parts);

		if (rest && !*rest) {
			*since = (int64_t)timegm(&parts);
			return true;
		}
	}
	number = strtoll(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || number > 100000 || (strcmp(end, "d") != 0 && strcmp(end, "h") != 0))
		return false;
	*since = (int64_t)time(NULL) - number * (*end == 'd' ? 86400 : 3600);
	return true;
}

static bool is_state(const char *text)
{
	static const char *const states[] = { "claimed", "pending", "accepted", "gone", "rejected" };

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		if (strcmp(states[i], text) == 0)
			return true;
	}
	return false;
}

int ledger_parse_filter(const struct options *options, struct ledger_filter *filter, struct error *error)
{
	*filter = (struct ledger_filter){ .state = options->state, .rule = options->rule };
	if (options->state && !is_state(options->state))
		return error_set(error, ERROR_CONFIGURATION,
				 "--state '%s': want claimed, pending, accepted, gone or rejected", options->state);
	if (options->since && !parse_since(options->since, &filter->since))
		return error_set(error, ERROR_CONFIGURATION,
				 "--since '%s': want a date as 2026-11-02 or 2026-11-02T10:00:00Z, or 7d or 12h", options->since);
	if (options->repository) /* as the ledger has it */
		filter->repository = path_resolve(options->repository);
	if (options->repository && !filter->repository)
		return error_set(error, ERROR_CONFIGURATION, "--repository '%s': the working folder is not there any more",
				 options->repository);
	return 0;
}

int ledger_open_existing(const struct options *options, struct ledger **ledger, struct error *error)
{
	/* one that only may be read can be; one of an older version is brought up to date first */
	int result = ledger_open(ledger, options->ledger, LEDGER_READ, STAUNCH_VERSION, error);

	if (result == ERROR_CONFIGURATION)
		result = ledger_open(ledger, options->ledger, LEDGER_UPGRADE, STAUNCH_VERSION, error);
	return result;
}

/* ---- list ---- */

struct listing {
	const char *format;
	struct buffer text;
	struct json_writer writer;
	size_t count;
};

static int list_record(void *context, const struct ledger_record *record)
{
	struct listing *listing = context;

	listing->count++;
	if (strcmp(listing->format, "json") == 0) {
		json_open(&listing->writer, NULL, '{');
		record_add_members(&listing->writer, record);
		json_close(&listing->writer, '}');
	} else if (strcmp(listing->format, "csv") == 0) {
		record_add_csv(&listing->text, record);
	} else {
		record_add_human(&listing->text, record);
	}
	fwrite(listing->text.bytes, 1, listing->text.length, stdout);
	buffer_clear(&listing->text);
	return ferror(stdout) ? ERROR_IO : 0;
}

static void begin_listing(struct listing *listing, const char *name)
{
	if (strcmp(listing->format, "csv") == 0)
		record_add_csv_heading(&listing->text);
	if (strcmp(listing->format, "json") != 0)
		return;
	listing->writer = (struct json_writer){ .out = &listing->text, .pretty = true };
	json_open(&listing->writer, NULL, '{');
	json_string(&listing->writer, "schema", "staunch-ledger/1");
	json_string(&listing->writer, "staunch", STAUNCH_VERSION);
	json_string(&listing->writer, "ledger", name);
	json_open(&listing->writer, "records", '[');
}

static void end_listing(struct listing *listing)
{
	if (strcmp(listing->format, "json") == 0) {
		json_close(&listing->writer, ']');
		json_close(&listing->writer, '}');
		buffer_add_char(&listing->text, '\n');
	} else if (strcmp(listing->format, "human") == 0) {
		buffer_add_format(&listing->text, listing->count == 1 ? "%zu key.\n" : "%zu keys.\n", listing->count);
	}
	fwrite(listing->text.bytes, 1, listing->text.length, stdout);
}

/* Whether all was written: a list that is cut short must not look like a whole one. */
static enum exit_code written(enum exit_code code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	log_error("cannot write to standard output: %s", strerror(errno));
	return EXIT_INCOMPLETE;
}

static enum exit_code list(struct ledger *ledger, const struct ledger_filter *filter, const struct options *options)
{
	struct listing listing = { .format = options->formats.count ? options->formats.items[0] : "human" };
	struct error error = { 0 };
	int result = 0;

	begin_listing(&listing, ledger ? ledger_name(ledger) : options->ledger);
	if (ledger)
		result = ledger_list(ledger, filter, list_record, &listing, &error);
	if (!result) /* without its end it is known as cut off */
		end_listing(&listing);
	buffer_release(&listing.text);
	if (result && *error.message)
		log_error("%s", error.message);
	return written(result ? EXIT_INCOMPLETE : EXIT_CLEAN);
}

/* ---- export and verify ---- */

static int export_record(void *context, const struct ledger_record *record)
{
	struct evidence *evidence = context;
	struct buffer text = BUFFER_INIT;
	struct json_writer writer = { .out = &text };

	json_open(&writer, NULL, '{');
	record_add_members(&writer, record);
	evidence_add(evidence, text.bytes + 1); /* without the bracket */
	buffer_release(&text);
	return ferror(evidence->file) ? ERROR_IO : 0;
}

/* The first line: what this is, and of when. */
static void add_first_line(struct evidence *evidence, const char *name)
{
	struct buffer text = BUFFER_INIT;
	struct json_writer writer = { .out = &text };

	json_open(&writer, NULL, '{');
	json_string(&writer, "schema", "staunch-evidence/1");
	json_string(&writer, "staunch", STAUNCH_VERSION);
	json_string(&writer, "ledger", name);
	json_time(&writer, "exported", (int64_t)time(NULL));
	evidence_add(evidence, text.bytes + 1);
	buffer_release(&text);
}

static enum exit_code export(struct ledger *ledger, const struct ledger_filter *filter)
{
	struct evidence evidence;
	struct error error = { 0 };
	enum exit_code code;
	int result = 0;

	evidence_begin(&evidence, stdout);
	add_first_line(&evidence, ledger ? ledger_name(ledger) : NULL);
	if (ledger)
		result = ledger_list(ledger, filter, export_record, &evidence, &error);
	if (result && *error.message)
		log_error("%s", error.message);
	if (!result) /* without its end it is known as cut off */
		evidence_end(&evidence);
	code = written(result ? EXIT_INCOMPLETE : EXIT_CLEAN);
	if (code == EXIT_CLEAN)
		log_note("%" PRIu64 " %s exported; keep this apart from the file: sha256:%s", evidence.lines - 2,
			 evidence.lines == 3 ? "record" : "records", evidence.head);
	return code;
}

static enum exit_code verify(const struct options *options)
{
	const char *path = options->operands.count == 2 ? options->operands.items[1] : NULL;
	char head[EVIDENCE_HASH_SIZE];
	enum exit_code code = EXIT_CLEAN;
	struct error error;
	uint64_t records;
	FILE *file;

	if (!path) {
		log_error("ledger verify wants one file, or - for standard input");
		return EXIT_USAGE;
	}
	file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!file) {
		log_error("cannot open '%s': %s", path, strerror(errno));
		return EXIT_USAGE;
	}
	if (evidence_verify(file, &records, head, &error)) {
		log_error("'%s' is not what was exported: %s", path, error.message);
		code = EXIT_INCOMPLETE;
	} else {
		printf("%" PRIu64 " %s, unbroken: sha256:%s\n", records, records == 1 ? "record" : "records", head);
	}
	if (file != stdin)
		fclose(file);
	return written(code);
}

/* ---- the command ---- */

static int check(const struct options *options, const char *verb, struct error *error)
{
	static const char *const formats[] = { "human", "json", "csv" };
	bool known = false;

	if (options->operands.count > 1)
		return error_set(error, ERROR_CONFIGURATION, "ledger %s takes no arguments, and '%s' is one", verb,
				 options->operands.items[1]);
	if (strcmp(verb, "retry") == 0 && options->state)
		return error_set(error, ERROR_CONFIGURATION, "--state means nothing to ledger retry: it sends what is pending");
	if (strcmp(verb, "retry") == 0 || !options->formats.count)
		return 0;
	if (strcmp(verb, "export") == 0)
		return error_set(error, ERROR_CONFIGURATION, "--format means nothing to ledger export: it writes evidence");
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		known |= strcmp(options->formats.items[0], formats[i]) == 0;
	if (!known || options->formats.count > 1)
		return error_set(error, ERROR_CONFIGURATION, "--format '%s': ledger list writes one of human, json and csv",
				 options->formats.items[options->formats.count - 1]);
	return 0;
}

static enum exit_code list_or_export(const struct options *options, bool exporting)
{
	struct ledger_filter filter = { 0 };
	struct ledger *ledger = NULL;
	enum exit_code code = EXIT_USAGE;
	struct error error;
	int result = ledger_parse_filter(options, &filter, &error);

	if (!result) {
		result = ledger_open_existing(options, &ledger, &error);
		code = EXIT_INCOMPLETE;
	}
	if (result == ERROR_NOT_FOUND) {
		log_note("%s: nothing was sent so far", error.message);
		result = 0;
	}
	if (result)
		log_error("%s", error.message);
	else
		code = exporting ? export(ledger, &filter) : list(ledger, &filter, options);
	ledger_close(ledger);
	free((char *)filter.repository);
	return code;
}

enum exit_code command_ledger(const struct options *options, const struct rule_set *rules)
{
	const char *verb = options->operands.items[0];
	struct error error;

	if (strcmp(verb, "verify") == 0)
		return verify(options);
	if (check(options, verb, &error) || (options->ledger && ledger_check_uri(options->ledger, &error))) {
		log_error("%s", error.message);
		return EXIT_USAGE;
	}
	if (strcmp(verb, "retry") == 0)
		return ledger_retry(options, rules);
	return list_or_export(options, strcmp(verb, "export") == 0);
}
