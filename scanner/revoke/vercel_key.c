/*
 * A key's description, from the provider's JSON and back.
 */
#define _GNU_SOURCE
#include "revoke/vercel.h"

#include "base/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TIME_MAX_MS 253402300799999 /* 9999-12-31T23:59:59.999Z */

void vercel_key_release(struct vercel_key *key)
{
	free(key->id);
	free(key->name);
	free(key->partial);
	free(key->project);
	free(key->leaked_url);
	free(key->metadata);
	free(key->quota.refresh);
	*key = (struct vercel_key){ 0 };
}

void vercel_key_copy(struct vercel_key *to, const struct vercel_key *from)
{
	*to = *from;
	to->id = memory_copy_string(from->id);
	to->name = memory_copy_string(from->name);
	to->partial = memory_copy_string(from->partial);
	to->project = memory_copy_string(from->project);
	to->leaked_url = memory_copy_string(from->leaked_url);
	to->metadata = memory_copy_string(from->metadata);
	to->quota.refresh = memory_copy_string(from->quota.refresh);
}

bool vercel_key_was_used(const struct vercel_key *key)
{
	return key->active_at > key->created_at;
}

bool vercel_key_is_tail_of(const struct vercel_key *key, const struct secret *secret)
{
	size_t length = key->partial ? strlen(key->partial) : 0, whole = secret_length(secret);

	return length >= VERCEL_PARTIAL_MIN && length <= whole &&
	       memcmp(secret_bytes(secret) + whole - length, key->partial, length) == 0;
}

bool vercel_id_is_sound(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t length = strlen(text);

	return length && length <= VERCEL_ID_MAX && strspn(text, allowed) == length && strncmp(text, "vck_", 4) != 0;
}

/* ---- reading ---- */

/* What reads one object: the first member of a wrong type ends it. */
struct reader {
	const cJSON *object;
	const char *wrong; /* its name; NULL: none so far */
};

static const cJSON *member(const struct reader *reader, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(reader->object, name);

	return cJSON_IsNull(item) ? NULL : item;
}

static char *read_text(struct reader *reader, const char *name)
{
	const cJSON *item = member(reader, name);

	if (item && !cJSON_IsString(item))
		reader->wrong = name;
	return memory_copy_string(cJSON_GetStringValue(item));
}

static double read_number(struct reader *reader, const char *name)
{
	const cJSON *item = member(reader, name);

	if (item && (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)))
		reader->wrong = name;
	return item && !reader->wrong ? item->valuedouble : 0;
}

static int64_t read_time(struct reader *reader, const char *name)
{
	double number = read_number(reader, name);

	if (number >= 0 && number <= (double)TIME_MAX_MS)
		return (int64_t)number;
	reader->wrong = name;
	return 0;
}

static bool read_flag(struct reader *reader, const char *name)
{
	const cJSON *item = member(reader, name);

	if (item && !cJSON_IsBool(item))
		reader->wrong = name;
	return cJSON_IsTrue(item);
}

static void read_thresholds(struct reader *reader, struct vercel_quota *quota)
{
	const cJSON *list = member(reader, "alertThresholds"), *item;

	if (list && !cJSON_IsArray(list))
		reader->wrong = "alertThresholds";
	cJSON_ArrayForEach(item, list) {
		if (!cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble > 100 ||
		    quota->threshold_count == VERCEL_THRESHOLDS_MAX)
			reader->wrong = "alertThresholds";
		else
			quota->thresholds[quota->threshold_count++] = (int)item->valuedouble;
	}
}

static void read_quota(struct reader *key_reader, struct vercel_quota *quota)
{
	struct reader reader = { .object = member(key_reader, "quota") };

	if (!reader.object)
		return;
	quota->present = true;
	quota->limit = read_number(&reader, "limitAmount");
	quota->spent = read_number(&reader, "currentSpend");
	quota->byok_spent = read_number(&reader, "currentByokSpend");
	quota->include_byok = read_flag(&reader, "includeByokInQuota");
	quota->refresh = read_text(&reader, "refreshPeriod");
	read_thresholds(&reader, quota);
	if (reader.wrong || !cJSON_IsObject(reader.object))
		key_reader->wrong = "quota";
}

