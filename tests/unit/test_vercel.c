/*
 * The provider's API: what is read of a key, what is sent for a new one, and what each failure is called.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "key.h"
#include "revoke/vercel.h"
#include "revoke_emulator.h"

static struct emulator emulator;
static atomic_int stop;

static struct vercel_key read_text(const char *text)
{
	cJSON *document = cJSON_Parse(text);
	struct vercel_key key;
	struct error error = { 0, "" };

	assert_non_null(document);
	if (vercel_key_read(&key, document, &error) != 0)
		fail_msg("%s", error.message);
	cJSON_Delete(document);
	return key;
}

static void assert_wrong(const char *text, const char *message)
{
	cJSON *document = cJSON_Parse(text);
	struct vercel_key key;
	struct error error = { 0, "" };

	assert_int_equal(vercel_key_read(&key, document, &error), ERROR_MALFORMED);
	assert_string_equal(error.message, message);
	assert_null(key.id);
	cJSON_Delete(document);
}

static void assert_json(cJSON *document, const char *text)
{
	char *spelled = cJSON_PrintUnformatted(document);

	assert_string_equal(spelled, text);
	cJSON_free(spelled);
	cJSON_Delete(document);
}

/* ---- descriptions ---- */

/* The members of vercel/sdk, docs/models/apikey.md. */
static const char whole[] =
	"{\"id\":\"key_1\",\"name\":\"n\",\"partialKey\":\"3qooPB\",\"teamId\":\"team_1\",\"purpose\":\"ai-gateway\",\"projectId\":\"prj_1\","
	"\"expiresAt\":1803337472552,\"activeAt\":1803337472000,\"createdAt\":1795561472561,\"createdBy\":\"user_1\",\"leakedAt\":1795561472999,"
	"\"leakedUrl\":\"https://example.test/x\",\"createdByAppId\":null,\"quota\":{\"quotaEntityId\":\"api_key_id_key_1\",\"limitAmount\":9653.02,"
	"\"currentSpend\":981.06,\"currentByokSpend\":2789.07,\"includeByokInQuota\":true,\"refreshPeriod\":\"weekly\",\"active\":true,"
	"\"archived\":false,\"alertThresholds\":[50,75,100],\"createdAt\":4170.49,\"updatedAt\":1785.06},\"metadata\":{\"environment\":\"ci\"}}";

static void every_member_is_read(void **state)
{
	struct vercel_key key = read_text(whole), copy;

	(void)state;
	vercel_key_copy(&copy, &key);
	vercel_key_release(&key);
	assert_null(key.id);
	assert_string_equal(copy.id, "key_1");
	assert_string_equal(copy.name, "n");
	assert_string_equal(copy.partial, "3qooPB");
	assert_string_equal(copy.project, "prj_1");
	assert_string_equal(copy.leaked_url, "https://example.test/x");
	assert_string_equal(copy.metadata, "{\"environment\":\"ci\"}");
	assert_int_equal(copy.expires_at, 1803337472552);
	assert_int_equal(copy.active_at, 1803337472000);
	assert_int_equal(copy.created_at, 1795561472561);
	assert_int_equal(copy.leaked_at, 1795561472999);
	assert_true(copy.quota.present && copy.quota.include_byok);
	assert_true(copy.quota.limit == 9653.02 && copy.quota.spent == 981.06 && copy.quota.byok_spent == 2789.07);
	assert_string_equal(copy.quota.refresh, "weekly");
	assert_int_equal(copy.quota.threshold_count, 3);
	assert_int_equal(copy.quota.thresholds[2], 100);
	vercel_key_release(&copy);
}

static void null_and_missing_are_alike(void **state)
{
	struct vercel_key key = read_text("{\"id\":\"k\",\"name\":null,\"projectId\":null,\"expiresAt\":null,\"leakedAt\":null,\"quota\":null,\"metadata\":null}");

	(void)state;
	assert_null(key.name);
	assert_null(key.project);
	assert_null(key.partial);
	assert_null(key.metadata);
	assert_int_equal(key.expires_at, 0);
	assert_int_equal(key.leaked_at, 0);
	assert_false(key.quota.present);
	assert_false(vercel_key_was_used(&key));
	vercel_key_release(&key);
}

