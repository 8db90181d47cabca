#include "report/saved.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void saved_init(struct saved *saved, const struct rule_set *rules)
{
	*saved = (struct saved){ .rules = rules, .result.min_confidence = CONFIDENCE_LIKELY };
}

void saved_release(struct saved *saved)
{
	for (size_t i = 0; i < saved->result.finding_count; i++) {
		free(saved->findings[i]->places);
		free(saved->findings[i]);
	}
	for (size_t i = 0; i < saved->unknown_count; i++)
		free(saved->unknown[i]);
	for (size_t i = 0; i < saved->string_count; i++)
		free(saved->strings[i]);
	free(saved->findings);
	free(saved->targets);
	free(saved->incomplete);
	free(saved->unknown);
	free(saved->strings);
	*saved = (struct saved){ 0 };
}

char *saved_keep(struct saved *saved, const char *text)
{
	if (!text)
		return NULL;
	memory_grow(saved->strings, saved->string_count, saved->string_capacity);
	return saved->strings[saved->string_count++] = memory_copy_string(text);
}

struct finding *saved_add_finding(struct saved *saved)
{
	memory_grow(saved->findings, saved->result.finding_count, saved->finding_capacity);
	return saved->findings[saved->result.finding_count++] = memory_allocate_zeroed(1, sizeof(struct finding));
}

struct target *saved_add_target(struct saved *saved)
{
	struct target *target;

	memory_grow(saved->targets, saved->result.target_count, saved->target_capacity);
	target = &saved->targets[saved->result.target_count++];
	*target = (struct target){ 0 };
	return target;
}

struct incomplete *saved_add_incomplete(struct saved *saved)
{
	struct incomplete *incomplete;

	memory_grow(saved->incomplete, saved->result.incomplete_count, saved->incomplete_capacity);
	incomplete = &saved->incomplete[saved->result.incomplete_count++];
	*incomplete = (struct incomplete){ 0 };
	return incomplete;
}

struct place *saved_add_place(struct finding *finding)
{
	struct place *place;

	memory_grow(finding->places, finding->place_count, finding->place_capacity);
	place = &finding->places[finding->place_count++];
	*place = (struct place){ 0 };
	return place;
}

static bool is_rule(const struct rule *rule, const char *id, const char *provider)
{
	return strcmp(rule->id, id) == 0 && strcmp(rule->provider, provider) == 0;
}

const struct rule *saved_rule(struct saved *saved, const char *id, const char *provider)
{
	const struct rule *known = saved->rules ? rule_set_find(saved->rules, id) : NULL;
	struct rule *rule;

	if (known && is_rule(known, id, provider))
		return known;
	for (size_t i = 0; i < saved->unknown_count; i++) {
		if (is_rule(saved->unknown[i], id, provider))
			return saved->unknown[i];
	}
	if (saved->unknown_count == SAVED_RULES_MAX)
		return NULL;
	memory_grow(saved->unknown, saved->unknown_count, saved->unknown_capacity);
	rule = saved->unknown[saved->unknown_count++] = memory_allocate_zeroed(1, sizeof(*rule));
	rule->id = rule->name = saved_keep(saved, id);
	rule->provider = rule->provider_name = saved_keep(saved, provider);
	rule->revoke_kind = RULE_REVOKE_REPORT;
	return rule;
}

/*
 * --min-confidence is not written down, but what was not sent tells: a finding whose rule has somebody to tell stays unsent only
 * below it.
 */
static enum confidence min_confidence(const struct saved *saved)
{
	enum confidence least = CONFIDENCE_LIKELY;

	for (size_t i = 0; i < saved->result.finding_count; i++) {
		const struct finding *finding = saved->findings[i];

		if (finding->revocation.state == REVOCATION_NONE && finding->rule->revoke_kind == RULE_REVOKE_REPORT &&
		    finding->confidence == CONFIDENCE_LIKELY)
			least = CONFIDENCE_CERTAIN;
	}
	return least;
}

void saved_finish(struct saved *saved)
{
	saved->result.findings = saved->findings;
	saved->result.targets = saved->targets;
	saved->result.incomplete = saved->incomplete;
	saved->result.min_confidence = min_confidence(saved);
}
