/*
 * Small containers of which much comes: bombs, one would think, but a few that are none look like them. Private to source/.
 *
 * Any content may become so many times its size, and one of them far more than that; but not all of them, because there can be any number. Which ones may
 * must not depend on which thread came to which content first. So they wait here, as the bytes that they are, until the rest of the target has been looked
 * into, and then have their turns in an order of their own. When more are to wait than there is room for, the first ones in that order do.
 */
#ifndef STAUNCH_SOURCE_POSTPONED_H
#define STAUNCH_SOURCE_POSTPONED_H

#include "source/source.h"

#include <pthread.h>

/* Room for those that wait, with what it takes to keep one. */
#define POSTPONED_BYTES_MAX ((size_t)32 << 20)
#define POSTPONED_OVERHEAD 512

/* Why one was left, for people. */
#define POSTPONED_LEFT "more bytes come of all together than of any that are no bomb"

struct postponed {
	struct chunk chunk; /* the content, whole; its bytes and texts are owned */
	char object[OBJECT_ID_HEX_SIZE], commit[OBJECT_ID_HEX_SIZE];
};

struct postponed_list {
	pthread_mutex_t lock;       /* guards the rest */
	struct postponed **items;   /* owned: count of them, a heap with the last one in order on top */
	size_t count, capacity;
	size_t bytes;
	struct postponed *left_out; /* owned: the first one in order for which there was no room, and for none behind it; or NULL */
	bool is_sorted;
};

void postponed_list_init(struct postponed_list *list);
void postponed_list_release(struct postponed_list *list);

/* Have a content wait: it is copied. For which there is no room, this one or others, is told to events. Any thread. */
void postponed_list_add(struct postponed_list *list, const struct source_events *events, const struct chunk *content);

/* Take the next one, which the caller frees. NULL: there is none, and the list is as new. While no thread adds any. */
struct postponed *postponed_list_take(struct postponed_list *list);

/* Say that this one was left. */
void postponed_tell_left(const struct postponed *postponed, const struct source_events *events);
void postponed_free(struct postponed *postponed); /* NULL is allowed */

#endif
