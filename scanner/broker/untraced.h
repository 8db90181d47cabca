/*
 * Hits of a collection's current target that wait for the trace of history to tell where their objects stand. Private to broker/. One thread.
 */
#ifndef STAUNCH_BROKER_UNTRACED_H
#define STAUNCH_BROKER_UNTRACED_H

#include "broker/collect.h"

/* One more hit of the finding with this index, in place->object. place is copied. */
void untraced_add(struct collection *collection, size_t finding, const struct place *place);

/* Every hit in this object stands at the traced place, at its own line and column. Returns 0. */
int untraced_take_trace(struct collection *collection, const struct channel_message *message);

/* The current target is walked: what no trace told of stands in its object alone. */
void untraced_settle(struct collection *collection);

/* Let go of all of them, settled or not. */
void untraced_release(struct collection *collection);

#endif
