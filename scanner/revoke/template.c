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
			memory_grow(text->holes, text->hole_count, text->hole_capacity);
			text->holes[text->hole_count++] = text->text.length;
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

int template_render(const struct template_text *text, const struct secret *secret, struct buffer *out,
		    struct error *error)
{
	size_t length = secret_length(secret), done = 0, size;
	const char *refused = NULL;

	assert(!out->bytes);
	if (text->hole_count)
		refused = value_refused(text->kind, secret_bytes(secret), length);
	if (refused)
		return error_set(error, ERROR_UNSUPPORTED, "the credential cannot be sent: %s", refused);
	size = text->text.length + text->hole_count * length * ESCAPE_GROWTH;
	buffer_reserve(out, size);
	for (size_t i = 0; i < text->hole_count; i++) {
		buffer_add(out, text->text.bytes + done, text->holes[i] - done);
		add_value(text->kind, out, secret_bytes(secret), length);
		done = text->holes[i];
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
