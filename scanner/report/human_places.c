/*
 * Where a credential stands, for people: some of its places, and what became of it in git's history.
 */
#define _GNU_SOURCE
#include "report/human.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEWEST_SHOWN 4 /* places beside the first one */
#define REFS_SHOWN 3   /* as many names as fit a line */

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

/* "base64 of utf-16le" for "base64,utf-16le" */
void human_add_encoding(struct human *human, const char *encoding)
{
	for (const char *at = encoding; *at; at++) {
		if (*at == ',')
			buffer_add_string(human->out, " of ");
		else
			buffer_add_char(human->out, *at);
	}
}

/* "inner.zip!docs/notes.txt", as jar: URLs have it */
void human_add_members(struct human *human, const char *archive_path)
{
	const char *joint = "";
	char *member;

	while ((member = place_next_member(&archive_path))) {
		buffer_add_string(human->out, joint);
		human_add_text(human, member);
		free(member);
		joint = "!";
	}
}

/* "src/config.ts:12:8", "backup.zip!src/config.ts:12:8 (base64)" */
void human_add_where(struct human *human, const struct place *place)
{
	const char *words = place_words(place->kind);

	if (place->path)
		human_add_text(human, place->path);
	else
		buffer_add_string(human->out, words ? words : place_kind_name(place->kind));
	if (place->archive_path) {
		buffer_add_char(human->out, '!');
		human_add_members(human, place->archive_path);
	}
	if (place->line)
		buffer_add_format(human->out, ":%" PRIu64, place->line);
	if (place->line && place->column)
		buffer_add_format(human->out, ":%" PRIu64, place->column);
	if (place->path && words)
		buffer_add_format(human->out, " (%s)", words);
	if (place->encoding) {
		buffer_add_string(human->out, " (");
		human_add_encoding(human, place->encoding);
		buffer_add_char(human->out, ')');
	}
}

/* Two columns: the date and the commit, or what kind of place it is and its object. */
static void add_when(struct human *human, const struct place *place)
{
	const char *id = place->commit[0] ? place->commit : place->object;
	const char *kind = place_kind_name(place->kind);

	if (place->kind != PLACE_INDEX && place->object[0])
		kind = "object"; /* no commit that is read holds it */
	human_set_style(human, HUMAN_DIM);
	if (place->has_date)
		human_add_date(human, place->date);
	else
		buffer_add_format(human->out, "%-*s", HUMAN_DATE_LENGTH, kind);
	buffer_add_format(human->out, "  %-*.*s", HUMAN_ID_LENGTH, HUMAN_ID_LENGTH, id);
	human_set_style(human, HUMAN_PLAIN);
}

/* More of a name than this, in bytes, is somebody's joke. */
#define AUTHOR_SHOWN 100

void human_add_author(struct human *human, const char *author)
{
	const char *address = strstr(author, " <");
	size_t length = address && address > author ? (size_t)(address - author) : strlen(author);
	char *name = memory_copy_bytes(author, length < AUTHOR_SHOWN ? length : AUTHOR_SHOWN);

	human_add_text(human, name);
	free(name);
}

/* The end of a text that is too long for the columns, which for a path is what tells it from others. */
static void add_end(struct buffer *out, const char *text, size_t columns)
{
	size_t all = human_columns(text, strlen(text));

	if (all > columns) {
		buffer_add_string(out, "…");
		for (; all >= columns; all--) {
			do
				text++;
			while (((unsigned char)*text & 0xc0) == 0x80);
		}
	}
	buffer_add_string(out, text);
}

/*
 * The file itself, for a terminal that lets it be clicked on (https://gist.github.com/egmontkob: OSC 8, with the host's
 * name). Only a name that is shown as it is: a link must not hold what is shortened in its text.
 */
static bool begin_link(struct human *human, const struct place *place)
{
	struct buffer shown = BUFFER_INIT;
	char host[256] = "", *whole = NULL;
	bool plain;

	if (!human->links || place->kind != PLACE_FILE || !place->path)
		return false;
	report_mask_add(&human->mask, &shown, place->path);
	plain = strcmp(shown.bytes ? shown.bytes : "", place->path) == 0 && gethostname(host, sizeof(host) - 1) == 0;
	buffer_release(&shown);
	whole = plain ? realpath(place->path, NULL) : NULL;
	if (whole) {
		buffer_add_string(human->out, "\033]8;;file://");
		report_add_uri(human->out, host);
		report_add_uri(human->out, whole);
		buffer_add_string(human->out, "\033\\");
	}
	free(whole);
	return whole != NULL;
}

