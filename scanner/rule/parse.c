#include "rule/parse.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define SCHEMA 1
#define ID_LENGTH_MAX 64
#define ENTROPY_MAX 8.0 /* bits in a byte */

static int check_id(const struct document *document, const cJSON *item)
{
	const char *id = item->valuestring;
	size_t length = strlen(id);

	if (length == 0 || length > ID_LENGTH_MAX || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
		return document_fail(document, item, JSON_VALUE,
				     "'%s' must be 1 to %d of the characters a-z, 0-9 and '-'", item->string,
				     ID_LENGTH_MAX);
	return 0;
}

static int parse_literals(const struct document *document, const cJSON *array, struct rule *rule)
{
	const cJSON *item;
	int result = document_check_items(document, array, cJSON_String, "a literal");

	if (result)
		return result;
	if (!array->child)
		return document_fail(document, array, JSON_VALUE, "'literals' is empty");
	rule->literals = memory_allocate_zeroed((size_t)cJSON_GetArraySize(array), sizeof(*rule->literals));
	cJSON_ArrayForEach(item, array) {
		if (!*item->valuestring)
			return document_fail(document, item, JSON_VALUE, "a literal must not be empty");
		rule->literals[rule->literal_count++] = memory_copy_string(item->valuestring);
	}
	return 0;
}

static int check_group_name(const struct document *document, const cJSON *item)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	const char *name = item->valuestring;
	size_t length = strlen(name);

	/* PCRE2's rule for the name of a group; whether the pattern has it is for match/ to say */
	if (length == 0 || length > 32 || strspn(name, letters) != length || (*name >= '0' && *name <= '9'))
		return document_fail(document, item, JSON_VALUE, "'%s' must be the name of a group of the pattern",
				     item->string);
	return 0;
}

static int parse_checksum(const struct document *document, const cJSON *object, struct rule *rule)
{
	static const struct document_member members[] = {
		{ "algorithm", cJSON_String, true },
		{ "of", cJSON_String, true },
		{ "equals", cJSON_String, true },
		{ NULL, 0, false },
	};
	const cJSON *algorithm;
	int result = document_check_members(document, object, members);

	if (result)
		return result;
	algorithm = document_member(object, "algorithm");
	if (strcmp(algorithm->valuestring, "crc32-base62") != 0)
		return document_fail(document, algorithm, JSON_VALUE, "'algorithm' must be crc32-base62");
	rule->checksum.algorithm = CHECKSUM_CRC32_BASE62;
	result = check_group_name(document, document_member(object, "of"));
	if (!result)
		result = check_group_name(document, document_member(object, "equals"));
	if (!result)
		result = document_take_string(document, object, "of", &rule->checksum.of);
	if (!result)
		result = document_take_string(document, object, "equals", &rule->checksum.equals);
	return result;
}

/* Join the pieces of an example, which is a string or a list of strings. */
static int join_example(const struct document *document, const cJSON *item, struct rule_example *example)
{
	struct buffer text = BUFFER_INIT;
	const cJSON *piece;
	int result = 0;

	if (cJSON_IsString(item)) {
		example->text = memory_copy_string(item->valuestring);
		return 0;
	}
	result = document_check_items(document, item, cJSON_String, "a piece of an example");
	if (result)
		return result;
	cJSON_ArrayForEach(piece, item)
		buffer_add_string(&text, piece->valuestring);
	example->text = memory_copy_bytes(text.bytes, text.length);
	buffer_release(&text);
	return 0;
}

static int parse_example_list(const struct document *document, const cJSON *object, const char *name,
			      struct rule_example **examples, size_t *count)
{
	const cJSON *array = document_member(object, name), *item;
	int result;

	if (!array)
		return 0;
	result = document_check_items(document, array, cJSON_String | cJSON_Array, "an example");
	if (result)
		return result;
	*examples = memory_allocate_zeroed((size_t)cJSON_GetArraySize(array), sizeof(**examples));
	cJSON_ArrayForEach(item, array) {
		result = join_example(document, item, &(*examples)[*count]);
		if (result)
			return result;
		(*count)++;
	}
	return 0;
}

