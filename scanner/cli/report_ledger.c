/*
 * A ledger as a run that is over: a finding for each record, with the places that were written down with it. What a ledger does not hold
 * (which references lead there, whether HEAD still has it) is not told.
 */
#define _GNU_SOURCE
#include "cli/ledger.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct reading {
	struct saved *saved;
	const char *ledger; /* its name, borrowed */
	char *folder;       /* owned: the deepest folder that holds all files that were found; NULL while there is none */
	struct error *error;
};

#define NO_TARGET UINT32_MAX

/* ---- targets ---- */

/* Files are all of one target, the folder that they share, whose path is set at the end. */
static uint32_t find_target(struct reading *reading, const char *kind, const char *path)
{
	const struct report_result *result = &reading->saved->result;
	struct target *target;

	for (size_t i = 0; i < result->target_count; i++) {
		target = &reading->saved->targets[i];
		if (strcmp(target->kind, kind) == 0 && (strcmp(kind, "dir") == 0 || strcmp(target->path, path) == 0))
			return (uint32_t)i;
	}
	target = saved_add_target(reading->saved);
	target->kind = kind;
	target->path = saved_keep(reading->saved, path);
	return (uint32_t)(result->target_count - 1);
}

/* The folder is to hold this file too. */
static void widen_folder(struct reading *reading, const char *file)
{
	size_t same = 0, slash = 0;

	if (!reading->folder) {
		reading->folder = memory_copy_string(file);
		*strrchr(reading->folder, '/') = '\0';
	}
	for (; reading->folder[same] && reading->folder[same] == file[same]; same++) {
		if (file[same] == '/')
			slash = same;
	}
	reading->folder[reading->folder[same] == '\0' && file[same] == '/' ? same : slash] = '\0';
}

static uint32_t target_of_source(struct reading *reading, const struct ledger_source *source)
{
	if (strcmp(source->kind, "file") == 0 && source->path && source->path[0] == '/') {
		widen_folder(reading, source->path);
		return find_target(reading, "dir", "/");
	}
	if (strcmp(source->kind, "git") == 0 && source->path)
		return find_target(reading, "git", source->path);
	return find_target(reading, "stdin", "(standard input)");
}

/* ---- places ---- */

/* Whether the file of this path, absolute, is the one that a run called so. */
static bool ends_with_path(const char *path, const char *name)
{
	size_t path_length = strlen(path), name_length;

	while (strncmp(name, "./", 2) == 0)
		name += 2;
	name_length = strlen(name);
	return path_length >= name_length && strcmp(path + path_length - name_length, name) == 0 &&
	       (path_length == name_length || path[path_length - name_length - 1] == '/');
}

/* The source of a place in a file, which a run's own folder does not hide; NULL: it is of something else. */
static const struct ledger_source *file_of(const struct ledger_key *key, const struct place *place)
{
	for (size_t i = 0; place->kind == PLACE_FILE && place->path && i < key->source_count; i++) {
		const struct ledger_source *source = &key->sources[i];

		if (strcmp(source->kind, "file") == 0 && source->path && ends_with_path(source->path, place->path))
			return source;
	}
	return NULL;
}

/*
 * Sources stand in the order in which the run's places named them: the targets of what is in no file are theirs, one after the
 * other. numbers[i] is the run's number of key->sources[i].
 */
static const struct ledger_source *source_of(const struct ledger_key *key, const struct place *place, uint32_t *numbers)
{
	const struct ledger_source *last = NULL, *file = file_of(key, place);

	if (file)
		return file;
	for (size_t i = 0; i < key->source_count; i++) {
		if (strcmp(key->sources[i].kind, "file") == 0)
			continue;
		if (numbers[i] == NO_TARGET)
			numbers[i] = place->target;
		last = &key->sources[i];
		if (numbers[i] == place->target)
			return last;
	}
	return last ? last : key->source_count ? &key->sources[0] : NULL;
}

static int add_places(struct reading *reading, struct finding *finding, const struct ledger_key *key)
{
	uint32_t *numbers = memory_allocate(key->source_count * sizeof(*numbers) + 1);
	int result = saved_read_places(reading->saved, finding, key->places, reading->ledger, reading->error);

	memset(numbers, 0xff, key->source_count * sizeof(*numbers));
	for (size_t i = 0; i < finding->place_count && !result; i++) {
		struct place *place = &finding->places[i];
		const struct ledger_source *source = source_of(key, place, numbers);

		if (source && source == file_of(key, place))
			place->path = saved_keep(reading->saved, source->path);
		place->target = source ? target_of_source(reading, source) : find_target(reading, "stdin", "(standard input)");
		if (place->commit[0] && place->has_date && !finding->first_seen.commit[0]) {
			memcpy(finding->first_seen.commit, place->commit, sizeof(place->commit));
			finding->first_seen.date = place->date;
		}
	}
	finding->places_total = key->places_total > finding->place_count ? key->places_total : finding->place_count;
	free(numbers);
	return result;
}

