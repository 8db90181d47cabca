/*
 * One page for people who have to look at many keys: a single file without anything from elsewhere.
 *
 * Names of files and authors, messages and branches in it come from strangers. All of them pass html_add_words(), which leaves no
 * markup. Should one get through all the same, the page's policy lets nothing run but the one script and the one style whose
 * hashes it names, and nothing be fetched at all. So there are no style attributes: the bars are drawn with SVG's own.
 *
 * Without its script the page has everything but sorting and filtering.
 */
#include "report/html.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

void html_add_words(struct html *html)
{
	report_add_markup(html->out, html->text.bytes);
}

void html_add_text(struct html *html, const char *text)
{
	if (!text)
		return;
	human_value(&html->words, text);
	html_add_words(html);
}

bool html_is_open(const struct finding *finding)
{
	return !human_is_minor(finding) && finding->revocation.state != REVOCATION_ACCEPTED &&
	       finding->revocation.state != REVOCATION_GONE;
}

bool html_is_there(const struct finding *finding)
{
	const struct place *place = report_main_place(finding);

	return finding->at_head || (place && report_place_is_current(place));
}

/* ---- head ---- */

/*
 * The page's script shows the first keys only, until more are asked for: a browser takes long to lay out thousands of rows. So the
 * rest is hidden from the start, and where no script runs this style has all of them shown.
 */
static const char all_shown[] = ".keys > tbody[hidden] { display: table-row-group; }\n"
				"@media (max-width: 66rem) { .keys > tbody[hidden] { display: block; } }\n";
static const struct html_asset style_without_script = { all_shown, sizeof(all_shown) - 1 };

/* "'sha256-…'", as a Content-Security-Policy names a script or style that it allows (W3C CSP level 3, 2.3.1). */
static void add_hash(struct html *html, const struct html_asset *asset)
{
	unsigned char digest[SHA256_DIGEST_LENGTH], base64[2 * SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)asset->text, asset->length, digest);
	EVP_EncodeBlock(base64, digest, sizeof(digest));
	buffer_add_format(html->out, "'sha256-%s'", (const char *)base64);
}

