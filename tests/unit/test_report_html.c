/*
 * The page for people: what is in it to the byte, but for its style and script, and that nothing a stranger wrote is more than
 * text in it: every tag is one of ours, with attributes of ours, closed in order.
 */
#include "report_expected.h"
#include "report_sample.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

/* Cut what stands between two texts, from at on; returns where the cut was, NULL when there is no such place. */
static char *cut_between(char *at, const char *before, const char *behind)
{
	char *begin = strstr(at, before), *end;

	if (!begin)
		return NULL;
	begin += strlen(before);
	end = strstr(begin, behind);
	assert_non_null(end);
	memmove(begin, end, strlen(end) + 1);
	return begin;
}

static char *make_page(const struct report_result *result)
{
	return report_make("html", result, REPORT_COLOR_NEVER);
}

static void to_the_byte(void **state)
{
	struct sample sample;
	char *text;

	(void)state;
	sample_make(&sample);
	text = make_page(&sample.result);
	assert_non_null(cut_between(text, "style-src ", ";"));
	assert_non_null(cut_between(text, "script-src ", ";"));
	assert_non_null(cut_between(text, "<style>", "</style>\n<noscript>"));
	assert_non_null(cut_between(text, "</footer>\n<script>", "</script>\n</body>"));
	expect_file("sample.html", text);
	free(text);
	sample_release(&sample);
}

/* ---- the policy ---- */

/* The policy names the hash of what stands between two texts. */
static void expect_hash(const char *text, const char *policy, const char *before, const char *behind)
{
	const char *begin = strstr(text, before), *end;
	unsigned char digest[SHA256_DIGEST_LENGTH], base64[2 * SHA256_DIGEST_LENGTH];
	char *wanted;

	assert_non_null(begin);
	begin += strlen(before);
	end = strstr(begin, behind);
	assert_non_null(end);
	SHA256((const unsigned char *)begin, (size_t)(end - begin), digest);
	EVP_EncodeBlock(base64, digest, sizeof(digest));
	wanted = memory_format("'sha256-%s'", (const char *)base64);
	assert_non_null(strstr(policy, wanted));
	free(wanted);
}

static void policy(void **state)
{
	struct report_result result = { .version = "0.1.0" };
	char *text = make_page(&result), *policy;

	(void)state;
	policy = strstr(text, "<meta http-equiv=\"Content-Security-Policy\" content=\"");
	assert_non_null(policy);
	assert_true(policy < strstr(text, "<style>"));
	policy = memory_copy_bytes(policy, strcspn(policy, ">"));
	assert_non_null(strstr(policy, "content=\"default-src 'none'; style-src 'sha256-"));
	assert_non_null(strstr(policy, "; script-src 'sha256-"));
	assert_non_null(strstr(policy, "'; base-uri 'none'; form-action 'none'\""));
	assert_null(strstr(policy, "unsafe"));
	assert_null(strstr(policy, "http:"));
	assert_null(strstr(policy, "https:"));
	expect_hash(text, policy, "<style>", "</style>");
	expect_hash(text, policy, "<noscript><style>", "</style></noscript>");
	expect_hash(text, policy, "<script>", "</script>");
	free(policy);
	free(text);
}

/* ---- tags ---- */

static bool is_one_of(const char *const *words, const char *word, size_t length)
{
	for (; *words; words++) {
		if (strlen(*words) == length && memcmp(*words, word, length) == 0)
			return true;
	}
	return false;
}

static const char *const containers[] = {
	"html", "head", "title", "style", "noscript", "body", "header", "main", "footer", "section", "h1", "h2", "p", "code", "span",
	"time", "dl", "div", "dt", "dd", "ul", "ol", "li", "form", "label", "select", "option", "button", "output", "svg", "table",
	"caption", "thead", "tbody", "tr", "th", "td", "small", "strong", "em", "a", "details", "summary", "script", NULL
};
static const char *const voids[] = { "meta", "input", NULL };
static const char *const drawings[] = { "rect", "path", NULL }; /* "<rect …/>" */
static const char *const attributes[] = {
	"lang", "charset", "http-equiv", "content", "name", "class", "href", "datetime", "aria-label", "aria-hidden", "aria-live", "hidden",
	"type", "placeholder", "autocomplete", "value", "id", "tabindex", "scope", "colspan", "title", "data-by", "data-i", "data-s",
	"data-c", "data-d", "data-n", "data-h", "data-w", "data-a", "data-v", "viewBox", "preserveAspectRatio", "x", "y", "width", "height",
	"d", NULL
};

