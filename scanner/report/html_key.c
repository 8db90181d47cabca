/*
 * One key on the page: a row with what matters, and one below it that opens to the rest.
 */
#include "report/html.h"

#include "rule/rule.h"

#include <inttypes.h>
#include <string.h>

#define PLACES_SHOWN 10 /* beside the first one: the page has to open with thousands of keys */
#define KEYS_SHOWN 100  /* at first, as the script has it (PAGE) */

static const char *group_of(const struct finding *finding)
{
	return html_is_open(finding) ? "open" : human_is_minor(finding) ? "minor" : "settled";
}

/* What the script sorts and filters by. */
static void add_data(struct html *html, const struct finding *finding, size_t number)
{
	struct exposure exposure = html_exposure(html, finding);
	const struct place *place = report_main_place(finding), *origin = report_origin(finding);

	buffer_add_format(html->out, "<tbody%s class=\"%s\" data-i=\"%zu\" data-s=\"%u\" data-c=\"%s\" data-d=\"%" PRId64 "\" data-n=\"%" PRIu64 "\"%s",
			  number < KEYS_SHOWN ? "" : " hidden", group_of(finding), number, human_urgency(finding), confidence_name(finding->confidence),
			  exposure.known ? exposure.end - exposure.begin : -1, finding->commits_total, html_is_there(finding) ? " data-h" : "");
	buffer_add_string(html->out, " data-w=\"");
	human_begin(&html->words);
	if (place)
		human_add_where(&html->words, place);
	html_add_words(html);
	buffer_add_string(html->out, "\" data-a=\"");
	human_begin(&html->words);
	if (origin && origin->author)
		human_add_author(&html->words, origin->author);
	html_add_words(html);
	buffer_add_string(html->out, "\">\n");
}

static void add_status(struct html *html, const struct finding *finding)
{
	static const struct {
		const char *class, *words;
	} states[REVOCATION_STATE_COUNT] = {
		[REVOCATION_NONE] = { "bad", "not reported" },     [REVOCATION_DRY_RUN] = { "bad", "would be reported" },
		[REVOCATION_PENDING] = { "warn", "pending" },      [REVOCATION_ACCEPTED] = { "good", "accepted" },
		[REVOCATION_GONE] = { "good", "gone" },            [REVOCATION_REJECTED] = { "bad", "rejected" },
	};
	const enum revocation_state state = finding->revocation.state;
	bool minor = human_is_minor(finding);

	buffer_add_format(html->out, "<td><span class=\"chip %s\">%s</span><small>%s</small></td>\n", minor ? "minor" : states[state].class,
			  minor ? "possible only" : states[state].words, confidence_name(finding->confidence));
}

static void add_where(struct html *html, const struct finding *finding)
{
	const struct place *place = report_main_place(finding);

	buffer_add_string(html->out, "<td class=\"where\">");
	if (place) {
		buffer_add_string(html->out, "<code>");
		human_begin(&html->words);
		human_add_where(&html->words, place);
		html_add_words(html);
		buffer_add_string(html->out, "</code>");
	}
	buffer_add_string(html->out, "<small>");
	human_begin(&html->words);
	buffer_add_string(&html->text, html_is_there(finding) ? "still there" : "in history only");
	if (finding->places_total > 1) {
		buffer_add_string(&html->text, ", +");
		human_add_count(&html->words, finding->places_total - 1, "more place", "more places");
	}
	html_add_words(html);
	buffer_add_string(html->out, "</small></td>\n");
}

static void add_row(struct html *html, const struct finding *finding)
{
	const struct place *origin = report_origin(finding);

	buffer_add_string(html->out, "<tr><th scope=\"row\"><code>");
	report_shorten(human_begin(&html->words), finding);
	html_add_words(html);
	buffer_add_string(html->out, "</code><small>");
	html_add_text(html, finding->rule->name);
	buffer_add_string(html->out, "</small></th>\n");
	add_status(html, finding);
	buffer_add_string(html->out, "<td class=\"exposed\">");
	html_add_bar(html, finding);
	buffer_add_string(html->out, "<small>");
	html_add_exposure(html, finding);
	buffer_add_string(html->out, "</small></td>\n");
	add_where(html, finding);
	buffer_add_string(html->out, "<td class=\"author\">");
	human_begin(&html->words);
	if (origin && origin->author)
		human_add_author(&html->words, origin->author);
	html_add_words(html);
	buffer_add_string(html->out, "</td>\n<td class=\"number\">");
	human_begin(&html->words);
	if (finding->commits_total)
		human_add_number(&html->words, finding->commits_total);
	html_add_words(html);
	buffer_add_string(html->out, "</td></tr>\n");
}

/* ---- below ---- */

/* One event: "2026-11-23  1a2b3c4d5e  removed from HEAD" */
static void add_event(struct html *html, bool has_date, int64_t date, const char *commit, const char *what)
{
	buffer_add_string(html->out, "<li><span class=\"date\">");
	human_begin(&html->words);
	if (has_date)
		human_add_date(&html->words, date);
	html_add_words(html);
	buffer_add_format(html->out, "</span> %s", what);
	if (commit[0])
		buffer_add_format(html->out, " <code title=\"%s\">%.*s</code>", commit, HUMAN_ID_LENGTH, commit);
	buffer_add_string(html->out, "</li>\n");
}

