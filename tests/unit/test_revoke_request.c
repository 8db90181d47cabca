/*
 * Requests made from a rule's templates: exact bytes, escaping, optional members, and values that look like
 * templates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "revoke/request.h"
#include "rule/rule.h"

/* As in rules/vercel.json. */
static const char vercel_body[] = "{ \"secret\": { \"api_key\": \"{{secret}}\" },"
				  " \"reporter_email\": \"{{reporter_email?}}\", \"comment\": \"{{comment?}}\" }";

static struct rule_request json_rule(const char *body)
{
	return (struct rule_request){ .method = (char *)"POST",
				      .url = (char *)"https://api.example.test/report",
				      .body_kind = RULE_BODY_JSON,
				      .body = (char *)body };
}

/* Compile and make in one step; fails the test when either does. The secret's bytes may be anything. */
static struct request make(const struct rule_request *rule, const char *url, const struct template_values *values,
			   const void *bytes, size_t length)
{
	struct request_template *template;
	struct secret *secret = secret_new(bytes, length);
	struct request request;
	struct error error = { 0, "" };

	if (request_compile(&template, rule, url, values, &error) != 0)
		fail_msg("%s", error.message);
	if (request_make(&request, template, secret, &error) != 0)
		fail_msg("%s", error.message);
	secret_free(secret);
	request_template_free(template);
	return request;
}

static void assert_body(const char *template, const struct template_values *values, const char *secret,
			size_t length, const char *expected)
{
	const struct rule_request rule = json_rule(template);
	struct request request = make(&rule, NULL, values, secret, length);

	assert_true(request.has_body);
	assert_string_equal(request.body.bytes, expected);
	assert_int_equal(request.body.length, strlen(expected));
	request_wipe(&request);
	assert_null(request.body.bytes);
	assert_null(request.headers);
}

static void vercel_request(void **state)
{
	const struct template_values none = { NULL, NULL }, both = { "me@example.test", "found in CI" };
	const struct rule_request rule = json_rule(vercel_body);
	struct request request = make(&rule, NULL, &none, "vck_abc", 7);

	(void)state;
	assert_string_equal(request.method, "POST");
	assert_string_equal(request.url.bytes, "https://api.example.test/report");
	assert_true(request.https);
	assert_false(request.loopback);
	assert_int_equal(request.header_count, 1);
	assert_string_equal(request.headers[0].bytes, "Content-Type: application/json");
	assert_string_equal(request.body.bytes, "{\"secret\":{\"api_key\":\"vck_abc\"}}");
	request_wipe(&request);
	assert_body(vercel_body, &both, "vck_abc", 7,
		    "{\"secret\":{\"api_key\":\"vck_abc\"},\"reporter_email\":\"me@example.test\","
		    "\"comment\":\"found in CI\"}");
}

static void optional_members(void **state)
{
	const struct template_values comment = { NULL, "c" }, email = { "e", NULL }, empty = { NULL, "" };

	(void)state;
	assert_body(vercel_body, &comment, "k", 1, "{\"secret\":{\"api_key\":\"k\"},\"comment\":\"c\"}");
	assert_body(vercel_body, &email, "k", 1, "{\"secret\":{\"api_key\":\"k\"},\"reporter_email\":\"e\"}");
	assert_body(vercel_body, &empty, "k", 1, "{\"secret\":{\"api_key\":\"k\"},\"comment\":\"\"}");
	assert_body("{\"a\":[\"{{comment?}}\",\"{{secret}}\"],\"b\":{\"c\":\"{{comment?}}\"}}", &email, "k", 1,
		    "{\"a\":[\"k\"],\"b\":{}}");
	assert_body("{\"a\":\"<{{comment?}}>\"}", &email, "k", 1, "{\"a\":\"<>\"}");
}

/* A comment is only ever text: neither a template, nor JSON. */
static void values_are_not_templates(void **state)
{
	const struct template_values hostile = { "{{comment?}}", "{{secret}}\",\"x\":\"{{reporter_email?}}\\" };
	const struct template_values latin = { NULL, "caf\xe9\n\x7f" };

	(void)state;
	assert_body(vercel_body, &hostile, "k", 1,
		    "{\"secret\":{\"api_key\":\"k\"},\"reporter_email\":\"{{comment?}}\","
		    "\"comment\":\"{{secret}}\\\",\\\"x\\\":\\\"{{reporter_email?}}\\\\\"}");
	assert_body("{\"c\":\"{{comment?}}\"}", &latin, "k", 1, "{\"c\":\"caf\xef\xbf\xbd\\u000a\\u007f\"}");
}