static void what_is_not_as_documented(void **state)
{
	(void)state;
	assert_wrong("[]", "a key's description is not a JSON object");
	assert_wrong("{}", "a key's 'id' is not as documented");
	assert_wrong("{\"id\":\"\"}", "a key's 'id' is not as documented");
	assert_wrong("{\"id\":\"../x\"}", "a key's 'id' is not as documented");
	assert_wrong("{\"id\":\"vck_abc\"}", "a key's 'id' is not as documented");
	assert_wrong("{\"id\":\"k\",\"name\":5}", "a key's 'name' is not as documented");
	assert_wrong("{\"id\":\"k\",\"partialKey\":[]}", "a key's 'partialKey' is not as documented");
	assert_wrong("{\"id\":\"k\",\"createdAt\":-1}", "a key's 'createdAt' is not as documented");
	assert_wrong("{\"id\":\"k\",\"expiresAt\":1e300}", "a key's 'expiresAt' is not as documented");
	assert_wrong("{\"id\":\"k\",\"leakedAt\":\"now\"}", "a key's 'leakedAt' is not as documented");
	assert_wrong("{\"id\":\"k\",\"quota\":[]}", "a key's 'quota' is not as documented");
	assert_wrong("{\"id\":\"k\",\"quota\":{\"includeByokInQuota\":1}}", "a key's 'quota' is not as documented");
	assert_wrong("{\"id\":\"k\",\"quota\":{\"alertThresholds\":[1,2,3,4]}}", "a key's 'quota' is not as documented");
	assert_wrong("{\"id\":\"k\",\"quota\":{\"alertThresholds\":[1000]}}", "a key's 'quota' is not as documented");
}

static void wish_is_as_documented(void **state)
{
	struct vercel_key key = read_text(whole), bare = { 0 };

	(void)state;
	assert_json(vercel_key_wish(&key), "{\"name\":\"n\",\"projectId\":\"prj_1\",\"expiresAt\":1803337472552,\"aiGatewayQuota\":{\"limitAmount\":9653.02,"
		    "\"includeByokInQuota\":true,\"refreshPeriod\":\"weekly\",\"alertThresholds\":[50,75,100]},\"metadata\":{\"environment\":\"ci\"},"
		    "\"purpose\":\"ai-gateway\"}");
	assert_json(vercel_key_wish(&bare), "{\"purpose\":\"ai-gateway\"}");
	vercel_key_release(&key);
}

static void description_survives_its_record(void **state)
{
	struct vercel_key key = read_text(whole), again;
	cJSON *document = vercel_key_write(&key);

	(void)state;
	assert_int_equal(vercel_key_read(&again, document, NULL), 0);
	cJSON_Delete(document);
	assert_string_equal(again.id, key.id);
	assert_int_equal(again.leaked_at, key.leaked_at);
	assert_int_equal(again.created_at, key.created_at);
	document = vercel_key_wish(&again);
	{
		char *spelled = cJSON_PrintUnformatted(document);

		assert_json(vercel_key_wish(&key), spelled);
		cJSON_free(spelled);
	}
	cJSON_Delete(document);
	vercel_key_release(&key);
	vercel_key_release(&again);
}

static void tails(void **state)
{
	char text[KEY_LENGTH + 1];
	struct vercel_key key = { 0 };
	struct secret *secret;

	(void)state;
	make_key(text, 5);
	secret = secret_new(text, KEY_LENGTH);
	assert_false(vercel_key_is_tail_of(&key, secret)); /* no partialKey at all */
	for (size_t length = 0; length <= KEY_LENGTH; length++) {
		key.partial = text + KEY_LENGTH - length;
		assert_int_equal(vercel_key_is_tail_of(&key, secret), length >= VERCEL_PARTIAL_MIN);
	}
	key.partial = (char *)"x3qooPB";
	assert_false(vercel_key_is_tail_of(&key, secret));
	secret_free(secret);
	secret = secret_new("oPB", 3); /* shorter than the tail */
	assert_false(vercel_key_is_tail_of(&key, secret));
	secret_free(secret);
}

static void use(void **state)
{
	struct vercel_key key = { .created_at = 1000 };

	(void)state;
	assert_false(vercel_key_was_used(&key)); /* null */
	key.active_at = 1000;
	assert_false(vercel_key_was_used(&key)); /* set when it was made */
	key.active_at = 1001;
	assert_true(vercel_key_was_used(&key));
}

