/*
 * Goal: a credential is found once in each form, at each alignment, however it is wrapped, with the exact bytes and the exact range of what it was decoded
 * from; text that is cut, or made to cost much, does no harm; and random text holds none.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "match/form.h"
#include "match/match.h"
#include "match/trigger.h"
#include "rule/rule.h"
#include "tests/unit/encode.h"
#include "tests/unit/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct rule_set rules;
static struct match_program *programs[MATCH_DEPTH_MAX + 1];
static struct matcher *matchers[MATCH_DEPTH_MAX + 1];
static char key[KEY_LENGTH + 1];

static int load(void **state)
{
	struct error error = { 0 };

	(void)state;
	if (rule_set_load(&rules, NULL, 0, &error))
		return -1;
	for (unsigned depth = 0; depth <= MATCH_DEPTH_MAX; depth++) {
		if (match_program_compile(&programs[depth], &rules, &error))
			return -1;
		match_program_add_forms(programs[depth], depth);
		if (match_program_prepare(programs[depth], depth == 1, &error))
			return -1;
		matchers[depth] = matcher_new(programs[depth]);
	}
	make_key(key, 41);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	for (unsigned depth = 0; depth <= MATCH_DEPTH_MAX; depth++) {
		matcher_free(matchers[depth]);
		match_program_free(programs[depth]);
	}
	rule_set_release(&rules);
	return 0;
}

/* ---- what was found ---- */

struct seen {
	size_t count;
	enum confidence confidence;
	size_t start, end;
	char secret[SECRET_SIZE_MAX + 1];
	char encoding[128];
	size_t offset; /* of the window being searched */
};

static void note(void *context, const struct match *match)
{
	struct seen *seen = context;

	seen->count++;
	seen->confidence = match->confidence;
	seen->start = seen->offset + match->start;
	seen->end = seen->offset + match->end;
	memcpy(seen->secret, match->secret, match->secret_size);
	seen->secret[match->secret_size] = '\0';
	snprintf(seen->encoding, sizeof(seen->encoding), "%s", match->encoding ? match->encoding : "");
}

static int search_to(struct seen *seen, unsigned depth, const char *text, size_t length)
{
	memset(seen, 0, sizeof(*seen));
	return matcher_search(matchers[depth], text, length, true, true, note, seen);
}

static struct seen *search(unsigned depth, const struct buffer *text)
{
	static struct seen seen;

	assert_int_equal(search_to(&seen, depth, text->bytes, text->length), 0);
	return &seen;
}

/* The key, once, certain, in this form, decoded from these bytes. */
static void expect_found(const struct buffer *text, const char *encoding, size_t start, size_t end)
{
	const struct seen *seen = search(2, text);

	if (seen->count != 1 || strcmp(seen->secret, key) != 0)
		print_error("in \"%.*s\" of %s\n", (int)text->length, text->bytes, encoding);
	assert_int_equal(seen->count, 1);
	assert_string_equal(seen->secret, key);
	assert_int_equal(seen->confidence, CONFIDENCE_CERTAIN);
	assert_string_equal(seen->encoding, encoding);
	assert_int_equal(seen->start, start);
	assert_int_equal(seen->end, end);
	/* plainly it stands nowhere, unless only what is beside it is encoded */
	if (*encoding)
		assert_true(search(0, text)->count == 0 || search(0, text)->confidence < CONFIDENCE_LIKELY);
}

/* ---- base64 ---- */

static const struct {
	size_t columns;
	const char *line_end;
} wraps[] = { { 0, "" }, { 64, "\n" }, { 76, "\n" }, { 64, "\r\n" }, { 76, "\r\n" }, { 19, "\n" }, { 64, "\n    " }, { 40, "\\n" }, { 76, "\n\t" }, { 50, "\\r\\n" }, { 64, "\r\n  " } };
#define WRAP_COUNT (sizeof(wraps) / sizeof(*wraps))

/* Where symbol number `symbol` stands in text that is wrapped so. */
static size_t wrapped_at(size_t symbol, size_t wrap)
{
	return symbol + (wraps[wrap].columns ? symbol / wraps[wrap].columns * strlen(wraps[wrap].line_end) : 0);
}

