/*
 * The format for a person at a terminal. What matters most stands first and in full; what is only possible stands
 * behind it in one line each, because test dummies must not drown a real key.
 */
#include "report/human.h"

#include "rule/rule.h"

#include <stdlib.h>
#include <string.h>

#define POSSIBLE_SHOWN 20
#define INCOMPLETE_SHOWN 10

/* Add words, with line breaks between them that leave indent columns free on the left of each further line. */
static void add_wrapped(struct human *human, const char *text, size_t indent)
{
	size_t column = indent;

	while (*text) {
		size_t length = strcspn(text, " "), columns = human_columns(text, length);

		if (human->width && column > indent && column + 1 + columns > human->width) {
			buffer_add_format(human->out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buffer_add_char(human->out, ' ');
			column++;
		}
		buffer_add(human->out, text, length);
		column += columns;
		text += length + (text[length] == ' ');
	}
}

static void add_secret(struct human *human, const struct finding *finding)
{
	human_set_style(human, HUMAN_BOLD);
	report_shorten(human->out, finding);
	human_set_style(human, HUMAN_PLAIN);
}

/* "vck_2Ykm…zP2K  certain  Vercel AI Gateway API key (base64)" */
static void add_heading(struct human *human, const struct finding *finding)
{
	static const char *const styles[] = {
		[CONFIDENCE_POSSIBLE] = HUMAN_DIM,
		[CONFIDENCE_LIKELY] = HUMAN_YELLOW,
		[CONFIDENCE_CERTAIN] = HUMAN_RED,
	};

	add_secret(human, finding);
	buffer_add_string(human->out, "  ");
	human_set_style(human, styles[finding->confidence]);
	buffer_add_string(human->out, confidence_name(finding->confidence));
	human_set_style(human, HUMAN_PLAIN);
	buffer_add_string(human->out, "  ");
	human_add_text(human, finding->rule->name);
	if (finding->encoding) {
		buffer_add_string(human->out, " (");
		human_add_encoding(human, finding->encoding);
		buffer_add_char(human->out, ')');
	}
	buffer_add_char(human->out, '\n');
}

/* Why a finding is not sent. */
static void add_not_reported(struct human *human, const struct finding *finding)
{
	buffer_add_string(human->out, "not reported: ");
	if (finding->rule->revoke_kind == RULE_REVOKE_NONE) {
		human_add_text(human, finding->rule->provider_name);
		buffer_add_string(human->out, " has no way to report it, revoke it by hand");
	} else if (finding->confidence < human->result->min_confidence) {
		buffer_add_format(human->out, "%s only", confidence_name(finding->confidence));
	} else if (finding->rule->revoke_kind == RULE_REVOKE_SELF) {
		buffer_add_string(human->out, "it would have to revoke itself, which needs --own-keys");
	} else {
		buffer_add_string(human->out, "it was not sent");
	}
}

/* ", and the key is dead" */
static void add_verified(struct human *human, const struct revocation *revocation)
{
	static const struct {
		const char *joint, *style, *words;
	} answers[] = {
		[VERIFICATION_DEAD] = { ", and ", HUMAN_GREEN, "the key is dead" },
		[VERIFICATION_ALIVE] = { ", but ", HUMAN_RED, "the key still works" },
		[VERIFICATION_UNKNOWN] = { "; ", HUMAN_YELLOW, "whether the key is dead is not known" },
	};

	buffer_add_string(human->out, answers[revocation->verified].joint);
	human_set_style(human, answers[revocation->verified].style);
	buffer_add_string(human->out, answers[revocation->verified].words);
	human_set_style(human, HUMAN_PLAIN);
	if (revocation->message) {
		buffer_add_string(human->out, ": ");
		human_add_text(human, revocation->message);
	}
}

/* What happened: "accepted (HTTP 200)", "rejected: HTTP 400 bad_request: …" */
static void add_answer(struct human *human, const struct finding *finding)
{
	static const struct {
		const char *style, *words;
	} outcomes[REVOCATION_STATE_COUNT] = {
		[REVOCATION_PENDING] = { HUMAN_YELLOW, "not settled yet" },
		[REVOCATION_ACCEPTED] = { HUMAN_GREEN, "accepted" },
		[REVOCATION_GONE] = { HUMAN_GREEN, "gone, no such key any more" },
		[REVOCATION_REJECTED] = { HUMAN_RED, "rejected" },
	};
	const struct revocation *revocation = &finding->revocation;
	bool submitted = revocation->state == REVOCATION_ACCEPTED && finding->rule->submitted_only;

	human_set_style(human, submitted ? HUMAN_YELLOW : outcomes[revocation->state].style);
	buffer_add_string(human->out, submitted ? "submitted" : outcomes[revocation->state].words);
	human_set_style(human, HUMAN_PLAIN);
	if (revocation->message && !revocation->verified) { /* it has the status, where there was one */
		buffer_add_string(human->out, ": ");
		human_add_text(human, revocation->message);
	} else if (revocation->http_status) {
		buffer_add_format(human->out, " (HTTP %u)", revocation->http_status);
	}
	if (revocation->verified)
		add_verified(human, revocation);
	else if (submitted)
		buffer_add_string(human->out, ": what becomes of it is not documented");
}

static bool is_self(const struct finding *finding)
{
	return finding->rule->revoke_kind == RULE_REVOKE_SELF;
}

void human_add_outcome(struct human *human, const struct finding *finding)
{
	const struct revocation *revocation = &finding->revocation;

	if (revocation->state == REVOCATION_NONE) {
		add_not_reported(human, finding);
	} else if (revocation->state == REVOCATION_DRY_RUN) {
		human_set_style(human, HUMAN_CYAN);
		buffer_add_string(human->out, is_self(finding) ? "would revoke itself at " : "would be reported to ");
		human_add_text(human, finding->rule->provider_name);
		human_set_style(human, HUMAN_PLAIN);
	} else {
		buffer_add_string(human->out, is_self(finding) ? "revoking itself at " : "reported to ");
		human_add_text(human, finding->rule->provider_name);
		if (revocation->earlier && revocation->at <= human->result->started) {
			buffer_add_char(human->out, ' ');
			human_add_date(human, revocation->at);
			buffer_add_string(human->out, " by an earlier run");
		} else if (revocation->earlier) {
			buffer_add_string(human->out, " by another run"); /* at the same time as this one */
		}
		buffer_add_string(human->out, ": ");
		add_answer(human, finding);
	}
}

bool human_is_minor(const struct finding *finding)
{
	return finding->confidence == CONFIDENCE_POSSIBLE && finding->revocation.state == REVOCATION_NONE;
}

/* "  next    create a new key and deploy it" */
static void add_next(struct human *human, const struct finding *finding)
{
	struct buffer advice = BUFFER_INIT, *out = human->out;

	human->out = &advice;
	human_add_advice(human, finding);
	human->out = out;
	if (advice.length) {
		buffer_add_format(out, "  %-*s", HUMAN_LABEL_LENGTH, "next");
		add_wrapped(human, advice.bytes, 2 + HUMAN_LABEL_LENGTH);
		buffer_add_char(out, '\n');
	}
	buffer_release(&advice);
}

static void add_block(struct human *human, const struct finding *finding)
{
	add_heading(human, finding);
	buffer_add_string(human->out, "  ");
	human_add_outcome(human, finding);
	buffer_add_char(human->out, '\n');
	human_add_places(human, finding);
	human_add_reach(human, finding);
	add_next(human, finding);
	buffer_add_char(human->out, '\n');
}

unsigned human_urgency(const struct finding *finding)
{
	static const unsigned order[REVOCATION_STATE_COUNT] = {
		[REVOCATION_REJECTED] = 0, [REVOCATION_PENDING] = 1, [REVOCATION_DRY_RUN] = 2,
		[REVOCATION_NONE] = 3,     [REVOCATION_ACCEPTED] = 4, [REVOCATION_GONE] = 4,
	};

	return human_is_minor(finding) ? HUMAN_URGENCY_COUNT - 1 : order[finding->revocation.state];
}

/* The worst first: by urgency, and in each the surest first, as the result has them. */
static void add_blocks(struct human *human, struct report *report)
{
	for (unsigned level = 0; level < HUMAN_URGENCY_COUNT; level++) {
		for (size_t i = 0; i < human->result->finding_count; i++) {
			const struct finding *finding = human->result->findings[i];

			if (human_is_minor(finding) || human_urgency(finding) != level)
				continue;
			add_block(human, finding);
			output_relieve(&report->output);
		}
	}
}

static void add_possible(struct human *human)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < human->result->finding_count; i++) {
		const struct finding *finding = human->result->findings[i];

		if (!human_is_minor(finding) || seen++ >= POSSIBLE_SHOWN)
			continue;
		if (seen == 1)
			buffer_add_string(human->out, "not reported: possible only\n");
		buffer_add_string(human->out, "  ");
		report_shorten(human->out, finding);
		if (finding->place_count) {
			buffer_add_string(human->out, "  ");
			human_add_where(human, &finding->places[0]);
		}
		if (finding->places_total > 1) {
			buffer_add_string(human->out, "  +");
			human_add_count(human, finding->places_total - 1, "more place", "more places");
		}
		buffer_add_char(human->out, '\n');
	}
	if (seen > POSSIBLE_SHOWN) {
		buffer_add_string(human->out, "  +");
		human_add_number(human, seen - POSSIBLE_SHOWN);
		buffer_add_string(human->out, " more\n");
	}
	if (seen)
		buffer_add_char(human->out, '\n');
}

