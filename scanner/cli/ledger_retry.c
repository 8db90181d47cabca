/*
 * ledger retry: an ordinary run over the files and repositories in which pending keys were found, of which only those
 * keys count. The keys themselves are stored nowhere, so they have to be found again.
 */
#define _GNU_SOURCE
#include "cli/ledger.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct retry {
	const struct rule_set *rules;
	const struct revoke_options *revoke;
	struct scan_target *targets; /* owned: target_count of them, and their paths */
	size_t target_count, target_capacity;
	struct broker_wanted *wanted; /* owned, as are their texts */
	size_t wanted_count, wanted_capacity;
	size_t elsewhere; /* pending at another endpoint than their rule's reports go to now */
};

static void add_target(struct retry *retry, const struct ledger_source *source)
{
	enum scan_target_kind kind = strcmp(source->kind, "git") == 0 ? SCAN_GIT : SCAN_FILES;
	struct stat status;
	char *dot_git;

	for (size_t i = 0; i < retry->target_count; i++) {
		if (retry->targets[i].kind == kind && strcmp(retry->targets[i].path, source->path) == 0)
			return;
	}
	memory_grow(retry->targets, retry->target_count, retry->target_capacity);
	dot_git = memory_format("%s/.git", source->path);
	retry->targets[retry->target_count++] = (struct scan_target){
		.kind = kind, .path = memory_copy_string(source->path), .exact = kind == SCAN_GIT && !lstat(dot_git, &status)
	};
	free(dot_git);
}

/* What to say when the key is not found again, and where that is to be looked for. */
static char *look_for(struct retry *retry, const struct ledger_record *record)
{
	const struct ledger_key *key = &record->key;
	const struct rule *rule = rule_set_find(retry->rules, key->rule);
	struct buffer where = BUFFER_INIT;
	char *missing;
	bool input = false, there = false;

	buffer_add_string(&where, ""); /* so that there is a text in any case */
	for (size_t i = 0; i < key->source_count; i++) {
		const struct ledger_source *source = &key->sources[i];
		struct stat status;

		if (!source->path) {
			input |= strcmp(source->kind, "stdin") == 0;
			continue;
		}
		buffer_add_format(&where, "%s'%s'", where.length ? ", " : "", source->path);
		if (lstat(source->path, &status))
			continue;
		there = true;
		add_target(retry, source);
	}
	if (!rule || !rule->enabled)
		missing = memory_format("%s (sha256:%s) stays pending: its rule '%s' is not in force (--rules, --enable)",
					key->secret, key->fingerprint, key->rule);
	else if (input && !where.length)
		missing = memory_format("%s (sha256:%s) stays pending: it came from standard input, so it cannot be found again; "
					"give it to staunch revoke",
					key->secret, key->fingerprint);
	else
		missing = memory_format("%s (sha256:%s) stays pending: it %s %s", key->secret, key->fingerprint,
					there ? "no longer stands in" : "can no longer be found, there is no", where.bytes);
	buffer_release(&where);
	return missing;
}

static int take_pending(void *context, const struct ledger_record *record)
{
	struct retry *retry = context;
	const struct ledger_key *key = &record->key;
	const struct rule *rule = rule_set_find(retry->rules, key->rule);

	if (rule && rule->revoke.url && strcmp(revoke_endpoint_of(retry->revoke, rule), key->endpoint) != 0) {
		log_error("%s (sha256:%s) stays pending: it is to be reported to another address than now, "
			  "which --endpoint %s='%s' names",
			  key->secret, key->fingerprint, key->rule, key->endpoint);
		retry->elsewhere++;
		return 0;
	}
	memory_grow(retry->wanted, retry->wanted_count, retry->wanted_capacity);
	retry->wanted[retry->wanted_count++] =
		(struct broker_wanted){ .fingerprint = memory_copy_string(key->fingerprint),
					.rule = memory_copy_string(key->rule),
					.missing = look_for(retry, record) };
	return 0;
}

static int read_pending(const struct options *options, struct retry *retry, struct error *error)
{
	struct ledger_filter filter;
	struct ledger *ledger = NULL;
	int result = ledger_parse_filter(options, &filter, error);

	if (result)
		return result;
	filter.state = "pending";
	result = ledger_open_existing(options, &ledger, error);
	if (!result)
		result = ledger_list(ledger, &filter, take_pending, retry, error);
	if (result == ERROR_NOT_FOUND) { /* also where its name was mistyped */
		log_note("%s: nothing was sent so far", error->message);
		result = 0;
	}
	ledger_close(ledger);
	free((char *)filter.repository);
	return result;
}

static void retry_release(struct retry *retry)
{
	for (size_t i = 0; i < retry->target_count; i++)
		free((char *)retry->targets[i].path);
	for (size_t i = 0; i < retry->wanted_count; i++) {
		free((char *)retry->wanted[i].fingerprint);
		free((char *)retry->wanted[i].rule);
		free((char *)retry->wanted[i].missing);
	}
	free(retry->targets);
	free(retry->wanted);
}

static enum exit_code retry_pending(struct broker_options *broker, struct retry *retry)
{
	enum exit_code code = EXIT_CLEAN;

	broker->targets = retry->targets;
	broker->target_count = retry->target_count;
	broker->wanted = retry->wanted;
	broker->wanted_count = retry->wanted_count;
	broker->ignored = true; /* that it was found says that it was to be looked at */
	broker->min_confidence = CONFIDENCE_POSSIBLE; /* and that it is pending that it was to be sent */
	if (retry->wanted_count)
		code = broker_run(broker);
	else if (!retry->elsewhere)
		log_note("nothing is pending");
	if (retry->elsewhere && (code == EXIT_CLEAN || code == EXIT_FOUND))
		code = EXIT_INCOMPLETE;
	return code;
}

enum exit_code ledger_retry(const struct options *options, const struct rule_set *rules)
{
	struct broker_options broker;
	struct retry retry = { .rules = rules, .revoke = &broker.revoke };
	enum exit_code code = EXIT_USAGE;
	struct error error;

	if (command_broker_options(options, rules, &broker, &error)) {
		log_error("%s", error.message);
	} else if (read_pending(options, &retry, &error)) {
		log_error("%s", error.message);
		code = error.code == ERROR_CONFIGURATION ? EXIT_USAGE : EXIT_INCOMPLETE;
	} else {
		code = retry_pending(&broker, &retry);
	}
	command_broker_options_release(&broker);
	retry_release(&retry);
	return code;
}
