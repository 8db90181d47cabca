/*
 * What of a collection was not scanned: counted, and the first of it kept, with a reason out of a list. Private to broker/. One thread.
 */
#ifndef STAUNCH_BROKER_INCOMPLETE_H
#define STAUNCH_BROKER_INCOMPLETE_H

#include "broker/collect.h"

/* The word of this spelling that a report may show, with static storage; NULL: there is none. */
const char *incomplete_word(const char *word);

/* Count one more, for a reason that incomplete_word() gave. Detail and place are copied; detail may be NULL. */
void incomplete_add(struct collection *collection, const char *what, const char *detail, const struct place *place);

/* Put the entries in order and keep the first COLLECT_INCOMPLETE_MAX: the same ones, in whatever order they came. */
void incomplete_trim(struct collection *collection);

#endif
