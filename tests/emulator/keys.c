#include "emulator.h"

#include "base/memory.h"
#include "rule/rule.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "vck_"
#define RANDOM_LENGTH 50
#define CHECKSUM_LENGTH 6
#define KEY_LENGTH (strlen(PREFIX) + RANDOM_LENGTH + CHECKSUM_LENGTH)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct key {
	char text[64];
	bool revoked;
	cJSON *object; /* owned: the provider's apiKey; NULL once deleted, and when only a report of it is known */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static struct key *keys;
static size_t key_count, key_capacity;

/* No two calls give the same. */
static double milliseconds(void)
{
	static double last; /* guarded by lock */
	struct timespec now;
	double value;

	clock_gettime(CLOCK_REALTIME, &now);
	value = (double)now.tv_sec * 1000 + (double)(now.tv_nsec / 1000000);
	last = value > last ? value : last + 1;
	return last;
}

bool key_well_formed(const char *key)
{
	if (strlen(key) != KEY_LENGTH || strncmp(key, PREFIX, strlen(PREFIX)) != 0)
		return false;
	return strspn(key + strlen(PREFIX), alphabet) == RANDOM_LENGTH + CHECKSUM_LENGTH &&
	       strcspn(key + strlen(PREFIX) + RANDOM_LENGTH, "-_") == CHECKSUM_LENGTH;
}

void key_fingerprint(const char *key, char hex[SECRET_FINGERPRINT_SIZE])
{
	size_t length = strlen(key);
	struct secret *secret;

	hex[0] = '\0';
	if (!length || length > SECRET_SIZE_MAX)
		return;
	secret = secret_new(key, length);
	secret_fingerprint(secret, hex);
	secret_free(secret);
}

static void fill_random(char *text, size_t length)
{
	unsigned char bytes[RANDOM_LENGTH];

	if (length > sizeof(bytes) || getentropy(bytes, length) < 0)
		abort();
	for (size_t i = 0; i < length; i++)
		text[i] = alphabet[bytes[i] % 64];
	text[length] = '\0';
}

/* ---- what is wished for ---- */

static bool is_one_of(const cJSON *member, const char *const *texts, size_t count)
{
	const char *text = cJSON_GetStringValue(member);

	for (size_t i = 0; text && i < count; i++) {
		if (strcmp(text, texts[i]) == 0)
			return true;
	}
	return false;
}

static bool is_known(const cJSON *object, const char *const *names, size_t count)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, object) {
		bool known = false;

		for (size_t i = 0; i < count; i++)
			known |= strcmp(member->string, names[i]) == 0;
		if (!known)
			return false;
	}
	return true;
}

static const char *quota_wrong(const cJSON *quota)
{
	static const char *const names[] = { "limitAmount", "includeByokInQuota", "refreshPeriod", "alertThresholds" };
	static const char *const periods[] = { "daily", "weekly", "monthly", "none" };
	const cJSON *limit = cJSON_GetObjectItemCaseSensitive(quota, "limitAmount"), *threshold;
	const cJSON *byok = cJSON_GetObjectItemCaseSensitive(quota, "includeByokInQuota");
	const cJSON *refresh = cJSON_GetObjectItemCaseSensitive(quota, "refreshPeriod");

	if (!cJSON_IsObject(quota) || !is_known(quota, names, 4))
		return "`aiGatewayQuota` has an unknown member";
	if (!cJSON_IsNumber(limit) || limit->valuedouble <= 0)
		return "`aiGatewayQuota.limitAmount` should be a number above 0";
	if (byok && !cJSON_IsBool(byok))
		return "`aiGatewayQuota.includeByokInQuota` should be boolean";
	if (refresh && !is_one_of(refresh, periods, 4))
		return "`aiGatewayQuota.refreshPeriod` should be daily, weekly, monthly or none";
	cJSON_ArrayForEach(threshold, cJSON_GetObjectItemCaseSensitive(quota, "alertThresholds")) {
		if (threshold->valueint != 50 && threshold->valueint != 75 && threshold->valueint != 100)
			return "`aiGatewayQuota.alertThresholds` should be of 50, 75 and 100";
	}
	return NULL;
}

