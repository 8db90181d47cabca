/*
 * The places of a collection's findings: merged, in order, and bounded. Private to broker/. One thread.
 */
#ifndef STAUNCH_BROKER_COLLECTED_PLACES_H
#define STAUNCH_BROKER_COLLECTED_PLACES_H

#include "broker/collect.h"

/* What a copy of place takes, in bytes; texts are at most CHANNEL_TEXT_MAX each. */
uint64_t collected_place_bytes(const struct place *place);

/* Whether the collection holds as much as it may (COLLECT_BYTES_MAX). */
bool collection_is_full(const struct collection *collection);

/* Put a copy of place among the finding's, which keep their order and their ceiling: the first one and the newest. */
void collection_add_place(struct collection *collection, struct finding *finding, const struct place *place);

/* A name in a tree has no object of its own: the id by which its hit and its trace found each other was made up for that. */
void place_forget_made_up_id(struct place *place);

#endif
