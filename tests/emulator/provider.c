/*
 * The provider's routes, as far as its documentation tells; where it tells nothing, a comment says what was
 * chosen.
 */
#include "emulator.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void exchange_json(struct exchange *exchange, unsigned status, cJSON *document)
{
	free(exchange->answer);
	exchange->answer = cJSON_PrintUnformatted(document);
	exchange->status = status;
	cJSON_Delete(document);
}

void exchange_error(struct exchange *exchange, unsigned status, const char *code, const char *message)
{
	cJSON *document = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(document, "error");

	cJSON_AddStringToObject(error, "code", code);
	cJSON_AddStringToObject(error, "message", message);
	exchange_json(exchange, status, document);
}

const char *exchange_bearer(const struct exchange *exchange)
{
	static const char scheme[] = "Bearer ";
	const char *value = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Authorization");

	if (!value || strncmp(value, scheme, strlen(scheme)) != 0 || !value[strlen(scheme)])
		return NULL;
	return value + strlen(scheme);
}

const char *provider_reported_key(const cJSON *document)
{
	const cJSON *secret = cJSON_GetObjectItemCaseSensitive(document, "secret");

	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(secret, "api_key"));
}

cJSON *exchange_parse(const struct exchange *exchange)
{
	return cJSON_ParseWithLength(exchange->body.bytes ? exchange->body.bytes : "", exchange->body.length);
}

/*
 * POST /external/compromised_secret. What the provider answers is not documented. Chosen here: 200 and an empty
 * object for every key that is well-formed, known or not, revoked before or not, so that the answer tells nobody
 * whether a key lived; 400 for all else.
 */
static void answer_report(struct exchange *exchange)
{
	cJSON *document = exchange_parse(exchange);
	const char *key = provider_reported_key(document);

	if (!document) {
		exchange_error(exchange, 400, "bad_request", "Invalid JSON");
	} else if (!key || !key_well_formed(key)) {
		exchange_error(exchange, 400, "bad_request", "Invalid request: `secret.api_key` is no API key");
	} else {
		key_report(key);
		exchange_json(exchange, 200, cJSON_CreateObject());
	}
	cJSON_Delete(document);
}

/*
 * Whether the request carries an access token: anything but "bad" and "expired". Which status stands for none at all and
 * for one that is not valid any more is not documented: 401 here.
 */
static bool is_authorized(struct exchange *exchange)
{
	const char *token = exchange_bearer(exchange);

	if (!token)
		exchange_error(exchange, 401, "unauthorized", "The request is missing an authentication token");
	else if (strcmp(token, "expired") == 0)
		exchange_error(exchange, 401, "unauthorized", "The token is not valid any more");
	else if (strcmp(token, "bad") == 0)
		exchange_error(exchange, 403, "forbidden", "Not authorized");
	else
		return true;
	return false;
}

static const char *argument(const struct exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

static void answer_create(struct exchange *exchange)
{
	cJSON *wish = exchange_parse(exchange);
	const char *wrong = key_wish_wrong(wish);
	char *message = memory_format("Invalid request: %s", wrong ? wrong : "");

	if (wrong)
		exchange_error(exchange, 400, "bad_request", message);
	else
		exchange_json(exchange, 200, key_create(argument(exchange, "teamId"), wish));
	free(message);
	cJSON_Delete(wish);
}

/* A page's position as a cursor; null where there is no such page. */
static void add_cursor(cJSON *pagination, const char *name, bool is_there, int position)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", position);
	cJSON_AddItemToObject(pagination, name, is_there ? cJSON_CreateString(text) : cJSON_CreateNull());
}

/*
 * A page of the list. How a page is asked for is documented for other lists of the provider: `until` with the value of `next`. What a cursor
 * looks like is not: here it is the position of the page's first key.
 */
static void answer_list(struct exchange *exchange)
{
	cJSON *document = cJSON_CreateObject(), *all, *list, *pagination;
	const char *cursor = settings.ignores_cursor ? NULL : argument(exchange, "until");
	int from = cursor ? atoi(cursor) : 0, total, size;

	all = key_list(argument(exchange, "teamId"), argument(exchange, "purpose"));
	total = cJSON_GetArraySize(all);
	size = settings.page_size ? settings.page_size : total;
	list = cJSON_AddArrayToObject(document, "apiKeys");
	for (int i = from; i >= 0 && i < total && i < from + size; i++)
		cJSON_AddItemToArray(list, cJSON_Duplicate(cJSON_GetArrayItem(all, i), true));
	pagination = cJSON_AddObjectToObject(document, "pagination");
	cJSON_AddNumberToObject(pagination, "count", cJSON_GetArraySize(list));
	add_cursor(pagination, "next", from + size < total || settings.endless, from + size < total ? from + size : from);
	add_cursor(pagination, "prev", from > 0, from > size ? from - size : 0);
	cJSON_Delete(all);
	exchange_json(exchange, 200, document);
}

/* GET and DELETE /v1/api-keys/ID. The answer to a DELETE is not documented: an empty object here. */
static void answer_one(struct exchange *exchange, const char *id)
{
	cJSON *key = key_find(argument(exchange, "teamId"), id);

	if (!key) {
		exchange_error(exchange, 404, "not_found", "API key not found");
	} else if (strcmp(exchange->method, "DELETE") == 0) {
		cJSON_Delete(key);
		key_delete(id);
		exchange_json(exchange, 200, cJSON_CreateObject());
	} else {
		cJSON *document = cJSON_CreateObject();

		cJSON_AddItemToObject(document, "apiKey", key);
		exchange_json(exchange, 200, document);
	}
}

/* GET /v1/credits, of the gateway: whether a key lives. */
static void answer_credits(struct exchange *exchange)
{
	const char *key = exchange_bearer(exchange);
	cJSON *document = cJSON_CreateObject();

	if (key && key_is_alive(key)) {
		cJSON_AddStringToObject(document, "balance", "95.50");
		cJSON_AddStringToObject(document, "total_used", "4.50");
		exchange_json(exchange, 200, document);
	} else {
		cJSON *error = cJSON_AddObjectToObject(document, "error");

		cJSON_AddStringToObject(error, "message", "Invalid API key");
		cJSON_AddStringToObject(error, "type", "authentication_error");
		exchange_json(exchange, 401, document);
	}
}

void provider_answer(struct exchange *exchange)
{
	static const char keys[] = "/v1/api-keys";
	const char *method = exchange->method, *path = exchange->path;
	bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
	bool delete = strcmp(method, "DELETE") == 0;

	if (others_answer(exchange))
		return;
	if (post && strcmp(path, REPORT_PATH) == 0) {
		answer_report(exchange);
	} else if (get && strcmp(path, "/v1/credits") == 0) {
		answer_credits(exchange);
	} else if ((get || post) && strcmp(path, keys) == 0) {
		if (is_authorized(exchange))
			(get ? answer_list : answer_create)(exchange);
	} else if ((get || delete) && strncmp(path, keys, strlen(keys)) == 0 && path[strlen(keys)] == '/') {
		if (is_authorized(exchange))
			answer_one(exchange, path + strlen(keys) + 1);
	} else {
		exchange_error(exchange, 404, "not_found", "The requested resource was not found");
	}
}
