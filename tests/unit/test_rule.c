/*
 * Rule sets: what the built-in files say, how the user's files are read and replace them, and that every built-in
 * rule finds its own examples.
 */
#define _GNU_SOURCE
#include "match/match.h"
#include "rule/rule.h"

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
	return chdir("/") || rmdir(folder);
}

/* Write a rule file of one rule, with ' for ". */
static void write_rule(const char *file, const char *provider, const char *id, const char *name, const char *more)
{
	FILE *stream = fopen(file, "w");
	char text[2048];
	int length = snprintf(text, sizeof(text), "{'schema': 1, 'provider': '%s', 'name': 'N', 'rules': [{'id': '%s',"
			      "'name': '%s', 'literals': ['k_'], 'pattern': 'k_[a-z]+'%s}]}", provider, id, name, more);

	assert_non_null(stream);
	for (int i = 0; i < length; i++)
		fputc(text[i] == '\'' ? '"' : text[i], stream);
	assert_int_equal(fclose(stream), 0);
}

static void load(struct rule_set *set, const char *path)
{
	char *paths[] = { (char *)path };
	struct error error = { 0, "" };

	assert_int_equal(rule_set_load(set, paths, path ? 1 : 0, &error), 0);
	assert_string_equal(error.message, "");
}

static void vercel_rule(void **state)
{
	struct rule_set set;
	const struct rule *rule;

	(void)state;
	load(&set, NULL);
	rule = rule_set_find(&set, "vercel-ai-gateway-key");
	assert_non_null(rule);
	assert_ptr_equal(rule, &set.rules[rule->index]);
	assert_string_equal(rule->name, "Vercel AI Gateway API key");
	assert_string_equal(rule->provider, "vercel");
	assert_string_equal(rule->provider_name, "Vercel");
	assert_string_equal(rule->file, "built-in:vercel.json");
	assert_true(rule->enabled);
	assert_int_equal(rule->literal_count, 1);
	assert_string_equal(rule->literals[0], "vck_");
	assert_string_equal(rule->pattern, "(?<![A-Za-z0-9_-])vck_(?<body>[A-Za-z0-9_-]{50})(?<checksum>[0-9A-Za-z]{6})"
					   "(?![A-Za-z0-9_-])");
	assert_string_equal(rule->loose_pattern, "(?<![A-Za-z0-9_-])vck_[A-Za-z0-9_-]{20,120}(?![A-Za-z0-9_-])");
	assert_int_equal(rule->checksum.algorithm, CHECKSUM_CRC32_BASE62);
	assert_string_equal(rule->checksum.of, "body");
	assert_string_equal(rule->checksum.equals, "checksum");
	assert_true(rule->min_entropy == 3.5);
	assert_null(rule_set_find(&set, "vercel"));
	rule_set_release(&set);
	assert_int_equal(set.count, 0);
}

static void vercel_requests(void **state)
{
	struct rule_set set;
	const struct rule *rule;

	(void)state;
	load(&set, NULL);
	rule = rule_set_find(&set, "vercel-ai-gateway-key");
	assert_int_equal(rule->revoke_kind, RULE_REVOKE_REPORT);
	assert_string_equal(rule->revoke.method, "POST");
	assert_string_equal(rule->revoke.url, "https://api.vercel.com/external/compromised_secret");
	assert_int_equal(rule->revoke.header_count, 0);
	assert_int_equal(rule->revoke.body_kind, RULE_BODY_JSON);
	assert_string_equal(rule->revoke.body, "{\"secret\":{\"api_key\":\"{{secret}}\"},"
					       "\"reporter_email\":\"{{reporter_email?}}\",\"comment\":\"{{comment?}}\"}");
	assert_int_equal(rule->accepted.count, 4);
	assert_int_equal(rule->accepted.codes[0], 200);
	assert_int_equal(rule->accepted.codes[3], 204);
	assert_int_equal(rule->gone.count, 2);
	assert_int_equal(rule->gone.codes[0], 404);
	assert_int_equal(rule->gone.codes[1], 410);
	assert_string_equal(rule->verify.method, "GET");
	assert_string_equal(rule->verify.url, "https://ai-gateway.vercel.sh/v1/credits");
	assert_int_equal(rule->verify.header_count, 1);
	assert_string_equal(rule->verify.headers[0].name, "Authorization");
	assert_string_equal(rule->verify.headers[0].value, "Bearer {{secret}}");
	assert_int_equal(rule->verify.body_kind, RULE_BODY_NONE);
	assert_null(rule->verify.body);
	assert_int_equal(rule->dead.count, 1);
	assert_int_equal(rule->dead.codes[0], 401);
	assert_int_equal(rule->alive.count, 1);
	assert_int_equal(rule->alive.codes[0], 200);
	rule_set_release(&set);
}