const char *key_wish_wrong(const cJSON *wish)
{
	static const char *const names[] = { "purpose", "name", "projectId", "expiresAt", "aiGatewayQuota", "metadata" };
	static const char *const purposes[] = { "ai-gateway" };
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(wish, "name");
	const cJSON *project = cJSON_GetObjectItemCaseSensitive(wish, "projectId");
	const cJSON *expires = cJSON_GetObjectItemCaseSensitive(wish, "expiresAt");
	const cJSON *quota = cJSON_GetObjectItemCaseSensitive(wish, "aiGatewayQuota");

	if (!is_one_of(cJSON_GetObjectItemCaseSensitive(wish, "purpose"), purposes, 1))
		return "`purpose` is not \"ai-gateway\"";
	if (!is_known(wish, names, 6))
		return "unknown member";
	if (name && !cJSON_IsString(name))
		return "`name` should be string";
	if (project && !cJSON_IsString(project))
		return "`projectId` should be string";
	if (expires && (!cJSON_IsNumber(expires) || expires->valuedouble <= (double)time(NULL) * 1000))
		return "`expiresAt` should be a time to come, in milliseconds";
	return quota ? quota_wrong(quota) : NULL;
}

/* ---- keys ---- */

/* A member of the wish, or null. */
static void copy_member(cJSON *object, const cJSON *wish, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(wish, name);

	cJSON_AddItemToObject(object, name, member ? cJSON_Duplicate(member, true) : cJSON_CreateNull());
}

static void describe_quota(cJSON *object, const char *id, const cJSON *wish, double now)
{
	cJSON *quota = cJSON_Duplicate(wish, true);
	char entity[64];

	snprintf(entity, sizeof(entity), "api_key_id_%s", id);
	cJSON_AddStringToObject(quota, "quotaEntityId", entity);
	cJSON_AddNumberToObject(quota, "currentSpend", 12.5);
	cJSON_AddNumberToObject(quota, "currentByokSpend", 0.25);
	if (!cJSON_HasObjectItem(quota, "includeByokInQuota"))
		cJSON_AddFalseToObject(quota, "includeByokInQuota");
	if (!cJSON_HasObjectItem(quota, "refreshPeriod"))
		cJSON_AddStringToObject(quota, "refreshPeriod", "none");
	cJSON_AddTrueToObject(quota, "active");
	cJSON_AddFalseToObject(quota, "archived");
	cJSON_AddNumberToObject(quota, "createdAt", now);
	cJSON_AddNumberToObject(quota, "updatedAt", now);
	cJSON_AddItemToObject(object, "quota", quota);
}

static cJSON *describe(const char *text, const char *team, const cJSON *wish)
{
	cJSON *object = cJSON_CreateObject();
	const cJSON *quota = cJSON_GetObjectItemCaseSensitive(wish, "aiGatewayQuota");
	const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(wish, "metadata");
	double now = milliseconds();
	char id[32] = "key_";

	fill_random(id + strlen(id), 20);
	cJSON_AddStringToObject(object, "id", id);
	copy_member(object, wish, "name");
	cJSON_AddStringToObject(object, "partialKey", text + KEY_LENGTH - settings.partial_length);
	cJSON_AddItemToObject(object, "teamId", team ? cJSON_CreateString(team) : cJSON_CreateNull());
	copy_member(object, wish, "purpose");
	copy_member(object, wish, "projectId");
	copy_member(object, wish, "expiresAt");
	cJSON_AddNullToObject(object, "activeAt");
	cJSON_AddNumberToObject(object, "createdAt", now);
	cJSON_AddStringToObject(object, "createdBy", "user_emulator");
	cJSON_AddNullToObject(object, "leakedAt");
	cJSON_AddNullToObject(object, "leakedUrl");
	cJSON_AddNullToObject(object, "createdByAppId");
	if (quota)
		describe_quota(object, id, quota, now);
	if (metadata)
		cJSON_AddItemToObject(object, "metadata", cJSON_Duplicate(metadata, true));
	return object;
}

static struct key *key_add(const char *text)
{
	memory_grow(keys, key_count, key_capacity);
	keys[key_count] = (struct key){ .object = NULL };
	snprintf(keys[key_count].text, sizeof(keys[key_count].text), "%s", text);
	return &keys[key_count++];
}

