#include "report/keys.h"

#include "base/mask.h"
#include "base/text.h"
#include "report/json_writer.h"
#include "revoke/vercel.h"

#include <stdlib.h>
#include <string.h>

#define DAY_LENGTH 10 /* of "2026-11-23" */

enum column { COLUMN_ID, COLUMN_NAME, COLUMN_KEY, COLUMN_PROJECT, COLUMN_CREATED, COLUMN_USED, COLUMN_EXPIRES, COLUMN_BUDGET, COLUMN_LEAKED, COLUMN_COUNT };

static void add_outside(struct buffer *out, const char *text)
{
	struct buffer masked = BUFFER_INIT;

	buffer_reserve(&masked, 0);
	mask_add(&masked, text);
	text_add_harmless(out, masked.bytes);
	buffer_release(&masked);
}

/* The day of a time in milliseconds; otherwise where there is none. */
static void add_day(struct buffer *out, int64_t time_ms, const char *otherwise)
{
	char text[TEXT_TIME_SIZE];

	if (!time_ms) {
		buffer_add_string(out, otherwise);
		return;
	}
	text_format_time(time_ms / 1000, text);
	buffer_add(out, text, DAY_LENGTH);
}

/* "$12.5 of $50 monthly + own keys" */
static void add_budget(struct buffer *out, const struct vercel_quota *quota, bool with_spent)
{
	if (with_spent)
		buffer_add_format(out, "$%.15g of ", quota->spent + (quota->include_byok ? quota->byok_spent : 0));
	buffer_add_format(out, "$%.15g", quota->limit);
	if (quota->refresh && strcmp(quota->refresh, "none") != 0) {
		buffer_add_char(out, ' ');
		add_outside(out, quota->refresh);
	}
	if (quota->include_byok)
		buffer_add_string(out, " + BYOK");
}

static void add_cell(struct buffer *out, const struct vercel_key *key, enum column column)
{
	static const char *const titles[] = { "ID", "NAME", "KEY", "PROJECT", "CREATED", "LAST USED", "EXPIRES", "BUDGET", "LEAKED" };

	if (!key) {
		buffer_add_string(out, titles[column]);
		return;
	}
	switch (column) {
	case COLUMN_ID:
		buffer_add_string(out, key->id);
		break;
	case COLUMN_NAME:
		add_outside(out, key->name ? key->name : "-");
		break;
	case COLUMN_KEY:
		buffer_add_string(out, "…");
		add_outside(out, key->partial ? key->partial : "");
		break;
	case COLUMN_PROJECT:
		add_outside(out, key->project ? key->project : "all");
		break;
	case COLUMN_CREATED:
		add_day(out, key->created_at, "-");
		break;
	case COLUMN_USED:
		add_day(out, vercel_key_was_used(key) ? key->active_at : 0, "never");
		break;
	case COLUMN_EXPIRES:
		add_day(out, key->expires_at, "never");
		break;
	case COLUMN_BUDGET:
		if (key->quota.present)
			add_budget(out, &key->quota, true);
		else
			buffer_add_char(out, '-');
		break;
	case COLUMN_LEAKED:
		add_day(out, key->leaked_at, "-");
		if (key->leaked_at && key->leaked_url) {
			buffer_add_char(out, ' ');
			add_outside(out, key->leaked_url);
		}
		break;
	case COLUMN_COUNT:
		break;
	}
}

/* Columns as a terminal counts them: characters. Wide ones are counted as one; then a line is out of step, nothing worse. */
static size_t width_of(const struct buffer *cell)
{
	size_t width = 0;

	for (size_t i = 0; i < cell->length; i++)
		width += ((unsigned char)cell->bytes[i] & 0xc0) != 0x80;
	return width;
}

static void add_row(struct buffer *out, const struct vercel_key *key, const size_t widths[COLUMN_COUNT])
{
	struct buffer cell = BUFFER_INIT;

	for (int column = 0; column < COLUMN_COUNT; column++) {
		buffer_clear(&cell);
		add_cell(&cell, key, (enum column)column);
		buffer_add(out, cell.bytes, cell.length);
		for (size_t at = width_of(&cell); column + 1 < COLUMN_COUNT && at < widths[column] + 2; at++)
			buffer_add_char(out, ' ');
	}
	buffer_add_char(out, '\n');
	buffer_release(&cell);
}

