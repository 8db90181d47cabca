/*
 * Goal: whoever knows that a text is not in the base finds it in what delta_apply_fresh() tells of the result, whatever the delta; and what is told is little.
 */
#define _GNU_SOURCE
#include "delta_builder.h"

#include "base/memory.h"
#include "git/delta_fresh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE_MAX 2000
#define RESULT_MAX 20000

static const char *const texts[] = { "ef", "abcd", "ghijklmn", "aab" };
#define LONG_FROM 1 /* the first one is shorter than 3 bytes */
#define TEXT_COUNT (sizeof(texts) / sizeof(*texts))

/* from: the number of the first one that counts; those from LONG_FROM on have three bytes or more */
static void texts_list(struct delta_seam_texts *seam, size_t from)
{
	memset(seam, 0, sizeof(*seam));
	seam->are_long = from == LONG_FROM;
	for (size_t i = from; i < TEXT_COUNT; i++) {
		const unsigned char *text = (const unsigned char *)texts[i];

		for (size_t k = 0; text[k + 1]; k++)
			seam->pairs[text[k] * 4 + text[k + 1] / 64] |= UINT64_C(1) << text[k + 1] % 64;
		if (strlen(texts[i]) - 1 > seam->reach)
			seam->reach = strlen(texts[i]) - 1;
	}
}

static void letters_fill(unsigned char *bytes, size_t size, unsigned letters)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)('a' + rand() % (int)letters);
}

/* A delta of random instructions for a base; some copies go on where the one before ended, as git writes long ones. Returns the result's size. */
static size_t delta_make(struct buffer *delta, size_t base_size, unsigned letters)
{
	struct buffer body = BUFFER_INIT;
	size_t result_size = 0, next = 0;
	bool are_short = rand() % 3 == 0;

	for (int count = 1 + rand() % 40; count; count--) {
		unsigned char inserted[127];
		size_t size = 1 + (size_t)rand() % (are_short ? 6 : 120);

		if (rand() % 2) {
			letters_fill(inserted, size, letters);
			insert_add(&body, inserted, size);
		} else {
			size_t offset = rand() % 4 ? (size_t)rand() % base_size : next;

			if (offset >= base_size)
				offset = 0;
			if (size > base_size - offset)
				size = base_size - offset;
			copy_add(&body, (uint32_t)offset, (uint32_t)size);
			next = offset + size;
		}
		result_size += size;
	}
	buffer_clear(delta);
	size_add(delta, base_size);
	size_add(delta, result_size);
	buffer_add(delta, body.bytes, body.length);
	buffer_release(&body);
	return result_size;
}

static bool holds(const void *bytes, size_t size, const char *text)
{
	return memmem(bytes, size, text, strlen(text)) != NULL;
}

static void nothing_new_is_missed(void **state)
{
	static unsigned char base[BASE_MAX + DELTA_SLACK], result[RESULT_MAX + DELTA_SLACK], same[RESULT_MAX + DELTA_SLACK];
	unsigned char *exact;
	struct delta_seam_texts seam;
	struct delta_seams seams;
	struct buffer delta = BUFFER_INIT;
	unsigned new_texts = 0, in_seams = 0, undecided = 0, rounds = 60000;

	(void)state;
	srand(7);
	for (unsigned round = 0; round < rounds; round++) {
		unsigned letters = round % 2 ? 15 : 5;
		size_t from = round % 5 ? LONG_FROM : 0;
		size_t base_size = 1 + (size_t)rand() % BASE_MAX, result_size;

		texts_list(&seam, from);
		letters_fill(base, base_size, letters);
		result_size = delta_make(&delta, base_size, letters);
		exact = memory_allocate(delta.length + DELTA_SLACK);
		memcpy(exact, delta.bytes, delta.length);
		assert_null(delta_apply(base, base_size, exact, delta.length, result, result_size));
		assert_null(delta_apply_fresh(base, base_size, exact, delta.length, round % 3 ? same : NULL, result_size,
					      &seam, &seams));
		if (round % 3)
			assert_memory_equal(same, result, result_size);
		undecided += seams.are_more;
		for (size_t i = from; i < TEXT_COUNT; i++) {
			bool in_delta = holds(exact, delta.length, texts[i]);

			if (holds(base, base_size, texts[i]) || !holds(result, result_size, texts[i]))
				continue;
			new_texts++;
			in_seams += !in_delta && !seams.are_more;
			assert_true(in_delta || seams.are_more || holds(seams.bytes, seams.size, texts[i]));
		}
		free(exact);
	}
	/* it was tried, and it is told exactly more often than not */
	assert_true(new_texts > 1000);
	assert_true(in_seams > 20);
	assert_true(undecided < rounds / 100);
	buffer_release(&delta);
}

