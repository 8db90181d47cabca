#include "report/json_writer.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void new_line(struct json_writer *writer)
{
	if (!writer->pretty)
		return;
	buffer_add_char(writer->out, '\n');
	for (unsigned i = 0; i < writer->depth; i++)
		buffer_add_string(writer->out, "  ");
}

static void add_character(struct buffer *out, const char *bytes, size_t size, uint32_t code_point)
{
	if (code_point == '"' || code_point == '\\') {
		buffer_add_char(out, '\\');
		buffer_add_char(out, bytes[0]);
	} else if (code_point == '\n') {
		buffer_add_string(out, "\\n");
	} else if (code_point == '\t') {
		buffer_add_string(out, "\\t");
	} else if (text_steers_display(code_point)) {
		/* RFC 8259 asks for it for C0 alone; the rest must not steer a terminal that shows the report. All fit one \u escape */
		buffer_add_format(out, "\\u%04" PRIx32, code_point);
	} else {
		buffer_add(out, bytes, size);
	}
}

static void add_quoted(struct buffer *out, const char *text)
{
	struct buffer utf8 = BUFFER_INIT;

	text_add_utf8(&utf8, text);
	buffer_add_char(out, '"');
	for (size_t at = 0, size; at < utf8.length; at += size) {
		uint32_t code_point;

		size = text_decode_utf8((const unsigned char *)utf8.bytes + at, utf8.length - at, &code_point);
		add_character(out, utf8.bytes + at, size, code_point);
	}
	buffer_add_char(out, '"');
	buffer_release(&utf8);
}

/* The comma, the new line and the name before a value. */
static void begin_value(struct json_writer *writer, const char *name)
{
	if (writer->has_values[writer->depth])
		buffer_add_char(writer->out, ',');
	writer->has_values[writer->depth] = true;
	if (writer->depth)
		new_line(writer);
	if (name) {
		add_quoted(writer->out, name);
		buffer_add_string(writer->out, writer->pretty ? ": " : ":");
	}
}

void json_open(struct json_writer *writer, const char *name, char bracket)
{
	begin_value(writer, name);
	buffer_add_char(writer->out, bracket);
	assert(writer->depth < JSON_WRITER_DEPTH_MAX);
	writer->has_values[++writer->depth] = false;
}

void json_close(struct json_writer *writer, char bracket)
{
	assert(writer->depth > 0);
	writer->depth--;
	if (writer->has_values[writer->depth + 1])
		new_line(writer);
	buffer_add_char(writer->out, bracket);
}

void json_string(struct json_writer *writer, const char *name, const char *text)
{
	begin_value(writer, name);
	if (text)
		add_quoted(writer->out, text);
	else
		buffer_add_string(writer->out, "null");
}

void json_number(struct json_writer *writer, const char *name, uint64_t number)
{
	begin_value(writer, name);
	buffer_add_format(writer->out, "%" PRIu64, number);
}

void json_decimal(struct json_writer *writer, const char *name, double number)
{
	begin_value(writer, name);
	buffer_add_format(writer->out, "%.15g", number);
}

void json_bool(struct json_writer *writer, const char *name, bool value)
{
	begin_value(writer, name);
	buffer_add_string(writer->out, value ? "true" : "false");
}

void json_raw(struct json_writer *writer, const char *name, const char *json)
{
	begin_value(writer, name);
	buffer_add_string(writer->out, json);
}

void json_null(struct json_writer *writer, const char *name)
{
	json_string(writer, name, NULL);
}

void json_time(struct json_writer *writer, const char *name, int64_t seconds)
{
	char text[TEXT_TIME_SIZE];

	text_format_time(seconds, text);
	json_string(writer, name, text);
}
