/*
 * For the tests that send: the emulator as a child process, its control routes, keys, findings and a rule made by
 * hand.
 *
 * EMULATOR in the environment is the emulator's path. Without it the tests are skipped, by name. Nothing here
 * leaves 127.0.0.1.
 */
#ifndef REVOKE_EMULATOR_H
#define REVOKE_EMULATOR_H

#include <stdatomic.h>
#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "revoke/retry.h"
#include "revoke/revoke.h"
#include "rule/rule.h"

#define FINDINGS_MAX 1000

struct emulator {
	pid_t pid;
	unsigned port;
	char folder[64]; /* of the port file and the log */
};

/*
 * The rule of rules/vercel.json, but for its URL: tests replace that, and should one forget to, nobody listens
 * there.
 */
static unsigned accepted_codes[] = { 200, 201, 202, 204 }, gone_codes[] = { 404, 410 };
static struct rule test_rule = {
	.id = (char *)"vercel-ai-gateway-key",
	.revoke_kind = RULE_REVOKE_REPORT,
	.revoke = { .method = (char *)"POST",
		    .url = (char *)"https://127.0.0.1:1/",
		    .body_kind = RULE_BODY_JSON,
		    .body = (char *)"{\"secret\":{\"api_key\":\"{{secret}}\"},"
				    "\"reporter_email\":\"{{reporter_email?}}\",\"comment\":\"{{comment?}}\"}" },
	.accepted = { accepted_codes, 4 },
	.gone = { gone_codes, 2 },
};

static inline int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline unsigned emulator_read_port(const char *path)
{
	unsigned port = 0;
	FILE *file = fopen(path, "r");

	if (file) {
		if (fscanf(file, "%u", &port) != 1)
			port = 0;
		fclose(file);
	}
	return port;
}

/*
 * Start it, with TLS when certificate is not NULL, and wait until it listens. Port 0: there is no emulator, or it
 * did not start.
 */
static inline void emulator_start(struct emulator *emulator, const char *certificate, const char *key)
{
	const char *program = getenv("EMULATOR");
	char port_file[128], log_file[128];

	*emulator = (struct emulator){ .folder = "/tmp/test_revoke_XXXXXX" };
	if (!program || !mkdtemp(emulator->folder))
		return;
	snprintf(port_file, sizeof(port_file), "%s/port", emulator->folder);
	snprintf(log_file, sizeof(log_file), "%s/log", emulator->folder);
	emulator->pid = fork();
	if (emulator->pid == 0) {
		execl(program, "emulator", "--lifetime", "60", "--port-file", port_file, "--log", log_file,
		      certificate ? "--tls" : NULL, certificate, key, NULL);
		_exit(127);
	}
	for (unsigned i = 0; i < 500 && !emulator->port; i++) {
		struct timespec wait = { 0, 10000000 };

		nanosleep(&wait, NULL);
		emulator->port = emulator_read_port(port_file);
	}
}

static inline void emulator_stop(struct emulator *emulator)
{
	static const char *const files[] = { "port", "log" };
	char path[128];

	if (emulator->pid <= 0)
		return;
	kill(emulator->pid, SIGTERM);
	waitpid(emulator->pid, NULL, 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", emulator->folder, files[i]);
		unlink(path);
	}
	rmdir(emulator->folder);
}

static inline int emulator_connect(unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int descriptor = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail_msg("cannot reach the emulator");
	return descriptor;
}

/* A request to a control route. Returns the answer's document, which the caller deletes. */
static inline cJSON *emulator_control(const struct emulator *emulator, const char *method, const char *route,
				      const char *body)
{
	struct buffer answer = BUFFER_INIT;
	int descriptor = emulator_connect(emulator->port);
	char block[4096], *start;
	cJSON *document;
	ssize_t size;

	dprintf(descriptor,
		"%s /_control/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
		method, route, strlen(body), body);
	while ((size = read(descriptor, block, sizeof(block))) > 0)
		buffer_add(&answer, block, (size_t)size);
	close(descriptor);
	assert_non_null(answer.bytes);
	assert_memory_equal(answer.bytes, "HTTP/1.1 200 ", 13);
	start = strstr(answer.bytes, "\r\n\r\n");
	assert_non_null(start);
	document = cJSON_Parse(start);
	assert_non_null(document);
	buffer_release(&answer);
	return document;
}

static inline void emulator_faults(const struct emulator *emulator, const char *faults)
{
	cJSON_Delete(emulator_control(emulator, "POST", "faults", faults));
}

static inline void emulator_clear(const struct emulator *emulator)
{
	cJSON_Delete(emulator_control(emulator, "POST", "reset", ""));
}

/* How many requests came in since the last emulator_clear(). */
static inline int emulator_request_count(const struct emulator *emulator)
{
	cJSON *requests = emulator_control(emulator, "GET", "requests", "");
	int count = cJSON_GetArraySize(requests);

	cJSON_Delete(requests);
	return count;
}

