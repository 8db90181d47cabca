/*
 * The calls of /v1/api-keys, and what their answers say.
 */
#define _GNU_SOURCE
#include "revoke/vercel.h"

#include "base/memory.h"
#include "revoke/vercel_call.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

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

	call_add_argument(&call, "purpose", "ai-gateway");
	call_add_argument(&call, "until", *cursor);
	code = call_perform(vercel, &call, error);
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
	int code = call_perform(vercel, &call, error);

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
	int code = call_perform(vercel, &call, &why);

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
	code = call_perform(vercel, &call, error);
	*unknown = call.unknown;
	if (!code) {
		code = take_created(&call, secret, created, error);
		*unknown = code != 0;
	}
	call_release(&call);
	return code;
}
