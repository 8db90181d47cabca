/* Many reports at once: their order, their number, how fast they go, and what an interruption leaves. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "revoke_emulator.h"

static struct emulator emulator;
static char url[128];
static struct revoke_endpoint endpoints[2] = { { "vercel-ai-gateway-key", url }, { "other-rule", NULL } };

static int start(void **state)
{
	(void)state;
	emulator_start(&emulator, NULL, NULL);
	if (getenv("EMULATOR") && !emulator.port)
		return -1;
	snprintf(url, sizeof(url), "http://localhost:%u/external/compromised_secret", emulator.port);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	emulator_stop(&emulator);
	return 0;
}

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

static void nothing_to_send(void **state)
{
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch = batch_make(0);

	(void)state;
	batch_send(batch, &options);
	batch_free(batch);
	revoker_close(NULL);
}

/* The first answer is the last to come; batch_settled() checks the order. */
static void settled_in_order(void **state)
{
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch;

	(void)state;
	need_emulator();
	batch = batch_make(20);
	emulator_faults(&emulator, "[{\"delay_ms\":300},{\"status\":404,\"delay_ms\":200},"
				   "{\"status\":400,\"delay_ms\":100}]");
	batch_send(batch, &options);
	assert_int_equal(emulator_request_count(&emulator), 20);
	batch_free(batch);
}

static void no_more_at_once_than_asked(void **state)
{
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch;

	(void)state;
	need_emulator();
	batch = batch_make(6);
	emulator_faults(&emulator, "[{\"delay_ms\":100,\"times\":-1}]");
	options.concurrency = 2;
	batch_send(batch, &options);
	assert_in_range(batch->took_ms, 300, 599);
	batch_free(batch);
}

/* Design section 9: 1,000 credentials 50 ms away within 5 s; here a fifth of them, with a bound that holds
 * under valgrind too (one by one would take 10 s). Each is sent once. */
static void many_are_fast(void **state)
{
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch;
	cJSON *counts;

	(void)state;
	need_emulator();
	batch = batch_make(200);
	emulator_faults(&emulator, "[{\"delay_ms\":50,\"times\":-1}]");
	batch_send(batch, &options);
	assert_in_range(batch->took_ms, 600, 5000);
	counts = emulator_control(&emulator, "GET", "counts", "");
	assert_int_equal(cJSON_GetArraySize(counts), 200);
	for (size_t i = 0; i < 200; i++) {
		assert_revocation(batch, i, REVOCATION_ACCEPTED, 200, 1, NULL);
		assert_int_equal(cJSON_GetObjectItem(counts, batch->findings[i].fingerprint)->valueint, 1);
	}
	cJSON_Delete(counts);
	batch_free(batch);
}

/* One revoker serves several calls, and a finding that comes back starts from nothing. */
static void sent_again(void **state)
{
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch;
	struct revoke_events told = { .attempted = batch_attempted };
	struct revoker *revoker;

	(void)state;
	need_emulator();
	batch = batch_make(1);
	batch->started_ms = clock_ms();
	told.context = batch;
	emulator_faults(&emulator, "[{\"status\":503,\"times\":1}]");
	options.retries = 0;
	assert_int_equal(revoker_open(&revoker, &options, NULL), 0);
	revoker_send(revoker, batch->pointers, 1, &told, NULL);
	assert_revocation(batch, 0, REVOCATION_PENDING, 503, 1, "HTTP 503");
	batch->attempted[0] = 0;
	revoker_send(revoker, batch->pointers, 1, &told, NULL);
	assert_revocation(batch, 0, REVOCATION_ACCEPTED, 200, 1, NULL);
	revoker_close(revoker);
	batch_free(batch);
}

