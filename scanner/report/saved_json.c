/*
 * Reading what json.c wrote. The text is checked against RFC 8259 first (rule/json_text.h: no NUL, no depth beyond what a report
 * has), then cJSON makes the tree, then every member is looked at. The first mistake ends the reading; members that are not
 * known are passed over, since a later version may write more.
 */
#define _GNU_SOURCE
#include "report/saved_reader.h"

#include "base/buffer.h"
#include "base/mask.h"
#include "base/text.h"
#include "report/format.h"
#include "rule/json_text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SCHEMA "staunch-report/1"

static const char *confidence_at(unsigned index)
{
	return confidence_name((enum confidence)index);
}

static const char *place_kind_at(unsigned index)
{
	return place_kind_name((enum place_kind)index);
}

static const char *verification_at(unsigned index)
{
	return verification_name((enum verification)index);
}

static const char *sandbox_mode_at(unsigned index)
{
	return sandbox_mode_name((enum sandbox_mode)index);
}

static const char *state_at(unsigned index)
{
	return revocation_state_name((enum revocation_state)index);
}

/* ---- parts ---- */

/* What follows is inside a member; returns what leave() goes back to. */
static size_t enter(struct saved_reader *reader, const char *name)
{
	size_t length = strlen(reader->where);

	snprintf(reader->where + length, sizeof(reader->where) - length, "%s.", name);
	return length;
}

static void leave(struct saved_reader *reader, size_t length)
{
	reader->where[length] = '\0';
}

/* A list of texts as one, each ended by (or, but for the last one, followed by) a character that none of them holds. */
static char *read_list(struct saved_reader *reader, const cJSON *object, const char *name, char separator, bool ended)
{
	const cJSON *list = saved_take_container(reader, object, name, false, true), *item;
	const char none[] = { separator, '\0' };
	struct buffer joined = BUFFER_INIT;
	char *kept;

	cJSON_ArrayForEach(item, list)
	{
		const char *text = saved_text_of(reader, item, name, true);

		if (strpbrk(text, none) || !*text)
			saved_fail(reader, name, "there is one that cannot be a name");
		if (joined.length && !ended)
			buffer_add_char(&joined, separator);
		buffer_add_string(&joined, text);
		if (ended)
			buffer_add_char(&joined, separator);
	}
	kept = saved_keep(reader->saved, joined.bytes);
	buffer_release(&joined);
	return kept;
}

static void read_place(struct saved_reader *reader, const cJSON *object, struct place *place)
{
	const struct report_result *result = &reader->saved->result;

	if (!cJSON_IsObject(object)) {
		saved_fail(reader, "", "want an object");
		return;
	}
	place->target = (uint32_t)saved_take_number(reader, object, "target", true, UINT32_MAX);
	if (place->target >= result->target_count && !reader->any_target)
		saved_fail(reader, "target", "there are only %zu targets", result->target_count);
	place->kind = (enum place_kind)saved_take_choice(reader, object, "kind", PLACE_KIND_COUNT, place_kind_at);
	place->path = saved_keep(reader->saved, saved_take_text(reader, object, "path", false));
	place->archive_path = read_list(reader, object, "archive_path", '\n', false);
	place->encoding = read_list(reader, object, "encoding", ',', false);
	place->line = saved_take_number(reader, object, "line", false, ANY_NUMBER);
	place->column = saved_take_number(reader, object, "column", false, ANY_NUMBER);
	place->offset = saved_take_number(reader, object, "offset", true, ANY_NUMBER);
	saved_take_id(reader, object, "object", place->object);
	saved_take_id(reader, object, "commit", place->commit);
	place->author = saved_keep(reader->saved, saved_take_text(reader, object, "author", false));
	place->has_date = saved_take_time(reader, object, "date", false, &place->date);
	place->reachable = !saved_member(object, "reachable") || saved_take_bool(reader, object, "reachable", false);
}

