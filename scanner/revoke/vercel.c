/*
 * The calls of /v1/api-keys: one request at a time, over http.h, with the waits of retry.h.
 */
#define _GNU_SOURCE
#include "revoke/vercel.h"

#include "base/memory.h"
#include "revoke/answer.h"
#include "revoke/http.h"
#include "revoke/request.h"
#include "revoke/retry.h"
#include "revoke/revoke.h"
#include "revoke/url.h"

#include <assert.h>
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

/* A call and, once it is over, its answer. */
struct call {
	const char *method; /* static */
	struct buffer path; /* with the query */
	struct buffer body; /* JSON, or nothing */
	bool once;          /* not to be repeated unless the provider cannot have acted on it */
	bool unknown;       /* of one that is `once` and failed: it may have acted */
	bool repeated;      /* after an attempt on which the provider may have acted */
	struct http_outcome outcome;
	cJSON *document; /* owned: the body of a 2xx answer; NULL for none */
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

static void add_argument(struct buffer *path, const char *name, const char *value)
{
	if (!value)
		return;
	buffer_add_format(path, "%c%s=", strchr(path->bytes, '?') ? '&' : '?', name);
	add_escaped(path, value);
}

static struct call call_make(const struct vercel *vercel, const char *method, const char *id)
{
	struct call call = { .method = method, .path = BUFFER_INIT };

	buffer_add_string(&call.path, KEYS_PATH);
	if (id) {
		buffer_add_char(&call.path, '/');
		add_escaped(&call.path, id);
	}
	add_argument(&call.path, "teamId", vercel->options.team);
	return call;
}

static void call_release(struct call *call)
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
	char *words = answer_message(outcome->status, outcome->body.bytes ? outcome->body.bytes : "",
				     outcome->body.length, options->token);
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
	char *detail;

