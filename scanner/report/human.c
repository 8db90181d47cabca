/*
 * The format for a person at a terminal. What matters most stands first and in full; what is only possible stands
 * behind it in one line each, because test dummies must not drown a real key.
 */
#include "report/human.h"

#include "base/memory.h"
#include "base/text.h"
#include "rule/rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEWEST_SHOWN 4      /* places beside the first one */
#define POSSIBLE_SHOWN 20
#define INCOMPLETE_SHOWN 10
#define ID_SHOWN 10         /* digits of an object id */
#define DATE_LENGTH 10      /* "2026-11-23" */

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define CYAN "\033[36m"
#define PLAIN "\033[0m"

static void set_style(struct human *human, const char *style)
{
	if (human->color)
		buffer_add_string(human->out, style);
}

void human_add_number(struct human *human, uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			buffer_add_char(human->out, ',');
		buffer_add_char(human->out, digits[i]);
	}
}

void human_add_count(struct human *human, uint64_t count, const char *one, const char *many)
{
	human_add_number(human, count);
	buffer_add_format(human->out, " %s", count == 1 ? one : many);
}

void human_add_text(struct human *human, const char *text)
{
	struct buffer masked = BUFFER_INIT;

	report_mask_add(&human->mask, &masked, text);
	text_add_harmless(human->out, masked.bytes);
	buffer_release(&masked);
}

static void add_secret(struct human *human, const struct finding *finding)
{
	set_style(human, BOLD);
	report_shorten(human->out, finding);
	set_style(human, PLAIN);
}

/* "base64 of utf-16" for "base64,utf-16" */
static void add_encoding(struct human *human, const char *encoding)
{
	for (const char *at = encoding; *at; at++) {
		if (*at == ',')
			buffer_add_string(human->out, " of ");
		else
			buffer_add_char(human->out, *at);
	}
}

