/*
 * The event file of a GitHub Actions job. GitHub wrote it, but much of what stands in it was written by whoever opened the pull request: only a few
 * members are taken, and only where they look like what they should be.
 */
#define _GNU_SOURCE
#include "cli/ci.h"

#include "base/memory.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* GitHub's own limit for an event is 25 MB (docs.github.com, "Webhook events and payloads"). */
#define EVENT_SIZE_MAX ((size_t)32 << 20)

static char *copy_id(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
	const char *text = cJSON_IsString(item) ? item->valuestring : "";
	size_t length = strlen(text);

	if ((length != 40 && length != 64) || strspn(text, "0123456789abcdef") != length)
		return NULL;
	return memory_copy_string(text);
}

static char *copy_text(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) && *item->valuestring ? memory_copy_string(item->valuestring) : NULL;
}

static void take_members(struct ci_event *event, const cJSON *root)
{
	const cJSON *pull = cJSON_GetObjectItemCaseSensitive(root, "pull_request");
	const cJSON *group = cJSON_GetObjectItemCaseSensitive(root, "merge_group");

	event->pull_base = copy_id(cJSON_GetObjectItemCaseSensitive(pull, "base"), "sha");
	event->pull_head = copy_id(cJSON_GetObjectItemCaseSensitive(pull, "head"), "sha");
	event->group_base = copy_id(group, "base_sha");
	event->group_head = copy_id(group, "head_sha");
	event->before = copy_id(root, "before");
	event->after = copy_id(root, "after");
	event->default_branch = copy_text(cJSON_GetObjectItemCaseSensitive(root, "repository"), "default_branch");
	event->forced = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "forced"));
}

int ci_event_read(struct ci_event *event, const char *path, struct error *error)
{
	FILE *file = fopen(path, "re");
	char *text = memory_allocate(EVENT_SIZE_MAX + 1);
	size_t length = file ? fread(text, 1, EVENT_SIZE_MAX + 1, file) : 0;
	cJSON *root = NULL;
	int result = 0;

	*event = (struct ci_event){ 0 };
	if (!file || ferror(file))
		result = error_set_errno(error, "cannot read the event file '%s' (GITHUB_EVENT_PATH)", path);
	else if (length > EVENT_SIZE_MAX || !(root = cJSON_ParseWithLength(text, length)))
		result = error_set(error, ERROR_CONFIGURATION, "the event file '%s' (GITHUB_EVENT_PATH) is no JSON", path);
	else
		take_members(event, root);
	cJSON_Delete(root);
	free(text);
	if (file)
		fclose(file);
	return result;
}

void ci_event_release(struct ci_event *event)
{
	char *texts[] = { event->pull_base, event->pull_head, event->group_base, event->group_head,
			  event->before,    event->after,     event->default_branch };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
	*event = (struct ci_event){ 0 };
}
