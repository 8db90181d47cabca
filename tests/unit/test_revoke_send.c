/* Reports over plain HTTP to the emulator, from the request's bytes to what each kind of answer leads to. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "revoke/http.h"
#include "revoke/request.h"
#include "revoke_emulator.h"

static struct emulator emulator;
static char url[128];
static struct revoke_endpoint endpoint = { "vercel-ai-gateway-key", url };

static int start(void **state)
{
	(void)state;
	emulator_start(&emulator, NULL, NULL);
	if (getenv("EMULATOR") && !emulator.port)
		return -1;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/external/compromised_secret", emulator.port);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	emulator_stop(&emulator);
	return 0;
}

/* Before each test. */
static int clear(void **state)
{
	(void)state;
	if (emulator.port)
		emulator_clear(&emulator);
	return 0;
}

static void need_emulator(void)
{
	if (!emulator.port) {
		print_message("EMULATOR is not set\n");
		skip();
	}
}

/* Send one finding while the faults are in force, and check what became of it. */
static void check_one(const char *faults, enum revocation_state state, unsigned http_status, unsigned attempts,
		      const char *message)
{
	struct batch *batch = batch_make(1);
	const struct revoke_options options = options_quick(&endpoint);

	emulator_clear(&emulator);
	emulator_faults(&emulator, faults);
	batch_send(batch, &options);
	assert_revocation(batch, 0, state, http_status, attempts, message);
	assert_int_equal(emulator_request_count(&emulator), attempts);
	batch_free(batch);
}

static const char *member(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void request_as_documented(void **state)
{
	static const char comment[] = "{{secret}} \"quoted\"\n\\ \xc3\xa4";
	struct batch *batch;
	struct revoke_options options = options_quick(&endpoint);
	const cJSON *request;
	cJSON *requests;

	(void)state;
	need_emulator();
	options.comment = comment;
	batch = batch_make(1);
	batch_send(batch, &options);
	assert_revocation(batch, 0, REVOCATION_ACCEPTED, 200, 1, NULL);
	requests = emulator_control(&emulator, "GET", "requests", "");
	assert_int_equal(cJSON_GetArraySize(requests), 1);
	request = cJSON_GetArrayItem(requests, 0);
	assert_string_equal(member(request, "method"), "POST");
	assert_string_equal(member(request, "path"), "/external/compromised_secret");
	assert_string_equal(member(request, "content_type"), "application/json");
	assert_string_equal(member(request, "user_agent"), "staunch/" STAUNCH_VERSION);
	assert_null(member(request, "expect"));
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(request, "authorization")));
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(request, "shape_ok")));
	assert_string_equal(member(request, "fingerprint"), batch->findings[0].fingerprint);
	assert_null(member(request, "reporter_email"));
	assert_string_equal(member(request, "comment"), comment);
	cJSON_Delete(requests);
	batch_free(batch);
}

static void answers_that_settle(void **state)
{
	(void)state;
	need_emulator();
	check_one("[]", REVOCATION_ACCEPTED, 200, 1, NULL);
	check_one("[{\"status\":204}]", REVOCATION_ACCEPTED, 204, 1, NULL);
	check_one("[{\"status\":299}]", REVOCATION_ACCEPTED, 299, 1, NULL);
	check_one("[{\"status\":404}]", REVOCATION_GONE, 404, 1, NULL);
	check_one("[{\"status\":410,\"body\":\"{}\"}]", REVOCATION_GONE, 410, 1, NULL);
	check_one("[{\"status\":403,\"body\":"
		  "\"{\\\"error\\\":{\\\"code\\\":\\\"forbidden\\\",\\\"message\\\":\\\"The token is invalid\\\"}}\"}]",
		  REVOCATION_REJECTED, 403, 1, "HTTP 403 forbidden: The token is invalid");
	check_one("[{\"status\":422,\"body\":\"no\\nway\"}]", REVOCATION_REJECTED, 422, 1, "HTTP 422: no way");
	check_one("[{\"status\":501}]", REVOCATION_REJECTED, 501, 1, "HTTP 501");
	check_one("[{\"http10\":true,\"status\":200}]", REVOCATION_ACCEPTED, 200, 1, NULL);
}

