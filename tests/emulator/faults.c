#define _GNU_SOURCE
#include "emulator.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *const members[] = {
	"status", "body", "retry_after", "redirect", "echo_secret", "huge_body", "http10",
	"drip", "close_midway", "reset", "garbage", "raw", "repeat", "delay_ms", "times", "on", "after",
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards faults */
static cJSON *faults; /* an array of those that wait, each with "times" left */

static bool is_member(const char *name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(name, members[i]) == 0)
			return true;
	}
	return false;
}

const char *faults_add(const cJSON *array)
{
	const cJSON *fault, *member;

	if (!cJSON_IsArray(array))
		return "the faults are not an array";
	cJSON_ArrayForEach(fault, array) {
		if (!cJSON_IsObject(fault))
			return "a fault is not an object";
		cJSON_ArrayForEach(member, fault) {
			if (!is_member(member->string))
				return "a fault has an unknown member";
		}
	}
	pthread_mutex_lock(&lock);
	if (!faults)
		faults = cJSON_CreateArray();
	cJSON_ArrayForEach(fault, array) {
		cJSON *copy = cJSON_Duplicate(fault, true);

		if (!cJSON_HasObjectItem(copy, "times"))
			cJSON_AddNumberToObject(copy, "times", 1);
		cJSON_AddItemToArray(faults, copy);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* Whether a fault's "on" means this request: "METHOD PATH", of which the path may end in "*" for whatever follows. */
static bool is_for(const cJSON *fault, const struct exchange *exchange)
{
	const char *on = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(fault, "on"));
	size_t method = strlen(exchange->method), length;

	if (!on)
		return strcmp(exchange->path, REPORT_PATH) == 0;
	if (strncmp(on, exchange->method, method) != 0 || on[method] != ' ')
		return false;
	on += method + 1;
	length = strlen(on);
	if (length && on[length - 1] == '*')
		return strncmp(on, exchange->path, length - 1) == 0;
	return strcmp(on, exchange->path) == 0;
}

cJSON *faults_take(const struct exchange *exchange)
{
	cJSON *fault = NULL, *taken = NULL;

	pthread_mutex_lock(&lock);
	cJSON_ArrayForEach(fault, faults) {
		if (is_for(fault, exchange))
			break;
	}
	if (fault) {
		cJSON *times = cJSON_GetObjectItemCaseSensitive(fault, "times");

		taken = cJSON_Duplicate(fault, true);
		if (times->valuedouble > 0) /* -1 is forever */
			cJSON_SetNumberValue(times, times->valuedouble - 1);
		if (times->valuedouble == 0)
			cJSON_Delete(cJSON_DetachItemViaPointer(faults, fault));
	}
	pthread_mutex_unlock(&lock);
	return taken;
}

void faults_clear(void)
{
	pthread_mutex_lock(&lock);
	cJSON_Delete(faults);
	faults = NULL;
	pthread_mutex_unlock(&lock);
}

static bool is_set(const cJSON *fault, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(fault, name));
}

static long number(const cJSON *fault, const char *name, long otherwise)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(fault, name);

	return cJSON_IsNumber(member) ? (long)member->valuedouble : otherwise;
}

static const char *text(const cJSON *fault, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(fault, name));
}

static void sleep_ms(long milliseconds)
{
	struct timespec wait = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	nanosleep(&wait, NULL);
}

/*
 * What libmicrohttpd would never send goes to the socket itself, and libmicrohttpd is told to end the connection.
 */
static enum MHD_Result break_connection(const cJSON *fault, struct exchange *exchange)
{
	static const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	const union MHD_ConnectionInfo *information =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	int descriptor = information->connect_fd;
	static const char garbage[] = "\001\002 this is no HTTP \377\376\r\n\r\n";
	const char *raw = is_set(fault, "garbage") ? garbage : text(fault, "raw");
	long repeat = number(fault, "repeat", 1);

	exchange->status = 0;
	/* connecting a connected TCP socket to nothing resets the connection (connect(2), AF_UNSPEC) */
	if (is_set(fault, "reset") && connect(descriptor, &nowhere, sizeof(nowhere)) < 0)
		perror("emulator: reset");
	for (long i = 0; raw && i < repeat; i++) {
		if (send(descriptor, raw, strlen(raw), MSG_NOSIGNAL) < 0)
			break;
	}
	return MHD_NO;
}

/* How an answer's body comes. */
struct dripping {
	size_t left;
	bool slowly;
	bool then_break;
};

static ssize_t drip(void *context, uint64_t position, char *bytes, size_t room)
{
	struct dripping *dripping = context;
	size_t size = dripping->slowly ? 1 : room;

	(void)position;
	if (!dripping->left)
		return dripping->then_break ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
	if (dripping->slowly)
		sleep_ms(1000);
	size = size < dripping->left ? size : dripping->left;
	memset(bytes, 'x', size);
	dripping->left -= size;
	return (ssize_t)size;
}

static enum MHD_Result send_dripping(const cJSON *fault, struct exchange *exchange)
{
	struct dripping *dripping = memory_allocate_zeroed(1, sizeof(*dripping));
	uint64_t announced = MHD_SIZE_UNKNOWN;

	dripping->left = (size_t)number(fault, "huge_body", 600);
	dripping->slowly = is_set(fault, "drip");
	if (is_set(fault, "close_midway")) {
		dripping->left = 10;
		dripping->then_break = true;
		announced = 1000;
	}
	return exchange_send_response(exchange,
				      MHD_create_response_from_callback(announced, 4096, drip, dripping, free));
}

static void echo_key(struct exchange *exchange)
{
	cJSON *document = exchange_parse(exchange);
	const char *key = provider_reported_key(document);
	char *message = memory_format("the key %s is not known", key ? key : "");

	exchange_error(exchange, exchange->status, "forbidden", message);
	free(message);
	cJSON_Delete(document);
}

enum MHD_Result fault_apply(const cJSON *fault, struct exchange *exchange)
{
	sleep_ms(number(fault, "delay_ms", 0));
	if (is_set(fault, "after")) { /* it is done, and the answer is lost */
		provider_answer(exchange);
		free(exchange->answer);
		exchange->answer = NULL;
	}
	if (is_set(fault, "reset") || is_set(fault, "garbage") || text(fault, "raw"))
		return break_connection(fault, exchange);
	exchange->status = (unsigned)number(fault, "status", 0);
	exchange->retry_after = text(fault, "retry_after");
	exchange->location = text(fault, "redirect");
	if (exchange->location && !exchange->status)
		exchange->status = 307;
	if (number(fault, "huge_body", 0) || is_set(fault, "drip") || is_set(fault, "close_midway")) {
		exchange->status = exchange->status ? exchange->status : 200;
		return send_dripping(fault, exchange);
	}
	if (is_set(fault, "echo_secret")) {
		exchange->status = exchange->status ? exchange->status : 403;
		echo_key(exchange);
	} else if (exchange->status) {
		exchange->answer = memory_copy_string(text(fault, "body"));
	} else {
		provider_answer(exchange); /* a delay alone */
	}
	if (is_set(fault, "http10")) {
		struct MHD_Response *response = MHD_create_response_from_buffer(
			exchange->answer ? strlen(exchange->answer) : 0, exchange->answer ? exchange->answer : "",
			MHD_RESPMEM_MUST_COPY);

		MHD_set_response_options(response, MHD_RF_HTTP_1_0_SERVER, MHD_RO_END);
		return exchange_send_response(exchange, response);
	}
	return exchange_send(exchange);
}
