/*
 * Applying a delta. Its instructions come every few dozen bytes and in no order that a processor could foresee, so
 * what costs time is wrongly predicted branches. Hence a copy's offset and size are cut out of one word instead of
 * being asked for byte by byte, and short runs are moved in steps of a fixed size.
 */
#include "git/delta.h"

#include <endian.h>
#include <string.h>

/*
 * This many bytes are copied without asking how many are wanted; longer runs are left to memcpy(). With 32 or 64,
 * applying took a fifth longer.
 */
#define SHORT_RUN 128
_Static_assert(SHORT_RUN <= DELTA_SLACK, "a short run may be copied at the very end");

/* A size as deltas spell it: seven bits a byte, the lowest first. Returns the byte behind it, or NULL. */
static const unsigned char *size_read(const unsigned char *at, const unsigned char *end, uint64_t *size)
{
	uint64_t value = 0;

	for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
		uint64_t bits = *at & 0x7f;

		if (bits << shift >> shift != bits)
			return NULL;
		value |= bits << shift;
		if (!(*at++ & 0x80)) {
			*size = value;
			return at;
		}
	}
	return NULL;
}

size_t delta_sizes(const unsigned char *delta, size_t delta_size, uint64_t *base_size, uint64_t *result_size)
{
	const unsigned char *at = delta, *end = delta + delta_size;

	at = size_read(at, end, base_size);
	if (at)
		at = size_read(at, end, result_size);
	return at ? (size_t)(at - delta) : 0;
}

/* Copy size bytes; may write up to SHORT_RUN more behind them, and read as many. */
static inline void run_copy(unsigned char *to, const unsigned char *from, size_t size)
{
	memcpy(to, from, SHORT_RUN);
	if (size > SHORT_RUN)
		memcpy(to + SHORT_RUN, from + SHORT_RUN, size - SHORT_RUN);
}

/*
 * A copy instruction has one bit for each byte of its offset and size that is there, the lowest first; the others
 * are zero. By those bits: how many bytes there are, and the mask that cuts them out of the word that follows.
 * That needs the bytes that are there to be the lowest ones (IS_DENSE); one in the middle that is zero is met once
 * in fifty copies.
 */
static const unsigned char byte_counts[16] = { 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4 };
static const uint32_t masks[16] = { [1] = 0xff, [3] = 0xffff, [7] = 0xffffff, [15] = 0xffffffff };
#define IS_DENSE(bits) ((1u << 0 | 1u << 1 | 1u << 3 | 1u << 7 | 1u << 15) >> (bits) & 1)

/* A number of which only the bytes in bits are there. */
static uint32_t sparse_read(const unsigned char *at, unsigned bits)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (bits >> i & 1)
			value |= (uint32_t)*at++ << 8 * i;
	}
	return value;
}

/* Read a copy's offset and size. Reads up to 8 bytes at a time. Returns the number of bytes they take. */
static inline size_t copy_read(const unsigned char *at, unsigned instruction, size_t *offset, size_t *size)
{
	unsigned offset_bits = instruction & 15, size_bits = instruction >> 4 & 7;
	size_t offset_bytes = byte_counts[offset_bits], size_bytes = byte_counts[size_bits];
	uint64_t word;

	if (IS_DENSE(offset_bits) && IS_DENSE(size_bits)) {
		memcpy(&word, at, sizeof(word));
		word = le64toh(word);
		*offset = word & masks[offset_bits];
		*size = word >> 8 * offset_bytes & masks[size_bits];
	} else {
		*offset = sparse_read(at, offset_bits);
		*size = sparse_read(at + offset_bytes, size_bits);
	}
	if (!*size)
		*size = 0x10000;
	return offset_bytes + size_bytes;
}

const char *delta_apply(const unsigned char *base, size_t base_size, const unsigned char *delta, size_t delta_size,
			unsigned char *result, size_t result_size)
{
	const unsigned char *at = delta, *end = delta + delta_size;
	uint64_t declared_base, declared_result;
	size_t header = delta_sizes(delta, delta_size, &declared_base, &declared_result);
	size_t room = result_size;

	if (!header)
		return "the sizes of a delta are broken";
	if (declared_base != base_size)
		return "a delta is for a base of another size";
	if (declared_result != result_size)
		return "a delta makes an object of another size";
	at += header;
	while (at < end) {
		unsigned instruction = *at++;
		const unsigned char *from = at;
		size_t size = instruction, offset;

		if (instruction & 0x80) {
			at += copy_read(at, instruction, &offset, &size);
			if (at > end)
				return "a delta is cut off";
			if (offset > base_size || size > base_size - offset)
				return "a delta copies from beyond its base";
			from = base + offset;
		} else {
			if (!size)
				return "a delta holds an unknown instruction";
			if (size > (size_t)(end - at))
				return "a delta is cut off";
			at += size;
		}
		if (size > room)
			return "a delta makes more bytes than it says";
		run_copy(result, from, size);
		result += size;
		room -= size;
	}
	return room ? "a delta makes fewer bytes than it says" : NULL;
}