	call->unknown = call->once && may_have_acted(outcome);
	if (outcome->result == HTTP_UNFINISHED)
		return error_set(error, ERROR_INTERRUPTED, "interrupted%s", outcome->sent ? ", the answer is not known" : "");
	if (outcome->result != HTTP_ANSWERED) {
		detail = answer_words(outcome->detail ? outcome->detail : "", vercel->options.token);
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

/* Make the call, with as many attempts as it may have. */
static int perform(struct vercel *vercel, struct call *call, struct error *error)
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

/* ---- the calls ---- */

static int take_keys(struct vercel_key_list *list, const cJSON *keys, size_t *added, struct error *error)
{
	const cJSON *item;

	*added = 0;
	if (!cJSON_IsArray(keys))
		return error_set(error, ERROR_MALFORMED, "the answer is not a list of keys");
	cJSON_ArrayForEach(item, keys) {
		struct vercel_key key;

		if (vercel_key_read(&key, item, error))
			return ERROR_MALFORMED;
		if (vercel_key_list_find(list, key.id)) { /* keys made meanwhile move others to the next page */
			vercel_key_release(&key);
			continue;
		}
		if (list->count >= VERCEL_KEYS_MAX) {
			vercel_key_release(&key);
			return error_set(error, ERROR_LIMIT, "the provider lists more than %d keys", VERCEL_KEYS_MAX);
		}
		memory_grow(list->keys, list->count, list->capacity);
		list->keys[list->count++] = key;
		++*added;
	}
	return 0;
}

/* The cursor of the next page, owned by the caller; NULL: this was the last. A number or a text (both are documented). */
static char *next_cursor(const cJSON *document)
{
	const cJSON *pagination = cJSON_GetObjectItemCaseSensitive(document, "pagination");
	const cJSON *next = cJSON_GetObjectItemCaseSensitive(pagination, "next");

	if (cJSON_IsNumber(next))
		return memory_format("%.0f", next->valuedouble);
	return memory_copy_string(cJSON_GetStringValue(next));
}

/* One page, and *cursor moved on. */
static int list_page(struct vercel *vercel, struct vercel_key_list *list, char **cursor, struct error *error)
{
	struct call call = call_make(vercel, "GET", NULL);
	size_t added;
	int code;

	add_argument(&call.path, "purpose", "ai-gateway");
	add_argument(&call.path, "until", *cursor);
	code = perform(vercel, &call, error);
	if (!code)
		code = take_keys(list, cJSON_GetObjectItemCaseSensitive(call.document, "apiKeys"), &added, error);
	if (!code) {
		free(*cursor);
		*cursor = next_cursor(call.document);
		if (*cursor && !added)
			code = error_set(error, ERROR_MALFORMED, "the provider's list does not end: a page brought no new key and names another page");
	}
	call_release(&call);
	return code;
}

int vercel_list(struct vercel *vercel, struct vercel_key_list *list, struct error *error)
{
	char *cursor = NULL;
	unsigned pages = 0;
	int code;

	*list = (struct vercel_key_list){ 0 };
	do {
		code = list_page(vercel, list, &cursor, error);
		if (!code && cursor && ++pages >= VERCEL_PAGES_MAX)
			code = error_set(error, ERROR_LIMIT, "the provider's list has more than %d pages", VERCEL_PAGES_MAX);
	} while (!code && cursor);
	free(cursor);
	if (code)
		vercel_key_list_release(list);
	return code;
}

int vercel_get(struct vercel *vercel, const char *id, struct vercel_key *key, struct error *error)
{
	struct call call = call_make(vercel, "GET", id);
	int code = perform(vercel, &call, error);

	*key = (struct vercel_key){ 0 };
	if (!code)
		code = vercel_key_read(key, cJSON_GetObjectItemCaseSensitive(call.document, "apiKey"), error);
	if (!code && strcmp(key->id, id) != 0) {
		code = error_set(error, ERROR_MALFORMED, "asked for key '%s', the provider describes '%s'", id, key->id);
		vercel_key_release(key);
	}
	call_release(&call);
	return code;
}

int vercel_delete(struct vercel *vercel, const char *id, struct error *error)
{
	struct call call = call_make(vercel, "DELETE", id);
	struct error why;
	int code = perform(vercel, &call, &why);

	if (code == ERROR_NOT_FOUND && call.repeated)
		code = 0; /* an attempt whose answer was lost has done it */
	if (code)
		*error = why;
	call_release(&call);
	return code;
}

/*
 * Take the key's string out of the answer and overwrite what cJSON keeps of it. NULL: there is none, or it is none that anybody could
 * hand over on one line.
 */
static struct secret *take_string(const cJSON *document)
{
	char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, "apiKeyString"));
	size_t length = text ? strlen(text) : 0;
	struct secret *secret = NULL;
	bool sound = length && length <= SECRET_SIZE_MAX;

	for (size_t i = 0; sound && i < length; i++)
		sound = text[i] > ' ' && text[i] < 0x7f;
	if (sound)
		secret = secret_new(text, length);
	if (text)
		explicit_bzero(text, length);
	return secret;
}

static int take_created(const struct call *call, struct secret **secret, struct vercel_key *created, struct error *error)
{
	*secret = take_string(call->document);
	if (vercel_key_read(created, cJSON_GetObjectItemCaseSensitive(call->document, "apiKey"), error)) {
		secret_free(*secret);
		*secret = NULL;
		return ERROR_MALFORMED;
	}
	if (*secret)
		return 0;
	error_set(error, ERROR_MALFORMED, "the answer about the new key '%s' does not hold the key itself", created->id);
	vercel_key_release(created);
	return ERROR_MALFORMED;
}

int vercel_create(struct vercel *vercel, const struct vercel_key *wish, struct secret **secret,
		  struct vercel_key *created, bool *unknown, struct error *error)
{
	struct call call = call_make(vercel, "POST", NULL);
	cJSON *document = vercel_key_wish(wish);
	char *body = cJSON_PrintUnformatted(document);
	int code;

	*secret = NULL;
	*created = (struct vercel_key){ 0 };
	buffer_add_string(&call.body, body);
	cJSON_free(body);
	cJSON_Delete(document);
	call.once = true;
	code = perform(vercel, &call, error);
	*unknown = call.unknown;
	if (!code) {
		code = take_created(&call, secret, created, error);
		*unknown = code != 0;
	}
	call_release(&call);
	return code;
}
