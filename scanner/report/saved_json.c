/*
 * Reading what json.c wrote. The text is checked against RFC 8259 first (rule/json_text.h: no NUL, no depth beyond what a report
 * has), then cJSON makes the tree, then every member is looked at. The first mistake ends the reading; members that are not
 * known are passed over, since a later version may write more.
 */
#define _GNU_SOURCE
#include "report/saved.h"

#include "base/buffer.h"
#include "base/mask.h"
#include "base/text.h"
#include "report/format.h"
#include "rule/json_text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SCHEMA "staunch-report/1"
#define NUMBER_MAX 9007199254740992.0 /* 2^53: above it a number of JSON is no longer exact */
#define WORD_MAX 200 /* bytes of what a report of ours has in a word or two: kinds, forms, the version, a shortened key */

struct reader {
	struct saved *saved;
	const char *file;
	const char *wrong; /* what is to be said of a file that is not as it should be */
	bool any_target;   /* places are of targets that are told elsewhere */
	char where[64]; /* "findings[3].places[0]." */
	bool failed;    /* and *error is set */
	struct error *error;
};

static void fail(struct reader *reader, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void fail(struct reader *reader, const char *name, const char *format, ...)
{
	char what[256];
	va_list arguments;

	if (reader->failed)
		return;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	error_set(reader->error, ERROR_MALFORMED, "'%s' %s: %s%s: %s", reader->file, reader->wrong, reader->where, name, what);
	reader->failed = true;
}

/* ---- members ---- */

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(struct reader *reader, const cJSON *item, const char *name, bool required)
{
	if (!item && !required)
		return NULL;
	if (!cJSON_IsString(item)) {
		fail(reader, name, item ? "want a text" : "it is missing");
		return required ? "" : NULL;
	}
	return item->valuestring;
}

static const char *take_text(struct reader *reader, const cJSON *object, const char *name, bool required)
{
	return text_of(reader, member(object, name), name, required);
}

static bool is_word(const char *text)
{
	return strlen(text) <= WORD_MAX && !text[strcspn(text, "\001\002\003\004\005\006\007\b\t\n\v\f\r\033\177")];
}

static const char *take_word(struct reader *reader, const cJSON *object, const char *name)
{
	const char *text = take_text(reader, object, name, true);

	if (!is_word(text))
		fail(reader, name, "want a word, at most %d bytes of it", WORD_MAX);
	return text;
}

static uint64_t take_number(struct reader *reader, const cJSON *object, const char *name, bool required, uint64_t most)
{
	const cJSON *item = member(object, name);

	if (!item && !required)
		return 0;
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > NUMBER_MAX ||
	    item->valuedouble != (double)(uint64_t)item->valuedouble || (uint64_t)item->valuedouble > most) {
		fail(reader, name, item ? "want a whole number that is not too large" : "it is missing");
		return 0;
	}
	return (uint64_t)item->valuedouble;
}
#define ANY_NUMBER UINT64_MAX

static bool take_bool(struct reader *reader, const cJSON *object, const char *name, bool required)
{
	const cJSON *item = member(object, name);

	if ((item || required) && !cJSON_IsBool(item))
		fail(reader, name, item ? "want true or false" : "it is missing");
	return cJSON_IsTrue(item);
}

static const cJSON *take_container(struct reader *reader, const cJSON *object, const char *name, bool required, bool array)
{
	const cJSON *item = member(object, name);

	if (!item && !required)
		return NULL;
	if (array ? !cJSON_IsArray(item) : !cJSON_IsObject(item)) {
		fail(reader, name, item ? array ? "want a list" : "want an object" : "it is missing");
		return NULL;
	}
	return item;
}

/* "2026-11-23T15:00:00Z", as text_format_time() writes it and nothing else. Returns whether it is there. */
static bool take_time(struct reader *reader, const cJSON *object, const char *name, bool required, int64_t *seconds)
{
	const char *text = take_text(reader, object, name, required), *end;
	char again[TEXT_TIME_SIZE];
	struct tm parts = { 0 };

	if (!text || reader->failed)
		return false;
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	*seconds = timegm(&parts);
	text_format_time(*seconds, again);
	if (!end || *end || strcmp(again, text) != 0) {
		fail(reader, name, "want a time, as 2026-11-23T15:00:00Z");
		return false;
	}
	return true;
}

