/*
 * How much of a credential is shown: enough to recognise it, never enough to use it; also where it hides in other
 * texts.
 */
#include "report_fixture.h"

/* Shorten a credential of a rule with these literals. */
static void expect(char **literals, size_t literal_count, const char *credential, const char *expected)
{
	struct rule rule = { .literals = literals, .literal_count = literal_count };
	struct finding finding = { .rule = &rule, .secret = secret_new(credential, strlen(credential)) };
	struct buffer shown = BUFFER_INIT;

	buffer_add_string(&shown, "<");
	report_shorten(&shown, &finding);
	assert_string_equal(shown.bytes + 1, expected);
	buffer_release(&shown);
	secret_free(finding.secret);
}

static void prefix_and_four_at_each_end(void **state)
{
	char *literals[] = { (char *)"vck_" };

	(void)state;
	expect(literals, 1, "vck_" "0123456789abcdefghijABCDEFGHIJ", "vck_0123…GHIJ");
	expect(literals, 1, "vck_" "0123456789abcdef", "vck_0123…cdef");
}

/* Never more than half of what is not prefix. */
static void short_ones_show_less(void **state)
{
	static const char digits[] = "0123456789abcdef";
	static const char *const shown[] = { "v…0",       "v…1",       "v…2",       "vck_0…3",   "vck_0…4",  "vck_0…5",
					     "vck_0…6",   "vck_01…67", "vck_01…78", "vck_01…89", "vck_01…9a", "vck_012…9ab",
					     "vck_012…abc", "vck_012…bcd", "vck_012…cde", "vck_0123…cdef" };
	char *literals[] = { (char *)"vck_" };

	(void)state;
	for (size_t length = 1; length <= 16; length++) {
		char key[32];

		snprintf(key, sizeof(key), "vck_%.*s", (int)length, digits);
		expect(literals, 1, key, shown[length - 1]);
	}
}

static void longest_literal_is_the_prefix(void **state)
{
	char *literals[] = { (char *)"sk-", (char *)"sk-proj-", (char *)"sk-p", (char *)"proj" };

	(void)state;
	expect(literals, 4, "sk-proj-0123456789abcdef", "sk-proj-0123…cdef");
	expect(literals, 4, "sk-0123456789abcdef", "sk-0123…cdef");
	/* the rule's literal stands elsewhere in it: no prefix */
	expect(literals, 4, "0123456789abprojcdef", "0123…cdef");
	expect(literals, 0, "0123456789abcdef", "0123…cdef");
}

/* A rule may be written so that its literal is the credential; that must not show it. */
static void prefix_is_not_the_credential(void **state)
{
	char *literals[] = { (char *)"correct-horse" };

	(void)state;
	expect(literals, 1, "correct-horse", "cor…rse");
	expect(literals, 1, "correct-horse-battery", "corr…tery");
	expect(literals, 1, "correct-horse-battery-stap", "correct-horse-ba…tap");
}

static void single_characters(void **state)
{
	(void)state;
	expect(NULL, 0, "a", "…");
	expect(NULL, 0, "abc", "…");
	expect(NULL, 0, "abcd", "a…d");
}

static void bytes_that_are_no_text(void **state)
{
	(void)state;
	expect(NULL, 0, "\x1b[2\n0123456789\xc3\xa9\r\x7f", "?[2?…????");
}

/* ---- in other texts ---- */

static void expect_masked(struct finding *const *findings, size_t count, const char *text, const char *expected)
{
	struct report_result result = { .findings = findings, .finding_count = count };
	struct buffer shown = BUFFER_INIT;

	buffer_add_string(&shown, "<");
	report_add_harmless(&shown, &result, text);
	assert_string_equal(shown.bytes + 1, expected);
	buffer_release(&shown);
}

static void other_texts_are_masked(void **state)
{
	struct finding *findings[] = { finding_make(1), finding_make(2) };
	char one[FIXTURE_KEY_SIZE], two[FIXTURE_KEY_SIZE], text[512];

	(void)state;
	fixture_key(1, 56, one);
	fixture_key(2, 56, two);
	expect_masked(findings, 2, "", "");
	expect_masked(findings, 2, "no key, vck_ alone", "no key, vck_ alone");
	expect_masked(findings, 2, one, "vck_aO71…SZwa");
	expect_masked(findings, 2, two, "vck_A1fo…2EpU");
	snprintf(text, sizeof(text), "a/%s%s\n%s/%s.txt", one, two, one, "x");
	expect_masked(findings, 2, text, "a/vck_aO71…SZwavck_A1fo…2EpU\\x0avck_aO71…SZwa/x.txt");
	expect_masked(findings, 0, "nothing \x1b[31m", "nothing \\x1b[31m");
	/* what is no finding but looks like one, alone and beside one */
	expect_masked(findings, 2, "x/ABcd01234567890123456789012345\r", "x/ABcd0123…2345\\x0d");
	snprintf(text, sizeof(text), "%s/ABcd01234567890123456789012345", one);
	expect_masked(findings, 2, text, "vck_aO71…SZwa/ABcd0123…2345");
	finding_free(findings[0]);
	finding_free(findings[1]);
}

/* Credentials of different rules in one text, of which the first rule's literal is in neither. */
static void credentials_of_all_rules_are_masked(void **state)
{
	char *literals[][1] = { { (char *)"aaa_" }, { (char *)"bbb_" }, { (char *)"ccc_" } };
	struct rule rules[3];
	struct finding made[3], *findings[] = { &made[0], &made[1], &made[2] };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char key[32];

		snprintf(key, sizeof(key), "%s0123456789abcdef", literals[i][0]);
		rules[i] = (struct rule){ .literals = literals[i], .literal_count = 1 };
		made[i] = (struct finding){ .rule = &rules[i], .secret = secret_new(key, strlen(key)) };
	}
	expect_masked(findings, 3, "x/bbb_0123456789abcdef", "x/bbb_0123…cdef");
	expect_masked(findings, 3, "ccc_0123456789abcdef/y", "ccc_0123…cdef/y");
	for (size_t i = 0; i < 3; i++)
		secret_free(made[i].secret);
}

/* A credential inside another one: the longer one is hidden as a whole, whichever was found first. */
static void longer_one_is_masked(void **state)
{
	struct finding *outer = finding_make(3), *inner = finding_make(3);
	struct finding *orders[2][2] = { { outer, inner }, { inner, outer } };
	char key[FIXTURE_KEY_SIZE];

	(void)state;
	fixture_key(3, 56, key);
	secret_free(inner->secret);
	inner->secret = secret_new(key, 30);
	expect_masked(orders[0], 2, key, "vck_ldBa…btiN");
	expect_masked(orders[1], 2, key, "vck_ldBa…btiN");
	finding_free(outer);
	finding_free(inner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix_and_four_at_each_end),
		cmocka_unit_test(short_ones_show_less),
		cmocka_unit_test(longest_literal_is_the_prefix),
		cmocka_unit_test(prefix_is_not_the_credential),
		cmocka_unit_test(single_characters),
		cmocka_unit_test(bytes_that_are_no_text),
		cmocka_unit_test(other_texts_are_masked),
		cmocka_unit_test(credentials_of_all_rules_are_masked),
		cmocka_unit_test(longer_one_is_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