struct sightings {
	const struct rule *rule;
	bool found, certain;
	size_t all; /* of all rules and levels */
};

static void note_match(void *context, const struct match *match)
{
	struct sightings *sightings = context;

	sightings->all++;
	if (match->rule == sightings->rule && match->confidence >= CONFIDENCE_LIKELY)
		sightings->found = true;
	if (match->rule == sightings->rule && match->confidence == CONFIDENCE_CERTAIN)
		sightings->certain = true;
}

static struct sightings search(struct matcher *matcher, const struct rule *rule, const char *text)
{
	struct sightings sightings = { rule, false, false, 0 };

	assert_int_equal(matcher_search(matcher, text, strlen(text), true, true, note_match, &sightings), 0);
	return sightings;
}

/* "match" is found at likely or above, "no_match" is not; at least one match shows a checksum that holds. */
static void built_in_examples(void **state)
{
	struct rule_set set;
	struct match_program *program;
	struct matcher *matcher;
	struct error error;

	(void)state;
	load(&set, NULL);
	for (size_t i = 0; i < set.count; i++)
		set.rules[i].enabled = true;
	assert_int_equal(match_program_compile(&program, &set, &error), 0);
	matcher = matcher_new(program);
	for (size_t i = 0; i < set.count; i++) {
		const struct rule *rule = &set.rules[i];
		bool certain = false;

		assert_true(rule->match_count > 0 && rule->no_match_count > 0);
		for (size_t j = 0; j < rule->match_count; j++) {
			struct sightings sightings = search(matcher, rule, rule->match[j].text);

			if (!sightings.found)
				fail_msg("%s: match example %zu is not found", rule->id, j + 1);
			certain |= sightings.certain;
		}
		for (size_t j = 0; j < rule->no_match_count; j++) {
			if (search(matcher, rule, rule->no_match[j].text).found)
				fail_msg("%s: no_match example %zu is found", rule->id, j + 1);
		}
		assert_int_equal(certain, rule->checksum.algorithm != CHECKSUM_NONE);
	}
	matcher_free(matcher);
	match_program_free(program);
	rule_set_release(&set);
}

/* No rule file holds a whole credential, not even a doubtful one: a scan of this repository must find nothing. */
static void built_in_files_are_clean(void **state)
{
	struct rule_set set;
	struct match_program *program;
	struct matcher *matcher;
	struct error error;

	(void)state;
	load(&set, NULL);
	assert_int_equal(match_program_compile(&program, &set, &error), 0);
	matcher = matcher_new(program);
	for (const struct rule_embedded *file = rule_embedded_files; file->name; file++)
		assert_int_equal(search(matcher, NULL, file->text).all, 0);
	matcher_free(matcher);
	match_program_free(program);
	rule_set_release(&set);
}

static void a_later_rule_replaces(void **state)
{
	struct rule_set set;
	const struct rule *rule;
	size_t built_in;

	(void)state;
	load(&set, NULL);
	built_in = set.count;
	rule_set_release(&set);

	write_rule("mine.json", "mine", "vercel-ai-gateway-key", "Mine", ", 'default': false");
	load(&set, "mine.json");
	assert_int_equal(set.count, built_in);
	rule = rule_set_find(&set, "vercel-ai-gateway-key");
	assert_ptr_equal(rule, &set.rules[rule->index]);
	assert_string_equal(rule->name, "Mine");
	assert_string_equal(rule->provider, "mine");
	assert_string_equal(rule->file, "mine.json");
	assert_false(rule->enabled);
	assert_null(rule->loose_pattern);
	assert_int_equal(rule->checksum.algorithm, CHECKSUM_NONE);
	assert_int_equal(rule->revoke_kind, RULE_REVOKE_NONE);
	assert_null(rule->revoke.url);
	assert_null(rule->verify.url);
	rule_set_release(&set);
	unlink("mine.json");
}

