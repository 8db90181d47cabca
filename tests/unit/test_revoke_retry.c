/* When to try again and what an answer means: Retry-After, delays, deadlines, the schedule, every status code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "revoke/answer.h"
#include "revoke/request.h"
#include "revoke/retry.h"
#include "revoke/run.h"
#include "revoke/template.h"
#include "rule/rule.h"

#define NOW 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 */

static void retry_after_read(void **state)
{
	static const struct {
		const char *value;
		int64_t seconds;
	} cases[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ " 120 \t", 120 },
		{ "007", 7 },
		{ "31535999", 31535999 },
		{ "31536000", RETRY_AFTER_SECONDS_MAX },
		{ "31536001", RETRY_AFTER_SECONDS_MAX },
		{ "99999999999999999999999999999999999999999", RETRY_AFTER_SECONDS_MAX },
		{ "Sun, 06 Nov 1994 08:50:37 GMT", 60 },
		{ "Sunday, 06-Nov-94 08:49:38 GMT", 1 },
		{ "Sun Nov  6 08:49:47 1994", 10 },
		{ "Sun Nov 16 08:49:37 1994", 864000 },
		{ "Sun, 06 Nov 1994 08:49:36 GMT", 0 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_SECONDS_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t seconds = -1;

		if (!retry_after_parse(cases[i].value, NOW, &seconds))
			fail_msg("not read: '%s'", cases[i].value);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

static void retry_after_refused(void **state)
{
	static const char *const values[] = {
		"", " ", "-1", "+1", "1.5", "1e3", "0x10", "1 2", "soon", "1s", "\xff",
		"Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49:37 GMT x",
		"Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "06 Nov 1994 08:49:37 GMT",
		"1994-11-06T08:49:37Z",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int64_t seconds = -1;

		if (retry_after_parse(values[i], NOW, &seconds))
			fail_msg("read: '%s'", values[i]);
		assert_int_equal(seconds, -1);
	}
}

static void delays(void **state)
{
	(void)state;
	assert_int_equal(retry_delay_ms(1, 500, 0), 0);
	assert_int_equal(retry_delay_ms(1, 500, 500), 500); /* the longest is reached, and not passed */
	assert_int_equal(retry_delay_ms(1, 500, 501), 0);
	assert_int_equal(retry_delay_ms(2, 500, 1000), 1000);
	assert_int_equal(retry_delay_ms(2, 500, 1001), 0);
	assert_int_equal(retry_delay_ms(6, 500, 16000), 16000);
	assert_int_equal(retry_delay_ms(7, 500, 30000), 30000);
	assert_int_equal(retry_delay_ms(7, 500, 30001), 0);
	assert_int_equal(retry_delay_ms(4000000000u, 500, 30001), 0);
	assert_int_equal(retry_delay_ms(3, 500, UINT64_MAX), (int64_t)(UINT64_MAX % 2001));
	assert_int_equal(retry_delay_ms(9, 0, 12345), 0);
}

static void totals(void **state)
{
	(void)state;
	assert_int_equal(retry_total_ms(30, 4, 1), 150000 + 120000 + 100);
	assert_int_equal(retry_total_ms(1, 0, 1000), 1000 + 120000 + 100000);
	assert_int_equal(retry_total_ms(86400, 0, 0), 86400000 + 120000);
	assert_int_equal(retry_total_ms(4294967295u, 4294967295u, 0), 86400000 + 120000);
	assert_int_equal(retry_total_ms(4000000000u, 4000000000u, 0), 86400000 + 120000);
	assert_int_equal(retry_verify_ms(30, 0), 120000 + 8000);
	assert_int_equal(retry_verify_ms(30, 1000), 120000 + 8000 + 100000);
}

static void classification(void **state)
{
	static const unsigned again[] = { 408, 425, 429, 500, 502, 503, 504 };
	unsigned accepted[] = { 200, 302 }, gone[] = { 404, 410, 503 }, retry[] = { 403 };
	const struct rule plain = { .index = 0 };
	const struct rule listing = { .accepted = { accepted, 2 }, .gone = { gone, 3 }, .retry = { retry, 1 } };

	(void)state;
	for (unsigned status = 100; status < 600; status++) {
		enum answer_kind expected = status / 100 == 2 ? ANSWER_ACCEPTED : ANSWER_REJECTED;

		for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
			if (again[i] == status)
				expected = ANSWER_RETRY;
		}
		if (answer_classify(&plain, status, "", 0) != expected)
			fail_msg("status %u", status);
		if (status == 302)
			expected = ANSWER_ACCEPTED;
		if (status == 404 || status == 410 || status == 503)
			expected = ANSWER_GONE;
		if (status == 403)
			expected = ANSWER_RETRY;
		if (answer_classify(&listing, status, "", 0) != expected)
			fail_msg("status %u, listed", status);
	}
}

/* Providers that answer 200 whatever happened say it in the body. */
static void classification_by_body(void **state)
{
	unsigned accepted[] = { 200 }, gone[] = { 410 };
	const struct rule rule = { .accepted = { accepted, 1 },
				   .gone = { gone, 1 },
				   .accepted_json = (char *)"{\"ok\":true,\"result\":{\"revoked\":true}}",
				   .gone_json = (char *)"{\"ok\":false,\"error\":\"token_revoked\"}" };
	static const struct {
		unsigned status;
		const char *body;
		enum answer_kind expected;
	} cases[] = {
		{ 200, "{\"ok\":true,\"result\":{\"revoked\":true,\"at\":1},\"x\":[]}", ANSWER_ACCEPTED },
		{ 201, "{\"ok\":true,\"result\":{\"revoked\":true}}", ANSWER_ACCEPTED },
		{ 200, "{\"ok\":true,\"result\":{\"revoked\":false}}", ANSWER_REJECTED },
		{ 200, "{\"ok\":true,\"result\":true}", ANSWER_REJECTED },
		{ 200, "{\"ok\":true}", ANSWER_REJECTED },
		{ 200, "{\"OK\":true,\"result\":{\"revoked\":true}}", ANSWER_REJECTED },
		{ 200, "{\"ok\":\"true\",\"result\":{\"revoked\":true}}", ANSWER_REJECTED },
		{ 200, "{\"ok\":false,\"error\":\"token_revoked\"}", ANSWER_GONE },
		{ 200, "{\"ok\":false,\"error\":\"invalid_auth\"}", ANSWER_REJECTED },
		{ 200, "{}", ANSWER_REJECTED },
		{ 200, "{\"ok\":true,\"result\":{\"revo", ANSWER_RETRY },
		{ 200, "<html>", ANSWER_RETRY },
		{ 200, "[true]", ANSWER_RETRY },
		{ 200, "", ANSWER_RETRY },
		{ 410, "", ANSWER_GONE },
		{ 403, "{\"ok\":true,\"result\":{\"revoked\":true}}", ANSWER_REJECTED },
		{ 503, "{\"ok\":true,\"result\":{\"revoked\":true}}", ANSWER_RETRY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (answer_classify(&rule, cases[i].status, cases[i].body, strlen(cases[i].body)) != cases[i].expected)
			fail_msg("HTTP %u %s", cases[i].status, cases[i].body);
	}
}

static void assert_takes(struct schedule *schedule, int64_t now, size_t expected)
{
	size_t job = 999;

	assert_true(schedule_take(schedule, now, &job));
	assert_int_equal(job, expected);
}

static void schedule_order(void **state)
{
	struct schedule schedule = { 0 };
	size_t server = schedule_server(&schedule, "https://a"), job;

	(void)state;
	assert_int_equal(schedule_server(&schedule, "https://a"), server);
	assert_int_equal(schedule_next(&schedule), INT64_MAX);
	assert_false(schedule_take(&schedule, 0, &job));
	for (size_t i = 0; i < 3; i++)
		schedule_add(&schedule, server, i);
	assert_int_equal(schedule_next(&schedule), INT64_MIN);
	assert_takes(&schedule, 0, 0);
	schedule_add_again(&schedule, server, 0, 100);
	assert_takes(&schedule, 99, 1);
	assert_takes(&schedule, 100, 0); /* due, and before those never sent */
	assert_takes(&schedule, 100, 2);
	assert_false(schedule_take(&schedule, 1000, &job));
	/* by time, those of the same time by number, whatever the order they came in */
	for (size_t i = 0; i < 50; i++)
		schedule_add_again(&schedule, server, i * 7 % 50, (int64_t)(i * 7 % 50 / 2));
	assert_int_equal(schedule_next(&schedule), 0);
	for (size_t i = 0; i < 50; i++)
		assert_takes(&schedule, 24, i);
	schedule_release(&schedule);
	assert_int_equal(schedule.count, 0);
}

static void schedule_servers(void **state)
{
	struct schedule schedule = { 0 };
	size_t a = schedule_server(&schedule, "https://a"), b = schedule_server(&schedule, "https://b"), job;

	(void)state;
	schedule_add(&schedule, a, 0);
	schedule_add(&schedule, a, 1);
	schedule_add(&schedule, b, 2);
	schedule_add(&schedule, b, 3);
	assert_takes(&schedule, 0, 0);
	assert_takes(&schedule, 0, 2); /* turn by turn */
	schedule_hold(&schedule, a, 50);
	schedule_hold(&schedule, a, 40); /* the later time holds */
	assert_int_equal(schedule_held_until(&schedule, a), 50);
	assert_takes(&schedule, 49, 3);
	schedule_add_again(&schedule, a, 0, 10);
	assert_false(schedule_take(&schedule, 49, &job));
	assert_int_equal(schedule_next(&schedule), 50);
	assert_false(schedule_drop(&schedule, 51, &job));
	assert_true(schedule_drop(&schedule, 50, &job));
	assert_int_equal(job, 0);
	assert_takes(&schedule, 50, 1);
	schedule_add(&schedule, b, 4);
	schedule_add_again(&schedule, b, 5, 1000);
	assert_false(schedule_drop(&schedule, 0, &job)); /* b was never held */
	assert_true(schedule_drop(&schedule, INT64_MIN, &job));
	assert_true(schedule_drop(&schedule, INT64_MIN, &job));
	assert_false(schedule_drop(&schedule, INT64_MIN, &job));
	assert_int_equal(schedule_next(&schedule), INT64_MAX);
	schedule_release(&schedule);
}

/* No more at a time than the rule allows; the stricter of two rules. */
static void schedule_concurrent(void **state)
{
	struct schedule schedule = { 0 };
	size_t a = schedule_server(&schedule, "https://a"), b = schedule_server(&schedule, "https://b"), job;

	(void)state;
	schedule_limit(&schedule, a, 3, 0);
	schedule_limit(&schedule, a, 2, 0);
	schedule_limit(&schedule, a, 5, 0);
	schedule_limit(&schedule, a, 0, 0);
	for (size_t i = 0; i < 5; i++)
		schedule_add(&schedule, a, i);
	assert_takes(&schedule, 0, 0);
	assert_takes(&schedule, 0, 1);
	assert_false(schedule_take(&schedule, 1000000, &job));
	assert_int_equal(schedule_next(&schedule), INT64_MAX);
	schedule_add(&schedule, b, 9); /* another server does not wait for it */
	assert_int_equal(schedule_next(&schedule), INT64_MIN);
	assert_takes(&schedule, 0, 9);
	schedule_end(&schedule, a);
	assert_int_equal(schedule_next(&schedule), INT64_MIN);
	assert_takes(&schedule, 0, 2);
	assert_false(schedule_take(&schedule, 0, &job));
	schedule_release(&schedule);
}

/* Begun evenly: in no second more than allowed and what CATCH_UP_US is worth. */
static void schedule_pace(void **state)
{
	struct schedule schedule = { 0 };
	size_t a = schedule_server(&schedule, "https://a"), job;
	int64_t now = 5000000, begun[100];

	(void)state;
	schedule_limit(&schedule, a, 0, 50);
	schedule_limit(&schedule, a, 0, 40);
	for (size_t i = 0; i < 100; i++)
		schedule_add(&schedule, a, i);
	for (size_t i = 0; i < 100; now++) {
		if (schedule_take(&schedule, now, &job)) {
			begun[i++] = now;
			schedule_end(&schedule, a);
		} else {
			assert_in_range(schedule_next(&schedule), now + 1, now + 25);
		}
	}
	for (size_t i = 0; i + 42 < 100; i++)
		assert_true(begun[i + 42] - begun[i] >= 1000);
	assert_in_range(begun[99] - begun[0], 2400, 2500);
	/* a pause is not made up for later */
	schedule_add(&schedule, a, 1);
	schedule_add(&schedule, a, 2);
	schedule_add(&schedule, a, 3);
	assert_takes(&schedule, now + 60000, 1);
	assert_int_equal(schedule_next(&schedule), now + 60005);
	schedule_hold(&schedule, a, now + 70000);
	assert_int_equal(schedule_next(&schedule), now + 70000);
	schedule_release(&schedule);
}

/* Slack takes 0.8 a second, so 1,000 of its tokens take 1,250 s, and as much again for each further attempt. */
static void limits_have_their_time(void **state)
{
	const struct revoke_options options = { .timeout_seconds = 1, .retries = 1, .concurrency = 16, .verify = true };
	const struct rule_request question = { .method = (char *)"GET", .url = (char *)"https://localhost/me" };
	const struct template_values values = { NULL, NULL };
	struct revoker revoker = { .options = options };
	struct prepared prepared = { 0 };
	struct item items[1000];
	struct parcel parcels[1000] = { 0 }, *pointers[1000];
	struct run run = { .revoker = &revoker, .items = items, .count = 1000, .parcels = pointers };
	int64_t plain = retry_total_ms(1, 1, 1000) + retry_verify_ms(1, 1000);
	size_t reports = schedule_server(&run.schedule, "https://slack"), questions = schedule_server(&run.schedule, "https://localhost");
	struct error error = { 0 };

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		items[i] = (struct item){ .prepared = &prepared };
		pointers[i] = &parcels[i];
		parcels[i].server = reports;
	}
	run.parcel_count = 1000;
	assert_int_equal(run_total_ms(&run), plain);
	schedule_limit(&run.schedule, reports, 0, 0.8);
	assert_int_equal(run_total_ms(&run), plain + 2 * 1250 * 1000);
	/* one at a time, each as slow as is reckoned with: 16 at once at ten a second */
	schedule_limit(&run.schedule, reports, 1, 0);
	assert_int_equal(run_total_ms(&run), plain + 2 * 1600 * 1000);
	parcels[7].verifies = true; /* is no report */
	assert_int_equal(run_total_ms(&run), plain + 2 * 1600 * 999);
	parcels[7].verifies = false;
	if (request_compile(&prepared.verify, &question, NULL, &values, &error))
		fail_msg("%s", error.message);
	assert_string_equal(request_server(prepared.verify), "https://localhost");
	schedule_limit(&run.schedule, questions, 0, 10);
	assert_int_equal(run_total_ms(&run), plain + 2 * 1600 * 1000 + VERIFY_ASKS * 100 * 1000);
	request_template_free(prepared.verify);
	schedule_release(&run.schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retry_after_read),
		cmocka_unit_test(retry_after_refused),
		cmocka_unit_test(delays),
		cmocka_unit_test(totals),
		cmocka_unit_test(classification),
		cmocka_unit_test(classification_by_body),
		cmocka_unit_test(schedule_order),
		cmocka_unit_test(schedule_servers),
		cmocka_unit_test(schedule_concurrent),
		cmocka_unit_test(schedule_pace),
		cmocka_unit_test(limits_have_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
