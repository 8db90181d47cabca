/*
 * Goal: an object made by a delta from one without a trigger is looked at whenever a credential stands in it, in whatever form, wherever the delta cut it: what the pack
 * engine leaves out is what a search of the whole would find nothing in. And it leaves out most.
 */
#define _GNU_SOURCE
#include "delta_builder.h"

#include "base/memory.h"
#include "git/delta_fresh.h"
#include "match/match.h"
#include "rule/rule.h"
#include "tests/unit/encode.h"
#include "tests/unit/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIECES_MAX 6
#define FORM_COUNT 14

static struct rule_set rules;
static struct match_program *program;
static struct matcher *matcher;
static struct delta_seam_texts texts;

static int load(void **state)
{
	struct error error;
	size_t shortest, longest;

	(void)state;
	if (rule_set_load(&rules, NULL, 0, &error) || match_program_compile(&program, &rules, &error))
		return -1;
	match_program_add_forms(program, MATCH_DEPTH_DEFAULT);
	if (match_program_prepare(program, false, &error))
		return -1;
	matcher = matcher_new(program);
	longest = match_program_pairs(program, texts.pairs, &shortest);
	texts.reach = longest - 1;
	texts.are_long = shortest >= 3;
	return 0;
}

static int unload(void **state)
{
	(void)state;
	matcher_free(matcher);
	match_program_free(program);
	rule_set_release(&rules);
	return 0;
}

static void encode(struct buffer *to, unsigned form, const char *key)
{
	struct buffer inner = BUFFER_INIT, symbols = BUFFER_INIT;
	size_t before = (size_t)rand() % 6;

	for (size_t i = 0; i < before; i++)
		buffer_add_char(&inner, ' ');
	buffer_add_string(&inner, key);
	switch (form) {
	case 0:
		buffer_add_string(to, inner.bytes);
		break;
	case 1:
		encode_base64(to, inner.bytes, inner.length, false);
		break;
	case 2:
		encode_base64(&symbols, inner.bytes, inner.length, true);
		encode_wrapped(to, symbols.bytes, symbols.length, 64, "\r\n");
		break;
	case 3:
		encode_base64(&symbols, inner.bytes, inner.length, false);
		encode_base64(to, symbols.bytes, symbols.length, false);
		break;
	case 4:
		encode_base64(&symbols, inner.bytes, inner.length, false);
		buffer_clear(&inner);
		encode_base64(&inner, symbols.bytes, symbols.length, false);
		encode_wrapped(to, inner.bytes, inner.length, 76, "\n");
		break;
	case 5:
		encode_utf_16(to, inner.bytes, inner.length, rand() % 2);
		break;
	case 6:
		encode_utf_16(&symbols, inner.bytes, inner.length, rand() % 2);
		encode_base64(to, symbols.bytes, symbols.length, false);
		break;
	case 7:
		encode_each(to, inner.bytes, inner.length, rand() % 2 ? "%02x" : "%02X", "");
		break;
	case 8:
		encode_each(to, inner.bytes, inner.length, "0x%02x", ", ");
		break;
	case 9:
		encode_each(to, key, KEY_LENGTH, "%%%02X", "");
		break;
	case 10:
		encode_each(to, key, KEY_LENGTH, "\\u%04x", "");
		break;
	case 11:
		encode_each(to, key, KEY_LENGTH, "&#%u;", "");
		break;
	case 12:
		before = 1 + (size_t)rand() % (KEY_LENGTH - 1);
		buffer_add_format(to, "a=3D%.*s=\n%s\n", (int)before, key, key + before);
		break;
	default:
		before = 1 + (size_t)rand() % (KEY_LENGTH - 1);
		buffer_add_format(to, "\"%.*s\" +\n  \"%s\"", (int)before, key, key + before);
		break;
	}
	buffer_release(&inner);
	buffer_release(&symbols);
}

static void filler_add(struct buffer *to, size_t size)
{
	static const char letters[] = "etaoin shrdluETAOIN0123456789_=+/\"'\\\n%&;#x,vck";

	for (size_t i = 0; i < size; i++)
		buffer_add_char(to, letters[(size_t)rand() % (sizeof(letters) - 1)]);
}

/*
 * A base with an encoded key's pieces here and there, which is none, and a delta that puts them together, copying some and inserting others.
 */
