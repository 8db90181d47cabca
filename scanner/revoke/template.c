#include "revoke/template.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The most bytes that one byte grows to: \u001f in JSON. */
#define ESCAPE_GROWTH 6

static void add_json(struct buffer *out, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte == '"' || byte == '\\') {
			buffer_add_char(out, '\\');
			buffer_add_char(out, (char)byte);
		} else if (byte < 0x20 || byte == 0x7f) {
			buffer_add_format(out, "\\u%04x", byte);
		} else {
			buffer_add_char(out, (char)byte);
		}
	}
}

/* RFC 3986, 2.3: the unreserved characters stand, all others are encoded. */
static void add_percent(struct buffer *out, const char *bytes, size_t length)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] && strchr(unreserved, bytes[i]))
			buffer_add_char(out, bytes[i]);
		else
			buffer_add_format(out, "%%%02X", (unsigned char)bytes[i]);
	}
}

static void add_value(enum template_kind kind, struct buffer *out, const char *bytes, size_t length)
{
	switch (kind) {
	case TEMPLATE_JSON:
		add_json(out, bytes, length);
		break;
	case TEMPLATE_FORM:
	case TEMPLATE_URL:
		add_percent(out, bytes, length);
		break;
	case TEMPLATE_HEADER:
		buffer_add(out, bytes, length);
		break;
	}
}

/* What keeps a text of this kind from holding these bytes, or NULL. */
static const char *value_refused(enum template_kind kind, const char *bytes, size_t length)
{
	if (kind == TEMPLATE_JSON && !text_is_utf8(bytes, length))
		return "it is not UTF-8, which JSON asks for";
	if (kind != TEMPLATE_HEADER)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f)
			return "it has a control character, which a header cannot hold";
	}
	return NULL;
}

/*
 * The optional template at source ("{{name?}}"), with its end in *end; NULL if there is none. *value is NULL when
 * it was not given.
 */
static const char *find_optional(const char *source, const struct template_values *values, const char **value,
				 const char **end)
{
	const struct {
		const char *template, *name, *value;
	} known[] = {
		{ "{{reporter_email?}}", "reporter-email", values->reporter_email },
		{ "{{comment?}}", "comment", values->comment },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t length = strlen(known[i].template);

		if (strncmp(source, known[i].template, length) == 0) {
			*value = known[i].value;
			*end = source + length;
			return known[i].name;
		}
	}
	return NULL;
}

/* A comment in another encoding loses its odd bytes: no credential stays unrevoked for it. */
static int add_optional(struct template_text *text, const char *name, const char *value, struct error *error)
{
	struct buffer utf8 = BUFFER_INIT;
	const char *refused;

	if (!value)
		return 0;
	buffer_reserve(&utf8, strlen(value));
	text_add_utf8(&utf8, value);
	refused = value_refused(text->kind, utf8.bytes, utf8.length);
	if (!refused)
		add_value(text->kind, &text->text, utf8.bytes, utf8.length);
	buffer_release(&utf8);
	return refused ? error_set(error, ERROR_CONFIGURATION, "cannot send the %s: %s", name, refused) : 0;
}

static void add_hole(struct template_text *text, bool list)
{
	memory_grow(text->holes, text->hole_count, text->hole_capacity);
	text->holes[text->hole_count++] = (struct template_hole){ text->text.length, list };
}

void template_add_list(struct template_text *text)
{
	assert(text->kind == TEMPLATE_JSON);
	add_hole(text, true);
}

int template_add(struct template_text *text, const char *source, const struct template_values *values,
		 struct error *error)
{
	static const char secret[] = "{{secret}}";

	buffer_reserve(&text->text, strlen(source)); /* so that even an empty text has bytes to point to */
	while (*source) {
		const char *open = strstr(source, "{{");
		size_t literal = open ? (size_t)(open - source) : strlen(source);
		const char *name, *value;

		if (text->kind == TEMPLATE_URL)
			buffer_add(&text->text, source, literal);
		else
			add_value(text->kind, &text->text, source, literal);
		source += literal;
		if (!open)
			break;
		name = find_optional(source, values, &value, &source);
		if (name) {
			if (add_optional(text, name, value, error) < 0)
				return ERROR_CONFIGURATION;
		} else if (strncmp(source, secret, strlen(secret)) == 0) {
			add_hole(text, false);
			source += strlen(secret);
		} else {
			return error_set(error, ERROR_CONFIGURATION, "unknown template at '%.40s'", source);
		}
	}
	return 0;
}

void template_add_literal(struct template_text *text, const char *literal)
{
	add_value(text->kind, &text->text, literal, strlen(literal));
}

void template_add_syntax(struct template_text *text, const char *syntax)
{
	buffer_add_string(&text->text, syntax);
}

bool template_left_out(const char *source, const struct template_values *values)
{
	const char *value, *end;

	return find_optional(source, values, &value, &end) && !*end && !value;
}

static void fill_hole(const struct template_text *text, const struct template_hole *hole,
		      const struct secret *const *secrets, size_t count, struct buffer *out)
{
	if (hole->list)
		buffer_add_char(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (hole->list)
			buffer_add_string(out, i ? ",\"" : "\"");
		add_value(text->kind, out, secret_bytes(secrets[i]), secret_length(secrets[i]));
		if (hole->list)
			buffer_add_char(out, '"');
	}
	if (hole->list)
		buffer_add_char(out, ']');
}

int template_render(const struct template_text *text, const struct secret *const *secrets, size_t count,
		    struct buffer *out, struct error *error)
{
	size_t length = 0, done = 0, size = text->text.length;
	const char *refused = NULL;

	assert(!out->bytes && count > 0);
	for (size_t i = 0; i < count; i++) {
		if (text->hole_count && !refused)
			refused = value_refused(text->kind, secret_bytes(secrets[i]), secret_length(secrets[i]));
		length += secret_length(secrets[i]) * ESCAPE_GROWTH;
	}
	if (refused)
		return error_set(error, ERROR_UNSUPPORTED, "the credential cannot be sent: %s", refused);
	for (size_t i = 0; i < text->hole_count; i++)
		size += length + (text->holes[i].list ? strlen("[]") + count * strlen(",\"\"") : 0);
	buffer_reserve(out, size);
	for (size_t i = 0; i < text->hole_count; i++) {
		assert(count == 1 || text->holes[i].list);
		buffer_add(out, text->text.bytes + done, text->holes[i].at - done);
		fill_hole(text, &text->holes[i], secrets, count, out);
		done = text->holes[i].at;
	}
	buffer_add(out, text->text.bytes + done, text->text.length - done);
	assert(out->length <= size);
	return 0;
}

void template_release(struct template_text *text)
{
	buffer_release(&text->text);
	free(text->holes);
	text->holes = NULL;
	text->hole_count = text->hole_capacity = 0;
}