static void folders_are_read_in_order(void **state)
{
	struct rule_set set;
	size_t built_in;

	(void)state;
	load(&set, NULL);
	built_in = set.count;
	rule_set_release(&set);
	assert_int_equal(mkdir("rules", 0700), 0);
	write_rule("rules/b.json", "p", "second", "B", "");
	write_rule("rules/B.json", "p", "first", "capitals come first", "");
	write_rule("rules/c.json", "p", "second", "replaces", "");
	write_rule("rules/.hidden.json", "p", "hidden", "H", "");
	write_rule("rules/a.json.orig", "p", "backup", "O", "");
	load(&set, "rules");
	assert_int_equal(set.count, built_in + 2);
	assert_string_equal(set.rules[built_in].id, "first");
	assert_string_equal(set.rules[built_in].file, "rules/B.json");
	assert_string_equal(set.rules[built_in + 1].id, "second");
	assert_string_equal(set.rules[built_in + 1].name, "replaces");
	for (size_t i = 0; i < set.count; i++)
		assert_int_equal(set.rules[i].index, i);
	rule_set_release(&set);
	assert_int_equal(unlink("rules/b.json") | unlink("rules/B.json") | unlink("rules/c.json") |
			 unlink("rules/.hidden.json") | unlink("rules/a.json.orig") | rmdir("rules"), 0);
}

static void enabling(void **state)
{
	char one[] = "one.json", two[] = "two.json", *paths[] = { one, two };
	struct rule_set set;

	(void)state;
	write_rule(one, "same", "rule-one", "1", ", 'default': false");
	write_rule(two, "same", "rule-two", "2", "");
	assert_int_equal(rule_set_load(&set, paths, 2, NULL), 0);
	assert_false(rule_set_find(&set, "rule-one")->enabled);
	assert_true(rule_set_find(&set, "rule-two")->enabled);
	assert_int_equal(rule_set_enable(&set, "rule-one", true), 1);
	assert_true(rule_set_find(&set, "rule-one")->enabled);
	assert_int_equal(rule_set_enable(&set, "same", false), 2);
	assert_false(rule_set_find(&set, "rule-one")->enabled);
	assert_false(rule_set_find(&set, "rule-two")->enabled);
	assert_true(rule_set_find(&set, "vercel-ai-gateway-key")->enabled);
	assert_int_equal(rule_set_enable(&set, "Same", true), 0);
	assert_int_equal(rule_set_enable(&set, "", true), 0);
	rule_set_release(&set);
	unlink(one);
	unlink(two);
}

/* What is off costs nothing at start, is there when it is asked for, and nothing that is on is ever missing. */
static void what_is_off_is_left_out(void **state)
{
	static const char *const names[] = { "nobody", "github", "slack-token" };
	struct rule_set all, some, none;
	size_t on = 0;

	(void)state;
	load(&all, NULL);
	assert_int_equal(rule_set_load_for(&none, NULL, 0, NULL, 0, NULL), 0);
	for (size_t i = 0; i < all.count; i++) {
		if (!all.rules[i].enabled)
			continue;
		on++;
		assert_non_null(rule_set_find(&none, all.rules[i].id));
	}
	assert_true(on >= 1);
	assert_true(none.count < all.count);
	assert_null(rule_set_find(&none, "github-oauth-token"));
	assert_null(rule_set_find(&none, "slack-token"));
	assert_int_equal(rule_set_load_for(&some, NULL, 0, names, 3, NULL), 0);
	assert_non_null(rule_set_find(&some, "github-oauth-token"));
	assert_non_null(rule_set_find(&some, "slack-token"));
	assert_null(rule_set_find(&some, "openai-api-key"));
	assert_false(rule_set_find(&some, "github-oauth-token")->enabled);
	for (size_t i = 0; i < some.count; i++)
		assert_int_equal(some.rules[i].index, i);
	rule_set_release(&all);
	rule_set_release(&some);
	rule_set_release(&none);
}

static void locate(const struct rule *rule, const char *member, const char *expected)
{
	char *where = rule_locate(rule, member);

	assert_string_equal(where, expected);
	free(where);
}

static void locating(void **state)
{
	struct rule_set set;
	const struct rule *rule;

	(void)state;
	write_rule("l.json", "p", "r", "L", ",\n\t'checksum': {'algorithm': 'crc32-base62', 'of': 'a', 'equals': 'b'},"
		   "\n\n   'loose_pattern' : 'k_'");
	load(&set, "l.json");
	rule = rule_set_find(&set, "r");
	locate(rule, "literals", "l.json:1:91");
	locate(rule, "pattern", "l.json:1:110");
	locate(rule, "checksum", "l.json:2:14");
	locate(rule, "loose_pattern", "l.json:4:22");
	locate(rule, "revoke", "l.json");
	rule_set_release(&set);
	write_rule("l.json", "p", "r", "L", "");
	load(&set, "l.json");
	locate(rule_set_find(&set, "r"), "loose_pattern", "l.json");
	rule_set_release(&set);
	unlink("l.json");
}

