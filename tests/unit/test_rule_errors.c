/*
 * Every mistake that a rule file can have, with the exact message it gets: what is wrong, and the line and column
 * of it.
 *
 * The files are written here with ' for ", which changes no position. Each is read by rule_set_load() as "x.json".
 */
#define _GNU_SOURCE
#include "base/buffer.h"
#include "rule/rule.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/staunch-test-rule-XXXXXX";

static int enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int leave_folder(void **state)
{
	(void)state;
	unlink("x.json");
	return chdir("/") || rmdir(folder);
}

static void write_file(const char *name, const char *bytes, size_t length)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* Load one file; returns the error's code, 0 for none. */
static int load(const char *bytes, size_t length, struct error *error)
{
	char name[] = "x.json", *paths[] = { name };
	struct rule_set set;
	int result;

	write_file(name, bytes, length);
	memset(error, 0, sizeof(*error));
	result = rule_set_load(&set, paths, 1, error);
	if (result) {
		assert_int_equal(error->code, result);
		assert_int_equal(set.count, 0);
		assert_null(set.rules);
	}
	rule_set_release(&set);
	return result;
}

struct example {
	const char *text, *message;
};

static void check(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct buffer text = BUFFER_INIT;
		struct error error;
		int result;

		buffer_add_string(&text, examples[i].text);
		for (size_t j = 0; j < text.length; j++) {
			if (text.bytes[j] == '\'')
				text.bytes[j] = '"';
		}
		result = load(text.bytes, text.length, &error);
		if (!examples[i].message) {
			assert_string_equal(error.message, "");
			assert_int_equal(result, 0);
		} else {
			assert_string_equal(error.message, examples[i].message);
			assert_int_equal(result, ERROR_CONFIGURATION);
		}
		buffer_release(&text);
	}
}
#define CHECK(...)                                                                                                     \
	do {                                                                                                           \
		static const struct example examples[] = { __VA_ARGS__ };                                              \
		check(examples, sizeof(examples) / sizeof(*examples));                                                 \
	} while (0)

/*
 * A whole file: WITH() adds members to a good rule, at line 3, column 1; RULE() gives all members of a rule at
 * line 2, column 2.
 */
#define HEAD "{'schema': 1, 'provider': 'p', 'name': 'P', 'rules': [\n"
#define GOOD "'id': 'r', 'name': 'R', 'literals': ['k_'], 'pattern': 'k_[a-z]{20}'"
#define WITH(members) HEAD "{" GOOD ",\n" members "}]}"
#define RULE(members) HEAD "{" members "}]}"

static void json_syntax(void **state)
{
	(void)state;
	CHECK({ "", "x.json:1:1: unexpected end of the file" }, { " \n ", "x.json:2:2: unexpected end of the file" },
	      { "nothing", "x.json:1:1: expected a value" }, { "{id: 1}", "x.json:1:2: expected a member name in double quotes" },
	      { "{'a\\q': 1}", "x.json:1:4: unknown escape in a string" },
	      { "{'a' 1}", "x.json:1:6: expected ':' after the member name" },
	      { "{'a': 1\n 'b': 2}", "x.json:2:2: expected ',' or '}'" },
	      { "{'a': 1,\n}", "x.json:2:1: expected a member name in double quotes" },
	      { "{'a': }", "x.json:1:7: expected a value" }, { "{'a': 1", "x.json:1:8: unexpected end of the file" },
	      { "{'a", "x.json:1:4: unexpected end of the file" }, { "[1 2]", "x.json:1:4: expected ',' or ']'" },
	      { "[1,]", "x.json:1:4: expected a value" }, { "[1", "x.json:1:3: unexpected end of the file" },
	      { "[1}", "x.json:1:3: expected ',' or ']'" }, { "{'a': 1]", "x.json:1:8: expected ',' or '}'" },
	      { "[trux]", "x.json:1:2: expected a value" }, { "[truex]", "x.json:1:6: expected ',' or ']'" },
	      { "{} {}", "x.json:1:4: unexpected text after the end of the JSON document" },
	      { "{}\n]", "x.json:2:1: unexpected text after the end of the JSON document" },
	      { "// {}", "x.json:1:1: expected a value" });
}