/* With texts that no seam is like, a delta of any length has nothing but its own bytes to tell. */
static void what_is_no_text_is_not_told(void **state)
{
	static unsigned char base[BASE_MAX + DELTA_SLACK];
	struct delta_seam_texts seam;
	struct delta_seams seams;
	struct buffer delta = BUFFER_INIT;

	(void)state;
	texts_list(&seam, 0);
	memset(base, 'z', BASE_MAX);
	size_add(&delta, BASE_MAX);
	size_add(&delta, 20 * 100 + 20 * 4);
	for (int i = 0; i < 20; i++) {
		copy_add(&delta, (uint32_t)i, 100);
		insert_add(&delta, (const unsigned char *)"wxyz", 4);
	}
	buffer_add(&delta, base, DELTA_SLACK); /* slack */
	assert_null(delta_apply_fresh(base, BASE_MAX, (unsigned char *)delta.bytes, delta.length - DELTA_SLACK, NULL,
				      20 * 104, &seam, &seams));
	assert_int_equal(seams.size, 0);
	assert_false(seams.are_more);
	buffer_release(&delta);
}

/* Seams beyond the room for them are said to be there. */
#define SEAM_COUNT 3000

static void too_many_seams_are_said(void **state)
{
	static unsigned char base[BASE_MAX + DELTA_SLACK];
	struct delta_seam_texts seam;
	struct delta_seams seams;
	struct buffer delta = BUFFER_INIT;

	(void)state;
	texts_list(&seam, 0);
	memset(base, 'f', BASE_MAX);
	memset(base, 'e', 20); /* "ee…ff": the seam between two copies of it is "fe", between this and the front "ef" */
	size_add(&delta, BASE_MAX);
	size_add(&delta, SEAM_COUNT * 2 * 20);
	for (int i = 0; i < SEAM_COUNT; i++) {
		copy_add(&delta, 0, 20);
		copy_add(&delta, 100, 20);
	}
	buffer_add(&delta, base, DELTA_SLACK);
	assert_null(delta_apply_fresh(base, BASE_MAX, (unsigned char *)delta.bytes, delta.length - DELTA_SLACK, NULL,
				      SEAM_COUNT * 2 * 20, &seam, &seams));
	assert_true(seams.are_more);
	assert_true(seams.size > sizeof(seams.bytes) - 2 * seam.reach && seams.size <= sizeof(seams.bytes));
	assert_memory_equal(seams.bytes, "eeeeeeefffffff", 14);
	buffer_release(&delta);
}

/* The texts of one letter have no seams, and no reach. */
static void short_texts_need_no_seam(void **state)
{
	static const unsigned char base[10 + DELTA_SLACK] = "zzzzzzzzzz";
	const struct delta_seam_texts seam = { 0 };
	struct delta_seams seams;
	struct buffer delta = BUFFER_INIT;

	(void)state;
	size_add(&delta, 10);
	size_add(&delta, 11);
	copy_add(&delta, 0, 10);
	insert_add(&delta, (const unsigned char *)"q", 1);
	buffer_add(&delta, base, DELTA_SLACK);
	assert_null(delta_apply_fresh(base, 10, (unsigned char *)delta.bytes, delta.length - DELTA_SLACK, NULL, 11, &seam,
				      &seams));
	assert_int_equal(seams.size, 0);
	assert_false(seams.are_more);
	buffer_release(&delta);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_new_is_missed),
		cmocka_unit_test(what_is_no_text_is_not_told),
		cmocka_unit_test(too_many_seams_are_said),
		cmocka_unit_test(short_texts_need_no_seam),
	};

	return cmocka_run_group_tests_name("delta_fresh", tests, NULL, NULL);
}
