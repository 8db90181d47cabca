/*
 * The formats json and jsonl (design section 6): the same members, in one object or one a line.
 */
#include "report/format.h"

#include "base/memory.h"
#include "report/json_writer.h"
#include "rule/rule.h"
#include "sandbox/sandbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What writing a part of the report needs. */
struct part {
	struct json_writer writer;
	struct report_mask mask;
	struct buffer text; /* for one value */
};

static void part_init(struct part *part, struct buffer *out, const struct report_result *result,
		      const struct finding *finding, bool pretty)
{
	*part = (struct part){ .writer = { .out = out, .pretty = pretty } };
	report_mask_init(&part->mask, result, finding);
}

static void part_release(struct part *part)
{
	report_mask_release(&part->mask);
	buffer_release(&part->text);
}

/* A text from outside; nothing when there is none. */
static void add_text(struct part *part, const char *name, const char *text)
{
	if (!text)
		return;
	buffer_clear(&part->text);
	report_mask_add(&part->mask, &part->text, text);
	json_string(&part->writer, name, part->text.bytes);
}

static void add_id(struct json_writer *writer, const char *name, const char *id)
{
	if (id[0])
		json_string(writer, name, id);
}

static void add_encoding(struct json_writer *writer, const char *encoding)
{
	json_open(writer, "encoding", '[');
	while (encoding && *encoding) {
		size_t length = strcspn(encoding, ",");
		char *form = memory_copy_bytes(encoding, length);

		json_string(writer, NULL, form);
		free(form);
		encoding += length + (encoding[length] == ',');
	}
	json_close(writer, ']');
}

/* The members on the way into a container. */
static void add_archive_path(struct part *part, const char *archive_path)
{
	char *member;

	json_open(&part->writer, "archive_path", '[');
	while ((member = place_next_member(&archive_path))) {
		add_text(part, NULL, member);
		free(member);
	}
	json_close(&part->writer, ']');
}

static void add_place(struct part *part, const struct place *place)
{
	struct json_writer *writer = &part->writer;

	json_open(writer, NULL, '{');
	json_number(writer, "target", place->target);
	json_string(writer, "kind", place_kind_name(place->kind));
	add_text(part, "path", place->path);
	add_archive_path(part, place->archive_path);
	if (place->encoding)
		add_encoding(writer, place->encoding);
	if (place->line)
		json_number(writer, "line", place->line);
	if (place->column)
		json_number(writer, "column", place->column);
	json_number(writer, "offset", place->offset);
	add_id(writer, "object", place->object);
	add_id(writer, "commit", place->commit);
	add_text(part, "author", place->author);
	if (place->has_date)
		json_time(writer, "date", place->date);
	if (report_place_in_git(place))
		json_bool(writer, "reachable", place->reachable);
	json_close(writer, '}');
}

/* The member of this name, or with NULL the bare array. */
static void add_places(struct part *part, const char *name, const struct finding *finding)
{
	json_open(&part->writer, name, '[');
	for (size_t i = 0; i < finding->place_count; i++)
		add_place(part, &finding->places[i]);
	json_close(&part->writer, ']');
}

void report_add_places(struct buffer *buffer, const struct report_result *result, const struct finding *finding)
{
	struct part part;

	part_init(&part, buffer, result, finding, false);
	add_places(&part, NULL, finding);
	part_release(&part);
}

static void add_sighting(struct json_writer *writer, const char *name, const struct sighting *sighting)
{
	if (!sighting->commit[0]) {
		json_null(writer, name);
		return;
	}
	json_open(writer, name, '{');
	json_string(writer, "commit", sighting->commit);
	json_time(writer, "date", sighting->date);
	json_close(writer, '}');
}