static void redirect_not_followed(void **state)
{
	char faults[256];

	(void)state;
	need_emulator();
	snprintf(faults, sizeof(faults), "[{\"redirect\":\"%s\"}]", url);
	check_one(faults, REVOCATION_REJECTED, 307, 1, "HTTP 307: redirects are not followed");
	snprintf(faults, sizeof(faults), "[{\"status\":301,\"redirect\":\"%s\"}]", url);
	check_one(faults, REVOCATION_REJECTED, 301, 1, "HTTP 301: redirects are not followed");
}

static void echo_redacted(void **state)
{
	(void)state;
	need_emulator();
	check_one("[{\"echo_secret\":true}]", REVOCATION_REJECTED, 403, 1,
		  "HTTP 403 forbidden: the key [credential] is not known");
	check_one("[{\"echo_secret\":true,\"status\":500,\"times\":-1}]", REVOCATION_PENDING, 500, 3,
		  "HTTP 500 forbidden: the key [credential] is not known");
}

/* What a request says nobody is to know of its answer is not kept for a moment. */
static void answer_discarded(void **state)
{
	struct http_outcome outcome = { 0 };
	struct http *http;
	struct error error;

	(void)state;
	need_emulator();
	assert_int_equal(http_open(&http, NULL, 1, &error), 0);
	for (int discard = 0; discard < 2; discard++) {
		struct request request = { .method = "GET", .loopback = true, .discard_answer = discard };

		buffer_add_format(&request.url, "http://127.0.0.1:%u/v1/credits", emulator.port);
		assert_int_equal(http_start(http, &request, 7, 5000, &error), 0);
		while (!http_collect(http, &outcome))
			assert_int_equal(http_advance(http, 100, &error), 0);
		assert_int_equal(outcome.owner, 7);
		assert_int_equal(outcome.result, HTTP_ANSWERED);
		assert_int_equal(outcome.status, 401);
		if (discard)
			assert_null(outcome.body.bytes);
		else
			assert_non_null(strstr(outcome.body.bytes, "Invalid API key"));
		http_outcome_release(&outcome);
	}
	http_close(http);
}

/* Answers that are too long, or never end: the status has come, and counts. */
static void odd_bodies(void **state)
{
	struct batch *batch;
	struct revoke_options options = options_quick(&endpoint);

	(void)state;
	need_emulator();
	batch = batch_make(1);
	check_one("[{\"huge_body\":1100000}]", REVOCATION_ACCEPTED, 200, 1, NULL);
	check_one("[{\"huge_body\":900000}]", REVOCATION_ACCEPTED, 200, 1, NULL);
	check_one("[{\"close_midway\":true}]", REVOCATION_ACCEPTED, 200, 1, NULL);
	check_one("[{\"close_midway\":true,\"status\":403}]", REVOCATION_REJECTED, 403, 1, "HTTP 403: xxxxxxxxxx");
	emulator_faults(&emulator, "[{\"huge_body\":1e12}]"); /* would last until the timeout */
	batch_send(batch, &options);
	assert_revocation(batch, 0, REVOCATION_ACCEPTED, 200, 1, NULL);
	assert_in_range(batch->took_ms, 0, 4500);
	batch->told = 0;
	batch->findings[0].revocation.state = REVOCATION_PENDING;
	emulator_faults(&emulator, "[{\"drip\":true}]");
	options.timeout_seconds = 1;
	batch_send(batch, &options);
	assert_revocation(batch, 0, REVOCATION_ACCEPTED, 200, 1, NULL);
	assert_in_range(batch->took_ms, 900, 20000);
	batch_free(batch);
}

