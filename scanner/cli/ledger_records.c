#include "cli/ledger_records.h"

#include "base/mask.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

/* ---- for people ---- */

static void add_shown(struct buffer *buffer, const char *text)
{
	struct buffer masked = BUFFER_INIT;

	buffer_add_string(&masked, ""); /* so that there is a text in any case */
	mask_add(&masked, text);
	text_add_harmless(buffer, masked.bytes);
	buffer_release(&masked);
}

/* Where it was found: the first place, and how many more there are. */
static void add_where(struct buffer *buffer, const struct ledger_key *key)
{
	if (key->source_count && key->sources[0].path)
		add_shown(buffer, key->sources[0].path);
	else if (key->source_count)
		buffer_add_string(buffer, "(standard input)");
	if (key->source_count > 1)
		buffer_add_format(buffer, " and %zu more", key->source_count - 1);
}

/* What --verify saw, as reports say it. */
static const char *verified_words(const char *verified)
{
	if (strcmp(verified, "dead") == 0)
		return "the key is dead";
	return strcmp(verified, "alive") == 0 ? "the key still works" : "whether the key is dead is not known";
}

void record_add_human(struct buffer *buffer, const struct ledger_record *record)
{
	char updated[TEXT_TIME_SIZE];

	text_format_time(record->updated, updated);
	buffer_add_format(buffer, "%-8s  %s  ", record->state, updated);
	add_shown(buffer, record->key.secret);
	buffer_add_string(buffer, "  ");
	add_shown(buffer, record->key.rule);
	buffer_add_string(buffer, "  ");
	add_where(buffer, &record->key);
	buffer_add_char(buffer, '\n');
	if (*record->verified)
		buffer_add_format(buffer, "          %s\n", verified_words(record->verified));
	if (*record->message) {
		buffer_add_string(buffer, "          ");
		add_shown(buffer, record->message);
		buffer_add_char(buffer, '\n');
	}
}

/* ---- for tables ---- */

void record_add_csv_heading(struct buffer *buffer)
{
	buffer_add_string(buffer, "fingerprint,secret,rule,provider,confidence,state,http_status,attempts,found,updated,message,"
				  "endpoint,places,where,host,user,run,staunch,verified\r\n");
}

/*
 * A field. A table program would compute one that begins like a formula, and what the text is came from strangers: an
 * apostrophe before it makes it a text (OWASP, "CSV Injection").
 */
static void add_field(struct buffer *buffer, const char *text)
{
	buffer_add_char(buffer, '"');
	if (*text && strchr("=+-@\t\r", *text))
		buffer_add_char(buffer, '\'');
	for (; *text; text++) {
		if (*text == '"')
			buffer_add_char(buffer, '"');
		buffer_add_char(buffer, *text);
	}
	buffer_add_char(buffer, '"');
}

static void add_text_field(struct buffer *buffer, const char *text)
{
	struct buffer shown = BUFFER_INIT;

	buffer_add_string(&shown, ""); /* so that there is a text in any case */
	add_shown(&shown, text);
	add_field(buffer, shown.bytes);
	buffer_release(&shown);
}

void record_add_csv(struct buffer *buffer, const struct ledger_record *record)
{
	const struct ledger_key *key = &record->key;
	const char *const first[] = { key->secret, key->rule, key->provider, key->confidence, record->state };
	const char *const last[] = { record->host, record->user, record->run, record->version, record->verified };
	char found[TEXT_TIME_SIZE], updated[TEXT_TIME_SIZE];
	struct buffer where = BUFFER_INIT;

	text_format_time(record->found, found);
	text_format_time(record->updated, updated);
	buffer_add_format(buffer, "sha256:%s", key->fingerprint);
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		buffer_add_char(buffer, ',');
		add_text_field(buffer, first[i]);
	}
	buffer_add_format(buffer, ",%u,%zu,%s,%s,", record->http_status, record->attempt_count, found, updated);
	add_text_field(buffer, record->message);
	buffer_add_char(buffer, ',');
	add_text_field(buffer, key->endpoint);
	buffer_add_format(buffer, ",%" PRIu64 ",", key->places_total);
	buffer_add_string(&where, "");
	add_where(&where, key);
	add_field(buffer, where.bytes);
	buffer_release(&where);
	for (size_t i = 0; i < sizeof(last) / sizeof(*last); i++) {
		buffer_add_char(buffer, ',');
		add_text_field(buffer, last[i]);
	}
	buffer_add_string(buffer, "\r\n");
}

