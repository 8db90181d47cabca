/* Which URLs a credential may be sent to: whatever is let through here is what libcurl connects to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "revoke/revoke.h"
#include "revoke/url.h"

static void good_urls(void **state)
{
	static const char *const urls[] = {
		"https://api.vercel.com/external/compromised_secret",
		"HTTPS://API.example.com",
		"https://api.example.com:8443/a?b=c",
		"https://api.example.com?b=c",
		"https://[2001:db8::1]:443/",
		"https://192.0.2.1/",
		"https://api.example.com/{{secret}}?x=@y",
		"http://127.0.0.1/",
		"http://127.255.0.9:65535/x",
		"http://[::1]:8080/x",
		"http://[0:0:0:0:0:0:0:1]/x",
		"http://localhost:1/x",
		"http://LocalHost/x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct error error = { 0, "" };

		if (revoke_check_url(urls[i], &error) != 0)
			fail_msg("refused: %s: %s", urls[i], error.message);
		assert_string_equal(error.message, "");
	}
}

static void bad_urls(void **state)
{
	static const struct {
		const char *url, *message;
	} cases[] = {
		{ "", "cannot use the url '': it does not begin with https://" },
		{ "ftp://127.0.0.1/", "cannot use the url 'ftp://127.0.0.1/': it does not begin with https://" },
		{ "https:/a.b/", "cannot use the url 'https:/a.b/': it does not begin with https://" },
		{ "file:///etc/passwd",
		  "cannot use the url 'file:///etc/passwd': it does not begin with https://" },
		{ "//a.b/", "cannot use the url '//a.b/': it does not begin with https://" },
		{ "https://", "cannot use the url 'https://': it has no host" },
		{ "https:///x", "cannot use the url 'https:///x': it has no host" },
		{ "https://:80/x", "cannot use the url 'https://:80/x': it has no host" },
		{ "https://user:word@a.b/", "cannot use the url: it has a user name" },
		{ "http://127.0.0.1@a.b/", "cannot use the url: it has a user name" },
		{ "https://a.b:0/", "cannot use the url 'https://a.b:0/': the port is wrong" },
		{ "https://a.b:/", "cannot use the url 'https://a.b:/': the port is wrong" },
		{ "https://a.b:65536/", "cannot use the url 'https://a.b:65536/': the port is wrong" },
		{ "https://a.b:100000/", "cannot use the url 'https://a.b:100000/': the port is wrong" },
		{ "https://a.b:8x/", "cannot use the url 'https://a.b:8x/': the port is wrong" },
		{ "https://[::1]x/", "cannot use the url 'https://[::1]x/': the port is wrong" },
		{ "https://[::1/", "cannot use the url 'https://[::1/': the host is wrong" },
		{ "https://[127.0.0.1]/", "cannot use the url 'https://[127.0.0.1]/': the host is wrong" },
		{ "https://[fe80::1%25eth0]/",
		  "cannot use the url 'https://[fe80::1%25eth0]/': the host is wrong" },
		{ "https://a%2eb/", "cannot use the url 'https://a%2eb/': the host is wrong" },
		{ "https://{{secret}}.b/", "cannot use the url 'https://{{secret}}.b/': it has no host" },
		{ "https://a.{{secret}}/", "cannot use the url 'https://a.{{secret}}/': the host is wrong" },
		{ "https://a.b\\@c/", "cannot use the url: it has a backslash or a fragment" },
		{ "https://a.b/x#y", "cannot use the url 'https://a.b/x#y': it has a backslash or a fragment" },
		{ "http://a.b/", "cannot use the url 'http://a.b/': plain http goes to a loopback address only" },
		{ "http://127.1/",
		  "cannot use the url 'http://127.1/': plain http goes to a loopback address only" },
		{ "http://0177.0.0.1/",
		  "cannot use the url 'http://0177.0.0.1/': plain http goes to a loopback address only" },
		{ "http://2130706433/",
		  "cannot use the url 'http://2130706433/': plain http goes to a loopback address only" },
		{ "http://128.0.0.1/",
		  "cannot use the url 'http://128.0.0.1/': plain http goes to a loopback address only" },
		{ "http://localhost.a.b/",
		  "cannot use the url 'http://localhost.a.b/': plain http goes to a loopback address only" },
		{ "http://127.0.0.1.a.b/",
		  "cannot use the url 'http://127.0.0.1.a.b/': plain http goes to a loopback address only" },
		{ "http://[::2]/",
		  "cannot use the url 'http://[::2]/': plain http goes to a loopback address only" },
		{ "http://[::ffff:127.0.0.1]/",
		  "cannot use the url 'http://[::ffff:127.0.0.1]/': plain http goes to a loopback address only" },
		{ "https://a.b/x y",
		  "cannot use the url 'https://a.b/x y':"
		  " it has a space, a control character or one that is not ASCII" },
		{ "https://a.b/\r\nX: y",
		  "cannot use the url 'https://a.b/\r\nX: y':"
		  " it has a space, a control character or one that is not ASCII" },
		{ "https://\xc3\xa4.b/",
		  "cannot use the url 'https://\xc3\xa4.b/':"
		  " it has a space, a control character or one that is not ASCII" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error = { 0, "" };

		if (revoke_check_url(cases[i].url, &error) != ERROR_CONFIGURATION)
			fail_msg("let through: %s", cases[i].url);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(error.code, ERROR_CONFIGURATION);
	}
}

static void long_host(void **state)
{
	char url[400];
	struct error error;

	(void)state;
	snprintf(url, sizeof(url), "https://%0253d/", 1);
	assert_int_equal(revoke_check_url(url, &error), 0);
	snprintf(url, sizeof(url), "https://%0254d/", 1);
	assert_int_equal(revoke_check_url(url, &error), ERROR_CONFIGURATION);
	snprintf(url, sizeof(url), "https://[%0300d]/", 1);
	assert_int_equal(revoke_check_url(url, &error), ERROR_CONFIGURATION);
}

static void parts(void **state)
{
	static const char url[] = "http://localhost:80?x";
	struct url_parts found;
	struct error error;

	(void)state;
	assert_int_equal(url_parse(url, &found, &error), 0);
	assert_false(found.https);
	assert_true(found.loopback);
	assert_int_equal(found.authority, 7);
	assert_int_equal(found.authority_length, strlen("localhost:80"));
	assert_int_equal(url_parse("https://a.b/", &found, &error), 0);
	assert_true(found.https);
	assert_false(found.loopback);
	assert_int_equal(url_parse("https://127.0.0.1/", &found, &error), 0);
	assert_true(found.loopback);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls),
		cmocka_unit_test(bad_urls),
		cmocka_unit_test(long_host),
		cmocka_unit_test(parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