static void broken_answers_retried(void **state)
{
	/* what it says is no header, and not obeyed */
	static const char trailer[] = "[{\"raw\":\"HTTP/1.1 503 No\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
				      "0\\r\\nRetry-After: 7200\\r\\n\\r\\n\",\"times\":2}]";
	static const char *const faults[] = {
		"[{\"reset\":true,\"times\":2}]",
		"[{\"garbage\":true,\"times\":2}]",
		"[{\"raw\":\"\",\"times\":2}]",                             /* closed without a word */
		"[{\"raw\":\"HTTP/1.1 200 OK\\r\\nA: b\\r\\n\",\"times\":2}]", /* half the headers */
		"[{\"raw\":\"HTTP/1.1 100 Continue\\r\\n\\r\\n\",\"repeat\":10000,\"times\":2}]",
		"[{\"raw\":\"HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n\",\"times\":2}]",
		trailer,
		"[{\"status\":503,\"times\":2}]",
		"[{\"status\":408},{\"status\":425}]",
		"[{\"status\":500},{\"status\":502}]",
		"[{\"status\":504,\"retry_after\":\"nonsense\"},{\"status\":429,\"retry_after\":\"0\"}]",
	};

	(void)state;
	need_emulator();
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		check_one(faults[i], REVOCATION_ACCEPTED, 200, 3, NULL);
}

/* Headers beyond HTTP_HEADERS_MAX are not read to their end. */
static void endless_headers(void **state)
{
	(void)state;
	need_emulator();
	for (unsigned attempts = 1; attempts <= 2; attempts++) {
		char *faults = memory_format("[{\"raw\":\"HTTP/1.1 200 OK\\r\\nX: %0*d\\r\\n"
					     "Content-Length: 0\\r\\n\\r\\n\"}]", attempts == 1 ? 60000 : 70000, 0);

		check_one(faults, REVOCATION_ACCEPTED, 200, attempts, NULL);
		free(faults);
	}
}

static void retries_run_out(void **state)
{
	struct revoke_endpoint nobody = { "vercel-ai-gateway-key", "http://127.0.0.1:1/" };
	struct revoke_options options = options_quick(&nobody);
	struct batch *batch;

	(void)state;
	need_emulator();
	batch = batch_make(1);
	check_one("[{\"status\":503,\"body\":\"busy\",\"times\":-1}]", REVOCATION_PENDING, 503, 3,
		  "HTTP 503: busy");
	check_one("[{\"status\":503,\"times\":2},{\"raw\":\"HTTP/1.1 200 OK\\r\\n\",\"times\":-1}]",
		  REVOCATION_PENDING, 503, 3, "no answer: the answer broke off");
	batch_send(batch, &options);
	assert_int_equal(batch->findings[0].revocation.state, REVOCATION_PENDING);
	assert_int_equal(batch->findings[0].revocation.attempts, 3);
	assert_int_equal(batch->findings[0].revocation.http_status, 0);
	assert_memory_equal(batch->findings[0].revocation.message,
			    "no answer: Failed to connect to 127.0.0.1 port 1", 48);
	batch_free(batch);
}

static void timeout_is_kept(void **state)
{
	struct revoke_options options = options_quick(&endpoint);
	struct batch *batch;

	(void)state;
	need_emulator();
	batch = batch_make(3);
	emulator_faults(&emulator, "[{\"delay_ms\":4000,\"times\":-1}]");
	options.timeout_seconds = 1;
	options.retries = 0;
	batch_send(batch, &options);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(batch->findings[i].revocation.state, REVOCATION_PENDING);
		assert_int_equal(batch->findings[i].revocation.attempts, 1);
		assert_memory_equal(batch->findings[i].revocation.message, "no answer: Operation timed out", 30);
	}
	assert_in_range(batch->took_ms, 900, 3500);
	batch_free(batch);
}

/* A server that asks for a second gets it, from every request that is meant for it. */
static void retry_after_holds_the_server(void **state)
{
	struct revoke_options options = options_quick(&endpoint);
	struct batch *batch;

	(void)state;
	need_emulator();
	batch = batch_make(3);
	emulator_faults(&emulator, "[{\"status\":429,\"retry_after\":\"1\"}]");
	options.concurrency = 1;
	batch_send(batch, &options);
	assert_revocation(batch, 0, REVOCATION_ACCEPTED, 200, 2, NULL);
	assert_revocation(batch, 1, REVOCATION_ACCEPTED, 200, 1, NULL);
	assert_revocation(batch, 2, REVOCATION_ACCEPTED, 200, 1, NULL);
	assert_in_range(batch->told_ms[0], 1000, 9000);
	assert_in_range(batch->told_ms[2], 1000, 9000);
	batch_free(batch);
}