static void read_places(struct saved_reader *reader, const cJSON *places, struct finding *finding)
{
	const cJSON *item;
	char name[32];
	size_t index = 0;

	cJSON_ArrayForEach(item, places)
	{
		size_t before;

		snprintf(name, sizeof(name), "places[%zu]", index++);
		before = enter(reader, name);
		read_place(reader, item, saved_add_place(finding));
		leave(reader, before);
		if (reader->failed)
			return;
	}
}

static void read_places_total(struct saved_reader *reader, const cJSON *object, struct finding *finding)
{
	finding->places_total = saved_take_number(reader, object, "places_total", true, ANY_NUMBER);
	if (finding->places_total < finding->place_count)
		saved_fail(reader, "places_total", "there are %zu already", finding->place_count);
}

static void read_sighting(struct saved_reader *reader, const cJSON *object, const char *name, struct sighting *sighting)
{
	const cJSON *item = saved_member(object, name);
	size_t before;

	if (!item || cJSON_IsNull(item))
		return;
	if (!cJSON_IsObject(item)) {
		saved_fail(reader, name, "want an object or null");
		return;
	}
	before = enter(reader, name);
	saved_take_id(reader, item, "commit", sighting->commit);
	saved_take_time(reader, item, "date", true, &sighting->date);
	if (!sighting->commit[0])
		saved_fail(reader, "commit", "it is missing");
	leave(reader, before);
}

static void read_revocation(struct saved_reader *reader, const cJSON *object, struct revocation *revocation)
{
	const cJSON *item = saved_take_container(reader, object, "revocation", true, false);
	size_t before;

	if (!item)
		return;
	before = enter(reader, "revocation");
	revocation->state = (enum revocation_state)saved_take_choice(reader, item, "state", REVOCATION_STATE_COUNT, state_at);
	revocation->http_status = (unsigned)saved_take_number(reader, item, "http_status", false, 999);
	revocation->attempts = (unsigned)saved_take_number(reader, item, "attempts", false, 1000000);
	revocation->has_time = saved_take_time(reader, item, "at", false, &revocation->at);
	revocation->earlier = saved_take_bool(reader, item, "earlier", false);
	if (saved_member(item, "verified"))
		revocation->verified = (enum verification)saved_take_choice(reader, item, "verified", VERIFICATION_UNKNOWN + 1, verification_at);
	revocation->message = saved_keep(reader->saved, saved_take_text(reader, item, "message", false));
	leave(reader, before);
}

char *saved_keep_shown(struct saved *saved, const char *text)
{
	struct buffer masked = BUFFER_INIT, shown = BUFFER_INIT;
	char *kept;

	mask_add(&masked, text);
	buffer_add_string(&shown, "");
	text_add_harmless(&shown, masked.bytes ? masked.bytes : "");
	kept = saved_keep(saved, shown.bytes);
	buffer_release(&masked);
	buffer_release(&shown);
	return kept;
}

static void read_finding(struct saved_reader *reader, const cJSON *object, struct finding *finding)
{
	static const char scheme[] = "sha256:";
	const char *rule = saved_take_word(reader, object, "rule"), *provider = saved_take_word(reader, object, "provider");
	const char *fingerprint = saved_take_text(reader, object, "fingerprint", true);

	finding->rule = reader->failed ? NULL : saved_rule(reader->saved, rule, provider);
	if (!finding->rule)
		saved_fail(reader, "rule", "there are more than %d rules", SAVED_RULES_MAX);
	finding->confidence = (enum confidence)saved_take_choice(reader, object, "confidence", CONFIDENCE_CERTAIN + 1, confidence_at);
	finding->shown = saved_keep_shown(reader->saved, saved_take_word(reader, object, "secret"));
	if (strncmp(fingerprint, scheme, strlen(scheme)) != 0 || !saved_is_hex(fingerprint + strlen(scheme), SECRET_FINGERPRINT_SIZE - 1))
		saved_fail(reader, "fingerprint", "want sha256: and 64 hexadecimal digits");
	else
		strcpy(finding->fingerprint, fingerprint + strlen(scheme));
	finding->encoding = read_list(reader, object, "encoding", ',', false);
	read_places(reader, saved_take_container(reader, object, "places", true, true), finding);
	read_places_total(reader, object, finding);
	finding->commits_total = saved_take_number(reader, object, "commits_total", false, ANY_NUMBER);
	read_sighting(reader, object, "first_seen", &finding->first_seen);
	read_sighting(reader, object, "last_seen", &finding->last_seen);
	finding->at_head = saved_take_bool(reader, object, "at_head", true);
	read_sighting(reader, object, "removed", &finding->removed);
	finding->refs = read_list(reader, object, "refs", '\n', true);
	finding->refs_total = saved_take_number(reader, object, "refs_total", false, ANY_NUMBER);
	read_revocation(reader, object, &finding->revocation);
}

