#include "emulator.h"

#include <string.h>

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
	} else if (get && strcmp(route, "requests") == 0) {
		exchange_json(exchange, 200, requests_list());
	} else if (get && strcmp(route, "counts") == 0) {
		exchange_json(exchange, 200, requests_counts());
	} else if (post && strcmp(route, "reset") == 0) {
		faults_clear();
		requests_clear();
		keys_clear();
		exchange_json(exchange, 200, cJSON_CreateObject());
	} else {
		exchange_error(exchange, 404, "not_found", "no such control route");
	}
}
