/*
 * The routes of providers other than the first, each below a folder of its name. What their documentation says is as it
 * says it (facts in rules/README.md); what it leaves open is chosen here and marked so.
 */
#include "emulator.h"

#include "rule/rule.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards revoked */
static cJSON *revoked; /* an object: the fingerprints of what was revoked */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define WORD LETTERS "0123456789_"

static bool is_revoked(const char *token)
{
	char fingerprint[SECRET_FINGERPRINT_SIZE];
	bool known;

	key_fingerprint(token, fingerprint);
	pthread_mutex_lock(&lock);
	known = cJSON_HasObjectItem(revoked, fingerprint);
	pthread_mutex_unlock(&lock);
	return known;
}

static void set_revoked(const char *token)
{
	char fingerprint[SECRET_FINGERPRINT_SIZE];

	key_fingerprint(token, fingerprint);
	pthread_mutex_lock(&lock);
	if (!revoked)
		revoked = cJSON_CreateObject();
	if (!cJSON_HasObjectItem(revoked, fingerprint))
		cJSON_AddTrueToObject(revoked, fingerprint);
	pthread_mutex_unlock(&lock);
}

void others_clear(void)
{
	pthread_mutex_lock(&lock);
	cJSON_Delete(revoked);
	revoked = NULL;
	pthread_mutex_unlock(&lock);
}

