/* Reports over TLS: a credential goes to a server that proves who it is, and to no other. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "revoke_emulator.h"

/* The folder that tests/emulator/make_certificates filled. */
static const char *certificates;

static int find_certificates(void **state)
{
	(void)state;
	certificates = getenv("CERTIFICATES");
	return 0;
}

static void in_folder(const char *name, const char *suffix, char path[256])
{
	snprintf(path, 256, "%s/%s.%s", certificates, name, suffix);
}

/* Whether the emulator logged a request. */
static bool was_asked(const struct emulator *emulator)
{
	char path[128];
	FILE *file;
	bool asked;

	snprintf(path, sizeof(path), "%s/log", emulator->folder);
	file = fopen(path, "r");
	assert_non_null(file);
	asked = fgetc(file) != EOF;
	fclose(file);
	return asked;
}

/*
 * Send two findings to a server with this certificate, trusting that authority (NULL: the system's). Returns what
 * became of them.
 */
static struct batch *send_to(const char *host, const char *certificate, const char *authority, bool *asked)
{
	char certificate_file[256], key_file[256], authority_file[256], url[128];
	struct revoke_endpoint endpoint = { "vercel-ai-gateway-key", url };
	struct revoke_options options = options_quick(&endpoint);
	struct batch *batch = batch_make(2);
	struct emulator emulator;

	if (!getenv("EMULATOR") || !certificates) {
		print_message("EMULATOR or CERTIFICATES is not set\n");
		batch_free(batch);
		skip();
	}
	in_folder(certificate, "pem", certificate_file);
	in_folder(certificate, "key", key_file);
	emulator_start(&emulator, certificate_file, key_file);
	assert_int_not_equal(emulator.port, 0);
	snprintf(url, sizeof(url), "https://%s:%u/external/compromised_secret", host, emulator.port);
	if (authority) {
		in_folder(authority, "pem", authority_file);
		options.ca_file = authority_file;
	}
	options.timeout_seconds = 60; /* under a sanitizer, reading the system's certificates takes seconds */
	batch_send(batch, &options);
	*asked = was_asked(&emulator);
	emulator_stop(&emulator);
	return batch;
}

static void trusted(void **state)
{
	bool asked;
	struct batch *batch = send_to("localhost", "server", "ca", &asked);

	(void)state;
	assert_revocation(batch, 0, REVOCATION_ACCEPTED, 200, 1, NULL);
	assert_revocation(batch, 1, REVOCATION_ACCEPTED, 200, 1, NULL);
	assert_true(asked);
	batch_free(batch);
	batch = send_to("127.0.0.1", "server", "ca", &asked);
	assert_revocation(batch, 0, REVOCATION_ACCEPTED, 200, 1, NULL);
	batch_free(batch);
}

/* Not retried, never sent, and the message says what it is about. */
static void assert_untrusted(const char *host, const char *certificate, const char *authority)
{
	static const char start[] = "the certificate check failed: ";
	bool asked;
	struct batch *batch = send_to(host, certificate, authority, &asked);

	for (size_t i = 0; i < 2; i++) {
		const struct revocation *revocation = &batch->findings[i].revocation;

		assert_int_equal(revocation->state, REVOCATION_PENDING);
		assert_int_equal(revocation->attempts, 1);
		assert_int_equal(revocation->http_status, 0);
		assert_non_null(revocation->message);
		if (strncmp(revocation->message, start, strlen(start)) != 0 || !revocation->message[strlen(start)])
			fail_msg("%s", revocation->message);
	}
	assert_false(asked);
	batch_free(batch);
}

static void wrong_host(void **state)
{
	(void)state;
	assert_untrusted("localhost", "wrong_host", "ca");
}

static void expired(void **state)
{
	(void)state;
	assert_untrusted("localhost", "expired", "ca");
}

static void self_signed(void **state)
{
	(void)state;
	assert_untrusted("localhost", "self_signed", "ca");
}

static void unknown_authority(void **state)
{
	(void)state;
	assert_untrusted("localhost", "server", "other_ca");
}

static void not_the_systems_authority(void **state)
{
	(void)state;
	assert_untrusted("localhost", "server", NULL);
}

/* A server that does not speak TLS: may pass, so it is tried again. */
static void no_tls_at_all(void **state)
{
	struct emulator emulator;
	char url[128];
	struct revoke_endpoint endpoint = { "vercel-ai-gateway-key", url };
	struct revoke_options options = options_quick(&endpoint);
	struct batch *batch;

	(void)state;
	emulator_start(&emulator, NULL, NULL);
	if (!emulator.port) {
		print_message("EMULATOR is not set\n");
		skip();
	}
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/external/compromised_secret", emulator.port);
	batch = batch_make(1);
	batch_send(batch, &options);
	assert_int_equal(batch->findings[0].revocation.state, REVOCATION_PENDING);
	assert_int_equal(batch->findings[0].revocation.attempts, 3);
	assert_memory_equal(batch->findings[0].revocation.message, "no answer: ", 11);
	assert_false(was_asked(&emulator));
	batch_free(batch);
	emulator_stop(&emulator);
}

static void missing_ca_file(void **state)
{
	const struct revoke_options options = { .ca_file = "/nonexistent/ca.pem",
						.timeout_seconds = 1,
						.concurrency = 1 };
	struct revoker *revoker = (void *)state;
	struct error error;

	assert_int_equal(revoker_open(&revoker, &options, &error), ERROR_IO);
	assert_null(revoker);
	assert_string_equal(error.message,
			    "cannot read the certificates in '/nonexistent/ca.pem': No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trusted),
		cmocka_unit_test(wrong_host),
		cmocka_unit_test(expired),
		cmocka_unit_test(self_signed),
		cmocka_unit_test(unknown_authority),
		cmocka_unit_test(not_the_systems_authority),
		cmocka_unit_test(no_tls_at_all),
		cmocka_unit_test(missing_ca_file),
	};

	return cmocka_run_group_tests(tests, find_certificates, NULL);
}