void human_add_incomplete(struct human *human, const struct incomplete *incomplete)
{
	buffer_add_string(human->out, incomplete->what);
	if (incomplete->object[0])
		buffer_add_format(human->out, "  %.*s", HUMAN_ID_LENGTH, incomplete->object);
	if (incomplete->path) {
		buffer_add_string(human->out, "  ");
		human_add_text(human, incomplete->path);
	}
	if (incomplete->detail) {
		buffer_add_string(human->out, incomplete->object[0] || incomplete->path ? ": " : "  ");
		human_add_text(human, incomplete->detail);
	}
}

bool human_add_gap(struct human *human, size_t number)
{
	const struct report_result *result = human->result;

	if (result->interrupted && number-- == 0) {
		buffer_add_string(human->out, "interrupted: not everything was scanned");
		return true;
	}
	if (number < result->incomplete_count) {
		human_add_incomplete(human, &result->incomplete[number]);
		return true;
	}
	if (number > result->incomplete_count || result->incomplete_total <= result->incomplete_count)
		return false;
	human_add_count(human, result->incomplete_total - result->incomplete_count, "more part was not scanned",
			"more parts were not scanned");
	return true;
}

static void add_incomplete(struct human *human)
{
	const struct report_result *result = human->result;
	size_t shown = 0;

	if (!result->incomplete_total)
		return;
	buffer_add_string(human->out, "not scanned:\n");
	for (; shown < result->incomplete_count && shown < INCOMPLETE_SHOWN; shown++) {
		buffer_add_string(human->out, "  ");
		human_add_incomplete(human, &result->incomplete[shown]);
		buffer_add_char(human->out, '\n');
	}
	if (result->incomplete_total > shown) {
		buffer_add_string(human->out, "  +");
		human_add_number(human, result->incomplete_total - shown);
		buffer_add_string(human->out, " more\n");
	}
	buffer_add_char(human->out, '\n');
}

static void human_finish(struct report *report, const struct report_result *result)
{
	struct human human;

	human_init(&human, &report->output.pending, result);
	human.color = report->color;
	human.links = report->links;
	human.width = report->width;
	add_blocks(&human, report);
	add_possible(&human);
	add_incomplete(&human);
	human_add_summary(&human);
	human_release(&human);
}

const struct report_format report_format_human = { .name = "human", .finish = human_finish };
