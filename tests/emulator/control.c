#include "emulator.h"

#include <string.h>

struct settings settings = { .partial_length = 6 };

void settings_clear(void)
{
	settings = (struct settings){ .partial_length = 6 };
}

const char *settings_change(const cJSON *document)
{
	static const char *const fates[] = { "marked", "vanishes", "stays" };
	const cJSON *member;

	if (!cJSON_IsObject(document))
		return "the settings are not an object";
	cJSON_ArrayForEach(member, document) {
		const char *text = cJSON_GetStringValue(member);
		bool known = true;

		if (strcmp(member->string, "page_size") == 0)
			settings.page_size = member->valueint;
		else if (strcmp(member->string, "partial_length") == 0)
			settings.partial_length = member->valueint;
		else if (strcmp(member->string, "endless") == 0)
			settings.endless = cJSON_IsTrue(member);
		else if (strcmp(member->string, "ignores_cursor") == 0)
			settings.ignores_cursor = cJSON_IsTrue(member);
		else
			known = strcmp(member->string, "reported") == 0 && text;
		if (!known)
			return "there is no such setting";
		for (int fate = 0; text && fate < 3; fate++) {
			if (strcmp(text, fates[fate]) == 0)
				settings.reported = fate;
		}
	}
	return NULL;
}

bool control_is_route(const char *path)
{
	return strncmp(path, "/_control/", strlen("/_control/")) == 0;
}

void control_answer(struct exchange *exchange)
{
	const char *route = exchange->path + strlen("/_control/");
	bool get = strcmp(exchange->method, "GET") == 0, post = strcmp(exchange->method, "POST") == 0;

	if (post && strcmp(route, "faults") == 0) {
		cJSON *array = exchange_parse(exchange);
		const char *wrong = faults_add(array);

		cJSON_Delete(array);
		if (wrong)
			exchange_error(exchange, 400, "bad_request", wrong);
		else
			exchange_json(exchange, 200, cJSON_CreateObject());
	} else if (post && strcmp(route, "settings") == 0) {
		cJSON *document = exchange_parse(exchange);
		const char *wrong = settings_change(document);

		cJSON_Delete(document);
		if (wrong)
			exchange_error(exchange, 400, "bad_request", wrong);
		else
			exchange_json(exchange, 200, cJSON_CreateObject());
	} else if (get && strcmp(route, "requests") == 0) {
		exchange_json(exchange, 200, requests_list());
	} else if (get && strcmp(route, "counts") == 0) {
		exchange_json(exchange, 200, requests_counts());
	} else if (post && strcmp(route, "reset") == 0) {
		faults_clear();
		requests_clear();
		keys_clear();
		settings_clear();
		others_clear();
		exchange_json(exchange, 200, cJSON_CreateObject());
	} else {
		exchange_error(exchange, 404, "not_found", "no such control route");
	}
}