/* The literals are what is looked for first: what holds none of them is never found. */
static int check_match_examples(const struct document *document, const cJSON *object, const struct rule *rule)
{
	const cJSON *item;
	size_t example = 0;

	cJSON_ArrayForEach(item, document_member(object, "match")) {
		size_t i = 0;

		while (i < rule->literal_count && !strstr(rule->match[example].text, rule->literals[i]))
			i++;
		if (i == rule->literal_count)
			return document_fail(document, item, JSON_VALUE,
					     "this example holds none of the rule's literals");
		example++;
	}
	return 0;
}

static int parse_examples(const struct document *document, const cJSON *object, struct rule *rule)
{
	static const struct document_member members[] = {
		{ "match", cJSON_Array, false },
		{ "no_match", cJSON_Array, false },
		{ NULL, 0, false },
	};
	int result = document_check_members(document, object, members);

	if (!result)
		result = parse_example_list(document, object, "match", &rule->match, &rule->match_count);
	if (!result)
		result = parse_example_list(document, object, "no_match", &rule->no_match, &rule->no_match_count);
	if (!result)
		result = check_match_examples(document, object, rule);
	return result;
}

/*
 * A literal that stands neither in the pattern nor in an example of a match is a slip of the pen, and a costly
 * one: the rule would find nothing. ("xoxb-" for the pattern "xox[bp]-" needs the example.)
 */
static int check_literals_used(const struct document *document, const cJSON *array, const struct rule *rule)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, array) {
		bool used = strstr(rule->pattern, item->valuestring) != NULL;

		for (size_t i = 0; !used && i < rule->match_count; i++)
			used = strstr(rule->match[i].text, item->valuestring) != NULL;
		if (!used)
			return document_fail(document, item, JSON_VALUE,
					     "this literal is neither in 'pattern' nor in an example of a match");
	}
	return 0;
}

/* The members that hold objects of their own. */
static int parse_parts(const struct document *document, const cJSON *object, struct rule *rule)
{
	static const struct {
		const char *name;
		int (*parse)(const struct document *document, const cJSON *object, struct rule *rule);
	} parts[] = {
		{ "literals", parse_literals }, { "checksum", parse_checksum }, { "revoke", revoke_parse },
		{ "verify", verify_parse },     { "examples", parse_examples },
	};
	int result = 0;

	for (size_t i = 0; !result && i < sizeof(parts) / sizeof(*parts); i++) {
		const cJSON *part = document_member(object, parts[i].name);

		if (part)
			result = parts[i].parse(document, part, rule);
	}
	return result;
}

static int parse_entropy(const struct document *document, const cJSON *object, struct rule *rule)
{
	const cJSON *item = document_member(object, "min_entropy");

	if (!item)
		return 0;
	if (!(item->valuedouble >= 0 && item->valuedouble <= ENTROPY_MAX))
		return document_fail(document, item, JSON_VALUE, "'min_entropy' must be a number from 0 to 8");
	rule->min_entropy = item->valuedouble;
	return 0;
}

static struct rule_position member_position(const struct document *document, const cJSON *object, const char *name)
{
	const cJSON *member = document_member(object, name);

	return member ? document_position(document, member, JSON_VALUE) : (struct rule_position){ 0, 0 };
}

static int parse_rule(const struct document *document, const cJSON *object, struct rule *rule)
{
	static const struct document_member members[] = {
		{ "id", cJSON_String, true },           { "name", cJSON_String, true },
		{ "default", DOCUMENT_BOOL, false },    { "literals", cJSON_Array, true },
		{ "pattern", cJSON_String, true },      { "loose_pattern", cJSON_String, false },
		{ "checksum", cJSON_Object, false },    { "min_entropy", cJSON_Number, false },
		{ "revoke", cJSON_Object, false },      { "verify", cJSON_Object, false },
		{ "examples", cJSON_Object, false },    { "source", cJSON_String, false },
		{ NULL, 0, false },
	};
	int result = document_check_members(document, object, members);

	if (!result)
		result = check_id(document, document_member(object, "id"));
	if (!result)
		result = document_take_string(document, object, "id", &rule->id);
	if (!result)
		result = document_take_string(document, object, "name", &rule->name);
	if (!result)
		result = document_take_string(document, object, "pattern", &rule->pattern);
	if (!result)
		result = document_take_string(document, object, "loose_pattern", &rule->loose_pattern);
	if (!result)
		result = parse_entropy(document, object, rule);
	if (!result)
		result = parse_parts(document, object, rule);
	if (!result)
		result = check_literals_used(document, document_member(object, "literals"), rule);
	rule->enabled = !cJSON_IsFalse(document_member(object, "default"));
	rule->at.pattern = member_position(document, object, "pattern");
	rule->at.loose_pattern = member_position(document, object, "loose_pattern");
	rule->at.literals = member_position(document, object, "literals");
	rule->at.checksum = member_position(document, object, "checksum");
	return result;
}

