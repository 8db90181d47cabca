#define _GNU_SOURCE
#include "scan/ignore_file.h"

#include "base/log.h"
#include "base/memory.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define FINGERPRINT_PREFIX "sha256:"
#define UNTIL "until"

/* One line: what it names, and what is said about it. */
struct entry {
	const char *text, *comment;
	size_t length, comment_length;
};

static bool is_blank(char character)
{
	return character == ' ' || character == '\t' || character == '\r';
}

static void split_line(struct entry *entry, const char *line, size_t length)
{
	const char *end = line + length, *comment = end;

	while (line < end && is_blank(*line))
		line++;
	/* '#' begins a comment at the front and behind a blank: elsewhere it is part of a name */
	for (const char *at = line; at < end; at++) {
		if (*at == '#' && (at == line || is_blank(at[-1]))) {
			comment = at;
			break;
		}
	}
	entry->comment = comment;
	entry->comment_length = (size_t)(end - comment);
	while (comment > line && is_blank(comment[-1]) && !(comment - line > 1 && comment[-2] == '\\'))
		comment--;
	entry->text = line;
	entry->length = (size_t)(comment - line);
}

/* The end of a day of the calendar, in seconds since the epoch; false for what is none. */
static bool end_of_day(const char *text, size_t length, int64_t *end)
{
	char copy[11] = "";
	struct tm time = { 0 };
	const char *rest;
	int day;

	if (length != 10)
		return false;
	memcpy(copy, text, 10);
	if (strspn(copy, "0123456789-") != 10 || copy[4] != '-' || copy[7] != '-')
		return false;
	rest = strptime(copy, "%Y-%m-%d", &time);
	if (!rest || *rest)
		return false;
	day = time.tm_mday;
	*end = (int64_t)timegm(&time) + 24 * 60 * 60;
	return time.tm_mday == day; /* timegm() makes 1 March of 30 February */
}

/* Behind "until" in a comment: where its date begins, or NULL where it is a word of the reason. "Until: ", "until 2027…" mean one as well. */
static const char *find_date(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	if (at < end && (*at == '=' || *at == ':'))
		return at + 1;
	return at < end && *at >= '0' && *at <= '9' ? at : NULL;
}

/* What is wrong with the dates of an entry, if it has any: NULL while it counts. */
static const char *check_dates(const struct entry *entry, int64_t now)
{
	const char *end = entry->comment + entry->comment_length;

	for (const char *at = entry->comment; end - at >= (ptrdiff_t)strlen(UNTIL); at++) {
		const char *date = strncasecmp(at, UNTIL, strlen(UNTIL)) ? NULL : find_date(at + strlen(UNTIL), end);
		size_t length = 0;
		int64_t until;

		if (!date)
			continue;
		while (date + length < end && !is_blank(date[length]))
			length++;
		if (date[-1] != '=' || !end_of_day(date, length, &until))
			return "its date is none (write until=2027-01-31), so it counts as none";
		if (now >= until)
			return "expired, so it counts as none";
	}
	return NULL;
}

static bool add_fingerprint(struct ignore_file *file, const struct entry *entry)
{
	const char *digits = entry->text + strlen(FINGERPRINT_PREFIX);
	char *to;

	if (entry->length != strlen(FINGERPRINT_PREFIX) + SECRET_FINGERPRINT_SIZE - 1)
		return false;
	memory_grow(file->fingerprints, file->fingerprint_count, file->fingerprint_capacity);
	to = file->fingerprints[file->fingerprint_count];
	memcpy(to, digits, SECRET_FINGERPRINT_SIZE - 1);
	to[SECRET_FINGERPRINT_SIZE - 1] = '\0';
	if (strspn(to, "0123456789abcdef") != SECRET_FINGERPRINT_SIZE - 1)
		return false;
	file->fingerprint_count++;
	return true;
}

static bool add_pattern(struct ignore_file *file, const struct entry *entry)
{
	struct path_pattern pattern;

	if (file->pattern_count >= IGNORE_FILE_PATTERNS_MAX || !path_pattern_compile(&pattern, entry->text, entry->length))
		return false;
	memory_grow(file->patterns, file->pattern_count, file->pattern_capacity);
	file->patterns[file->pattern_count++] = pattern;
	return true;
}

/* Take an entry. Returns NULL, or why it counts as none. */
static const char *take_entry(struct ignore_file *file, const struct entry *entry, int64_t now)
{
	bool is_fingerprint = !strncmp(entry->text, FINGERPRINT_PREFIX, strlen(FINGERPRINT_PREFIX));
	const char *why = check_dates(entry, now);

	if (!why && !(is_fingerprint ? add_fingerprint(file, entry) : add_pattern(file, entry)))
		why = "neither a fingerprint nor a path pattern, so it counts as none";
	return why;
}

static int compare_fingerprints(const void *a, const void *b)
{
	return memcmp(a, b, SECRET_FINGERPRINT_SIZE - 1);
}

void ignore_file_parse(struct ignore_file *file, const char *text, size_t size, const char *name, int64_t now, bool silent)
{
	const char *line = text, *end = text + size, *next;
	unsigned number = 1;

	*file = (struct ignore_file){ 0 };
	for (; line < end; line = next + 1, number++) {
		const char *why;
		struct entry entry;

		next = memchr(line, '\n', (size_t)(end - line));
		if (!next)
			next = end;
		split_line(&entry, line, (size_t)(next - line));
		if (!entry.length)
			continue;
		why = take_entry(file, &entry, now);
		if (why && !silent)
			log_note("%s:%u: '%.*s': %s", name, number, entry.length > 100 ? 100 : (int)entry.length, entry.text, why);
	}
	if (file->fingerprint_count)
		qsort(file->fingerprints, file->fingerprint_count, sizeof(*file->fingerprints), compare_fingerprints);
}

void ignore_file_release(struct ignore_file *file)
{
	for (size_t i = 0; i < file->pattern_count; i++)
		path_pattern_release(&file->patterns[i]);
	free(file->patterns);
	free(file->fingerprints);
	*file = (struct ignore_file){ 0 };
}

bool ignore_file_has_fingerprint(const struct ignore_file *file, const char *fingerprint)
{
	return file->fingerprint_count && bsearch(fingerprint, file->fingerprints, file->fingerprint_count,
						  sizeof(*file->fingerprints), compare_fingerprints);
}

bool ignore_file_has_path(const struct ignore_file *file, const char *path)
{
	return path_patterns_leave_out(file->patterns, file->pattern_count, path);
}