static void add_revocation(struct part *part, const struct finding *finding)
{
	const struct revocation *revocation = &finding->revocation;
	struct json_writer *writer = &part->writer;

	json_open(writer, "revocation", '{');
	json_string(writer, "state", revocation_state_name(revocation->state));
	if (revocation->state == REVOCATION_ACCEPTED && finding->rule->submitted_only)
		json_string(writer, "meaning", "submitted");
	if (revocation->http_status)
		json_number(writer, "http_status", revocation->http_status);
	if (revocation->attempts)
		json_number(writer, "attempts", revocation->attempts);
	if (revocation->has_time)
		json_time(writer, "at", revocation->at);
	if (revocation->earlier)
		json_bool(writer, "earlier", true);
	if (revocation->verified)
		json_string(writer, "verified", verification_name(revocation->verified));
	add_text(part, "message", revocation->message);
	json_close(writer, '}');
}

/* The references whose history holds it, the first of them; refs_total counts all. */
static void add_refs(struct part *part, const struct finding *finding)
{
	const char *name = finding->refs, *end;

	json_open(&part->writer, "refs", '[');
	for (; name && (end = strchr(name, '\n')); name = end + 1) {
		char *copy = memory_copy_bytes(name, (size_t)(end - name));

		add_text(part, NULL, copy);
		free(copy);
	}
	json_close(&part->writer, ']');
	json_number(&part->writer, "refs_total", finding->refs_total);
}

static void add_finding_members(struct part *part, const struct finding *finding)
{
	struct json_writer *writer = &part->writer;
	bool in_git = finding->commits_total > 0;

	json_string(writer, "rule", finding->rule->id);
	json_string(writer, "provider", finding->rule->provider);
	json_string(writer, "confidence", confidence_name(finding->confidence));
	buffer_clear(&part->text);
	report_shorten(&part->text, finding);
	json_string(writer, "secret", part->text.bytes);
	buffer_clear(&part->text);
	buffer_add_format(&part->text, "sha256:%s", finding->fingerprint);
	json_string(writer, "fingerprint", part->text.bytes);
	add_encoding(writer, finding->encoding);
	add_places(part, "places", finding);
	for (size_t i = 0; i < finding->place_count; i++)
		in_git = in_git || report_place_in_git(&finding->places[i]);
	json_number(writer, "places_total", finding->places_total);
	if (in_git)
		json_number(writer, "commits_total", finding->commits_total);
	add_sighting(writer, "first_seen", &finding->first_seen);
	add_sighting(writer, "last_seen", &finding->last_seen);
	json_bool(writer, "at_head", finding->at_head);
	if (in_git) {
		add_sighting(writer, "removed", &finding->removed);
		add_refs(part, finding);
	}
	add_revocation(part, finding);
}

/* What the scan process had given up, as sandbox.h says it. */
static void add_sandbox(struct json_writer *writer, const struct sandbox *sandbox)
{
	json_open(writer, "sandbox", '{');
	json_string(writer, "mode", sandbox_mode_name(sandbox->mode));
	if (sandbox->landlock_abi)
		json_number(writer, "landlock_abi", sandbox->landlock_abi);
	else
		json_null(writer, "landlock_abi");
	json_bool(writer, "seccomp", sandbox->seccomp);
	json_close(writer, '}');
}

static void add_run(struct part *part, const struct report_result *result)
{
	struct json_writer *writer = &part->writer;

	json_string(writer, "schema", "staunch-report/1");
	json_string(writer, "staunch", result->version);
	json_time(writer, "started", result->started);
	json_time(writer, "finished", result->finished);
	json_bool(writer, "dry_run", result->dry_run);
	if (result->interrupted || result->interrupted_later)
		json_bool(writer, "interrupted", true);
	if (result->interrupted_later)
		json_string(writer, "interrupted_while", "sending");
	if (result->sandbox)
		add_sandbox(writer, result->sandbox);
	json_open(writer, "targets", '[');
	for (size_t i = 0; i < result->target_count; i++) {
		const struct target *target = &result->targets[i];

		json_open(writer, NULL, '{');
		json_string(writer, "kind", target->kind);
		add_text(part, "path", target->path);
		json_number(writer, "commits", target->commits);
		json_number(writer, "objects", target->objects);
		json_number(writer, "bytes", target->bytes);
		json_close(writer, '}');
	}
	json_close(writer, ']');
}

