/*
 * Goal: the two ways of finding literals find the same, in the same order, whatever the bytes; and the slow one is taken only where it may be.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "match/prefilter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX 4096

struct log {
	size_t count;
	struct {
		size_t number, start, end;
	} found[FOUND_MAX];
};

static void note(void *context, size_t number, size_t start, size_t end)
{
	struct log *log = context;

	assert_true(log->count < FOUND_MAX);
	log->found[log->count].number = number;
	log->found[log->count].start = start;
	log->found[log->count++].end = end;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct log *)0)->found[0]));
}

/* Literals that end at one place may come in either order. */
static void settle_ties(struct log *log)
{
	for (size_t i = 0; i < log->count;) {
		size_t end = i + 1;

		while (end < log->count && log->found[end].end == log->found[i].end)
			end++;
		qsort(&log->found[i], end - i, sizeof(log->found[0]), compare);
		i = end;
	}
}

static void add_all(struct prefilter *prefilter, const char *const *literals)
{
	for (; *literals; literals++)
		prefilter_add(prefilter, *literals, strlen(*literals));
}

static void test_both_ways_agree(void **state)
{
	static const char *const sets[][12] = {
		{ "vck_" }, { "a" }, { "ab", "ba" }, { "aa", "aaa", "b" }, { "ab", "abab", "bab", "a", "b", "bb", "abba", "baab" },
		{ "a", "b", "aa", "ab", "ba", "bb", "aab", "aba", "baa", "aaaa", "abab" },
	};
	static struct log slow_log, fast_log;
	char text[300];

	(void)state;
	srand(7);
	for (size_t set = 0; set < sizeof(sets) / sizeof(*sets); set++) {
		struct prefilter slow = { 0 }, fast = { 0 };
		struct hs_scratch *scratch;
		struct error error;

		add_all(&slow, sets[set]);
		add_all(&fast, sets[set]);
		assert_int_equal(prefilter_prepare(&slow, true, &error), 0);
		assert_int_equal(prefilter_prepare(&fast, false, &error), 0);
		assert_null(slow.database);
		assert_non_null(fast.database);
		scratch = prefilter_scratch_new(&fast);
		for (size_t turn = 0; turn < 2000; turn++) {
			size_t size = (size_t)rand() % sizeof(text);

			for (size_t i = 0; i < size; i++)
				text[i] = set ? "aab"[rand() % 3] : "vck_"[rand() % 4];
			slow_log.count = fast_log.count = 0;
			assert_int_equal(prefilter_search(&slow, NULL, text, size, note, &slow_log), 0);
			assert_int_equal(prefilter_search(&fast, scratch, text, size, note, &fast_log), 0);
			settle_ties(&slow_log);
			settle_ties(&fast_log);
			assert_int_equal(slow_log.count, fast_log.count);
			assert_memory_equal(slow_log.found, fast_log.found, slow_log.count * sizeof(slow_log.found[0]));
		}
		prefilter_scratch_free(scratch);
		prefilter_release(&slow);
		prefilter_release(&fast);
	}
}

/* Bytes may be anything, NUL too, and there may be many: hundreds of forms are looked for at once. */
static void test_many_literals_of_any_bytes(void **state)
{
	static char texts[300][24];
	static struct log slow_log, fast_log;
	struct prefilter slow = { 0 }, fast = { 0 };
	struct hs_scratch *scratch;
	struct error error;
	char text[400];

	(void)state;
	srand(8);
	for (size_t i = 0; i < 300; i++) {
		size_t length = i % 9 ? 3 + i % 4 : i % 2 ? 1 : 20;

		for (size_t k = 0; k < length; k++)
			texts[i][k] = "\0\n_a\xff"[k ? rand() % 5 : 1 + rand() % 4];
		prefilter_add(&slow, texts[i], length);
		prefilter_add(&fast, texts[i], length);
	}
	assert_int_equal(prefilter_prepare(&slow, true, &error), 0);
	if (prefilter_prepare(&fast, false, &error))
		fail_msg("%s", error.message);
	scratch = prefilter_scratch_new(&fast);
	for (size_t turn = 0; turn < 300; turn++) {
		size_t size = (size_t)rand() % sizeof(text);

		for (size_t i = 0; i < size; i++)
			text[i] = "\0\n_a\xff?"[rand() % 6];
		if (size >= 20) /* a long one, of which chance makes none */
			memcpy(text + (size_t)rand() % (size - 19), texts[9 * (rand() % 33)], 20);
		slow_log.count = fast_log.count = 0;
		prefilter_search(&slow, NULL, text, size, note, &slow_log);
		prefilter_search(&fast, scratch, text, size, note, &fast_log);
		settle_ties(&slow_log);
		settle_ties(&fast_log);
		assert_int_equal(slow_log.count, fast_log.count);
		assert_memory_equal(slow_log.found, fast_log.found, slow_log.count * sizeof(slow_log.found[0]));
		assert_int_equal(prefilter_glance(&slow, NULL, text, size), slow_log.count > 0);
		assert_int_equal(prefilter_glance(&fast, scratch, text, size), slow_log.count > 0);
	}
	assert_true(slow_log.count > 10);
	prefilter_scratch_free(scratch);
	prefilter_release(&slow);
	prefilter_release(&fast);
}

/* Of hundreds of literals with much in common a few cores are looked for, and each literal is of one of them. */
static void test_cores(void **state)
{
	static char texts[200][8];
	const char *list[200];
	size_t lengths[200];
	bool is_there[200] = { false };
	struct core_set set;

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		snprintf(texts[i], sizeof(texts[i]), i < 100 ? "vck%zu" : "%zumNr", i);
		list[i] = texts[i];
		lengths[i] = strlen(texts[i]);
	}
	core_set_choose(&set, list, lengths, 200);
	assert_int_equal(set.count, 2);
	assert_int_equal(set.cores[0].length, 3);
	assert_int_equal(set.cores[0].first, 0);
	assert_int_equal(set.cores[2].first, 200);
	for (size_t i = 0; i < set.count; i++) {
		for (size_t j = set.cores[i].first; j < set.cores[i + 1].first; j++) {
			const struct core_literal *literal = &set.literals[j];

			assert_memory_equal(texts[literal->number] + literal->before, set.cores[i].text, set.cores[i].length);
			assert_false(is_there[literal->number]);
			is_there[literal->number] = true;
		}
	}
	core_set_release(&set);
}

static void test_no_literals(void **state)
{
	struct prefilter prefilter = { 0 };
	struct log log = { 0 };
	struct error error;

	(void)state;
	assert_int_equal(prefilter_prepare(&prefilter, false, &error), 0);
	assert_int_equal(prefilter_search(&prefilter, NULL, "vck_", 4, note, &log), 0);
	assert_int_equal(log.count, 0);
	prefilter_release(&prefilter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways_agree),
		cmocka_unit_test(test_many_literals_of_any_bytes),
		cmocka_unit_test(test_cores),
		cmocka_unit_test(test_no_literals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
