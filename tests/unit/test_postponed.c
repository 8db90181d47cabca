/*
 * Goal: which contents wait, which are left out and in which order their turns come does not depend on the order in which they were met.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "source/postponed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 200

/* Of every third one there is an eighth of all the room. */
#define LARGE_SIZE (POSTPONED_BYTES_MAX / 8)

static char *large;
static char left[COUNT + 1]; /* a '1' for each that was told */

static void take_incomplete(void *context, const char *what, const char *object, const char *path, const char *detail)
{
	(void)context;
	assert_string_equal(what, "archive-limit");
	assert_string_equal(detail, "gzip: more bytes come of all together than of any that are no bomb");
	assert_string_equal(object, "");
	left[atoi(path)] = '1';
}

static const struct source_events events = { .incomplete = take_incomplete };

static void add(struct postponed_list *list, unsigned number)
{
	char path[8];
	struct chunk chunk = { .kind = PLACE_FILE, .path = path, .object = "", .commit = "", .first = true, .last = true, .bytes = large };

	snprintf(path, sizeof(path), "%03u", number);
	chunk.size = number % 3 ? 100 + number : LARGE_SIZE;
	postponed_list_add(list, &events, &chunk);
}

/* Those that were taken, and those left, when all are added in this order. */
static void run(const unsigned order[COUNT], char taken[COUNT + 1])
{
	struct postponed_list list;
	struct postponed *postponed;
	int last = -1;

	memset(left, '0', COUNT);
	memset(taken, '0', COUNT);
	postponed_list_init(&list);
	for (unsigned i = 0; i < COUNT; i++)
		add(&list, order[i]);
	assert_true(list.bytes <= POSTPONED_BYTES_MAX);
	while ((postponed = postponed_list_take(&list))) {
		int number = atoi(postponed->chunk.path);

		assert_true(number > last);
		assert_int_equal(postponed->chunk.size, number % 3 ? 100 + (size_t)number : LARGE_SIZE);
		assert_int_equal(memcmp(postponed->chunk.bytes, large, postponed->chunk.size), 0);
		taken[last = number] = '1';
		postponed_free(postponed);
	}
	/* as new: there is room again for one that had to be left out */
	add(&list, COUNT - 1);
	postponed = postponed_list_take(&list);
	assert_non_null(postponed);
	postponed_free(postponed);
	assert_null(postponed_list_take(&list));
	add(&list, 0); /* is let go of */
	postponed_list_release(&list);
}

static void whatever_the_order(void **state)
{
	unsigned order[COUNT];
	char first[COUNT + 1] = "", taken[COUNT + 1] = "", first_left[COUNT + 1];

	(void)state;
	for (unsigned i = 0; i < COUNT; i++)
		order[i] = i;
	run(order, first);
	/* 0, 3, … 18 are seven eighths; with the small ones there is no room for the eighth, 21, nor for any behind it */
	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(first[i], i < 21 ? '1' : '0');
		assert_int_equal(left[i], i < 21 ? '0' : '1');
	}
	memcpy(first_left, left, sizeof(left));
	srand(1);
	for (unsigned round = 0; round < 8; round++) {
		for (unsigned i = COUNT - 1; i > 0; i--) {
			unsigned j = (unsigned)rand() % (i + 1), number = order[i];

			order[i] = order[j];
			order[j] = number;
		}
		run(order, taken);
		assert_string_equal(taken, first);
		assert_string_equal(left, first_left);
	}
}

static int set_up(void **state)
{
	(void)state;
	large = calloc(1, LARGE_SIZE);
	memcpy(large, "\037\213\10", 3);
	return !large;
}

static int tear_down(void **state)
{
	(void)state;
	free(large);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_the_order),
	};

	return cmocka_run_group_tests_name("postponed", tests, set_up, tear_down);
}