/* ---- records ---- */

static enum confidence confidence_of(const char *name)
{
	for (int level = CONFIDENCE_CERTAIN; level > CONFIDENCE_POSSIBLE; level--) {
		if (strcmp(name, confidence_name((enum confidence)level)) == 0)
			return (enum confidence)level;
	}
	return CONFIDENCE_POSSIBLE;
}

/* What is claimed is no more settled than what is pending. */
static enum revocation_state state_of(const char *name)
{
	for (int state = REVOCATION_ACCEPTED; state <= REVOCATION_REJECTED; state++) {
		if (strcmp(name, revocation_state_name((enum revocation_state)state)) == 0)
			return (enum revocation_state)state;
	}
	return REVOCATION_PENDING;
}

/* That a key was seen to be dead or alive holds until somebody looks again; that a run could not find out is no knowledge. */
static enum verification verification_of(const char *name)
{
	for (int seen = VERIFICATION_DEAD; seen <= VERIFICATION_ALIVE; seen++) {
		if (strcmp(name, verification_name((enum verification)seen)) == 0)
			return (enum verification)seen;
	}
	return VERIFICATION_NONE;
}

static int add_record(void *context, const struct ledger_record *record)
{
	struct reading *reading = context;
	struct report_result *result = &reading->saved->result;
	const struct ledger_key *key = &record->key;
	struct finding *finding = saved_add_finding(reading->saved);

	finding->rule = saved_rule(reading->saved, key->rule, key->provider);
	if (!finding->rule)
		return error_set(reading->error, ERROR_LIMIT, "'%s' has more than %d rules", reading->ledger, SAVED_RULES_MAX);
	if (strlen(key->fingerprint) != SECRET_FINGERPRINT_SIZE - 1)
		return error_set(reading->error, ERROR_MALFORMED, "'%s' has a fingerprint that is none", reading->ledger);
	strcpy(finding->fingerprint, key->fingerprint);
	finding->confidence = confidence_of(key->confidence);
	finding->shown = saved_keep_shown(reading->saved, key->secret);
	finding->revocation = (struct revocation){ .state = state_of(record->state),
						   .http_status = record->http_status,
						   .attempts = (unsigned)record->attempt_count,
						   .has_time = record->attempt_count > 0,
						   .at = record->updated,
						   .message = *record->message ? saved_keep(reading->saved, record->message) : NULL };
	if (finding->revocation.state == REVOCATION_ACCEPTED || finding->revocation.state == REVOCATION_GONE)
		finding->revocation.verified = verification_of(record->verified);
	finding->revocation.earlier = finding->revocation.state != REVOCATION_PENDING;
	if (!result->started || record->found < result->started)
		result->started = record->found;
	if (record->updated > result->finished)
		result->finished = record->updated;
	return add_places(reading, finding, key);
}

static void finish(struct reading *reading)
{
	struct report_result *result = &reading->saved->result;

	for (size_t i = 0; i < result->target_count; i++) {
		if (strcmp(reading->saved->targets[i].kind, "dir") == 0)
			reading->saved->targets[i].path = saved_keep(reading->saved, *reading->folder ? reading->folder : "/");
	}
	result->version = STAUNCH_VERSION;
	if (!result->started)
		result->started = result->finished = (int64_t)time(NULL);
	saved_finish(reading->saved);
}

int ledger_read_run(struct saved *saved, const struct options *options, struct error *error)
{
	struct ledger_filter filter = { 0 };
	struct ledger *ledger = NULL;
	struct reading reading = { .saved = saved, .error = error };
	int result = ledger_check_uri(options->ledger, error);

	if (!result)
		result = ledger_parse_filter(options, &filter, error);
	if (!result)
		result = ledger_open_existing(options, &ledger, error);
	if (!result) {
		reading.ledger = ledger_name(ledger);
		result = ledger_list(ledger, &filter, add_record, &reading, error);
	}
	if (!result)
		finish(&reading);
	ledger_close(ledger);
	free(reading.folder);
	free((char *)filter.repository);
	return result;
}
