/*
 * The page for people: what its parts share. Private to report/.
 */
#ifndef STAUNCH_REPORT_HTML_H
#define STAUNCH_REPORT_HTML_H

#include "report/human.h"

/* A page being written. */
struct html {
	struct report *report;
	const struct report_result *result;
	struct buffer *out;
	struct human words; /* writes to text, which html_add_words() takes over */
	struct buffer text;
	int64_t from, to; /* what the bars of all keys begin and end at: seconds since the epoch, from < to */
};

/* Add the words as text of an element or an attribute. Whatever comes from outside goes this way. */
void html_add_words(struct html *html);

/* Add a text from outside. NULL: nothing. */
void html_add_text(struct html *html, const char *text);

/* Whether the key may still open a door: it should be revoked, and is not yet for all that is known. */
bool html_is_open(const struct finding *finding);

/* Whether it stands in a file as it is now, or in HEAD. */
bool html_is_there(const struct finding *finding);

/* From when to when somebody could have found it. begin: its first commit; end: when it was settled, or the run's end. */
struct exposure {
	bool known; /* it has a date at all; otherwise the rest is not set */
	bool ended; /* it was settled */
	int64_t begin, end;
	int64_t gone; /* when it left HEAD, between the two; end when it is still there, begin when it never was there */
};
struct exposure html_exposure(const struct html *html, const struct finding *finding);

/* Set from and to of the page. */
void html_set_scale(struct html *html);

/* The exposure as a bar, of no meaning to a screen reader; and in words. */
void html_add_bar(struct html *html, const struct finding *finding);
void html_add_exposure(struct html *html, const struct finding *finding);

/* What the bars' parts mean. */
void html_add_legend(struct html *html);

/* One key: a table body of two rows. */
void html_add_key(struct html *html, const struct finding *finding, size_t number);

/* The tables of repositories and of authors. */
void html_add_repositories(struct html *html);
void html_add_authors(struct html *html);

/* What is compiled in from report/html/: length bytes of text each (the Makefile makes it). */
struct html_asset {
	const char *text;
	size_t length;
};
extern const struct html_asset html_style, html_script;

#endif
