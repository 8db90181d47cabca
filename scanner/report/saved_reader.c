#define _GNU_SOURCE
#include "report/saved_reader.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NUMBER_MAX 9007199254740992.0 /* 2^53: above it a number of JSON is no longer exact */
#define WORD_MAX 200 /* bytes of what a report of ours has in a word or two: kinds, forms, the version, a shortened key */

void saved_fail(struct saved_reader *reader, const char *name, const char *format, ...)
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

const cJSON *saved_member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *saved_text_of(struct saved_reader *reader, const cJSON *item, const char *name, bool required)
{
	if (!item && !required)
		return NULL;
	if (!cJSON_IsString(item)) {
		saved_fail(reader, name, item ? "want a text" : "it is missing");
		return required ? "" : NULL;
	}
	return item->valuestring;
}

const char *saved_take_text(struct saved_reader *reader, const cJSON *object, const char *name, bool required)
{
	return saved_text_of(reader, saved_member(object, name), name, required);
}

static bool is_word(const char *text)
{
	return strlen(text) <= WORD_MAX && !text[strcspn(text, "\001\002\003\004\005\006\007\b\t\n\v\f\r\033\177")];
}

const char *saved_take_word(struct saved_reader *reader, const cJSON *object, const char *name)
{
	const char *text = saved_take_text(reader, object, name, true);

	if (!is_word(text))
		saved_fail(reader, name, "want a word, at most %d bytes of it", WORD_MAX);
	return text;
}

uint64_t saved_take_number(struct saved_reader *reader, const cJSON *object, const char *name, bool required, uint64_t most)
{
	const cJSON *item = saved_member(object, name);

	if (!item && !required)
		return 0;
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > NUMBER_MAX ||
	    item->valuedouble != (double)(uint64_t)item->valuedouble || (uint64_t)item->valuedouble > most) {
		saved_fail(reader, name, item ? "want a whole number that is not too large" : "it is missing");
		return 0;
	}
	return (uint64_t)item->valuedouble;
}

bool saved_take_bool(struct saved_reader *reader, const cJSON *object, const char *name, bool required)
{
	const cJSON *item = saved_member(object, name);

	if ((item || required) && !cJSON_IsBool(item))
		saved_fail(reader, name, item ? "want true or false" : "it is missing");
	return cJSON_IsTrue(item);
}

const cJSON *saved_take_container(struct saved_reader *reader, const cJSON *object, const char *name, bool required, bool array)
{
	const cJSON *item = saved_member(object, name);

	if (!item && !required)
		return NULL;
	if (array ? !cJSON_IsArray(item) : !cJSON_IsObject(item)) {
		saved_fail(reader, name, item ? array ? "want a list" : "want an object" : "it is missing");
		return NULL;
	}
	return item;
}

/* "2026-11-23T15:00:00Z", as text_format_time() writes it and nothing else. Returns whether it is there. */
bool saved_take_time(struct saved_reader *reader, const cJSON *object, const char *name, bool required, int64_t *seconds)
{
	const char *text = saved_take_text(reader, object, name, required), *end;
	char again[TEXT_TIME_SIZE];
	struct tm parts = { 0 };

	if (!text || reader->failed)
		return false;
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	*seconds = timegm(&parts);
	text_format_time(*seconds, again);
	if (!end || *end || strcmp(again, text) != 0) {
		saved_fail(reader, name, "want a time, as 2026-11-23T15:00:00Z");
		return false;
	}
	return true;
}

/* length: 0: 40 or 64 */
bool saved_is_hex(const char *text, size_t length)
{
	size_t digits = strspn(text, "0123456789abcdef");

	return !text[digits] && (length ? digits == length : digits == 40 || digits == 64);
}

void saved_take_id(struct saved_reader *reader, const cJSON *object, const char *name, char id[OBJECT_ID_HEX_SIZE])
{
	const char *text = saved_take_text(reader, object, name, false);

	if (!text)
		return;
	if (saved_is_hex(text, 0))
		strcpy(id, text);
	else
		saved_fail(reader, name, "want 40 or 64 hexadecimal digits");
}

/* One of count words, by their names. */
unsigned saved_take_choice(struct saved_reader *reader, const cJSON *object, const char *name, unsigned count, const char *(*name_of)(unsigned))
{
	const char *text = saved_take_text(reader, object, name, true);

	for (unsigned i = 0; i < count; i++) {
		if (strcmp(text, name_of(i)) == 0)
			return i;
	}
	saved_fail(reader, name, "it is none of the words that stand there");
	return 0;
}
