/*
 * The rules as SARIF has them: what code scanning shows beside each result, and how bad it is.
 */
#include "report/sarif.h"

#include "rule/rule.h"

/* GitHub shows a number from 0 to 10 as a word: from 9.0 on it is critical. What a leaked credential opens is not known, so all are. */
#define SECURITY_SEVERITY "9.5"

static void add_help(struct sarif *sarif, const struct rule *rule)
{
	static const char *const steps[] = { "Have it revoked: staunch does that, or its provider's web page.",
					     "Create a new key and deploy it.",
					     "Remove the leaked one from the files that are there now.",
					     "Leave history as it is: whoever cloned it has the key, and a dead key opens nothing." };

	json_open(&sarif->writer, "help", '{');
	human_begin(&sarif->words);
	human_add_text(&sarif->words, rule->name);
	buffer_add_string(&sarif->text, ": whoever can read this repository can use it, and its history keeps it.");
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		buffer_add_format(&sarif->text, " %zu. %s", i + 1, steps[i]);
	json_string(&sarif->writer, "text", sarif->text.bytes);
	human_begin(&sarif->words);
	buffer_add_string(&sarif->text, "# A leaked credential\n\nWhoever can read this repository can use it, and its history keeps "
					"it even when the file is gone.\n\n");
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		buffer_add_format(&sarif->text, "%zu. %s\n", i + 1, steps[i]);
	buffer_add_string(&sarif->text, "\nThe provider: `");
	human_add_text(&sarif->words, rule->provider);
	buffer_add_string(&sarif->text, "`, the rule: `");
	human_add_text(&sarif->words, rule->id);
	buffer_add_string(&sarif->text, "`.\n");
	json_string(&sarif->writer, "markdown", sarif->text.bytes);
	json_close(&sarif->writer, '}');
}

static void add_rule(struct sarif *sarif, const struct rule *rule)
{
	struct json_writer *writer = &sarif->writer;

	json_open(writer, NULL, '{');
	sarif_add_text(sarif, "id", rule->id);
	sarif_add_text(sarif, "name", rule->name);
	human_begin(&sarif->words);
	buffer_add_string(&sarif->text, "Leaked credential: ");
	human_add_text(&sarif->words, rule->name);
	sarif_add_message(sarif, "shortDescription");
	buffer_add_string(&sarif->text, ", in a file or in history");
	sarif_add_message(sarif, "fullDescription");
	add_help(sarif, rule);
	json_open(writer, "defaultConfiguration", '{');
	json_string(writer, "level", "error");
	json_close(writer, '}');
	json_open(writer, "properties", '{');
	json_open(writer, "tags", '[');
	json_string(writer, NULL, "security");
	json_string(writer, NULL, "secret");
	json_string(writer, NULL, "external/cwe/cwe-798");
	json_close(writer, ']');
	json_string(writer, "precision", "very-high");
	json_string(writer, "problem.severity", "error");
	json_string(writer, "security-severity", SECURITY_SEVERITY);
	json_close(writer, '}');
	json_close(writer, '}');
}

void sarif_add_tool(struct sarif *sarif)
{
	const struct report_mask *mask = &sarif->words.mask;

	json_open(&sarif->writer, "tool", '{');
	json_open(&sarif->writer, "driver", '{');
	json_string(&sarif->writer, "name", "staunch");
	json_string(&sarif->writer, "version", sarif->result->version);
	json_string(&sarif->writer, "semanticVersion", sarif->result->version);
	json_open(&sarif->writer, "rules", '[');
	for (size_t i = 0; i < mask->rule_count; i++)
		add_rule(sarif, mask->rules[i]);
	json_close(&sarif->writer, ']');
	json_close(&sarif->writer, '}');
	json_close(&sarif->writer, '}');
}
