/*
 * rules list, check and test: the rules in force, and whether they say what they mean.
 */
#include "cli/commands.h"

#include "base/log.h"
#include "base/mask.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/text.h"
#include "match/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void offer_names(struct nearest *nearest, const struct rule_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		nearest_offer(nearest, set->rules[i].id);
		nearest_offer(nearest, set->rules[i].provider);
	}
}

/* No rule and no provider has this name. set may hold only those that were asked for. */
static int fail_unknown(const struct rule_set *set, const char *option, const char *name, struct error *error)
{
	struct nearest nearest = NEAREST_INIT(name);
	struct rule_set all = { 0 };
	int result;

	offer_names(&nearest, set);
	if (!rule_set_load(&all, NULL, 0, NULL))
		offer_names(&nearest, &all);
	result = error_set(error, ERROR_CONFIGURATION, "--%s '%s': there is no such rule or provider%s%s%s: staunch rules list shows them", option,
			   name, nearest.word ? ", did you mean '" : "", nearest.word ? nearest.word : "", nearest.word ? "'?" : "");
	rule_set_release(&all);
	return result;
}

static int enable_all(const struct string_list *names, struct rule_set *set, bool enabled, struct error *error)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!rule_set_enable(set, names->items[i], enabled))
			return fail_unknown(set, enabled ? "enable" : "disable", names->items[i], error);
	}
	return 0;
}

/* The verb of `rules` that was asked for; "" when it is none that looks into rules' files. */
static const char *testing_verb(const struct options *options)
{
	const char *verb = options->command == COMMAND_RULES ? options->operands.items[0] : "";

	return strcmp(verb, "check") == 0 || strcmp(verb, "test") == 0 ? verb : "";
}

/* The rules and providers that the options name; the caller frees each and the list. */
static char **named_rules(const struct options *options, size_t *count)
{
	const struct string_list *const lists[] = { &options->enable, &options->disable, &options->endpoints,
						    &options->verify_endpoints };
	size_t capacity = 0;
	char **names = NULL;

	*count = 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (size_t j = 0; j < lists[i]->count; j++) {
			const char *text = lists[i]->items[j];

			memory_grow(names, *count, capacity);
			names[(*count)++] = memory_copy_bytes(text, strcspn(text, "=")); /* RULE=URL */
		}
	}
	return names;
}

int command_load_rules(const struct options *options, struct rule_set *set, struct error *error)
{
	/* the files named behind `check` and `test` are rules beside those of --rules */
	size_t more = *testing_verb(options) ? options->operands.count - 1 : 0, count = options->rules.count;
	char **paths = memory_allocate_zeroed(count + more + 1, sizeof(*paths));
	size_t name_count;
	char **names = named_rules(options, &name_count);
	int result;

	for (size_t i = 0; i < count; i++)
		paths[i] = options->rules.items[i];
	for (size_t i = 0; i < more; i++)
		paths[count + i] = options->operands.items[1 + i];
	if (options->command & (COMMAND_SCAN | COMMAND_GIT | COMMAND_DIR | COMMAND_STDIN | COMMAND_REVOKE))
		result = rule_set_load_for(set, paths, count + more, (const char *const *)names, name_count, error);
	else
		result = rule_set_load(set, paths, count + more, error);
	for (size_t i = 0; i < name_count; i++)
		free(names[i]);
	free(names);
	free(paths);
	if (!result)
		result = enable_all(&options->enable, set, true, error);
	if (!result)
		result = enable_all(&options->disable, set, false, error);
	return result;
}

static enum exit_code list_rules(const struct rule_set *rules)
{
	static const char *const kinds[] = { "finds only", "report", "self" };
	struct buffer masked = BUFFER_INIT, file = BUFFER_INIT;

	printf("%-28s %-4s %-11s %-12s %s\n", "RULE", "ON", "REVOKES", "PROVIDER", "FILE");
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rules[i];

		buffer_clear(&masked);
		buffer_clear(&file);
		mask_add(&masked, rule->file);
		text_add_harmless(&file, masked.bytes);
		printf("%-28s %-4s %-11s %-12s %s\n", rule->id, rule->enabled ? "yes" : "no", kinds[rule->revoke_kind],
		       rule->provider, file.bytes);
	}
	buffer_release(&masked);
	buffer_release(&file);
	return EXIT_CLEAN;
}

/* ---- examples ---- */

struct trial {
	const struct rule *rule;
	struct matcher *matcher;
	const char *text;
	bool found; /* at likely or above, and confirmed by itself as the broker does */
};

static void note_match(void *context, const struct match *match)
{
	struct trial *trial = context;
	enum confidence confidence;

	/* confirming uses the matcher's own state, which is free by now: the match is a copy */
	if (match->rule == trial->rule && match->confidence >= CONFIDENCE_LIKELY &&
	    matcher_confirm(trial->matcher, trial->rule, trial->text + match->start, match->end - match->start,
			    &confidence) &&
	    confidence == match->confidence)
		trial->found = true;
}

/* Try one example. Returns whether the rule did what was expected of it. The text is not shown: it may look like a credential. */
static bool try_example(struct matcher *matcher, const struct rule *rule, const struct rule_example *example,
			size_t number, bool expected)
{
	struct trial trial = { rule, matcher, example->text, false };

	matcher_search(matcher, example->text, strlen(example->text), true, true, note_match, &trial);
	if (trial.found == expected)
		return true;
	log_error("%s: rule '%s': examples.%s number %zu %s", rule->file, rule->id, expected ? "match" : "no_match",
		  number + 1, expected ? "is not found at likely or above" : "is found at likely or above");
	return false;
}

static enum exit_code test_rules(struct rule_set *rules)
{
	struct match_program *program = NULL;
	struct matcher *matcher;
	size_t passed = 0, failed = 0;
	struct error error;

	for (size_t i = 0; i < rules->count; i++)
		rules->rules[i].enabled = true;
	if (match_program_compile(&program, rules, &error)) {
		log_error("%s", error.message);
		return EXIT_USAGE;
	}
	matcher = matcher_new(program);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rules[i];

		for (size_t j = 0; j < rule->match_count; j++)
			try_example(matcher, rule, &rule->match[j], j, true) ? passed++ : failed++;
		for (size_t j = 0; j < rule->no_match_count; j++)
			try_example(matcher, rule, &rule->no_match[j], j, false) ? passed++ : failed++;
	}
	matcher_free(matcher);
	match_program_free(program);
	printf("%zu examples of %zu %s: %zu as expected, %zu not\n", passed + failed, rules->count,
	       rules->count == 1 ? "rule" : "rules", passed, failed);
	return failed ? EXIT_USAGE : EXIT_CLEAN;
}

static enum exit_code check_rules(const struct rule_set *rules)
{
	struct match_program *program = NULL;
	size_t checked = 0;
	struct error error;

	if (match_program_compile(&program, rules, &error)) {
		log_error("%s", error.message);
		return EXIT_USAGE;
	}
	match_program_free(program);
	for (size_t i = 0; i < rules->count; i++)
		checked += rules->rules[i].enabled;
	printf(checked == 1 ? "%zu rule is sound" : "%zu rules are sound", checked);
	if (checked < rules->count)
		printf(", %zu switched off", rules->count - checked);
	putchar('\n');
	return EXIT_CLEAN;
}

enum exit_code command_rules(const struct options *options, struct rule_set *rules)
{
	const char *verb = testing_verb(options);

	if (*verb)
		return verb[0] == 'c' ? check_rules(rules) : test_rules(rules);
	return list_rules(rules);
}
