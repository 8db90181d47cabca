/*
 * A rule's requests. Whoever writes a rule is trusted with where credentials go; these checks are against slips: a
 * host that could come from a match, a header that breaks into two, a request that does not hold the credential it
 * is about.
 */
#include "rule/parse.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_TEMPLATE "{{secret}}"
#define SECRETS_TEMPLATE "{{secrets}}"

static const char *const template_names[] = { SECRET_TEMPLATE, "{{reporter_email?}}", "{{comment?}}" };

/* Check the templates of a string. *secret becomes true when the credential is among them. */
static int check_templates(const struct document *document, const cJSON *item, bool *secret)
{
	if (strstr(item->valuestring, SECRETS_TEMPLATE))
		return document_fail(document, item, JSON_VALUE,
				     SECRETS_TEMPLATE " must be all of a string, somewhere in 'json'");
	for (const char *at = strstr(item->valuestring, "{{"); at; at = strstr(at, "{{")) {
		const char *end = strstr(at, "}}");
		size_t length, i = 0;

		if (!end)
			return document_fail(document, item, JSON_VALUE, "'{{' without '}}' behind it");
		length = (size_t)(end - at) + 2;
		while (i < sizeof(template_names) / sizeof(*template_names) &&
		       (strlen(template_names[i]) != length || memcmp(at, template_names[i], length) != 0))
			i++;
		if (i == sizeof(template_names) / sizeof(*template_names))
			return document_fail(document, item, JSON_VALUE,
					     "unknown template '%.*s'; known are {{secret}}, {{reporter_email?}} "
					     "and {{comment?}}", (int)length, at);
		if (i == 0)
			*secret = true;
		at += length;
	}
	return 0;
}

/* What is wrong with "HOST" or "HOST:PORT", or NULL. */
static const char *authority_problem(const char *authority, size_t length)
{
	size_t host = strspn(authority, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_");
	size_t digits;
	int port;

	if (memchr(authority, '@', length))
		return "must not hold a user name";
	if (memchr(authority, '{', length))
		return "must not have a template in its host";
	if (length == 0 || host == 0)
		return "has no host";
	if (host == length)
		return NULL;
	if (authority[host] != ':')
		return "has a character in its host that no host name has";
	digits = strspn(authority + host + 1, "0123456789");
	port = digits <= 5 ? atoi(authority + host + 1) : 0;
	if (host + 1 + digits != length || port < 1 || port > 65535)
		return "has a port that is no number from 1 to 65535";
	return NULL;
}

static int check_url(const struct document *document, const cJSON *item, bool *secret)
{
	static const char scheme[] = "https://";
	const char *url = item->valuestring, *problem;

	if (strncmp(url, scheme, strlen(scheme)) != 0)
		return document_fail(document, item, JSON_VALUE, "'url' must begin with https://");
	url += strlen(scheme);
	problem = authority_problem(url, strcspn(url, "/?#"));
	if (problem)
		return document_fail(document, item, JSON_VALUE, "'url' %s", problem);
	for (const char *at = url; *at; at++) {
		if (*at <= ' ' || *at >= 0x7f || *at == '\\' || *at == '#')
			return document_fail(document, item, JSON_VALUE,
					     "'url' has a character that must be percent-encoded, or a fragment");
	}
	return check_templates(document, item, secret);
}

static int check_method(const struct document *document, const cJSON *item)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "PATCH" };

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (strcmp(item->valuestring, methods[i]) == 0)
			return 0;
	}
	return document_fail(document, item, JSON_VALUE, "'method' must be GET, POST, PUT, DELETE or PATCH");
}

/* RFC 9110, 5.6.2 and 5.5: a name is a token, and no value has a line break that would begin another header. */
static int check_header(const struct document *document, const cJSON *item)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	if (!*item->string || item->string[strspn(item->string, token)])
		return document_fail(document, item, JSON_NAME, "this is no name of a header");
	for (const char *at = item->valuestring; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return document_fail(document, item, JSON_VALUE,
					     "a header must not hold control characters");
	}
	return 0;
}

static int parse_headers(const struct document *document, const cJSON *object, struct rule_request *request,
			 bool *secret)
{
	const cJSON *item;
	int result = document_check_repeated(document, object);

	if (!result)
		result = document_check_items(document, object, cJSON_String, "a header");
	if (result)
		return result;
	request->headers = memory_allocate_zeroed((size_t)cJSON_GetArraySize(object), sizeof(*request->headers));
	cJSON_ArrayForEach(item, object) {
		struct rule_header *header = &request->headers[request->header_count];

		result = check_header(document, item);
		if (!result)
			result = check_templates(document, item, secret);
		if (result)
			return result;
		header->name = memory_copy_string(item->string);
		header->value = memory_copy_string(item->valuestring);
		request->header_count++;
	}
	return 0;
}

