/*
 * What looks like a credential is shortened wherever it stands; what only looks a little like one stays as it is.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mask.h"

#include <stdio.h>
#include <string.h>

static const char *const literals[] = { "vck_", "sk-", "sk-proj-", "token=", "~" };

static int know_literals(void **state)
{
	(void)state;
	mask_set_literals(literals, sizeof(literals) / sizeof(*literals));
	return 0;
}

static int forget_literals(void **state)
{
	(void)state;
	mask_set_literals(NULL, 0);
	return 0;
}

/* Whatever stands in the buffer before is left alone. */
static void expect(const char *text, const char *expected)
{
	struct buffer shown = BUFFER_INIT;

	buffer_add_string(&shown, "<");
	mask_add(&shown, text);
	assert_string_equal(shown.bytes + 1, expected);
	assert_int_equal(shown.length, 1 + strlen(expected));
	buffer_release(&shown);
}

static void empty_text_is_text(void **state)
{
	struct buffer shown = BUFFER_INIT;

	(void)state;
	mask_add(&shown, "");
	assert_non_null(shown.bytes);
	assert_string_equal(shown.bytes, "");
	buffer_release(&shown);
}

/* ---- behind a literal ---- */

#define BODY_19 "aaaabbbbccccddddeee"
#define BODY_20 "aaaabbbbccccddddeeee"

static void from_20_characters_behind_a_literal(void **state)
{
	(void)state;
	expect("vck_", "vck_");
	expect("vck_" BODY_19, "vck_" BODY_19);
	expect("vck_" BODY_20, "vck_aaaa…eeee");
	expect("vck_" BODY_19 "-", "vck_aaaa…eee-");
	expect("vck_" BODY_19 ".e", "vck_" BODY_19 ".e");
	/* the literal is counted by itself */
	expect("vck_0123456789abcdef", "vck_0123456789abcdef");
}

static void behind_a_literal_anywhere_in_a_text(void **state)
{
	(void)state;
	expect("vck_" BODY_20 " is it", "vck_aaaa…eeee is it");
	expect("cannot read 'a/vck_" BODY_20 "': no", "cannot read 'a/vck_aaaa…eeee': no");
	expect("it is vck_" BODY_20, "it is vck_aaaa…eeee");
	expect("é" "vck_" BODY_20 "é", "évck_aaaa…eeeeé");
	expect("\xff" "vck_" BODY_20 "\xff\n", "\xff" "vck_aaaa…eeee\xff\n");
}

static void each_of_several(void **state)
{
	(void)state;
	expect("vck_" BODY_20 " vck_" BODY_20 "\nsk-" BODY_20, "vck_aaaa…eeee vck_aaaa…eeee\nsk-aaaa…eeee");
	expect("vck_" BODY_19 "/vck_" BODY_20, "vck_" BODY_19 "/vck_aaaa…eeee");
	/* nothing between: what stands behind the first literal is one body */
	expect("vck_" BODY_20 "vck_" BODY_20 "xyz1", "vck_aaaa…xyz1");
}

static void literal_inside_a_longer_run(void **state)
{
	(void)state;
	expect("my-vck_" BODY_20, "my-vck_aaaa…eeee");
	expect("my-vck_" BODY_19, "my-vck_" BODY_19);
	/* what stands before it may be a key as well */
	expect("ABcd01234567890123456789012345vck_" BODY_20, "ABcd0123…2345vck_aaaa…eeee");
	expect("ABcd0123456789012345678901234vck_" BODY_20, "ABcd0123456789012345678901234vck_aaaa…eeee");
}

static void longest_literal_counts(void **state)
{
	(void)state;
	expect("sk-proj-" BODY_20, "sk-proj-aaaa…eeee");
	/* too little behind the longer one, enough behind the shorter */
	expect("sk-proj-aaaabbbbccccdddd", "sk-proj…dddd");
}

static void literal_with_other_characters(void **state)
{
	(void)state;
	expect("?token=" BODY_20 "&x", "?token=aaaa…eeee&x");
	expect("token=" BODY_20, "token=aaaa…eeee");
	expect("token=" BODY_19, "token=" BODY_19);
	expect("~" BODY_20, "~aaaa…eeee");
	expect("~" BODY_19, "~" BODY_19);
	expect("oken=" BODY_20, "oken=" BODY_20);
	expect("token= " BODY_20, "token= " BODY_20);
}

static void literal_in_hexadecimal_digits(void **state)
{
	(void)state;
	expect("a/76636b5f" "6161616162626262636363636464646465656565.txt", "a/76636b5f6161…6565.txt");
	expect("76636B5F" "6161616162626262636363636464646465656565", "76636B5F6161…6565");
	expect("0076636b5f" "6161616162626262636363636464646465656565", "0076636b5f6161…6565");
	expect("76636b5f" "616161616262626263636363646464646565656", "76636b5f" "616161616262626263636363646464646565656");
	/* digests have no such digits */
	expect("76636b5a" "6161616162626262636363636464646465656565", "76636b5a" "6161616162626262636363636464646465656565");
}

