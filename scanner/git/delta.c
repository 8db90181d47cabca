/*
 * Applying a delta. There is an instruction every few dozen bytes, so what costs time is deciding, not copying:
 * short runs are moved in steps of a fixed size. The bytes of an offset are better asked for one by one, as here,
 * than cut out of a word by tables: neighbouring instructions have the same ones, which processors foresee.
 */
#include "git/delta.h"

#include <string.h>

/*
 * This many bytes are copied without asking how many are wanted; longer runs are left to memcpy(). With 64 or 256
 * applying took a tenth longer, with 32 a quarter.
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
 * Read a copy's offset and size: a bit for each byte that is there, the lowest first; the others are zero. Reads
 * up to 7 bytes. Returns where the next instruction is.
 */
static inline const unsigned char *copy_read(const unsigned char *at, unsigned instruction, size_t *offset,
					     size_t *size)
{
	*offset = *size = 0;
	if (instruction & 0x01)
		*offset = *at++;
	if (instruction & 0x02)
		*offset |= (size_t)*at++ << 8;
	if (instruction & 0x04)
		*offset |= (size_t)*at++ << 16;
	if (instruction & 0x08)
		*offset |= (size_t)*at++ << 24;
	if (instruction & 0x10)
		*size = *at++;
	if (instruction & 0x20)
		*size |= (size_t)*at++ << 8;
	if (instruction & 0x40)
		*size |= (size_t)*at++ << 16;
	if (!*size)
		*size = 0x10000;
	return at;
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
			at = copy_read(at, instruction, &offset, &size);
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
