/* What of a provider's answer is shown: its own words, never the credential, nothing that steers a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "revoke/answer.h"

/* No credential: 26 letters and digits in order, long enough to be cut into pieces. */
#define KEY "vck_abcdefghijklmnopqrstuvwxyz0123456789"

static void assert_message(unsigned status, const char *body, const char *expected)
{
	struct secret *secret = secret_new(KEY, strlen(KEY));
	const struct secret *const list[] = { secret };
	char *message = answer_message(status, body, strlen(body), &(struct answer_secrets){ list, 1 });

	assert_string_equal(message, expected);
	free(message);
	secret_free(secret);
}

static void envelopes(void **state)
{
	(void)state;
	assert_message(403, "{\"error\":{\"code\":\"forbidden\",\"message\":\"The token is invalid\"}}",
		       "HTTP 403 forbidden: The token is invalid");
	assert_message(400, "{\"err\":{\"code\":\"bad_request\",\"message\":\"no\"}}", "HTTP 400 bad_request: no");
	assert_message(401, "{\"error\":{\"message\":\"Invalid API key\",\"type\":\"authentication_error\"}}",
		       "HTTP 401: Invalid API key");
	assert_message(401, "{\"error\":{\"code\":\"forbidden\",\"message\":5}}", "HTTP 401 forbidden");
	assert_message(400, "", "HTTP 400");
	assert_message(307, "anything", "HTTP 307: redirects are not followed");
}

static void other_bodies(void **state)
{
	(void)state;
	assert_message(400, "{\"error\":\"invalid_token\"}", "HTTP 400: {\"error\":\"invalid_token\"}");
	assert_message(400, "{\"error\":{\"code\":5}}", "HTTP 400: {\"error\":{\"code\":5}}");
	assert_message(502, "<html>\r\n\t <h1>Bad\nGateway</h1>  </html>\n",
		       "HTTP 502: <html> <h1>Bad Gateway</h1> </html>");
	assert_message(502, " \n ", "HTTP 502");
	assert_message(500, "a\x1b[31mb\xff\xe2\x80\xae", "HTTP 500: a\\x1b[31mb\\xff\\u{202e}");
	assert_message(500, "{\"error\":{\"code\":\"a\\u001bb\",\"message\":\"c\\nd\\u202e\"}}",
		       "HTTP 500 a\\x1bb: c d\\u{202e}");
}

static void long_texts(void **state)
{
	char body[3000], expected[300], *at = body;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	snprintf(expected, sizeof(expected), "HTTP 500: %.*s", ANSWER_WORDS_MAX, body);
	assert_message(500, body, expected);
	/* a character of two bytes across the border is left out whole */
	memcpy(body + ANSWER_WORDS_MAX - 1, "\xc3\xa4", 2);
	snprintf(expected, sizeof(expected), "HTTP 500: %.*s", ANSWER_WORDS_MAX - 1, body);
	assert_message(500, body, expected);
	/* many credentials shrink, and the text behind them does not bring back a piece */
	for (size_t i = 0; i < sizeof(body) / (strlen(KEY) + 1) - 1; i++)
		at += sprintf(at, "%s ", KEY);
	snprintf(expected, sizeof(expected), "HTTP 500:");
	for (size_t i = 0; i < ANSWER_WORDS_MAX / 13; i++)
		strcat(expected, " [credential]");
	strcat(expected, " [cred");
	assert_message(500, body, expected);
}

static void assert_words(const char *text, const char *expected)
{
	struct secret *secret = secret_new(KEY, strlen(KEY));
	const struct secret *const list[] = { secret };
	char *words = answer_words(text, &(struct answer_secrets){ list, 1 });

	assert_string_equal(words, expected);
	free(words);
	secret_free(secret);
}

static void credential_replaced(void **state)
{
	(void)state;
	assert_words("key " KEY " is bad", "key [credential] is bad");
	assert_words(KEY, "[credential]");
	assert_words(KEY KEY, "[credential]");
	assert_words("a" KEY "b", "a[credential]b");
	assert_words("no key", "no key");
	/* pieces: of 12 characters and more, wherever they begin */
	assert_words("vck_abcdefgh...", "[credential]...");
	assert_words("vck_abcdefg...6789", "vck_abcdefg...6789");
	assert_words("...opqrstuvwxyz...", "...[credential]...");
	assert_words("...opqrstuvwxy...", "...opqrstuvwxy...");
	assert_words("klmnopqrstuv-klmnopqrstu", "[credential]-klmnopqrstu");
	assert_words("zabcdefghijklmz", "z[credential]z");
}

/* Write every byte of the key in a form of printf. */
static char *spell(const char *form)
{
	struct buffer text = BUFFER_INIT;

	for (const char *at = KEY; *at; at++) {
		char spelled[32];

		snprintf(spelled, sizeof(spelled), form, (unsigned)*at);
		buffer_add_string(&text, spelled);
	}
	return text.bytes;
}

static void escaped_credential_replaced(void **state)
{
	static const char *const forms[] = { "%%%02x",  "%%%02X",   "\\u%04x",  "\\u%04X",
					     "\\x%02x", "%%25%02x", "\\\\u%04x" };

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *spelled = spell(forms[i]), *text = memory_format("<%s>", spelled);

		assert_words(text, "<[credential]>");
		free(text);
		free(spelled);
	}
	assert_words("vck%5Fabcdefgh!", "[credential]!");
	assert_words("%41%zz%4", "%41%zz%4");
	assert_words("\\u004", "\\u004");
	assert_words("\\", "\\");
}

static void credential_with_escapes(void **state)
{
	static const struct {
		const char *secret, *text, *expected;
	} cases[] = {
		{ "pass%41word%42secret", "is pass%41word%42secret", "is [credential]" },
		{ "pass%41word%42secret", "is pass%2541word%2542secret", "is [credential]" },
		{ "quo\"te\\back/slash", "{\"k\":\"quo\\\"te\\\\back\\/slash\"}", "{\"k\":\"[credential]\"}" },
		{ "short", "a short one", "a [credential] one" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct secret *secret = secret_new(cases[i].secret, strlen(cases[i].secret));
		const struct secret *const list[] = { secret };
		char *words = answer_words(cases[i].text, &(struct answer_secrets){ list, 1 });

		assert_string_equal(words, cases[i].expected);
		free(words);
		secret_free(secret);
	}
}

static void envelope_echo(void **state)
{
	(void)state;
	assert_message(403, "{\"error\":{\"code\":\"" KEY "\",\"message\":\"bad \\u0076ck_abcdefghijklmnop\"}}",
		       "HTTP 403 [credential]: bad [credential]");
}

/* An answer to a batch may quote any of its credentials. */
static void every_credential_of_a_batch_replaced(void **state)
{
	struct secret *one = secret_new(KEY, strlen(KEY)), *other = secret_new("hf_ZYXWVUTSRQPONMLK", 19);
	const struct secret *const list[] = { one, other };
	char *words = answer_words("no " KEY " and YXWVUTSRQPON, hf%5fZYXWVUTSRQPONMLK",
				   &(struct answer_secrets){ list, 2 });

	(void)state;
	assert_string_equal(words, "no [credential] and [credential], [credential]");
	free(words);
	secret_free(one);
	secret_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(envelopes),
		cmocka_unit_test(other_bodies),
		cmocka_unit_test(long_texts),
		cmocka_unit_test(credential_replaced),
		cmocka_unit_test(escaped_credential_replaced),
		cmocka_unit_test(credential_with_escapes),
		cmocka_unit_test(envelope_echo),
		cmocka_unit_test(every_credential_of_a_batch_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
