/*
 * What a rule says of its provider beside the requests themselves: how many credentials one takes, what its answers
 * mean, how it is asked whether a credential is dead.
 */
#include "rule/parse.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 10000

bool rule_status_listed(const struct rule_status_list *list, unsigned status)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->codes[i] == status)
			return true;
	}
	return false;
}

/* Read a list of status codes. others (other_count of them) are lists that must not have any of them. */
static int parse_statuses(const struct document *document, const cJSON *object, const char *name,
			  struct rule_status_list *list, const struct rule_status_list *const *others,
			  size_t other_count)
{
	const cJSON *array = document_member(object, name), *item;

	if (!array)
		return 0;
	if (!array->child)
		return document_fail(document, array, JSON_VALUE, "'%s' is empty", name);
	list->codes = memory_allocate_zeroed((size_t)cJSON_GetArraySize(array), sizeof(*list->codes));
	cJSON_ArrayForEach(item, array) {
		double code = item->valuedouble;
		bool before = false;

		if (!cJSON_IsNumber(item) || code < 100 || code > 599 || code != (unsigned)code)
			return document_fail(document, item, JSON_VALUE,
					     "a status must be a whole number from 100 to 599");
		for (size_t i = 0; i < other_count; i++)
			before |= rule_status_listed(others[i], (unsigned)code);
		if (before || rule_status_listed(list, (unsigned)code))
			return document_fail(document, item, JSON_VALUE, "status %u is listed before",
					     (unsigned)code);
		list->codes[list->count++] = (unsigned)code;
	}
	return 0;
}

static int parse_kind(const struct document *document, const cJSON *object, struct rule *rule)
{
	const cJSON *kind = document_member(object, "kind"), *meaning = document_member(object, "meaning");

	if (strcmp(kind->valuestring, "report") == 0)
		rule->revoke_kind = RULE_REVOKE_REPORT;
	else if (strcmp(kind->valuestring, "self") == 0)
		rule->revoke_kind = RULE_REVOKE_SELF;
	else
		return document_fail(document, kind, JSON_VALUE, "'kind' must be report or self");
	if (meaning && strcmp(meaning->valuestring, "submitted") != 0)
		return document_fail(document, meaning, JSON_VALUE, "'meaning' must be submitted");
	rule->submitted_only = meaning != NULL;
	return 0;
}

/* "batch" and {{secrets}} belong together. */
static int parse_batch(const struct document *document, const cJSON *object, const struct request_holds *holds,
		       struct rule *rule)
{
	const cJSON *batch = document_member(object, "batch");
	double most = batch ? batch->valuedouble : 1;

	rule->batch = 1;
	if (!batch && holds->secrets)
		return document_fail(document, object, JSON_VALUE, "{{secrets}} asks for the member 'batch'");
	if (!batch)
		return 0;
	if (!(most >= 2 && most <= BATCH_MAX) || most != (unsigned)most)
		return document_fail(document, batch, JSON_VALUE, "'batch' must be a whole number from 2 to %d", BATCH_MAX);
	if (!holds->secrets || holds->secret)
		return document_fail(document, batch, JSON_VALUE,
				     "a batch holds {{secrets}} in its 'json', and {{secret}} nowhere");
	rule->batch = (unsigned)most;
	return 0;
}

/* Keep an object that an answer is compared with, as text. */
static int take_object(const struct document *document, const cJSON *object, const char *name, char **text)
{
	const cJSON *member = document_member(object, name);
	char *spelled;

	if (!member)
		return 0;
	if (!member->child)
		return document_fail(document, member, JSON_VALUE, "'%s' is empty", name);
	spelled = cJSON_PrintUnformatted(member);
	if (!spelled)
		return error_set(document->error, ERROR_IO, "%s: out of memory", document->name);
	*text = memory_copy_string(spelled);
	cJSON_free(spelled);
	return 0;
}

static int parse_answers(const struct document *document, const cJSON *object, struct rule *rule)
{
	const struct rule_status_list *const lists[] = { &rule->accepted, &rule->gone };
	int result = parse_statuses(document, object, "accepted", &rule->accepted, NULL, 0);

	if (!result)
		result = parse_statuses(document, object, "gone", &rule->gone, lists, 1);
	if (!result)
		result = parse_statuses(document, object, "retry", &rule->retry, lists, 2);
	if (!result)
		result = take_object(document, object, "accepted_json", &rule->accepted_json);
	if (!result)
		result = take_object(document, object, "gone_json", &rule->gone_json);
	if (!result && rule->gone_json && !rule->accepted_json)
		result = document_fail(document, document_member(object, "gone_json"), JSON_NAME,
				       "'gone_json' asks for 'accepted_json'");
	return result;
}

/* An URL is written to logs on its way: what is used as a credential does not stand there. */
static int refuse_secret_in_url(const struct document *document, const cJSON *object, const struct request_holds *holds)
{
	if (!holds->secret_in_url)
		return 0;
	return document_fail(document, document_member(object, "url"), JSON_VALUE,
			     "'url' must not hold the credential: it belongs into a header or the body");
}

int revoke_parse(const struct document *document, const cJSON *object, struct rule *rule)
{
	static const struct document_member members[] = {
		{ "kind", cJSON_String, true },           { "method", cJSON_String, true },
		{ "url", cJSON_String, true },            { "headers", cJSON_Object, false },
		{ "json", cJSON_Object, false },          { "form", cJSON_Object, false },
		{ "batch", cJSON_Number, false },         { "limits", cJSON_Object, false },
		{ "accepted", cJSON_Array, true },        { "gone", cJSON_Array, false },
		{ "retry", cJSON_Array, false },          { "accepted_json", cJSON_Object, false },
		{ "gone_json", cJSON_Object, false },     { "meaning", cJSON_String, false },
		{ NULL, 0, false },
	};
	int result = document_check_members(document, object, members);
	struct request_holds holds;

	if (!result)
		result = parse_kind(document, object, rule);
	if (!result)
		result = request_parse(document, object, "revoke", &rule->revoke, &holds);
	if (!result && rule->revoke_kind == RULE_REVOKE_SELF)
		result = refuse_secret_in_url(document, object, &holds);
	if (!result && rule->revoke_kind == RULE_REVOKE_SELF && holds.secrets)
		result = document_fail(document, object, JSON_VALUE, "a credential that revokes itself is sent alone");
	if (!result)
		result = parse_batch(document, object, &holds, rule);
	if (!result)
		result = parse_answers(document, object, rule);
	return result;
}

int verify_parse(const struct document *document, const cJSON *object, struct rule *rule)
{
	static const struct document_member members[] = {
		{ "method", cJSON_String, true },
		{ "url", cJSON_String, true },
		{ "headers", cJSON_Object, false },
		{ "limits", cJSON_Object, false },
		{ "dead", cJSON_Array, true },
		{ "alive", cJSON_Array, true },
		{ NULL, 0, false },
	};
	const struct rule_status_list *const dead[] = { &rule->dead };
	int result = document_check_members(document, object, members);
	struct request_holds holds;

	if (!result)
		result = request_parse(document, object, "verify", &rule->verify, &holds);
	if (!result)
		result = refuse_secret_in_url(document, object, &holds);
	if (!result)
		result = parse_statuses(document, object, "dead", &rule->dead, NULL, 0);
	if (!result)
		result = parse_statuses(document, object, "alive", &rule->alive, dead, 1);
	return result;
}
