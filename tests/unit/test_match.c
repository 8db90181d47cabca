/*
 * Goal: every credential is found exactly once, wherever it stands in its windows, with the right confidence; nothing else is; and no
 * pattern can run away.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "match/match.h"
#include "rule/rule.h"
#include "tests/unit/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static struct rule_set rules;
static struct match_program *program;
static struct matcher *matcher;

static int load(void **state)
{
	struct error error = { 0 };

	(void)state;
	if (rule_set_load(&rules, NULL, 0, &error) || match_program_compile(&program, &rules, &error) ||
	    match_program_prepare(program, false, &error)) {
		fprintf(stderr, "%s\n", error.message);
		return -1;
	}
	matcher = matcher_new(program);
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

struct seen {
	size_t count;
	struct match last;
	size_t offset; /* of the window being searched */
	size_t last_offset;
};

static void note(void *context, const struct match *match)
{
	struct seen *seen = context;

	seen->count++;
	seen->last = *match;
	seen->last_offset = seen->offset + match->start;
}

static struct seen search(const char *text, size_t length)
{
	struct seen seen = { 0 };

	assert_int_equal(matcher_search(matcher, text, length, true, true, note, &seen), 0);
	return seen;
}

static void confidence_follows_checksum_entropy_and_placeholders(void **state)
{
	char key[KEY_LENGTH + 1], text[256];
	struct seen seen;

	(void)state;
	make_key(key, 1);
	snprintf(text, sizeof(text), "KEY='%s';", key);
	seen = search(text, strlen(text));
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.confidence, CONFIDENCE_CERTAIN);
	assert_int_equal(seen.last.start, 5);
	assert_int_equal(seen.last.end, 5 + KEY_LENGTH);

	text[5 + KEY_LENGTH - 1] = text[5 + KEY_LENGTH - 1] == 'a' ? 'b' : 'a'; /* the checksum no longer holds */
	assert_int_equal(search(text, strlen(text)).last.confidence, CONFIDENCE_LIKELY);

	memset(text + 9, 'x', 56); /* the full length of one character */
	assert_int_equal(search(text, strlen(text)).last.confidence, CONFIDENCE_POSSIBLE);

	make_key(key, 2);
	memcpy(key + 10, "YOUR_KEY", 8);
	key[59] = key[59] == 'a' ? 'b' : 'a';
	assert_int_equal(search(key, KEY_LENGTH).last.confidence, CONFIDENCE_POSSIBLE);
}

static void near_misses_are_not_found(void **state)
{
	char key[KEY_LENGTH + 1], text[256];

	(void)state;
	make_key(key, 3);
	snprintf(text, sizeof(text), "my%s", key); /* a word goes on before it */
	assert_int_equal(search(text, strlen(text)).count, 0);
	assert_int_equal(search("vck_OldKey0001", 14).count, 0);
	assert_int_equal(search("vck_", 4).count, 0);
	assert_int_equal(search("", 0).count, 0);
	snprintf(text, sizeof(text), "%sX", key); /* 57 characters: only the loose pattern holds */
	assert_int_equal(search(text, strlen(text)).last.confidence, CONFIDENCE_POSSIBLE);
	assert_int_equal(search(key, KEY_LENGTH - 1).last.confidence, CONFIDENCE_POSSIBLE);
}

static void neighbours_are_each_found_once(void **state)
{
	char keys[3][KEY_LENGTH + 1], text[512];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		make_key(keys[i], 10 + i);
	snprintf(text, sizeof(text), "%s %s\n%s", keys[0], keys[1], keys[2]);
	assert_int_equal(search(text, strlen(text)).count, 3);
	/* the literal twice in one credential: one match */
	make_key(keys[0], 20);
	memcpy(keys[0] + 20, "vck_", 4);
	checksum_write(CHECKSUM_CRC32_BASE62, keys[0] + 4, 50, keys[0] + 54, 6);
	assert_int_equal(search(keys[0], KEY_LENGTH).count, 1);
}

/* Search content in windows of window_size that overlap as the contract says. */
static struct seen search_in_windows(const char *text, size_t length, size_t window_size)
{
	struct seen seen = { 0 };
	size_t offset = 0;