static void read_target(struct saved_reader *reader, const cJSON *object)
{
	struct target *target = saved_add_target(reader->saved);

	target->kind = saved_keep(reader->saved, saved_take_word(reader, object, "kind"));
	target->path = saved_keep(reader->saved, saved_take_text(reader, object, "path", false));
	target->commits = saved_take_number(reader, object, "commits", true, ANY_NUMBER);
	target->objects = saved_take_number(reader, object, "objects", true, ANY_NUMBER);
	target->bytes = saved_take_number(reader, object, "bytes", true, ANY_NUMBER);
}

/* The last one may say how many more there were, which the summary tells too. */
static void read_incomplete(struct saved_reader *reader, const cJSON *object)
{
	const char *what = saved_take_word(reader, object, "what");
	struct incomplete *incomplete;

	if (strcmp(what, "more") == 0 && !saved_member(object, "target"))
		return;
	incomplete = saved_add_incomplete(reader->saved);
	incomplete->what = saved_keep(reader->saved, what);
	incomplete->target = (uint32_t)saved_take_number(reader, object, "target", true, UINT32_MAX);
	saved_take_id(reader, object, "object", incomplete->object);
	incomplete->path = saved_keep(reader->saved, saved_take_text(reader, object, "path", false));
	incomplete->detail = saved_keep(reader->saved, saved_take_text(reader, object, "detail", false));
}

/* ---- the report ---- */

static void read_items(struct saved_reader *reader, const cJSON *root, const char *name)
{
	const cJSON *items = saved_take_container(reader, root, name, true, true), *item;
	size_t index = 0;

	cJSON_ArrayForEach(item, items)
	{
		if (reader->failed)
			return;
		snprintf(reader->where, sizeof(reader->where), "%s[%zu].", name, index);
		if (!cJSON_IsObject(item))
			saved_fail(reader, "", "want an object");
		else if (strcmp(name, "targets") == 0)
			read_target(reader, item);
		else if (strcmp(name, "incomplete") == 0)
			read_incomplete(reader, item);
		else
			read_finding(reader, item, saved_add_finding(reader->saved));
		index++;
	}
	if (!reader->failed)
		reader->where[0] = '\0';
}

/* What the scan process had given up. A version of Landlock that is null was not in force. */
static void read_sandbox(struct saved_reader *reader, const cJSON *root)
{
	const cJSON *object = saved_take_container(reader, root, "sandbox", false, false);
	struct sandbox *sandbox = &reader->saved->sandbox;
	size_t before;

	if (!object)
		return;
	before = enter(reader, "sandbox");
	sandbox->mode = (enum sandbox_mode)saved_take_choice(reader, object, "mode", SANDBOX_OFF + 1, sandbox_mode_at);
	if (!cJSON_IsNull(saved_member(object, "landlock_abi")))
		sandbox->landlock_abi = (unsigned)saved_take_number(reader, object, "landlock_abi", true, UINT32_MAX);
	sandbox->seccomp = saved_take_bool(reader, object, "seccomp", true);
	leave(reader, before);
	reader->saved->result.sandbox = sandbox;
}

