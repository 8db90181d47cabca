#include "revoke/answer.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "revoke/retry.h"
#include "rule/rule.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LOOKED_AT 1024 /* bytes of a text: enough to fill ANSWER_WORDS_MAX once credentials in it are shortened */
#define ESCAPE_LEVELS 2

/* Whether an answer's document has all that the pattern has; what else it has does not matter. */
static bool holds(const cJSON *document, const cJSON *pattern)
{
	const cJSON *member;

	if (!cJSON_IsObject(pattern))
		return cJSON_Compare(document, pattern, true);
	cJSON_ArrayForEach(member, pattern) {
		if (!holds(cJSON_GetObjectItemCaseSensitive(document, member->string), member))
			return false;
	}
	return cJSON_IsObject(document);
}

static bool holds_text(const cJSON *document, const char *pattern)
{
	cJSON *parsed = pattern ? cJSON_Parse(pattern) : NULL;
	bool held = parsed && holds(document, parsed);

	cJSON_Delete(parsed);
	return held;
}

static enum answer_kind classify_body(const struct rule *rule, const char *body, size_t length)
{
	cJSON *document = cJSON_ParseWithLength(body, length);
	enum answer_kind kind = cJSON_IsObject(document) ? ANSWER_REJECTED : ANSWER_RETRY;

	if (holds_text(document, rule->accepted_json))
		kind = ANSWER_ACCEPTED;
	else if (holds_text(document, rule->gone_json))
		kind = ANSWER_GONE;
	cJSON_Delete(document);
	return kind;
}

enum answer_kind answer_classify(const struct rule *rule, unsigned status, const char *body, size_t length)
{
	if (rule_status_listed(&rule->gone, status))
		return ANSWER_GONE;
	if (rule_status_listed(&rule->retry, status))
		return ANSWER_RETRY;
	if (rule_status_listed(&rule->accepted, status) || (status >= 200 && status < 300))
		return rule->accepted_json ? classify_body(rule, body, length) : ANSWER_ACCEPTED;
	return retry_status(status) ? ANSWER_RETRY : ANSWER_REJECTED;
}

bool answer_blames_content(unsigned status)
{
	return status == 400 || status == 413 || status == 422;
}

/*
 * A text as it reads after some unescaping; byte i of it was written as the bytes from[i] to from[i + 1] - 1 of
 * the original.
 */
struct view {
	char bytes[LOOKED_AT];
	size_t from[LOOKED_AT + 1];
	size_t length;
};

static int hex_value(char digit)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = digit ? strchr(digits, digit) : NULL;

	return at ? (int)((at - digits) % 16) : -1;
}

/* The ASCII character of count hexadecimal digits, or -1. */
static int hex_character(const char *digits, size_t left, size_t count)
{
	int value = 0;

	if (left < count)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (hex_value(digits[i]) < 0)
			return -1;
		value = value * 16 + hex_value(digits[i]);
	}
	return value < 0x80 ? value : -1;
}

/*
 * Read the character at text: %41, \u0041, \x41, \" or one that stands for itself. Returns how many bytes it
 * takes.
 */
static size_t unescape(const char *text, size_t left, char *character)
{
	int value = -1;
	size_t size = 0;

	if (text[0] == '%') {
		value = hex_character(text + 1, left - 1, 2);
		size = 3;
	} else if (text[0] == '\\' && left > 1) {
		if (text[1] == 'u') {
			value = hex_character(text + 2, left - 2, 4);
			size = 6;
		} else if (text[1] == 'x') {
			value = hex_character(text + 2, left - 2, 2);
			size = 4;
		} else if (strchr("\"\\/", text[1])) {
			value = text[1];
			size = 2;
		}
	}
	*character = value >= 0 ? (char)value : text[0];
	return value >= 0 ? size : 1;
}

/* Unescape a view in place, which only makes it shorter. */
static void view_unescape(struct view *view)
{
	size_t read = 0, written = 0, end = view->from[view->length];

	while (read < view->length) {
		size_t from = view->from[read];

		read += unescape(view->bytes + read, view->length - read, &view->bytes[written]);
		view->from[written++] = from;
	}
	view->length = written;
	view->from[written] = end;
}

