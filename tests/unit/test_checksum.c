/*
 * The checksum of Vercel's tokens against the one its documentation shows, and against the check value of CRC-32.
 * The token stands here in pieces, so that no scanner takes this file for a leak.
 */
#include "rule/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool holds(const char *text, const char *checksum)
{
	return checksum_holds(CHECKSUM_CRC32_BASE62, text, strlen(text), checksum, strlen(checksum));
}

/* Vercel's documentation shows "vca_" + this body + this checksum. */
static const char vercel_body[] = "BQuu9ChDu3n6Pfh6" "YQnCshpoYkWDSFKog" "LqmBtQ0tC8NAA5rXt";

static void published_example_holds(void **state)
{
	(void)state;
	assert_int_equal(strlen(vercel_body), 50);
	assert_true(holds(vercel_body, "340sjz"));
}

static void any_change_breaks_it(void **state)
{
	char body[sizeof(vercel_body)];

	(void)state;
	for (size_t i = 0; i < strlen(vercel_body); i++) {
		memcpy(body, vercel_body, sizeof(body));
		body[i] = body[i] == 'A' ? 'B' : 'A';
		assert_false(holds(body, "340sjz"));
	}
	assert_false(holds(vercel_body, "340sjZ"));
	assert_false(holds(vercel_body, "340sj"));
	assert_false(holds(vercel_body, "0340sjy"));
	assert_false(holds(vercel_body, ""));
}

static void padding_is_zeroes_on_the_left(void **state)
{
	(void)state;
	/* the CRC-32 of nothing is 0, that of "123456789" is the check value 0xcbf43926 of every CRC catalogue */
	assert_true(holds("", "000000"));
	assert_true(holds("", "0"));
	assert_true(holds("123456789", "3jZRME"));
	assert_true(holds("123456789", "003jZRME"));
	assert_false(holds("123456789", "jZRME"));
}

static void bytes_are_not_text(void **state)
{
	char digits[6];

	(void)state;
	checksum_write(CHECKSUM_CRC32_BASE62, "a\0b", 3, digits, sizeof(digits));
	assert_true(checksum_holds(CHECKSUM_CRC32_BASE62, "a\0b", 3, digits, sizeof(digits)));
	assert_false(checksum_holds(CHECKSUM_CRC32_BASE62, "a\0c", 3, digits, sizeof(digits)));
}

static void write_fills_the_field_and_no_more(void **state)
{
	char digits[8] = "########";

	(void)state;
	checksum_write(CHECKSUM_CRC32_BASE62, vercel_body, strlen(vercel_body), digits, 6);
	assert_memory_equal(digits, "340sjz##", 8);
}

static void no_algorithm_never_holds(void **state)
{
	char long_field[65];

	(void)state;
	assert_false(checksum_holds(CHECKSUM_NONE, "", 0, "000000", 6));
	memset(long_field, '0', sizeof(long_field));
	assert_true(checksum_holds(CHECKSUM_CRC32_BASE62, "", 0, long_field, 64));
	assert_false(checksum_holds(CHECKSUM_CRC32_BASE62, "", 0, long_field, 65));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_example_holds),
		cmocka_unit_test(any_change_breaks_it),
		cmocka_unit_test(padding_is_zeroes_on_the_left),
		cmocka_unit_test(bytes_are_not_text),
		cmocka_unit_test(write_fills_the_field_and_no_more),
		cmocka_unit_test(no_algorithm_never_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
