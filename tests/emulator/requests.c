#include "emulator.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards both */
static cJSON *requests; /* an array */
static cJSON *counts;   /* an object */

static atomic_int under_way; /* requests that are not answered yet */

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void add_text(cJSON *object, const char *name, const char *text)
{
	cJSON_AddItemToObject(object, name, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static const char *header(const struct exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

static const char *member(const cJSON *document, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, name));
}

/* One more report of this key. */
static void count(const char *fingerprint)
{
	cJSON *number = cJSON_GetObjectItemCaseSensitive(counts, fingerprint);

	if (!counts)
		counts = cJSON_CreateObject();
	if (number)
		cJSON_SetNumberValue(number, number->valuedouble + 1);
	else
		cJSON_AddNumberToObject(counts, fingerprint, 1);
}

void requests_add(const struct exchange *exchange)
{
	cJSON *document = exchange_parse(exchange), *told = others_fingerprints(exchange, document);
	const char *key = provider_reported_key(document);
	char fingerprint[SECRET_FINGERPRINT_SIZE] = "";
	cJSON *request = cJSON_CreateObject(), *item;

	if (key)
		key_fingerprint(key, fingerprint);
	add_text(request, "method", exchange->method);
	add_text(request, "path", exchange->path);
	add_text(request, "content_type", header(exchange, "Content-Type"));
	add_text(request, "user_agent", header(exchange, "User-Agent"));
	add_text(request, "expect", header(exchange, "Expect"));
	cJSON_AddBoolToObject(request, "authorization", header(exchange, "Authorization") != NULL);
	add_text(request, "team", MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, "teamId"));
	add_text(request, "fingerprint", key ? fingerprint : NULL);
	cJSON_AddBoolToObject(request, "shape_ok", key && key_well_formed(key));
	add_text(request, "reporter_email", member(document, "reporter_email"));
	add_text(request, "comment", member(document, "comment"));
	add_text(request, "accept", header(exchange, "Accept"));
	cJSON_AddItemToObject(request, "fingerprints", told ? told : cJSON_CreateNull());
	cJSON_AddNumberToObject(request, "at_ms", milliseconds());
	cJSON_AddNumberToObject(request, "at_once", atomic_fetch_add(&under_way, 1) + 1);
	pthread_mutex_lock(&lock);
	if (!requests)
		requests = cJSON_CreateArray();
	cJSON_AddItemToArray(requests, request);
	if (key && !told)
		count(fingerprint);
	cJSON_ArrayForEach(item, told)
		count(item->valuestring);
	pthread_mutex_unlock(&lock);
	cJSON_Delete(document);
}

void requests_done(void)
{
	atomic_fetch_sub(&under_way, 1);
}

cJSON *requests_list(void)
{
	cJSON *copy;

	pthread_mutex_lock(&lock);
	copy = requests ? cJSON_Duplicate(requests, true) : cJSON_CreateArray();
	pthread_mutex_unlock(&lock);
	return copy;
}

cJSON *requests_counts(void)
{
	cJSON *copy;

	pthread_mutex_lock(&lock);
	copy = counts ? cJSON_Duplicate(counts, true) : cJSON_CreateObject();
	pthread_mutex_unlock(&lock);
	return copy;
}

void requests_clear(void)
{
	pthread_mutex_lock(&lock);
	cJSON_Delete(requests);
	cJSON_Delete(counts);
	requests = counts = NULL;
	pthread_mutex_unlock(&lock);
}
