/*
 * What a delta brings that its base does not have.
 *
 * Most of what a pack holds are deltas, and most of a delta's result is its base again. Who looked for some short texts in the base and met none
 * needs to look at two things alone: at the delta, which holds the bytes it inserts, and at the seams of the result, where two runs of bytes meet. The
 * result itself need not be made for that.
 */
#ifndef STAUNCH_GIT_DELTA_FRESH_H
#define STAUNCH_GIT_DELTA_FRESH_H

#include "git/delta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The texts looked for, as far as a seam is concerned. */
struct delta_seam_texts {
	size_t reach;         /* the longest text's length, less 1: so much of it can be on either side. At most DELTA_REACH_MAX */
	bool are_long;        /* none is shorter than 3 bytes */
	uint64_t pairs[1024]; /* a bit for each two bytes that follow each other in some text: number first * 256 + second */
};
#define DELTA_REACH_MAX 64

static inline bool delta_seam_has_pair(const struct delta_seam_texts *texts, unsigned char first, unsigned char second)
{
	return texts->pairs[first * 4 + second / 64] >> second % 64 & 1;
}

/* The bytes round those seams that a text may cross, piece after piece. */
struct delta_seams {
	unsigned char bytes[32768];
	size_t size;
	bool are_more; /* than fit: the texts must be looked for in the result */
};

/*
 * Go through a delta as delta_apply() does, and list its seams. A text that stands in the result and not in the base stands in the delta or in *seams (or
 * seams->are_more is set). result NULL: the result is not made.
 */
const char *delta_apply_fresh(const unsigned char *base, size_t base_size, const unsigned char *delta,
			      size_t delta_size, unsigned char *result, size_t result_size,
			      const struct delta_seam_texts *texts, struct delta_seams *seams);

#endif
