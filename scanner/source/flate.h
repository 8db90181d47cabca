/*
 * Streams of zlib and gzip (RFC 1950, 1952) as a feed. Private to source/.
 *
 * gzip is not left to libarchive, which throws away up to 64 KB before the place where a stream is cut short.
 */
#ifndef STAUNCH_SOURCE_FLATE_H
#define STAUNCH_SOURCE_FLATE_H

#include "source/feed.h"

#include <zlib.h>

#define FLATE_OUTPUT_SIZE ((size_t)64 << 10)

struct flate {
	struct feed feed; /* first: the inflated bytes */
	struct feed *source;
	z_stream stream;
	bool is_gzip, is_ready, ended;
	gz_header header;
	char name[1024];       /* of gzip's header */
	uint64_t made;         /* bytes inflated */
	uint64_t member_made;  /* and those of them that are of the current gzip member */
	const char *complaint; /* static: what is wrong with the stream; NULL: nothing so far */
	unsigned char output[FLATE_OUTPUT_SIZE];
};

/* Begin at the source's next byte. The caller owns it. */
struct flate *flate_new(struct feed *source, bool is_gzip);
void flate_free(struct flate *flate);

/*
 * Inflate the zlib stream that follows, and those that stand right behind it, and hand each out as "NAME at OFFSET". is_sure: the first is one, and does not only
 * look like it.
 */
struct unpack_place;
void flate_unpack_parts(const struct unpack_place *place, const char *name, uint64_t offset, struct feed *feed, bool is_sure);

#endif
