/*
 * Goal: what somebody mistyped is known by a letter too many, too few, wrong or swapped, and nothing that is far is suggested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/nearest.h"

#include <string.h>

/* The nearest of the words, which end with NULL. */
static const char *nearest_of(const char *text, const char *const *words)
{
	struct nearest nearest = NEAREST_INIT(text);

	for (; *words; words++)
		nearest_offer(&nearest, *words);
	return nearest.word;
}

static void distances(void **state)
{
	static const struct {
		const char *text, *word;
		size_t distance;
	} cases[] = {
		{ "format", "format", 0 }, { "frmat", "format", 1 },  { "formaat", "format", 1 }, { "formet", "format", 1 },
		{ "formta", "format", 1 }, { "fromta", "format", 2 }, { "orma", "format", 2 },    { "xormax", "format", 2 },
		{ "", "a", 1 },            { "ab", "ba", 1 },         { "cba", "abcdef", SIZE_MAX }, /* 5, and 2 are allowed */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nearest nearest = NEAREST_INIT(cases[i].text);

		nearest_offer(&nearest, cases[i].word);
		if (cases[i].distance == SIZE_MAX) {
			assert_null(nearest.word);
		} else {
			assert_ptr_equal(nearest.word, cases[i].word);
			assert_int_equal(nearest.distance, cases[i].distance);
		}
	}
}

static void the_best_and_the_first(void **state)
{
	static const char *const words[] = { "list", "test", "retry", "require", NULL };

	(void)state;
	assert_string_equal(nearest_of("rest", words), "test");
	assert_string_equal(nearest_of("lest", words), "list"); /* as near as "test", and before it */
	assert_string_equal(nearest_of("requier", words), "require");
	assert_null(nearest_of("xxxx", words));
	assert_null(nearest_of("li", words)); /* two of four letters: too far */
}

/* Words of the greatest length fit, and longer ones are no candidates. */
static void long_words(void **state)
{
	char text[NEAREST_LENGTH_MAX + 2], word[NEAREST_LENGTH_MAX + 2];
	const char *const words[] = { word, NULL };

	(void)state;
	memset(text, 'a', sizeof(text));
	memset(word, 'a', sizeof(word));
	word[3] = 'b';
	text[NEAREST_LENGTH_MAX] = word[NEAREST_LENGTH_MAX] = '\0';
	assert_ptr_equal(nearest_of(text, words), word);
	text[NEAREST_LENGTH_MAX] = 'a';
	text[NEAREST_LENGTH_MAX + 1] = '\0';
	assert_null(nearest_of(text, words));
	memset(word, 'a', sizeof(word));
	word[NEAREST_LENGTH_MAX + 1] = '\0';
	assert_null(nearest_of("a", words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances),
		cmocka_unit_test(the_best_and_the_first),
		cmocka_unit_test(long_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
