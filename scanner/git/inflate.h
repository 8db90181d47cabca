/*
 * The zlib streams of pack entries: small ones whole, with libdeflate, about twice as fast as zlib; large ones in
 * windows, with zlib, which can stop and go on. Both check the stream's Adler-32.
 */
#ifndef STAUNCH_GIT_INFLATE_H
#define STAUNCH_GIT_INFLATE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inflater;

/* One per thread. The caller owns it. NULL may be freed. */
struct inflater *inflater_new(void);
void inflater_free(struct inflater *inflater);

/*
 * Bytes that inflate_whole() must find writable behind the output: libdeflate is at its fastest only while this
 * much room is left, and most pack entries are smaller than that.
 */
#define INFLATE_SLACK 320

/*
 * Whether a stream of available bytes can inflate to size bytes at all: deflate makes at most 1032 bytes of one
 * (258 from two bits). Asked before a size from a pack is allocated.
 */
bool inflate_plausible(uint64_t size, uint64_t available);

/*
 * Inflate the stream at input to exactly size bytes of output. The stream takes at most limit bytes; the bytes
 * behind it, up to available, are readable and help libdeflate along. Returns NULL, or what is wrong: a static
 * text.
 */
const char *inflate_whole(struct inflater *inflater, const unsigned char *input, size_t limit, size_t available,
			  unsigned char *output, size_t size);

/*
 * Begin a stream of at most limit bytes at input (borrowed until the next call that begins or frees). Returns NULL
 * or what is wrong.
 */
const char *inflate_begin(struct inflater *inflater, const unsigned char *input, size_t limit);

/* Fill output with the stream's next size bytes. Returns NULL, or what is wrong: then the stream is lost. */
const char *inflate_next(struct inflater *inflater, unsigned char *output, size_t size);

/*
 * The whole object was read: check that the stream ends here and its checksum holds. Returns NULL or what is
 * wrong.
 */
const char *inflate_finish(struct inflater *inflater);

/* For git_add_libraries(). */
void inflater_add_libraries(struct buffer *lines);

/* Behind inflate_finish(): the bytes that the stream took of its input. */
size_t inflate_taken(const struct inflater *inflater);

#endif
