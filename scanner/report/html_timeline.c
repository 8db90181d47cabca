/*
 * When a key could be found by others: as a bar among those of all keys, and in words for whoever does not see bars.
 */
#include "report/html.h"

#include "base/text.h"

#include <inttypes.h>

#define DAY 86400
#define BAR_WIDTH 1000 /* units of the drawing, which is as wide as its cell */

/* A commit may claim any date. Before git there was none (its first commit is of 2005-04-07): a bar ends there. */
#define EPOCH_OF_GIT 1112831999

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

static bool first_date(const struct finding *finding, int64_t *date)
{
	if (finding->first_seen.commit[0]) {
		*date = finding->first_seen.date;
		return true;
	}
	for (size_t i = 0; i < finding->place_count; i++) {
		if (finding->places[i].has_date) {
			*date = finding->places[i].date;
			return true;
		}
	}
	return false;
}

struct exposure html_exposure(const struct html *html, const struct finding *finding)
{
	const struct revocation *revocation = &finding->revocation;
	int64_t now = html->result->finished;
	struct exposure exposure = { .end = now };

	exposure.known = first_date(finding, &exposure.begin);
	if (!exposure.known)
		return exposure;
	exposure.ended = revocation->has_time && (revocation->state == REVOCATION_ACCEPTED || revocation->state == REVOCATION_GONE);
	if (exposure.ended)
		exposure.end = clamp(revocation->at, EPOCH_OF_GIT, now > revocation->at ? now : revocation->at);
	exposure.begin = clamp(exposure.begin, EPOCH_OF_GIT, exposure.end);
	if (finding->at_head)
		exposure.gone = exposure.end;
	else if (finding->removed.commit[0])
		exposure.gone = clamp(finding->removed.date, exposure.begin, exposure.end);
	else
		exposure.gone = exposure.begin;
	return exposure;
}

void html_set_scale(struct html *html)
{
	html->to = html->result->finished;
	html->from = html->to;
	for (size_t i = 0; i < html->result->finding_count; i++) {
		struct exposure exposure = html_exposure(html, html->result->findings[i]);

		if (!exposure.known)
			continue;
		html->from = exposure.begin < html->from ? exposure.begin : html->from;
		html->to = exposure.end > html->to ? exposure.end : html->to;
	}
	if (html->to - html->from < DAY)
		html->from = html->to - DAY;
}

static unsigned at(const struct html *html, int64_t date)
{
	return (unsigned)((clamp(date, html->from, html->to) - html->from) * BAR_WIDTH / (html->to - html->from));
}

static void add_rectangle(struct html *html, const char *class, unsigned height, unsigned from, unsigned to)
{
	if (to <= from)
		return;
	buffer_add_format(html->out, "<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>", class, from, 10 - height / 2, to - from,
			  height);
}

/* Seen without colours, too: what is in HEAD is thicker than what is in history only. */
#define TRACK_HEIGHT 2
#define HEAD_HEIGHT 12
#define PAST_HEIGHT 6

/* One stroke for each commit that brought it to a place; those that would cover each other are one. */
static void add_strokes(struct html *html, const struct finding *finding)
{
	bool any = false;
	unsigned last = 0;

	for (size_t i = 0; i < finding->place_count; i++) {
		const struct place *place = &finding->places[i];
		unsigned x = at(html, place->date);

		if (!place->has_date || (any && x - last < 4))
			continue;
		buffer_add_format(html->out, any ? "M%u 3V17" : "<path class=\"stroke\" d=\"M%u 3V17", x);
		any = true;
		last = x;
	}
	if (any)
		buffer_add_string(html->out, "\"/>");
}

void html_add_bar(struct html *html, const struct finding *finding)
{
	struct exposure exposure = html_exposure(html, finding);
	unsigned begin, gone, end;

	if (!exposure.known)
		return;
	begin = at(html, exposure.begin);
	gone = at(html, exposure.gone);
	end = at(html, exposure.end);
	if (end < begin + 6) { /* seen, however short it was */
		begin = end > 6 ? end - 6 : 0;
		end = begin + 6;
		gone = exposure.gone > exposure.begin ? end : begin;
	}
	buffer_add_format(html->out, "<svg class=\"bar\" viewBox=\"0 0 %d 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\">", BAR_WIDTH);
	add_rectangle(html, "track", TRACK_HEIGHT, 0, BAR_WIDTH);
	add_rectangle(html, "head", HEAD_HEIGHT, begin, gone);
	add_rectangle(html, "past", PAST_HEIGHT, gone, end);
	add_strokes(html, finding);
	if (exposure.gone > exposure.begin && exposure.gone < exposure.end)
		buffer_add_format(html->out, "<path class=\"removed\" d=\"M%u 1V19\"/>", gone);
	if (exposure.ended)
		buffer_add_format(html->out, "<path class=\"dead\" d=\"M%u 0V20\"/>", end);
	buffer_add_string(html->out, "</svg>");
}

/* "12 days", "7 months", "3 years 2 months" */
static void add_duration(struct human *words, int64_t seconds)
{
	uint64_t days = (uint64_t)(seconds > 0 ? seconds : 0) / DAY, months = days * 12 / 365;

	if (days < 1) {
		buffer_add_string(words->out, "less than a day");
	} else if (days < 60) {
		human_add_count(words, days, "day", "days");
	} else if (months < 24) {
		human_add_count(words, months, "month", "months");
	} else {
		human_add_count(words, months / 12, "year", "years");
		if (months % 12) {
			buffer_add_char(words->out, ' ');
			human_add_count(words, months % 12, "month", "months");
		}
	}
}

void html_add_exposure(struct html *html, const struct finding *finding)
{
	struct exposure exposure = html_exposure(html, finding);
	struct human *words = &html->words;

	human_begin(words);
	if (!exposure.known) {
		buffer_add_string(words->out, "no commit is known to hold it");
	} else {
		add_duration(words, exposure.end - exposure.begin);
		html_add_words(html);
		buffer_add_string(html->out, " <span>");
		human_begin(words);
		human_add_date(words, exposure.begin);
		buffer_add_string(words->out, " to ");
		if (exposure.ended)
			human_add_date(words, exposure.end);
		else
			buffer_add_string(words->out, "now");
		html_add_words(html);
		buffer_add_string(html->out, "</span>");
		return;
	}
	html_add_words(html);
}

void html_add_legend(struct html *html)
{
	static const struct {
		const char *drawing, *words;
	} entries[] = {
		{ "<rect class=\"head\" y=\"4\" width=\"20\" height=\"12\"/>", "in HEAD" },
		{ "<rect class=\"past\" y=\"7\" width=\"20\" height=\"6\"/>", "in history only" },
		{ "<path class=\"stroke\" d=\"M10 3V17\"/>", "a commit brought it" },
		{ "<path class=\"removed\" d=\"M10 1V19\"/>", "removed from HEAD" },
		{ "<path class=\"dead\" d=\"M10 0V20\"/>", "revoked" },
	};

	buffer_add_string(html->out, "<p class=\"legend\" aria-hidden=\"true\">");
	human_begin(&html->words);
	human_add_date(&html->words, html->from);
	buffer_add_string(&html->text, " to ");
	human_add_date(&html->words, html->to);
	buffer_add_string(html->out, "<span>Bars: ");
	html_add_words(html);
	buffer_add_string(html->out, "</span>");
	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		buffer_add_format(html->out, "<span><svg class=\"bar\" viewBox=\"0 0 20 20\">%s</svg>%s</span>", entries[i].drawing,
				  entries[i].words);
	buffer_add_string(html->out, "</p>\n");
}
