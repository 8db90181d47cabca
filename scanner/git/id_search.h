/*
 * Finding an object id in a sorted table of them. Private to git/.
 *
 * Ids are hashes, so where one stands among others can be guessed from its first bits: a few guesses replace a dozen halvings, each of which
 * would wait for memory. Ids that somebody chose mislead the guesses, which is why there are only so many of them.
 */
#ifndef STAUNCH_GIT_ID_SEARCH_H
#define STAUNCH_GIT_ID_SEARCH_H

#include "git/bytes.h"
#include "git/object.h"

#include <stdint.h>
#include <string.h>

/* Guesses before the search goes on by halves. */
#define ID_GUESSES_MAX 8

/*
 * The first position from low to before high whose id is not below id, or high. The id of position 0 is at ids, each further one stride bytes
 * behind the one before; all between low and high have the same first `alike` bytes (0 or 1), which are those of id.
 */
static inline uint32_t id_search(const unsigned char *ids, size_t stride, uint32_t low, uint32_t high, unsigned alike,
				 const unsigned char *id)
{
	/* the 32 bits that tell ids apart, and those of the ids at low (or what they are at least) and at high (likewise at most) */
	uint64_t wanted = load_be32(id + alike), least = 0, most = (uint64_t)UINT32_MAX + 1;
	unsigned guesses = ID_GUESSES_MAX;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const unsigned char *there;
		uint64_t value;

		if (guesses && wanted >= least && wanted < most && most - least <= UINT32_MAX + UINT64_C(1)) {
			guesses--;
			middle = low + (uint32_t)((wanted - least) * (high - low) / (most - least));
		}
		there = ids + (size_t)middle * stride;
		value = load_be32(there + alike);
		if (value < wanted || (value == wanted && memcmp(there, id, OBJECT_ID_SIZE) < 0)) {
			low = middle + 1;
			least = value;
		} else {
			high = middle;
			most = value + 1;
		}
	}
	return low;
}

#endif