static void read_root(struct saved_reader *reader, const cJSON *root)
{
	struct report_result *result = &reader->saved->result;
	const cJSON *summary;

	if (!cJSON_IsObject(root)) {
		saved_fail(reader, "it", "want an object");
		return;
	}
	if (strcmp(saved_take_text(reader, root, "schema", true), SCHEMA) != 0)
		saved_fail(reader, "schema", "want " SCHEMA ": it was written by something else, or by a later version");
	result->version = saved_keep(reader->saved, saved_take_word(reader, root, "staunch"));
	saved_take_time(reader, root, "started", true, &result->started);
	saved_take_time(reader, root, "finished", true, &result->finished);
	result->dry_run = saved_take_bool(reader, root, "dry_run", true);
	result->interrupted = saved_take_bool(reader, root, "interrupted", false);
	result->interrupted_later = result->interrupted && saved_member(root, "interrupted_while");
	result->interrupted &= !result->interrupted_later;
	read_sandbox(reader, root);
	read_items(reader, root, "targets");
	read_items(reader, root, "findings");
	read_items(reader, root, "incomplete");
	summary = saved_take_container(reader, root, "summary", true, false);
	result->suppressed = saved_take_number(reader, summary, "suppressed", true, ANY_NUMBER);
	result->incomplete_total = saved_take_number(reader, summary, "incomplete", true, ANY_NUMBER);
	if (result->incomplete_total < result->incomplete_count)
		saved_fail(reader, "summary.incomplete", "there are %zu already", result->incomplete_count);
	if (saved_take_number(reader, summary, "findings", true, ANY_NUMBER) != result->finding_count)
		saved_fail(reader, "summary.findings", "there are %zu: the file was cut or changed", result->finding_count);
}

static int read_all(struct buffer *text, const char *file, struct error *error)
{
	bool is_stdin = strcmp(file, "-") == 0;
	int descriptor = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	ssize_t got = descriptor < 0 ? -1 : 1;

	while (got > 0 && text->length <= SAVED_SIZE_MAX) {
		buffer_reserve(text, 1u << 16);
		got = read(descriptor, text->bytes + text->length, 1u << 16);
		if (got > 0)
			text->length += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got < 0)
		error_set_errno(error, "cannot read the report '%s'", file);
	if (descriptor >= 0 && !is_stdin)
		close(descriptor);
	if (got < 0)
		return ERROR_IO;
	if (text->length > SAVED_SIZE_MAX)
		return error_set(error, ERROR_LIMIT, "the report '%s' is larger than %u MB", file, SAVED_SIZE_MAX >> 20);
	buffer_add_string(text, "");
	return 0;
}

/* The tree of a text that is sound JSON, for the caller to delete; NULL with *reader's error otherwise. */
static cJSON *parse(struct saved_reader *reader, const char *text, size_t length)
{
	size_t offset = 0;
	const char *wrong = json_text_check(text, length, &offset);
	cJSON *root = wrong ? NULL : cJSON_ParseWithLength(text, length);

	if (wrong)
		error_set(reader->error, ERROR_MALFORMED, "'%s' %s: byte %zu: %s", reader->file, reader->wrong, offset + 1, wrong);
	else if (!root)
		error_set(reader->error, ERROR_MALFORMED, "'%s' %s: it is no JSON", reader->file, reader->wrong);
	return root;
}

int saved_read_json(struct saved *saved, const char *file, struct error *error)
{
	struct saved_reader reader = { .saved = saved, .file = file, .wrong = "is no report of staunch", .error = error };
	struct buffer text = BUFFER_INIT;
	int result = read_all(&text, file, error);
	cJSON *root;

	if (!result) {
		root = parse(&reader, text.bytes, text.length);
		if (root)
			read_root(&reader, root);
		result = root && !reader.failed ? 0 : ERROR_MALFORMED;
		cJSON_Delete(root);
	}
	if (!result)
		saved_finish(saved);
	buffer_release(&text);
	return result;
}

int saved_read_places(struct saved *saved, struct finding *finding, const char *places, const char *from, struct error *error)
{
	struct saved_reader reader = { .saved = saved, .file = from, .wrong = "has places that no report has", .any_target = true, .error = error };
	cJSON *root = parse(&reader, places, strlen(places));

	if (!root)
		return ERROR_MALFORMED;
	if (!cJSON_IsArray(root))
		saved_fail(&reader, "places", "want a list");
	else
		read_places(&reader, root, finding);
	cJSON_Delete(root);
	return reader.failed ? ERROR_MALFORMED : 0;
}
