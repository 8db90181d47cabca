/*
 * One request at a time, over http.h, with the waits of retry.h.
 */
#define _GNU_SOURCE
#include "revoke/vercel_call.h"

#include "base/memory.h"
#include "revoke/answer.h"
#include "revoke/request.h"
#include "revoke/retry.h"
#include "revoke/url.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MAX_MS 100    /* between two looks at *stop */
#define STOP_GRACE_MS 2000 /* for a request under way once *stop is set: the provider may have done as asked */
#define KEYS_PATH "/v1/api-keys"

struct vercel {
	struct vercel_options options;
	struct url_parts parts; /* of options.url */
	struct http *http;      /* owned */
	int64_t retry_base_ms;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int vercel_check_url(const char *url, struct error *error)
{
	struct url_parts parts;

	if (url_parse(url, &parts, error))
		return ERROR_CONFIGURATION;
	if (strchr(url, '?') || strchr(url, '{'))
		return error_set(error, ERROR_CONFIGURATION, "cannot use the url '%s': it has a query or a template", url);
	return 0;
}

static int check_token(const struct secret *token, struct error *error)
{
	const char *bytes = secret_bytes(token);

	for (size_t i = 0; i < secret_length(token); i++) {
		if (bytes[i] <= ' ' || bytes[i] >= 0x7f)
			return error_set(error, ERROR_CONFIGURATION,
					 "the token has a space, a control character or one that is not ASCII");
	}
	return 0;
}

static int open_http(struct vercel *vercel, struct error *error)
{
	int code = http_open(&vercel->http, vercel->options.ca_file, 1, error);

	if (!code)
		http_keep_bodies(vercel->http, HTTP_BODY_MAX); /* a page of a list is longer than what a report answers */
	return code;
}

/* libcurl repeats a request of its own accord when a connection that it reuses turns out to be dead: have none to reuse. */
static int reopen_http(struct vercel *vercel, struct error *error)
{
	http_close(vercel->http);
	vercel->http = NULL;
	return open_http(vercel, error);
}

int vercel_open(struct vercel **opened, const struct vercel_options *options, struct error *error)
{
	struct vercel *vercel = memory_allocate_zeroed(1, sizeof(*vercel));
	int code;

	*opened = NULL;
	vercel->options = *options;
	vercel->retry_base_ms = RETRY_BASE_MS;
	code = url_parse(options->url, &vercel->parts, error);
	if (!code)
		code = check_token(options->token, error);
	if (!code)
		code = open_http(vercel, error);
	if (code)
		vercel_close(vercel);
	else
		*opened = vercel;
	return code;
}

void vercel_close(struct vercel *vercel)
{
	if (!vercel)
		return;
	http_close(vercel->http);
	free(vercel);
}

void vercel_set_retry_base(struct vercel *vercel, int64_t base_ms)
{
	vercel->retry_base_ms = base_ms;
}

/* ---- one request ---- */

static void add_escaped(struct buffer *url, const char *value)
{
	for (const char *at = value; *at; at++) {
		bool plain = (*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') ||
			     strchr("-_.~", *at); /* RFC 3986, 2.3 */

		if (plain)
			buffer_add_char(url, *at);
		else
			buffer_add_format(url, "%%%02X", (unsigned char)*at);
	}
}

void call_add_argument(struct call *call, const char *name, const char *value)
{
	if (!value)
		return;
	buffer_add_format(&call->path, "%c%s=", strchr(call->path.bytes, '?') ? '&' : '?', name);
	add_escaped(&call->path, value);
}

struct call call_make(const struct vercel *vercel, const char *method, const char *id)
{
	struct call call = { .method = method, .path = BUFFER_INIT };

	buffer_add_string(&call.path, KEYS_PATH);
	if (id) {
		buffer_add_char(&call.path, '/');
		add_escaped(&call.path, id);
	}
	call_add_argument(&call, "teamId", vercel->options.team);
	return call;
}

void call_release(struct call *call)
{
	buffer_release(&call->path);
	buffer_release(&call->body);
	http_outcome_release(&call->outcome);
	cJSON_Delete(call->document);
}

static void add_header(struct request *request, const char *name, const char *value, size_t length)
{
	struct buffer *line = &request->headers[request->header_count++];

	buffer_reserve(line, strlen(name) + length); /* at once: growing leaves a copy of the token behind */
	buffer_add_string(line, name);
	buffer_add(line, value, length);
}

static struct request request_for(const struct vercel *vercel, const struct call *call)
{
	static const char json[] = "application/json";
	const struct vercel_options *options = &vercel->options;
	struct request request = { .method = call->method,
				   .https = vercel->parts.https,
				   .loopback = vercel->parts.loopback,
				   .has_body = call->body.length > 0 };

	buffer_add_string(&request.url, options->url);
	buffer_add_string(&request.url, call->path.bytes);
	request.headers = memory_allocate_zeroed(2, sizeof(*request.headers));
	add_header(&request, "Authorization: Bearer ", secret_bytes(options->token), secret_length(options->token));
	if (request.has_body) {
		add_header(&request, "Content-Type: ", json, strlen(json));
		buffer_add(&request.body, call->body.bytes, call->body.length);
	}
	return request;
}

static bool stopped(const struct vercel *vercel)
{
	return vercel->options.stop && *vercel->options.stop;
}

/* One attempt, whose end stands in call->outcome. Returns 0, or an error of our own side, before anything was sent. */
static int attempt(struct vercel *vercel, struct call *call, int64_t timeout_ms, struct error *error)
{
	struct request request;
	int64_t stopped_at = 0;
	int code = call->once ? reopen_http(vercel, error) : 0;

	if (code)
		return code;
	request = request_for(vercel, call);
	http_outcome_release(&call->outcome);
	call->outcome = (struct http_outcome){ 0 };
	code = http_start(vercel->http, &request, 0, timeout_ms, error);
	while (!code && !http_collect(vercel->http, &call->outcome)) {
		code = http_advance(vercel->http, WAIT_MAX_MS, error);
		if (stopped(vercel) && !stopped_at)
			stopped_at = now_ms();
		if (code || (stopped_at && now_ms() >= stopped_at + STOP_GRACE_MS)) {
			http_abandon(vercel->http, &call->outcome);
			break;
		}
	}
	return code;
}

static bool may_pass(const struct http_outcome *outcome)
{
	switch (outcome->result) {
	case HTTP_ANSWERED:
		return retry_status(outcome->status) || (outcome->status >= 200 && outcome->status < 300 && !outcome->whole);
	case HTTP_BROKEN:
		return true;
	case HTTP_UNTRUSTED:
	case HTTP_UNFINISHED:
		break;
	}
	return false;
}

/* Whether the provider may have acted on a request that ended like this, without our knowing. */
static bool may_have_acted(const struct http_outcome *outcome)
{
	if (outcome->result != HTTP_ANSWERED)
		return outcome->sent && outcome->result != HTTP_UNTRUSTED;
	/* 408, 425 and 429 say that it was not worked on (RFC 9110, RFC 8470, RFC 6585), other 4xx that it was refused */
	return outcome->status >= 500 || outcome->status < 400;
}

/* Wait, unless stopped. */
static void pause_until(const struct vercel *vercel, int64_t until)
{
	while (!stopped(vercel) && now_ms() < until) {
		int64_t left = until - now_ms();
		struct timespec wait = { 0, (left < WAIT_MAX_MS ? left : WAIT_MAX_MS) * 1000000 };

		if (left > 0)
			nanosleep(&wait, NULL);
	}
}

static int64_t wait_before(const struct vercel *vercel, unsigned attempts, const struct http_outcome *outcome)
{
	uint64_t random = (uint64_t)now_ms();
	int64_t asked = 0;

	if (getentropy(&random, sizeof(random)) < 0)
		random = (uint64_t)now_ms() * 6364136223846793005u; /* only spreads the load */
	if (retry_after_parse(outcome->retry_after, (int64_t)time(NULL), &asked) && asked > 0)
		return asked * 1000 + retry_delay_ms(1, vercel->retry_base_ms, random);
	return retry_delay_ms(attempts, vercel->retry_base_ms, random);
}

/* What went wrong with an answered request, in the provider's words and with what to do about it. */
static int refuse(const struct vercel *vercel, const struct call *call, struct error *error)
{
	const struct vercel_options *options = &vercel->options;
	const struct http_outcome *outcome = &call->outcome;
	const struct secret *const token = options->token;
	char *words = answer_message(outcome->status, outcome->body.bytes ? outcome->body.bytes : "",
				     outcome->body.length, &(struct answer_secrets){ &token, 1 });
	int code = ERROR_IO;

	if (outcome->status == 401)
		code = error_set(error, ERROR_CONFIGURATION,
				 "the provider does not know this VERCEL_TOKEN (%s): it is invalid or has expired; make a new one "
				 "in your account's settings, under Tokens", words);
	else if (outcome->status == 403 && options->team)
		code = error_set(error, ERROR_CONFIGURATION,
				 "VERCEL_TOKEN is invalid, or may not do this for the team '%s' (%s): look at the token's scope "
				 "and expiry, at the team's id, and at your role in the team", options->team, words);
	else if (outcome->status == 403)
		code = error_set(error, ERROR_CONFIGURATION,
				 "VERCEL_TOKEN is invalid, or may not do this (%s): look at its scope and expiry; for the keys of "
				 "a team set VERCEL_TEAM_ID or --team", words);
	else if (outcome->status == 404)
		code = error_set(error, ERROR_NOT_FOUND, "there is no such key (%s)", words);
	else if (may_pass(outcome))
		code = error_set(error, ERROR_NETWORK, "the provider could not answer: %s", words);
	else
		code = error_set(error, ERROR_IO, "the provider refused: %s", words);
	free(words);
	return code;
}

/* The attempts are over: what came of them. */
static int conclude(const struct vercel *vercel, struct call *call, struct error *error)
{
	const struct http_outcome *outcome = &call->outcome;
	const struct secret *const token = vercel->options.token;
	char *detail;

	call->unknown = call->once && may_have_acted(outcome);
	if (outcome->result == HTTP_UNFINISHED)
		return error_set(error, ERROR_INTERRUPTED, "interrupted%s", outcome->sent ? ", the answer is not known" : "");
	if (outcome->result != HTTP_ANSWERED) {
		detail = answer_words(outcome->detail ? outcome->detail : "", &(struct answer_secrets){ &token, 1 });
		error_set(error, ERROR_NETWORK, "%s: %s",
			  outcome->result == HTTP_UNTRUSTED ? "the certificate check failed" : "no answer", detail);
		free(detail);
		return ERROR_NETWORK;
	}
	if (outcome->status < 200 || outcome->status >= 300)
		return refuse(vercel, call, error);
	if (!outcome->whole)
		return error_set(error, ERROR_MALFORMED, "the answer (HTTP %u) broke off or is longer than %zu bytes",
				 outcome->status, HTTP_BODY_MAX);
	call->document = cJSON_ParseWithLength(outcome->body.bytes ? outcome->body.bytes : "", outcome->body.length);
	return 0;
}

int call_perform(struct vercel *vercel, struct call *call, struct error *error)
{
	const struct vercel_options *options = &vercel->options;
	int64_t deadline = now_ms() + retry_total_ms(options->timeout_seconds, options->retries, 1);
	struct http_outcome *outcome = &call->outcome;

	for (unsigned attempts = 1;; attempts++) {
		int64_t wait_ms;
		int code;

		if (stopped(vercel))
			return error_set(error, ERROR_INTERRUPTED, "interrupted before the %s", attempts > 1 ? "next attempt" : "request");
		code = attempt(vercel, call, (int64_t)options->timeout_seconds * 1000, error);
		if (code) {
			call->unknown = call->once && outcome->sent;
			return code;
		}
		if (attempts > options->retries || !may_pass(outcome) || (call->once && may_have_acted(outcome)))
			break;
		call->repeated |= may_have_acted(outcome);
		wait_ms = wait_before(vercel, attempts, outcome);
		if (now_ms() + wait_ms >= deadline)
			break; /* what is asked for is longer than anybody waits: the words of the answer tell */
		pause_until(vercel, now_ms() + wait_ms);
	}
	return conclude(vercel, call, error);
}