/* ---- for programs ---- */

static void add_fingerprint(struct json_writer *writer, const char *fingerprint)
{
	struct buffer text = BUFFER_INIT;

	buffer_add_format(&text, "sha256:%s", fingerprint);
	json_string(writer, "fingerprint", text.bytes);
	buffer_release(&text);
}

static void add_run(struct json_writer *writer, const char *run, const char *host, const char *user, const char *version)
{
	json_open(writer, "by", '{');
	json_string(writer, "run", run);
	json_string(writer, "host", host);
	json_string(writer, "user", user);
	json_string(writer, "staunch", version);
	json_close(writer, '}');
}

static void add_outcome(struct json_writer *writer, const char *state, unsigned http_status, const char *message)
{
	json_string(writer, "state", state);
	if (http_status)
		json_number(writer, "http_status", http_status);
	if (*message)
		json_string(writer, "message", message);
}

static void add_attempt(struct json_writer *writer, const struct ledger_attempt *attempt)
{
	json_open(writer, NULL, '{');
	json_time(writer, "started", attempt->started);
	json_number(writer, "duration_ms", (uint64_t)attempt->duration_ms);
	add_outcome(writer, attempt->state, attempt->http_status, attempt->message);
	add_run(writer, attempt->run, attempt->host, attempt->user, attempt->version);
	json_close(writer, '}');
}

static void add_verification(struct json_writer *writer, const struct ledger_verification *verification)
{
	json_open(writer, NULL, '{');
	json_time(writer, "asked", verification->asked);
	json_number(writer, "attempt", verification->attempt);
	json_string(writer, "verified", verification->verified);
	if (*verification->message)
		json_string(writer, "message", verification->message);
	add_run(writer, verification->run, verification->host, verification->user, verification->version);
	json_close(writer, '}');
}

void record_add_members(struct json_writer *writer, const struct ledger_record *record)
{
	const struct ledger_key *key = &record->key;

	add_fingerprint(writer, key->fingerprint);
	json_string(writer, "secret", key->secret);
	json_string(writer, "rule", key->rule);
	json_string(writer, "provider", key->provider);
	json_string(writer, "confidence", key->confidence);
	json_string(writer, "endpoint", key->endpoint);
	add_outcome(writer, record->state, record->http_status, record->message);
	if (*record->verified)
		json_string(writer, "verified", record->verified);
	json_time(writer, "found", record->found);
	json_time(writer, "updated", record->updated);
	add_run(writer, record->run, record->host, record->user, record->version);
	json_open(writer, "attempts", '[');
	for (size_t i = 0; i < record->attempt_count; i++)
		add_attempt(writer, &record->attempts[i]);
	json_close(writer, ']');
	json_open(writer, "verifications", '[');
	for (size_t i = 0; i < record->verification_count; i++)
		add_verification(writer, &record->verifications[i]);
	json_close(writer, ']');
	json_open(writer, "sources", '[');
	for (size_t i = 0; i < key->source_count; i++) {
		json_open(writer, NULL, '{');
		json_string(writer, "kind", key->sources[i].kind);
		json_string(writer, "path", key->sources[i].path);
		json_close(writer, '}');
	}
	json_close(writer, ']');
	json_raw(writer, "places", key->places);
	json_number(writer, "places_total", key->places_total);
}
