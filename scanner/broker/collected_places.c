#define _GNU_SOURCE
#include "broker/collected_places.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static size_t text_bytes(const char *text)
{
	return text ? strlen(text) : 0;
}

uint64_t collected_place_bytes(const struct place *place)
{
	return sizeof(*place) + text_bytes(place->path) + text_bytes(place->archive_path) + text_bytes(place->encoding) +
	       text_bytes(place->author);
}

bool collection_is_full(const struct collection *collection)
{
	return collection->held_bytes >= COLLECT_BYTES_MAX;
}

/* Whether forms are fewer than others, or in their order before as many: the same ones are the plainest, in whatever order they come. */
static bool is_plainer(const char *encoding, const char *than)
{
	size_t forms = 0, others = 0;

	if (!encoding || !than)
		return !encoding && than;
	for (const char *at = encoding; *at; at++)
		forms += *at == ',';
	for (const char *at = than; *at; at++)
		others += *at == ',';
	return forms != others ? forms < others : strcmp(encoding, than) < 0;
}

/* The finding's own form is that of its plainest place, kept or not. */
static void note_encoding(struct finding *finding, const char *encoding)
{
	if (finding->places_total > 1 && !is_plainer(encoding, finding->encoding))
		return;
	free(finding->encoding);
	finding->encoding = memory_copy_string(encoding);
}

void place_forget_made_up_id(struct place *place)
{
	if (place->kind == PLACE_PATH && !place->archive_path) /* the name of a member is of the object that holds it */
		place->object[0] = '\0';
}

void collection_add_place(struct collection *collection, struct finding *finding, const struct place *place)
{
	size_t low = 0, high = finding->place_count;

	if (place->allowed) {
		finding->has_allowed = true;
		return;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = place_compare(place, &finding->places[middle]);

		if (!order)
			return; /* told twice: a damaged object is read again from elsewhere */
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	finding->places_total++;
	note_encoding(finding, place->encoding);
	memory_grow(finding->places, finding->place_count, finding->place_capacity);
	memmove(finding->places + low + 1, finding->places + low, (finding->place_count - low) * sizeof(*finding->places));
	place_copy(&finding->places[low], place);
	collection->held_bytes += collected_place_bytes(place);
	if (++finding->place_count > FINDING_PLACES_MAX) {
		collection->held_bytes -= collected_place_bytes(&finding->places[1]);
		place_release(&finding->places[1]);
		finding->place_count--;
		memmove(finding->places + 1, finding->places + 2, (finding->place_count - 1) * sizeof(*finding->places));
	}
}