/* Every alignment, and every column at which a line may break: in the literal, in the key, on either side of it. */
static void base64(void **state)
{
	(void)state;
	for (int url = 0; url < 2; url++) {
		for (size_t wrap = 0; wrap < WRAP_COUNT; wrap++) {
			for (size_t before = 0; before < (wraps[wrap].columns ? 62 : 8); before++) {
				struct buffer plain = BUFFER_INIT, symbols = BUFFER_INIT, text = BUFFER_INIT;

				for (size_t i = 0; i < before; i++)
					buffer_add_char(&plain, "{\"a\":?>~\xff "[i % 10]);
				if (before)
					plain.bytes[before - 1] = '\n';
				buffer_add_string(&plain, key);
				buffer_add_string(&plain, wrap % 2 ? "\"\xff?>~ }" : "");
				encode_base64(&symbols, plain.bytes, plain.length, url);
				encode_wrapped(&text, symbols.bytes, symbols.length, wraps[wrap].columns, wraps[wrap].line_end);
				expect_found(&text, "base64", wrapped_at(before * 8 / 6, wrap),
					     wrapped_at(((before + KEY_LENGTH) * 8 - 1) / 6, wrap) + 1);
				buffer_release(&plain);
				buffer_release(&symbols);
				buffer_release(&text);
			}
		}
	}
}

