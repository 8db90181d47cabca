/*
 * What a new key is to be, from the options. Everything is checked here, before anything is sent.
 */
#define _GNU_SOURCE
#include "cli/keys.h"

#include "base/mask.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUDGET_MAX 1e9
#define DURATION_HOURS_MAX (24L * 365 * 100)

/* "12h", "90d", "8w" as hours. False: it is none of these. */
static bool parse_duration(const char *text, long *hours)
{
	size_t digits = strspn(text, "0123456789");
	long unit = text[digits] == 'h' ? 1 : text[digits] == 'd' ? 24 : text[digits] == 'w' ? 7 * 24 : 0;

	if (!digits || digits > 6 || !unit || text[digits + 1] != '\0')
		return false;
	*hours = atol(text) * unit;
	return *hours > 0 && *hours <= DURATION_HOURS_MAX;
}

/* "2027-01-31" (its first moment, UTC) or "2027-01-31T12:00:00Z". False: it is neither, or no such day. */
static bool parse_date(const char *text, int64_t *seconds)
{
	char spelled[TEXT_TIME_SIZE];
	struct tm parts = { 0 };
	const char *end = strptime(text, "%Y-%m-%d", &parts);

	if (end && *end == 'T')
		end = strptime(end, "T%H:%M:%SZ", &parts);
	if (!end || *end)
		return false;
	*seconds = (int64_t)timegm(&parts);
	text_format_time(*seconds, spelled);
	return strncmp(spelled, text, strlen("2027-01-31")) == 0; /* the 31st of February is another day */
}

static int read_expiry(struct vercel_key *wish, const char *text, int64_t now_ms, struct error *error)
{
	int64_t seconds;
	long hours;

	if (parse_duration(text, &hours))
		wish->expires_at = now_ms + (int64_t)hours * 3600 * 1000;
	else if (parse_date(text, &seconds))
		wish->expires_at = seconds * 1000;
	else
		return error_set(error, ERROR_CONFIGURATION, "--expires '%s': want a time from now, as 12h, 90d or 8w, or a date, as 2027-01-31", text);
	if (wish->expires_at <= now_ms)
		return error_set(error, ERROR_CONFIGURATION, "--expires '%s': that is over", text);
	return 0;
}

static int read_name(struct vercel_key *wish, const char *text, struct error *error)
{
	size_t length = strlen(text);
	struct buffer masked = BUFFER_INIT;
	bool sound = length && length <= VERCEL_NAME_MAX && text_is_utf8(text, length), harmless;

	for (size_t at = 0, size; sound && at < length; at += size) {
		uint32_t character;

		size = text_decode_utf8((const unsigned char *)text + at, length - at, &character);
		sound = !text_steers_display(character);
	}
	if (!sound)
		return error_set(error, ERROR_CONFIGURATION, "--name: want 1 to %d bytes of UTF-8 without control characters", VERCEL_NAME_MAX);
	mask_add(&masked, text);
	harmless = !strcmp(masked.bytes, text);
	buffer_release(&masked);
	if (!harmless)
		return error_set(error, ERROR_CONFIGURATION, "--name: that looks like a key, and a name is for all to read");
	wish->name = memory_copy_string(text);
	return 0;
}

/* An amount of money: digits, with or without a point and more digits. */
static bool parse_amount(const char *text, double *amount)
{
	size_t digits = strspn(text, "0123456789"), more = 0;

	if (digits && text[digits] == '.')
		more = 1 + strspn(text + digits + 1, "0123456789");
	if (!digits || more == 1 || text[digits + more] != '\0')
		return false;
	*amount = strtod(text, NULL);
	return *amount > 0 && *amount <= BUDGET_MAX;
}

static int read_budget(struct vercel_quota *quota, const struct options *options, struct error *error)
{
	static const char *const periods[] = { "daily", "weekly", "monthly", "none" };

	if (!options->budget) {
		if (options->refresh || options->include_byok)
			return error_set(error, ERROR_CONFIGURATION, "--%s goes with --budget", options->refresh ? "refresh" : "include-byok");
		return 0;
	}
	if (!parse_amount(options->budget, &quota->limit))
		return error_set(error, ERROR_CONFIGURATION, "--budget '%s': want an amount above 0, as 50 or 12.50", options->budget);
	quota->present = true;
	quota->include_byok = options->include_byok;
	for (size_t i = 0; options->refresh && i < sizeof(periods) / sizeof(*periods); i++) {
		if (!strcmp(options->refresh, periods[i]))
			quota->refresh = memory_copy_string(periods[i]);
	}
	if (options->refresh && !quota->refresh)
		return error_set(error, ERROR_CONFIGURATION, "--refresh '%s': want daily, weekly, monthly or none", options->refresh);
	return 0;
}

int keys_wish_read(struct vercel_key *wish, const struct options *options, int64_t now_ms, struct error *error)
{
	if (options->project) {
		if (!vercel_id_is_sound(options->project))
			return error_set(error, ERROR_CONFIGURATION, "--project '%s': that is no id of a project (prj_…)", options->project);
		wish->project = memory_copy_string(options->project);
	}
	if (options->expires && read_expiry(wish, options->expires, now_ms, error))
		return ERROR_CONFIGURATION;
	if (options->name && read_name(wish, options->name, error))
		return ERROR_CONFIGURATION;
	return read_budget(&wish->quota, options, error);
}