static void ids(void **state)
{
	char longest[VERCEL_ID_MAX + 2];

	(void)state;
	assert_true(vercel_id_is_sound("key_aZ09-_"));
	assert_false(vercel_id_is_sound(""));
	assert_false(vercel_id_is_sound("a b"));
	assert_false(vercel_id_is_sound("a/b"));
	assert_false(vercel_id_is_sound("a%2Fb"));
	assert_false(vercel_id_is_sound("."));
	assert_false(vercel_id_is_sound("vck_a"));
	memset(longest, 'a', sizeof(longest));
	longest[VERCEL_ID_MAX] = '\0';
	assert_true(vercel_id_is_sound(longest));
	longest[VERCEL_ID_MAX] = 'a';
	longest[VERCEL_ID_MAX + 1] = '\0';
	assert_false(vercel_id_is_sound(longest));
}

static void addresses(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(vercel_check_url("https://api.vercel.com", &error), 0);
	assert_int_equal(vercel_check_url("http://127.0.0.1:80", &error), 0);
	assert_int_equal(vercel_check_url("http://example.test", &error), ERROR_CONFIGURATION);
	assert_int_equal(vercel_check_url("https://example.test/?a", &error), ERROR_CONFIGURATION);
	assert_int_equal(vercel_check_url("https://example.test/{{secret}}", &error), ERROR_CONFIGURATION);
}

/* ---- calls ---- */

static void need_emulator(void)
{
	if (!emulator.port) {
		print_message("EMULATOR is not set\n");
		skip();
	}
}

static struct secret *token;
static char url[64];

static struct vercel *connect_with(unsigned retries)
{
	const struct vercel_options options = { .url = url, .token = token, .team = "team_unit", .timeout_seconds = 2, .retries = retries, .stop = &stop };
	struct vercel *vercel;
	struct error error = { 0, "" };

	if (vercel_open(&vercel, &options, &error) != 0)
		fail_msg("%s", error.message);
	vercel_set_retry_base(vercel, 10);
	return vercel;
}

static struct secret *create(struct vercel *vercel, const char *name, struct vercel_key *created)
{
	const struct vercel_key wish = { .name = (char *)name };
	struct secret *secret;
	struct error error = { 0, "" };
	bool unknown = true;

	if (vercel_create(vercel, &wish, &secret, created, &unknown, &error) != 0)
		fail_msg("%s", error.message);
	assert_false(unknown);
	return secret;
}

static void life_of_a_key(void **state)
{
	struct vercel *vercel;
	struct vercel_key created, again;
	struct vercel_key_list list;
	struct error error;
	struct secret *secret;

	(void)state;
	need_emulator();
	vercel = connect_with(2);
	secret = create(vercel, "n", &created);
	assert_int_equal(secret_length(secret), KEY_LENGTH);
	assert_true(vercel_key_is_tail_of(&created, secret));
	assert_int_equal(vercel_get(vercel, created.id, &again, &error), 0);
	assert_string_equal(again.name, "n");
	assert_int_equal(vercel_list(vercel, &list, &error), 0);
	assert_int_equal(list.count, 1);
	assert_ptr_equal(vercel_key_list_find(&list, created.id), &list.keys[0]);
	assert_null(vercel_key_list_find(&list, "key_other"));
	assert_int_equal(vercel_delete(vercel, created.id, &error), 0);
	assert_int_equal(vercel_delete(vercel, created.id, &error), ERROR_NOT_FOUND);
	assert_string_equal(error.message, "there is no such key (HTTP 404 not_found: API key not found)");
	vercel_key_release(&again);
	assert_int_equal(vercel_get(vercel, created.id, &again, &error), ERROR_NOT_FOUND);
	vercel_key_list_release(&list);
	vercel_key_release(&created);
	secret_free(secret);
	vercel_close(vercel);
}

/* Another key than the one asked for is not taken for it. */
static void the_wrong_key_is_no_answer(void **state)
{
	struct vercel *vercel;
	struct vercel_key key;
	struct error error;

	(void)state;
	need_emulator();
	vercel = connect_with(0);
	emulator_faults(&emulator, "[{\"on\":\"GET /v1/api-keys/*\",\"status\":200,\"body\":\"{\\\"apiKey\\\":{\\\"id\\\":\\\"key_b\\\"}}\"}]");
	assert_int_equal(vercel_get(vercel, "key_a", &key, &error), ERROR_MALFORMED);
	assert_string_equal(error.message, "asked for key 'key_a', the provider describes 'key_b'");
	assert_null(key.id);
	vercel_close(vercel);
}

/*
 * A connection that is reused and dies without a byte is where libcurl sends a request again of its own accord. A request for a key must not be
 * sent twice.
 */
