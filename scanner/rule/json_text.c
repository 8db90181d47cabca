/*
 * One recursive descent serves both purposes: it checks, and when a tree is given it goes through that in step,
 * because cJSON keeps the members of an object in the order of the text, repeated ones too.
 */
#include "rule/json_text.h"

#include "base/library.h"
#include "base/text.h"
#include "rule/rule.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <string.h>

struct walk {
	const char *at;      /* the text ends in a NUL, which no rule of the grammar takes */
	const char *problem; /* what is wrong at `at`; NULL so far */
	unsigned depth;
	const cJSON *wanted;
	enum json_part part;
	const char *found;
};

static const char byte_order_mark[] = "\xef\xbb\xbf";

static bool fail(struct walk *walk, const char *problem)
{
	walk->problem = *walk->at ? problem : "unexpected end of the file";
	return false;
}

static void skip_space(struct walk *walk)
{
	walk->at += strspn(walk->at, " \t\n\r");
}

static bool skip_escape(struct walk *walk)
{
	const char *escape = walk->at;

	if (escape[1] == 'u') {
		size_t digits = strspn(escape + 2, "0123456789abcdefABCDEF");

		if (digits < 4)
			return fail(walk, "four hexadecimal digits must follow '\\u'");
		if (strncmp(escape + 2, "0000", 4) == 0)
			return fail(walk, "'\\u0000' is not allowed");
		walk->at += 6;
		return true;
	}
	if (!escape[1] || !strchr("\"\\/bfnrt", escape[1]))
		return fail(walk, "unknown escape in a string");
	walk->at += 2;
	return true;
}

static bool skip_string(struct walk *walk)
{
	walk->at++;
	while (*walk->at != '"') {
		if ((unsigned char)*walk->at < 0x20)
			return fail(walk, "line break or control character in a string");
		if (*walk->at != '\\')
			walk->at++;
		else if (!skip_escape(walk))
			return false;
	}
	walk->at++;
	return true;
}

static bool skip_digits(const char **at)
{
	size_t count = strspn(*at, "0123456789");

	*at += count;
	return count > 0;
}

static bool skip_number(struct walk *walk)
{
	const char *at = walk->at;

	at += *at == '-';
	if (*at == '0')
		at++;
	else if (!skip_digits(&at))
		return fail(walk, "malformed number");
	if (*at == '.' && (at++, !skip_digits(&at)))
		return fail(walk, "malformed number");
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '+' || *at == '-';
		if (!skip_digits(&at))
			return fail(walk, "malformed number");
	}
	if (*at >= '0' && *at <= '9')
		return fail(walk, "malformed number");
	walk->at = at;
	return true;
}

static bool skip_word(struct walk *walk)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t length = strlen(words[i]);

		if (strncmp(walk->at, words[i], length) == 0) {
			walk->at += length;
			return true;
		}
	}
	return fail(walk, "expected a value");
}

static bool skip_member_name(struct walk *walk, const cJSON *item)
{
	if (*walk->at != '"')
		return fail(walk, "expected a member name in double quotes");
	if (item && item == walk->wanted && walk->part == JSON_NAME)
		walk->found = walk->at;
	if (!skip_string(walk))
		return false;
	skip_space(walk);
	if (*walk->at != ':')
		return fail(walk, "expected ':' after the member name");
	walk->at++;
	return true;
}

static bool skip_value(struct walk *walk, const cJSON *item);

/* The members of an object, or the values of an array, up to the closing bracket. */
static bool skip_children(struct walk *walk, const cJSON *parent, char close)
{
	const cJSON *child = parent ? parent->child : NULL;

	if (++walk->depth > JSON_TEXT_DEPTH_MAX)
		return fail(walk, "nested too deep");
	walk->at++;
	skip_space(walk);
	if (*walk->at != close) {
		for (;;) {
			skip_space(walk);
			if (close == '}' && !skip_member_name(walk, child))
				return false;
			if (!skip_value(walk, child))
				return false;
			child = child ? child->next : NULL;
			if (*walk->at != ',')
				break;
			walk->at++;
		}
		if (*walk->at != close)
			return fail(walk, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
	}
	walk->at++;
	walk->depth--;
	return true;
}

/* A value with the white space on both sides of it. item is NULL while there is no tree yet. */
static bool skip_value(struct walk *walk, const cJSON *item)
{
	bool good;

	skip_space(walk);
	if (item && item == walk->wanted && walk->part == JSON_VALUE)
		walk->found = walk->at;
	if (*walk->at == '{')
		good = skip_children(walk, item, '}');
	else if (*walk->at == '[')
		good = skip_children(walk, item, ']');
	else if (*walk->at == '"')
		good = skip_string(walk);
	else if (*walk->at == '-' || (*walk->at >= '0' && *walk->at <= '9'))
		good = skip_number(walk);
	else
		good = skip_word(walk);
	if (good)
		skip_space(walk);
	return good;
}

static const char *document_start(const char *text)
{
	size_t mark = sizeof(byte_order_mark) - 1;

	return strncmp(text, byte_order_mark, mark) == 0 ? text + mark : text;
}

const char *json_text_check(const char *text, size_t length, size_t *offset)
{
	struct walk walk = { .at = document_start(text) };

	for (size_t at = 0, size; at < length; at += size) {
		uint32_t code_point;

		*offset = at;
		size = text_decode_utf8((const unsigned char *)text + at, length - at, &code_point);
		if (!size)
			return "invalid UTF-8";
		if (!code_point)
			return "a NUL byte";
	}
	if (skip_value(&walk, NULL) && *walk.at)
		walk.problem = "unexpected text after the end of the JSON document";
	*offset = (size_t)(walk.at - text);
	return walk.problem;
}

size_t json_text_locate(const char *text, const cJSON *root, const cJSON *item, enum json_part part)
{
	struct walk walk = { .at = document_start(text), .wanted = item, .part = part };

	skip_value(&walk, root);
	assert(walk.found);
	return (size_t)(walk.found - text);
}

void rule_add_libraries(struct buffer *lines)
{
	library_add_version(lines, "cJSON", cJSON_Version());
}
