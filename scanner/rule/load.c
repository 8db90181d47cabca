/*
 * The rule set: built-in files first, then the user's, a later rule taking the place of an earlier one with the
 * same id.
 */
#define _GNU_SOURCE
#include "rule/rule.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "rule/parse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX ((size_t)1 << 20)

static struct rule *rule_find(const struct rule_set *set, const char *id)
{
	for (size_t i = 0; i < set->count; i++) {
		if (strcmp(set->rules[i].id, id) == 0)
			return &set->rules[i];
	}
	return NULL;
}

/* Take a rule over into the set; *rule is empty afterwards. */
static void rule_set_add(struct rule_set *set, struct rule *rule)
{
	struct rule *place = rule_find(set, rule->id);

	if (place) {
		rule->index = place->index;
		rule_release(place);
	} else {
		set->rules = memory_resize(set->rules, set->count + 1, sizeof(*set->rules));
		rule->index = (uint32_t)set->count;
		place = &set->rules[set->count++];
	}
	*place = *rule;
	*rule = (struct rule){ 0 };
}

static int load_text(struct rule_set *set, const char *name, const char *text, size_t length, struct error *error)
{
	struct rule *rules;
	size_t count;
	int result = rules_parse(name, text, length, &rules, &count, error);

	for (size_t i = 0; i < count; i++)
		rule_set_add(set, &rules[i]);
	free(rules);
	return result;
}

/* Read a whole file, also one that has no size beforehand, as /dev/stdin. */
static int read_file(const char *path, struct buffer *text, struct error *error)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;
	int result = 0;

	if (descriptor < 0)
		return error_set_errno(error, "cannot open the rule file '%s'", path);
	while (text->length <= FILE_SIZE_MAX) {
		buffer_reserve(text, 1 << 16);
		got = read(descriptor, text->bytes + text->length, text->capacity - text->length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		text->length += (size_t)got;
		text->bytes[text->length] = '\0';
	}
	if (got < 0)
		result = error_set_errno(error, "cannot read the rule file '%s'", path);
	else if (text->length > FILE_SIZE_MAX)
		result = error_set(error, ERROR_CONFIGURATION, "%s:1:1: the file is larger than 1 MiB", path);
	close(descriptor);
	return result;
}

static int load_file(struct rule_set *set, const char *path, struct error *error)
{
	struct buffer text = BUFFER_INIT;
	int result = read_file(path, &text, error);

	if (!result)
		result = load_text(set, path, text.bytes, text.length, error);
	buffer_release(&text);
	return result;
}

static int is_rule_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* By bytes: alphasort() would go by the user's language. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_folder(struct rule_set *set, const char *path, struct error *error)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_rule_file, compare_names);
	int result = 0;

	if (count < 0)
		return error_set_errno(error, "cannot read the rule folder '%s'", path);
	if (count == 0)
		result = error_set(error, ERROR_CONFIGURATION, "no rule file (*.json) in the folder '%s'", path);
	for (int i = 0; i < count; i++) {
		if (!result) {
			char *file = memory_format("%s/%s", path, entries[i]->d_name);

			result = load_file(set, file, error);
			free(file);
		}
		free(entries[i]);
	}
	free(entries);
	return result;
}

static size_t count_text(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		count++;
	return count;
}

/*
 * Whether the rules of a built-in file are all off, and no name in it is asked for: told from its text, for parsing all of
 * them took a millisecond. One that is spelled in another way than our files are is not left out.
 */
static bool is_left_out(const struct rule_embedded *file, const char *const *names, size_t name_count)
{
	if (count_text(file->text, "\"id\": ") != count_text(file->text, "\"default\": false,"))
		return false;
	for (size_t i = 0; i < name_count; i++) {
		char *quoted = memory_format("\"%s\"", names[i]);
		bool here = strstr(file->text, quoted) != NULL;

		free(quoted);
		if (here)
			return false;
	}
	return true;
}

static int load_embedded(struct rule_set *set, const struct rule_embedded *file, struct error *error)
{
	char *name = memory_format("built-in:%s", file->name);
	int result = load_text(set, name, file->text, file->length, error);

	free(name);
	return result;
}

static int load_paths(struct rule_set *set, char *const *paths, size_t path_count, struct error *error)
{
	int result = 0;

	for (size_t i = 0; !result && i < path_count; i++) {
		struct stat status;

		if (stat(paths[i], &status) < 0)
			result = error_set_errno(error, "cannot open the rule file '%s'", paths[i]);
		else if (S_ISDIR(status.st_mode))
			result = load_folder(set, paths[i], error);
		else
			result = load_file(set, paths[i], error);
	}
	return result;
}

static int load(struct rule_set *set, char *const *paths, size_t path_count, bool all, const char *const *names,
		size_t name_count, struct error *error)
{
	int result = 0;

	*set = (struct rule_set){ NULL, 0 };
	for (const struct rule_embedded *file = rule_embedded_files; !result && file->name; file++) {
		if (all || !is_left_out(file, names, name_count))
			result = load_embedded(set, file, error);
	}
	if (!result)
		result = load_paths(set, paths, path_count, error);
	if (result)
		rule_set_release(set);
	return result;
}

int rule_set_load(struct rule_set *set, char *const *paths, size_t path_count, struct error *error)
{
	return load(set, paths, path_count, true, NULL, 0, error);
}

int rule_set_load_for(struct rule_set *set, char *const *paths, size_t path_count, const char *const *names,
		      size_t name_count, struct error *error)
{
	return load(set, paths, path_count, false, names, name_count, error);
}

void rule_set_release(struct rule_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		rule_release(&set->rules[i]);
	free(set->rules);
	*set = (struct rule_set){ NULL, 0 };
}

size_t rule_set_enable(struct rule_set *set, const char *name, bool enabled)
{
	size_t meant = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct rule *rule = &set->rules[i];

		if (strcmp(rule->id, name) == 0 || strcmp(rule->provider, name) == 0) {
			rule->enabled = enabled;
			meant++;
		}
	}
	return meant;
}

const struct rule *rule_set_find(const struct rule_set *set, const char *id)
{
	return rule_find(set, id);
}

char *rule_locate(const struct rule *rule, const char *member)
{
	const struct {
		const char *member;
		struct rule_position at;
	} known[] = {
		{ "pattern", rule->at.pattern },
		{ "loose_pattern", rule->at.loose_pattern },
		{ "literals", rule->at.literals },
		{ "checksum", rule->at.checksum },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(member, known[i].member) == 0 && known[i].at.line)
			return memory_format("%s:%zu:%zu", rule->file, known[i].at.line, known[i].at.column);
	}
	return memory_copy_string(rule->file);
}