static void create_is_sent_once(void **state)
{
	struct vercel *vercel;
	const struct vercel_key wish = { 0 };
	struct vercel_key created;
	struct vercel_key_list list;
	struct secret *secret;
	struct error error;
	bool unknown = false;

	(void)state;
	need_emulator();
	vercel = connect_with(4);
	assert_int_equal(vercel_list(vercel, &list, &error), 0); /* opens a connection */
	emulator_faults(&emulator, "[{\"on\":\"POST /v1/api-keys\",\"after\":true,\"raw\":\"\",\"times\":-1}]");
	assert_int_equal(vercel_create(vercel, &wish, &secret, &created, &unknown, &error), ERROR_NETWORK);
	assert_true(unknown);
	assert_null(secret);
	assert_int_equal(emulator_request_count(&emulator), 2);
	assert_int_equal(vercel_list(vercel, &list, &error), 0);
	assert_int_equal(list.count, 1);
	vercel_key_list_release(&list);
	vercel_close(vercel);
}

static void what_failures_are_called(void **state)
{
	static const struct {
		const char *fault;
		int code;
		int requests;
	} cases[] = {
		{ "\"status\":401", ERROR_CONFIGURATION, 1 }, { "\"status\":403", ERROR_CONFIGURATION, 1 }, { "\"status\":404", ERROR_NOT_FOUND, 1 },
		{ "\"status\":400", ERROR_IO, 1 },            { "\"status\":409", ERROR_IO, 1 },            { "\"status\":301", ERROR_IO, 1 },
		{ "\"status\":429", ERROR_NETWORK, 3 },       { "\"status\":500", ERROR_NETWORK, 3 },       { "\"status\":503", ERROR_NETWORK, 3 },
		{ "\"garbage\":true", ERROR_NETWORK, 3 },     { "\"reset\":true", ERROR_NETWORK, 3 },       { "\"status\":200", ERROR_MALFORMED, 1 },
		{ "\"close_midway\":true", ERROR_MALFORMED, 3 },
	};
	struct vercel_key_list list;
	struct error error;

	(void)state;
	need_emulator();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vercel *vercel = connect_with(2); /* a connection of its own: libcurl repeats a GET on one that it reuses */
		char *fault = memory_format("[{\"on\":\"GET /v1/api-keys\",%s,\"times\":-1}]", cases[i].fault);

		emulator_clear(&emulator);
		emulator_faults(&emulator, fault);
		if (vercel_list(vercel, &list, &error) != cases[i].code)
			fail_msg("%s: %d, %s", cases[i].fault, error.code, error.message);
		assert_int_equal(list.count, 0);
		if (emulator_request_count(&emulator) != cases[i].requests)
			fail_msg("%s: %d requests", cases[i].fault, emulator_request_count(&emulator));
		free(fault);
		vercel_close(vercel);
	}
}

static void stop_ends_it(void **state)
{
	struct vercel *vercel;
	struct vercel_key_list list;
	struct error error;
	int64_t before = clock_ms();

	(void)state;
	need_emulator();
	vercel = connect_with(20);
	stop = 1;
	assert_int_equal(vercel_list(vercel, &list, &error), ERROR_INTERRUPTED);
	assert_string_equal(error.message, "interrupted before the request");
	assert_int_equal(emulator_request_count(&emulator), 0);
	assert_in_range(clock_ms() - before, 0, 1000);
	stop = 0;
	vercel_close(vercel);
}

static int start(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	emulator_start(&emulator, NULL, NULL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", emulator.port);
	token = secret_new("token-of-the-unit-test", 22);
	return 0;
}

static int end(void **state)
{
	(void)state;
	secret_free(token);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_is_read),
		cmocka_unit_test(null_and_missing_are_alike),
		cmocka_unit_test(what_is_not_as_documented),
		cmocka_unit_test(wish_is_as_documented),
		cmocka_unit_test(description_survives_its_record),
		cmocka_unit_test(tails),
		cmocka_unit_test(use),
		cmocka_unit_test(ids),
		cmocka_unit_test(addresses),
		cmocka_unit_test_setup(life_of_a_key, clear),
		cmocka_unit_test_setup(the_wrong_key_is_no_answer, clear),
		cmocka_unit_test_setup(create_is_sent_once, clear),
		cmocka_unit_test_setup(what_failures_are_called, clear),
		cmocka_unit_test_setup(stop_ends_it, clear),
	};

	return cmocka_run_group_tests(tests, start, end);
}