/* What stands on the lines around, or right beside it, is not part of it. */
static void base64_beside_other_text(void **state)
{
	static const struct {
		const char *before, *after;
	} beside[] = {
		{ "KEY=", "\nNEXTKEY=abc" },  { "first\n", "\nsecond" },   { "data: |\n    ", "\n    more: text" }, { "/path/", "/more/path" },
		{ "x-", "-y" },		    { "token_", "_y" },	       { "\"", "\",\"abc\"" },		  { "https://a.example/?q=", "&x=y" },
		{ "Basic ", " HTTP/1.1" }, { "a.", ".c2lnbmF0dXJl" }, { "word word\r\n", "\r\nword word" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
		for (size_t alignment = 0; alignment < 3; alignment++) {
			struct buffer plain = BUFFER_INIT, text = BUFFER_INIT;
			size_t begin = strlen(beside[i].before);

			buffer_add(&plain, "::", alignment);
			buffer_add_string(&plain, key);
			buffer_add_string(&text, beside[i].before);
			encode_base64(&text, plain.bytes, plain.length, true);
			buffer_add_string(&text, beside[i].after);
			expect_found(&text, "base64", begin + alignment * 8 / 6, begin + ((alignment + KEY_LENGTH) * 8 - 1) / 6 + 1);
			buffer_release(&plain);
			buffer_release(&text);
		}
	}
}

/* Both alignments, a line break anywhere in the outer text, and anywhere in the inner. */
static void base64_twice(void **state)
{
	(void)state;
	for (size_t before = 0; before < 60; before++) {
		for (size_t way = 0; way < 6; way++) {
			struct buffer plain = BUFFER_INIT, inner = BUFFER_INIT, wrapped = BUFFER_INIT, outer = BUFFER_INIT, text = BUFFER_INIT;
			const struct seen *seen;

			for (size_t i = 0; i < before; i++)
				buffer_add_char(&plain, ' ');
			buffer_add_string(&plain, key);
			encode_base64(&inner, plain.bytes, plain.length, way & 1);
			for (size_t i = 0; i < way; i++)
				buffer_add_char(&wrapped, ':');
			encode_wrapped(&wrapped, inner.bytes, inner.length, way == 1 || way == 4 ? 76 : 0, way == 1 ? "\n" : "\r\n");
			encode_base64(&outer, wrapped.bytes, wrapped.length, false);
			encode_wrapped(&text, outer.bytes, outer.length, way == 2 ? 76 : way == 3 ? 64 : 0, "\n");
			seen = search(2, &text);
			if (seen->count != 1)
				print_error("before %zu way %zu: \"%s\"\n", before, way, text.bytes);
			assert_int_equal(seen->count, 1);
			assert_string_equal(seen->secret, key);
			assert_string_equal(seen->encoding, "base64,base64");
			assert_int_equal(search(1, &text)->count, 0);
			buffer_release(&plain);
			buffer_release(&inner);
			buffer_release(&wrapped);
			buffer_release(&outer);
			buffer_release(&text);
		}
	}
}

/* ---- the other forms ---- */

static void utf_16(void **state)
{
	static const char *const surroundings[] = { "", " ", "=", "\n", ": key: " };

	(void)state;
	for (int big = 0; big < 2; big++) {
		for (int mark = 0; mark < 2; mark++) {
			for (size_t i = 0; i < sizeof(surroundings) / sizeof(*surroundings); i++) {
				const char *name = big ? "utf-16be" : "utf-16le";
				struct buffer text = BUFFER_INIT;
				size_t start;

				if (mark)
					buffer_add(&text, big ? "\xfe\xff" : "\xff\xfe", 2);
				encode_utf_16(&text, surroundings[i], strlen(surroundings[i]), big);
				start = text.length;
				encode_utf_16(&text, key, KEY_LENGTH, big);
				encode_utf_16(&text, surroundings[i], strlen(surroundings[i]), big);
				expect_found(&text, name, start, start + 2 * KEY_LENGTH);
				buffer_release(&text);
			}
		}
	}
}

/* At odd offsets, as in programs; with what is no ASCII before it; part of a longer word. */
static void utf_16_anywhere(void **state)
{
	struct buffer text = BUFFER_INIT;

	(void)state;
	buffer_add(&text, "\x01\x02\x03", 3);
	encode_utf_16(&text, key, KEY_LENGTH, false);
	buffer_add(&text, "\0\0", 2);
	expect_found(&text, "utf-16le", 3, 3 + 2 * KEY_LENGTH);
	buffer_clear(&text);
	buffer_add(&text, "\x3b\x04", 2); /* U+043B */
	encode_utf_16(&text, key, KEY_LENGTH, false);
	expect_found(&text, "utf-16le", 2, 2 + 2 * KEY_LENGTH);
	buffer_clear(&text);
	encode_utf_16(&text, "my", 2, false);
	encode_utf_16(&text, key, KEY_LENGTH, false);
	assert_int_equal(search(2, &text)->count, 0);
	/* in quotation marks, of which the low byte looks like a letter */
	buffer_clear(&text);
	buffer_add(&text, "\xfe\xff\x20\x1c", 4);
	encode_utf_16(&text, key, KEY_LENGTH, true);
	buffer_add(&text, "\x20\x1d", 2);
	expect_found(&text, "utf-16be", 4, 4 + 2 * KEY_LENGTH);
	/* behind more letters than are looked at */
	buffer_clear(&text);
	for (unsigned i = 0; i < 600; i++)
		encode_utf_16(&text, "x ", 2, true);
	encode_utf_16(&text, key, KEY_LENGTH, true);
	buffer_add(&text, "\x30\x02", 2);
	expect_found(&text, "utf-16be", 2400, 2400 + 2 * KEY_LENGTH);
	/* the last zero was cut off */
	buffer_clear(&text);
	encode_utf_16(&text, key, KEY_LENGTH, false);
	text.length--;
	expect_found(&text, "utf-16le", 0, 2 * KEY_LENGTH - 1);
	buffer_release(&text);
}

static void hex(void **state)
{
	static const char *const betweens[] = { "", ":", " ", "-", "\\x", ", 0x", ",0x" };
	static const char *const firsts[] = { "", "", "", "", "\\x", "0x", "0x" };

	(void)state;
	for (size_t i = 0; i < sizeof(betweens) / sizeof(*betweens); i++) {
		for (int upper = 0; upper < 2; upper++) {
			const char *format = upper ? "%02X" : "%02x";
			struct buffer text = BUFFER_INIT;
			size_t start;

			buffer_add_string(&text, firsts[i]);
			encode_each(&text, key, KEY_LENGTH, format, betweens[i]);
			expect_found(&text, "hex", 0, text.length);
			buffer_clear(&text);
			buffer_add_string(&text, "x = {");
			buffer_add_string(&text, firsts[i]);
			encode_each(&text, "a=b\n", 4, format, betweens[i]);
			buffer_add_string(&text, betweens[i]);
			start = text.length - (*firsts[i] ? 2 : 0);
			encode_each(&text, key, KEY_LENGTH, format, betweens[i]);
			buffer_add_string(&text, betweens[i]);
			buffer_add_format(&text, format, '\n');
			expect_found(&text, "hex", start, text.length - 2 - strlen(betweens[i]));
			buffer_release(&text);
		}
	}
}

/* As xxd -p and as arrays are wrapped, at every column. */
static void hex_wrapped(void **state)
{
	(void)state;
	for (size_t before = 0; before < 34; before++) {
		for (int array = 0; array < 2; array++) {
			struct buffer text = BUFFER_INIT;

			for (size_t i = 0; i < before + KEY_LENGTH; i++) {
				unsigned char byte = i < before ? ' ' : (unsigned char)key[i - before];

				if (i)
					buffer_add_string(&text, i % (array ? 12 : 30) == 0 ? array ? ",\n\t" : "\n" : array ? ", " : "");
				buffer_add_format(&text, array ? "0x%02x" : "%02x", byte);
			}
			assert_int_equal(search(2, &text)->count, 1);
			assert_string_equal(search(2, &text)->secret, key);
			assert_string_equal(search(2, &text)->encoding, "hex");
			buffer_release(&text);
		}
	}
}

/* All of it escaped, and only what is no letter or digit; what is escaped beside it; twice. */
static void escapes(void **state)
{
	static const struct {
		const char *format, *name, *beside, *once, *again;
	} forms[] = {
		{ "%%%02x", "percent", "%3D", "%", "%25" },	  { "%%%02X", "percent", "%3d", "%", "%25" },
		{ "\\u%04x", "json", "\\n", "\\", "\\\\" },	  { "\\u%04X", "json", "\\u003d", "\\", "\\\\" },
		{ "\\u{%x}", "json", "\\U0000003d", "\\", "\\\\" }, { "&#%u;", "html", "&quot;", "&", "&amp;" },
		{ "&#x%x;", "html", "&#x3d;", "&", "&amp;" },	  { "&#x%X;", "html", "&#61;", "&", "&amp;" },
		{ "=%02X", "quoted-printable", "=3D", "=", "=3D" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct buffer text = BUFFER_INIT, twice = BUFFER_INIT;
		char names[64];

		encode_each(&text, key, KEY_LENGTH, forms[i].format, "");
		expect_found(&text, forms[i].name, 0, text.length);
		for (const char *at = text.bytes; *at; at++) {
			if (*at == *forms[i].once)
				buffer_add_string(&twice, forms[i].again);
			else
				buffer_add_char(&twice, *at);
		}
		snprintf(names, sizeof(names), "%s,%s", forms[i].name, forms[i].name);
		expect_found(&twice, names, 0, twice.length);
		buffer_clear(&text);
		buffer_add_string(&text, forms[i].beside);
		encode_some(&text, key, KEY_LENGTH, forms[i].format);
		buffer_add_string(&text, forms[i].beside);
		expect_found(&text, forms[i].name, strlen(forms[i].beside), text.length - strlen(forms[i].beside));
		buffer_clear(&text);
		buffer_add_format(&text, "a%s%s%sa", forms[i].beside, key, forms[i].beside);
		expect_found(&text, "", 1 + strlen(forms[i].beside), 1 + strlen(forms[i].beside) + KEY_LENGTH);
		buffer_release(&text);
		buffer_release(&twice);
	}
}

/* A letter in the form of an escape belongs to the word before the key. */
static void escaped_words_go_on(void **state)
{
	static const char *const before[] = { "%41", "\\u0041", "my=5F", "=5F", "&#95;", "\\x5f" };

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		struct buffer text = BUFFER_INIT;
		bool is_html = *before[i] == '&'; /* which ends with no letter: plainly it is not seen */

		buffer_add_format(&text, "%s%s", before[i], key);
		assert_int_equal(search(2, &text)->count, is_html);
		buffer_release(&text);
	}
}

/* A soft line break anywhere. */
static void quoted_printable_lines(void **state)
{
	(void)state;
	for (size_t at = 1; at < KEY_LENGTH; at++) {
		for (int crlf = 0; crlf < 2; crlf++) {
			struct buffer text = BUFFER_INIT;

			buffer_add_format(&text, "Key=3D%.*s=%s%s=\n\n", (int)at, key, crlf ? "\r\n" : "\n", key + at);
			expect_found(&text, "quoted-printable", 6, 6 + KEY_LENGTH + (crlf ? 3 : 2));
			buffer_release(&text);
		}
	}
}

/* A joint anywhere, also in the literal. */
static void concatenated(void **state)
{
	static const char *const joints[] = {
		"\" + \"", "' + '", "\" +\n    \"", "' +\r\n\t'", "\" \\\n  \"", "\"\\\n\"", "\"\n  + \"", "\" . \"", "' . '", "\"\n\"", "`+`", "\\\n", "\\\r\n  ", "\" & \"", "' + b'",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(joints) / sizeof(*joints); i++) {
		for (size_t at = 1; at < KEY_LENGTH; at++) {
			struct buffer text = BUFFER_INIT;

			buffer_add_format(&text, "key = \"%.*s%s%s\";\n", (int)at, key, joints[i], key + at);
			expect_found(&text, "concatenated", 7, 7 + KEY_LENGTH + strlen(joints[i]));
			buffer_release(&text);
		}
	}
}

/* In many pieces; two strings that nothing joins are two. */
static void concatenated_or_not(void **state)
{
	struct buffer text = BUFFER_INIT;

	(void)state;
	buffer_add_string(&text, "x = ");
	for (size_t at = 0; at < KEY_LENGTH; at += 6)
		buffer_add_format(&text, "%s\"%.6s\"", at ? " +\n    " : "", key + at);
	expect_found(&text, "concatenated", 5, text.length - 1);
	buffer_clear(&text);
	buffer_add_format(&text, "[\"%.30s\", \"%s\"]", key, key + 30);
	assert_true(search(2, &text)->count == 0 || search(2, &text)->confidence == CONFIDENCE_POSSIBLE);
	buffer_release(&text);
}

static void one_form_in_another(void **state)
{
	struct buffer inner = BUFFER_INIT, text = BUFFER_INIT;

	(void)state;
	for (int big = 0; big < 2; big++) { /* as PowerShell has its -EncodedCommand */
		for (size_t before = 0; before < 6; before++) {
			buffer_clear(&inner);
			buffer_clear(&text);
			encode_utf_16(&inner, "      ", before, big);
			encode_utf_16(&inner, key, KEY_LENGTH, big);
			encode_base64(&text, inner.bytes, inner.length, false);
			assert_int_equal(search(2, &text)->count, 1);
			assert_string_equal(search(2, &text)->secret, key);
			assert_string_equal(search(2, &text)->encoding, big ? "base64,utf-16be" : "base64,utf-16le");
		}
	}
	buffer_clear(&inner);
	buffer_clear(&text);
	encode_base64(&inner, key, KEY_LENGTH, false);
	encode_each(&text, inner.bytes, inner.length, "%02x", "");
	expect_found(&text, "hex,base64", 0, text.length);
	buffer_clear(&text);
	encode_utf_16(&text, inner.bytes, inner.length, false);
	expect_found(&text, "utf-16le,base64", 0, text.length);
	buffer_clear(&inner);
	buffer_clear(&text);
	encode_each(&inner, key, KEY_LENGTH, "%02x", "");
	encode_base64(&text, inner.bytes, inner.length, false);
	expect_found(&text, "base64,hex", 0, text.length);
	/* in base64, a text in JSON, in which an escape stands before it: what the key itself is in counts */
	buffer_clear(&inner);
	buffer_clear(&text);
	buffer_add_format(&inner, "{\"a\":\"\\n%s\"}", key);
	encode_base64(&text, inner.bytes, inner.length, false);
	expect_found(&text, "base64", 8 * 8 / 6, ((8 + KEY_LENGTH) * 8 - 1) / 6 + 1);
	buffer_release(&inner);
	buffer_release(&text);
}

/* As many forms as were asked for, and no more. */
static void depth(void **state)
{
	struct buffer texts[2] = { BUFFER_INIT, BUFFER_INIT };

	(void)state;
	buffer_add_string(&texts[0], key);
	for (unsigned level = 1; level <= MATCH_DEPTH_MAX; level++) {
		struct buffer *from = &texts[(level + 1) % 2], *to = &texts[level % 2];

		buffer_clear(to);
		encode_base64(to, from->bytes, from->length, false);
		for (unsigned asked = 0; asked <= MATCH_DEPTH_MAX; asked++) {
			assert_int_equal(search(asked, to)->count, asked >= level);
			assert_true(asked >= level || !matcher_met_literal(matchers[asked]));
		}
	}
	buffer_release(&texts[0]);
	buffer_release(&texts[1]);
}

/* Several keys in one text are each found once; the same one twice is found twice. */
static void neighbours(void **state)
{
	struct buffer plain = BUFFER_INIT, text = BUFFER_INIT;
	char other[KEY_LENGTH + 1];

	(void)state;
	make_key(other, 42);
	buffer_add_format(&plain, "%s %s\n%s", key, other, key);
	encode_base64(&text, plain.bytes, plain.length, false);
	assert_int_equal(search(2, &text)->count, 3);
	buffer_clear(&text);
	encode_each(&text, plain.bytes, plain.length, "%02x", "");
	assert_int_equal(search(2, &text)->count, 3);
	buffer_clear(&text);
	encode_utf_16(&text, plain.bytes, plain.length, false);
	assert_int_equal(search(2, &text)->count, 3);
	buffer_clear(&text);
	encode_each(&text, plain.bytes, plain.length, "%%%02x", "");
	assert_int_equal(search(2, &text)->count, 3);
	buffer_release(&plain);
	buffer_release(&text);
}

/* In windows, the key at every offset of one. */
static void windows(void **state)
{
	size_t length = 4 * MATCH_OVERLAP, window = 2 * MATCH_OVERLAP;
	struct buffer inner = BUFFER_INIT, symbols = BUFFER_INIT;
	char *text = memory_allocate(length);

	(void)state;
	encode_base64(&inner, key, KEY_LENGTH, false);
	encode_base64(&symbols, inner.bytes, inner.length, false);
	for (size_t at = MATCH_OVERLAP - 300; at < length - symbols.length; at += at % 97 ? 1 : 211) {
		struct seen seen = { 0 };

		memset(text, '.', length);
		memcpy(text + at, symbols.bytes, symbols.length);
		for (size_t offset = 0;; offset += window - MATCH_OVERLAP) {
			size_t size = length - offset < window ? length - offset : window;

			seen.offset = offset;
			assert_int_equal(matcher_search(matchers[2], text + offset, size, offset == 0, offset + size == length, note, &seen), 0);
			if (offset + size == length)
				break;
		}
		assert_int_equal(seen.count, 1);
		assert_int_equal(seen.start, at);
	}
	buffer_release(&inner);
	buffer_release(&symbols);
	free(text);
}

/* ---- cut, empty, hostile ---- */

static void encode_in(struct buffer *to, unsigned form, const char *bytes, size_t length)
{
	switch (form) {
	case 0:
		encode_base64(to, bytes, length, false);
		break;
	case 1:
		encode_each(to, bytes, length, "%02x", "");
		break;
	case 2:
		encode_utf_16(to, bytes, length, false);
		break;
	case 3:
		encode_each(to, bytes, length, "&#%u;", "");
		break;
	case 4:
		encode_each(to, bytes, length, "\\u%04x", "");
		break;
	default:
		encode_each(to, bytes, length, "0x%02x", ", ");
		break;
	}
}

/* Cut anywhere, at memory that ends there: only the whole key is certain. */
static void cut_short(void **state)
{
	(void)state;
	for (unsigned form = 0; form < 6; form++) {
		struct buffer whole = BUFFER_INIT;

		encode_in(&whole, form, key, KEY_LENGTH);
		for (size_t length = 0; length < whole.length; length++) {
			char *exact = memory_allocate(length ? length : 1);
			struct seen seen;

			memcpy(exact, whole.bytes, length);
			search_to(&seen, 2, exact, length);
			assert_true(seen.count == 0 || seen.confidence < CONFIDENCE_LIKELY || strcmp(seen.secret, key) == 0);
			memcpy(exact, whole.bytes + (whole.length - length), length);
			search_to(&seen, 2, exact, length);
			assert_true(seen.count == 0 || (form == 5 && length + 2 >= whole.length)); /* 0x is no part of it */
			free(exact);
		}
		buffer_release(&whole);
	}
}

/* Text made of nothing but beginnings is given up on, in time, and said to be: a megabyte of each. */
static void hostile_text_costs_little(void **state)
{
	struct buffer text = BUFFER_INIT, plain = BUFFER_INIT;
	struct timespec before, after;

	(void)state;
	for (unsigned form = 0; form < 7; form++) {
		static struct seen seen;

		buffer_clear(&text);
		buffer_clear(&plain);
		for (int i = 0; i < 100; i++)
			buffer_add_string(&plain, "vck_");
		while (text.length < 1000000) {
			if (form < 6)
				encode_in(&text, form, plain.bytes, plain.length);
			else
				buffer_add_string(&text, "vck_\\u005f%5f=\n\"+\"");
		}
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
		search_to(&seen, 2, text.bytes, text.length);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
		assert_true(seen.count == 0 || seen.confidence < CONFIDENCE_LIKELY);
		assert_true(after.tv_sec - before.tv_sec < 20); /* under a sanitizer; it is about one */
	}
	buffer_release(&text);
	buffer_release(&plain);
}

/* 100 MB of random base64 and 100 MB of random hexadecimal: nothing at all. */
static void random_text_has_none(void **state)
{
	static const char symbols[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", digits[] = "0123456789abcdef";
	size_t size = 1 << 20, rounds = getenv("STAUNCH_TEST_QUICK") ? 4 : 100;
	char *text = memory_allocate(size);
	uint64_t number = 88172645463325252u;

	(void)state;
	for (size_t round = 0; round < 2 * rounds; round++) {
		struct seen seen;

		for (size_t i = 0; i < size; i++) {
			if (i % 8 == 0) { /* xorshift64, Marsaglia 2003 */
				number ^= number << 13;
				number ^= number >> 7;
				number ^= number << 17;
			}
			text[i] = round % 2 ? digits[number >> (8 * (i % 8)) & 15] : symbols[number >> (8 * (i % 8)) & 63];
			if (i % 77 == 76)
				text[i] = '\n';
		}
		assert_int_equal(search_to(&seen, 2, text, size), 0);
		assert_int_equal(seen.count, 0);
	}
	free(text);
}

/* What the prefilter looks for is in every text in which it stands: the trigger lists hold nothing so short that it stands everywhere. */
static void triggers_are_few_and_long(void **state)
{
	struct trigger_list list = { 0 };

	(void)state;
	trigger_list_add(&list, 0, "vck_", 0);
	assert_int_equal(list.count, 0);
	trigger_list_add(&list, 0, "vck_", MATCH_DEPTH_DEFAULT);
	assert_in_range(list.count, 100, 600);
	for (size_t i = 0; i < list.count; i++) {
		const struct trigger *trigger = &list.items[i];

		assert_in_range(trigger->length, 3, TRIGGER_LENGTH_MAX);
		assert_true(trigger->parent < 0 || trigger->inner == list.items[trigger->parent].text);
		assert_in_range(trigger->depth, 1, MATCH_DEPTH_DEFAULT);
	}
	trigger_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64),
		cmocka_unit_test(base64_beside_other_text),
		cmocka_unit_test(base64_twice),
		cmocka_unit_test(utf_16),
		cmocka_unit_test(utf_16_anywhere),
		cmocka_unit_test(hex),
		cmocka_unit_test(hex_wrapped),
		cmocka_unit_test(escapes),
		cmocka_unit_test(escaped_words_go_on),
		cmocka_unit_test(quoted_printable_lines),
		cmocka_unit_test(concatenated),
		cmocka_unit_test(concatenated_or_not),
		cmocka_unit_test(one_form_in_another),
		cmocka_unit_test(depth),
		cmocka_unit_test(neighbours),
		cmocka_unit_test(windows),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(hostile_text_costs_little),
		cmocka_unit_test(random_text_has_none),
		cmocka_unit_test(triggers_are_few_and_long),
	};

	return cmocka_run_group_tests_name("forms", tests, load, unload);
}