/* A file of a later schema is told so before anything else in it is called unknown. */
static int check_schema(const struct document *document)
{
	const cJSON *schema;

	if (!cJSON_IsObject(document->root))
		return document_fail(document, document->root, JSON_VALUE, "a rule file must be an object");
	schema = document_member(document->root, "schema");
	if (!cJSON_IsNumber(schema) || schema->valuedouble == SCHEMA)
		return 0; /* missing, or of another type: said with the other members */
	if (schema->valuedouble > SCHEMA)
		return document_fail(document, schema, JSON_VALUE,
				     "made for a newer staunch: this one reads schema %d", SCHEMA);
	return document_fail(document, schema, JSON_VALUE, "'schema' must be %d", SCHEMA);
}

static int parse_rules(const struct document *document, struct rule **rules, size_t *count)
{
	const cJSON *array = document_member(document->root, "rules"), *object;
	int result = document_check_items(document, array, cJSON_Object, "a rule");

	if (result)
		return result;
	if (!array->child)
		return document_fail(document, array, JSON_VALUE, "'rules' is empty");
	*rules = memory_allocate_zeroed((size_t)cJSON_GetArraySize(array), sizeof(**rules));
	cJSON_ArrayForEach(object, array) {
		struct rule *rule = &(*rules)[(*count)++];

		result = parse_rule(document, object, rule);
		for (size_t i = 0; !result && i + 1 < *count; i++) {
			if (strcmp((*rules)[i].id, rule->id) == 0)
				result = document_fail(document, document_member(object, "id"), JSON_VALUE,
						       "rule '%s' is here twice", rule->id);
		}
		if (!result)
			result = document_take_string(document, document->root, "provider", &rule->provider);
		if (!result)
			result = document_take_string(document, document->root, "name", &rule->provider_name);
		if (result)
			return result;
		rule->file = memory_copy_string(document->name);
	}
	return 0;
}

int rules_parse(const char *name, const char *text, size_t length, struct rule **rules, size_t *count,
		struct error *error)
{
	static const struct document_member members[] = {
		{ "schema", cJSON_Number, true },
		{ "provider", cJSON_String, true },
		{ "name", cJSON_String, true },
		{ "rules", cJSON_Array, true },
		{ NULL, 0, false },
	};
	struct document document;
	int result = document_open(&document, name, text, length, error);

	*rules = NULL;
	*count = 0;
	if (!result)
		result = check_schema(&document);
	if (!result)
		result = document_check_members(&document, document.root, members);
	if (!result)
		result = check_id(&document, document_member(document.root, "provider"));
	if (!result)
		result = parse_rules(&document, rules, count);
	document_release(&document);
	if (result) {
		for (size_t i = 0; i < *count; i++)
			rule_release(&(*rules)[i]);
		free(*rules);
		*rules = NULL;
		*count = 0;
	}
	return result;
}

static void examples_release(struct rule_example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(examples[i].text);
	free(examples);
}

void rule_release(struct rule *rule)
{
	free(rule->id);
	free(rule->name);
	free(rule->provider);
	free(rule->provider_name);
	free(rule->file);
	for (size_t i = 0; i < rule->literal_count; i++)
		free(rule->literals[i]);
	free(rule->literals);
	free(rule->pattern);
	free(rule->loose_pattern);
	free(rule->checksum.of);
	free(rule->checksum.equals);
	request_release(&rule->revoke);
	request_release(&rule->verify);
	free(rule->accepted.codes);
	free(rule->gone.codes);
	free(rule->retry.codes);
	free(rule->accepted_json);
	free(rule->gone_json);
	free(rule->dead.codes);
	free(rule->alive.codes);
	examples_release(rule->match, rule->match_count);
	examples_release(rule->no_match, rule->no_match_count);
	*rule = (struct rule){ 0 };
}
