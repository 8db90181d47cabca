#define _GNU_SOURCE
#include "broker/incomplete.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* The words that a report may show: the scan process chooses among them, it does not make them up. */
static const char *const incomplete_words[] = {
	"missing-object",    "unreadable-object",     "unreadable-pack",       "unreadable-file",  "unreadable-folder",
	"unreadable-target", "unreadable-references", "unreadable-index",      "shallow-clone",    "trace-limit",
	"match-limit",       "not-found",             "unsupported-repository", "scan-process",    "too-many-hits",
	"unconfirmed-hit",   "no-longer-found",       "missing-lfs-object",     "missing-prerequisite",
	"archive-limit",     "archive-damaged",       "archive-encrypted",      "archive-unsupported",
};

const char *incomplete_word(const char *word)
{
	for (size_t i = 0; i < sizeof(incomplete_words) / sizeof(*incomplete_words); i++) {
		if (!strcmp(incomplete_words[i], word))
			return incomplete_words[i];
	}
	return NULL;
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_incomplete(const void *a, const void *b)
{
	const struct incomplete *x = a, *y = b;
	int order = (x->target > y->target) - (x->target < y->target);

	order = order ? order : strcmp(x->what, y->what);
	order = order ? order : strcmp(x->object, y->object);
	order = order ? order : compare_texts(x->path, y->path);
	return order ? order : compare_texts(x->detail, y->detail);
}

void incomplete_trim(struct collection *collection)
{
	if (collection->incomplete_count)
		qsort(collection->incomplete, collection->incomplete_count, sizeof(*collection->incomplete),
		      compare_incomplete);
	while (collection->incomplete_count > COLLECT_INCOMPLETE_MAX) {
		collection->incomplete_count--;
		free(collection->incomplete[collection->incomplete_count].path);
		free(collection->incomplete[collection->incomplete_count].detail);
	}
}

void incomplete_add(struct collection *collection, const char *what, const char *detail, const struct place *place)
{
	struct incomplete *incomplete;

	collection->incomplete_total++;
	if (collection->incomplete_count >= 2 * COLLECT_INCOMPLETE_MAX)
		incomplete_trim(collection);
	memory_grow(collection->incomplete, collection->incomplete_count, collection->incomplete_capacity);
	incomplete = &collection->incomplete[collection->incomplete_count++];
	*incomplete = (struct incomplete){
		.target = place->target,
		.what = what,
		.path = memory_copy_string(place->path),
		.detail = memory_copy_string(detail),
	};
	strcpy(incomplete->object, place->object);
}

void collection_add_incomplete(struct collection *collection, const char *what, const char *detail)
{
	struct place nowhere = { .target = collection->target_count ? (uint32_t)collection->target_count - 1 : 0 };

	incomplete_add(collection, incomplete_word(what), detail, &nowhere);
}