static void json_numbers_and_strings(void **state)
{
	(void)state;
	CHECK({ "[01]", "x.json:1:2: malformed number" }, { "[-00]", "x.json:1:2: malformed number" },
	      { "[1.]", "x.json:1:2: malformed number" },
	      { "[-]", "x.json:1:2: malformed number" }, { "[1e]", "x.json:1:2: malformed number" },
	      { "[1e+]", "x.json:1:2: malformed number" }, { "[+1]", "x.json:1:2: expected a value" },
	      { "[.5]", "x.json:1:2: expected a value" }, { "[0x10]", "x.json:1:3: expected ',' or ']'" },
	      { "[-0.5e-3, 0, 10E2]", "x.json:1:1: a rule file must be an object" },
	      { "['a\nb']", "x.json:1:4: line break or control character in a string" },
	      { "['a\tb']", "x.json:1:4: line break or control character in a string" },
	      { "['a\\qb']", "x.json:1:4: unknown escape in a string" },
	      { "['\\u12g4']", "x.json:1:3: four hexadecimal digits must follow '\\u'" },
	      { "['\\u0000']", "x.json:1:3: '\\u0000' is not allowed" },
	      { "['\\ud800']", "x.json:1:3: half of a surrogate pair, or a number too long to read" },
	      { "['\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00']", "x.json:1:1: a rule file must be an object" },
	      { "[\x01]", "x.json:1:2: expected a value" });
}

static void json_bytes(void **state)
{
	static const char nul[] = "{\n \"a\0b\": 1}", latin1[] = "{\"a\":\n\"caf\xe9\"}", overlong[] = "[\"\xc0\xaf\"]";
	static const char mark[] = "\xef\xbb\xbf{x";
	struct error error;

	(void)state;
	assert_int_equal(load(nul, sizeof(nul) - 1, &error), ERROR_CONFIGURATION);
	assert_string_equal(error.message, "x.json:2:4: a NUL byte");
	assert_int_equal(load("{}", 3, &error), ERROR_CONFIGURATION);
	assert_string_equal(error.message, "x.json:1:3: a NUL byte");
	assert_int_equal(load(latin1, sizeof(latin1) - 1, &error), ERROR_CONFIGURATION);
	assert_string_equal(error.message, "x.json:2:5: invalid UTF-8");
	assert_int_equal(load(overlong, sizeof(overlong) - 1, &error), ERROR_CONFIGURATION);
	assert_string_equal(error.message, "x.json:1:3: invalid UTF-8");
	/* a byte order mark is let pass; its three bytes count as columns */
	assert_int_equal(load(mark, sizeof(mark) - 1, &error), ERROR_CONFIGURATION);
	assert_string_equal(error.message, "x.json:1:5: expected a member name in double quotes");
}