static void measure(const struct vercel_key *key, size_t widths[COLUMN_COUNT])
{
	struct buffer cell = BUFFER_INIT;

	for (int column = 0; column < COLUMN_COUNT; column++) {
		buffer_clear(&cell);
		add_cell(&cell, key, (enum column)column);
		if (width_of(&cell) > widths[column])
			widths[column] = width_of(&cell);
	}
	buffer_release(&cell);
}

void report_keys_human(struct buffer *out, const struct vercel_key_list *list)
{
	size_t widths[COLUMN_COUNT] = { 0 };

	measure(NULL, widths);
	for (size_t i = 0; i < list->count; i++)
		measure(&list->keys[i], widths);
	add_row(out, NULL, widths);
	for (size_t i = 0; i < list->count; i++)
		add_row(out, &list->keys[i], widths);
}

void report_key_in_words(struct buffer *out, const struct vercel_key *key)
{
	buffer_add_string(out, key->id);
	if (key->name) {
		buffer_add_string(out, " '");
		add_outside(out, key->name);
		buffer_add_char(out, '\'');
	}
	buffer_add_string(out, " (…");
	add_outside(out, key->partial ? key->partial : "");
	buffer_add_string(out, key->project ? ", project " : ", all projects");
	add_outside(out, key->project ? key->project : "");
	buffer_add_string(out, key->expires_at ? ", expires " : ", never expires");
	add_day(out, key->expires_at, "");
	if (key->quota.present) {
		buffer_add_string(out, ", budget ");
		add_budget(out, &key->quota, false);
	}
	buffer_add_char(out, ')');
}

/* ---- JSON ---- */

static void write_outside(struct json_writer *writer, const char *name, const char *text)
{
	struct buffer masked = BUFFER_INIT;

	if (text) {
		buffer_reserve(&masked, 0);
		mask_add(&masked, text);
	}
	json_string(writer, name, masked.bytes);
	buffer_release(&masked);
}

static void write_time(struct json_writer *writer, const char *name, int64_t time_ms)
{
	if (time_ms)
		json_time(writer, name, time_ms / 1000);
	else
		json_null(writer, name);
}

static void write_budget(struct json_writer *writer, const struct vercel_quota *quota)
{
	if (!quota->present) {
		json_null(writer, "budget");
		return;
	}
	json_open(writer, "budget", '{');
	json_decimal(writer, "limit", quota->limit);
	json_decimal(writer, "spent", quota->spent);
	json_decimal(writer, "byok_spent", quota->byok_spent);
	json_bool(writer, "include_byok", quota->include_byok);
	write_outside(writer, "refresh", quota->refresh);
	json_open(writer, "alert_thresholds", '[');
	for (size_t i = 0; i < quota->threshold_count; i++)
		json_number(writer, NULL, (uint64_t)quota->thresholds[i]);
	json_close(writer, ']');
	json_close(writer, '}');
}

static void write_key(struct json_writer *writer, const struct vercel_key *key)
{
	json_open(writer, NULL, '{');
	json_string(writer, "id", key->id);
	write_outside(writer, "name", key->name);
	write_outside(writer, "partial_key", key->partial);
	write_outside(writer, "project", key->project);
	write_time(writer, "created", key->created_at);
	write_time(writer, "last_used", vercel_key_was_used(key) ? key->active_at : 0);
	write_time(writer, "expires", key->expires_at);
	write_time(writer, "leaked", key->leaked_at);
	write_outside(writer, "leaked_url", key->leaked_url);
	write_budget(writer, &key->quota);
	json_close(writer, '}');
}

void report_keys_json(struct buffer *out, const struct vercel_key_list *list)
{
	struct json_writer writer = { .out = out, .pretty = true };

	json_open(&writer, NULL, '{');
	json_string(&writer, "schema", "staunch-keys/1");
	json_open(&writer, "keys", '[');
	for (size_t i = 0; i < list->count; i++)
		write_key(&writer, &list->keys[i]);
	json_close(&writer, ']');
	json_close(&writer, '}');
	buffer_add_char(out, '\n');
}