static void secret_is_escaped(void **state)
{
	const struct template_values none = { NULL, NULL };
	static const char odd[] = "a\"b\\c\n\0{{comment?}}\xc3\xa4";

	(void)state;
	assert_body("{\"a\":\"{{secret}}{{secret}}\"}", &none, "x\"", 2, "{\"a\":\"x\\\"x\\\"\"}");
	assert_body("{\"a\":\"{{secret}}\"}", &none, odd, sizeof(odd) - 1,
		    "{\"a\":\"a\\\"b\\\\c\\u000a\\u0000{{comment?}}\xc3\xa4\"}");
}

static void other_json_values(void **state)
{
	const struct template_values none = { NULL, NULL };

	(void)state;
	assert_body("{\"n\":1.5,\"t\":true,\"f\":false,\"z\":null,\"a\":[],\"q\\\"q\":\"a\\nb\","
		    "\"credentials\":[\"{{secret}}\"]}",
		    &none, "k", 1,
		    "{\"n\":1.5,\"t\":true,\"f\":false,\"z\":null,\"a\":[],\"q\\\"q\":\"a\\u000ab\","
		    "\"credentials\":[\"k\"]}");
}

static void form(void **state)
{
	const struct template_values values = { NULL, "a&b=c \xc3\xa4" };
	struct rule_request rule = json_rule("{\"token\":\"{{secret}}\",\"reporter\":\"{{reporter_email?}}\","
					     "\"a b\":\"{{comment?}}\",\"n\":1e30}");
	struct request request;

	(void)state;
	rule.body_kind = RULE_BODY_FORM;
	request = make(&rule, NULL, &values, "x+/=&~", 6);
	assert_string_equal(request.headers[0].bytes, "Content-Type: application/x-www-form-urlencoded");
	assert_string_equal(request.body.bytes, "token=x%2B%2F%3D%26~&a%20b=a%26b%3Dc%20%C3%A4&n=1e%2B30");
	request_wipe(&request);
}

static void headers_and_url(void **state)
{
	const struct template_values values = { "e@x", NULL };
	struct rule_header headers[] = {
		{ (char *)"Authorization", (char *)"Bearer {{secret}}" },
		{ (char *)"X-Comment", (char *)"{{comment?}}" },
		{ (char *)"content-type", (char *)"application/x" },
	};
	struct rule_request rule = { .method = (char *)"DELETE",
				     .url = (char *)"https://a.example.test/%7e/{{secret}}?by={{reporter_email?}}",
				     .headers = headers,
				     .header_count = 3 };
	struct request request = make(&rule, NULL, &values, "a/b?c d", 7);

	(void)state;
	assert_string_equal(request.method, "DELETE");
	assert_string_equal(request.url.bytes, "https://a.example.test/%7e/a%2Fb%3Fc%20d?by=e%40x");
	assert_false(request.has_body);
	assert_int_equal(request.header_count, 2);
	assert_string_equal(request.headers[0].bytes, "Authorization: Bearer a/b?c d");
	assert_string_equal(request.headers[1].bytes, "content-type: application/x");
	request_wipe(&request);
}

static void override(void **state)
{
	const struct template_values none = { NULL, NULL };
	const struct rule_request rule = json_rule(vercel_body);
	struct request request = make(&rule, "http://LOCALHOST:81/y", &none, "k", 1);
	struct request_template *template;

	(void)state;
	assert_string_equal(request.url.bytes, "http://LOCALHOST:81/y");
	assert_false(request.https);
	assert_true(request.loopback);
	request_wipe(&request);
	assert_int_equal(request_compile(&template, &rule, "http://LOCALHOST:81/y", &none, NULL), 0);
	assert_string_equal(request_server(template), "http://localhost:81");
	request_template_free(template);
}

static void refused_rules(void **state)
{
	static const struct {
		const char *method, *url, *body, *message;
	} cases[] = {
		{ "TRACE", "https://a.b/", "{}", "unknown request method 'TRACE'" },
		{ "POST", "http://a.b/", "{}",
		  "cannot use the url 'http://a.b/': plain http goes to a loopback address only" },
		{ "POST", "https://a.b/", "[]", "the request body is not a JSON object" },
		{ "POST", "https://a.b/", "{", "the request body is not a JSON object" },
		{ "POST", "https://a.b/", "{\"a\":\"{{password}}\"}", "unknown template at '{{password}}'" },
		{ "POST", "https://a.b/", "{\"a\":[{\"b\":\"x{{secret\"}]}", "unknown template at '{{secret'" },
		{ "POST", "https://a.b/{{x}}", "{}", "unknown template at '{{x}}'" },
	};
	const struct template_values none = { NULL, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rule_request rule = json_rule(cases[i].body);
		struct request_template *template = (void *)state;
		struct error error = { 0, "" };

		rule.method = (char *)cases[i].method;
		rule.url = (char *)cases[i].url;
		assert_int_equal(request_compile(&template, &rule, NULL, &none, &error), ERROR_CONFIGURATION);
		assert_string_equal(error.message, cases[i].message);
		assert_null(template);
	}
}