static void add_head(struct html *html)
{
	buffer_add_string(html->out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
				     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ");
	add_hash(html, &html_style);
	buffer_add_char(html->out, ' ');
	add_hash(html, &style_without_script);
	buffer_add_string(html->out, "; script-src ");
	add_hash(html, &html_script);
	buffer_add_string(html->out, "; base-uri 'none'; form-action 'none'\">\n"
				     "<meta name=\"referrer\" content=\"no-referrer\">\n"
				     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
				     "<meta name=\"color-scheme\" content=\"light dark\">\n<title>staunch: ");
	human_begin(&html->words);
	human_add_count(&html->words, html->result->finding_count, "leaked credential", "leaked credentials");
	html_add_words(html);
	buffer_add_string(html->out, "</title>\n<style>");
	buffer_add(html->out, html_style.text, html_style.length);
	buffer_add_string(html->out, "</style>\n<noscript><style>");
	buffer_add(html->out, style_without_script.text, style_without_script.length);
	buffer_add_string(html->out, "</style></noscript>\n</head>\n<body>\n<a class=\"skip\" href=\"#keys\">Skip to the keys</a>\n");
}

/* "2026-11-23 15:00 UTC" */
static void add_minute(struct html *html, int64_t seconds)
{
	char text[TEXT_TIME_SIZE];

	text_format_time(seconds, text);
	buffer_add_format(html->out, "<time datetime=\"%s\">%.10s %.5s UTC</time>", text, text, text + 11);
}

static void add_header(struct html *html)
{
	const struct report_result *result = html->result;
	size_t shown = 0;

	buffer_add_string(html->out, "<header>\n<p class=\"brand\">staunch</p>\n<h1>Leaked credentials</h1>\n<p class=\"run\">");
	for (size_t i = 0; i < result->target_count; i++) {
		struct place anywhere = { .target = (uint32_t)i };

		if (report_root_of(result, &anywhere) != i || shown++ >= 3)
			continue;
		buffer_add_string(html->out, "<code>");
		html_add_text(html, result->targets[i].path ? result->targets[i].path : result->targets[i].kind);
		buffer_add_string(html->out, "</code> ");
	}
	if (shown > 3)
		buffer_add_format(html->out, "and %zu more ", shown - 3);
	buffer_add_string(html->out, "<span>");
	add_minute(html, result->started);
	buffer_add_string(html->out, "</span> <span>version ");
	html_add_text(html, result->version);
	buffer_add_string(html->out, "</span>");
	if (result->dry_run)
		buffer_add_string(html->out, " <span class=\"badge\">Dry run: nothing was sent</span>");
	buffer_add_string(html->out, "</p>\n</header>\n<main>\n");
}

/* ---- what it comes to ---- */

struct totals {
	uint64_t open, settled, minor, there;
};

static struct totals count_totals(const struct report_result *result)
{
	struct totals totals = { 0 };

	for (size_t i = 0; i < result->finding_count; i++) {
		const struct finding *finding = result->findings[i];

		totals.minor += human_is_minor(finding);
		totals.open += html_is_open(finding);
		totals.there += html_is_there(finding) && !human_is_minor(finding);
	}
	totals.settled = result->finding_count - totals.open - totals.minor;
	return totals;
}

static void add_verdict(struct html *html, const struct totals *totals)
{
	const struct report_result *result = html->result;
	bool gaps = result->incomplete_total || result->interrupted;

	buffer_add_format(html->out, "<section class=\"verdict %s\" aria-label=\"Result\">\n<p class=\"headline\">",
			  totals->open ? "bad" : gaps ? "warn" : "good");
	human_begin(&html->words);
	if (totals->open) {
		human_add_count(&html->words, totals->open, "key", "keys");
		buffer_add_string(&html->text, " may still be valid");
	} else if (totals->settled) {
		human_add_count(&html->words, totals->settled, "key was", "keys were");
		buffer_add_string(&html->text, " reported and settled");
	} else {
		buffer_add_string(&html->text, "No valid credential was found");
	}
	html_add_words(html);
	if (gaps)
		buffer_add_string(html->out, ", and not everything was scanned");
	buffer_add_string(html->out, ".</p>\n<p>");
	human_begin(&html->words);
	human_add_summary(&html->words);
	html_add_words(html);
	buffer_add_string(html->out, "</p>\n</section>\n");
}

static void add_tile(struct html *html, const char *kind, const char *name, uint64_t number)
{
	buffer_add_format(html->out, "<div class=\"%s\"><dt>%s</dt><dd>", number ? kind : "none", name);
	human_begin(&html->words);
	human_add_number(&html->words, number);
	html_add_words(html);
	buffer_add_string(html->out, "</dd></div>\n");
}

static void add_tiles(struct html *html, const struct totals *totals)
{
	buffer_add_string(html->out, "<dl class=\"tiles\">\n");
	add_tile(html, "", "Keys", html->result->finding_count);
	add_tile(html, "bad", "May still be valid", totals->open);
	add_tile(html, "good", "Settled", totals->settled);
	add_tile(html, "warn", "Still in the files", totals->there);
	add_tile(html, "", "Possible only", totals->minor);
	add_tile(html, "", "Places", report_count(html->result).places);
	buffer_add_string(html->out, "</dl>\n");
}

static void add_gaps(struct html *html)
{
	for (size_t i = 0; human_begin(&html->words) && human_add_gap(&html->words, i); i++) {
		if (!i)
			buffer_add_string(html->out, "<section class=\"gaps\">\n<h2>Not scanned</h2>\n<ul>\n");
		buffer_add_string(html->out, "<li>");
		html_add_words(html);
		buffer_add_string(html->out, "</li>\n");
		output_relieve(&html->report->output);
	}
	if (html->result->incomplete_total || html->result->interrupted)
		buffer_add_string(html->out, "</ul>\n</section>\n");
}

/* ---- keys ---- */

static void add_keys(struct html *html)
{
	size_t number = 0;

	buffer_add_string(html->out, "<section id=\"keys\" tabindex=\"-1\">\n<h2>Keys</h2>\n");
	if (!html->result->finding_count) {
		buffer_add_string(html->out, "<p>There is none.</p>\n</section>\n");
		return;
	}
	buffer_add_string(
		html->out,
		"<form class=\"controls\" hidden>\n"
		"<label>Search <input type=\"search\" name=\"text\" placeholder=\"key, path, author, commit\" autocomplete=\"off\"></label>\n"
		"<label>Status <select name=\"state\"><option value=\"\">all</option><option value=\"open\">may still be valid</option>"
		"<option value=\"settled\">settled</option><option value=\"minor\">possible only</option></select></label>\n"
		"<label>Confidence <select name=\"confidence\"><option value=\"\">all</option><option>certain</option>"
		"<option>likely</option><option>possible</option></select></label>\n"
		"<label class=\"check\"><input type=\"checkbox\" name=\"there\"> still in the files</label>\n"
		"<button type=\"reset\">Clear</button>\n<output aria-live=\"polite\"></output>\n</form>\n");
	html_add_legend(html);
	buffer_add_string(html->out, "<div class=\"scroll\"><table class=\"keys\">\n<caption>Each key once, the most urgent first</caption>\n"
				     "<thead><tr><th scope=\"col\">Key</th><th scope=\"col\" data-by=\"s\">Status</th>"
				     "<th scope=\"col\" data-by=\"d\">Exposed</th>"
				     "<th scope=\"col\" data-by=\"w\">Where</th><th scope=\"col\" data-by=\"a\">Author</th>"
				     "<th scope=\"col\" data-by=\"n\" class=\"number\">Commits</th></tr></thead>\n");
	for (unsigned level = 0; level < HUMAN_URGENCY_COUNT; level++) {
		for (size_t i = 0; i < html->result->finding_count; i++) {
			if (human_urgency(html->result->findings[i]) != level)
				continue;
			html_add_key(html, html->result->findings[i], number++);
			output_relieve(&html->report->output);
		}
	}
	buffer_add_string(html->out, "</table></div>\n<p class=\"page\" hidden><button type=\"button\">Show more</button></p>\n</section>\n");
}

static void html_finish(struct report *report, const struct report_result *result)
{
	struct html html = { .report = report, .result = result, .out = &report->output.pending };
	struct totals totals = count_totals(result);

	human_init(&html.words, &html.text, result);
	html_set_scale(&html);
	add_head(&html);
	add_header(&html);
	add_verdict(&html, &totals);
	add_tiles(&html, &totals);
	add_gaps(&html);
	add_keys(&html);
	if (result->finding_count) {
		buffer_add_string(html.out, "<div class=\"pair\">\n");
		html_add_repositories(&html);
		html_add_authors(&html);
		buffer_add_string(html.out, "</div>\n");
	}
	buffer_add_string(html.out, "</main>\n<footer>\n<p>A key is shown as its beginning and its last four characters; its fingerprint is the "
				    "SHA-256 of the whole. <em>Accepted</em> means that the provider took the report, not that it said the key is "
				    "dead.</p>\n</footer>\n<script>");
	buffer_add(html.out, html_script.text, html_script.length);
	buffer_add_string(html.out, "</script>\n</body>\n</html>\n");
	human_release(&html.words);
	buffer_release(&html.text);
}

const struct report_format report_format_html = { .name = "html", .finish = html_finish };