static void ceilings(void **state)
{
	size_t size = (1 << 20) + 1;
	char *spaces = malloc(size);
	struct error error;

	(void)state;
	CHECK({ "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "x.json:1:1: a rule file must be an object" },
	      { "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "x.json:1:17: nested too deep" });
	assert_non_null(spaces);
	memset(spaces, ' ', size);
	memcpy(spaces, "[]", 2);
	assert_int_equal(load(spaces, size, &error), ERROR_CONFIGURATION);
	assert_string_equal(error.message, "x.json:1:1: the file is larger than 1 MiB");
	assert_int_equal(load(spaces, size - 1, &error), ERROR_CONFIGURATION);
	assert_string_equal(error.message, "x.json:1:1: a rule file must be an object");
	free(spaces);
}

static void top_level(void **state)
{
	(void)state;
	CHECK({ "{}", "x.json:1:1: member 'schema' is missing" },
	      { "{'schema': 1}", "x.json:1:1: member 'provider' is missing" },
	      { "{'schema': 2, 'colour': 1}", "x.json:1:12: made for a newer staunch: this one reads schema 1" },
	      { "{'colour': 1,\n 'schema': 1.5}", "x.json:2:12: made for a newer staunch: this one reads schema 1" },
	      { "{'schema': 0}", "x.json:1:12: 'schema' must be 1" },
	      { "{'schema': '1'}", "x.json:1:12: 'schema' must be a number, not a string" },
	      { "{'schema': 1,\n  'colour': 'red'}",
		"x.json:2:3: unknown member 'colour'; known here: schema, provider, name, rules" },
	      { "{'schema': 1, 'schema': 1}", "x.json:1:15: member 'schema' is here twice" },
	      { "{'schema': 1, 'provider': 'P', 'name': 'P', 'rules': []}",
		"x.json:1:27: 'provider' must be 1 to 64 of the characters a-z, 0-9 and '-'" },
	      { "{'schema': 1, 'provider': 'p', 'name': '', 'rules': [{}]}", "x.json:1:54: member 'id' is missing" },
	      { "{'schema': 1, 'provider': 'p', 'name': '', 'rules': [{" GOOD "}]}", "x.json:1:40: 'name' is empty" },
	      { "{'schema': 1, 'provider': 'p', 'name': 'P', 'rules': []}", "x.json:1:54: 'rules' is empty" },
	      { "{'schema': 1, 'provider': 'p', 'rules': []}", "x.json:1:1: member 'name' is missing" },
	      { "{'schema': 1, 'provider': 'p', 'name': 'P'}", "x.json:1:1: member 'rules' is missing" },
	      /* a place behind escapes of both lengths */
	      { "{'schema': 1, 'provider': 'p', 'name': '\\n\\u00e9', 'rules': []}", "x.json:1:61: 'rules' is empty" },
	      { "{'schema': 1, 'provider': 'p', 'name': '\\n', 'rules': [}", "x.json:1:56: expected a value" },
	      { "{'schema': 1, 'provider': 'p', 'name': '\\u00e9', 'rules': [}", "x.json:1:60: expected a value" },
	      { "{'schema': 1, 'provider': 'p', 'name': 'P', 'rules': {}}",
		"x.json:1:54: 'rules' must be a list, not an object" },
	      { "{'schema': 1, 'provider': 'p', 'name': 'P', 'rules': [{},\n null]}",
		"x.json:2:2: a rule must be an object, not null" },
	      { HEAD "{" GOOD "}]}", NULL });
}

static void rule_members(void **state)
{
	(void)state;
	CHECK({ RULE("'id': 'r', 'name': 'R', 'literals': ['k_']"), "x.json:2:1: member 'pattern' is missing" },
	      { RULE("'id': 'r', 'name': 'R', 'pattern': 'k_'"), "x.json:2:1: member 'literals' is missing" },
	      { RULE("'id': 'r', 'pattern': 'k_', 'literals': ['k_']"), "x.json:2:1: member 'name' is missing" },
	      { RULE("'name': 'R', 'pattern': 'k_', 'literals': ['k_']"), "x.json:2:1: member 'id' is missing" },
	      { RULE("'id': 'A', 'name': 'R', 'pattern': 'k_', 'literals': ['k_']"),
		"x.json:2:8: 'id' must be 1 to 64 of the characters a-z, 0-9 and '-'" },
	      { RULE("'id': '', 'name': 'R', 'pattern': 'k_', 'literals': ['k_']"),
		"x.json:2:8: 'id' must be 1 to 64 of the characters a-z, 0-9 and '-'" },
	      { RULE("'id': '0123456789012345678901234567890123456789012345678901234567890123',"
		     "'name': 'R', 'pattern': 'k_', 'literals': ['k_']"), NULL },
	      { RULE("'id': '01234567890123456789012345678901234567890123456789012345678901234',"
		     "'name': 'R', 'pattern': 'k_', 'literals': ['k_']"),
		"x.json:2:8: 'id' must be 1 to 64 of the characters a-z, 0-9 and '-'" },
	      { RULE("'id': 'r', 'name': 'R', 'pattern': '', 'literals': ['k_']"), "x.json:2:37: 'pattern' is empty" },
	      { WITH("'loose_pattern': ''"), "x.json:3:18: 'loose_pattern' is empty" },
	      { WITH("'Default': true"), "x.json:3:1: unknown member 'Default'; known here: id, name, default, literals, "
					 "pattern, loose_pattern, checksum, min_entropy, revoke, verify, examples, source" },
	      { WITH("'default': 1"), "x.json:3:12: 'default' must be true or false, not a number" },
	      { WITH("'pattern': 'x'"), "x.json:3:1: member 'pattern' is here twice" },
	      { WITH("'min_entropy': -0.1"), "x.json:3:16: 'min_entropy' must be a number from 0 to 8" },
	      { WITH("'min_entropy': 8.1"), "x.json:3:16: 'min_entropy' must be a number from 0 to 8" },
	      { WITH("'min_entropy': 8, 'default': false"), NULL },
	      { HEAD "{" GOOD "},\n{" GOOD "}]}", "x.json:3:8: rule 'r' is here twice" });
}

static void literals(void **state)
{
	(void)state;
	CHECK({ RULE("'id': 'r', 'name': 'R', 'pattern': 'k_', 'literals': []"), "x.json:2:55: 'literals' is empty" },
	      { RULE("'id': 'r', 'name': 'R', 'pattern': 'k_', 'literals': ['k_', '']"),
		"x.json:2:62: a literal must not be empty" },
	      { RULE("'id': 'r', 'name': 'R', 'pattern': 'k_', 'literals': ['k_', 3]"),
		"x.json:2:62: a literal must be a string, not a number" },
	      { RULE("'id': 'r', 'name': 'R', 'pattern': 'k_', 'literals': ['k_', 'j_']"),
		"x.json:2:62: this literal is neither in 'pattern' nor in an example of a match" },
	      { RULE("'id': 'r', 'name': 'R', 'pattern': '[kj]_', 'literals': ['k_', 'j_'],"
		     "'examples': {'match': ['k_', 'j_']}"), NULL },
	      { RULE("'id': 'r', 'name': 'R', 'pattern': '[kj]_', 'literals': ['k_', 'j_'],"
		     "'examples': {'match': ['k_', 'k_2']}"),
		"x.json:2:65: this literal is neither in 'pattern' nor in an example of a match" },
	      { WITH("'examples': {'match': ['ok k_1', 'j_1']}"),
		"x.json:3:34: this example holds none of the rule's literals" });
}

static void examples(void **state)
{
	(void)state;
	CHECK({ WITH("'examples': {'matches': []}"),
		"x.json:3:14: unknown member 'matches'; known here: match, no_match" },
	      { WITH("'examples': {'match': 'k_'}"), "x.json:3:23: 'match' must be a list, not a string" },
	      { WITH("'examples': {'match': [['k_', 1]]}"), "x.json:3:31: a piece of an example must be a string, not a number" },
	      { WITH("'examples': {'no_match': [true]}"),
		"x.json:3:27: an example must be a string or a list, not true or false" },
	      { WITH("'examples': {'match': [['k', '_']], 'no_match': [[], '']}"), NULL });
}

static void checksum(void **state)
{
	(void)state;
	CHECK({ WITH("'checksum': {'of': 'a', 'equals': 'b'}"), "x.json:3:13: member 'algorithm' is missing" },
	      { WITH("'checksum': {'algorithm': 'crc32-base62', 'equals': 'b'}"), "x.json:3:13: member 'of' is missing" },
	      { WITH("'checksum': {'algorithm': 'crc32-base62', 'of': 'b'}"), "x.json:3:13: member 'equals' is missing" },
	      { WITH("'checksum': {'algorithm': 'md5', 'of': 'a', 'equals': 'b'}"),
		"x.json:3:27: 'algorithm' must be crc32-base62" },
	      { WITH("'checksum': {'algorithm': 'crc32-base62', 'of': '', 'equals': 'b'}"),
		"x.json:3:49: 'of' must be the name of a group of the pattern" },
	      { WITH("'checksum': {'algorithm': 'crc32-base62', 'of': 'a', 'equals': '1b'}"),
		"x.json:3:64: 'equals' must be the name of a group of the pattern" },
	      { WITH("'checksum': {'algorithm': 'crc32-base62', 'of': 'a', 'equals': 'b', 'to': 1}"),
		"x.json:3:69: unknown member 'to'; known here: algorithm, of, equals" },
	      { WITH("'checksum': 'crc32'"), "x.json:3:13: 'checksum' must be an object, not a string" });
}

/* A revoke whose url (at line 4, column 8) and further members (after column 18 of line 5) are given. */
#define REVOKE(url, members)                                                                                           \
	WITH("'revoke': {'kind': 'report', 'method': 'POST',\n'url': " url ",\n'accepted': [200]" members "}")
#define BODY ",\n'json': {'k': '{{secret}}'}"

static void revoke_members(void **state)
{
	(void)state;
	CHECK({ REVOKE("'https://example.com/x'", BODY), NULL },
	      { WITH("'revoke': {'kind': 'report'}"), "x.json:3:11: member 'method' is missing" },
	      { WITH("'revoke': {'kind': 'report', 'method': 'PUT'}"), "x.json:3:11: member 'url' is missing" },
	      { WITH("'revoke': {'method': 'PUT'}"), "x.json:3:11: member 'kind' is missing" },
	      { WITH("'revoke': {'kind': 'none', 'method': 'POST', 'url': 'https://e.com', 'accepted': [200]}"),
		"x.json:3:20: 'kind' must be report or self" },
	      { WITH("'revoke': {'kind': 'self', 'method': 'DELETE', 'url': 'https://e.com', 'accepted': [204],\n"
		     "'headers': {'Authorization': 'Bearer {{secret}}'}}"), NULL },
	      { WITH("'revoke': {'kind': 'report', 'method': 'post', 'url': 'https://e.com', 'accepted': [200]}"),
		"x.json:3:40: 'method' must be GET, POST, PUT, DELETE or PATCH" },
	      { WITH("'revoke': {'kind': 'report', 'method': 'HEAD', 'url': 'https://e.com', 'accepted': [200]}"),
		"x.json:3:40: 'method' must be GET, POST, PUT, DELETE or PATCH" },
	      { REVOKE("'https://example.com/x'", ""), "x.json:3:11: 'revoke' holds {{secret}} nowhere" },
	      { REVOKE("'https://example.com/x'", ",\n'json': {'k': '{{comment?}}'}"),
		"x.json:3:11: 'revoke' holds {{secret}} nowhere" },
	      { REVOKE("'https://example.com/x'", BODY ", 'retries': 3"),
		"x.json:6:30: unknown member 'retries'; known here: kind, method, url, headers, json, form, batch, limits, "
		"accepted, gone, retry, accepted_json, gone_json, meaning" },
	      { REVOKE("'https://example.com/x'", ",\n'json': ['{{secret}}']"),
		"x.json:6:9: 'json' must be an object, not a list" },
	      { REVOKE("'https://example.com/x'", BODY ",\n'form': {'k': '{{secret}}'}"),
		"x.json:7:1: 'json' and 'form' exclude each other" },
	      { REVOKE("'https://example.com/x'", ",\n'form': {'k': '{{secret}}', 'n': 1}"),
		"x.json:6:34: a field must be a string, not a number" },
	      { REVOKE("'https://example.com/x'", ",\n'form': {'k': '{{secret}}', 'n': ''}"), NULL },
	      { REVOKE("'https://example.com/x'", ",\n'form': {'k': '{{secret}}', 'n': '{{'}"),
		"x.json:6:34: '{{' without '}}' behind it" },
	      { REVOKE("'https://example.com/x'", ",\n'json': {'k': ['{{secret}}', 1, null, {'a': true}]}"), NULL },
	      { REVOKE("'https://example.com/x'", ",\n'json': {'k': '{{secret}}', 'k': 1}"),
		"x.json:6:29: member 'k' is here twice" },
	      { REVOKE("'https://example.com/x'", ",\n'json': {'k': {'{{secret}}': 1}}"),
		"x.json:6:16: no template can stand in a member's name" },
	      { WITH("'revoke': {'kind': 'report', 'method': 'GET', 'url': 'https://e.com', 'accepted': [200]" BODY "}"),
		"x.json:4:1: a GET request has no body" });
}

static void urls(void **state)
{
	(void)state;
	CHECK({ REVOKE("'http://example.com/x'", BODY), "x.json:4:8: 'url' must begin with https://" },
	      { REVOKE("'http://127.0.0.1/x'", BODY), "x.json:4:8: 'url' must begin with https://" },
	      { REVOKE("'example.com'", BODY), "x.json:4:8: 'url' must begin with https://" },
	      { REVOKE("'{{secret}}://example.com'", BODY), "x.json:4:8: 'url' must begin with https://" },
	      { REVOKE("''", BODY), "x.json:4:8: 'url' must begin with https://" },
	      { REVOKE("'https://'", BODY), "x.json:4:8: 'url' has no host" },
	      { REVOKE("'https:///x'", BODY), "x.json:4:8: 'url' has no host" },
	      { REVOKE("'https://?q'", BODY), "x.json:4:8: 'url' has no host" },
	      { REVOKE("'https://:443/'", BODY), "x.json:4:8: 'url' has no host" },
	      { REVOKE("'https://me@example.com/'", BODY), "x.json:4:8: 'url' must not hold a user name" },
	      { REVOKE("'https://a:b@example.com/'", BODY), "x.json:4:8: 'url' must not hold a user name" },
	      { REVOKE("'https://{{secret}}.example.com/'", BODY), "x.json:4:8: 'url' must not have a template in its host" },
	      { REVOKE("'https://example.com:{{secret}}/'", BODY), "x.json:4:8: 'url' must not have a template in its host" },
	      { REVOKE("'https://exa mple.com/'", BODY), "x.json:4:8: 'url' has a character in its host that no host name has" },
	      { REVOKE("'https://example.com\\\\@evil.com/'", BODY), "x.json:4:8: 'url' must not hold a user name" },
	      { REVOKE("'https://ex\xc3\xa4mple.com/'", BODY), "x.json:4:8: 'url' has a character in its host that no host name has" },
	      { REVOKE("'https://example.com:0/'", BODY), "x.json:4:8: 'url' has a port that is no number from 1 to 65535" },
	      { REVOKE("'https://example.com:65536/'", BODY), "x.json:4:8: 'url' has a port that is no number from 1 to 65535" },
	      { REVOKE("'https://example.com:4294967297/'", BODY), "x.json:4:8: 'url' has a port that is no number from 1 to 65535" },
	      { REVOKE("'https://example.com:'", BODY), "x.json:4:8: 'url' has a port that is no number from 1 to 65535" },
	      { REVOKE("'https://example.com:44x'", BODY), "x.json:4:8: 'url' has a port that is no number from 1 to 65535" },
	      { REVOKE("'https://example.com/a b'", BODY), "x.json:4:8: 'url' has a character that must be percent-encoded, or a fragment" },
	      { REVOKE("'https://example.com/a\\nb'", BODY), "x.json:4:8: 'url' has a character that must be percent-encoded, or a fragment" },
	      { REVOKE("'https://example.com/a#b'", BODY), "x.json:4:8: 'url' has a character that must be percent-encoded, or a fragment" },
	      { REVOKE("'https://example.com/\\\\x'", BODY), "x.json:4:8: 'url' has a character that must be percent-encoded, or a fragment" },
	      { REVOKE("'https://example.com:65535/a?b=c@d:e'", BODY), NULL },
	      { REVOKE("'https://example.com:1'", BODY), NULL },
	      { REVOKE("'https://example.com?token={{secret}}'", ""), NULL });
}

static void templates_and_headers(void **state)
{
	(void)state;
	CHECK({ REVOKE("'https://e.com'", ",\n'json': {'k': '{{secret}}', 'c': 'x {{comments?}}'}"),
		"x.json:6:34: unknown template '{{comments?}}'; known are {{secret}}, {{reporter_email?}} and {{comment?}}" },
	      { REVOKE("'https://e.com'", ",\n'json': {'k': '{{secret?}}'}"),
		"x.json:6:15: unknown template '{{secret?}}'; known are {{secret}}, {{reporter_email?}} and {{comment?}}" },
	      { REVOKE("'https://e.com'", ",\n'json': {'k': '{{secret}} {{secret'}"),
		"x.json:6:15: '{{' without '}}' behind it" },
	      { REVOKE("'https://e.com'", ",\n'json': {'k': '{{secret}} {{reporter_email?}}{{comment?}} }} {'}"), NULL },
	      { REVOKE("'https://e.com/{{host}}'", BODY),
		"x.json:4:8: unknown template '{{host}}'; known are {{secret}}, {{reporter_email?}} and {{comment?}}" },
	      { REVOKE("'https://e.com'", BODY ",\n'headers': {'X-Key': '{{key}}'}"),
		"x.json:7:22: unknown template '{{key}}'; known are {{secret}}, {{reporter_email?}} and {{comment?}}" },
	      { REVOKE("'https://e.com'", BODY ",\n'headers': {'X-Key': 1}"), "x.json:7:22: a header must be a string, not a number" },
	      { REVOKE("'https://e.com'", BODY ",\n'headers': {'X Key': ''}"), "x.json:7:13: this is no name of a header" },
	      { REVOKE("'https://e.com'", BODY ",\n'headers': {'': ''}"), "x.json:7:13: this is no name of a header" },
	      { REVOKE("'https://e.com'", BODY ",\n'headers': {'X-{{secret}}': ''}"), "x.json:7:13: this is no name of a header" },
	      { REVOKE("'https://e.com'", BODY ",\n'headers': {'X': 'a\\r\\nY: b'}"),
		"x.json:7:18: a header must not hold control characters" },
	      { REVOKE("'https://e.com'", BODY ",\n'headers': {'X': 'a', 'X': 'b'}"), "x.json:7:23: member 'X' is here twice" },
	      { REVOKE("'https://e.com'", ",\n'headers': {'X-Key': '{{secret}}'}"), NULL });
}

#define STATUSES(members)                                                                                              \
	WITH("'revoke': {'kind': 'report', 'method': 'POST', 'url': 'https://e.com' " BODY ",\n" members "}")

static void statuses(void **state)
{
	(void)state;
	CHECK({ STATUSES("'gone': [404]"), "x.json:3:11: member 'accepted' is missing" },
	      { STATUSES("'accepted': []"), "x.json:5:13: 'accepted' is empty" },
	      { STATUSES("'accepted': [200], 'gone': []"), "x.json:5:28: 'gone' is empty" },
	      { STATUSES("'accepted': [200, 99]"), "x.json:5:19: a status must be a whole number from 100 to 599" },
	      { STATUSES("'accepted': [600]"), "x.json:5:14: a status must be a whole number from 100 to 599" },
	      { STATUSES("'accepted': [-200]"), "x.json:5:14: a status must be a whole number from 100 to 599" },
	      { STATUSES("'accepted': [200.5]"), "x.json:5:14: a status must be a whole number from 100 to 599" },
	      { STATUSES("'accepted': [1e99]"), "x.json:5:14: a status must be a whole number from 100 to 599" },
	      { STATUSES("'accepted': ['200']"), "x.json:5:14: a status must be a whole number from 100 to 599" },
	      { STATUSES("'accepted': [200, 200]"), "x.json:5:19: status 200 is listed before" },
	      { STATUSES("'gone': [404, 200],\n'accepted': [200]"), "x.json:5:15: status 200 is listed before" },
	      { STATUSES("'accepted': 200"), "x.json:5:13: 'accepted' must be a list, not a number" },
	      { STATUSES("'accepted': [100, 599], 'gone': [404]"), NULL });
}

#define HEADER "'headers': {'X-Key': '{{secret}}'}"

static void verify(void **state)
{
	(void)state;
	CHECK({ WITH("'verify': {'method': 'GET', 'url': 'https://e.com/', " HEADER ", 'dead': [401], 'alive': [200]}"), NULL },
	      { WITH("'verify': {'method': 'GET', 'url': 'https://e.com/{{secret}}', 'dead': [401], 'alive': [200]}"),
		"x.json:3:36: 'url' must not hold the credential: it belongs into a header or the body" },
	      { WITH("'verify': {'method': 'GET', 'url': 'https://e.com/', 'dead': [401], 'alive': [200]}"),
		"x.json:3:11: 'verify' holds {{secret}} nowhere" },
	      { WITH("'verify': {'url': 'https://e.com/{{secret}}', 'dead': [401], 'alive': [200]}"),
		"x.json:3:11: member 'method' is missing" },
	      { WITH("'verify': {'method': 'GET', 'dead': [401], 'alive': [200]}"),
		"x.json:3:11: member 'url' is missing" },
	      { WITH("'verify': {'method': 'GET', 'url': 'https://e.com/{{secret}}', 'dead': [401]}"),
		"x.json:3:11: member 'alive' is missing" },
	      { WITH("'verify': {'method': 'GET', 'url': 'https://e.com/{{secret}}', 'alive': [200]}"),
		"x.json:3:11: member 'dead' is missing" },
	      { WITH("'verify': {'method': 'GET', 'url': 'http://e.com/{{secret}}', 'dead': [401], 'alive': [200]}"),
		"x.json:3:36: 'url' must begin with https://" },
	      { WITH("'verify': {'method': 'GET', 'url': 'https://e.com/', " HEADER ", 'dead': [401],\n'alive': [401]}"),
		"x.json:4:11: status 401 is listed before" },
	      { WITH("'verify': {'method': 'GET', 'url': 'https://e.com/{{secret}}', 'kind': 'self'}"),
		"x.json:3:64: unknown member 'kind'; known here: method, url, headers, limits, dead, alive" });
}

/* A revoke with a JSON body (line 4) and further members (line 5). */
#define BATCH(json, members)                                                                                           \
	WITH("'revoke': {'kind': 'report', 'method': 'POST', 'url': 'https://e.com', 'accepted': [200],\n'json': " json ",\n" members "}")
#define LIST "{'k': ['{{comment?}}'], 'l': '{{secrets}}'}"

static void batches(void **state)
{
	(void)state;
	CHECK({ BATCH(LIST, "'batch': 2"), NULL },
	      { BATCH(LIST, "'batch': 10000"), NULL },
	      { BATCH(LIST, "'batch': 1"), "x.json:5:10: 'batch' must be a whole number from 2 to 10000" },
	      { BATCH(LIST, "'batch': 10001"), "x.json:5:10: 'batch' must be a whole number from 2 to 10000" },
	      { BATCH(LIST, "'batch': 2.5"), "x.json:5:10: 'batch' must be a whole number from 2 to 10000" },
	      { BATCH(LIST, "'gone': [404]"), "x.json:3:11: {{secrets}} asks for the member 'batch'" },
	      { BATCH("{'k': '{{secret}}'}", "'batch': 2"),
		"x.json:5:10: a batch holds {{secrets}} in its 'json', and {{secret}} nowhere" },
	      { BATCH("{'k': '{{secret}}', 'l': '{{secrets}}'}", "'batch': 2"),
		"x.json:5:10: a batch holds {{secrets}} in its 'json', and {{secret}} nowhere" },
	      { BATCH("{'k': 'x{{secrets}}'}", "'batch': 2"),
		"x.json:4:15: {{secrets}} must be all of a string, somewhere in 'json'" },
	      { REVOKE("'https://e.com'", ",\n'form': {'k': '{{secrets}}'}, 'batch': 2"),
		"x.json:6:9: a form cannot hold the list {{secrets}}" },
	      { REVOKE("'https://e.com'", ",\n'headers': {'X': '{{secrets}}'}, 'batch': 2"),
		"x.json:6:18: {{secrets}} must be all of a string, somewhere in 'json'" },
	      { WITH("'revoke': {'kind': 'self', 'method': 'POST', 'url': 'https://e.com', 'accepted': [200], 'batch': 2,\n"
		     "'json': " LIST "}"), "x.json:3:11: a credential that revokes itself is sent alone" },
	      { WITH("'revoke': {'kind': 'self', 'method': 'GET',\n'url': 'https://e.com/{{secret}}', 'accepted': [200]}"),
		"x.json:4:8: 'url' must not hold the credential: it belongs into a header or the body" });
}

static void limits_and_answers(void **state)
{
	(void)state;
	CHECK({ REVOKE("'https://e.com'", BODY ",\n'limits': {'concurrent': 1, 'per_second': 0.5}"), NULL },
	      { REVOKE("'https://e.com'", BODY ",\n'limits': {}"), "x.json:7:11: 'limits' is empty" },
	      { REVOKE("'https://e.com'", BODY ",\n'limits': {'concurrent': 0}"),
		"x.json:7:26: 'concurrent' must be a whole number from 1 to 1000" },
	      { REVOKE("'https://e.com'", BODY ",\n'limits': {'concurrent': 1.5}"),
		"x.json:7:26: 'concurrent' must be a whole number from 1 to 1000" },
	      { REVOKE("'https://e.com'", BODY ",\n'limits': {'per_second': 0}"),
		"x.json:7:26: 'per_second' must be a number from 0.001 to 10000" },
	      { REVOKE("'https://e.com'", BODY ",\n'limits': {'per_hour': 60}"),
		"x.json:7:12: unknown member 'per_hour'; known here: concurrent, per_second" },
	      { WITH("'verify': {'method': 'GET', 'url': 'https://e.com/', " HEADER ", 'dead': [401], 'alive': [200],\n"
		     "'limits': {'concurrent': 2}}"), NULL },
	      { STATUSES("'accepted': [200], 'retry': [403]"), NULL },
	      { STATUSES("'accepted': [200], 'retry': [200]"), "x.json:5:30: status 200 is listed before" },
	      { STATUSES("'accepted': [200], 'gone': [404], 'retry': [404]"), "x.json:5:45: status 404 is listed before" },
	      { STATUSES("'accepted': [200], 'accepted_json': {'ok': true}, 'gone_json': {'ok': false}"), NULL },
	      { STATUSES("'accepted': [200], 'accepted_json': {}"), "x.json:5:37: 'accepted_json' is empty" },
	      { STATUSES("'accepted': [200], 'gone_json': {'ok': false}"), "x.json:5:20: 'gone_json' asks for 'accepted_json'" },
	      { STATUSES("'accepted': [200], 'meaning': 'submitted'"), NULL },
	      { STATUSES("'accepted': [200], 'meaning': 'dead'"), "x.json:5:31: 'meaning' must be submitted" });
}

static void files_that_cannot_be_read(void **state)
{
	char missing[] = "missing.json", empty[] = "empty", *paths[] = { missing };
	struct rule_set set;
	struct error error;

	(void)state;
	assert_int_equal(rule_set_load(&set, paths, 1, &error), ERROR_IO);
	assert_string_equal(error.message, "cannot open the rule file 'missing.json': No such file or directory");
	assert_int_equal(set.count, 0);
	assert_int_equal(mkdir(empty, 0700), 0);
	paths[0] = empty;
	assert_int_equal(rule_set_load(&set, paths, 1, &error), ERROR_CONFIGURATION);
	assert_string_equal(error.message, "no rule file (*.json) in the folder 'empty'");
	assert_int_equal(mkdir("empty/a.json", 0700), 0);
	assert_int_equal(rule_set_load(&set, paths, 1, &error), ERROR_IO);
	assert_string_equal(error.message, "cannot read the rule file 'empty/a.json': Is a directory");
	assert_int_equal(rmdir("empty/a.json") + rmdir(empty), 0);
	assert_int_equal(rule_set_load(&set, paths, 1, NULL), ERROR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_syntax),
		cmocka_unit_test(json_numbers_and_strings),
		cmocka_unit_test(json_bytes),
		cmocka_unit_test(ceilings),
		cmocka_unit_test(top_level),
		cmocka_unit_test(rule_members),
		cmocka_unit_test(literals),
		cmocka_unit_test(examples),
		cmocka_unit_test(checksum),
		cmocka_unit_test(revoke_members),
		cmocka_unit_test(urls),
		cmocka_unit_test(templates_and_headers),
		cmocka_unit_test(statuses),
		cmocka_unit_test(verify),
		cmocka_unit_test(batches),
		cmocka_unit_test(limits_and_answers),
		cmocka_unit_test(files_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