/* Check a body of JSON at every depth: the reader allows no more than JSON_TEXT_DEPTH_MAX. */
static int check_body(const struct document *document, const cJSON *item, struct request_holds *holds)
{
	const cJSON *child;
	int result = 0;

	if (cJSON_IsString(item) && strcmp(item->valuestring, SECRETS_TEMPLATE) == 0) {
		holds->secrets = true;
		return 0;
	}
	if (cJSON_IsString(item))
		return check_templates(document, item, &holds->secret);
	if (cJSON_IsObject(item))
		result = document_check_repeated(document, item);
	cJSON_ArrayForEach(child, item) {
		if (!result && child->string && strstr(child->string, "{{"))
			result = document_fail(document, child, JSON_NAME,
					       "no template can stand in a member's name");
		if (!result)
			result = check_body(document, child, holds);
	}
	return result;
}

static int parse_body(const struct document *document, const cJSON *object, struct rule_request *request,
		      struct request_holds *holds)
{
	const cJSON *json = document_member(object, "json"), *form = document_member(object, "form");
	const cJSON *body = json ? json : form;
	char *text;
	int result;

	if (!body)
		return 0;
	if (json && form)
		return document_fail(document, form, JSON_NAME, "'json' and 'form' exclude each other");
	if (strcmp(request->method, "GET") == 0)
		return document_fail(document, body, JSON_NAME, "a GET request has no body");
	result = check_body(document, body, holds);
	if (!result && form && holds->secrets)
		result = document_fail(document, form, JSON_VALUE, "a form cannot hold the list " SECRETS_TEMPLATE);
	if (!result && form)
		result = document_check_items(document, form, cJSON_String, "a field");
	if (result)
		return result;
	text = cJSON_PrintUnformatted(body);
	if (!text)
		return error_set(document->error, ERROR_IO, "%s: out of memory", document->name);
	request->body = memory_copy_string(text);
	request->body_kind = form ? RULE_BODY_FORM : RULE_BODY_JSON;
	cJSON_free(text);
	return 0;
}

static int parse_limits(const struct document *document, const cJSON *object, struct rule_limits *limits)
{
	static const struct document_member members[] = {
		{ "concurrent", cJSON_Number, false },
		{ "per_second", cJSON_Number, false },
		{ NULL, 0, false },
	};
	const cJSON *concurrent = document_member(object, "concurrent"), *rate = document_member(object, "per_second");
	int result = document_check_members(document, object, members);

	if (!result && !concurrent && !rate)
		result = document_fail(document, object, JSON_VALUE, "'limits' is empty");
	if (!result && concurrent) {
		double value = concurrent->valuedouble;

		if (!(value >= 1 && value <= 1000) || value != (unsigned)value)
			result = document_fail(document, concurrent, JSON_VALUE,
					       "'concurrent' must be a whole number from 1 to 1000");
		else
			limits->concurrent = (unsigned)value;
	}
	if (!result && rate) {
		if (!(rate->valuedouble >= 0.001 && rate->valuedouble <= 10000))
			result = document_fail(document, rate, JSON_VALUE,
					       "'per_second' must be a number from 0.001 to 10000");
		else
			limits->per_second = rate->valuedouble;
	}
	return result;
}

int request_parse(const struct document *document, const cJSON *object, const char *subject,
		  struct rule_request *request, struct request_holds *holds)
{
	const cJSON *headers = document_member(object, "headers"), *limits = document_member(object, "limits");
	int result = check_method(document, document_member(object, "method"));

	*holds = (struct request_holds){ false, false, false };
	if (!result)
		result = document_take_string(document, object, "method", &request->method);
	if (!result)
		result = check_url(document, document_member(object, "url"), &holds->secret);
	holds->secret_in_url = holds->secret;
	if (!result)
		result = document_take_string(document, object, "url", &request->url);
	if (!result && headers)
		result = parse_headers(document, headers, request, &holds->secret);
	if (!result)
		result = parse_body(document, object, request, holds);
	if (!result && limits)
		result = parse_limits(document, limits, &request->limits);
	if (!result && !holds->secret && !holds->secrets)
		result = document_fail(document, object, JSON_VALUE, "'%s' holds " SECRET_TEMPLATE " nowhere",
				       subject);
	return result;
}

void request_release(struct rule_request *request)
{
	free(request->method);
	free(request->url);
	for (size_t i = 0; i < request->header_count; i++) {
		free(request->headers[i].name);
		free(request->headers[i].value);
	}
	free(request->headers);
	free(request->body);
	*request = (struct rule_request){ 0 };
}