/* What a text cannot hold is refused: not cut, not changed. */
static void refused_values(void **state)
{
	struct rule_header header = { (char *)"X-Key", (char *)"{{secret}}" };
	const struct template_values none = { NULL, NULL }, lines = { NULL, "a\r\nX: y" };
	struct rule_request json = json_rule(vercel_body), headed = { .method = (char *)"POST",
								      .url = (char *)"https://a.b/",
								      .headers = &header,
								      .header_count = 1 };
	struct secret *binary = secret_new("abc\xff", 4), *two_lines = secret_new("a\nb", 3);
	struct request_template *template;
	struct request request;
	struct error error;

	(void)state;
	assert_int_equal(request_compile(&template, &json, NULL, &none, &error), 0);
	assert_int_equal(request_make(&request, template, binary, &error), ERROR_UNSUPPORTED);
	assert_string_equal(error.message, "the credential cannot be sent: it is not UTF-8, which JSON asks for");
	assert_null(request.url.bytes);
	request_template_free(template);
	assert_int_equal(request_compile(&template, &headed, NULL, &none, &error), 0);
	assert_int_equal(request_make(&request, template, two_lines, &error), ERROR_UNSUPPORTED);
	assert_string_equal(error.message, "the credential cannot be sent:"
					   " it has a control character, which a header cannot hold");
	request_template_free(template);
	header.value = (char *)"{{comment?}}";
	assert_int_equal(request_compile(&template, &headed, NULL, &lines, &error), ERROR_CONFIGURATION);
	assert_string_equal(error.message,
			    "cannot send the comment: it has a control character, which a header cannot hold");
	secret_free(binary);
	secret_free(two_lines);
}

/* {{secrets}} becomes a list, each of them escaped; what looks like it in a value is left alone. */
static void batch(void **state)
{
	static const char template_text[] = "{\"a\":[\"{{comment?}}\"],\"credentials\":\"{{secrets}}\",\"z\":1}";
	const struct template_values values = { NULL, "{{secrets}}" };
	struct rule_request rule = json_rule(template_text);
	struct secret *one = secret_new("a\"b", 3), *other = secret_new("{{secrets}}", 11), *bad = secret_new("\xff", 1);
	const struct secret *list[] = { one, other, bad };
	struct request_template *template;
	struct request request;
	struct error error;

	(void)state;
	assert_int_equal(request_compile(&template, &rule, NULL, &values, &error), 0);
	assert_int_equal(request_make_batch(&request, template, list, 2, &error), 0);
	assert_string_equal(request.body.bytes,
			    "{\"a\":[\"{{secrets}}\"],\"credentials\":[\"a\\\"b\",\"{{secrets}}\"],\"z\":1}");
	request_wipe(&request);
	assert_int_equal(request_make(&request, template, one, &error), 0);
	assert_string_equal(request.body.bytes, "{\"a\":[\"{{secrets}}\"],\"credentials\":[\"a\\\"b\"],\"z\":1}");
	request_wipe(&request);
	assert_int_equal(request_make_batch(&request, template, list, 3, &error), ERROR_UNSUPPORTED);
	assert_null(request.body.bytes);
	request_template_free(template);
	secret_free(one);
	secret_free(other);
	secret_free(bad);
}

/* A buffer that grows leaves the credential behind in freed memory. */
static void body_does_not_grow(void **state)
{
	struct template_text text = { .kind = TEMPLATE_JSON };
	const struct template_values none = { NULL, NULL };
	char worst[SECRET_SIZE_MAX];
	struct buffer out = BUFFER_INIT;
	const struct secret *list[1];
	struct secret *secret;

	(void)state;
	memset(worst, '\n', sizeof(worst));
	list[0] = secret = secret_new(worst, sizeof(worst));
	assert_int_equal(template_add(&text, "{{secret}}a{{secret}}", &none, NULL), 0);
	assert_int_equal(template_render(&text, list, 1, &out, NULL), 0);
	assert_int_equal(out.length, 2 * 6 * sizeof(worst) + 1);
	assert_int_equal(out.capacity, out.length);
	buffer_wipe(&out);
	template_release(&text);
	secret_free(secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vercel_request),
		cmocka_unit_test(optional_members),
		cmocka_unit_test(values_are_not_templates),
		cmocka_unit_test(secret_is_escaped),
		cmocka_unit_test(other_json_values),
		cmocka_unit_test(form),
		cmocka_unit_test(headers_and_url),
		cmocka_unit_test(override),
		cmocka_unit_test(refused_rules),
		cmocka_unit_test(refused_values),
		cmocka_unit_test(batch),
		cmocka_unit_test(body_does_not_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
