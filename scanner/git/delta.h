/*
 * git's delta format (gitformat-pack(5), "Deltified representation"): a program of copies from a base object and
 * of bytes to insert. Deltas come from strangers' packs: nothing in them is believed before it was checked.
 */
#ifndef STAUNCH_GIT_DELTA_H
#define STAUNCH_GIT_DELTA_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes that must be there behind the base, the delta and the result: short runs are copied in steps of this size,
 * without asking how many bytes of the step are wanted. Behind base and delta they are read and never used, behind
 * the result they are overwritten.
 */
#define DELTA_SLACK 128

/*
 * Read the sizes that a delta starts with: of the base it is for and of the result it makes. Returns the number of
 * bytes they take, or 0 when they are cut off or do not fit in 64 bits.
 */
size_t delta_sizes(const unsigned char *delta, size_t delta_size, uint64_t *base_size, uint64_t *result_size);

/*
 * Apply delta to base and write exactly result_size bytes to result, which overlaps neither; all three have
 * DELTA_SLACK bytes behind them. base_size and result_size must be what delta_sizes() said. Returns NULL, or what
 * is wrong with the delta: a static text. Then result holds nothing of use. Any thread.
 */
const char *delta_apply(const unsigned char *base, size_t base_size, const unsigned char *delta, size_t delta_size,
			unsigned char *result, size_t result_size);

/*
 * The first bytes of what a delta makes of base, all of them where there are fewer than capacity. The delta has been applied before, or checked by
 * delta_apply_fresh(). Returns their number and *head: base's own bytes where they are copied in one piece, or else made, which holds capacity bytes.
 */
size_t delta_head(const unsigned char *base, const unsigned char *delta, size_t delta_size, unsigned char *made, size_t capacity,
		  const unsigned char **head);

#endif
