/*
 * The only place where a credential becomes text: the end of its prefix and the ends of the rest, which is enough
 * to recognise one's own key and too little to use it.
 */
#define _GNU_SOURCE
#include "report/format.h"

#include "base/mask.h"
#include "base/memory.h"
#include "base/text.h"
#include "rule/rule.h"

#include <stdlib.h>
#include <string.h>

#define ENDS_SHOWN 4 /* characters on each side of the mark */

/*
 * The longest of the rule's literals that the credential begins with, so that "sk-proj-" wins over "sk-"; none
 * when it is more than half of the credential, which it would give away.
 */
static size_t prefix_length(const struct finding *finding)
{
	const char *bytes = secret_bytes(finding->secret);
	size_t size = secret_length(finding->secret), longest = 0;

	for (size_t i = 0; i < finding->rule->literal_count; i++) {
		size_t length = strlen(finding->rule->literals[i]);

		if (length > longest && length <= size && memcmp(bytes, finding->rule->literals[i], length) == 0)
			longest = length;
	}
	return longest > size / 2 ? 0 : longest;
}

/* A pattern may match bytes that are no text, and half a character is none either. */
static void add_visible(struct buffer *buffer, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buffer_add_char(buffer, bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '?');
}

void report_shorten(struct buffer *buffer, const struct finding *finding)
{
	const char *bytes;
	size_t size, prefix, ends;

	if (!finding->secret) {
		buffer_add_string(buffer, finding->shown);
		return;
	}
	bytes = secret_bytes(finding->secret);
	size = secret_length(finding->secret);
	prefix = prefix_length(finding);
	ends = (size - prefix) / 4;
	if (ends > ENDS_SHOWN)
		ends = ENDS_SHOWN;
	add_visible(buffer, bytes, prefix + ends);
	buffer_add_string(buffer, "…");
	add_visible(buffer, bytes + size - ends, ends);
}

static void mask_add_rule(struct report_mask *mask, const struct rule *rule)
{
	for (size_t i = 0; i < mask->rule_count; i++) {
		if (mask->rules[i] == rule)
			return;
	}
	memory_grow(mask->rules, mask->rule_count, mask->rule_capacity);
	mask->rules[mask->rule_count++] = rule;
}

void report_mask_init(struct report_mask *mask, const struct report_result *result, const struct finding *finding)
{
	*mask = (struct report_mask){ .result = result, .finding = finding };
	for (size_t i = 0; i < result->finding_count; i++)
		mask_add_rule(mask, result->findings[i]->rule);
	if (finding)
		mask_add_rule(mask, finding->rule);
}

void report_mask_release(struct report_mask *mask)
{
	free(mask->rules);
	*mask = (struct report_mask){ 0 };
}

/* Every credential holds a literal of its rule: nearly all texts hold none and are done with here. */
static bool holds_literal(const struct report_mask *mask, const char *text)
{
	for (size_t i = 0; i < mask->rule_count; i++) {
		for (size_t j = 0; j < mask->rules[i]->literal_count; j++) {
			if (strstr(text, mask->rules[i]->literals[j]))
				return true;
		}
	}
	return false;
}

static bool begins_with(const char *text, size_t length, const struct secret *secret)
{
	return secret && secret_length(secret) <= length && memcmp(text, secret_bytes(secret), secret_length(secret)) == 0;
}

/* The finding with the longest credential that text begins with, or NULL. */
static const struct finding *finding_at(const struct report_mask *mask, const char *text, size_t length)
{
	const struct finding *best = NULL;

	if (mask->finding && begins_with(text, length, mask->finding->secret))
		best = mask->finding;
	for (size_t i = 0; i < mask->result->finding_count; i++) {
		const struct finding *finding = mask->result->findings[i];

		if (begins_with(text, length, finding->secret) &&
		    (!best || secret_length(finding->secret) > secret_length(best->secret)))
			best = finding;
	}
	return best;
}

static void shorten_findings(const struct report_mask *mask, struct buffer *buffer, const char *text)
{
	size_t length = strlen(text);

	for (size_t at = 0; at < length;) {
		const struct finding *finding = finding_at(mask, text + at, length - at);

		if (finding) {
			report_shorten(buffer, finding);
			at += secret_length(finding->secret);
		} else {
			buffer_add_char(buffer, text[at++]);
		}
	}
}

void report_mask_add(const struct report_mask *mask, struct buffer *buffer, const char *text)
{
	struct buffer shortened = BUFFER_INIT;

	if (!holds_literal(mask, text)) {
		mask_add(buffer, text);
		return;
	}
	shorten_findings(mask, &shortened, text);
	mask_add(buffer, shortened.bytes);
	buffer_release(&shortened);
}

void report_add_masked(struct buffer *buffer, const struct report_result *result, const char *text)
{
	struct report_mask mask;

	report_mask_init(&mask, result, NULL);
	report_mask_add(&mask, buffer, text);
	report_mask_release(&mask);
}

void report_add_harmless(struct buffer *buffer, const struct report_result *result, const char *text)
{
	struct buffer masked = BUFFER_INIT;

	report_add_masked(&masked, result, text);
	text_add_harmless(buffer, masked.bytes ? masked.bytes : "");
	buffer_release(&masked);
}
