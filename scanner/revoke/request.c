#define _GNU_SOURCE
#include "revoke/request.h"

#include "base/memory.h"
#include "revoke/url.h"
#include "rule/rule.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct request_template {
	const char *method; /* static */
	bool https, loopback;
	char *server; /* owned */
	struct template_text url;
	struct template_text *headers; /* owned: header_count of them */
	size_t header_count;
	bool has_body;
	struct template_text body;
};

/* Writes a rule's JSON body, member by member, into a template text. */
struct body_writer {
	struct template_text *text;
	const struct template_values *values;
	struct error *error;
};

static bool left_out(const cJSON *item, const struct template_values *values)
{
	return cJSON_IsString(item) && template_left_out(item->valuestring, values);
}

/* A number, true, false or null, as cJSON spells it. */
static int write_scalar(struct body_writer *writer, const cJSON *item)
{
	char *spelled = cJSON_PrintUnformatted(item);

	if (!spelled)
		return error_set(writer->error, ERROR_CONFIGURATION, "cannot write a value of the request body");
	template_add_literal(writer->text, spelled);
	cJSON_free(spelled);
	return 0;
}

static int write_string(struct body_writer *writer, const char *string)
{
	int code;

	template_add_syntax(writer->text, "\"");
	code = template_add(writer->text, string, writer->values, writer->error);
	template_add_syntax(writer->text, "\"");
	return code;
}

/* The names of members are not templates. */
static void write_name(struct body_writer *writer, const char *name)
{
	template_add_syntax(writer->text, "\"");
	template_add_literal(writer->text, name);
	template_add_syntax(writer->text, "\":");
}

static int write_value(struct body_writer *writer, const cJSON *item)
{
	bool object = cJSON_IsObject(item), first = true;
	const cJSON *member;

	if (cJSON_IsString(item) && strcmp(item->valuestring, "{{secrets}}") == 0) {
		template_add_list(writer->text);
		return 0;
	}
	if (cJSON_IsString(item))
		return write_string(writer, item->valuestring);
	if (!object && !cJSON_IsArray(item))
		return write_scalar(writer, item);
	template_add_syntax(writer->text, object ? "{" : "[");
	cJSON_ArrayForEach(member, item) {
		if (left_out(member, writer->values))
			continue;
		if (!first)
			template_add_syntax(writer->text, ",");
		first = false;
		if (object)
			write_name(writer, member->string);
		if (write_value(writer, member) < 0)
			return ERROR_CONFIGURATION;
	}
	template_add_syntax(writer->text, object ? "}" : "]");
	return 0;
}

static int write_form(struct body_writer *writer, const cJSON *fields)
{
	const cJSON *field;
	bool first = true;
	int code = 0;

	cJSON_ArrayForEach(field, fields) {
		if (code < 0)
			break;
		if (left_out(field, writer->values))
			continue;
		if (!first)
			template_add_syntax(writer->text, "&");
		first = false;
		template_add_literal(writer->text, field->string);
		template_add_syntax(writer->text, "=");
		if (cJSON_IsObject(field) || cJSON_IsArray(field))
			code = error_set(writer->error, ERROR_CONFIGURATION,
					 "the form field '%s' is not a plain value", field->string);
		else if (cJSON_IsString(field))
			code = template_add(writer->text, field->valuestring, writer->values, writer->error);
		else
			code = write_scalar(writer, field);
	}
	return code;
}

static int compile_body(struct request_template *template, const struct rule_request *rule,
			const struct template_values *values, struct error *error)
{
	struct body_writer writer = { &template->body, values, error };
	cJSON *body;
	int code;

	if (rule->body_kind == RULE_BODY_NONE)
		return 0;
	template->has_body = true;
	body = cJSON_Parse(rule->body);
	if (cJSON_IsObject(body)) {
		template->body.kind = rule->body_kind == RULE_BODY_FORM ? TEMPLATE_FORM : TEMPLATE_JSON;
		code = rule->body_kind == RULE_BODY_FORM ? write_form(&writer, body) : write_value(&writer, body);
	} else {
		code = error_set(error, ERROR_CONFIGURATION, "the request body is not a JSON object");
	}
	cJSON_Delete(body);
	return code;
}