/*
 * Two findings, one at a time, of which the first is answered with the fault; stopped while it waits for its
 * second attempt.
 */
static struct batch *stopped_in_between(const char *faults)
{
	struct revoke_options options = options_quick(&endpoint);
	struct batch *batch = batch_make(2);

	emulator_faults(&emulator, faults);
	options.concurrency = 1;
	batch_stop_after_ms(batch, 300);
	batch_send(batch, &options);
	return batch;
}

static void who_else_has_to_wait(void **state)
{
	struct batch *batch;

	(void)state;
	need_emulator();
	batch = stopped_in_between("[{\"status\":503,\"retry_after\":\"60\"}]");
	assert_revocation(batch, 0, REVOCATION_PENDING, 503, 1, "HTTP 503; interrupted before the next attempt");
	assert_revocation(batch, 1, REVOCATION_PENDING, 0, 0, "interrupted before it was sent");
	batch_free(batch);
	/* this one is no word about the server's load */
	batch = stopped_in_between("[{\"status\":502,\"retry_after\":\"60\"}]");
	assert_revocation(batch, 0, REVOCATION_PENDING, 502, 1, "HTTP 502; interrupted before the next attempt");
	assert_revocation(batch, 1, REVOCATION_ACCEPTED, 200, 1, NULL);
	batch_free(batch);
}

static void too_long_a_wait_is_not_waited_for(void **state)
{
	struct revoke_options options = options_quick(&endpoint);
	struct batch *batch;
	char date[64], faults[256];
	time_t tomorrow = time(NULL) + 86400;
	struct tm parts;

	(void)state;
	need_emulator();
	batch = batch_make(2);
	options.concurrency = 1;
	emulator_faults(&emulator, "[{\"status\":429,\"retry_after\":\"7200\",\"body\":\"slow\"}]");
	batch_send(batch, &options);
	assert_revocation(batch, 0, REVOCATION_PENDING, 429, 1, "HTTP 429: slow; asked to wait 7200 s");
	assert_int_equal(batch->findings[1].revocation.state, REVOCATION_PENDING);
	assert_int_equal(batch->findings[1].revocation.attempts, 0);
	assert_false(batch->findings[1].revocation.has_time);
	assert_memory_equal(batch->findings[1].revocation.message, "not sent: asked to wait 720", 27);
	assert_in_range(batch->took_ms, 0, 9000);
	assert_int_equal(emulator_request_count(&emulator), 1);
	batch_free(batch);
	gmtime_r(&tomorrow, &parts);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
	snprintf(faults, sizeof(faults), "[{\"status\":503,\"retry_after\":\"%s\"}]", date);
	batch = batch_make(1);
	emulator_faults(&emulator, faults);
	batch_send(batch, &options);
	assert_memory_equal(batch->findings[0].revocation.message, "HTTP 503; asked to wait 86", 26);
	batch_free(batch);
}

static void proxy_is_not_for_loopback(void **state)
{
	(void)state;
	need_emulator();
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	check_one("[]", REVOCATION_ACCEPTED, 200, 1, NULL);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(request_as_documented, clear),
		cmocka_unit_test_setup(answers_that_settle, clear),
		cmocka_unit_test_setup(redirect_not_followed, clear),
		cmocka_unit_test_setup(echo_redacted, clear),
		cmocka_unit_test_setup(answer_discarded, clear),
		cmocka_unit_test_setup(odd_bodies, clear),
		cmocka_unit_test_setup(broken_answers_retried, clear),
		cmocka_unit_test_setup(endless_headers, clear),
		cmocka_unit_test_setup(retries_run_out, clear),
		cmocka_unit_test_setup(timeout_is_kept, clear),
		cmocka_unit_test_setup(retry_after_holds_the_server, clear),
		cmocka_unit_test_setup(who_else_has_to_wait, clear),
		cmocka_unit_test_setup(too_long_a_wait_is_not_waited_for, clear),
		cmocka_unit_test_setup(proxy_is_not_for_loopback, clear),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