int vercel_key_read(struct vercel_key *key, const cJSON *object, struct error *error)
{
	struct reader reader = { .object = object };
	const cJSON *metadata;

	*key = (struct vercel_key){ 0 };
	if (!cJSON_IsObject(object))
		return error_set(error, ERROR_MALFORMED, "a key's description is not a JSON object");
	key->id = read_text(&reader, "id");
	key->name = read_text(&reader, "name");
	key->partial = read_text(&reader, "partialKey");
	key->project = read_text(&reader, "projectId");
	key->leaked_url = read_text(&reader, "leakedUrl");
	key->created_at = read_time(&reader, "createdAt");
	key->active_at = read_time(&reader, "activeAt");
	key->expires_at = read_time(&reader, "expiresAt");
	key->leaked_at = read_time(&reader, "leakedAt");
	read_quota(&reader, &key->quota);
	metadata = member(&reader, "metadata");
	if (metadata) {
		char *spelled = cJSON_PrintUnformatted(metadata);

		key->metadata = memory_copy_string(spelled);
		cJSON_free(spelled);
	}
	if (!reader.wrong && (!key->id || !vercel_id_is_sound(key->id)))
		reader.wrong = "id";
	if (!reader.wrong)
		return 0;
	vercel_key_release(key);
	return error_set(error, ERROR_MALFORMED, "a key's '%s' is not as documented", reader.wrong);
}

/* ---- writing ---- */

static void add_text(cJSON *object, const char *name, const char *text)
{
	if (text)
		cJSON_AddStringToObject(object, name, text);
}

static void add_time(cJSON *object, const char *name, int64_t time)
{
	if (time)
		cJSON_AddNumberToObject(object, name, (double)time);
}

static void add_quota(cJSON *object, const char *name, const struct vercel_quota *quota)
{
	cJSON *item, *thresholds;

	if (!quota->present)
		return;
	item = cJSON_AddObjectToObject(object, name);
	cJSON_AddNumberToObject(item, "limitAmount", quota->limit);
	cJSON_AddBoolToObject(item, "includeByokInQuota", quota->include_byok);
	add_text(item, "refreshPeriod", quota->refresh);
	if (!quota->threshold_count)
		return;
	thresholds = cJSON_AddArrayToObject(item, "alertThresholds");
	for (size_t i = 0; i < quota->threshold_count; i++)
		cJSON_AddItemToArray(thresholds, cJSON_CreateNumber(quota->thresholds[i]));
}

/* What a wish and a description have in common; the budget has another name in each. */
static cJSON *write_common(const struct vercel_key *key, const char *quota_name)
{
	cJSON *object = cJSON_CreateObject();

	add_text(object, "name", key->name);
	add_text(object, "projectId", key->project);
	add_time(object, "expiresAt", key->expires_at);
	add_quota(object, quota_name, &key->quota);
	if (key->metadata)
		cJSON_AddItemToObject(object, "metadata", cJSON_Parse(key->metadata));
	return object;
}

cJSON *vercel_key_write(const struct vercel_key *key)
{
	cJSON *object = write_common(key, "quota");

	add_text(object, "id", key->id);
	add_text(object, "partialKey", key->partial);
	add_time(object, "createdAt", key->created_at);
	add_time(object, "activeAt", key->active_at);
	add_time(object, "leakedAt", key->leaked_at);
	return object;
}

cJSON *vercel_key_wish(const struct vercel_key *key)
{
	cJSON *object = write_common(key, "aiGatewayQuota");

	cJSON_AddStringToObject(object, "purpose", "ai-gateway");
	return object;
}

/* ---- lists ---- */

void vercel_key_list_release(struct vercel_key_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		vercel_key_release(&list->keys[i]);
	free(list->keys);
	*list = (struct vercel_key_list){ 0 };
}

const struct vercel_key *vercel_key_list_find(const struct vercel_key_list *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->keys[i].id, id) == 0)
			return &list->keys[i];
	}
	return NULL;
}
