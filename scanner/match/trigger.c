#include "match/trigger.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shorter ones would stand everywhere. */
#define LENGTH_MIN 3

/* As much of a half as is looked for beside a break; and as much as says enough without one. */
#define HALF_MAX 5
#define HALF_ALONE 4

/* Where triggers are being added, and what they have in common. */
struct maker {
	struct trigger_list *list;
	struct trigger common; /* text and length are not set */
};

static void add_trigger(struct maker *maker, const void *text, size_t length, unsigned lead, size_t skip, bool is_whole)
{
	struct trigger_list *list = maker->list;
	struct trigger *trigger;

	if (length > TRIGGER_LENGTH_MAX)
		length = TRIGGER_LENGTH_MAX;
	if (length < LENGTH_MIN)
		return;
	for (size_t i = list->literal_first; i < list->count; i++) {
		const struct trigger *other = &list->items[i];

		if (other->length == length && memcmp(other->text, text, length) == 0 && other->form == maker->common.form && other->parent == maker->common.parent && other->inner == maker->common.inner &&
		    other->alignment == maker->common.alignment && other->separator == maker->common.separator && other->skip == skip)
			return; /* digits have no case */
	}
	memory_grow(list->items, list->count, list->capacity);
	trigger = &list->items[list->count++];
	*trigger = maker->common;
	trigger->text = memory_copy_bytes(text, length);
	trigger->length = length;
	trigger->lead = lead;
	trigger->skip = skip;
	trigger->is_whole = is_whole;
}

/* ---- wrapped text ---- */

static void add_joined(struct maker *maker, const char *before, size_t before_length, const char *between, const char *after,
		       size_t after_length, unsigned lead, size_t skip)
{
	struct buffer text = BUFFER_INIT;

	buffer_add(&text, before, before_length);
	buffer_add_string(&text, between);
	buffer_add(&text, after, after_length);
	add_trigger(maker, text.bytes, text.length, lead, skip, false);
	buffer_release(&text);
}

/*
 * The text, `length` bytes in units of `unit`, with a line break between two of them, plain or written as \n in a string: the longer half beside the
 * break is enough, unless it is short. Text in two forms has plain breaks alone, without an indent. Of long text the first and the second half are enough: a break leaves
 * one of them whole.
 */
static void add_wrapped(struct maker *maker, const char *text, size_t length, size_t unit)
{
	static const char *const before_right[] = { "\n", " ", "\t", "n" }, *const behind_left[] = { "\n", "\r", "\\" },
				 *const breaks[] = { "\n", "\r\n", "\n ", "\n\t", "\r\n ", "\r\n\t", "\\n", "\\r\\n" };
	bool any = maker->common.depth == 1;
	size_t half = length / unit / 2 < HALF_MAX ? length / unit / 2 : HALF_MAX;

	if (half >= HALF_ALONE) {
		add_trigger(maker, text, half * unit, 0, 0, false);
		add_trigger(maker, text + length - half * unit, half * unit, 0, length / unit - half, false);
		return;
	}
	for (size_t at = unit; at < length; at += unit) {
		size_t behind = length - at, kept;

		if (behind >= LENGTH_MIN * unit && behind >= at) {
			kept = behind < HALF_MAX * unit ? behind : HALF_MAX * unit;
			for (size_t i = 0; i < (any ? 4 : 1); i++)
				add_joined(maker, NULL, 0, before_right[i], text + at, kept, 1, at / unit);
		} else if (at >= LENGTH_MIN * unit) {
			kept = at < HALF_MAX * unit ? at : HALF_MAX * unit;
			for (size_t i = 0; i < (any ? 3 : 2); i++)
				add_joined(maker, text + at - kept, kept, behind_left[i], NULL, 0, 0, (at - kept) / unit);
		} else {
			for (size_t i = 0; i < (any ? 8 : 2); i++) {
				bool is_indented = breaks[i][strlen(breaks[i]) - 1] == ' ' || breaks[i][strlen(breaks[i]) - 1] == '\t';

				add_joined(maker, text, at, breaks[i], text + at, is_indented ? 0 : behind, 0, 0);
			}
		}
	}
}

/* ---- the forms ---- */

