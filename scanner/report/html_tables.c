/*
 * Whose keys they are: by repository, and by the author of the commit that brought each in.
 */
#include "report/html.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 500 /* of each table */

/* One row of such a table. */
struct row {
	const char *name; /* borrowed */
	bool is_author;
	uint64_t keys, open, there;
	size_t last; /* number of the finding counted last, from 1: one is counted once a row */
};

static void count_finding(struct row *row, const struct finding *finding, size_t number)
{
	if (row->last == number + 1)
		return;
	row->last = number + 1;
	row->keys++;
	row->open += html_is_open(finding);
	row->there += html_is_there(finding);
}

/* Most to do first; by name where that is the same. */
static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->open != y->open)
		return x->open > y->open ? -1 : 1;
	if (x->keys != y->keys)
		return x->keys > y->keys ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void add_number(struct html *html, uint64_t number)
{
	buffer_add_format(html->out, "<td class=\"number\" data-v=\"%" PRIu64 "\">", number);
	human_begin(&html->words);
	human_add_number(&html->words, number);
	html_add_words(html);
	buffer_add_string(html->out, "</td>");
}

static void add_table(struct html *html, const char *title, const char *caption, struct row *rows, size_t count)
{
	size_t shown = 0;

	if (!count)
		return;
	qsort(rows, count, sizeof(*rows), compare_rows);
	buffer_add_format(html->out, "<section>\n<h2>%s</h2>\n<div class=\"scroll\"><table class=\"sums%s\"><caption>%s</caption>\n<thead><tr><th scope=\"col\">Name</th>"
				     "<th scope=\"col\" class=\"number\">Keys</th><th scope=\"col\" class=\"number\">May be valid</th>"
				     "<th scope=\"col\" class=\"number\">Still there</th></tr></thead>\n<tbody>\n", title, rows[0].is_author ? " authors" : "", caption);
	for (; shown < count && shown < ROWS_MAX && rows[shown].keys; shown++) {
		buffer_add_string(html->out, "<tr><th scope=\"row\">");
		human_begin(&html->words);
		if (rows[shown].is_author)
			human_add_author(&html->words, rows[shown].name);
		else
			human_add_text(&html->words, rows[shown].name);
		html_add_words(html);
		buffer_add_string(html->out, "</th>");
		add_number(html, rows[shown].keys);
		add_number(html, rows[shown].open);
		add_number(html, rows[shown].there);
		buffer_add_string(html->out, "</tr>\n");
		output_relieve(&html->report->output);
	}
	buffer_add_string(html->out, "</tbody></table></div>\n");
	if (shown == ROWS_MAX && shown < count)
		buffer_add_format(html->out, "<p>Only the first %d are shown.</p>\n", ROWS_MAX);
	buffer_add_string(html->out, "</section>\n");
}

void html_add_repositories(struct html *html)
{
	const struct report_result *result = html->result;
	struct row *rows = memory_allocate_zeroed(result->target_count + 1, sizeof(*rows));

	for (size_t i = 0; i < result->target_count; i++)
		rows[i].name = result->targets[i].path ? result->targets[i].path : result->targets[i].kind;
	for (size_t i = 0; i < result->finding_count; i++) {
		const struct finding *finding = result->findings[i];

		for (size_t j = 0; j < finding->place_count; j++) {
			if (finding->places[j].target < result->target_count)
				count_finding(&rows[report_root_of(result, &finding->places[j])], finding, i);
		}
	}
	add_table(html, "Repositories and folders", "Keys by where they were found", rows, result->target_count);
	free(rows);
}

/* A finding beside its author, to bring those of one author together. */
struct authored {
	const char *author;
	const struct finding *finding;
};

static int compare_authored(const void *a, const void *b)
{
	return strcmp(((const struct authored *)a)->author, ((const struct authored *)b)->author);
}

void html_add_authors(struct html *html)
{
	const struct report_result *result = html->result;
	struct authored *all = memory_allocate_zeroed(result->finding_count + 1, sizeof(*all));
	struct row *rows = memory_allocate_zeroed(result->finding_count + 1, sizeof(*rows));
	size_t count = 0, row_count = 0;

	for (size_t i = 0; i < result->finding_count; i++) {
		const struct place *origin = report_origin(result->findings[i]);

		if (origin && origin->author)
			all[count++] = (struct authored){ origin->author, result->findings[i] };
	}
	if (count)
		qsort(all, count, sizeof(*all), compare_authored);
	for (size_t i = 0; i < count; i++) {
		if (!i || compare_authored(&all[i - 1], &all[i]) != 0)
			rows[row_count++] = (struct row){ .name = all[i].author, .is_author = true };
		count_finding(&rows[row_count - 1], all[i].finding, i);
	}
	add_table(html, "Authors", "Keys by who committed them first", rows, row_count);
	free(rows);
	free(all);
}