static int add_header(struct request_template *template, const char *name, const char *value,
		      const struct template_values *values, struct error *error)
{
	struct template_text *line;

	if (template_left_out(value, values))
		return 0;
	line = &template->headers[template->header_count++];
	line->kind = TEMPLATE_HEADER;
	template_add_syntax(line, name);
	template_add_syntax(line, ": ");
	return template_add(line, value, values, error);
}

static int compile_headers(struct request_template *template, const struct rule_request *rule,
			   const struct template_values *values, struct error *error)
{
	bool has_type = rule->body_kind == RULE_BODY_NONE, json = rule->body_kind == RULE_BODY_JSON;

	template->headers = memory_allocate_zeroed(rule->header_count + 1, sizeof(*template->headers));
	for (size_t i = 0; i < rule->header_count; i++) {
		if (strcasecmp(rule->headers[i].name, "Content-Type") == 0)
			has_type = true;
		if (add_header(template, rule->headers[i].name, rule->headers[i].value, values, error) < 0)
			return ERROR_CONFIGURATION;
	}
	if (has_type)
		return 0;
	return add_header(template, "Content-Type",
			  json ? "application/json" : "application/x-www-form-urlencoded", values, error);
}

static int compile_url(struct request_template *template, const char *url, const struct template_values *values,
		       struct error *error)
{
	struct url_parts parts;

	/* a template is no part of a host: url_parse() knows no braces there */
	if (url_parse(url, &parts, error) < 0)
		return ERROR_CONFIGURATION;
	template->https = parts.https;
	template->loopback = parts.loopback;
	template->server = memory_copy_bytes(url, parts.authority + parts.authority_length);
	for (char *at = template->server; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	template->url.kind = TEMPLATE_URL;
	return template_add(&template->url, url, values, error);
}

int request_compile(struct request_template **compiled, const struct rule_request *rule, const char *url,
		    const struct template_values *values, struct error *error)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
	struct request_template *template = memory_allocate_zeroed(1, sizeof(*template));
	int code = ERROR_CONFIGURATION;

	for (size_t i = 0; !template->method && i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(rule->method, methods[i]) == 0)
			template->method = methods[i];
	}
	if (!template->method)
		error_set(error, ERROR_CONFIGURATION, "unknown request method '%s'", rule->method);
	else if (compile_url(template, url ? url : rule->url, values, error) == 0 &&
		 compile_headers(template, rule, values, error) == 0 &&
		 compile_body(template, rule, values, error) == 0)
		code = 0;
	if (code < 0) {
		request_template_free(template);
		template = NULL;
	}
	*compiled = template;
	return code;
}

void request_template_free(struct request_template *template)
{
	if (!template)
		return;
	for (size_t i = 0; i < template->header_count; i++)
		template_release(&template->headers[i]);
	free(template->headers);
	template_release(&template->url);
	template_release(&template->body);
	free(template->server);
	free(template);
}

const char *request_server(const struct request_template *template)
{
	return template->server;
}

int request_make_batch(struct request *request, const struct request_template *template,
		       const struct secret *const *secrets, size_t count, struct error *error)
{
	int code;

	*request = (struct request){ .method = template->method,
				     .https = template->https,
				     .loopback = template->loopback,
				     .has_body = template->has_body,
				     .header_count = template->header_count };
	request->headers = memory_allocate_zeroed(template->header_count, sizeof(*request->headers));
	code = template_render(&template->url, secrets, count, &request->url, error);
	for (size_t i = 0; code == 0 && i < template->header_count; i++)
		code = template_render(&template->headers[i], secrets, count, &request->headers[i], error);
	if (code == 0 && template->has_body)
		code = template_render(&template->body, secrets, count, &request->body, error);
	if (code < 0)
		request_wipe(request);
	return code;
}

int request_make(struct request *request, const struct request_template *template, const struct secret *secret,
		 struct error *error)
{
	return request_make_batch(request, template, &secret, 1, error);
}

void request_wipe(struct request *request)
{
	for (size_t i = 0; i < request->header_count; i++)
		buffer_wipe(&request->headers[i]);
	free(request->headers);
	buffer_wipe(&request->url);
	buffer_wipe(&request->body);
	*request = (struct request){ 0 };
}