/* Mark the bytes of the original that wrote a piece of the credential. */
static void view_mark(const struct view *view, const struct secret *secret, bool *marked)
{
	const char *bytes = secret_bytes(secret);
	size_t length = secret_length(secret);
	size_t least = length < ANSWER_PIECE_MIN ? length : ANSWER_PIECE_MIN;

	for (size_t i = 0; i + least <= view->length; i++) {
		size_t longest = 0;

		for (size_t k = 0; k + least <= length; k++) {
			size_t run = 0;

			while (i + run < view->length && k + run < length &&
			       view->bytes[i + run] == bytes[k + run])
				run++;
			longest = run > longest ? run : longest;
		}
		if (longest >= least)
			memset(marked + view->from[i], true, view->from[i + longest] - view->from[i]);
	}
}

static void view_mark_all(const struct view *view, const struct answer_secrets *secrets, bool *marked)
{
	for (size_t i = 0; i < secrets->count; i++)
		view_mark(view, secrets->secrets[i], marked);
}

static char *redact(const char *text, const struct answer_secrets *secrets)
{
	struct view *view = memory_allocate(sizeof(*view));
	bool marked[LOOKED_AT] = { false };
	struct buffer out = BUFFER_INIT;
	size_t length = strnlen(text, LOOKED_AT);

	view->length = length;
	memcpy(view->bytes, text, length);
	for (size_t i = 0; i <= length; i++)
		view->from[i] = i;
	view_mark_all(view, secrets, marked);
	for (unsigned level = 0; level < ESCAPE_LEVELS; level++) {
		view_unescape(view);
		view_mark_all(view, secrets, marked);
	}
	buffer_reserve(&out, length);
	for (size_t i = 0; i < length; i++) {
		if (!marked[i])
			buffer_add_char(&out, text[i]);
		else if (i == 0 || !marked[i - 1])
			buffer_add_string(&out, "[credential]");
	}
	explicit_bzero(view, sizeof(*view));
	free(view);
	return out.bytes;
}

/*
 * Space, tab and line breaks, however many, become one space, and what is longer than ANSWER_WORDS_MAX is cut
 * between characters.
 */
static void words_tidy(char *text)
{
	size_t length = 0;

	for (const char *at = text; *at; at++) {
		bool space = strchr(" \t\r\n", *at) != NULL;

		if (!space)
			text[length++] = *at;
		else if (length && text[length - 1] != ' ')
			text[length++] = ' ';
	}
	while (length && text[length - 1] == ' ')
		length--;
	if (length > ANSWER_WORDS_MAX) {
		length = ANSWER_WORDS_MAX;
		while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	}
	text[length] = '\0';
}

char *answer_words(const char *text, const struct answer_secrets *secrets)
{
	struct buffer out = BUFFER_INIT;
	char *words = redact(text, secrets);

	words_tidy(words);
	buffer_reserve(&out, strlen(words));
	text_add_harmless(&out, words);
	free(words);
	return out.bytes;
}

/* Append text, if there is any, after separator. */
static void add_words(struct buffer *out, const char *separator, const char *text,
		      const struct answer_secrets *secrets)
{
	char *words = answer_words(text, secrets);

	if (*words) {
		buffer_add_string(out, separator);
		buffer_add_string(out, words);
	}
	free(words);
}

/* The object "error" or "err" of a JSON body, borrowed from *document, which the caller deletes; or NULL. */
static const cJSON *find_envelope(const char *body, size_t length, cJSON **document)
{
	const cJSON *envelope;

	*document = cJSON_ParseWithLength(body, length);
	envelope = cJSON_GetObjectItemCaseSensitive(*document, "error");
	if (!cJSON_IsObject(envelope))
		envelope = cJSON_GetObjectItemCaseSensitive(*document, "err");
	return cJSON_IsObject(envelope) ? envelope : NULL;
}

char *answer_message(unsigned status, const char *body, size_t length, const struct answer_secrets *secrets)
{
	struct buffer out = BUFFER_INIT;
	cJSON *document = NULL;
	const cJSON *envelope = length ? find_envelope(body, length, &document) : NULL;
	const char *code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(envelope, "code"));
	const char *message = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(envelope, "message"));

	buffer_add_format(&out, "HTTP %u", status);
	if (status >= 300 && status < 400) {
		buffer_add_string(&out, ": redirects are not followed");
	} else if (code || message) {
		add_words(&out, " ", code ? code : "", secrets);
		add_words(&out, ": ", message ? message : "", secrets);
	} else if (length) {
		add_words(&out, ": ", body, secrets);
	}
	cJSON_Delete(document);
	return out.bytes;
}