static void add_events(struct html *html, const struct finding *finding)
{
	const struct revocation *revocation = &finding->revocation;

	buffer_add_string(html->out, "<ol class=\"events\">\n");
	if (finding->first_seen.commit[0])
		add_event(html, true, finding->first_seen.date, finding->first_seen.commit, "first commit that holds it");
	if (finding->last_seen.commit[0])
		add_event(html, true, finding->last_seen.date, finding->last_seen.commit, "last commit that holds it");
	if (finding->removed.commit[0] && !finding->at_head)
		add_event(html, true, finding->removed.date, finding->removed.commit, "removed from HEAD");
	buffer_add_string(html->out, "<li><span class=\"date\">");
	human_begin(&html->words);
	if (revocation->has_time)
		human_add_date(&html->words, revocation->at);
	html_add_words(html);
	buffer_add_string(html->out, "</span> ");
	human_begin(&html->words);
	human_add_outcome(&html->words, finding);
	html_add_words(html);
	buffer_add_string(html->out, "</li>\n</ol>\n");
}

static void add_place(struct html *html, const struct place *place)
{
	buffer_add_string(html->out, "<tr><td class=\"date\">");
	human_begin(&html->words);
	if (place->has_date)
		human_add_date(&html->words, place->date);
	else
		buffer_add_string(&html->text, report_place_is_current(place) ? "now" : "");
	html_add_words(html);
	buffer_add_string(html->out, "</td><td>");
	if (place->commit[0])
		buffer_add_format(html->out, "<code title=\"%s\">%.*s</code>", place->commit, HUMAN_ID_LENGTH, place->commit);
	else
		buffer_add_string(html->out, place_kind_name(place->kind));
	buffer_add_string(html->out, "</td><td><code>");
	human_begin(&html->words);
	human_add_where(&html->words, place);
	html_add_words(html);
	buffer_add_string(html->out, "</code></td><td>");
	human_begin(&html->words);
	if (place->author)
		human_add_author(&html->words, place->author);
	if (report_place_in_git(place) && !place->reachable)
		buffer_add_string(&html->text, place->author ? ", unreachable" : "unreachable");
	html_add_words(html);
	buffer_add_string(html->out, "</td></tr>\n");
}

/* The first one and the newest, in their order. */
static void add_places(struct html *html, const struct finding *finding)
{
	size_t first = finding->place_count > PLACES_SHOWN + 1 ? finding->place_count - PLACES_SHOWN : 1;
	size_t shown = finding->place_count - first + 1;

	if (!finding->place_count)
		return;
	buffer_add_string(html->out, "<div class=\"scroll\"><table class=\"places\"><caption>Places, oldest first</caption>\n<thead><tr><th scope=\"col\">Date</th>"
				     "<th scope=\"col\">Commit</th><th scope=\"col\">Where</th><th scope=\"col\">Author</th></tr></thead>\n<tbody>\n");
	add_place(html, &finding->places[0]);
	for (size_t i = first; i < finding->place_count; i++)
		add_place(html, &finding->places[i]);
	buffer_add_string(html->out, "</tbody></table></div>\n");
	if (finding->places_total > shown) {
		buffer_add_string(html->out, "<p>+");
		human_begin(&html->words);
		human_add_count(&html->words, finding->places_total - shown, "more place", "more places");
		html_add_words(html);
		buffer_add_string(html->out, "</p>\n");
	}
}

/* As in the report for people, on one line, but for the removal, which is among the events. */
static void add_reach(struct html *html, const struct finding *finding)
{
	static const char removal[] = "removed ";
	const char *joint = "<p class=\"reach\">";
	char *line, *end;

	human_begin(&html->words);
	human_add_reach(&html->words, finding);
	for (line = html->text.bytes; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		line += strspn(line, " ");
		if (strncmp(line, removal, strlen(removal)) == 0)
			continue;
		buffer_add_string(html->out, joint);
		report_add_markup(html->out, line);
		joint = ", ";
	}
	if (*joint == ',')
		buffer_add_string(html->out, "</p>\n");
}

void html_add_key(struct html *html, const struct finding *finding, size_t number)
{
	add_data(html, finding, number);
	add_row(html, finding);
	buffer_add_string(html->out, "<tr class=\"more\"><td colspan=\"6\"><details><summary>Places, history, what to do</summary>\n");
	human_begin(&html->words);
	human_add_advice(&html->words, finding);
	if (html->text.length) {
		buffer_add_string(html->out, "<p class=\"next\"><strong>Next:</strong> ");
		html_add_words(html);
		buffer_add_string(html->out, ".</p>\n");
	}
	add_events(html, finding);
	add_places(html, finding);
	add_reach(html, finding);
	buffer_add_format(html->out, "<p class=\"fingerprint\"><code>sha256:%s</code></p>\n</details></td></tr>\n</tbody>\n", finding->fingerprint);
}
