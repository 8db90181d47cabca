/*
 * For the tests of deltas: writing one, instruction by instruction.
 */
#ifndef STAUNCH_TESTS_UNIT_DELTA_BUILDER_H
#define STAUNCH_TESTS_UNIT_DELTA_BUILDER_H

#include "base/buffer.h"
#include "git/delta.h"

#include <stdint.h>

/* A size as deltas spell it: a delta begins with its base's and its result's. */
static inline void size_add(struct buffer *delta, uint64_t size)
{
	for (; size > 0x7f; size >>= 7)
		buffer_add_char(delta, (char)(0x80 | (size & 0x7f)));
	buffer_add_char(delta, (char)size);
}

/* A copy, with those bytes of its offset and size that are not zero. */
static inline void copy_add(struct buffer *delta, uint32_t offset, uint32_t size)
{
	unsigned instruction = 0x80;
	struct buffer bytes = BUFFER_INIT;

	for (unsigned i = 0; i < 7; i++) {
		unsigned byte = i < 4 ? offset >> 8 * i & 0xff : size >> 8 * (i - 4) & 0xff;

		if (byte) {
			instruction |= 1u << i;
			buffer_add_char(&bytes, (char)byte);
		}
	}
	buffer_add_char(delta, (char)instruction);
	if (bytes.length)
		buffer_add(delta, bytes.bytes, bytes.length);
	buffer_release(&bytes);
}

/* An insertion of size bytes, in as many instructions as that takes. */
static inline void insert_add(struct buffer *delta, const unsigned char *bytes, size_t size)
{
	while (size) {
		size_t part = size < 127 ? size : 127;

		buffer_add_char(delta, (char)part);
		buffer_add(delta, bytes, part);
		bytes += part;
		size -= part;
	}
}

#endif