static const char *header(const struct exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

static const cJSON *credentials_of(const cJSON *document)
{
	return cJSON_GetObjectItemCaseSensitive(document, "credentials");
}

/* ---- GitHub ---- */

static bool is_github_token(const char *token)
{
	static const struct {
		const char *prefix;
		size_t length, checksum; /* behind the prefix; digits of it at the end */
	} kinds[] = { { "ghp_", 36, 6 }, { "gho_", 36, 6 }, { "ghu_", 36, 6 }, { "ghr_", 76, 6 }, { "github_pat_", 82, 0 } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t prefix = strlen(kinds[i].prefix), body = kinds[i].length - kinds[i].checksum;

		if (strncmp(token, kinds[i].prefix, prefix) == 0)
			return strlen(token + prefix) == kinds[i].length && strspn(token + prefix, WORD) == kinds[i].length &&
			       (!kinds[i].checksum || checksum_holds(CHECKSUM_CRC32_BASE62, token + prefix, body,
								     token + prefix + body, kinds[i].checksum));
	}
	return false;
}

/* 202 for all, or 422 for all: which of them is wrong it does not say. Chosen: what is well-formed is never wrong. */
static void answer_github(struct exchange *exchange)
{
	cJSON *document = exchange_parse(exchange);
	const cJSON *list = credentials_of(document), *item;
	bool valid = cJSON_IsArray(list) && cJSON_GetArraySize(list) >= 1 && cJSON_GetArraySize(list) <= 1000;

	cJSON_ArrayForEach(item, list)
		valid = valid && cJSON_IsString(item) && is_github_token(item->valuestring);
	if (header(exchange, "Authorization")) {
		exchange_error(exchange, 403, "forbidden", "Authenticated requests are refused");
	} else if (!valid) {
		exchange_error(exchange, 422, "validation_failed", "Validation failed, or the endpoint has been spammed.");
	} else {
		cJSON_ArrayForEach(item, list)
			set_revoked(item->valuestring);
		exchange->status = 202;
	}
	cJSON_Delete(document);
}

/* ---- Hugging Face ---- */

/* 202 whatever they are. */
static void answer_huggingface(struct exchange *exchange)
{
	cJSON *document = exchange_parse(exchange);
	const cJSON *list = credentials_of(document), *item;

	cJSON_ArrayForEach(item, list) {
		if (cJSON_IsString(item))
			set_revoked(item->valuestring);
	}
	exchange->status = cJSON_IsArray(list) ? 202 : 400;
	cJSON_Delete(document);
}

/* ---- OpenAI ---- */

/* Nothing about its answers is documented. Chosen: 200 and an empty object. */
static void answer_openai(struct exchange *exchange)
{
	cJSON *document = exchange_parse(exchange);
	const char *key = provider_reported_key(document);

	if (key && strncmp(key, "sk-", 3) == 0) {
		set_revoked(key);
		exchange_json(exchange, 200, cJSON_CreateObject());
	} else {
		exchange_error(exchange, 400, "bad_request", "no such key");
	}
	cJSON_Delete(document);
}

/* ---- who revokes itself ---- */

static void answer_gitlab(struct exchange *exchange)
{
	const char *token = header(exchange, "PRIVATE-TOKEN");

	if (!token || strncmp(token, "glpat-", 6) != 0 || is_revoked(token)) {
		exchange_error(exchange, 401, "unauthorized", "401 Unauthorized");
		return;
	}
	set_revoked(token);
	exchange->status = 204;
}

/* HTTP 200 whatever happened. */
static void answer_slack(struct exchange *exchange)
{
	const char *token = exchange_bearer(exchange);
	cJSON *document = cJSON_CreateObject();
	bool known = token && strncmp(token, "xox", 3) == 0, dead = known && is_revoked(token);

	cJSON_AddBoolToObject(document, "ok", known && !dead);
	if (known && !dead) {
		cJSON_AddTrueToObject(document, "revoked");
		set_revoked(token);
	} else {
		cJSON_AddStringToObject(document, "error", dead ? "token_revoked" : "invalid_auth");
	}
	exchange_json(exchange, 200, document);
}

static void answer_vercel(struct exchange *exchange)
{
	const char *token = exchange_bearer(exchange);
	cJSON *document;

	if (!token || strncmp(token, "vcp_", 4) != 0 || is_revoked(token)) {
		exchange_error(exchange, 403, "forbidden", "Not authorized");
		return;
	}
	set_revoked(token);
	document = cJSON_CreateObject();
	cJSON_AddStringToObject(document, "tokenId", "token_emulator");
	exchange_json(exchange, 200, document);
}

/* Whether a Bearer token is alive. */
static void answer_alive(struct exchange *exchange)
{
	const char *token = exchange_bearer(exchange);

	if (token && !is_revoked(token))
		exchange_json(exchange, 200, cJSON_CreateObject());
	else
		exchange_error(exchange, 401, "unauthorized", "Invalid credentials");
}

static const struct route {
	const char *method, *path;
	void (*answer)(struct exchange *exchange);
} routes[] = {
	{ "POST", "/github/credentials/revoke", answer_github },
	{ "POST", "/huggingface/api/credentials/revoke", answer_huggingface },
	{ "GET", "/huggingface/api/whoami-v2", answer_alive },
	{ "POST", "/openai/external/compromised_secret", answer_openai },
	{ "GET", "/openai/v1/models", answer_alive },
	{ "DELETE", "/gitlab/api/v4/personal_access_tokens/self", answer_gitlab },
	{ "POST", "/slack/api/auth.revoke", answer_slack },
	{ "DELETE", "/vercel/v3/user/tokens/current", answer_vercel },
};

static const struct route *find_route(const struct exchange *exchange)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(exchange->method, routes[i].method) == 0 && strcmp(exchange->path, routes[i].path) == 0)
			return &routes[i];
	}
	return NULL;
}

bool others_answer(struct exchange *exchange)
{
	const struct route *route = find_route(exchange);

	if (route)
		route->answer(exchange);
	return route != NULL;
}

static void add_fingerprint(cJSON *list, const char *token)
{
	char fingerprint[SECRET_FINGERPRINT_SIZE];

	key_fingerprint(token, fingerprint);
	cJSON_AddItemToArray(list, cJSON_CreateString(fingerprint));
}

cJSON *others_fingerprints(const struct exchange *exchange, const cJSON *document)
{
	const char *token = exchange_bearer(exchange);
	cJSON *list;
	const cJSON *item;

	if (!find_route(exchange) || strcmp(exchange->method, "GET") == 0)
		return NULL;
	list = cJSON_CreateArray();
	if (!token)
		token = header(exchange, "PRIVATE-TOKEN");
	if (!token)
		token = provider_reported_key(document);
	if (token)
		add_fingerprint(list, token);
	cJSON_ArrayForEach(item, credentials_of(document)) {
		if (cJSON_IsString(item))
			add_fingerprint(list, item->valuestring);
	}
	return list;
}