#define WHERE_MIN 16 /* columns of a name that are shown however narrow the terminal is */

/* A place and its author, in as many columns as there are: the author gives way first, then the beginning of the path. */
static void add_where_and_author(struct human *human, const struct place *place, size_t used)
{
	struct buffer where = BUFFER_INIT, author = BUFFER_INIT, *out = human->out;
	size_t room = human->width > used + WHERE_MIN ? human->width - used : WHERE_MIN, columns;
	bool linked;

	human->out = &where;
	human_add_where(human, place);
	human->out = &author;
	if (place->author)
		human_add_author(human, place->author);
	human->out = out;
	columns = human_columns(where.bytes, where.length);
	linked = begin_link(human, place);
	add_end(out, where.bytes ? where.bytes : "", human->width ? room : columns);
	if (linked)
		buffer_add_string(out, "\033]8;;\033\\");
	if (author.length && (!human->width || columns + 2 + human_columns(author.bytes, author.length) <= room)) {
		buffer_add_string(out, "  ");
		human_set_style(human, HUMAN_DIM);
		buffer_add(out, author.bytes, author.length);
		human_set_style(human, HUMAN_PLAIN);
	}
	buffer_release(&where);
	buffer_release(&author);
}

static void add_place(struct human *human, const char *label, bool with_when, const struct place *place)
{
	size_t used = 2 + HUMAN_LABEL_LENGTH + (with_when ? HUMAN_DATE_LENGTH + HUMAN_ID_LENGTH + 4 : 0);
	bool unreachable = report_place_in_git(place) && !place->reachable;

	buffer_add_format(human->out, "  %-*s", HUMAN_LABEL_LENGTH, label);
	if (with_when) {
		add_when(human, place);
		buffer_add_string(human->out, "  ");
	}
	add_where_and_author(human, place, used + (unreachable ? strlen("  unreachable") : 0));
	if (unreachable)
		buffer_add_string(human->out, "  unreachable");
	buffer_add_char(human->out, '\n');
}

/* The first place, then the newest ones, newest first. */
void human_add_places(struct human *human, const struct finding *finding)
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
	if (!finding->removed.commit[0] || finding->at_head)
		return;
	buffer_add_string(human->out, "  removed ");
	human_set_style(human, HUMAN_DIM);
	human_add_date(human, finding->removed.date);
	buffer_add_format(human->out, "  %.*s", HUMAN_ID_LENGTH, finding->removed.commit);
	human_set_style(human, HUMAN_PLAIN);
	buffer_add_char(human->out, '\n');
}

/* "main" for "refs/heads/main" and "v1" for "refs/tags/v1"; others keep the whole name. */
static const char *short_reference(const char *name)
{
	static const char *const folders[] = { "refs/heads/", "refs/tags/" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		if (strncmp(name, folders[i], strlen(folders[i])) == 0)
			return name + strlen(folders[i]);
	}
	return name;
}

/* The branches and tags that whoever cleans the history has to look at. */
static void add_refs(struct human *human, const struct finding *finding)
{
	const char *name = finding->refs, *end;
	uint64_t shown = 0;

	for (; name && shown < REFS_SHOWN && (end = strchr(name, '\n')); name = end + 1) {
		char *copy = memory_copy_bytes(name, (size_t)(end - name));

		buffer_add_string(human->out, shown++ ? ", " : "  in the history of ");
		human_add_text(human, short_reference(copy));
		free(copy);
	}
	if (!shown)
		return;
	if (finding->refs_total > shown) {
		buffer_add_string(human->out, " and ");
		human_add_number(human, finding->refs_total - shown);
		buffer_add_string(human->out, " more");
	}
	buffer_add_char(human->out, '\n');
}

/* Where in git's history it stands: whether somebody who clones the repository today gets it too. */
void human_add_reach(struct human *human, const struct finding *finding)
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