	for (;;) {
		size_t size = length - offset < window_size ? length - offset : window_size;
		bool last = offset + size == length;

		seen.offset = offset;
		assert_int_equal(matcher_search(matcher, text + offset, size, offset == 0, last, note, &seen), 0);
		if (last)
			return seen;
		offset += size - MATCH_OVERLAP;
	}
}

static void a_key_at_any_offset_of_windows_is_found_once(void **state)
{
	size_t length = 6 * MATCH_OVERLAP;
	char *text = memory_allocate(length), key[KEY_LENGTH + 1];

	(void)state;
	make_key(key, 4);
	for (size_t at = 0; at + KEY_LENGTH <= length; at += at % 37 + 1) {
		struct seen seen;

		memset(text, ' ', length);
		memcpy(text + at, key, KEY_LENGTH);
		seen = search_in_windows(text, length, 2 * MATCH_OVERLAP);
		assert_int_equal(seen.count, 1);
		assert_int_equal(seen.last_offset, at);
		assert_int_equal(seen.last.confidence, CONFIDENCE_CERTAIN);
	}
	free(text);
}

static void the_second_look_takes_the_whole_or_nothing(void **state)
{
	char key[KEY_LENGTH + 1], longer[KEY_LENGTH + 3];
	const struct rule *rule = rule_set_find(&rules, "vercel-ai-gateway-key");
	enum confidence confidence;

	(void)state;
	make_key(key, 5);
	assert_non_null(rule);
	assert_true(matcher_confirm(matcher, rule, key, KEY_LENGTH, &confidence));
	assert_int_equal(confidence, CONFIDENCE_CERTAIN);
	snprintf(longer, sizeof(longer), "%s ", key);
	assert_false(matcher_confirm(matcher, rule, longer, KEY_LENGTH + 1, &confidence));
	assert_false(matcher_confirm(matcher, rule, "", 0, &confidence));
	assert_false(matcher_confirm(matcher, rule, "{\"x\":1}", 7, &confidence));
}

static void a_runaway_pattern_gives_up(void **state)
{
	static char literal[] = "aaa", pattern[] = "(?:a|aa|aaa)+(?:a|aa)+[bc]", id[] = "runaway", empty[] = "";
	char *literals[] = { literal };
	struct rule rule = { .id = id, .name = id, .provider = id, .provider_name = id, .file = empty, .enabled = true,
			     .literals = literals, .literal_count = 1, .pattern = pattern };
	struct rule_set set = { &rule, 1 };
	struct match_program *runaway = NULL;
	struct matcher *its_matcher;
	struct seen seen = { 0 };
	struct error error;
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(match_program_compile(&runaway, &set, &error), 0);
	its_matcher = matcher_new(runaway);
	assert_int_equal(matcher_search(its_matcher, text, 60, true, true, note, &seen), ERROR_LIMIT);
	assert_int_equal(seen.count, 0);
	matcher_free(its_matcher);
	match_program_free(runaway);
}

static void placeholders(void **state)
{
	static const char *const yes[] = { "aaXXXXXXbb", "thisIsAnEXAMPLEkey", "put-your-key-here", "kabcdefk", "k654321k" };
	static const char *const no[] = { "k7Xw2Qp9Zr4Tn8Vb", "aaabbbcccddd", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		assert_true(match_is_placeholder(yes[i], strlen(yes[i])));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		assert_false(match_is_placeholder(no[i], strlen(no[i])));
}

static void entropy(void **state)
{
	(void)state;
	assert_true(match_entropy("aaaa", 4) == 0.0);
	assert_true(match_entropy("abababab", 8) == 1.0);
	assert_true(match_entropy("abcdefgh", 8) == 3.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(confidence_follows_checksum_entropy_and_placeholders),
		cmocka_unit_test(near_misses_are_not_found),
		cmocka_unit_test(neighbours_are_each_found_once),
		cmocka_unit_test(a_key_at_any_offset_of_windows_is_found_once),
		cmocka_unit_test(the_second_look_takes_the_whole_or_nothing),
		cmocka_unit_test(a_runaway_pattern_gives_up),
		cmocka_unit_test(placeholders),
		cmocka_unit_test(entropy),
	};

	return cmocka_run_group_tests_name("match", tests, load, unload);
}