static void add_incomplete(struct part *part, const struct report_result *result)
{
	struct json_writer *writer = &part->writer;

	json_open(writer, "incomplete", '[');
	for (size_t i = 0; i < result->incomplete_count; i++) {
		const struct incomplete *incomplete = &result->incomplete[i];

		json_open(writer, NULL, '{');
		json_number(writer, "target", incomplete->target);
		json_string(writer, "what", incomplete->what);
		add_id(writer, "object", incomplete->object);
		add_text(part, "path", incomplete->path);
		add_text(part, "detail", incomplete->detail);
		json_close(writer, '}');
	}
	if (result->incomplete_total > result->incomplete_count) {
		buffer_clear(&part->text);
		buffer_add_format(&part->text, "%" PRIu64 " more",
				  result->incomplete_total - result->incomplete_count);
		json_open(writer, NULL, '{');
		json_string(writer, "what", "more");
		json_string(writer, "detail", part->text.bytes);
		json_close(writer, '}');
	}
	json_close(writer, ']');
}

static void add_summary(struct json_writer *writer, const struct report_result *result)
{
	struct report_counts counts = report_count(result);

	json_open(writer, "summary", '{');
	json_number(writer, "findings", result->finding_count);
	json_number(writer, "accepted", counts.by_state[REVOCATION_ACCEPTED]);
	json_number(writer, "gone", counts.by_state[REVOCATION_GONE]);
	json_number(writer, "rejected", counts.by_state[REVOCATION_REJECTED]);
	json_number(writer, "pending", counts.by_state[REVOCATION_PENDING]);
	json_number(writer, "suppressed", result->suppressed);
	json_number(writer, "incomplete", result->incomplete_total);
	json_close(writer, '}');
}

static void json_finish(struct report *report, const struct report_result *result)
{
	struct part part;

	part_init(&part, &report->output.pending, result, NULL, true);
	json_open(&part.writer, NULL, '{');
	add_run(&part, result);
	json_open(&part.writer, "findings", '[');
	for (size_t i = 0; i < result->finding_count; i++) {
		json_open(&part.writer, NULL, '{');
		add_finding_members(&part, result->findings[i]);
		json_close(&part.writer, '}');
		output_relieve(&report->output);
	}
	json_close(&part.writer, ']');
	add_incomplete(&part, result);
	add_summary(&part.writer, result);
	json_close(&part.writer, '}');
	buffer_add_char(&report->output.pending, '\n');
	part_release(&part);
}

static void jsonl_settled(struct report *report, const struct report_result *result, const struct finding *finding)
{
	struct part part;

	part_init(&part, &report->output.pending, result, finding, false);
	json_open(&part.writer, NULL, '{');
	json_string(&part.writer, "type", "finding");
	add_finding_members(&part, finding);
	json_close(&part.writer, '}');
	buffer_add_char(&report->output.pending, '\n');
	part_release(&part);
	output_flush(&report->output);
}

static void jsonl_finish(struct report *report, const struct report_result *result)
{
	struct part part;

	part_init(&part, &report->output.pending, result, NULL, false);
	json_open(&part.writer, NULL, '{');
	json_string(&part.writer, "type", "summary");
	add_run(&part, result);
	add_incomplete(&part, result);
	add_summary(&part.writer, result);
	json_close(&part.writer, '}');
	buffer_add_char(&report->output.pending, '\n');
	part_release(&part);
}

const struct report_format report_format_json = { .name = "json", .finish = json_finish };
const struct report_format report_format_jsonl = { .name = "jsonl", .settled = jsonl_settled, .finish = jsonl_finish };
