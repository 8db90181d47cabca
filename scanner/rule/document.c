#include "rule/document.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rule_position position_of_offset(const char *text, size_t offset)
{
	struct rule_position position = { 1, 1 };

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			position.line++;
			position.column = 1;
		} else {
			position.column++;
		}
	}
	return position;
}

static int fail_at_offset(const struct document *document, size_t offset, const char *problem)
{
	struct rule_position position = position_of_offset(document->text, offset);

	return error_set(document->error, ERROR_CONFIGURATION, "%s:%zu:%zu: %s", document->name, position.line,
			 position.column, problem);
}

int document_open(struct document *document, const char *name, const char *text, size_t length,
		  struct error *error)
{
	const char *problem, *end = text;
	size_t offset;

	*document = (struct document){ .name = name, .text = text, .length = length, .error = error };
	problem = json_text_check(text, length, &offset);
	if (problem)
		return fail_at_offset(document, offset, problem);
	document->root = cJSON_ParseWithLengthOpts(text, length + 1, &end, 1);
	if (!document->root) /* the grammar allows two things that cJSON does not */
		return fail_at_offset(document, (size_t)(end - text),
				      "half of a surrogate pair, or a number too long to read");
	return 0;
}

void document_release(struct document *document)
{
	cJSON_Delete(document->root);
	document->root = NULL;
}

struct rule_position document_position(const struct document *document, const cJSON *item, enum json_part part)
{
	return position_of_offset(document->text, json_text_locate(document->text, document->root, item, part));
}

int document_fail(const struct document *document, const cJSON *item, enum json_part part, const char *format, ...)
{
	char problem[sizeof(document->error->message)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(problem, sizeof(problem), format, arguments);
	va_end(arguments);
	return fail_at_offset(document, json_text_locate(document->text, document->root, item, part), problem);
}

/* "a string", "a string or a list" */
static void add_type_names(struct buffer *buffer, int types)
{
	static const struct {
		int type;
		const char *name;
	} names[] = {
		{ cJSON_NULL, "null" },       { DOCUMENT_BOOL, "true or false" }, { cJSON_Number, "a number" },
		{ cJSON_String, "a string" }, { cJSON_Array, "a list" },          { cJSON_Object, "an object" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (types & names[i].type) {
			buffer_add_string(buffer, buffer->length ? " or " : "");
			buffer_add_string(buffer, names[i].name);
		}
	}
}

/* subject is put in front: "'id'" gives "'id' must be a string, not a number". */
static int check_type(const struct document *document, const cJSON *item, int types, const char *subject)
{
	struct buffer wanted = BUFFER_INIT, given = BUFFER_INIT;
	int result = 0;

	if (!(item->type & types)) {
		add_type_names(&wanted, types);
		add_type_names(&given, item->type & 0xff);
		result = document_fail(document, item, JSON_VALUE, "%s must be %s, not %s", subject, wanted.bytes,
				       given.bytes);
	}
	buffer_release(&wanted);
	buffer_release(&given);
	return result;
}

static int check_first(const struct document *document, const cJSON *object, const cJSON *member)
{
	if (document_member(object, member->string) == member)
		return 0;
	return document_fail(document, member, JSON_NAME, "member '%s' is here twice", member->string);
}

int document_check_repeated(const struct document *document, const cJSON *object)
{
	const cJSON *member;
	int result = 0;

	cJSON_ArrayForEach(member, object) {
		if (!result)
			result = check_first(document, object, member);
	}
	return result;
}

static int check_member(const struct document *document, const cJSON *member,
			const struct document_member *members)
{
	struct buffer known = BUFFER_INIT;
	int result;

	for (size_t i = 0; members[i].name; i++) {
		if (strcmp(member->string, members[i].name) == 0) {
			char *subject = memory_format("'%s'", members[i].name);

			result = check_type(document, member, members[i].types, subject);
			free(subject);
			goto out;
		}
		buffer_add_format(&known, "%s%s", i ? ", " : "", members[i].name);
	}
	result = document_fail(document, member, JSON_NAME, "unknown member '%s'; known here: %s", member->string,
			       known.bytes);
out:
	buffer_release(&known);
	return result;
}

int document_check_members(const struct document *document, const cJSON *object,
			   const struct document_member *members)
{
	const cJSON *member;
	int result = 0;

	cJSON_ArrayForEach(member, object) {
		if (!result)
			result = check_member(document, member, members);
		if (!result)
			result = check_first(document, object, member);
	}
	for (size_t i = 0; !result && members[i].name; i++) {
		if (members[i].required && !document_member(object, members[i].name))
			result = document_fail(document, object, JSON_VALUE, "member '%s' is missing",
					       members[i].name);
	}
	return result;
}

int document_check_items(const struct document *document, const cJSON *array, int types, const char *what)
{
	const cJSON *item;
	int result = 0;

	cJSON_ArrayForEach(item, array) {
		if (!result)
			result = check_type(document, item, types, what);
	}
	return result;
}

const cJSON *document_member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

int document_take_string(const struct document *document, const cJSON *object, const char *name, char **text)
{
	const cJSON *member = document_member(object, name);

	if (!member)
		return 0;
	if (!*member->valuestring)
		return document_fail(document, member, JSON_VALUE, "'%s' is empty", name);
	*text = memory_copy_string(member->valuestring);
	return 0;
}