static struct key *find_text(const char *text)
{
	for (size_t i = 0; i < key_count; i++) {
		if (strcmp(keys[i].text, text) == 0)
			return &keys[i];
	}
	return NULL;
}

static const char *key_text(const struct key *key, const char *member)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(key->object, member));

	return text ? text : "";
}

static struct key *find_id(const char *id)
{
	for (size_t i = 0; i < key_count; i++) {
		if (keys[i].object && strcmp(key_text(&keys[i], "id"), id) == 0)
			return &keys[i];
	}
	return NULL;
}

cJSON *key_create(const char *team, const cJSON *wish)
{
	cJSON *answer = cJSON_CreateObject();
	char text[sizeof(((struct key *)0)->text)] = PREFIX;
	char *random = text + strlen(PREFIX);
	struct key *key;

	fill_random(random, RANDOM_LENGTH);
	checksum_write(CHECKSUM_CRC32_BASE62, random, RANDOM_LENGTH, random + RANDOM_LENGTH, CHECKSUM_LENGTH);
	random[RANDOM_LENGTH + CHECKSUM_LENGTH] = '\0';
	pthread_mutex_lock(&lock);
	key = key_add(text);
	key->object = describe(text, team, wish);
	cJSON_AddStringToObject(answer, "apiKeyString", text);
	cJSON_AddItemToObject(answer, "apiKey", cJSON_Duplicate(key->object, true));
	pthread_mutex_unlock(&lock);
	return answer;
}

void key_report(const char *text)
{
	struct key *key;

	pthread_mutex_lock(&lock);
	key = find_text(text);
	if (!key)
		key = key_add(text);
	if (!key->revoked && key->object && settings.reported == REPORTED_VANISHES) {
		cJSON_Delete(key->object);
		key->object = NULL;
	} else if (!key->revoked && key->object && settings.reported == REPORTED_MARKED)
		cJSON_ReplaceItemInObjectCaseSensitive(key->object, "leakedAt",
						       cJSON_CreateNumber(milliseconds()));
	key->revoked = true;
	pthread_mutex_unlock(&lock);
}

static bool has_expired(const struct key *key)
{
	const cJSON *expires = cJSON_GetObjectItemCaseSensitive(key->object, "expiresAt");

	return cJSON_IsNumber(expires) && expires->valuedouble <= (double)time(NULL) * 1000;
}

bool key_is_alive(const char *text)
{
	const struct key *key;
	bool alive;

	pthread_mutex_lock(&lock);
	key = find_text(text);
	alive = key && !key->revoked && !has_expired(key);
	if (alive && key->object)
		cJSON_ReplaceItemInObjectCaseSensitive(key->object, "activeAt", cJSON_CreateNumber(milliseconds()));
	pthread_mutex_unlock(&lock);
	return alive;
}

cJSON *key_find(const char *team, const char *id)
{
	const struct key *key;
	cJSON *object;

	pthread_mutex_lock(&lock);
	key = find_id(id);
	if (key && team && strcmp(key_text(key, "teamId"), team) != 0)
		key = NULL;
	object = key ? cJSON_Duplicate(key->object, true) : NULL;
	pthread_mutex_unlock(&lock);
	return object;
}

bool key_delete(const char *id)
{
	struct key *key;

	pthread_mutex_lock(&lock);
	key = find_id(id);
	if (key) {
		key->revoked = true;
		cJSON_Delete(key->object);
		key->object = NULL;
	}
	pthread_mutex_unlock(&lock);
	return key != NULL;
}

cJSON *key_list(const char *team, const char *purpose)
{
	cJSON *list = cJSON_CreateArray();

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < key_count; i++) {
		if (!keys[i].object || (team && strcmp(key_text(&keys[i], "teamId"), team) != 0) ||
		    (purpose && strcmp(key_text(&keys[i], "purpose"), purpose) != 0))
			continue;
		cJSON_AddItemToArray(list, cJSON_Duplicate(keys[i].object, true));
	}
	pthread_mutex_unlock(&lock);
	return list;
}

void keys_clear(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < key_count; i++)
		cJSON_Delete(keys[i].object);
	key_count = 0;
	pthread_mutex_unlock(&lock);
}
