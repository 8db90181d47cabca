/*
 * Bytes that are asked for: what a container's reader reads. Private to source/.
 *
 * A reader takes from `at` and counts `left` down; feed_fill() fetches more when nothing is left.
 */
#ifndef STAUNCH_SOURCE_FEED_H
#define STAUNCH_SOURCE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct feed {
	const unsigned char *at; /* borrowed until the next fill */
	size_t left;
	bool ended;
	bool (*more)(struct feed *feed); /* set at and left to the next bytes, or return false: there are none. NULL: there never are */
};

/* Whether there is a byte to take. */
bool feed_fill(struct feed *feed);

/* Take up to size bytes. Returns how many there were. */
size_t feed_take(struct feed *feed, void *to, size_t size);

/* Pass over size bytes. Returns whether there were so many. */
bool feed_skip(struct feed *feed, uint64_t size);

/* All of some bytes in memory. */
struct feed feed_of_bytes(const void *bytes, size_t size);

/* The next `room` bytes of another feed. */
struct feed_part {
	struct feed feed; /* first: a pointer to it is one to the struct */
	struct feed *of;
	uint64_t room;
};
void feed_part_begin(struct feed_part *part, struct feed *of, uint64_t room);

/* Give back to the other feed what was not taken, and pass over the rest of the part. Returns whether it was all there. */
bool feed_part_end(struct feed_part *part);

#endif