/* A key of the real form, made of chance. */
static inline struct secret *key_make(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char key[60] = "vck_";
	unsigned char random[50];

	assert_int_equal(getentropy(random, sizeof(random)), 0);
	for (size_t i = 0; i < sizeof(random); i++)
		key[4 + i] = alphabet[random[i] % 64];
	checksum_write(CHECKSUM_CRC32_BASE62, key + 4, 50, key + 54, 6);
	return secret_new(key, sizeof(key));
}

/* Findings to send, and what revoker_send() said of them. */
struct batch {
	size_t count;
	struct finding findings[FINDINGS_MAX];
	struct finding *pointers[FINDINGS_MAX];
	size_t told; /* how many were settled */
	unsigned attempted[FINDINGS_MAX];              /* attempts that were told of */
	struct revocation_attempt last[FINDINGS_MAX];  /* the last of them */
	char *last_message[FINDINGS_MAX];              /* owned: a copy */
	int64_t told_ms[FINDINGS_MAX]; /* when, since the start */
	int64_t started_ms, took_ms;
	atomic_int stop; /* handed to revoker_send() */
};

static inline struct batch *batch_make(size_t count)
{
	struct batch *batch = memory_allocate_zeroed(1, sizeof(*batch));

	batch->count = count;
	for (size_t i = 0; i < count; i++) {
		batch->findings[i].rule = &test_rule;
		batch->findings[i].secret = key_make();
		batch->findings[i].revocation.state = REVOCATION_PENDING;
		secret_fingerprint(batch->findings[i].secret, batch->findings[i].fingerprint);
		batch->pointers[i] = &batch->findings[i];
	}
	return batch;
}

static inline void batch_free(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		secret_free(batch->findings[i].secret);
		free(batch->findings[i].revocation.message);
		free(batch->last_message[i]);
	}
	free(batch);
}

/* Findings are told of in their order, once, with their final state. */
static inline void batch_settled(void *context, struct finding *finding)
{
	struct batch *batch = context;

	assert_true(batch->told < batch->count);
	assert_ptr_equal(finding, batch->pointers[batch->told]);
	batch->told_ms[batch->told++] = clock_ms() - batch->started_ms;
}

/* Each attempt is told of when it ends, before the finding is. */
static inline void batch_attempted(void *context, struct finding *finding, const struct revocation_attempt *attempt)
{
	struct batch *batch = context;
	size_t index = (size_t)(finding - batch->findings);

	assert_true(index < batch->count && index >= batch->told);
	assert_in_range(attempt->started, time(NULL) - (clock_ms() - batch->started_ms) / 1000 - 1, time(NULL));
	assert_in_range(attempt->duration_ms, 0, clock_ms() - batch->started_ms);
	batch->attempted[index]++;
	batch->last[index] = *attempt;
	free(batch->last_message[index]);
	batch->last_message[index] = attempt->message ? memory_copy_string(attempt->message) : NULL;
	batch->last[index].message = batch->last_message[index];
}

static struct batch *alarmed;

static inline void on_alarm(int number)
{
	(void)number;
	alarmed->stop = 1;
}

/* Set the batch's stop after some milliseconds, as a person's Ctrl-C would. */
static inline void batch_stop_after_ms(struct batch *batch, int milliseconds)
{
	const struct itimerval timer = { { 0, 0 }, { milliseconds / 1000, milliseconds % 1000 * 1000 } };

	alarmed = batch;
	signal(SIGALRM, on_alarm);
	assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static inline struct revoke_options options_quick(const struct revoke_endpoint *endpoint)
{
	return (struct revoke_options){ .endpoints = endpoint,
					.endpoint_count = 1,
					.timeout_seconds = 5,
					.retries = 2,
					.concurrency = REVOKE_CONCURRENCY_DEFAULT };
}

/* Send the batch with waits of a few milliseconds between attempts. */
static inline void batch_send(struct batch *batch, const struct revoke_options *options)
{
	const struct revoke_events events = { .attempted = batch_attempted, .settled = batch_settled, .context = batch };
	struct revoker *revoker;
	struct error error = { 0, "" };

	memset(batch->attempted, 0, sizeof(batch->attempted));
	if (revoker_open(&revoker, options, &error) != 0)
		fail_msg("%s", error.message);
	revoker_set_retry_base(revoker, 20);
	batch->started_ms = clock_ms();
	revoker_send(revoker, batch->pointers, batch->count, &events, &batch->stop);
	batch->took_ms = clock_ms() - batch->started_ms;
	revoker_close(revoker);
	assert_int_equal(batch->told, batch->count);
}

static inline void assert_revocation(const struct batch *batch, size_t index, enum revocation_state state,
				     unsigned http_status, unsigned attempts, const char *message)
{
	const struct revocation *revocation = &batch->findings[index].revocation;

	if (message)
		assert_string_equal(revocation->message ? revocation->message : "(none)", message);
	else
		assert_null(revocation->message);
	assert_int_equal(revocation->state, state);
	assert_int_equal(revocation->http_status, http_status);
	assert_int_equal(revocation->attempts, attempts);
	assert_int_equal(revocation->has_time, attempts > 0);
	assert_int_equal(batch->attempted[index], attempts);
	if (attempts)
		assert_in_range(revocation->at, time(NULL) - 30, time(NULL));
}

#endif