/* What the provider did in each attempt, and where a rule's reports go. */
static void each_attempt_is_told(void **state)
{
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch;
	struct rule other = test_rule;

	(void)state;
	need_emulator();
	batch = batch_make(1);
	emulator_faults(&emulator, "[{\"reset\":true},{\"status\":503},{\"status\":400,\"body\":\"no\",\"delay_ms\":300}]");
	batch_send(batch, &options);
	assert_revocation(batch, 0, REVOCATION_REJECTED, 400, 3, "HTTP 400: no");
	assert_int_equal(batch->last[0].state, REVOCATION_REJECTED);
	assert_int_equal(batch->last[0].http_status, 400);
	assert_string_equal(batch->last[0].message, "HTTP 400: no");
	assert_in_range(batch->last[0].duration_ms, 299, 10000);
	batch->told = 0;
	batch->findings[0].revocation.state = REVOCATION_PENDING;
	emulator_faults(&emulator, "[{\"garbage\":true,\"times\":-1}]");
	batch_send(batch, &options);
	assert_int_equal(batch->last[0].state, REVOCATION_PENDING);
	assert_int_equal(batch->last[0].http_status, 0);
	assert_memory_equal(batch->last[0].message, "no answer: ", 11);
	assert_string_equal(revoke_endpoint_of(&options, &test_rule), url);
	other.id = (char *)"third-rule";
	assert_string_equal(revoke_endpoint_of(&options, &other), "https://127.0.0.1:1/");
	batch_free(batch);
}

/*
 * libcurl would send a request once more by itself when a connection that was used before dies: the provider hears of a
 * credential as often as attempts says, and no more.
 */
static void each_request_is_counted(void **state)
{
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch;
	unsigned attempts = 0;

	(void)state;
	need_emulator();
	batch = batch_make(4);
	options.concurrency = 1;
	emulator_faults(&emulator, "[{\"status\":200},{\"reset\":true},{\"status\":200},{\"raw\":\"\"}]");
	batch_send(batch, &options);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(batch->findings[i].revocation.state, REVOCATION_ACCEPTED);
		attempts += batch->findings[i].revocation.attempts;
	}
	assert_int_equal(attempts, 6);
	assert_int_equal(emulator_request_count(&emulator), 6);
	batch->told = 0;
	for (size_t i = 0; i < 4; i++)
		batch->findings[i].revocation.state = REVOCATION_PENDING;
	emulator_clear(&emulator);
	emulator_faults(&emulator, "[{\"status\":200},{\"raw\":\"\"}]");
	options.retries = 0;
	batch_send(batch, &options);
	assert_revocation(batch, 1, REVOCATION_PENDING, 0, 1,
			  "no answer: the connection was closed before an answer came");
	assert_int_equal(emulator_request_count(&emulator), 4);
	batch_free(batch);
}

static void count_verified(void *context, struct finding *finding)
{
	assert_int_equal(finding->revocation.state, REVOCATION_GONE);
	assert_int_equal(finding->revocation.verified, VERIFICATION_UNKNOWN);
	++*(unsigned *)context;
}

/* What is settled beforehand is not sent: it is asked about where that is wanted, and stays what it is. */
static void settled_beforehand(void **state)
{
	struct revoke_options options = options_quick(endpoints);
	struct rule asked = test_rule;
	unsigned verified = 0;
	const struct revoke_events events = { .verified = count_verified, .context = &verified };
	struct revocation *revocation;
	struct revoker *revoker;
	struct batch *batch;

	(void)state;
	need_emulator();
	batch = batch_make(1);
	asked.verify = (struct rule_request){ .method = (char *)"GET", .url = url }; /* the emulator knows no such question: 404 or the like */
	batch->findings[0].rule = &asked;
	revocation = &batch->findings[0].revocation;
	*revocation = (struct revocation){ .state = REVOCATION_GONE, .http_status = 404, .attempts = 3, .has_time = true, .at = 7, .earlier = true };
	for (unsigned verify = 0; verify < 2; verify++) {
		options.verify = verify;
		assert_int_equal(revoker_open(&revoker, &options, NULL), 0);
		revoker_set_retry_base(revoker, 20);
		revoker_send(revoker, batch->pointers, 1, &events, NULL);
		revoker_close(revoker);
		assert_int_equal(verified, verify);
		assert_int_equal(revocation->state, REVOCATION_GONE);
		assert_int_equal(revocation->verified, verify ? VERIFICATION_UNKNOWN : VERIFICATION_NONE);
		assert_int_equal(revocation->http_status, 404);
		assert_int_equal(revocation->attempts, 3);
		assert_int_equal(revocation->at, 7);
		assert_true(revocation->earlier);
		assert_int_equal(emulator_request_count(&emulator), verify ? VERIFY_ASKS : 0);
	}
	batch_free(batch);
}