static void escaped_characters(void **state)
{
	(void)state;
	expect("a/%76%63%6b%5F%61%61%61%61%62%62%62%62%63%63%63%63%64%64%64%64.txt", "a/%76%63%6b…4%64.txt");
	expect("%76%63%6b%5F%61%61%61%61%62%62%62%62%63%63%63%63%64%64%64", "%76%63%6b%5F%61%61%61%61%62%62%62%62%63%63%63%63%64%64%64");
	/* other characters, as of names that are escaped for URLs */
	expect("%e4%b8%ad%e6%96%87%e4%b8%ad%e6%96%87%e4%b8%ad%e6%96%87%e4%b8%ad%e6%96%87", "%e4%b8%ad%e6%96%87%e4%b8%ad%e6%96%87%e4%b8%ad%e6%96%87%e4%b8%ad%e6%96%87");
	expect("100% vck_" BODY_20 " %", "100% vck_aaaa…eeee %");
	expect("%", "%");
	expect("%7", "%7");
	expect("%76" BODY_20, "%76" BODY_20);
}

/* ---- without one ---- */

#define MIXED_29 "ABcd0123456789012345678901234"
#define MIXED_30 "ABcd01234567890123456789012345"

static void mixed_runs_from_30_characters(void **state)
{
	(void)state;
	expect(MIXED_29, MIXED_29);
	expect(MIXED_30, "ABcd0123…2345");
	expect(MIXED_29 "_", "ABcd0123…234_");
	expect("-" MIXED_29, "-ABcd012…1234");
	expect(MIXED_29 "." MIXED_29 "/" MIXED_29 "é" MIXED_29, MIXED_29 "." MIXED_29 "/" MIXED_29 "é" MIXED_29);
	expect("é" MIXED_30 "é", "éABcd0123…2345é");
	expect("a/" MIXED_30 ":" MIXED_30 "\n", "a/ABcd0123…2345:ABcd0123…2345\n");
}

static void two_of_each_kind(void **state)
{
	(void)state;
	expect("AAbb11-_-_-_-_-_-_-_-_-_-_-_-_", "AAbb11-_…-_-_");
	expect("A-bb11-_-_-_-_-_-_-_-_-_-_-_-_", "A-bb11-_-_-_-_-_-_-_-_-_-_-_-_");
	expect("AAb-11-_-_-_-_-_-_-_-_-_-_-_-_", "AAb-11-_-_-_-_-_-_-_-_-_-_-_-_");
	expect("AAbb1--_-_-_-_-_-_-_-_-_-_-_-_", "AAbb1--_-_-_-_-_-_-_-_-_-_-_-_");
	/* the ends of the ranges */
	expect("AZaz09-_-_-_-_-_-_-_-_-_-_-_-_", "AZaz09-_…-_-_");
}

static void ids_and_names_stay(void **state)
{
	static const char *const texts[] = {
		"da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"objects/pack/pack-da39a3ee5e6b4b0d3255bfef95601890afd80709.pack",
		"123e4567-e89b-12d3-a456-426614174000",
		"AbstractSingletonProxyFactoryBeanConfigurationTest",
		"AVeryLongNameOfSomethingInTheHttp2Protocol",
		"an-ordinary-branch-name-of-2026-11-23-for-review",
		"vck_2Ykm…zP2K",
		"vck_…",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect(texts[i], texts[i]);
}

/* Before rules are loaded only the second kind is known. */
static void without_literals(void **state)
{
	(void)state;
	expect("vck_" BODY_20, "vck_" BODY_20);
	expect("vck_" MIXED_30, "vck_ABcd…2345");
	expect("my-vck_" MIXED_30, "my-vck_A…2345");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_text_is_text),
		cmocka_unit_test(from_20_characters_behind_a_literal),
		cmocka_unit_test(behind_a_literal_anywhere_in_a_text),
		cmocka_unit_test(each_of_several),
		cmocka_unit_test(literal_inside_a_longer_run),
		cmocka_unit_test(longest_literal_counts),
		cmocka_unit_test(literal_with_other_characters),
		cmocka_unit_test(literal_in_hexadecimal_digits),
		cmocka_unit_test(escaped_characters),
		cmocka_unit_test(mixed_runs_from_30_characters),
		cmocka_unit_test(two_of_each_kind),
		cmocka_unit_test(ids_and_names_stay),
		cmocka_unit_test_setup_teardown(without_literals, forget_literals, know_literals),
	};

	return cmocka_run_group_tests(tests, know_literals, forget_literals);
}
