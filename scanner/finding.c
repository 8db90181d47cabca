#include "finding.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void place_copy(struct place *to, const struct place *from)
{
	*to = *from;
	to->path = memory_copy_string(from->path);
	to->archive_path = memory_copy_string(from->archive_path);
	to->encoding = memory_copy_string(from->encoding);
	to->author = memory_copy_string(from->author);
}

void place_release(struct place *place)
{
	free(place->path);
	free(place->archive_path);
	free(place->encoding);
	free(place->author);
	place->path = place->archive_path = place->encoding = place->author = NULL;
}

char *place_next_member(const char **rest)
{
	const char *text = *rest;
	size_t length;

	if (!text)
		return NULL;
	text += strspn(text, "\n"); /* an empty name says nothing */
	length = strcspn(text, "\n");
	*rest = text + length;
	return length ? memory_copy_bytes(text, length) : NULL;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* NULL before every text. */
static int compare_texts(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

int place_compare(const struct place *a, const struct place *b)
{
	int order = b->has_date - a->has_date;

	if (!order && a->has_date)
		order = (a->date > b->date) - (a->date < b->date);
	if (!order)
		order = compare_numbers(a->target, b->target);
	if (!order)
		order = (int)a->kind - (int)b->kind;
	if (!order)
		order = compare_texts(a->path, b->path);
	if (!order)
		order = compare_texts(a->archive_path, b->archive_path);
	if (!order)
		order = compare_numbers(a->line, b->line);
	if (!order)
		order = compare_numbers(a->column, b->column);
	if (!order)
		order = compare_numbers(a->offset, b->offset);
	if (!order)
		order = compare_texts(a->encoding, b->encoding);
	if (!order)
		order = strcmp(a->object, b->object);
	if (!order)
		order = strcmp(a->commit, b->commit);
	if (!order)
		order = compare_texts(a->author, b->author);
	if (!order)
		order = a->reachable - b->reachable;
	return order;
}

const char *confidence_name(enum confidence confidence)
{
	static const char *const names[] = {
		[CONFIDENCE_POSSIBLE] = "possible",
		[CONFIDENCE_LIKELY] = "likely",
		[CONFIDENCE_CERTAIN] = "certain",
	};

	assert((unsigned)confidence < sizeof(names) / sizeof(*names));
	return names[confidence];
}

const char *place_kind_name(enum place_kind kind)
{
	static const char *const names[PLACE_KIND_COUNT] = {
		[PLACE_BLOB] = "blob",
		[PLACE_FILE] = "file",
		[PLACE_INDEX] = "index",
		[PLACE_COMMIT_MESSAGE] = "commit-message",
		[PLACE_TAG_MESSAGE] = "tag-message",
		[PLACE_NOTE] = "note",
		[PLACE_PATH] = "path",
		[PLACE_REFLOG] = "reflog",
		[PLACE_CONFIG] = "config",
		[PLACE_STDIN] = "stdin",
	};

	assert((unsigned)kind < PLACE_KIND_COUNT);
	return names[kind];
}

const char *revocation_state_name(enum revocation_state state)
{
	static const char *const names[REVOCATION_STATE_COUNT] = {
		[REVOCATION_NONE] = "none",
		[REVOCATION_DRY_RUN] = "dry-run",
		[REVOCATION_PENDING] = "pending",
		[REVOCATION_ACCEPTED] = "accepted",
		[REVOCATION_GONE] = "gone",
		[REVOCATION_REJECTED] = "rejected",
	};

	assert((unsigned)state < REVOCATION_STATE_COUNT);
	return names[state];
}

const char *verification_name(enum verification verified)
{
	static const char *const names[] = {
		[VERIFICATION_NONE] = "none",
		[VERIFICATION_DEAD] = "dead",
		[VERIFICATION_ALIVE] = "alive",
		[VERIFICATION_UNKNOWN] = "unknown",
	};

	return names[verified];
}