static void add_base64(struct maker *maker, bool wrapped)
{
	static const char symbols[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const unsigned first_bits[] = { 0, 4, 2 }; /* that share a symbol with what stands before */
	const unsigned char *inner = (const unsigned char *)maker->common.inner;

	maker->common.form = FORM_BASE64;
	for (unsigned alignment = 0; alignment < 3; alignment++) {
		size_t bits = 8 * maker->common.inner_length;
		char text[2 * TRIGGER_LENGTH_MAX];
		size_t length = 0;

		maker->common.alignment = alignment;
		for (size_t bit = first_bits[alignment]; bit + 6 <= bits && length < sizeof(text); bit += 6) {
			unsigned pair = inner[bit / 8] << 8 | (bit / 8 + 1 < maker->common.inner_length ? inner[bit / 8 + 1] : 0);

			text[length++] = symbols[pair >> (10 - bit % 8) & 63];
		}
		add_trigger(maker, text, length, 0, 0, true);
		if (wrapped)
			add_wrapped(maker, text, length, 1);
	}
	maker->common.alignment = 0;
}

/* Each byte formatted, with a text between two of them. */
static void add_formatted(struct buffer *to, const struct maker *maker, size_t from, size_t until, const char *format, const char *between)
{
	for (size_t i = from; i < until; i++) {
		if (i > from)
			buffer_add_string(to, between);
		buffer_add_format(to, format, (unsigned char)maker->common.inner[i]);
	}
}

/* Bytes that are set apart: the breaks of lines fall among what sets them apart, so one half is looked for by itself, or with the break. */
static void add_hex_apart(struct maker *maker, const char *format, const char *between)
{
	size_t length = maker->common.inner_length;
	struct buffer text = BUFFER_INIT;

	for (size_t at = length > LENGTH_MIN; at < length; at++) {
		bool is_left = at > length - at;

		buffer_clear(&text);
		if (at && length - at < LENGTH_MIN && at < LENGTH_MIN) { /* neither half says much */
			char gap[8];

			snprintf(gap, sizeof(gap), "%.1s\n", *between == '\\' || *between == ' ' ? "" : between);
			add_formatted(&text, maker, 0, at, format, between);
			buffer_add_string(&text, gap);
			add_trigger(maker, text.bytes, text.length, 0, 0, false);
			text.bytes[text.length - 1] = '\r';
			add_trigger(maker, text.bytes, text.length, 0, 0, false);
			continue;
		}
		add_formatted(&text, maker, is_left ? 0 : at, is_left ? at : length, format, between);
		add_trigger(maker, text.bytes, text.length, 0, is_left ? 0 : at, at == 0);
	}
	buffer_release(&text);
}

static void add_hex(struct maker *maker, bool apart)
{
	static const char *const separators[] = FORM_SEPARATORS, *const formats[] = { "%02x", "%02X" };

	maker->common.form = FORM_HEX;
	for (size_t i = 0; i < 2; i++) {
		struct buffer text = BUFFER_INIT;

		maker->common.separator = 0;
		add_formatted(&text, maker, 0, maker->common.inner_length, formats[i], "");
		add_trigger(maker, text.bytes, text.length, 0, 0, true);
		if (apart)
			add_wrapped(maker, text.bytes, text.length, 2);
		for (unsigned j = 1; apart && j < FORM_SEPARATOR_COUNT; j++) {
			maker->common.separator = j;
			add_hex_apart(maker, formats[i], separators[j]);
		}
		buffer_release(&text);
	}
	maker->common.separator = 0;
}

/* The low and the high bytes stand in turn, the zeroes between them, in both orders. */
static void add_utf_16(struct maker *maker)
{
	char text[TRIGGER_LENGTH_MAX];
	size_t length = 0;

	maker->common.form = FORM_UTF_16;
	for (size_t i = 0; i < maker->common.inner_length && length + 2 <= sizeof(text); i++) {
		text[length++] = maker->common.inner[i];
		text[length++] = '\0';
	}
	add_trigger(maker, text, length - 1, 0, 0, true);
}

/* Every character escaped, only those that are no letters or digits, and only the first ones. */
static void add_escaped(struct maker *maker, enum form form, const char *format)
{
	struct buffer all = BUFFER_INIT, some = BUFFER_INIT;
	bool differs = false;

	maker->common.form = form;
	for (size_t i = 0; i < maker->common.inner_length; i++) {
		unsigned char byte = (unsigned char)maker->common.inner[i];

		buffer_add_format(&all, format, byte);
		if (isalnum(byte))
			buffer_add_char(&some, (char)byte);
		else
			buffer_add_format(&some, format, byte);
		differs |= !isalnum(byte);
	}
	add_trigger(maker, all.bytes, all.length, 0, 0, true);
	if (differs)
		add_trigger(maker, some.bytes, some.length, 0, 0, true);
	for (size_t count = 1; count < maker->common.inner_length; count++) {
		buffer_clear(&some);
		for (size_t i = 0; i < count; i++)
			buffer_add_format(&some, format, (unsigned char)maker->common.inner[i]);
		buffer_add(&some, maker->common.inner + count, maker->common.inner_length - count);
		add_trigger(maker, some.bytes, some.length, 0, 0, false);
	}
	buffer_release(&all);
	buffer_release(&some);
}

static void add_all_escaped(struct maker *maker)
{
	static const struct {
		enum form form;
		const char *format;
	} escapes[] = {
		{ FORM_PERCENT, "%%%02x" },     { FORM_PERCENT, "%%%02X" },  { FORM_JSON, "\\u%04x" },
		{ FORM_JSON, "\\u%04X" },       { FORM_JSON, "\\u{%x}" },    { FORM_JSON, "\\u{%X}" },
		{ FORM_HTML, "&#%u;" },         { FORM_HTML, "&#x%x;" },     { FORM_HTML, "&#x%X;" },
		{ FORM_QUOTED_PRINTABLE, "=%02X" }, { FORM_QUOTED_PRINTABLE, "=%02x" },
	};
	const char *underscore = memchr(maker->common.inner, '_', maker->common.inner_length);

	for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
		add_escaped(maker, escapes[i].form, escapes[i].format);
	maker->common.form = FORM_HTML;
	if (underscore)
		add_joined(maker, maker->common.inner, (size_t)(underscore - maker->common.inner), "&lowbar;", NULL, 0, 0, 0);
}

/* A literal in two string literals: the half behind the joint with its quote where that is the longer one, otherwise the one before, and how the joint begins. */
static void add_joints(struct maker *maker, size_t at)
{
	static const char *const quotes[] = { "\"", "'", "`" };
	static const char *const joints[] = { " +", "+", " \\", "\\", " .", ".", " &", "\n", "\r" };
	const char *text = maker->common.inner;
	size_t behind = maker->common.inner_length - at, before = at < HALF_MAX ? at : HALF_MAX;

	for (size_t i = 0; i < sizeof(quotes) / sizeof(*quotes); i++) {
		if (behind >= LENGTH_MIN && behind >= at) {
			add_joined(maker, NULL, 0, quotes[i], text + at, behind < HALF_MAX ? behind : HALF_MAX, 1, at);
			continue;
		}
		if (before >= HALF_ALONE) {
			add_joined(maker, text + at - before, before, quotes[i], NULL, 0, 0, at - before);
			continue;
		}
		for (size_t j = 0; j < sizeof(joints) / sizeof(*joints); j++) {
			char joint[8];

			snprintf(joint, sizeof(joint), "%s%s", quotes[i], joints[j]);
			add_joined(maker, text + at - before, before, joint, NULL, 0, 0, at - before);
		}
	}
}

/* Split by what joins strings or lines, or by a soft line break. */
static void add_pieces(struct maker *maker)
{
	static const struct {
		enum form form;
		const char *end; /* of a line that goes on */
	} breaks[] = {
		{ FORM_CONCATENATED, "\\\n" }, { FORM_CONCATENATED, "\\\r" }, { FORM_QUOTED_PRINTABLE, "=\n" }, { FORM_QUOTED_PRINTABLE, "=\r" },
	};

	for (size_t at = 1; at < maker->common.inner_length; at++) {
		size_t before = at < HALF_MAX ? at : HALF_MAX;

		maker->common.form = FORM_CONCATENATED;
		add_joints(maker, at);
		for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
			maker->common.form = breaks[i].form;
			add_joined(maker, maker->common.inner + at - before, before, breaks[i].end, NULL, 0, 0, at - before);
		}
	}
}