/* length: 0: 40 or 64 */
static bool is_hex(const char *text, size_t length)
{
	size_t digits = strspn(text, "0123456789abcdef");

	return !text[digits] && (length ? digits == length : digits == 40 || digits == 64);
}

static void take_id(struct reader *reader, const cJSON *object, const char *name, char id[OBJECT_ID_HEX_SIZE])
{
	const char *text = take_text(reader, object, name, false);

	if (!text)
		return;
	if (is_hex(text, 0))
		strcpy(id, text);
	else
		fail(reader, name, "want 40 or 64 hexadecimal digits");
}

/* One of count words, by their names. */
static unsigned take_choice(struct reader *reader, const cJSON *object, const char *name, unsigned count, const char *(*name_of)(unsigned))
{
	const char *text = take_text(reader, object, name, true);

	for (unsigned i = 0; i < count; i++) {
		if (strcmp(text, name_of(i)) == 0)
			return i;
	}
	fail(reader, name, "it is none of the words that stand there");
	return 0;
}

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
static size_t enter(struct reader *reader, const char *name)
{
	size_t length = strlen(reader->where);

	snprintf(reader->where + length, sizeof(reader->where) - length, "%s.", name);
	return length;
}

static void leave(struct reader *reader, size_t length)
{
	reader->where[length] = '\0';
}