/* "vck_2Ykm…zP2K  certain  Vercel AI Gateway API key (base64)" */
static void add_heading(struct human *human, const struct finding *finding)
{
	static const char *const styles[] = {
		[CONFIDENCE_POSSIBLE] = DIM,
		[CONFIDENCE_LIKELY] = YELLOW,
		[CONFIDENCE_CERTAIN] = RED,
	};

	add_secret(human, finding);
	buffer_add_string(human->out, "  ");
	set_style(human, styles[finding->confidence]);
	buffer_add_string(human->out, confidence_name(finding->confidence));
	set_style(human, PLAIN);
	buffer_add_string(human->out, "  ");
	human_add_text(human, finding->rule->name);
	if (finding->encoding) {
		buffer_add_string(human->out, " (");
		add_encoding(human, finding->encoding);
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

/* What happened: "accepted (HTTP 200)", "rejected: HTTP 400 bad_request: …" */
static void add_outcome(struct human *human, const struct finding *finding)
{
	static const struct {
		const char *style, *words;
	} outcomes[REVOCATION_STATE_COUNT] = {
		[REVOCATION_PENDING] = { YELLOW, "not settled yet" },
		[REVOCATION_ACCEPTED] = { GREEN, "accepted" },
		[REVOCATION_GONE] = { GREEN, "gone, no such key any more" },
		[REVOCATION_REJECTED] = { RED, "rejected" },
	};
	const struct revocation *revocation = &finding->revocation;

	set_style(human, outcomes[revocation->state].style);
	buffer_add_string(human->out, outcomes[revocation->state].words);
	set_style(human, PLAIN);
	if (revocation->message) { /* it has the status, where there was one */
		buffer_add_string(human->out, ": ");
		human_add_text(human, revocation->message);
	} else if (revocation->http_status) {
		buffer_add_format(human->out, " (HTTP %u)", revocation->http_status);
	}
}

static void add_date(struct buffer *out, int64_t date)
{
	char text[TEXT_TIME_SIZE];

	text_format_time(date, text);
	buffer_add(out, text, DATE_LENGTH);
}

/* "reported to Vercel: accepted (HTTP 200)" */
static void add_revocation(struct human *human, const struct finding *finding)
{
	const struct revocation *revocation = &finding->revocation;

	buffer_add_string(human->out, "  ");
	if (revocation->state == REVOCATION_NONE) {
		add_not_reported(human, finding);
	} else if (revocation->state == REVOCATION_DRY_RUN) {
		set_style(human, CYAN);
		buffer_add_string(human->out, "would be reported to ");
		human_add_text(human, finding->rule->provider_name);
		set_style(human, PLAIN);
	} else {
		buffer_add_string(human->out, "reported to ");
		human_add_text(human, finding->rule->provider_name);
		if (revocation->has_time && revocation->at < human->result->started) {
			buffer_add_string(human->out, " on "); /* by an earlier run */
			add_date(human->out, revocation->at);
		}
		buffer_add_string(human->out, ": ");
		add_outcome(human, finding);
	}
	buffer_add_char(human->out, '\n');
}

/* What a place is when its path does not say it; NULL when it does. */
static const char *place_words(enum place_kind kind)
{
	static const char *const words[PLACE_KIND_COUNT] = {
		[PLACE_COMMIT_MESSAGE] = "commit message", [PLACE_TAG_MESSAGE] = "tag message",
		[PLACE_NOTE] = "note",                     [PLACE_PATH] = "file name",
		[PLACE_REFLOG] = "reflog",                 [PLACE_CONFIG] = "git config",
		[PLACE_STDIN] = "standard input",
	};

	return words[kind];
}

/* "src/config.ts:12:8" */
static void add_where(struct human *human, const struct place *place)
{
	const char *words = place_words(place->kind);

	if (place->path)
		human_add_text(human, place->path);
	else
		buffer_add_string(human->out, words ? words : place_kind_name(place->kind));
	if (place->line)
		buffer_add_format(human->out, ":%" PRIu64, place->line);
	if (place->line && place->column)
		buffer_add_format(human->out, ":%" PRIu64, place->column);
	if (place->path && words)
		buffer_add_format(human->out, " (%s)", words);
}

/* Two columns: the date and the commit, or what kind of place it is and its object. */
static void add_when(struct human *human, const struct place *place)
{
	const char *id = place->commit[0] ? place->commit : place->object;
	const char *kind = place_kind_name(place->kind);

	if (place->kind != PLACE_INDEX && place->object[0])
		kind = "object"; /* no commit that is read holds it */
	set_style(human, DIM);
	if (place->has_date)
		add_date(human->out, place->date);
	else
		buffer_add_format(human->out, "%-*s", DATE_LENGTH, kind);
	buffer_add_format(human->out, "  %-*.*s", ID_SHOWN, ID_SHOWN, id);
	set_style(human, PLAIN);
}

/* "Name <address>" is shown as the name, where there is one. */
static void add_author(struct human *human, const char *author)
{
	const char *address = strstr(author, " <");
	char *name = memory_copy_bytes(author, address ? (size_t)(address - author) : strlen(author));

	buffer_add_string(human->out, "  ");
	set_style(human, DIM);
	human_add_text(human, *name ? name : author);
	set_style(human, PLAIN);
	free(name);
}

static void add_place(struct human *human, const char *label, bool with_when, const struct place *place)
{
	buffer_add_format(human->out, "  %-8s", label);
	if (with_when) {
		add_when(human, place);
		buffer_add_string(human->out, "  ");
	}
	add_where(human, place);
	if (place->author)
		add_author(human, place->author);
	if (report_place_in_git(place) && !place->reachable)
		buffer_add_string(human->out, "  unreachable");
	buffer_add_char(human->out, '\n');
}

/* The first place, then the newest ones, newest first. */
static void add_places(struct human *human, const struct finding *finding)
{
	static const char *const labels[1 + NEWEST_SHOWN] = { "first", "newest", "", "", "" };
	bool with_when = false;
	size_t shown = 0;

	/* files and streams have nothing to fill the columns with */
	for (size_t i = 0; i < finding->place_count; i++)
		with_when |= finding->places[i].has_date || finding->places[i].object[0];
	for (; shown < finding->place_count && shown <= NEWEST_SHOWN; shown++) {
		const char *label = finding->place_count == 1 ? "at" : labels[shown];
		size_t index = shown == 0 ? 0 : finding->place_count - shown;

		add_place(human, label, with_when, &finding->places[index]);
	}
	if (finding->places_total > shown) {
		buffer_add_string(human->out, "          +");
		human_add_count(human, finding->places_total - shown, "more place", "more places");
		buffer_add_char(human->out, '\n');
	}
}

static void add_removal(struct human *human, const struct finding *finding)
{
	char time[TEXT_TIME_SIZE];

	if (!finding->removed.commit[0] || finding->at_head)
		return;
	text_format_time(finding->removed.date, time);
	buffer_add_format(human->out, "  removed %.10s %.10s\n", time, finding->removed.commit);
}

/* As many names as fit a line. */
#define REFS_SHOWN 3

/* The branches and tags that whoever cleans the history has to look at. */
static void add_refs(struct human *human, const struct finding *finding)
{
	const char *name = finding->refs, *end;
	uint64_t shown = 0;

	for (; name && shown < REFS_SHOWN && (end = strchr(name, '\n')); name = end + 1) {
		char *copy = memory_copy_bytes(name, (size_t)(end - name));
		const char *short_name = copy;

		if (!strncmp(short_name, "refs/heads/", 11) || !strncmp(short_name, "refs/tags/", 10))
			short_name = strchr(short_name + 5, '/') + 1;
		buffer_add_string(human->out, shown++ ? ", " : "  in the history of ");
		text_add_harmless(human->out, short_name);
		free(copy);
	}
	if (finding->refs_total > shown) {
		buffer_add_string(human->out, " and ");
		human_add_number(human, finding->refs_total - shown);
		buffer_add_string(human->out, " more");
	}
	if (shown)
		buffer_add_char(human->out, '\n');
}

/* Where in git's history it stands: whether somebody who clones the repository today gets it too. */
static void add_reach(struct human *human, const struct finding *finding)
{
	bool in_git = false, reachable = false;

	for (size_t i = 0; i < finding->place_count; i++) {
		in_git |= report_place_in_git(&finding->places[i]);
		reachable |= finding->places[i].reachable;
	}
	if (finding->at_head) {
		buffer_add_string(human->out, "  still in HEAD");
		if (finding->commits_total > 1) {
			buffer_add_string(human->out, ", in ");
			human_add_count(human, finding->commits_total, "commit", "commits");
		}
	} else if (in_git && !reachable) {
		buffer_add_string(human->out, "  unreachable: no branch or tag leads to it");
	} else if (finding->commits_total) {
		buffer_add_string(human->out, "  no longer in HEAD, but in ");
		human_add_count(human, finding->commits_total, "commit", "commits");
	} else {
		return;
	}
	buffer_add_char(human->out, '\n');
	add_removal(human, finding);
	add_refs(human, finding);
}

static bool is_short(const struct finding *finding)
{
	return finding->confidence == CONFIDENCE_POSSIBLE && finding->revocation.state == REVOCATION_NONE;
}

static void add_blocks(struct human *human, struct report *report)
{
	for (size_t i = 0; i < human->result->finding_count; i++) {
		const struct finding *finding = human->result->findings[i];

		if (is_short(finding))
			continue;
		add_heading(human, finding);
		add_revocation(human, finding);
		add_places(human, finding);
		add_reach(human, finding);
		buffer_add_char(human->out, '\n');
		output_relieve(&report->output);
	}
}

static void add_possible(struct human *human)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < human->result->finding_count; i++) {
		const struct finding *finding = human->result->findings[i];

		if (!is_short(finding) || seen++ >= POSSIBLE_SHOWN)
			continue;
		if (seen == 1)
			buffer_add_string(human->out, "not reported: possible only\n");
		buffer_add_string(human->out, "  ");
		report_shorten(human->out, finding);
		if (finding->place_count) {
			buffer_add_string(human->out, "  ");
			add_where(human, &finding->places[0]);
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

static void add_incomplete(struct human *human)
{
	const struct report_result *result = human->result;
	size_t shown = 0;

	if (!result->incomplete_total)
		return;
	buffer_add_string(human->out, "not scanned:\n");
	for (; shown < result->incomplete_count && shown < INCOMPLETE_SHOWN; shown++) {
		const struct incomplete *incomplete = &result->incomplete[shown];

		buffer_add_format(human->out, "  %s", incomplete->what);
		if (incomplete->object[0])
			buffer_add_format(human->out, "  %.*s", ID_SHOWN, incomplete->object);
		if (incomplete->path) {
			buffer_add_string(human->out, "  ");
			human_add_text(human, incomplete->path);
		}
		if (incomplete->detail) {
			buffer_add_string(human->out, incomplete->object[0] || incomplete->path ? ": " : "  ");
			human_add_text(human, incomplete->detail);
		}
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
	struct human human = { .out = &report->output.pending, .color = report->color, .result = result };

	report_mask_init(&human.mask, result, NULL);
	add_blocks(&human, report);
	add_possible(&human);
	add_incomplete(&human);
	human_add_summary(&human);
	report_mask_release(&human.mask);
}

const struct report_format report_format_human = { "human", NULL, human_finish };