/* An escaped text that is escaped once more: what begins each escape is. */
static void add_escaped_again(struct maker *maker, enum form form)
{
	static const struct {
		char byte;
		const char *escaped;
	} again[] = {
		[FORM_PERCENT] = { '%', "%25" },
		[FORM_JSON] = { '\\', "\\\\" },
		[FORM_HTML] = { '&', "&amp;" },
		[FORM_QUOTED_PRINTABLE] = { '=', "=3D" },
	};
	struct buffer text = BUFFER_INIT;

	maker->common.form = form;
	for (size_t i = 0; i < maker->common.inner_length; i++) {
		if (maker->common.inner[i] == again[form].byte)
			buffer_add_string(&text, again[form].escaped);
		else
			buffer_add_char(&text, maker->common.inner[i]);
	}
	add_trigger(maker, text.bytes, text.length, 0, 0, true);
	buffer_release(&text);
}

/* Whether the break in a trigger, or beside it, is a plain one without an indent. */
static bool is_broken_plainly(const struct trigger *trigger)
{
	return !memchr(trigger->text, ' ', trigger->length) && !memchr(trigger->text, '\t', trigger->length) &&
	       !memchr(trigger->text, '\\', trigger->length) && !(trigger->lead && trigger->text[0] == 'n');
}