/* A list of texts as one, each ended by (or, but for the last one, followed by) a character that none of them holds. */
static char *read_list(struct reader *reader, const cJSON *object, const char *name, char separator, bool ended)
{
	const cJSON *list = take_container(reader, object, name, false, true), *item;
	const char none[] = { separator, '\0' };
	struct buffer joined = BUFFER_INIT;
	char *kept;

	cJSON_ArrayForEach(item, list)
	{
		const char *text = text_of(reader, item, name, true);

		if (strpbrk(text, none) || !*text)
			fail(reader, name, "there is one that cannot be a name");
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

static void read_place(struct reader *reader, const cJSON *object, struct place *place)
{
	const struct report_result *result = &reader->saved->result;

	if (!cJSON_IsObject(object)) {
		fail(reader, "", "want an object");
		return;
	}
	place->target = (uint32_t)take_number(reader, object, "target", true, UINT32_MAX);
	if (place->target >= result->target_count && !reader->any_target)
		fail(reader, "target", "there are only %zu targets", result->target_count);
	place->kind = (enum place_kind)take_choice(reader, object, "kind", PLACE_KIND_COUNT, place_kind_at);
	place->path = saved_keep(reader->saved, take_text(reader, object, "path", false));
	place->archive_path = read_list(reader, object, "archive_path", '\n', false);
	place->encoding = read_list(reader, object, "encoding", ',', false);
	place->line = take_number(reader, object, "line", false, ANY_NUMBER);
	place->column = take_number(reader, object, "column", false, ANY_NUMBER);
	place->offset = take_number(reader, object, "offset", true, ANY_NUMBER);
	take_id(reader, object, "object", place->object);
	take_id(reader, object, "commit", place->commit);
	place->author = saved_keep(reader->saved, take_text(reader, object, "author", false));
	place->has_date = take_time(reader, object, "date", false, &place->date);
	place->reachable = !member(object, "reachable") || take_bool(reader, object, "reachable", false);
}

static void read_places(struct reader *reader, const cJSON *places, struct finding *finding)
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

static void read_places_total(struct reader *reader, const cJSON *object, struct finding *finding)
{
	finding->places_total = take_number(reader, object, "places_total", true, ANY_NUMBER);
	if (finding->places_total < finding->place_count)
		fail(reader, "places_total", "there are %zu already", finding->place_count);
}

static void read_sighting(struct reader *reader, const cJSON *object, const char *name, struct sighting *sighting)
{
	const cJSON *item = member(object, name);
	size_t before;

	if (!item || cJSON_IsNull(item))
		return;
	if (!cJSON_IsObject(item)) {
		fail(reader, name, "want an object or null");
		return;
	}
	before = enter(reader, name);
	take_id(reader, item, "commit", sighting->commit);
	take_time(reader, item, "date", true, &sighting->date);
	if (!sighting->commit[0])
		fail(reader, "commit", "it is missing");
	leave(reader, before);
}

static void read_revocation(struct reader *reader, const cJSON *object, struct revocation *revocation)
{
	const cJSON *item = take_container(reader, object, "revocation", true, false);
	size_t before;

	if (!item)
		return;
	before = enter(reader, "revocation");
	revocation->state = (enum revocation_state)take_choice(reader, item, "state", REVOCATION_STATE_COUNT, state_at);
	revocation->http_status = (unsigned)take_number(reader, item, "http_status", false, 999);
	revocation->attempts = (unsigned)take_number(reader, item, "attempts", false, 1000000);
	revocation->has_time = take_time(reader, item, "at", false, &revocation->at);
	revocation->earlier = take_bool(reader, item, "earlier", false);
	if (member(item, "verified"))
		revocation->verified = (enum verification)take_choice(reader, item, "verified", VERIFICATION_UNKNOWN + 1, verification_at);
	revocation->message = saved_keep(reader->saved, take_text(reader, item, "message", false));
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

static void read_finding(struct reader *reader, const cJSON *object, struct finding *finding)
{
	static const char scheme[] = "sha256:";
	const char *rule = take_word(reader, object, "rule"), *provider = take_word(reader, object, "provider");
	const char *fingerprint = take_text(reader, object, "fingerprint", true);

	finding->rule = reader->failed ? NULL : saved_rule(reader->saved, rule, provider);
	if (!finding->rule)
		fail(reader, "rule", "there are more than %d rules", SAVED_RULES_MAX);
	finding->confidence = (enum confidence)take_choice(reader, object, "confidence", CONFIDENCE_CERTAIN + 1, confidence_at);
	finding->shown = saved_keep_shown(reader->saved, take_word(reader, object, "secret"));
	if (strncmp(fingerprint, scheme, strlen(scheme)) != 0 || !is_hex(fingerprint + strlen(scheme), SECRET_FINGERPRINT_SIZE - 1))
		fail(reader, "fingerprint", "want sha256: and 64 hexadecimal digits");
	else
		strcpy(finding->fingerprint, fingerprint + strlen(scheme));
	finding->encoding = read_list(reader, object, "encoding", ',', false);
	read_places(reader, take_container(reader, object, "places", true, true), finding);
	read_places_total(reader, object, finding);
	finding->commits_total = take_number(reader, object, "commits_total", false, ANY_NUMBER);
	read_sighting(reader, object, "first_seen", &finding->first_seen);
	read_sighting(reader, object, "last_seen", &finding->last_seen);
	finding->at_head = take_bool(reader, object, "at_head", true);
	read_sighting(reader, object, "removed", &finding->removed);
	finding->refs = read_list(reader, object, "refs", '\n', true);
	finding->refs_total = take_number(reader, object, "refs_total", false, ANY_NUMBER);
	read_revocation(reader, object, &finding->revocation);
}

static void read_target(struct reader *reader, const cJSON *object)
{
	struct target *target = saved_add_target(reader->saved);

	target->kind = saved_keep(reader->saved, take_word(reader, object, "kind"));
	target->path = saved_keep(reader->saved, take_text(reader, object, "path", false));
	target->commits = take_number(reader, object, "commits", true, ANY_NUMBER);
	target->objects = take_number(reader, object, "objects", true, ANY_NUMBER);
	target->bytes = take_number(reader, object, "bytes", true, ANY_NUMBER);
}

/* The last one may say how many more there were, which the summary tells too. */
static void read_incomplete(struct reader *reader, const cJSON *object)
{
	const char *what = take_word(reader, object, "what");
	struct incomplete *incomplete;

	if (strcmp(what, "more") == 0 && !member(object, "target"))
		return;
	incomplete = saved_add_incomplete(reader->saved);
	incomplete->what = saved_keep(reader->saved, what);
	incomplete->target = (uint32_t)take_number(reader, object, "target", true, UINT32_MAX);
	take_id(reader, object, "object", incomplete->object);
	incomplete->path = saved_keep(reader->saved, take_text(reader, object, "path", false));
	incomplete->detail = saved_keep(reader->saved, take_text(reader, object, "detail", false));
}

/* ---- the report ---- */

static void read_items(struct reader *reader, const cJSON *root, const char *name)
{
	const cJSON *items = take_container(reader, root, name, true, true), *item;
	size_t index = 0;

	cJSON_ArrayForEach(item, items)
	{
		if (reader->failed)
			return;
		snprintf(reader->where, sizeof(reader->where), "%s[%zu].", name, index);
		if (!cJSON_IsObject(item))
			fail(reader, "", "want an object");
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
static void read_sandbox(struct reader *reader, const cJSON *root)
{
	const cJSON *object = take_container(reader, root, "sandbox", false, false);
	struct sandbox *sandbox = &reader->saved->sandbox;
	size_t before;

	if (!object)
		return;
	before = enter(reader, "sandbox");
	sandbox->mode = (enum sandbox_mode)take_choice(reader, object, "mode", SANDBOX_OFF + 1, sandbox_mode_at);
	if (!cJSON_IsNull(member(object, "landlock_abi")))
		sandbox->landlock_abi = (unsigned)take_number(reader, object, "landlock_abi", true, UINT32_MAX);
	sandbox->seccomp = take_bool(reader, object, "seccomp", true);
	leave(reader, before);
	reader->saved->result.sandbox = sandbox;
}

static void read_root(struct reader *reader, const cJSON *root)
{
	struct report_result *result = &reader->saved->result;
	const cJSON *summary;

	if (!cJSON_IsObject(root)) {
		fail(reader, "it", "want an object");
		return;
	}
	if (strcmp(take_text(reader, root, "schema", true), SCHEMA) != 0)
		fail(reader, "schema", "want " SCHEMA ": it was written by something else, or by a later version");
	result->version = saved_keep(reader->saved, take_word(reader, root, "staunch"));
	take_time(reader, root, "started", true, &result->started);
	take_time(reader, root, "finished", true, &result->finished);
	result->dry_run = take_bool(reader, root, "dry_run", true);
	result->interrupted = take_bool(reader, root, "interrupted", false);
	result->interrupted_later = result->interrupted && member(root, "interrupted_while");
	result->interrupted &= !result->interrupted_later;
	read_sandbox(reader, root);
	read_items(reader, root, "targets");
	read_items(reader, root, "findings");
	read_items(reader, root, "incomplete");
	summary = take_container(reader, root, "summary", true, false);
	result->suppressed = take_number(reader, summary, "suppressed", true, ANY_NUMBER);
	result->incomplete_total = take_number(reader, summary, "incomplete", true, ANY_NUMBER);
	if (result->incomplete_total < result->incomplete_count)
		fail(reader, "summary.incomplete", "there are %zu already", result->incomplete_count);
	if (take_number(reader, summary, "findings", true, ANY_NUMBER) != result->finding_count)
		fail(reader, "summary.findings", "there are %zu: the file was cut or changed", result->finding_count);
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
static cJSON *parse(struct reader *reader, const char *text, size_t length)
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
	struct reader reader = { .saved = saved, .file = file, .wrong = "is no report of staunch", .error = error };
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
	struct reader reader = { .saved = saved, .file = from, .wrong = "has places that no report has", .any_target = true, .error = error };
	cJSON *root = parse(&reader, places, strlen(places));

	if (!root)
		return ERROR_MALFORMED;
	if (!cJSON_IsArray(root))
		fail(&reader, "places", "want a list");
	else
		read_places(&reader, root, finding);
	cJSON_Delete(root);
	return reader.failed ? ERROR_MALFORMED : 0;
}
