/*
 * What a hook says to the person whose commit or push it stopped: which key, where, and what to do now. Nothing when there is
 * nothing to say. The text passes through git, for pre-receive to another machine, where each line begins with "remote: ": so lines are short and plain.
 */
#include "report/human.h"

#include "rule/rule.h"

#include <string.h>

/* The words that differ. */
static const struct words {
	const char *hook;
	const char *stopped, *verb; /* "commit stopped: it would add 2 keys" */
	const char *advice;
	bool has_file; /* the .staunchignore that counts is the one the person works on, not the server's */
} all_words[] = {
	{ "pre-commit", "commit stopped", "it would add",
	  "Take it out of the file (have it read from the environment, say), git add the file, and commit again.\n"
	  "It was never committed, so it has not leaked by this.\n",
	  true },
	{ "pre-push", "push stopped", "it would publish",
	  "Take it out of the commits that hold it (git rebase -i, git commit --amend), and push again:\n"
	  "a further commit that removes it leaves it in the history. It has not left this machine by this.\n",
	  true },
	{ "pre-receive", "push refused", "it brings",
	  "Take it out of the commits that hold it (git rebase -i, git commit --amend), and push again:\n"
	  "a further commit that removes it leaves it in the history. The server has kept nothing of this push.\n",
	  false },
};

#define PLACES_SHOWN 5
#define KEYS_SHOWN 20
#define INCOMPLETE_SHOWN 10

static const struct words *find_words(const char *hook)
{
	for (size_t i = 0; hook && i < sizeof(all_words) / sizeof(*all_words); i++) {
		if (!strcmp(all_words[i].hook, hook))
			return &all_words[i];
	}
	return &all_words[0];
}

static bool stops(const struct report_result *result, const struct finding *finding)
{
	return finding->confidence >= result->min_confidence;
}

static void add_places(struct human *human, const struct finding *finding)
{
	size_t shown = 0;

	for (; shown < finding->place_count && shown < PLACES_SHOWN; shown++) {
		const struct place *place = &finding->places[shown];

		buffer_add_string(human->out, "    ");
		human_add_where(human, place);
		if (place->commit[0])
			buffer_add_format(human->out, "  in commit %.*s", HUMAN_ID_LENGTH, place->commit);
		buffer_add_char(human->out, '\n');
	}
	if (finding->places_total > shown) {
		buffer_add_string(human->out, "    +");
		human_add_count(human, finding->places_total - shown, "more place", "more places");
		buffer_add_char(human->out, '\n');
	}
}

static void add_state(struct human *human, const struct finding *finding)
{
	const struct revocation *revocation = &finding->revocation;

	if (revocation->state == REVOCATION_NONE || revocation->state == REVOCATION_DRY_RUN)
		return;
	buffer_add_format(human->out, "    reported to ");
	human_add_text(human, finding->rule->provider_name);
	buffer_add_format(human->out, ": %s", revocation_state_name(revocation->state));
	if (revocation->message) {
		buffer_add_string(human->out, ": ");
		human_add_text(human, revocation->message);
	}
	buffer_add_char(human->out, '\n');
}

static void add_key(struct human *human, const struct finding *finding)
{
	buffer_add_string(human->out, "  ");
	human_set_style(human, HUMAN_BOLD);
	report_shorten(human->out, finding);
	human_set_style(human, HUMAN_PLAIN);
	buffer_add_format(human->out, "  %s  ", confidence_name(finding->confidence));
	human_add_text(human, finding->rule->name);
	buffer_add_char(human->out, '\n');
	add_places(human, finding);
	add_state(human, finding);
}

static void add_incomplete(struct human *human)
{
	const struct report_result *result = human->result;
	size_t shown = 0;

	for (; shown < result->incomplete_count && shown < INCOMPLETE_SHOWN; shown++) {
		const struct incomplete *incomplete = &result->incomplete[shown];

		buffer_add_format(human->out, "  %s", incomplete->what);
		if (incomplete->object[0])
			buffer_add_format(human->out, "  %.*s", HUMAN_ID_LENGTH, incomplete->object);
		if (incomplete->path) {
			buffer_add_string(human->out, "  ");
			human_add_text(human, incomplete->path);
		}
		if (incomplete->detail) {
			buffer_add_string(human->out, ": ");
			human_add_text(human, incomplete->detail);
		}
		buffer_add_char(human->out, '\n');
	}
	if (result->incomplete_total > shown) {
		buffer_add_string(human->out, "  +");
		human_add_number(human, result->incomplete_total - shown);
		buffer_add_string(human->out, " more\n");
	}
}

/* How to say that a key may stand there: each fingerprint on a line to copy. */
static void add_allowing(struct human *human, const struct words *words)
{
	const struct report_result *result = human->result;
	size_t shown = 0;

	if (result->no_repo_config)
		return;
	buffer_add_format(human->out, "If it is no secret, write staunch:allow on its line%s\n",
			  words->has_file ? ", or its fingerprint into .staunchignore:" : ".");
	for (size_t i = 0; words->has_file && i < result->finding_count && shown < KEYS_SHOWN; i++) {
		if (!stops(result, result->findings[i]))
			continue;
		buffer_add_format(human->out, "  sha256:%s\n", result->findings[i]->fingerprint);
		shown++;
	}
}

static void hook_finish(struct report *report, const struct report_result *result)
{
	struct human human = { .out = &report->output.pending, .color = report->color, .result = result };
	const struct words *words = find_words(result->hook);
	uint64_t keys = 0, shown = 0;

	for (size_t i = 0; i < result->finding_count; i++)
		keys += stops(result, result->findings[i]);
	if (!keys && !result->incomplete_total && !result->interrupted)
		return;
	report_mask_init(&human.mask, result, NULL);
	buffer_add_format(human.out, "staunch: %s: ", words->stopped);
	if (keys) {
		buffer_add_format(human.out, "%s ", words->verb);
		human_add_count(&human, keys, "key", "keys");
		buffer_add_string(human.out, "\n\n");
	} else {
		buffer_add_format(human.out, "%s\n", result->interrupted ? "interrupted" : "not everything could be scanned");
	}
	for (size_t i = 0; i < result->finding_count && shown < KEYS_SHOWN; i++) {
		if (stops(result, result->findings[i])) {
			add_key(&human, result->findings[i]);
			shown++;
		}
	}
	if (keys > shown) {
		buffer_add_string(human.out, "  +");
		human_add_count(&human, keys - shown, "more key", "more keys");
		buffer_add_char(human.out, '\n');
	}
	if (keys && result->incomplete_total)
		buffer_add_string(human.out, "\nAnd not everything could be scanned:\n");
	add_incomplete(&human);
	if (keys) {
		buffer_add_format(human.out, "\n%s", words->advice);
		add_allowing(&human, words);
	}
	report_mask_release(&human.mask);
}

const struct report_format report_format_hook = { "hook", NULL, NULL, hook_finish };