/* Go through a tag's attributes up to its end, which is returned: the ">". */
static const char *check_attributes(const char *at)
{
	for (;;) {
		size_t length;

		at += strspn(at, " ");
		if (*at == '>' || (at[0] == '/' && at[1] == '>'))
			return *at == '>' ? at : at + 1;
		length = strcspn(at, "= >/");
		if (!is_one_of(attributes, at, length))
			fail_msg("an attribute that is not ours: %.60s", at);
		if (length == 4 && memcmp(at, "href", 4) == 0)
			assert_memory_equal(at, "href=\"#", 7);
		at += length;
		if (*at != '=')
			continue;
		assert_int_equal(at[1], '"');
		at += 2;
		assert_null(memchr(at, '<', strcspn(at, "\"")));
		at += strcspn(at, "\"") + 1;
	}
}

/* The whole page: returns how many tags there are. */
static size_t check_tags(const char *at)
{
	struct {
		const char *name;
		size_t length;
	} open[64];
	size_t depth = 0, tags = 0;

	assert_memory_equal(at, "<!doctype html>\n", 16);
	for (at += 16; (at = strchr(at, '<')); at++, tags++) {
		bool closes = at[1] == '/';
		const char *name = at + 1 + closes;
		size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");

		if (closes) {
			if (!depth || open[depth - 1].length != length || memcmp(open[depth - 1].name, name, length) != 0)
				fail_msg("closed out of order: %.60s", at);
			assert_int_equal(name[length], '>');
			depth--;
			continue;
		}
		if (!is_one_of(containers, name, length) && !is_one_of(voids, name, length) && !is_one_of(drawings, name, length))
			fail_msg("a tag that is not ours: %.60s", at);
		at = check_attributes(name + length);
		if (!is_one_of(containers, name, length))
			continue;
		assert_true(depth < 64);
		open[depth].name = name;
		open[depth++].length = length;
		if (length == 6 && memcmp(name, "script", 6) == 0) {
			at = strstr(at, "</script>");
			assert_non_null(at);
			at--;
		}
	}
	assert_int_equal(depth, 0);
	return tags;
}

static size_t count(const char *text, const char *what)
{
	size_t times = 0;

	for (; (text = strstr(text, what)); text++)
		times++;
	return times;
}

/* Each of these in each place that a stranger has a say in. */
static void injections(void **state)
{
	static const char *const attacks[] = {
		"</script><script>alert(1)</script>", "\" onmouseover=\"alert(1)", "' onfocus='alert(1)", "<img src=x onerror=alert(1)>",
		"</td></tr></table><h1>x", "<!--", "]]>", "&lt;script&gt;", "javascript:alert(1)", "<svg/onload=alert(1)>", "\n<style>*{display:none}",
		"<meta http-equiv=refresh content=0>", "\xff<b>\xc3", "\xe2\x80\xae<i>", "</title><base href=//x>", "<", ">", "\"", "'", "&",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++) {
		char *attack = (char *)attacks[i], *author = memory_format("%s <%s>", attack, attack), *text;
		struct rule rule = fixture_rule;
		struct finding *findings[] = { finding_make(1), finding_make(2) };
		struct place place = { .kind = PLACE_BLOB, .reachable = true, .path = attack, .author = author, .line = 1, .has_date = true,
				       .date = SAMPLE_START };
		struct target target = { .kind = "git", .path = attack };
		struct incomplete incomplete = { .what = "missing-object", .path = attack, .detail = attack };
		struct report_result result = { .version = attack, .finished = SAMPLE_START, .findings = findings, .finding_count = 2,
						.targets = &target, .target_count = 1, .incomplete = &incomplete, .incomplete_count = 1,
						.incomplete_total = 1 };
		size_t tags;

		rule.name = rule.provider_name = rule.id = rule.provider = attack;
		id_of(place.commit, 'c');
		findings[0]->rule = &rule;
		for (size_t j = 0; j < 2; j++) {
			finding_add(findings[j], &place);
			findings[j]->refs = strchr(attack, '\n') ? NULL : memory_format("refs/heads/%s\n", attack);
			findings[j]->refs_total = findings[j]->refs != NULL;
			findings[j]->commits_total = 1;
			findings[j]->revocation = (struct revocation){ .state = REVOCATION_REJECTED, .message = memory_copy_string(attack) };
		}
		text = make_page(&result);
		tags = check_tags(text);
		assert_int_equal(count(text, "<script"), 1);
		assert_int_equal(count(text, "<style"), 2);
		assert_null(strstr(text, "\xe2\x80\xae"));
		free(text);
		/* and as many tags as with harmless names: none was added, none swallowed */
		target.path = incomplete.path = incomplete.detail = (char *)"a";
		result.version = "a";
		rule.name = rule.provider_name = rule.id = rule.provider = (char *)"a";
		for (size_t j = 0; j < 2; j++) {
			free(findings[j]->places[0].path);
			free(findings[j]->places[0].author);
			findings[j]->places[0].path = memory_copy_string("a");
			findings[j]->places[0].author = memory_copy_string("a <a>");
			free(findings[j]->revocation.message);
			findings[j]->revocation.message = memory_copy_string("a");
			if (findings[j]->refs) {
				free(findings[j]->refs);
				findings[j]->refs = memory_copy_string("refs/heads/a\n");
			}
		}
		text = make_page(&result);
		assert_int_equal(check_tags(text), tags);
		free(text);
		free(author);
		finding_free(findings[0]);
		finding_free(findings[1]);
	}
}

