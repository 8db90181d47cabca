/*
 * One instruction of a delta after the other, each checked (gitformat-pack(5), "Deltified representation"). Private to delta.c and
 * delta_runs.c, which do different things with them.
 *
 * There is an instruction every few dozen bytes, so what costs time is deciding. The bytes of an offset are better asked for one by one, as
 * here, than cut out of a word by tables: neighbouring instructions have the same ones, which processors foresee.
 */
#ifndef STAUNCH_GIT_DELTA_READER_H
#define STAUNCH_GIT_DELTA_READER_H

#include "git/delta.h"

#include <stdbool.h>
#include <string.h>

/*
 * This many bytes are copied without asking how many are wanted; longer runs are left to memcpy(). With 64 or 256
 * applying took a tenth longer, with 32 a quarter.
 */
#define DELTA_SHORT_RUN 128
_Static_assert(DELTA_SHORT_RUN <= DELTA_SLACK, "a short run may be copied at the very end");

/* Copy size bytes; may write up to DELTA_SHORT_RUN more behind them, and read as many. */
static inline void delta_copy(unsigned char *to, const unsigned char *from, size_t size)
{
	memcpy(to, from, DELTA_SHORT_RUN);
	if (size > DELTA_SHORT_RUN)
		memcpy(to + DELTA_SHORT_RUN, from + DELTA_SHORT_RUN, size - DELTA_SHORT_RUN);
}

struct delta_reader {
	const unsigned char *base, *at, *end; /* the base; what is left of the delta */
	size_t base_size;
	size_t room; /* bytes of the result that no instruction made yet */
};

/* Begin, with the sizes checked. delta has 7 readable bytes behind it. Returns NULL, or what is wrong: a static text. */
static inline const char *delta_begin(struct delta_reader *reader, const unsigned char *base, size_t base_size,
				      const unsigned char *delta, size_t delta_size, size_t result_size)
{
	uint64_t declared_base, declared_result;
	size_t header = delta_sizes(delta, delta_size, &declared_base, &declared_result);

	*reader = (struct delta_reader){ base, delta + header, delta + delta_size, base_size, result_size };
	if (!header)
		return "the sizes of a delta are broken";
	if (declared_base != base_size)
		return "a delta is for a base of another size";
	if (declared_result != result_size)
		return "a delta makes an object of another size";
	return NULL;
}

/*
 * Read a copy's offset and size: a bit for each byte that is there, the lowest first; the others are zero. Reads
 * up to 7 bytes. Returns where the next instruction is.
 */
static inline const unsigned char *delta_copy_read(const unsigned char *at, unsigned instruction, size_t *offset,
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

/*
 * The next instruction (there is one: at < end): the result goes on with size bytes at *bytes, copied from the base or inserted by the delta.
 * Returns NULL, or what is wrong: a static text.
 */
static inline const char *delta_next(struct delta_reader *reader, const unsigned char **bytes, size_t *size,
				     bool *is_copied)
{
	unsigned instruction = *reader->at++;
	size_t offset;

	*is_copied = instruction & 0x80;
	if (*is_copied) {
		reader->at = delta_copy_read(reader->at, instruction, &offset, size);
		if (reader->at > reader->end)
			return "a delta is cut off";
		if (offset > reader->base_size || *size > reader->base_size - offset)
			return "a delta copies from beyond its base";
		*bytes = reader->base + offset;
	} else {
		*size = instruction;
		*bytes = reader->at;
		if (!instruction)
			return "a delta holds an unknown instruction";
		if (*size > (size_t)(reader->end - reader->at))
			return "a delta is cut off";
		reader->at += *size;
	}
	if (*size > reader->room)
		return "a delta makes more bytes than it says";
	reader->room -= *size;
	return NULL;
}

/* No instruction is left: whether they made all of the result. Returns NULL, or what is wrong: a static text. */
static inline const char *delta_end(const struct delta_reader *reader)
{
	return reader->room ? "a delta makes fewer bytes than it says" : NULL;
}

#endif