/* A rule that cannot be used costs its own credentials only. */
static void unusable_rule(void **state)
{
	struct rule other = test_rule;
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch;

	(void)state;
	need_emulator();
	batch = batch_make(2);
	other.id = (char *)"other-rule";
	other.revoke.url = (char *)"http://192.0.2.1/";
	batch->findings[0].rule = &other;
	batch_send(batch, &options);
	assert_revocation(batch, 0, REVOCATION_PENDING, 0, 0,
			  "cannot use the url 'http://192.0.2.1/': plain http goes to a loopback address only");
	assert_revocation(batch, 1, REVOCATION_ACCEPTED, 200, 1, NULL);
	batch_free(batch);
}

/* Stopped while two are under way: their answers come and count, nothing else is sent. */
static void interrupted_with_answers(void **state)
{
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch;

	(void)state;
	need_emulator();
	batch = batch_make(6);
	emulator_faults(&emulator, "[{\"delay_ms\":500,\"times\":-1}]");
	options.concurrency = 2;
	batch_stop_after_ms(batch, 150);
	batch_send(batch, &options);
	assert_revocation(batch, 0, REVOCATION_ACCEPTED, 200, 1, NULL);
	assert_revocation(batch, 1, REVOCATION_ACCEPTED, 200, 1, NULL);
	for (size_t i = 2; i < 6; i++)
		assert_revocation(batch, i, REVOCATION_PENDING, 0, 0, "interrupted before it was sent");
	assert_int_equal(emulator_request_count(&emulator), 2);
	assert_in_range(batch->took_ms, 500, 2000);
	batch_free(batch);
}

/* What waits for its next attempt is given up at once. */
static void interrupted_before_another_try(void **state)
{
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch;

	(void)state;
	need_emulator();
	batch = batch_make(1);
	emulator_faults(&emulator, "[{\"status\":502,\"retry_after\":\"60\"}]");
	batch_stop_after_ms(batch, 200);
	batch_send(batch, &options);
	assert_revocation(batch, 0, REVOCATION_PENDING, 502, 1, "HTTP 502; interrupted before the next attempt");
	assert_in_range(batch->took_ms, 190, 10000);
	batch_free(batch);
}

/*
 * Stopped while nothing answers: after two seconds what was sent has an unknown answer, and what waited for a TLS
 * handshake was not sent.
 */
static void interrupted_without_answers(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int silent = socket(AF_INET, SOCK_STREAM, 0);
	struct rule other = test_rule;
	struct revoke_options options = options_quick(endpoints);
	struct batch *batch;
	char silent_url[64];

	(void)state;
	need_emulator();
	batch = batch_make(3);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(silent, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(silent, 5), 0);
	assert_int_equal(getsockname(silent, (struct sockaddr *)&address, &size), 0);
	snprintf(silent_url, sizeof(silent_url), "https://127.0.0.1:%u/", ntohs(address.sin_port));
	endpoints[1].url = silent_url;
	options.endpoint_count = 2;
	options.timeout_seconds = 30;
	other.id = (char *)"other-rule";
	batch->findings[1].rule = &other;
	emulator_faults(&emulator, "[{\"delay_ms\":10000,\"times\":-1}]");
	batch_stop_after_ms(batch, 300);
	batch_send(batch, &options);
	assert_revocation(batch, 0, REVOCATION_PENDING, 0, 1, "interrupted, the answer is not known");
	assert_revocation(batch, 1, REVOCATION_PENDING, 0, 1, "interrupted before it was sent");
	assert_revocation(batch, 2, REVOCATION_PENDING, 0, 1, "interrupted, the answer is not known");
	assert_in_range(batch->took_ms, 2290, 9000);
	close(silent);
	batch_free(batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_send),
		cmocka_unit_test_setup(settled_in_order, clear),
		cmocka_unit_test_setup(no_more_at_once_than_asked, clear),
		cmocka_unit_test_setup(many_are_fast, clear),
		cmocka_unit_test_setup(sent_again, clear),
		cmocka_unit_test_setup(each_attempt_is_told, clear),
		cmocka_unit_test_setup(each_request_is_counted, clear),
		cmocka_unit_test_setup(settled_beforehand, clear),
		cmocka_unit_test_setup(unusable_rule, clear),
		cmocka_unit_test_setup(interrupted_with_answers, clear),
		cmocka_unit_test_setup(interrupted_before_another_try, clear),
		cmocka_unit_test_setup(interrupted_without_answers, clear),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