static void make(struct buffer *base, struct buffer *delta, struct buffer *result, const struct buffer *encoded)
{
	size_t cuts[PIECES_MAX + 1] = { 0 }, offsets[PIECES_MAX], pieces = 1 + (size_t)rand() % PIECES_MAX;
	struct buffer body = BUFFER_INIT;

	for (size_t i = 1; i < pieces; i++) { /* some of a few bytes: triggers are short */
		size_t left = encoded->length - cuts[i - 1], most = rand() % 2 && left > 4 ? 4 : left;

		cuts[i] = cuts[i - 1] + (size_t)rand() % (1 + most);
	}
	cuts[pieces] = encoded->length;
	buffer_clear(base);
	buffer_clear(delta);
	buffer_clear(result);
	filler_add(base, 200);
	for (size_t i = pieces; i-- > 0;) { /* the last one first */
		offsets[i] = base->length;
		buffer_add(base, encoded->bytes + cuts[i], cuts[i + 1] - cuts[i]);
		filler_add(base, 1 + (size_t)rand() % 20);
	}
	copy_add(&body, 0, 150);
	buffer_add(result, base->bytes, 150);
	buffer_add_string(result, "\n");
	insert_add(&body, (const unsigned char *)"\n", 1);
	for (size_t i = 0; i < pieces; i++) {
		size_t size = cuts[i + 1] - cuts[i];

		if (!size)
			continue;
		buffer_add(result, encoded->bytes + cuts[i], size);
		if (rand() % 3)
			copy_add(&body, (uint32_t)offsets[i], (uint32_t)size);
		else
			for (size_t done = 0; done < size; done += 127)
				insert_add(&body, (const unsigned char *)encoded->bytes + cuts[i] + done, size - done < 127 ? size - done : 127);
	}
	insert_add(&body, (const unsigned char *)"\n", 1);
	buffer_add_string(result, "\n");
	copy_add(&body, 20, 100);
	buffer_add(result, base->bytes + 20, 100);
	size_add(delta, base->length);
	size_add(delta, result->length);
	buffer_add(delta, body.bytes, body.length);
	buffer_release(&body);
}

static void count(void *context, const struct match *match)
{
	unsigned *found = context;

	*found += match->confidence == CONFIDENCE_CERTAIN;
}

static void what_is_left_out_holds_none(void **state)
{
	struct buffer encoded = BUFFER_INIT, base = BUFFER_INIT, delta = BUFFER_INIT, result = BUFFER_INIT;
	static struct delta_seams seams;
	unsigned tried[FORM_COUNT] = { 0 }, across[FORM_COUNT] = { 0 }, needless = 0, rounds = 140000;
	char key[KEY_LENGTH + 1];

	(void)state;
	srand(11);
	for (unsigned round = 0; round < rounds; round++) {
		unsigned form = round % FORM_COUNT, found = 0;
		size_t delta_size;
		bool in_delta, looked_at, met;
		unsigned char *made;

		make_key(key, (unsigned)rand());
		buffer_clear(&encoded);
		encode(&encoded, form, key);
		make(&base, &delta, &result, &encoded);
		if (matcher_glance(matcher, base.bytes, base.length))
			continue; /* the whole of it would be looked at, and what is made from it */
		delta_size = delta.length;
		buffer_add(&base, "\0\0\0\0", 4);
		base.length -= 4;
		buffer_reserve(&base, DELTA_SLACK);
		buffer_reserve(&delta, DELTA_SLACK);
		made = memory_allocate(result.length + DELTA_SLACK);
		assert_null(delta_apply_fresh((unsigned char *)base.bytes, base.length, (unsigned char *)delta.bytes, delta_size, made,
					      result.length, &texts, &seams));
		assert_memory_equal(made, result.bytes, result.length);
		free(made);
		in_delta = matcher_glance(matcher, delta.bytes, delta_size);
		looked_at = in_delta || seams.are_more || matcher_glance(matcher, seams.bytes, seams.size);
		assert_int_equal(matcher_search(matcher, result.bytes, result.length, true, true, count, &found), 0);
		met = matcher_met_literal(matcher);
		assert_true(found <= 1);
		if (!(looked_at || !met))
			print_error("form %u: %s\n", form, encoded.bytes);
		assert_true(looked_at || !met);
		assert_true(met || !found);
		tried[form] += found;
		across[form] += found && !in_delta;
		needless += looked_at && !met;
	}
	for (unsigned form = 0; form < FORM_COUNT; form++) {
		assert_true(tried[form] > 100);
		assert_true(across[form] > 20);
	}
	assert_true(needless < rounds / 10);
	buffer_release(&encoded);
	buffer_release(&base);
	buffer_release(&delta);
	buffer_release(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_out_holds_none),
	};

	return cmocka_run_group_tests_name("forms_changes", tests, load, unload);
}