static void requests_of_a_user_file(void **state)
{
	struct rule_set set;
	const struct rule *rule;

	(void)state;
	write_rule("r.json", "p", "r", "R", ", 'revoke': {'kind': 'self', 'method': 'DELETE', 'url': 'https://e.com/k',"
		   "'headers': {'PRIVATE-TOKEN': '{{secret}}', 'Accept': 'a/b'}, 'form': {'t': '{{secret}}', 'a': 'b&c'},"
		   "'accepted': [204]}, 'examples': {'match': ['k_a', ['x=', 'k', '_a']], 'no_match': ['k_A', []]}");
	load(&set, "r.json");
	rule = rule_set_find(&set, "r");
	assert_int_equal(rule->revoke_kind, RULE_REVOKE_SELF);
	assert_string_equal(rule->revoke.method, "DELETE");
	assert_int_equal(rule->revoke.header_count, 2);
	assert_string_equal(rule->revoke.headers[0].name, "PRIVATE-TOKEN");
	assert_string_equal(rule->revoke.headers[0].value, "{{secret}}");
	assert_string_equal(rule->revoke.headers[1].name, "Accept");
	assert_int_equal(rule->revoke.body_kind, RULE_BODY_FORM);
	assert_string_equal(rule->revoke.body, "{\"t\":\"{{secret}}\",\"a\":\"b&c\"}");
	assert_int_equal(rule->accepted.count, 1);
	assert_int_equal(rule->gone.count, 0);
	assert_int_equal(rule->match_count, 2);
	assert_string_equal(rule->match[1].text, "x=k_a");
	assert_int_equal(rule->no_match_count, 2);
	assert_string_equal(rule->no_match[1].text, "");
	rule_set_release(&set);
	unlink("r.json");
}

static void members_about_sending(void **state)
{
	struct rule_set set;
	const struct rule *rule;

	(void)state;
	write_rule("s.json", "p", "r", "R", ", 'source': 'https://e.com/docs', 'revoke': {'kind': 'report', 'method': 'POST', 'url': 'https://e.com/k',"
		   "'json': {'l': '{{secrets}}'}, 'batch': 1000, 'limits': {'concurrent': 3, 'per_second': 0.5},"
		   "'accepted': [200], 'retry': [403, 420], 'accepted_json': {'ok': true}, 'gone_json': {'ok': false, 'e': 'gone'},"
		   "'meaning': 'submitted'}, 'verify': {'method': 'GET', 'url': 'https://f.com', 'headers': {'K': '{{secret}}'},"
		   "'limits': {'concurrent': 1}, 'dead': [401], 'alive': [200]}");
	load(&set, "s.json");
	rule = rule_set_find(&set, "r");
	assert_int_equal(rule->batch, 1000);
	assert_int_equal(rule->revoke.limits.concurrent, 3);
	assert_true(rule->revoke.limits.per_second == 0.5);
	assert_int_equal(rule->verify.limits.concurrent, 1);
	assert_true(rule->verify.limits.per_second == 0);
	assert_int_equal(rule->retry.count, 2);
	assert_int_equal(rule->retry.codes[1], 420);
	assert_string_equal(rule->accepted_json, "{\"ok\":true}");
	assert_string_equal(rule->gone_json, "{\"ok\":false,\"e\":\"gone\"}");
	assert_true(rule->submitted_only);
	rule_set_release(&set);
	write_rule("s.json", "p", "r", "R", ", 'revoke': {'kind': 'report', 'method': 'POST', 'url': 'https://e.com/k',"
		   "'json': {'l': '{{secret}}'}, 'accepted': [200]}");
	load(&set, "s.json");
	rule = rule_set_find(&set, "r");
	assert_int_equal(rule->batch, 1);
	assert_false(rule->submitted_only);
	assert_null(rule->accepted_json);
	rule_set_release(&set);
	unlink("s.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vercel_rule),
		cmocka_unit_test(vercel_requests),
		cmocka_unit_test(built_in_examples),
		cmocka_unit_test(built_in_files_are_clean),
		cmocka_unit_test(a_later_rule_replaces),
		cmocka_unit_test(folders_are_read_in_order),
		cmocka_unit_test(enabling),
		cmocka_unit_test(what_is_off_is_left_out),
		cmocka_unit_test(locating),
		cmocka_unit_test(requests_of_a_user_file),
		cmocka_unit_test(members_about_sending),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