/* The triggers of what a trigger stands for in one more form round it. Only forms that somebody uses so: base64 and hex of anything, each escape twice. */
static void add_outer(struct trigger_list *list, size_t number)
{
	struct trigger inner = list->items[number]; /* a copy: the list grows */
	struct maker maker = {
		.list = list,
		.common = { .pattern = inner.pattern,
			    .depth = inner.depth + 1,
			    .inner = inner.text,
			    .inner_length = inner.length,
			    .parent = (int32_t)number },
	};
	bool is_first = inner.depth == 1;
	bool is_block = inner.form == FORM_BASE64 || inner.form == FORM_UTF_16 || (inner.form == FORM_HEX && !inner.separator);

	if (!is_block && inner.is_whole && (inner.form == FORM_PERCENT || inner.form == FORM_JSON || inner.form == FORM_HTML ||
					    inner.form == FORM_QUOTED_PRINTABLE))
		add_escaped_again(&maker, inner.form);
	if (!is_block || (!inner.is_whole && !(is_first && inner.form == FORM_BASE64 && is_broken_plainly(&inner))))
		return;
	add_base64(&maker, is_first && inner.is_whole && inner.form != FORM_HEX);
	if (!inner.is_whole)
		return;
	if (inner.form != FORM_HEX)
		add_hex(&maker, false);
	if (inner.form != FORM_UTF_16)
		add_utf_16(&maker);
}

void trigger_list_add(struct trigger_list *list, size_t pattern, const char *literal, unsigned depth)
{
	struct maker maker = {
		.list = list,
		.common = { .pattern = pattern, .depth = 1, .inner = literal, .inner_length = strlen(literal), .parent = -1 },
	};
	size_t from = list->count;

	list->literal_first = from;
	if (!depth)
		return;
	add_utf_16(&maker);
	add_base64(&maker, true);
	add_hex(&maker, true);
	add_all_escaped(&maker);
	add_pieces(&maker);
	for (unsigned level = 1; level < depth; level++) {
		size_t until = list->count;

		for (size_t i = from; i < until; i++)
			add_outer(list, i);
		from = until;
	}
}

void trigger_list_release(struct trigger_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].text);
	free(list->items);
	*list = (struct trigger_list){ 0 };
}

struct form_spot trigger_spot(const struct trigger *trigger, size_t position)
{
	return (struct form_spot){
		.position = position,
		.lead = trigger->lead,
		.skip = trigger->skip,
		.alignment = trigger->alignment,
		.separator = trigger->separator,
		.text = trigger->inner,
		.length = trigger->inner_length,
	};
}
