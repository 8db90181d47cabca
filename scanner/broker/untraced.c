#define _GNU_SOURCE
#include "broker/untraced.h"

#include "base/memory.h"
#include "broker/collected_places.h"
#include "broker/incomplete.h"

#include <stdlib.h>
#include <string.h>

/* Let go of the hits that still wait for a trace, each after it was told to settle (NULL: nobody is). */
static void release(struct collection *collection, void settle(struct collection *, struct untraced *))
{
	for (size_t i = 0; i < collection->untraced_count; i++) {
		struct untraced *untraced = &collection->untraced[i];

		if (settle)
			settle(collection, untraced);
		collection->held_bytes -= collected_place_bytes(&untraced->place);
		place_release(&untraced->place);
	}
	collection->untraced_count = 0;
	collection->untraced_sorted = false;
}

void untraced_add(struct collection *collection, size_t finding, const struct place *place)
{
	struct untraced *untraced;

	memory_grow(collection->untraced, collection->untraced_count, collection->untraced_capacity);
	untraced = &collection->untraced[collection->untraced_count++];
	memset(untraced, 0, sizeof(*untraced));
	strcpy(untraced->object, place->object);
	untraced->finding = finding;
	place_copy(&untraced->place, place);
	collection->held_bytes += collected_place_bytes(place);
	collection->untraced_sorted = false;
}

static int compare_untraced(const void *a, const void *b)
{
	return strcmp(((const struct untraced *)a)->object, ((const struct untraced *)b)->object);
}

int untraced_take_trace(struct collection *collection, const struct channel_message *message)
{
	struct untraced wanted = { 0 }, *at;

	if (!collection->untraced_count)
		return 0;
	if (!collection->untraced_sorted) {
		qsort(collection->untraced, collection->untraced_count, sizeof(*collection->untraced), compare_untraced);
		collection->untraced_sorted = true;
	}
	strcpy(wanted.object, message->place.object);
	at = bsearch(&wanted, collection->untraced, collection->untraced_count, sizeof(wanted), compare_untraced);
	while (at && at > collection->untraced && !compare_untraced(at - 1, &wanted))
		at--;
	for (; at && at < collection->untraced + collection->untraced_count && !compare_untraced(at, &wanted); at++) {
		struct place place = message->place;

		if (collection_is_full(collection)) {
			incomplete_add(collection, "too-many-hits", "more places than a run can hold: this one was dropped",
				       &message->place);
			break;
		}
		place.line = at->place.line;
		place.column = at->place.column;
		place.offset = at->place.offset;
		place.archive_path = at->place.archive_path;
		if (at->place.kind == PLACE_PATH) /* the name of a member */
			place.kind = PLACE_PATH;
		place.encoding = at->place.encoding;
		place.allowed |= at->place.allowed; /* by a mark on the line, or as a credential */
		place_forget_made_up_id(&place);
		at->traced = true;
		collection_add_place(collection, collection->findings[at->finding], &place);
	}
	return 0;
}

static void settle_one(struct collection *collection, struct untraced *untraced)
{
	place_forget_made_up_id(&untraced->place);
	if (!untraced->traced)
		collection_add_place(collection, collection->findings[untraced->finding], &untraced->place);
}

void untraced_settle(struct collection *collection)
{
	release(collection, settle_one);
}

void untraced_release(struct collection *collection)
{
	release(collection, NULL);
	free(collection->untraced);
}