static void sample_is_sound(void **state)
{
	struct sample sample;
	char *text;

	(void)state;
	sample_make(&sample);
	text = make_page(&sample.result);
	assert_true(check_tags(text) > 200);
	assert_int_equal(count(text, "<tbody class"), SAMPLE_COUNT);
	free(text);
	sample_release(&sample);
	sample.result = (struct report_result){ .version = "0.1.0" };
	text = make_page(&sample.result); /* nothing at all */
	check_tags(text);
	assert_non_null(strstr(text, "No valid credential was found.</p>"));
	free(text);
}

/* Dates that a commit can claim and that make no sense neither break the drawing nor squeeze that of the others. */
static void impossible_dates(void **state)
{
	static const int64_t dates[] = { INT64_MIN, -1, 0, 1112831998, SAMPLE_START + 100 * SAMPLE_DAY, 253402300799, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(dates) / sizeof(*dates); i++) {
		struct finding *findings[] = { finding_make(1) };
		struct report_result result = { .version = "0.1.0", .finished = SAMPLE_START, .findings = findings, .finding_count = 1 };
		struct place place = { .kind = PLACE_BLOB, .path = (char *)"a", .has_date = true, .date = dates[i] };
		char *text;

		finding_add(findings[0], &place);
		findings[0]->removed.date = -dates[i] - 1;
		id_of(findings[0]->removed.commit, 'a');
		text = make_page(&result);
		check_tags(text);
		for (const char *at = text; (at = strstr(at, " x=\"")); at++)
			assert_true(strtoul(at + 4, NULL, 10) <= 1000);
		free(text);
		finding_free(findings[0]);
	}
}

/* All of thousands are in the page; a browser is spared the layout of what nobody has asked for yet. */
static void thousands(void **state)
{
	enum { COUNT = 5000 };
	struct finding **findings = memory_allocate_zeroed(COUNT, sizeof(*findings));
	struct report_result result = { .version = "0.1.0", .finished = SAMPLE_START, .findings = findings, .finding_count = COUNT };
	char *text;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		findings[i] = finding_make(i);
		for (int j = 0; j < 12; j++) {
			struct place place = sample_place(700 - j, "src/a.ts", "Ann Example <ann@example.com>");

			finding_add(findings[i], &place);
		}
	}
	text = make_page(&result);
	assert_true(strlen(text) < COUNT * 5000u);
	check_tags(text);
	assert_int_equal(count(text, "<tbody class=\"open\""), 100);
	assert_int_equal(count(text, "<tbody hidden class=\"open\""), COUNT - 100);
	free(text);
	for (unsigned i = 0; i < COUNT; i++)
		finding_free(findings[i]);
	free(findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_the_byte), cmocka_unit_test(policy),           cmocka_unit_test(injections),
		cmocka_unit_test(sample_is_sound), cmocka_unit_test(impossible_dates), cmocka_unit_test(thousands),
	};

	return cmocka_run_group_tests(tests, expected_enter, fixture_leave);
}
